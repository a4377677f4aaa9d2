"""`distributor suppressions`: those who said no."""

from __future__ import annotations

from typing import Annotated

import typer

from distributor.cli.options import AsJson

app = typer.Typer(help="Record and see objections: they beat every list.", no_args_is_help=True)
Address = Annotated[str, typer.Argument(help="The e-mail address.")]


@app.command()
def add(
    context: typer.Context,
    address: Address,
    reason: Annotated[str, typer.Option(help="Why, in a few words.")] = "objection",
    sector: Annotated[str, typer.Option(help="Only releases of this sector (default: everything).")] = "",
    source: Annotated[str, typer.Option(help="Where it was said: mail, phone, web.")] = "command line",
) -> None:
    """Record that an address objected: it is never mailed again, whatever list it stands on."""
    from distributor.cli.output import console
    from distributor.contacts import press_lists, suppression
    from distributor.wiring import actor, open_workspace, read_address

    workspace = open_workspace(context.obj)
    with workspace.database.session() as session:
        scope = press_lists.find_sector(session, sector).slug if sector else ""
        is_new = suppression.add(
            session, workspace.keyring, read_address(address), reason=reason, source=source, scope=scope, actor=actor()
        )
    where = f"releases of the sector {scope}" if scope else "everything"
    console().print(f"{address}: objection to {where} {'recorded' if is_new else 'was recorded already'}.")


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the objections: addresses are kept as keyed hashes, so none is shown."""
    from dataclasses import asdict

    from distributor.cli.output import show_json, show_table, when
    from distributor.contacts import suppression
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        found = suppression.listing(session)
    if as_json:
        show_json([asdict(one) for one in found])
        return
    zone = workspace.settings.timezone
    show_table(
        ["hash", "scope", "reason", "source", "recorded"],
        [(o.address_hash[:12], o.scope or "everything", o.reason, o.source, when(o.created_at, zone)) for o in found],
    )


@app.command()
def check(context: typer.Context, address: Address, as_json: AsJson = False) -> None:
    """Say whether an address has objected."""
    from distributor.cli.output import console, show_json
    from distributor.contacts import suppression
    from distributor.wiring import open_workspace, read_address

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        scopes = suppression.scopes_of(session, workspace.keyring, read_address(address))
    if as_json:
        show_json({"address": address, "objected": bool(scopes), "scopes": scopes})
    elif "" in scopes:
        console().print(f"{address} has objected to everything: it is not mailed.")
    elif scopes:
        console().print(f"{address} has objected to releases of the sector {', '.join(scopes)}.")
    else:
        console().print(f"{address} has not objected.")

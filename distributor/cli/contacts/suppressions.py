"""`distributor suppressions`: those who said no."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from distributor.cli.options import AsJson, Yes

app = typer.Typer(help="Record and see objections: they beat every list.", no_args_is_help=True)
Address = Annotated[str, typer.Argument(help="The e-mail address.")]
Sector = Annotated[str, typer.Option(help="Only releases of this sector (default: everything).")]
_SHOWN = 100
"""Of lines that could not be read, so many are shown: what is no list at all has them without end."""


@app.command()
def add(
    context: typer.Context,
    address: Address,
    reason: Annotated[str, typer.Option(help="Why, in a few words.")] = "objection",
    sector: Sector = "",
    source: Annotated[str, typer.Option(help="Where it was said: mail, phone, web.")] = "command line",
) -> None:
    """Record that an address objected. It is never mailed again, whatever list it stands on."""
    from distributor.cli.terminal.output import console
    from distributor.contacts.lists import press_lists
    from distributor.contacts.objections import suppression
    from distributor.contacts.people.members import search_contacts
    from distributor.wiring import actor, open_workspace, read_address

    workspace = open_workspace(context.obj)
    with workspace.database.session() as session:
        wanted = read_address(address)
        is_known = bool(search_contacts(session, wanted.spec))
        scope = press_lists.find_sector(session, sector).slug if sector else ""
        is_new = suppression.add(
            session, workspace.keyring, wanted, reason=reason, source=source, scope=scope, actor=actor()
        )
    console().print(f"{address}: objection to {_to(scope)} {'recorded' if is_new else 'was recorded already'}.")
    if not is_known:
        console().print("Nobody in the base has this address; the objection is kept all the same. Check the spelling.")


@app.command()
def remove(
    context: typer.Context,
    address: Address,
    reason: Annotated[str, typer.Option(help="Why it may be mailed again, in a few words; logged with your name.")],
    sector: Annotated[str, typer.Option(help="Only the objection to this sector (default: all of them).")] = "",
    yes: Yes = False,
) -> None:
    """Take an objection back, because the journalist asked for it."""
    from distributor.cli.terminal.output import ask, console
    from distributor.contacts.lists import press_lists
    from distributor.contacts.objections import suppression
    from distributor.errors import BadInput, require_as_asked
    from distributor.wiring import actor, open_workspace, read_address

    if not reason.strip():
        raise BadInput("An objection is not taken back without a reason.", field="--reason", mend="Say who asked.")
    workspace = open_workspace(context.obj)
    wanted = read_address(address)
    with workspace.database.session(reads_only=True) as session:
        scope = press_lists.find_sector(session, sector).slug if sector else None
        known = suppression.to_remove(session, workspace.keyring, wanted, scope=scope)
    if not known.is_something:
        raise BadInput(f"{wanted} has not objected.", mend="See: distributor suppressions check ADDRESS")
    ask(f"Take back what {wanted} objected to? From then on it may be mailed again.", yes=yes)
    with workspace.database.session() as session:
        removed = suppression.remove(session, workspace.keyring, wanted, scope=scope, reason=reason, actor=actor())
        require_as_asked(known, removed, f"what {wanted} objected to")
    if removed.scopes or removed.was_flagged:
        lifted = [_to(scope) for scope in removed.scopes] or ["everything (said in an imported file)"]
        console().print(f"{wanted}: objection to {' and '.join(lifted)} removed.")
    if removed.had_come_back:
        console().print(f"{wanted}: mail had come back from there, and is tried again.")


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the objections. Addresses are kept as keyed hashes, so none is shown."""
    from dataclasses import asdict

    from distributor.cli.terminal.output import show_json, show_table, when
    from distributor.contacts.objections import suppression
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        found = suppression.listing(session)
    if as_json:
        show_json([asdict(one) for one in found])
        return
    zone = workspace.settings.timezone
    show_table(
        ["hash", "key", "scope", "reason", "source", "recorded"],
        [
            (o.address_hash[:12], o.key_id, o.scope or "everything", o.reason, o.source, when(o.created_at, zone))
            for o in found
        ],
    )


@app.command()
def check(context: typer.Context, address: Address, as_json: AsJson = False) -> None:
    """Say whether an address has objected. Or the journalist behind it, by another address."""
    from distributor.cli.terminal.output import console, show_json
    from distributor.contacts.objections import suppression
    from distributor.contacts.objections.objectors import Objectors
    from distributor.wiring import open_workspace, read_address

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        wanted = read_address(address)
        scopes = suppression.scopes_of(session, workspace.keyring, wanted)
        is_flagged = suppression.is_flagged(session, wanted)
        told = Objectors(session, workspace.keyring).of(None, wanted.spec)
    came_back = next((one for one in told if one.is_returned), None)
    if as_json:
        show_json(
            {"address": address, "objected": bool(scopes) or is_flagged, "scopes": scopes, "opted_out": is_flagged}
        )
    elif "" in scopes:
        console().print(f"{address} has objected to everything: it is not mailed.")
    elif is_flagged:
        console().print(f"{address} is not mailed: an imported file said not to write any more.")
    elif scopes:
        console().print(f"{address} has objected to {' and '.join(map(_to, scopes))}.")
    elif not came_back:
        console().print(f"{address} has not objected.")
    if came_back and not as_json:
        console().print(f"{address} is not mailed: {came_back.because}.")


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(readable=False, help="Addresses, one to a line or in a CSV file; or an export of objections."),
    ],
    reason: Annotated[str, typer.Option(help="Why, in a few words, for addresses.")] = "objection",
    sector: Annotated[str, typer.Option(help="For addresses: only releases of this sector.")] = "",
    source: Annotated[str, typer.Option(help="Where they come from (default: the file's name).")] = "",
) -> None:
    """Record the objections of a file. Those that are known already stay as they are."""
    from distributor.cli.terminal.output import console, count, show_under
    from distributor.contacts.lists import press_lists
    from distributor.contacts.objections import suppression
    from distributor.contacts.objections.hashes import read_objections
    from distributor.errors import BadInput
    from distributor.files import read_bytes
    from distributor.wiring import actor, open_workspace

    workspace = open_workspace(context.obj)
    found = read_objections(read_bytes(file), name=file.name)
    if found.lines and sector:
        raise BadInput("An export says for itself what each objection is to.", mend="Leave --sector out.")
    with workspace.database.session() as session:
        scope = press_lists.find_sector(session, sector).slug if sector else ""
        lines = found.lines or suppression.lines_for(
            session, workspace.keyring, found.addresses, reason=reason, source=source or file.name, scope=scope
        )
        new = suppression.merge_in(session, workspace.keyring, lines, source=source or file.name, actor=actor())
    total = len(found.lines or found.addresses)
    console().print(f"{file.name}: {count(total, 'objection')} read, {new} new.")
    for number, why in found.rejected[:_SHOWN]:
        show_under(console(), f"line {number}: {why}")
    if len(found.rejected) > _SHOWN:
        show_under(console(), f"and {count(len(found.rejected) - _SHOWN, 'more line')}")
    if found.rejected:
        raise BadInput(
            f"{count(len(found.rejected), 'line')} could not be read; the others are recorded.",
            file=file,
            mend="Mend them and import the file again.",
        )


@app.command()
def export(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="The CSV file to write; - for the standard output.")] = "-",
    as_json: AsJson = False,
) -> None:
    """Write the objections as hashes. For a copy of this base that has the same key; addresses are not kept."""
    import sys
    from dataclasses import asdict

    from distributor.cli.terminal.output import console, count, show_json
    from distributor.contacts.objections import suppression
    from distributor.contacts.objections.hashes import write_objections
    from distributor.files import Output
    from distributor.models import Audit
    from distributor.wiring import actor, open_workspace

    workspace = open_workspace(context.obj)
    target = None if file == "-" else Output(Path(file), workspace.own_files, endings=(".csv",))
    if target is not None:
        target.check()
    with workspace.database.session() as session:
        suppression.check_key(session, workspace.keyring)
        found = suppression.listing(session)
        details = {"rows": len(found), "file": file}
        session.add(Audit(actor=actor(), action="suppressions.export", subject="suppression", details=details))
    if target is not None:
        target.write(write_objections(found))
        console(stderr=as_json).print(f"{count(len(found), 'objection')} written to {file}")
    if as_json:
        show_json([asdict(one) for one in found])
    elif target is None:
        sys.stdout.write(write_objections(found).decode())


def _to(scope: str) -> str:
    return f"releases of the sector {scope}" if scope else "everything"

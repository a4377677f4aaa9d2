"""`distributor outlets`: the newspapers, agencies, stations and sites that contacts work for."""

from __future__ import annotations

from typing import Annotated

import typer

from distributor.cli.options import AsJson, DryRun, Yes

app = typer.Typer(help="See and correct the outlets that journalists work for.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="OUTLET", help="The outlet's name; accents and capitals do not matter.")]


@app.command("list")
def list_(
    context: typer.Context,
    search: Annotated[str, typer.Option(help="Only those with these words in their name.")] = "",
    kind: Annotated[str, typer.Option(help="Only those of this kind: agency, PQR …")] = "",
    region: Annotated[str, typer.Option(help="Only those of this region.")] = "",
    doubles: Annotated[bool, typer.Option("--doubles", help="Show pairs that seem to be one outlet instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the outlets, with how many contacts work there today."""
    from dataclasses import asdict

    from distributor.cli.terminal.output import show_json, show_table, suggest
    from distributor.contacts.people import outlets
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        pairs = outlets.doubles(session) if doubles else []
        found = [] if doubles else outlets.outlets(session, kind=kind, region=region, search=search)
    if as_json:
        show_json([asdict(one) for one in (pairs or found)])
    elif doubles:
        show_table(["outlet", "and", "because"], [(one.first, one.second, one.reason) for one in pairs])
        if pairs:
            suggest("To make two one:", f'distributor outlets merge "{pairs[0].first}" "{pairs[0].second}"')
    else:
        rows = [(one.name, one.kind, one.region, one.website, one.deadline, one.contacts) for one in found]
        show_table(["outlet", "kind", "region", "website", "deadline", "contacts"], rows, right=[5], spare=[2, 3, 4])


@app.command()
def show(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Show an outlet and who works there. Other names that it may have in the base are told."""
    from dataclasses import asdict

    from distributor.cli.lists.showing import described
    from distributor.cli.terminal.output import console, show_json, show_table
    from distributor.contacts.people import outlets
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        outlet = outlets.find_outlet(session, name)
        summary = outlets.summary(session, outlet)
        members = outlets.contacts_of(session, outlet)
        near = [one for one in outlets.near_outlets(session, outlet.name) if one != outlet.name]
    if as_json:
        people = [{"contact_id": one.contact_id, "name": one.name, "address": one.address} for one in members]
        show_json(asdict(summary) | {"members": people, "near": near})
        return
    show_table(["field", "value"], [(key, value) for key, value in asdict(summary).items() if value != ""])
    for member in members:
        console().print(f"  {described(member)}")
    if near:
        console().print(f"Near names: {', '.join(near)}.")


@app.command()
def edit(
    context: typer.Context,
    name: Name,
    kind: Annotated[
        str | None,
        typer.Option(help="What it is: national-daily, agency, radio …, as you say it (PQR), or your own word."),
    ] = None,
    region: Annotated[str | None, typer.Option(help="Its region.")] = None,
    website: Annotated[str | None, typer.Option(help="Its website.")] = None,
    deadline: Annotated[
        str | None, typer.Option(metavar="HH:MM", help="The hour at which it closes its edition; the proof warns.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Change what is known of an outlet; "" erases."""
    from distributor.cli.terminal.output import console
    from distributor.contacts.people import outlets
    from distributor.errors import BadInput
    from distributor.wiring import actor, open_workspace

    given = {"kind": kind, "region": region, "website": website, "deadline": deadline}
    said = {key: text for key, text in given.items() if text is not None}
    if not said:
        raise BadInput("Nothing is asked to be changed.", mend="Give --kind, --region, --website or --deadline.")
    with open_workspace(context.obj).database.session() as session:
        outlet = outlets.find_outlet(session, name)
        changes = outlets.edit_outlet(session, outlet, said, actor=actor())
        shown = outlet.name
        if dry_run:
            session.rollback()
    console().print(f"{shown}: " + ("; ".join(map(str, changes)) or "nothing changed: it is so already."))


@app.command()
def rename(
    context: typer.Context,
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NAME", help="What it is called from now on.")],
) -> None:
    """Give an outlet another name. Past reports keep the one that each message went out under."""
    from distributor.cli.terminal.output import console
    from distributor.contacts.people import outlets
    from distributor.wiring import actor, open_workspace

    with open_workspace(context.obj).database.session() as session:
        outlet = outlets.find_outlet(session, name)
        remarks = outlets.rename_outlet(session, outlet, new, actor=actor())
        shown = outlet.name
    console().print(f"It is now «{shown}».")
    for remark in remarks:
        console().print(remark)


@app.command()
def merge(
    context: typer.Context,
    first: Annotated[str, typer.Argument(metavar="A", help="The outlet that stays.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The one that is no more: its contacts are A's.")],
    yes: Yes = False,
) -> None:
    """Make two outlets one. It cannot be undone."""
    from distributor.cli.terminal.output import ask, console, count
    from distributor.contacts.people import outlets
    from distributor.errors import require_as_asked
    from distributor.wiring import actor, open_workspace

    database = open_workspace(context.obj).database
    with database.session(reads_only=True) as session:
        pair = [outlets.summary(session, outlets.find_outlet(session, name)) for name in (first, second)]
    ask(f"Make «{pair[1].name}» ({count(pair[1].contacts, 'contact')}) part of «{pair[0].name}»?", yes=yes)
    with database.session() as session:
        kept, merged = outlets.find_outlet(session, first), outlets.find_outlet(session, second)
        require_as_asked(pair, [outlets.summary(session, one) for one in (kept, merged)], "one of the two")
        moved, remarks = outlets.merge_outlets(session, kept, merged, actor=actor())
    console().print(f"{count(moved, 'contact')} moved from «{pair[1].name}» to «{pair[0].name}».")
    for remark in remarks:
        console().print(remark)

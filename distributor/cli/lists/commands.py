"""`distributor lists`: the press lists, who stands on them, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from distributor.cli.lists import checking, files, making
from distributor.cli.options import AsJson

app = typer.Typer(help="Make press lists, look at them, keep them as files.", no_args_is_help=True)
List = Annotated[str, typer.Argument(metavar="LIST", help="The list, by its short name or its name.")]


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the press lists. Smart ones show their query, and how many it names today."""
    from dataclasses import asdict

    from distributor.cli.terminal.output import show_json, show_table
    from distributor.contacts.lists import press_lists
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        found = press_lists.lists(session, workspace.keyring)
    if as_json:
        show_json([asdict(one) for one in found])
        return
    show_table(
        ["list", "name", "sector", "contacts", "query"],
        [(o.slug, o.name, o.sector, "?" if o.count is None else o.count, o.query) for o in found],
        right=[3],
        spare=[1, 2],
        whole=[0],
    )


@app.command()
def show(
    context: typer.Context,
    name: List,
    as_of: Annotated[str, typer.Option(metavar="DATE", help="As it was at the end of this day: 2026-10-01.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show who stands on a press list, today or as of a day."""
    from distributor.cli.contacts.showing import member_as_json, show_members
    from distributor.cli.lists.showing import say_as_of
    from distributor.cli.terminal.output import show_json
    from distributor.contacts.lists import press_lists, standing
    from distributor.contacts.objections.objectors import Objectors
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    zone = workspace.settings.timezone
    moment = standing.end_of(as_of, zone)
    with workspace.database.session(reads_only=True) as session:
        media_list = press_lists.find_list(session, name)
        members = standing.members_at(session, media_list, moment, workspace.keyring)
        objectors = Objectors(session, workspace.keyring)
    if as_json:
        found = {"slug": media_list.slug, "name": media_list.name, "query": media_list.query, "as_of": moment}
        show_json(found | {"members": [member_as_json(member, objectors) for member in members]})
        return
    show_members(members, objectors, zone, title=f"{media_list.name} ({len(members)})")
    say_as_of(media_list, moment, zone)


@app.command()
def diff(
    context: typer.Context,
    first: Annotated[str, typer.Argument(metavar="A", help="A list; with @2026-10-01 behind it, as of that day.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The other one, or the same on another day.")],
    as_json: AsJson = False,
) -> None:
    """Show who stands on one of two lists only. Each may be as of a day, as in `economie@2026-10-01 economie`."""
    from distributor.cli.lists.showing import difference_as_json, show_difference
    from distributor.cli.terminal.output import show_json
    from distributor.contacts.lists import press_lists, standing
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    sides = []
    with workspace.database.session(reads_only=True) as session:
        for text in (first, second):
            name, day = standing.split_name(text)
            moment = standing.end_of(day, workspace.settings.timezone)
            media_list = press_lists.find_list(session, name)
            sides.append(standing.members_at(session, media_list, moment, workspace.keyring))
    found = standing.compare(*sides)
    if as_json:
        show_json(difference_as_json(found, first, second))
    else:
        show_difference(found, first, second)


@app.command()
def why(
    context: typer.Context,
    name: List,
    contact: Annotated[str, typer.Argument(help="An address or a name.")],
    as_json: AsJson = False,
) -> None:
    """Say why somebody stands on a list, or why not. Since when, by which file or command, by which clauses."""
    from dataclasses import asdict

    from distributor.cli.lists.showing import show_explanation
    from distributor.cli.terminal.output import show_json
    from distributor.contacts.lists import press_lists, standing
    from distributor.contacts.people.members import find_contact
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        media_list = press_lists.find_list(session, name)
        who = find_contact(session, contact)
        found = standing.explain(session, media_list, who, workspace.keyring)
    if as_json:
        clauses = [{"clause": clause, "holds": holds} for clause, holds in found.clauses]
        show_json({"contact": who.address, "name": who.name} | asdict(found) | {"clauses": clauses})
    else:
        show_explanation(found, who, workspace.settings.timezone)


app.command()(making.create)
app.command()(making.edit)
app.command()(making.rename)
app.command()(making.delete)
app.command()(making.add)
app.command()(making.remove)
app.command()(checking.check)
app.command()(files.sync)
app.command()(files.export)

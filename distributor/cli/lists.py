"""`distributor lists`: the press lists and who stands on them."""

from __future__ import annotations

from typing import Annotated

import typer

from distributor.cli.options import AsJson

app = typer.Typer(help="See press lists and who stands on them.", no_args_is_help=True)


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the press lists."""
    from dataclasses import asdict

    from distributor.cli.output import show_json, show_table
    from distributor.contacts import press_lists
    from distributor.wiring import open_workspace

    with open_workspace(context.obj).database.session(reads_only=True) as session:
        found = press_lists.lists(session)
    if as_json:
        show_json([asdict(one) for one in found])
    else:
        show_table(
            ["list", "name", "sector", "contacts"], [(o.slug, o.name, o.sector, o.count) for o in found], right=[3]
        )


@app.command()
def show(
    context: typer.Context, name: Annotated[str, typer.Argument(help="The list.")], as_json: AsJson = False
) -> None:
    """Show who stands on a press list."""
    from distributor.cli.output import show_json
    from distributor.cli.showing import member_as_json, show_members
    from distributor.contacts import press_lists
    from distributor.wiring import open_workspace

    with open_workspace(context.obj).database.session(reads_only=True) as session:
        media_list = press_lists.find_list(session, name)
        members = list(press_lists.list_members(session, media_list.slug))
    if as_json:
        found = {"slug": media_list.slug, "name": media_list.name, "query": media_list.query}
        show_json(found | {"members": [member_as_json(member) for member in members]})
    else:
        show_members(members, title=f"{media_list.name} ({len(members)})")

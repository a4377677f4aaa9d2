"""`distributor sectors`: the tree of sectors that contacts cover, lists are about, and objections may be limited to."""

from __future__ import annotations

from typing import Annotated

import typer

from distributor.cli.options import AsJson, Yes

app = typer.Typer(help="See and arrange the sectors that journalists cover.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="SECTOR", help="The sector, by its short name or its name.")]


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the sectors: contacts, lists, and objections to each alone."""
    from dataclasses import asdict

    from distributor.cli.terminal.output import show_json, show_table
    from distributor.contacts.people import sectors
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        found = sectors.tree(session)
    if as_json:
        show_json([asdict(one) for one in found])
        return
    show_table(
        ["sector", "name", "contacts", "lists", "objections"],
        [(f"{'  ' if o.parent else ''}{o.slug}", o.name, o.contacts, o.lists, o.objections) for o in found],
        right=[2, 3, 4],
    )


@app.command()
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called; its short name is made from it.")],
    under: Annotated[str, typer.Option(metavar="SECTOR", help="The sector it belongs to.")] = "",
) -> None:
    """Make a sector."""
    from distributor.cli.terminal.output import console
    from distributor.contacts.lists import press_lists
    from distributor.contacts.people import sectors
    from distributor.wiring import actor, open_workspace

    with open_workspace(context.obj).database.session() as session:
        parent = press_lists.find_sector(session, under) if under else None
        made = sectors.add_sector(session, name, parent=parent, actor=actor())
    console().print(f"Made the sector «{made.slug}».")


@app.command()
def rename(
    context: typer.Context,
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NAME", help="What it is called from now on.")],
) -> None:
    """Give a sector another name. Smart lists and objections follow it."""
    from distributor.cli.terminal.output import console
    from distributor.contacts.lists import press_lists
    from distributor.contacts.people import sectors
    from distributor.wiring import actor, open_workspace

    with open_workspace(context.obj).database.session() as session:
        sector = press_lists.find_sector(session, name)
        carried = sectors.rename_sector(session, sector, new, actor=actor())
        slug = sector.slug
    console().print(f"It is now «{slug}» ({new.strip()}).{_followed(carried)}")


@app.command()
def move(
    context: typer.Context,
    name: Name,
    under: Annotated[str, typer.Option(metavar="SECTOR", help="The sector it belongs to.")] = "",
    top: Annotated[bool, typer.Option("--top", help="It belongs to none.")] = False,
) -> None:
    """Put a sector under another one, or on the first level. There are two levels."""
    from distributor.cli.terminal.output import console
    from distributor.contacts.lists import press_lists
    from distributor.contacts.people import sectors
    from distributor.errors import BadInput
    from distributor.wiring import actor, open_workspace

    if bool(under) == top:
        raise BadInput("It must be said where to.", mend="Give --under SECTOR, or --top.")
    with open_workspace(context.obj).database.session() as session:
        sector = press_lists.find_sector(session, name)
        parent = press_lists.find_sector(session, under) if under else None
        carried = sectors.move_sector(session, sector, parent, actor=actor())
        where = f"under «{parent.slug}»" if parent else "on the first level"
        slug = sector.slug
    console().print(f"«{slug}» stands {where}.{_followed(carried)}")


@app.command()
def merge(
    context: typer.Context,
    first: Annotated[str, typer.Argument(metavar="A", help="The sector that stays.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The one that is no more: all that is its is A's.")],
    yes: Yes = False,
) -> None:
    """Make two sectors one: contacts, lists, objections. It cannot be undone."""
    from distributor.cli.terminal.output import ask, console
    from distributor.contacts.lists import press_lists
    from distributor.contacts.people import sectors
    from distributor.wiring import actor, open_workspace

    database = open_workspace(context.obj).database
    with database.session(reads_only=True) as session:
        kept, merged = (press_lists.find_sector(session, name).slug for name in (first, second))
    ask(f"Make «{merged}» part of «{kept}»?", yes=yes)
    with database.session() as session:
        pair = press_lists.find_sector(session, kept), press_lists.find_sector(session, merged)
        carried = sectors.merge_sectors(session, *pair, actor=actor())
    console().print(f"«{merged}» is part of «{kept}» now.{_followed(carried)}")


@app.command()
def delete(context: typer.Context, name: Name, yes: Yes = False) -> None:
    """Delete a sector. Contacts and lists stay, without it; objections to it are kept."""
    from distributor.cli.terminal.output import ask, console, count
    from distributor.contacts.lists import press_lists
    from distributor.contacts.people import sectors
    from distributor.errors import require_as_asked
    from distributor.wiring import actor, open_workspace

    database = open_workspace(context.obj).database
    with database.session(reads_only=True) as session:
        slug = press_lists.find_sector(session, name).slug
        line = sectors.line(session, slug)
    ask(f"Delete the sector «{line.name}» ({count(line.contacts, 'contact')}, {count(line.lists, 'list')})?", yes=yes)
    with database.session() as session:
        sector = press_lists.find_sector(session, slug)
        require_as_asked(line, sectors.line(session, slug), f"the sector «{slug}»")
        sectors.delete_sector(session, sector, actor=actor())
    console().print(f"The sector «{slug}» is deleted.")


def _followed(carried: int) -> str:
    from distributor.cli.terminal.output import count

    return f" {count(carried, 'objection')} followed." if carried else ""

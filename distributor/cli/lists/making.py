"""`distributor lists create, edit, rename, delete, add, remove`: making lists, and putting people on them."""

from __future__ import annotations

from typing import Annotated

import typer

from distributor.cli.options import AsJson, Yes, a_filter

Name = Annotated[str, typer.Argument(metavar="LIST", help="The list, by its short name or its name.")]
Contacts = Annotated[list[str], typer.Argument(metavar="CONTACT…", help="Addresses or names, one or more.")]
_WHERE = 'A filter, as in: "sector:social and language:fr"; see docs/filters.md.'


def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What the list is called; its short name is made from it.")],
    sector: Annotated[str, typer.Option(help="The sector it is about; it must be known.")] = "",
    where: Annotated[
        str | None, typer.Option(metavar="FILTER", help=f"Make it smart. {_WHERE}", callback=a_filter)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a press list, without members yet. With --where a smart one, whose members are found when it is used."""
    from distributor.cli.terminal.output import console, count, show_json
    from distributor.contacts.lists import listmaking, press_lists
    from distributor.wiring import actor, open_workspace

    workspace = open_workspace(context.obj)
    keyring = workspace.keyring
    with workspace.database.session() as session:
        made, remarks = listmaking.create_list(
            session, name, sector=sector, query=where or "", keyring=keyring, actor=actor()
        )
        many = len(list(press_lists.list_members(session, made.slug, keyring)))
    if as_json:
        show_json({"slug": made.slug, "name": made.name, "query": made.query, "count": many, "remarks": remarks})
        return
    _say_remarks(remarks)
    today = f"; it names {count(many, 'contact')} today" if made.query else ""
    console().print(f"Made the {'smart ' if made.query else ''}list «{made.slug}»{today}.")


def edit(
    context: typer.Context,
    name: Name,
    sector: Annotated[str | None, typer.Option(help='The sector it is about; "" for none.')] = None,
    where: Annotated[str | None, typer.Option(metavar="FILTER", help=f"Another query. {_WHERE}")] = None,
    freeze: Annotated[bool, typer.Option("--freeze", help="Make a smart list one with members: those of now.")] = False,
) -> None:
    """Change what a list is about, or the query of a smart one."""
    from distributor.cli.terminal.output import console, count
    from distributor.contacts.lists import listmaking, press_lists
    from distributor.errors import BadInput
    from distributor.wiring import actor, open_workspace

    if sector is None and where is None and not freeze:
        raise BadInput("Nothing is asked to be changed.", mend="Give --sector, --where or --freeze.")
    if freeze and where is not None:
        raise BadInput("--freeze gives up the query, --where gives another one.", mend="Give one of them.")
    workspace = open_workspace(context.obj)
    keyring = workspace.keyring
    with workspace.database.session() as session:
        media_list = press_lists.find_list(session, name)
        frozen = listmaking.freeze_list(session, media_list, keyring=keyring, actor=actor()) if freeze else 0
        remarks: list[str] = []
        if sector is not None or where is not None:
            remarks = listmaking.edit_list(
                session, media_list, sector=sector, query=where, keyring=keyring, actor=actor()
            )
        many = len(list(press_lists.list_members(session, media_list.slug, keyring)))
    _say_remarks(remarks)
    if freeze:
        console().print(f"«{media_list.slug}» now has {count(frozen, 'member')} of its own.")
    elif media_list.query:
        console().print(f"«{media_list.slug}» names {count(many, 'contact')} today.")
    else:
        console().print(f"«{media_list.slug}» is changed.")


def rename(
    context: typer.Context,
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NAME", help="What it is called from now on.")],
) -> None:
    """Give a list another name, and the short name made from it. Smart lists that ask for it go on asking."""
    from distributor.cli.terminal.output import console
    from distributor.contacts.lists import listmaking, press_lists
    from distributor.wiring import actor, open_workspace

    with open_workspace(context.obj).database.session() as session:
        media_list = press_lists.find_list(session, name)
        slug = listmaking.rename_list(session, media_list, new, actor=actor())
    console().print(f"It is now «{slug}» ({new.strip()}).")


def delete(context: typer.Context, name: Name, yes: Yes = False) -> None:
    """Delete a list and what it remembers of its members. The contacts stay, and so do reports."""
    from distributor.cli.terminal.output import ask, console, count
    from distributor.contacts.lists import listmaking, press_lists
    from distributor.errors import require_as_asked
    from distributor.wiring import actor, open_workspace

    workspace = open_workspace(context.obj)
    database, keyring = workspace.database, workspace.keyring
    with database.session(reads_only=True) as session:
        summary = press_lists.summary(session, press_lists.find_list(session, name), keyring)
    what = "a smart list" if summary.query else count(summary.count or 0, "member")
    ask(f"Delete the list «{summary.name}» ({what})? Its contacts stay.", yes=yes)
    with database.session() as session:
        media_list = press_lists.find_list(session, summary.slug)
        require_as_asked(summary, press_lists.summary(session, media_list, keyring), f"the list «{summary.slug}»")
        listmaking.delete_list(session, media_list, actor=actor())
    console().print(f"The list «{summary.slug}» is deleted.")


def add(context: typer.Context, name: Name, contacts: Contacts) -> None:
    """Put contacts that the base knows on a list."""
    from distributor.cli.lists.showing import described
    from distributor.cli.terminal.output import console
    from distributor.contacts.lists import listmaking, press_lists
    from distributor.wiring import actor, open_workspace

    with open_workspace(context.obj).database.session() as session:
        media_list = press_lists.find_list(session, name)
        new = listmaking.add_members(session, media_list, contacts, actor=actor())
    for member in new:
        console().print(f"On «{media_list.slug}»: {described(member)}")
    if not new:
        console().print(f"Nothing changed: they stand on «{media_list.slug}» already.")


def remove(
    context: typer.Context,
    name: Name,
    contacts: Contacts,
    reason: Annotated[str, typer.Option(help="Why, in a few words; the list remembers it.")] = "",
) -> None:
    """Take contacts off a list. They stay in the base, and the list remembers when they stood on it."""
    from distributor.cli.dispatches.awaiting import say_what_waits
    from distributor.cli.lists.showing import described
    from distributor.cli.terminal.output import console
    from distributor.contacts.lists import listmaking, press_lists
    from distributor.dispatch.recipients.edited import still_leaves
    from distributor.wiring import actor, open_workspace

    with open_workspace(context.obj).database.session() as session:
        media_list = press_lists.find_list(session, name)
        left = listmaking.remove_members(session, media_list, contacts, reason=reason, actor=actor())
        leaving = [still_leaves(session.connection(), member.contact_id) for member in left]
    for member, waiting in zip(left, leaving, strict=True):
        console().print(f"Off «{media_list.slug}»: {described(member)}")
        say_what_waits((), waiting)
    if not left:
        console().print(f"Nothing changed: they do not stand on «{media_list.slug}».")


def _say_remarks(remarks: list[str]) -> None:
    from distributor.cli.terminal.output import console, styled

    for remark in remarks:
        console(stderr=True).print(styled(remark, "yellow"))

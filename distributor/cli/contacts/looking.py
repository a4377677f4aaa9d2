"""`distributor contacts list`, `show` and `history`: who is in the base, and what is known of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distributor.cli.options import AsJson, a_filter

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from distributor.contacts.lists.membership import Stay
    from distributor.contacts.people.history import Event

Contact = Annotated[str, typer.Argument(help="An address or a name.")]
_LAST = 5


def list_(
    context: typer.Context,
    search: Annotated[
        str, typer.Option(help="Words of the name, or a part of an address; accents do not matter.")
    ] = "",
    outlet: Annotated[str, typer.Option(help="Only those who work for an outlet of this name.")] = "",
    sector: Annotated[str, typer.Option(help="Only those who cover this sector or one below it.")] = "",
    list_name: Annotated[str, typer.Option("--list", help="Only the contacts of this press list.")] = "",
    language: Annotated[str, typer.Option(help="Only those who read this language.")] = "",
    state: Annotated[
        str, typer.Option(help="bounced, complained, objected, desk, damaged, stale, never-mailed, unconfirmed.")
    ] = "",
    where: Annotated[
        str | None, typer.Option(metavar="FILTER", help="A filter; see docs/filters.md.", callback=a_filter)
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many to show; 0 for all. JSON has all.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List contacts. All of them, or those of whom everything you ask holds."""
    from distributor.cli.contacts.showing import member_as_json, show_members
    from distributor.cli.terminal.output import console, count, show_json
    from distributor.contacts.filters.facts import those
    from distributor.contacts.lists import press_lists
    from distributor.contacts.objections.objectors import Objectors
    from distributor.contacts.people.members import read_contacts, read_list
    from distributor.contacts.people.searching import Wanted, filter_of, ids_of
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    wanted = filter_of(Wanted(search, outlet, sector, list_name, language, state, where or ""))
    with workspace.database.session(reads_only=True) as session:
        media_list = press_lists.find_list(session, list_name) if list_name else None
        ids = ids_of(session, wanted, workspace.keyring)
        shown = ids if as_json or not limit else ids[:limit]
        if media_list is not None and media_list.id is not None and not media_list.query:
            members = list(read_list(session, media_list.id, media_list.slug, those(shown)))
        else:
            members = list(read_contacts(session, those(shown)))
        objectors = Objectors(session, workspace.keyring)
    if as_json:
        show_json([member_as_json(member, objectors) for member in members])
        return
    show_members(members, objectors, workspace.settings.timezone)
    more = f"; {len(members)} are shown, --limit 0 shows all" if len(members) < len(ids) else ""
    console().print(f"{count(len(ids), 'contact')}{more}.")


def show(context: typer.Context, contact: Contact, as_json: AsJson = False) -> None:
    """Show all that is kept on one contact. Addresses, affiliations, lists and why, objections, the last releases."""
    from dataclasses import asdict

    from distributor.cli.contacts.showing import member_as_json, show_member
    from distributor.cli.terminal.output import show_json
    from distributor.contacts.lists import press_lists
    from distributor.contacts.lists.membership import stays_of
    from distributor.contacts.objections.objectors import Objectors
    from distributor.contacts.people import ownership
    from distributor.contacts.people.history import deliveries_of
    from distributor.contacts.people.members import find_contact
    from distributor.contacts.people.posts import postings_of
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        member = find_contact(session, contact)
        on_lists = press_lists.lists_of(session, member.contact_id, workspace.keyring)
        addresses = ownership.addresses_of(session, [member.contact_id])[member.contact_id]
        postings = postings_of(session, member.contact_id)
        stays = stays_of(session, member.contact_id)
        deliveries = deliveries_of(session, member.contact_id, last=_LAST)
        objectors = Objectors(session, workspace.keyring)
    if as_json:
        more = {"lists": on_lists, "addresses": addresses, "affiliations": [asdict(one) for one in postings]}
        more |= {
            "memberships": [{"list": slug} | asdict(stay) for slug, stay in stays],
            "deliveries": [event_as_json(one) for one in deliveries],
        }
        show_json(member_as_json(member, objectors) | more)
        return
    told = objectors.of(member.contact_id, member.address)
    zone = workspace.settings.timezone
    show_member(member, _with_why(on_lists, stays), zone, told=told, addresses=addresses, postings=postings)
    show_events(deliveries, zone, title="The last releases")


def history(context: typer.Context, contact: Contact, as_json: AsJson = False) -> None:
    """Show what happened with one contact, in order. Lists, changes, merges, releases, bounces, objections."""
    from distributor.cli.terminal.output import show_json
    from distributor.contacts.people.history import history_of
    from distributor.contacts.people.members import find_contact
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        member = find_contact(session, contact)
        events = history_of(session, workspace.keyring, member.contact_id)
    if as_json:
        show_json([event_as_json(one) for one in events])
    else:
        show_events(events, workspace.settings.timezone, title=f"{member.name or member.outlet} <{member.address}>")


def event_as_json(event: Event) -> dict[str, Any]:
    """One thing that happened."""
    return {"at": event.at, "kind": event.kind, "text": event.text, **event.details}


def show_events(events: Sequence[Event], zone: ZoneInfo, title: str) -> None:
    """A table of what happened, in order."""
    from distributor.cli.terminal.output import show_table, when

    if events:
        show_table(["when", "what"], [(when(one.at, zone) or "(no date)", one.text) for one in events], title=title)


def _with_why(slugs: Sequence[str], stays: Sequence[tuple[str, Stay]]) -> list[str]:
    """Each list with how the contact came onto it; a smart list has its query."""
    by_slug = {slug: stay for slug, stay in stays if stay.removed_at is None}
    found = []
    for slug in slugs:
        stay = by_slug.get(slug)
        if stay is None:
            found.append(f"{slug} (by its query)")
        else:
            source = f", by «{stay.source}»" if stay.source else ""
            found.append(
                f"{slug} (since {stay.added_at:%Y-%m-%d}{source}{', for ' + stay.outlet if stay.outlet else ''})"
            )
    return found

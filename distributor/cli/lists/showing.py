"""How lists of another day, differences and explanations look on a terminal, and their JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from distributor.cli.terminal.output import console, count, styled
from distributor.contacts.lists.membership import Stay
from distributor.contacts.lists.standing import Difference, Explanation
from distributor.contacts.people.members import Member
from distributor.models import MediaList


def say_as_of(media_list: MediaList, moment: datetime | None, zone: ZoneInfo) -> None:
    """Say what a list of another day rests on."""
    if moment is None:
        return
    day = f"{moment.astimezone(zone):%Y-%m-%d}"
    if media_list.query:
        console().print(f"A smart list: what is known today, asked of those whom the base knew on {day}.")
        console().print(f"  {media_list.query}", soft_wrap=True)
    else:
        console().print(f"As it stood at the end of {day}; names and addresses are today's, erased contacts are gone.")


def difference_as_json(found: Difference, first: str, second: str) -> dict[str, Any]:
    """Two lists compared."""
    return {
        "first": first,
        "second": second,
        "only_first": [_person(one) for one in found.only_first],
        "only_second": [_person(one) for one in found.only_second],
        "both": found.both,
    }


def _person(member: Member) -> dict[str, Any]:
    return {
        "contact_id": member.contact_id,
        "name": member.name,
        "address": member.address,
        "outlet": member.outlet,
    }


def show_difference(found: Difference, first: str, second: str) -> None:
    """Say who stands on one of two lists only."""
    out = console()
    for name, members, mark in ((first, found.only_first, "-"), (second, found.only_second, "+")):
        out.print(styled(f"Only on {name}: {count(len(members), 'contact')}", "bold"))
        for member in members:
            out.print(f"  {mark} {described(member)}")
    out.print(f"On both: {count(found.both, 'contact')}.")


def described(member: Member) -> str:
    """A contact on one line: name, outlet, address."""
    outlet = f", {member.outlet}" if member.outlet else ""
    return (
        f"{member.name}{outlet} <{member.address}>"
        if member.name
        else f"{member.outlet or ''} <{member.address}>".strip()
    )


def show_explanation(found: Explanation, who: Member, zone: ZoneInfo) -> None:
    """Say why somebody stands on a list or does not."""
    out = console()
    person = who.name or who.address
    stands = "stands" if found.is_member else "does not stand"
    out.print(styled(f"{person} {stands} on «{found.list_slug}».", "bold"))
    if found.query:
        out.print(f"It is a smart list: {found.query}", soft_wrap=True)
        for clause, holds in found.clauses:
            out.print(styled(f"  {'holds' if holds else 'fails'}  {clause}", "green" if holds else "red"))
    for line in _stays(found.stays, zone):
        out.print(f"  {line}")
    if found.is_member:
        outlet = f", for {found.outlet}" if found.outlet else ""
        out.print(f"  {'would be ' if found.held_back else ''}mailed at {found.address}{outlet}")
    for reason in found.held_back:
        out.print(styled(f"  but no mail leaves: {reason}", "yellow"))


def _stays(stays: Iterable[Stay], zone: ZoneInfo) -> Iterable[str]:
    found = list(stays)
    for stay in found:
        since = f"{stay.added_at.astimezone(zone):%Y-%m-%d}"
        source = f" by «{stay.source}»" if stay.source else ""
        if stay.removed_at is None:
            yield f"put on it {since}{source}" + (f", for {stay.outlet}" if stay.outlet else "")
        else:
            why = f" ({stay.reason})" if stay.reason else ""
            yield f"stood on it {since} to {stay.removed_at.astimezone(zone):%Y-%m-%d}, taken off{source}{why}"

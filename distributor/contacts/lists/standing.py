"""Who stands on a list on a day, what differs between two lists, and why somebody stands on one or does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from sqlalchemy import and_
from sqlmodel import Session, col

from distributor import clock
from distributor.contacts.filters.facts import those
from distributor.contacts.filters.language import format_filter, parse_filter
from distributor.contacts.filters.words import days_of, find_field, read_value
from distributor.contacts.lists import membership, press_lists
from distributor.contacts.lists.membership import Stay
from distributor.contacts.objections.objectors import Objectors
from distributor.contacts.people.members import Member, read_contacts
from distributor.errors import BadInput
from distributor.folding import slugify
from distributor.models import Contact, MediaList
from distributor.tokens import Keyring


@dataclass(frozen=True, slots=True)
class Difference:
    """Two lists compared: who stands on one of them only, and how many on both."""

    only_first: tuple[Member, ...]
    only_second: tuple[Member, ...]
    both: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a contact stands on a list or does not, and what keeps its mail back even so.

    `stays` are every time it stood on a list with members, the present one last; `clauses` are the parts of a smart
    list's query, each with whether it holds; `held_back` says, in a few words each, why no release would reach it.
    """

    list_slug: str
    query: str
    is_member: bool
    address: str
    outlet: str
    stays: tuple[Stay, ...]
    clauses: tuple[tuple[str, bool], ...]
    held_back: tuple[str, ...]


def members_at(session: Session, media_list: MediaList, moment: datetime | None, keyring: Keyring) -> list[Member]:
    """Who stood on a list at `moment` (None: who stands there now), as they are known today.

    Of a smart list nobody kept what it said on a day: today's facts are asked of those whom the base knew by then.
    """
    if moment is None:
        return list(press_lists.list_members(session, media_list.slug, keyring))
    assert media_list.id is not None
    if media_list.query:
        on_list = press_lists.filtering(session, keyring).on_list(media_list)
        condition = and_(on_list, col(Contact.created_at) <= moment)
    else:
        condition = those(membership.members_at(session, media_list.id, moment))
    return list(read_contacts(session, condition, media_list.slug))


def compare(first: Sequence[Member], second: Sequence[Member]) -> Difference:
    """What differs between two lists, by contact."""
    on_first, on_second = ({one.contact_id for one in side} for side in (first, second))
    return Difference(
        only_first=tuple(one for one in first if one.contact_id not in on_second),
        only_second=tuple(one for one in second if one.contact_id not in on_first),
        both=len(on_first & on_second),
    )


def explain(session: Session, media_list: MediaList, contact: Member, keyring: Keyring) -> Explanation:
    """Why `contact` stands on `media_list` or does not; raises `BadInput` for a query that cannot be answered."""
    assert media_list.id is not None
    members = {one.contact_id: one for one in press_lists.list_members(session, media_list.slug, keyring)}
    there = members.get(contact.contact_id)
    clauses: tuple[tuple[str, bool], ...] = ()
    if media_list.query:
        answers, tree = press_lists.filtering(session, keyring), parse_filter(media_list.query)
        explained = answers.explain(tree, contact.contact_id)
        clauses = tuple((format_filter(part), holds) for part, holds in explained)
    used = there or contact
    return Explanation(
        list_slug=media_list.slug,
        query=media_list.query,
        is_member=there is not None,
        address=used.address,
        outlet=used.outlet,
        stays=tuple(membership.stays(session, media_list.id, contact.contact_id)),
        clauses=clauses,
        held_back=tuple(_held_back(session, used, keyring)),
    )


def _held_back(session: Session, member: Member, keyring: Keyring) -> list[str]:
    told = Objectors(session, keyring).of(member.contact_id, member.address)
    reasons = [one.because for one in told]
    return [*reasons, member.prefers] if member.prefers else reasons


def split_name(text: str) -> tuple[str, str]:
    """`economie@2026-10-01` → the list's name and the day; the day is "" where there is none."""
    name, _, day = text.rpartition("@")
    return (name, day) if name and slugify(name) else (text, "")


def end_of(day: str, zone: tzinfo) -> datetime | None:
    """The last instant of a day (or month, or year, or so long ago) in `zone`; None for "". `BadInput` for none."""
    if not day:
        return None
    rule = find_field("added")
    assert rule is not None
    try:
        after = days_of(read_value(rule, day), clock.now().astimezone(zone).date())[1]
    except ValueError:
        raise BadInput(f"«{day}» is no day.", mend="Write it as 2026-10-01, 2026-10 or 2026.") from None
    midnight = datetime.combine(after, time(), zone)
    return midnight.astimezone(UTC) - timedelta(microseconds=1)

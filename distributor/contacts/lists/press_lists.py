"""Press lists: found by name, summed up, read; with members of their own, or smart, with a query instead."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, select, true
from sqlmodel import Session, col

from distributor import clock
from distributor.contacts.people.members import Member, read_contacts, read_list
from distributor.errors import BadInput, Refused, did_you_mean
from distributor.folding import slugify
from distributor.models import Contact, ContactSector, MediaList, MediaListMember, Sector
from distributor.tokens import Keyring

if TYPE_CHECKING:
    from distributor.contacts.filters.sql import Filtering


@dataclass(frozen=True, slots=True)
class ListSummary:
    """A press list in a listing; `sector` is the name of its sector or "".

    `query` is a smart list's; its `count` is today's, and None where the query cannot be answered any more.
    """

    slug: str
    name: str
    sector: str
    count: int | None
    query: str = ""


@dataclass(frozen=True, slots=True)
class SectorSummary:
    """A sector in a listing, with how many contacts cover it."""

    slug: str
    name: str
    count: int


def filtering(session: Session, keyring: Keyring) -> Filtering:
    """What answers filters in this session, as of today."""
    from distributor.contacts.filters.sql import Filtering  # noqa: PLC0415 - most lists have members, and no query

    return Filtering(session, clock.now().date(), keyring)


def find_list(session: Session, name: str) -> MediaList:
    """The list of that slug or name; raise `BadInput` with the nearest names when there is none."""
    found = session.scalars(select(MediaList).where(col(MediaList.slug) == slugify(name))).one_or_none()
    if found is not None:
        return found
    every = list(session.scalars(select(col(MediaList.slug)).order_by(col(MediaList.slug))))
    near = difflib.get_close_matches(slugify(name), every, n=3, cutoff=0.5)
    if near:
        mend = did_you_mean(near)
    elif every:
        mend = "The lists are: " + ", ".join(every[:20]) + "."
    else:
        mend = "Import one with: distributor contacts import FILE --list NAME"
    raise BadInput(f"There is no press list «{name}».", mend=mend)


def lists(session: Session, keyring: Keyring) -> list[ListSummary]:
    """Every press list, by slug."""
    return _summaries(session, keyring, true())


def summary(session: Session, media_list: MediaList, keyring: Keyring) -> ListSummary:
    """One press list as a listing shows it; `Refused` where another command has just deleted it."""
    for found in _summaries(session, keyring, col(MediaList.id) == media_list.id):
        return found
    raise Refused("Another command has just deleted this list.", mend="See: distributor lists list")


def _summaries(session: Session, keyring: Keyring, which: ColumnElement[bool]) -> list[ListSummary]:
    count = func.count(col(MediaListMember.contact_id))
    rows = session.execute(
        select(MediaList, func.coalesce(col(Sector.name), ""), count)
        .join(Sector, col(Sector.id) == col(MediaList.sector_id), isouter=True)
        .join(MediaListMember, col(MediaListMember.media_list_id) == col(MediaList.id), isouter=True)
        .where(which)
        .group_by(col(MediaList.id), col(Sector.name))
        .order_by(col(MediaList.slug))
    ).all()
    answers = filtering(session, keyring)
    return [
        ListSummary(one.slug, one.name, sector, _count(session, answers, one) if one.query else many, one.query)
        for one, sector, many in rows
    ]


def _count(session: Session, answers: Filtering, media_list: MediaList) -> int | None:
    try:
        condition = answers.on_list(media_list)
    except BadInput:
        return None
    return session.scalar(select(func.count(col(Contact.id))).where(condition, col(Contact.same_as_id).is_(None)))


def list_members(session: Session, slug: str, keyring: Keyring) -> Iterator[Member]:
    """The members of a list in the order in which the base met them, streamed; three statements whatever their number.

    A smart list is evaluated now; one that asks for objections looks under `keyring`. Contacts without an address are
    left out. Raises `BadInput` for an unknown list, and for a query that cannot be answered.
    """
    media_list = find_list(session, slug)
    assert media_list.id is not None
    if media_list.query:
        return read_contacts(session, filtering(session, keyring).on_list(media_list), media_list.slug)
    return read_list(session, media_list.id, media_list.slug)


def lists_of(session: Session, contact_id: int, keyring: Keyring) -> list[str]:
    """The slugs of the lists a contact stands on, smart ones too."""
    answers = filtering(session, keyring)
    found = []
    for media_list in session.scalars(select(MediaList).order_by(col(MediaList.slug))).all():
        try:
            holds = answers.on_list(media_list)
        except BadInput:
            continue  # a query that cannot be answered puts nobody on its list
        if session.scalar(select(col(Contact.id)).where(col(Contact.id) == contact_id, holds)) is not None:
            found.append(media_list.slug)
    return found


def sectors(session: Session) -> list[SectorSummary]:
    """Every sector, by slug."""
    rows = session.execute(
        select(col(Sector.slug), col(Sector.name), func.count(col(ContactSector.contact_id)))
        .join(ContactSector, col(ContactSector.sector_id) == col(Sector.id), isouter=True)
        .group_by(col(Sector.id))
        .order_by(col(Sector.slug))
    )
    return [SectorSummary(*row) for row in rows]


def find_sector(session: Session, name: str) -> Sector:
    """The sector of that slug or name; raise `BadInput` with the sectors there are when there is none."""
    found = session.scalars(select(Sector).where(col(Sector.slug) == slugify(name))).one_or_none()
    if found is None:
        every = [one.slug for one in sectors(session)]
        mend = f"The sectors are: {', '.join(every[:20])}. " if every else ""
        mend += f"To make it: distributor sectors add {shlex.quote(name)}"
        raise BadInput(f"There is no sector «{name}».", mend=mend)
    return found

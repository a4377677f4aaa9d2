"""Press lists and their members, as a dispatch, a report or a person asks for them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, Select, SQLColumnExpression, and_, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from distributor.addresses import BadAddress, parse_address
from distributor.contacts.cleaning import DESK, OPTED_OUT
from distributor.errors import BadInput
from distributor.folding import fold, slugify
from distributor.models import Affiliation, Contact, ContactSector, MediaList, MediaListMember, Outlet, Sector

_STREAM = 1000
_Statement: TypeAlias = Select[Contact, Affiliation, Outlet]


@dataclass(frozen=True, slots=True)
class Member:
    """A contact with the affiliation that counts on this list (else the primary one): all that a dispatch needs.

    `address` is the affiliation's own where it has one, else the contact's; `sectors` are slugs, `sector_names` what
    people call them, in the same order. `list_slug` is "" when the contact was not reached through a list.
    """

    contact_id: int
    address: str
    address_key: str
    civility: str
    first_name: str
    last_name: str
    language: str
    familiarity: str
    phone: str
    region: str
    notes: str
    note_to_send: str
    fields: Mapping[str, str]
    attachments: str
    embargo_trust: bool
    source: str
    legal_basis: str
    collected_at: datetime | None
    notice_sent_at: datetime | None
    flag: str
    outlet: str
    outlet_kind: str
    outlet_region: str
    role: str
    desk: str
    sectors: tuple[str, ...]
    sector_names: tuple[str, ...]
    list_slug: str = ""

    @property
    def name(self) -> str:
        """First and last name as one, "" for a desk without a name."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def opted_out(self) -> bool:
        """Whether the file the contact came from said not to write any more: it counts as an objection."""
        return self.flag == OPTED_OUT

    @property
    def is_desk(self) -> bool:
        """Whether the address is a desk's (`redaction@…`) rather than a person's."""
        return self.flag == DESK


@dataclass(frozen=True, slots=True)
class ListSummary:
    """A press list in a listing; `sector` is the name of its sector or ""."""

    slug: str
    name: str
    sector: str
    count: int


@dataclass(frozen=True, slots=True)
class SectorSummary:
    """A sector in a listing, with how many contacts cover it."""

    slug: str
    name: str
    count: int


def find_list(session: Session, name: str) -> MediaList:
    """The list of that slug or name; raise `BadInput` with the nearest names when there is none."""
    found = session.scalars(select(MediaList).where(col(MediaList.slug) == slugify(name))).one_or_none()
    if found is not None:
        return found
    every = list(session.scalars(select(col(MediaList.slug)).order_by(col(MediaList.slug))))
    near = difflib.get_close_matches(slugify(name), every, n=3, cutoff=0.5)
    if near:
        mend = "Did you mean " + " or ".join(near) + "?"
    elif every:
        mend = "The lists are: " + ", ".join(every[:20]) + "."
    else:
        mend = "Import one with: distributor contacts import FILE --list NAME"
    raise BadInput(f"There is no press list «{name}».", mend=mend)


def lists(session: Session) -> list[ListSummary]:
    """Every press list, by slug."""
    count = func.count(col(MediaListMember.contact_id))
    rows = session.execute(
        select(col(MediaList.slug), col(MediaList.name), func.coalesce(col(Sector.name), ""), count)
        .join(Sector, col(Sector.id) == col(MediaList.sector_id), isouter=True)
        .join(MediaListMember, col(MediaListMember.media_list_id) == col(MediaList.id), isouter=True)
        .group_by(col(MediaList.id), col(Sector.name))
        .order_by(col(MediaList.slug))
    )
    return [ListSummary(*row) for row in rows]


def sectors(session: Session) -> list[SectorSummary]:
    """Every sector, by slug."""
    rows = session.execute(
        select(col(Sector.slug), col(Sector.name), func.count(col(ContactSector.contact_id)))
        .join(ContactSector, col(ContactSector.sector_id) == col(Sector.id), isouter=True)
        .group_by(col(Sector.id))
        .order_by(col(Sector.slug))
    )
    return [SectorSummary(*row) for row in rows]


def list_members(session: Session, slug: str) -> Iterator[Member]:
    """The members of a list in the order in which the base met them, streamed; three statements whatever their number.

    Contacts without an address are left out. Raises `BadInput` for an unknown list.
    """
    media_list = find_list(session, slug)
    of_list = select(col(MediaListMember.contact_id)).where(col(MediaListMember.media_list_id) == media_list.id)
    return _read(session, _members(media_list.id), of_list, media_list.slug)


def all_contacts(session: Session) -> list[Member]:
    """Everyone with an address, in the order in which the base met them."""
    return list(_read(session, _members(None), select(col(Contact.id)), ""))


def first_contact(session: Session) -> Member | None:
    """The contact that the base met first: a sample, where nobody in particular is meant."""
    first = select(func.min(col(Contact.id))).where(col(Contact.address).is_not(None))
    found = list(_read(session, _members(None).where(col(Contact.id).in_(first)), first, ""))
    return found[0] if found else None


def lists_of(session: Session, contact_id: int) -> list[str]:
    """The slugs of the lists a contact stands on."""
    statement = (
        select(col(MediaList.slug))
        .join(MediaListMember, col(MediaListMember.media_list_id) == col(MediaList.id))
        .where(col(MediaListMember.contact_id) == contact_id)
        .order_by(col(MediaList.slug))
    )
    return list(session.scalars(statement))


def find_sector(session: Session, name: str) -> Sector:
    """The sector of that slug or name; raise `BadInput` with the sectors there are when there is none."""
    found = session.scalars(select(Sector).where(col(Sector.slug) == slugify(name))).one_or_none()
    if found is None:
        every = [one.slug for one in sectors(session)]
        mend = f"The sectors are: {', '.join(every[:20])}." if every else "Import a press list with --sector first."
        raise BadInput(f"There is no sector «{name}».", mend=mend)
    return found


def search_contacts(session: Session, text: str) -> list[Member]:
    """The contacts that `text` names: the one of that address, else all whose name holds its words, accents ignored."""
    try:
        key = parse_address(text.strip()).key
    except BadAddress:
        ids = _ids_by_name(session, text)
    else:
        ids = list(session.scalars(select(col(Contact.id)).where(col(Contact.address_key) == key)))
    if not ids:
        return []
    statement = _members(None).where(col(Contact.id).in_(ids))
    return list(_read(session, statement, select(col(Contact.id)).where(col(Contact.id).in_(ids)), ""))


def find_contact(session: Session, text: str) -> Member:
    """The one contact that `text` names (address or name); raise `BadInput` when there is none, or more than one."""
    found = search_contacts(session, text)
    if len(found) == 1:
        return found[0]
    if found:
        shown = ", ".join(f"{member.name or member.outlet} <{member.address}>" for member in found[:5])
        raise BadInput(f"«{text}» names {len(found)} contacts: {shown}.", mend="Give the address instead.")
    raise BadInput(f"No contact has the address or name «{text}».", mend="Look with: distributor contacts list")


def _ids_by_name(session: Session, text: str) -> list[int]:
    wanted = set(fold(text).split())
    if not wanted:
        return []
    rows = session.execute(select(col(Contact.id), col(Contact.first_name), col(Contact.last_name)))
    every = [(key, set(fold(f"{first} {last}").split())) for key, first, last in rows]
    return [key for key, words in every if wanted <= words][:500]


def _members(media_list_id: int | None) -> _Statement:
    """Contacts with an address (on that list), each beside the list's affiliation, or else their primary (or first)."""
    other = aliased(Affiliation)
    primary = (
        select(col(other.id))
        .where(col(other.contact_id) == col(Contact.id))
        .order_by(col(other.is_primary).desc(), col(other.id))
        .limit(1)
        .correlate(Contact)
        .scalar_subquery()
    )
    chosen: SQLColumnExpression[Any] = primary
    statement = select(Contact, Affiliation, Outlet).select_from(Contact)
    if media_list_id is not None:
        chosen = func.coalesce(col(MediaListMember.affiliation_id), primary)
        on_list = and_(
            col(MediaListMember.contact_id) == col(Contact.id), col(MediaListMember.media_list_id) == media_list_id
        )
        statement = statement.join(MediaListMember, on_list)
    return (
        statement.join(Affiliation, col(Affiliation.id) == chosen, isouter=True)
        .join(Outlet, col(Outlet.id) == col(Affiliation.outlet_id), isouter=True)
        .where(col(Contact.address).is_not(None))
        .order_by(col(Contact.id))
    )


def _read(session: Session, statement: _Statement, contact_ids: Select[Any], slug: str) -> Iterator[Member]:
    covered: dict[int, list[tuple[str, str]]] = {}
    for contact_id, sector_slug, sector_name in session.execute(
        select(col(ContactSector.contact_id), col(Sector.slug), col(Sector.name))
        .join(Sector, col(Sector.id) == col(ContactSector.sector_id))
        .where(col(ContactSector.contact_id).in_(contact_ids))
        .order_by(col(Sector.slug))
    ):
        covered.setdefault(contact_id, []).append((sector_slug, sector_name))
    return _stream(session, statement, covered, slug)


def _stream(
    session: Session, statement: _Statement, covered: Mapping[int, list[tuple[str, str]]], slug: str
) -> Iterator[Member]:
    with session.execute(statement, execution_options={"yield_per": _STREAM}) as rows:  # a cursor on the server
        for row in rows:
            yield _member(row, covered, slug)


def _member(row: Row[Contact, Affiliation, Outlet], covered: Mapping[int, list[tuple[str, str]]], slug: str) -> Member:
    contact: Contact = row.Contact
    affiliation: Affiliation | None = row.Affiliation
    outlet: Outlet | None = row.Outlet
    assert contact.id is not None
    address, key = contact.address or "", contact.address_key or ""
    if affiliation and affiliation.address:
        address, key = affiliation.address, parse_address(affiliation.address).key
    beats = covered.get(contact.id, [])
    return Member(
        contact_id=contact.id,
        address=address,
        address_key=key,
        civility=contact.civility,
        first_name=contact.first_name,
        last_name=contact.last_name,
        language=contact.language,
        familiarity=contact.familiarity,
        phone=contact.phone,
        region=contact.region,
        notes=contact.notes,
        note_to_send=contact.note_to_send,
        fields=dict(contact.fields),
        attachments=contact.attachments,
        embargo_trust=contact.embargo_trust,
        source=contact.source,
        legal_basis=contact.legal_basis,
        collected_at=contact.collected_at,
        notice_sent_at=contact.notice_sent_at,
        flag=contact.flag,
        outlet=outlet.name if outlet else "",
        outlet_kind=outlet.kind if outlet else "",
        outlet_region=outlet.region if outlet else "",
        role=affiliation.role if affiliation else "",
        desk=affiliation.desk if affiliation else "",
        sectors=tuple(sector_slug for sector_slug, _ in beats),
        sector_names=tuple(name for _, name in beats),
        list_slug=slug,
    )

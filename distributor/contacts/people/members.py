"""Reading contacts, each with the affiliation that counts: the members of a list, those of a filter, one by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from sys import intern
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    and_,
    func,
    select,
    true,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from distributor import clock
from distributor.addresses import BadAddress, parse_address
from distributor.contacts.cleaning.drafts import DESK, OPTED_OUT
from distributor.contacts.filters.facts import is_current, those
from distributor.contacts.filters.naming import is_called
from distributor.contacts.people.ownership import owner_of
from distributor.errors import BadInput
from distributor.models import Affiliation, Contact, ContactSector, MediaListMember, Outlet, Sector

_STREAMED = {"yield_per": 1000}  # a cursor on the server
_MOST_FOUND = 500
_PREFERS = {"phone": "prefers the phone", "messaging": "prefers messaging", "post": "prefers the post"}
_OF_CONTACT = (
    "civility", "first_name", "last_name", "language", "other_languages", "familiarity", "phone", "region", "topics",
    "channel", "notes", "note_to_send", "fields", "attachments", "embargo_trust", "source", "legal_basis",
    "collected_at", "notice_sent_at", "confirmed_at", "flag",
)  # fmt: skip
"""What a member has of its contact's row, in the order of `Member`."""

_Statement: TypeAlias = Select[*tuple[Any, ...]]
_Beat: TypeAlias = tuple[int, list[tuple[str, str]]]
Condition: TypeAlias = ColumnElement[bool]


def way_preferred(channel: str) -> str:
    """How a contact of this channel wants our news instead of by mail, as a reason; "" when mail is right."""
    return _PREFERS.get(channel, f"prefers «{channel}»") if channel else ""


@dataclass(slots=True)  # a frozen one of so many fields takes three times as long to make
class Member:
    """A contact with the affiliation that counts on this list (else the primary one): all that a dispatch needs.

    `address` is the affiliation's own where it has one, else the contact's; `sectors` are slugs, `sector_names` what
    people call them, in the same order. `channel` is "" for mail. `list_slug` is "" when the contact was not reached
    through a list.
    """

    contact_id: int
    address: str
    address_key: str
    civility: str
    first_name: str
    last_name: str
    language: str
    other_languages: str
    familiarity: str
    phone: str
    region: str
    topics: str
    channel: str
    notes: str
    note_to_send: str
    fields: Mapping[str, str]
    attachments: str
    embargo_trust: bool
    source: str
    legal_basis: str
    collected_at: datetime | None
    notice_sent_at: datetime | None
    confirmed_at: datetime | None
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
    def prefers(self) -> str:
        """How the contact wants our news instead of by mail, as a reason; "" when mail is right."""
        return way_preferred(self.channel)

    @property
    def opted_out(self) -> bool:
        """Whether the file the contact came from said not to write any more: it counts as an objection."""
        return self.flag == OPTED_OUT

    @property
    def is_desk(self) -> bool:
        """Whether the address is a desk's (`redaction@…`) rather than a person's."""
        return self.flag == DESK


def read_list(session: Session, media_list_id: int, slug: str, condition: Condition | None = None) -> Iterator[Member]:
    """The members of a list with members, in the order in which the base met them, streamed; two statements.

    With `condition` (over `contact`), those of them of whom it holds.

    Contacts without an address are left out, here and below.
    """
    on_list = select(col(MediaListMember.contact_id)).where(col(MediaListMember.media_list_id) == media_list_id)
    statement = _members(media_list_id)
    return _read(session, statement if condition is None else statement.where(condition), on_list, slug)


def read_contacts(session: Session, condition: Condition | None = None, slug: str = "") -> Iterator[Member]:
    """The contacts of whom `condition` (over `contact`; None: everyone) holds, in the same order, streamed."""
    holds = true() if condition is None else condition
    return _read(session, _members(None).where(holds), select(col(Contact.id)).where(holds), slug)


def all_contacts(session: Session) -> list[Member]:
    """Everyone with an address, in the order in which the base met them."""
    return list(read_contacts(session))


def first_contact(session: Session) -> Member | None:
    """The contact that the base met first: a sample, where nobody in particular is meant."""
    first = select(func.min(col(Contact.id))).where(_is_somebody())
    return next(iter(list(read_contacts(session, col(Contact.id).in_(first)))), None)


def search_contacts(session: Session, text: str) -> list[Member]:
    """The contacts that `text` names: the one of that address, else all whose name holds its words, accents ignored.

    Words may be written together or apart: «lebris» names «Le Bris», and the other way round.
    An address may be any of a contact's: a second mailbox, that of a merged duplicate, or the one used at an outlet.
    """
    try:
        key = parse_address(text.strip()).key
    except BadAddress:
        condition = is_called(session, text)
    else:
        owner = owner_of(session, key)
        condition = those([owner] if owner else [])
    statement = select(col(Contact.id)).where(condition, _is_somebody()).limit(_MOST_FOUND)
    ids = [one for one in session.scalars(statement) if one is not None]
    return list(read_contacts(session, those(ids))) if ids else []


def find_contact(session: Session, text: str) -> Member:
    """The one contact that `text` names (address or name); raise `BadInput` when there is none, or more than one."""
    found = search_contacts(session, text)
    if len(found) == 1:
        return found[0]
    if found:
        shown = ", ".join(f"{member.name or member.outlet} <{member.address}>" for member in found[:5])
        raise BadInput(f"«{text}» names {len(found)} contacts: {shown}.", mend="Give the address instead.")
    raise BadInput(f"No contact has the address or name «{text}».", mend="Look with: distributor contacts list")


def _is_somebody() -> Condition:
    """That a row is a journalist or desk to write to, not one more address of another one."""
    return and_(col(Contact.address).is_not(None), col(Contact.same_as_id).is_(None))


def _members(media_list_id: int | None) -> _Statement:
    """Contacts (on that list), each beside the list's affiliation, or else their primary (or first) of today."""
    # Columns, not objects: of a list of thousands an object for each row costs more than all else.
    statement = select(
        col(Contact.id),
        col(Contact.address),
        col(Contact.address_key),
        col(Affiliation.address).label("address_there"),
        *(getattr(Contact, name) for name in _OF_CONTACT),
        func.coalesce(col(Outlet.name), ""),
        func.coalesce(col(Outlet.kind), ""),
        func.coalesce(col(Outlet.region), ""),
        func.coalesce(col(Affiliation.role), ""),
        func.coalesce(col(Affiliation.desk), ""),
    ).select_from(Contact)
    if media_list_id is not None:
        on_list = and_(
            col(MediaListMember.contact_id) == col(Contact.id), col(MediaListMember.media_list_id) == media_list_id
        )
        statement = statement.join(MediaListMember, on_list)
    today = clock.now().date()
    chosen: SQLColumnExpression[Any] = _primary(today)
    if media_list_id is not None:
        chosen = func.coalesce(_of_list(today), chosen)
    return (
        statement.join(Affiliation, col(Affiliation.id) == chosen, isouter=True)
        .join(Outlet, col(Outlet.id) == col(Affiliation.outlet_id), isouter=True)
        .where(_is_somebody())
        .order_by(col(Contact.id))
    )


def _primary(today: date) -> ScalarSelect[Any]:
    """A contact's primary affiliation of today, else the first."""
    one = aliased(Affiliation)
    return (
        select(col(one.id))
        .where(col(one.contact_id) == col(Contact.id), is_current(one, today))
        .order_by(col(one.is_primary).desc(), col(one.id))
        .limit(1)
        .correlate(Contact)
        .scalar_subquery()
    )


def _of_list(today: date) -> ScalarSelect[Any]:
    """The affiliation through which a contact stands on the list, as long as it holds."""
    one = aliased(Affiliation)
    return (
        select(col(one.id))
        .where(col(one.id) == col(MediaListMember.affiliation_id), is_current(one, today))
        .correlate(MediaListMember)
        .scalar_subquery()
    )


def _read(session: Session, statement: _Statement, contact_ids: Select[Any], slug: str) -> Iterator[Member]:
    session.flush()
    # Past the session, which would look at every column of every row for what it is to make objects of.
    connection = session.connection()
    beats = _beats(connection, contact_ids)
    met: _Beat | None = next(beats, None)
    with connection.execute(statement, execution_options=_STREAMED) as rows:
        for row in rows:
            while met is not None and met[0] < row[0]:  # both come in the order of the contacts
                met = next(beats, None)
            yield _member(row, met[1] if met is not None and met[0] == row[0] else (), slug)


def _beats(connection: Connection, contact_ids: Select[Any]) -> Iterator[_Beat]:
    """Those of these contacts who cover sectors, in their order, with the slug and the name of each."""
    statement = (
        select(col(ContactSector.contact_id), col(Sector.slug), col(Sector.name))
        .join(Sector, col(Sector.id) == col(ContactSector.sector_id))
        .where(col(ContactSector.contact_id).in_(contact_ids))
        .order_by(col(ContactSector.contact_id), col(Sector.slug))
    )
    with connection.execute(statement, execution_options=_STREAMED) as rows:
        for contact_id, sectors in groupby(rows, key=itemgetter(0)):
            yield contact_id, [(intern(slug), intern(name)) for _, slug, name in sectors]


def _member(row: Row[*tuple[Any, ...]], beats: Sequence[tuple[str, str]], slug: str) -> Member:
    number, address, key, address_there, *rest = row
    if address_there:
        address, key = address_there, parse_address(address_there).key
    sectors = zip(*beats, strict=True) if beats else ((), ())
    return Member(number, address or "", key or "", *[*rest, *sectors, slug])

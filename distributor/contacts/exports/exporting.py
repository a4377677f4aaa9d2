"""Contacts as rows that an import takes back without a change: one row per affiliation, the one that counts first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, true
from sqlmodel import Session, col

from distributor.addresses import kept_address
from distributor.contacts.cleaning.drafts import OPTED_OUT
from distributor.contacts.cleaning.particulars import CANONICAL, EXTRA_PREFIX, Field
from distributor.contacts.cleaning.row import read_sectors
from distributor.contacts.filters.language import parse_filter
from distributor.contacts.intake.merging import LEVELS
from distributor.contacts.lists import press_lists
from distributor.contacts.objections.objectors import Objectors
from distributor.db.pieces import in_pieces
from distributor.folding import slugify
from distributor.models import Affiliation, Contact, ContactSector, MediaList, MediaListMember, Outlet, Sector
from distributor.tokens import Keyring

COLUMNS = (
    Field.CIVILITY, Field.FIRST_NAME, Field.LAST_NAME, Field.ADDRESS, Field.OTHER_ADDRESS, Field.OUTLET,
    Field.OUTLET_KIND, Field.OUTLET_REGION, Field.WEBSITE, Field.ROLE, Field.DESK, Field.AFFILIATION_ADDRESS,
    Field.VALID_FROM, Field.VALID_TO, Field.SECTOR, Field.LANGUAGE, Field.OTHER_LANGUAGES, Field.FAMILIARITY,
    Field.PHONE, Field.REGION, Field.TOPICS, Field.CHANNEL, Field.ATTACHMENTS, Field.EMBARGO_TRUST, Field.NOTES,
    Field.NOTE_TO_SEND, Field.SOURCE, Field.LEGAL_BASIS, Field.COLLECTED_AT, Field.CONFIRMED_AT, Field.OPTED_OUT,
)  # fmt: skip
"""The fields that an export holds, in the order of its columns; extra fields come after them."""

_YES, _NO = "oui", "non"
_ANSWERS = {"yes": _YES, "no": _NO}


@dataclass(frozen=True, slots=True)
class Export:
    """What is written: column names, and rows (column → text, "" left out). `contacts` is how many people they are.

    `without_address` are contacts that an export cannot name: an import could not take them back.
    """

    header: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    contacts: int
    without_address: int = 0


def export_contacts(session: Session, keyring: Keyring, *, list_name: str = "", where: str = "") -> Export:
    """The contacts of a list (all, without one) for whom a filter holds, as rows.

    A contact with several affiliations takes so many rows; the first is the one through which it stands on the list.
    Whoever objected to everything is marked as such. Raises `BadInput` for an unknown list or a filter that cannot be
    read, `Refused` when objections are kept under another key.
    """
    answers = press_lists.filtering(session, keyring)
    media_list = press_lists.find_list(session, list_name) if list_name else None
    condition = answers.on_list(media_list) if media_list else true()
    if where:
        condition = condition & answers.condition(parse_filter(where))
    people = condition & col(Contact.same_as_id).is_(None)
    ids = list(session.scalars(select(col(Contact.id)).where(people, _has_address()).order_by(col(Contact.id))))
    everyone = session.scalar(select(func.count()).select_from(Contact).where(people)) or 0
    reader = _Reader(session, Objectors(session, keyring), media_list)
    rows = [row for piece in in_pieces(ids) for row in reader.rows(piece)]
    extra = sorted({name for row in rows for name in row if name.startswith(EXTRA_PREFIX)})
    header = (*(CANONICAL[field] for field in COLUMNS), *extra)
    return Export(header, tuple(rows), len(ids), everyone - len(ids))


def _has_address() -> ColumnElement[bool]:
    return col(Contact.address).is_not(None)


class _Reader:
    """Reads contacts a few hundred at a time, with all that belongs to them."""

    def __init__(self, session: Session, objectors: Objectors, media_list: MediaList | None) -> None:
        self._session = session
        self._objectors = objectors
        self._list_id = media_list.id if media_list and not media_list.query else None
        self._sectors = _sector_names(session)

    def rows(self, ids: Sequence[Any]) -> Iterable[Mapping[str, str]]:
        """The rows of these contacts, in their order."""
        posts = self._by_contact(
            select(Affiliation, Outlet, self._is_the_lists())
            .join(Outlet, col(Outlet.id) == col(Affiliation.outlet_id))
            .where(col(Affiliation.contact_id).in_(ids))
            .order_by(self._is_the_lists().desc(), col(Affiliation.is_primary).desc(), col(Affiliation.id)),
            lambda row: row[0].contact_id,
        )
        others = self._by_contact(
            select(Contact).where(col(Contact.same_as_id).in_(ids), _has_address()).order_by(col(Contact.id)),
            lambda row: row[0].same_as_id,
        )
        sectors = self._by_contact(
            select(ContactSector).where(col(ContactSector.contact_id).in_(ids)), lambda row: row[0].contact_id
        )
        statement = select(Contact).where(col(Contact.id).in_(ids)).order_by(col(Contact.id))
        for contact in self._session.scalars(statement):
            further = [str(kept_address(row[0].address)) for row in others.get(contact.id, ())]
            names = sorted(self._sectors[row[0].sector_id] for row in sectors.get(contact.id, ()))
            person = self._of_person(contact, further, names)
            for affiliation, outlet, _ in posts.get(contact.id) or [(None, None, None)]:
                texts = person | _of_post(affiliation, outlet) if affiliation else person
                cells = {CANONICAL[field]: text for field in COLUMNS if (text := texts.get(field))}
                yield cells | {f"{EXTRA_PREFIX}{key}": value for key, value in contact.fields.items() if value}

    def _by_contact(self, statement: Any, whose: Any) -> dict[Any, list[Any]]:
        found: dict[Any, list[Any]] = {}
        for row in self._session.execute(statement):
            found.setdefault(whose(row), []).append(row)
        return found

    def _is_the_lists(self) -> ColumnElement[bool]:
        """Whether an affiliation is the one through which the contact stands on the list."""
        # By all of the list at once: to ask for each affiliation would go through the whole list each time.
        chosen = select(col(MediaListMember.affiliation_id)).where(
            col(MediaListMember.media_list_id) == self._list_id, col(MediaListMember.affiliation_id).is_not(None)
        )
        return col(Affiliation.id).in_(chosen)

    def _of_person(self, contact: Contact, others: Sequence[str], sectors: Sequence[str]) -> dict[Field, str]:
        address = contact.address or ""
        objected = contact.flag == OPTED_OUT or any(
            not (one.scope or one.is_returned) for one in self._objectors.of(contact.id, address)
        )
        return {
            Field.CIVILITY: contact.civility,
            Field.FIRST_NAME: contact.first_name,
            Field.LAST_NAME: contact.last_name,
            Field.ADDRESS: str(kept_address(address)),
            Field.OTHER_ADDRESS: "; ".join(others),
            Field.SECTOR: "; ".join(sectors),
            Field.LANGUAGE: contact.language,
            Field.OTHER_LANGUAGES: contact.other_languages,
            Field.FAMILIARITY: contact.familiarity,
            Field.PHONE: contact.phone,
            Field.REGION: contact.region,
            Field.TOPICS: contact.topics,
            Field.CHANNEL: contact.channel,
            Field.ATTACHMENTS: _ANSWERS.get(contact.attachments, contact.attachments),
            Field.EMBARGO_TRUST: _YES if contact.embargo_trust else "",
            Field.NOTES: contact.notes,
            Field.NOTE_TO_SEND: contact.note_to_send,
            Field.SOURCE: contact.source,
            Field.LEGAL_BASIS: contact.legal_basis,
            Field.COLLECTED_AT: _written(contact.collected_at),
            Field.CONFIRMED_AT: _written(contact.confirmed_at),
            Field.OPTED_OUT: _YES if objected else "",
        }


def _of_post(affiliation: Affiliation, outlet: Outlet) -> dict[Field, str]:
    return {
        Field.OUTLET: outlet.name,
        Field.OUTLET_KIND: outlet.kind,
        Field.OUTLET_REGION: outlet.region,
        Field.WEBSITE: outlet.website,
        Field.ROLE: affiliation.role,
        Field.DESK: affiliation.desk,
        Field.AFFILIATION_ADDRESS: str(kept_address(affiliation.address)) if affiliation.address else "",
        Field.VALID_FROM: _written(affiliation.valid_from),
        Field.VALID_TO: _written(affiliation.valid_to),
    }


def _written(value: date | datetime | None) -> str:
    return value.isoformat() if value else ""


def _sector_names(session: Session) -> dict[Any, str]:
    """Sector → what an import reads as the same: `Sport > Cyclisme`, or the slug where the name would be misread."""
    every = {one.id: one for one in session.scalars(select(Sector))}
    names = {}
    for one in every.values():
        parent = every.get(one.parent_id)
        path = LEVELS.join(_readable(sector) for sector in (parent, one) if sector)
        names[one.id] = path if read_sectors(path) == (path,) else one.slug
    return names


def _readable(sector: Sector) -> str:
    is_itself = slugify(sector.name) == sector.slug and read_sectors(sector.name) == (sector.name,)
    return sector.name if is_itself and LEVELS.strip() not in sector.name else sector.slug

"""Who a request is about: one person, by every address, row and name under which the base knows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlmodel import Session, col

from distributor.addresses import Address, BadAddress, kept_address, parse_address
from distributor.contacts.objections import suppression
from distributor.contacts.people import ownership
from distributor.contacts.people.members import find_contact
from distributor.errors import BadInput
from distributor.models import Affiliation, Contact, ContactMerge, Delivery
from distributor.tokens import Keyring


@dataclass(frozen=True, slots=True)
class Subject:
    """One person.

    `contact_ids` are the journalist's row first, then those of further addresses; none if only deliveries are left.
    `addresses` are theirs alone, `shared` those that others use as well (a desk's). `names` are (first, last) as they
    stand, or stood before a merge.
    """

    contact_ids: tuple[int, ...]
    addresses: tuple[Address, ...]
    shared: tuple[Address, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    language: str = ""

    @property
    def label(self) -> str:
        """Name and address, for a question or a heading."""
        name = " ".join(part for part in self.names[0] if part) if self.names else ""
        address = str((*self.addresses, *self.shared)[0]) if self.addresses or self.shared else ""
        return f"{name} <{address}>" if name and address else name or address

    def owns_delivery(self) -> Any:
        """The condition that a delivery went, or was to go, to this person."""
        keys = [address.key for address in self.addresses]
        return or_(col(Delivery.contact_id).in_(self.contact_ids), col(Delivery.address_key).in_(keys))


def find_subject(session: Session, text: str) -> Subject:
    """The person that `text` (any of their addresses, or a name) means; `BadInput` when nothing is held on anybody so.

    An address that no contact has any more is enough when a delivery went to it.
    """
    try:
        address = parse_address(text.strip())
    except BadAddress:
        return subject_of(session, find_contact(session, text).contact_id)
    owner = ownership.owner_of(session, address.key)
    if owner is not None:
        return subject_of(session, owner)
    names = session.scalars(select(col(Delivery.name)).where(col(Delivery.address_key) == address.key)).all()
    if not names:
        raise BadInput(
            f"Nothing is held on {address}, but for an objection, if there is one.",
            mend=f"See: distributor suppressions check {address}",
        )
    known = [_split(name) for name in dict.fromkeys(names) if name]
    return Subject((), (address,), names=tuple(known))


def find_for_erasure(session: Session, keyring: Keyring, text: str) -> Subject:
    """As `find_subject`; an address that was erased before is a person too: traces of it can be looked for again."""
    try:
        return find_subject(session, text)
    except BadInput:
        try:
            address = parse_address(text.strip())
        except BadAddress:
            address = None
        if address is None or keyring.address_hash(address.key) not in suppression.erased_hashes(session, keyring):
            raise
        return Subject((), (address,))


def subject_of(session: Session, owner: int) -> Subject:
    """The person of a contact, by its number."""
    rows = session.scalars(
        select(Contact)
        .where(or_(col(Contact.id) == owner, col(Contact.same_as_id) == owner))
        .order_by(col(Contact.same_as_id).is_not(None), col(Contact.id))
    ).all()
    own = tuple(map(kept_address, ownership.addresses_of(session, [owner])[owner]))
    keys = {address.key for address in own}
    used = map(
        kept_address,
        session.scalars(
            select(col(Affiliation.address)).where(col(Affiliation.contact_id) == owner, col(Affiliation.address) != "")
        ),
    )
    shared = {address.key: address for address in used if address.key not in keys}
    names = dict.fromkeys((row.first_name, row.last_name) for row in rows if row.first_name or row.last_name)
    ids = tuple(row.id for row in rows if row.id is not None)
    return Subject(ids, own, tuple(shared.values()), (*names, *_former_names(session, ids, names)), rows[0].language)


def _former_names(session: Session, ids: tuple[int, ...], known: dict[tuple[str, str], None]) -> list[tuple[str, str]]:
    """Names that the person's rows had before a merge that stands."""
    merges = session.scalars(
        select(ContactMerge).where(
            col(ContactMerge.kept_id).in_(ids),
            col(ContactMerge.merged_id).in_(ids),
            col(ContactMerge.undone_at).is_(None),
        )
    )
    found = dict.fromkeys(pair for merge in merges for pair in _names_in(merge.before) if any(pair))
    return [pair for pair in found if pair not in known]


def _names_in(value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        own = (
            [(str(value["first_name"]), str(value["last_name"]))] if {"first_name", "last_name"} <= value.keys() else []
        )
        return own + [pair for one in value.values() for pair in _names_in(one)]
    return [pair for one in value for pair in _names_in(one)] if isinstance(value, list) else []


def _split(name: str) -> tuple[str, str]:
    first, _, last = name.rpartition(" ")
    return first, last

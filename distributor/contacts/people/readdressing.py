"""The addresses of one contact by hand: one more, another main one, one less. An address is never two people's."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.addresses import Address, BadAddress, kept_address
from distributor.clock import now
from distributor.contacts.cleaning.drafts import DESK, OPTED_OUT
from distributor.contacts.cleaning.mailboxes import is_role_address, read_address_cell
from distributor.contacts.objections import suppression
from distributor.contacts.people import ownership
from distributor.contacts.people.changes import Change
from distributor.errors import BadInput
from distributor.models import Affiliation, Contact, Suppression
from distributor.states import RETURNED
from distributor.tokens import Keyring

Told = tuple[list[Change], list[str]]
"""Old → new, and remarks."""


def add_address(session: Session, keyring: Keyring, contact: Contact, text: str, actor: str) -> Told:
    """Make an address one more of the contact's. What the contact objected to holds for it, and the other way round.

    Raises `BadInput` for an address that is none, or somebody else's.
    """
    address, remarks = _read(text)
    row = _row_of(session, contact, address)
    if row is None:
        _new_row(session, contact, address)
        remarks += _told(share_objections(session, keyring, contact, actor)[0])
        return [Change("other address", "", str(address))], remarks
    return [], [*remarks, f"«{address}» is the contact's already."]


def use_address(
    session: Session, keyring: Keyring, contact: Contact, text: str, actor: str, *, taken_off: Sequence[str] = ()
) -> Told:
    """Make an address the contact's main one; the former one stays a further one, so that it is recognised.

    That is said, unless it is among those that are `taken_off` next. Raises as `add_address` does.
    """
    address, remarks = _read(text)
    former = kept_address(contact.address or "")
    if address.key == former.key:
        if address.spec == former.spec:
            return [], remarks
        contact.address = address.spec
        session.add(contact)
        session.flush()
        return [Change("address", str(former), str(address))], remarks
    row = _row_of(session, contact, address) or _new_row(session, contact, address)
    # Keys are unique: one of the two has none for a moment.
    row.address, row.address_key = None, None
    session.add(row)
    session.flush()
    contact.address, contact.address_key = address.spec, address.key
    if contact.flag != OPTED_OUT:
        contact.flag = DESK if is_role_address(address) else ""
    session.add(contact)
    session.flush()
    row.address, row.address_key = former.spec, former.key
    session.add(row)
    session.flush()
    remarks += _told(share_objections(session, keyring, contact, actor)[0])
    if former.key not in {_read(one)[0].key for one in taken_off}:
        remarks.append(
            f"«{former}» is kept as a further address: mail from a list that has it still finds this contact."
        )
    return [Change("address", str(former), str(address))], remarks


def remove_address(session: Session, keyring: Keyring, contact: Contact, text: str, actor: str) -> Told:
    """Take a further address off the contact. What was objected to with it goes on holding for the contact.

    Raises `BadInput` for the main address, and for one that is not the contact's.
    """
    address, remarks = _read(text)
    if address.key == contact.address_key:
        raise BadInput(f"«{address}» is the main address.", mend="Name another one first, with --address.")
    row = _row_of(session, contact, address)
    posts = _used_at(session, contact, address)
    if row is None and not posts:
        raise BadInput(f"«{address}» is not an address of this contact.")
    remarks += _told(share_objections(session, keyring, contact, actor)[0])
    for post in posts:
        post.address = ""
        session.add(post)
    if row is not None:
        if row.flag == OPTED_OUT != contact.flag:
            contact.flag = OPTED_OUT
            session.add(contact)
        # The row stays: deliveries and merges refer to it.
        row.address, row.address_key, row.updated_at = None, None, now()
        session.add(row)
    session.flush()
    return [Change("other address", str(address), "")], remarks


def share_objections(
    session: Session, keyring: Keyring, contact: Contact, actor: str
) -> tuple[list[str], list[tuple[int, str]]]:
    """Record for every address of the contact what was objected to with any of them, but not that mail came back.

    Return the scopes, and number and hash of each objection that was written for it. Raises `Refused` under another key
    than objections were kept with.
    """
    assert contact.id is not None
    addresses = [kept_address(spec) for spec in ownership.addresses_of(session, [contact.id])[contact.id]]
    suppression.check_key(session, keyring)
    hashes = [keyring.address_hash(one.key) for one in addresses]
    theirs = select(Suppression).where(col(Suppression.address_hash).in_(hashes)).order_by(col(Suppression.id))
    known = {line.id: line for line in session.scalars(theirs)}
    by_scope = {line.scope: line for line in known.values() if not line.reason.startswith(RETURNED)}
    for scope, line in by_scope.items():
        suppression.add(
            session, keyring, addresses[0], reason=line.reason, source=line.source, scope=scope, actor=actor
        )
    new = [(line.id, line.address_hash) for line in session.scalars(theirs) if line.id not in known]
    return sorted(by_scope), [(number, address_hash) for number, address_hash in new if number is not None]


def _read(text: str) -> tuple[Address, list[str]]:
    try:
        cell = read_address_cell(text)
    except BadAddress as error:
        raise BadInput(f"«{text}» is not an e-mail address: {error}", mend="Check the spelling.") from None
    if len(cell.found) > 1:
        raise BadInput(f"«{text}» is more than one address.", mend="Give the option once for each.")
    return cell.found[0][1], list(cell.changes)


def _row_of(session: Session, contact: Contact, address: Address) -> Contact | None:
    """The row that holds this address of the contact, if there is one; `BadInput` when somebody else has it."""
    others = ownership.users_of(session, address.key) - {contact.id}
    row = session.scalars(select(Contact).where(col(Contact.address_key) == address.key)).one_or_none()
    owner = None if row is None else row.same_as_id or row.id
    if owner not in (None, contact.id):
        others.add(owner)
    if others:
        other = session.get_one(Contact, min(one for one in others if one is not None))
        name = f"{other.first_name} {other.last_name}".strip() or str(other.address)
        raise BadInput(
            f"«{address}» belongs to {name}.",
            mend=f"If they are one person: distributor contacts merge {contact.address} {other.address}",
        )
    return row


def _new_row(session: Session, contact: Contact, address: Address) -> Contact:
    row = Contact(
        same_as_id=contact.id,
        address=address.spec,
        address_key=address.key,
        source=contact.source,
        legal_basis=contact.legal_basis,
        collected_at=contact.collected_at,
    )
    session.add(row)
    session.flush()
    return row


def _used_at(session: Session, contact: Contact, address: Address) -> list[Affiliation]:
    rows = session.scalars(
        select(Affiliation).where(col(Affiliation.contact_id) == contact.id, col(Affiliation.address) != "")
    )
    return [one for one in rows if kept_address(one.address).key == address.key]


def _told(scopes: list[str]) -> list[str]:
    if not scopes:
        return []
    return ["This person has objected" + ("" if "" in scopes else f" to {', '.join(scopes)}") + ", with every address."]

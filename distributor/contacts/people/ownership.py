"""Whose an address is: the journalist behind it, and every address of one journalist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import SQLColumnExpression, func, select
from sqlmodel import Session, col

from distributor.addresses import kept_address
from distributor.db.pieces import in_pieces
from distributor.models import Affiliation, Contact


def owner() -> SQLColumnExpression[Any]:
    """Of a row of `contact`: the number of the journalist it is, or is one more address of."""
    return func.coalesce(col(Contact.same_as_id), col(Contact.id))


def owner_of(session: Session, address_key: str) -> int | None:
    """The contact whose own or further address this is, else the only one who uses it at an outlet; None: nobody's."""
    row = session.execute(
        select(col(Contact.id), col(Contact.same_as_id)).where(col(Contact.address_key) == address_key)
    ).one_or_none()
    if row is not None:
        number: int = row[1] or row[0]
        return number
    users = users_of(session, address_key)
    return users.pop() if len(users) == 1 else None


def users_of(session: Session, address_key: str) -> set[int]:
    """The contacts who use this address at an outlet: a desk's may be several people's."""
    return {
        contact_id
        for contact_id, spec in session.execute(
            select(col(Affiliation.contact_id), col(Affiliation.address)).where(
                col(Affiliation.address).ilike(_pattern(address_key), escape="\\")
            )
        )
        if kept_address(spec).key == address_key
    }


def addresses_of(session: Session, contact_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Contact → the addresses (as on the wire) that are that journalist's: the own one first, no desk's shared one.

    An address used at an outlet counts unless it is somebody else's too: several journalists may share `redaction@…`.
    """
    found: dict[int, dict[str, str]] = {}
    for chunk in in_pieces(contact_ids):
        found |= {contact_id: {} for contact_id in chunk}
        for number, same_as, spec, key in session.execute(
            select(col(Contact.id), col(Contact.same_as_id), col(Contact.address), col(Contact.address_key))
            .where(col(Contact.id).in_(chunk) | col(Contact.same_as_id).in_(chunk), col(Contact.address).is_not(None))
            .order_by(col(Contact.same_as_id).is_not(None), col(Contact.id))
        ):
            found[same_as or number][key] = spec
        _add_used(session, chunk, found)
    return {contact_id: tuple(by_key.values()) for contact_id, by_key in found.items()}


def _add_used(session: Session, chunk: Sequence[int], found: Mapping[int, dict[str, str]]) -> None:
    used = [
        (contact_id, kept_address(spec).key, spec)
        for contact_id, spec in session.execute(
            select(col(Affiliation.contact_id), col(Affiliation.address)).where(
                col(Affiliation.contact_id).in_(chunk), col(Affiliation.address) != ""
            )
        )
    ]
    if not used:
        return
    specs = {spec for _, _, spec in used}
    shared = {
        (contact_id, kept_address(spec).key)
        for contact_id, spec in session.execute(
            select(col(Affiliation.contact_id), col(Affiliation.address)).where(col(Affiliation.address).in_(specs))
        )
    }
    taken = set(
        session.scalars(
            select(col(Contact.address_key)).where(col(Contact.address_key).in_({key for _, key, _ in used}))
        )
    )
    users: dict[str, set[int]] = {}
    for contact_id, key in shared:
        users.setdefault(key, set()).add(contact_id)
    for contact_id, key, spec in used:
        if key not in taken and len(users[key]) == 1:
            found[contact_id].setdefault(key, spec)


def _pattern(address_key: str) -> str:
    return address_key.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

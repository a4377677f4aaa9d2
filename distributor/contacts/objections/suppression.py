"""Objections: who said no, kept as keyed hashes that outlive the contact and beat every list and re-import."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, and_, delete, not_, select, true, update
from sqlmodel import Session, col

from distributor.addresses import Address, kept_address
from distributor.clock import now
from distributor.contacts.cleaning.drafts import DESK, OPTED_OUT
from distributor.contacts.cleaning.mailboxes import is_role_address
from distributor.contacts.objections.hashes import Objection
from distributor.contacts.people import ownership
from distributor.errors import Refused
from distributor.models import Audit, Contact, Delivery, Dispatch, Suppression
from distributor.states import OVER, RETURNED
from distributor.tokens import Keyring

ERASURE = "erasure"
"""The reason of an objection that an erasure leaves behind: whoever asked for it must not come back by an import."""

_FEW = 500  # hashes that may stand in one statement


@dataclass(frozen=True, slots=True)
class Removed:
    """What taking an objection back came to: the scopes that were lifted, and whether a file's opt-out was too.

    `had_come_back`: no objection, but that mail to an address came back, was taken back with it.
    """

    scopes: tuple[str, ...]
    was_flagged: bool
    had_come_back: bool = False

    @property
    def is_something(self) -> bool:
        """Whether anything at all is taken back."""
        return bool(self.scopes) or self.was_flagged or self.had_come_back


def add(
    session: Session, keyring: Keyring, address: Address, *, reason: str, source: str = "", scope: str = "", actor: str
) -> bool:
    """Record that `address` objected, to everything or to one sector (`scope`, a slug); return whether that was new.

    A journalist with several addresses objects with all of them. Adding the same objection again changes nothing; that
    mail came back before is no objection, and gives way to one. Raises `Refused` as `check_key_to_record` does.
    """
    check_key_to_record(session, keyring)
    hashes = [keyring.address_hash(one.key) for one in _of_person(session, address)]
    lines = [Objection(one, keyring.key_id, scope, reason, source, now()) for one in hashes]
    if not _insert(session, lines):
        return False
    details = {"reason": reason, "source": source, "scope": scope}
    session.add(Audit(actor=actor, action="suppressions.add", subject=hashes[0], details=details))
    session.flush()
    return True


_IS_RETURNED = col(Suppression.reason).startswith(RETURNED)


def mark_dead(session: Session, keyring: Keyring, address: Address, *, reason: str, source: str, actor: str) -> bool:
    """Record that this one address takes no mail any more; the journalist's other ones stay. Return whether it was new.

    Raises `Refused` as `add` does.
    """
    check_key_to_record(session, keyring)
    line = Objection(keyring.address_hash(address.key), keyring.key_id, "", reason, source, now())
    if not _insert(session, [line]):
        return False
    details = {"reason": reason, "source": source, "scope": ""}
    session.add(Audit(actor=actor, action="suppressions.add", subject=line.address_hash, details=details))
    session.flush()
    return True


def remove(
    session: Session, keyring: Keyring, address: Address, *, scope: str | None = None, reason: str, actor: str
) -> Removed:
    """Take back what `address`, and every other address of the same journalist, objected to.

    `scope` is one sector's slug, "" for everything, None for all of them. An opt-out that a file brought («ne plus
    envoyer») goes with the objection to everything, and so does that mail came back from there. What was removed, by
    whom and why is audited. Raises as `add`.
    """
    check_key(session, keyring)
    addresses = _of_person(session, address)
    hashes = [keyring.address_hash(one.key) for one in addresses]
    rows = delete(Suppression).where(_said(hashes, scope)).returning(col(Suppression.scope), col(Suppression.reason))
    removed = _removed(session.execute(rows).all(), was_flagged=not scope and _lower_flag(session, addresses))
    if removed.is_something:
        details = {
            "reason": reason,
            "scopes": list(removed.scopes),
            "opted_out": removed.was_flagged,
            "came_back": removed.had_come_back,
        }
        session.add(Audit(actor=actor, action="suppressions.remove", subject=hashes[0], details=details))
        session.flush()
    return removed


def to_remove(session: Session, keyring: Keyring, address: Address, *, scope: str | None = None) -> Removed:
    """What `remove` would take back. Raises as `add`."""
    check_key(session, keyring)
    hashes = [keyring.address_hash(one.key) for one in _of_person(session, address)]
    rows = select(col(Suppression.scope), col(Suppression.reason)).where(_said(hashes, scope))
    return _removed(session.execute(rows).all(), was_flagged=not scope and is_flagged(session, address))


def _removed(said: Sequence[Row[str, str]], *, was_flagged: bool) -> Removed:
    scopes = sorted({scope for scope, why in said if not why.startswith(RETURNED)})
    return Removed(tuple(scopes), was_flagged, any(why.startswith(RETURNED) for _, why in said))


def _said(hashes: Sequence[str], scope: str | None) -> ColumnElement[bool]:
    of_scope = true() if scope is None else col(Suppression.scope) == scope
    return and_(col(Suppression.address_hash).in_(hashes), of_scope)


def scopes_of(session: Session, keyring: Keyring, address: Address) -> list[str]:
    """What the journalist behind `address` objected to, with whichever address: "" for everything, or sectors' slugs.

    That mail came back is no objection. Raises `Refused` as `check_key` does.
    """
    check_key(session, keyring)
    hashes = [keyring.address_hash(one.key) for one in _of_person(session, address)]
    which = and_(col(Suppression.address_hash).in_(hashes), not_(_IS_RETURNED))
    return sorted(set(session.scalars(select(col(Suppression.scope)).where(which))))


def is_flagged(session: Session, address: Address) -> bool:
    """Whether a file that the journalist behind `address` came from said not to write any more: it counts as well."""
    keys = [one.key for one in _of_person(session, address)]
    which = select(col(Contact.id)).where(col(Contact.address_key).in_(keys), col(Contact.flag) == OPTED_OUT)
    return session.scalars(which.limit(1)).first() is not None


def erased_hashes(session: Session, keyring: Keyring) -> set[str]:
    """The hashes of those who were erased at their request: an import refuses them. Raises as `check_key` does."""
    check_key(session, keyring)
    which = col(Suppression.reason) == ERASURE
    return set(session.scalars(select(col(Suppression.address_hash)).where(which)))


def was_erased(session: Session, keyring: Keyring, address: Address) -> bool:
    """Whether the owner of this address was erased, as far as that is known under this key."""
    which = select(col(Suppression.id)).where(
        col(Suppression.address_hash) == keyring.address_hash(address.key), col(Suppression.reason) == ERASURE
    )
    return session.scalars(which.limit(1)).first() is not None


def mark_erased(session: Session, keyring: Keyring, addresses: Iterable[Address]) -> None:
    """Leave behind that these addresses were erased: an objection to everything that an import heeds too."""
    check_key_to_record(session, keyring)
    hashes = [keyring.address_hash(one.key) for one in addresses]
    moment = now()
    _insert(session, [Objection(one, keyring.key_id, "", ERASURE, "", moment) for one in hashes])
    objected = col(Suppression.address_hash).in_(hashes) & (col(Suppression.scope) == "")
    # An earlier objection becomes that of an erasure; its words may say who it was.
    session.execute(update(Suppression).where(objected).values(reason=ERASURE, source=""))


def merge_in(session: Session, keyring: Keyring, lines: Iterable[Objection], *, source: str, actor: str) -> int:
    """Record objections that were read from a file; return how many were new. Known ones stay as they are.

    Raises `Refused` as `add` does, and for lines made under another key.
    """
    check_key_to_record(session, keyring)
    lines = list(lines)
    others = {line.key_id for line in lines} - {keyring.key_id}
    if others:
        raise Refused(
            f"These objections were exported under another secret key ({', '.join(sorted(others))}; the present one is"
            f" {keyring.key_id}): nobody could be recognised by them.",
            mend="Import them in the workspace that has that key, or import the addresses themselves.",
        )
    new = _insert(session, lines)
    if new:
        details = {"file": source, "new": new, "lines": len(lines)}
        session.add(Audit(actor=actor, action="suppressions.import", subject=source, details=details))
        session.flush()
    return new


def lines_for(
    session: Session, keyring: Keyring, addresses: Iterable[Address], *, reason: str, source: str, scope: str
) -> list[Objection]:
    """The lines that record the objection of each of these addresses, and of every other one of the same people."""
    moment = now()
    keys = {one.key for address in addresses for one in _of_person(session, address)}
    return [Objection(keyring.address_hash(key), keyring.key_id, scope, reason, source, moment) for key in sorted(keys)]


def check_key(session: Session, keyring: Keyring) -> None:
    """Raise `Refused` when objections stand under another key: no address could be matched with them any more."""
    others = set(session.scalars(select(col(Suppression.key_id)).distinct())) - {keyring.key_id}
    if others:
        raise Refused(
            f"Objections are recorded under another secret key ({', '.join(sorted(others))}; the present one is"
            f" {keyring.key_id}): those who said no could not be recognised, so nothing is sent.",
            mend="Put the former DISTRIBUTOR_SECRET_KEY back into .env.",
        )


def check_key_to_record(session: Session, keyring: Keyring) -> None:
    """Raise `Refused` as `check_key` does, and while a dispatch waits whose recipients stand under another key.

    Whoever of them objected under this one would not be recognised, and be mailed.
    """
    check_key(session, keyring)
    for dispatch_id in session.scalars(select(col(Dispatch.id)).where(col(Dispatch.state).not_in(OVER))):
        check_key_of(session, keyring, dispatch_id, so="nothing was recorded")


def check_key_of(session: Session, keyring: Keyring, dispatch_id: int | None, *, so: str = "nothing is sent") -> None:
    """Raise `Refused` where the recipients of a dispatch, those who were erased left out, stand under another key.

    `so` is what comes of it.
    """
    planned = session.execute(
        select(col(Delivery.address_key), col(Delivery.address_hash))
        .where(col(Delivery.dispatch_id) == dispatch_id, col(Delivery.address_key).contains("@"))
        .limit(1)
    ).first()
    if planned is not None and keyring.address_hash(planned[0]) != planned[1]:
        raise Refused(
            f"Dispatch {dispatch_id} was planned under another secret key: those who said no since could not be"
            f" recognised, so {so}.",
            mend="Put the former DISTRIBUTOR_SECRET_KEY back into .env, or cancel the dispatch and send again.",
        )


def listing(session: Session) -> list[Objection]:
    """Every objection, newest first."""
    rows = session.scalars(select(Suppression).order_by(col(Suppression.created_at).desc(), col(Suppression.id).desc()))
    return [Objection(row.address_hash, row.key_id, row.scope, row.reason, row.source, row.created_at) for row in rows]


def _of_person(session: Session, address: Address) -> list[Address]:
    """`address`, and every other address of the journalist it belongs to."""
    owner = ownership.owner_of(session, address.key)
    if owner is None:
        return [address]
    others = map(kept_address, ownership.addresses_of(session, [owner])[owner])
    return [address, *(one for one in others if one.key != address.key)]


def _insert(session: Session, lines: list[Objection]) -> int:
    """Write the lines that are not there yet, and those that only mail that came back stands for; return how many."""
    statement = select(col(Suppression.address_hash), col(Suppression.scope), col(Suppression.reason))
    if len(lines) <= _FEW:
        statement = statement.where(col(Suppression.address_hash).in_([line.address_hash for line in lines]))
    known = {(address_hash, scope): reason for address_hash, scope, reason in session.execute(statement)}
    new = {(line.address_hash, line.scope): line for line in reversed(lines)}
    given_way = {
        place
        for place, line in new.items()
        if known.get(place, "").startswith(RETURNED) and not line.reason.startswith(RETURNED)
    }
    for address_hash, scope in given_way:
        mail_came_back = and_(col(Suppression.address_hash) == address_hash, col(Suppression.scope) == scope)
        session.execute(delete(Suppression).where(mail_came_back))
    missing = [line for place, line in new.items() if place not in known or place in given_way]
    session.add_all(
        Suppression(
            address_hash=line.address_hash,
            key_id=line.key_id,
            scope=line.scope,
            reason=line.reason,
            source=line.source,
            created_at=line.created_at,
        )
        for line in missing
    )
    session.flush()
    return len(missing)


def _lower_flag(session: Session, addresses: list[Address]) -> bool:
    """Take a file's opt-out off the contacts of these addresses; a desk is a desk again."""
    rows = session.scalars(
        select(Contact).where(
            col(Contact.address_key).in_([one.key for one in addresses]), col(Contact.flag) == OPTED_OUT
        )
    ).all()
    for contact in rows:
        contact.flag = DESK if is_role_address(kept_address(contact.address or "")) else ""
        contact.updated_at = now()
        session.add(contact)
    return bool(rows)

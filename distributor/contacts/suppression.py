"""Objections: who said no, kept as keyed hashes that outlive the contact and beat every list and re-import."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.addresses import Address
from distributor.errors import Refused
from distributor.models import Audit, Suppression
from distributor.tokens import Keyring


@dataclass(frozen=True, slots=True)
class Objection:
    """One line of the suppression list: the address itself is not kept, only its hash."""

    address_hash: str
    scope: str
    reason: str
    source: str
    created_at: datetime


def add(
    session: Session, keyring: Keyring, address: Address, *, reason: str, source: str = "", scope: str = "", actor: str
) -> bool:
    """Record that `address` objected, to everything or to one sector (`scope`, a slug); return whether that was new.

    Adding the same objection again changes nothing. Raises `Refused` under another key than the list was made with.
    """
    check_key(session, keyring)
    address_hash = keyring.address_hash(address.key)
    known = session.scalars(
        select(Suppression).where(col(Suppression.address_hash) == address_hash, col(Suppression.scope) == scope)
    ).one_or_none()
    if known is not None:
        return False
    session.add(
        Suppression(address_hash=address_hash, key_id=keyring.key_id, scope=scope, reason=reason, source=source)
    )
    details = {"reason": reason, "source": source, "scope": scope}
    session.add(Audit(actor=actor, action="suppressions.add", subject=address_hash, details=details))
    session.flush()
    return True


def is_suppressed(session: Session, keyring: Keyring, address: Address, *, sector: str = "") -> bool:
    """Whether `address` objected to everything, or to `sector` (a slug). Raises `Refused` as `check_key` does."""
    return any(scope in {"", sector} for scope in scopes_of(session, keyring, address))


def scopes_of(session: Session, keyring: Keyring, address: Address) -> list[str]:
    """What `address` objected to: "" for everything, or sectors' slugs. Raises `Refused` as `check_key` does."""
    check_key(session, keyring)
    address_hash = keyring.address_hash(address.key)
    return sorted(session.scalars(select(col(Suppression.scope)).where(col(Suppression.address_hash) == address_hash)))


def suppressed_hashes(session: Session, *, sector: str = "") -> set[str]:
    """The hashes of all who objected to everything, and of those who objected to `sector` (a slug).

    Meaningful only under the key they were made with: call `check_key` first.
    """
    scopes = {"", sector}
    return set(session.scalars(select(col(Suppression.address_hash)).where(col(Suppression.scope).in_(scopes))))


def check_key(session: Session, keyring: Keyring) -> None:
    """Raise `Refused` when objections stand under another key: no address could be matched with them any more."""
    others = set(session.scalars(select(col(Suppression.key_id)).distinct())) - {keyring.key_id}
    if others:
        raise Refused(
            f"Objections are recorded under another secret key ({', '.join(sorted(others))}; the present one is"
            f" {keyring.key_id}): those who said no could not be recognised, so nothing is sent.",
            mend="Put the former DISTRIBUTOR_SECRET_KEY back into .env.",
        )


def listing(session: Session) -> list[Objection]:
    """Every objection, newest first."""
    rows = session.scalars(select(Suppression).order_by(col(Suppression.created_at).desc(), col(Suppression.id).desc()))
    return [Objection(row.address_hash, row.scope, row.reason, row.source, row.created_at) for row in rows]

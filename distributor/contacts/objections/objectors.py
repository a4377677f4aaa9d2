"""Who of the base has objected: a person and not a mailbox, whatever said so, since when, and to what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from distributor.addresses import kept_address
from distributor.contacts.cleaning.drafts import OPTED_OUT
from distributor.contacts.objections import suppression
from distributor.contacts.objections.hashes import Objection
from distributor.contacts.people import ownership
from distributor.models import Affiliation, Contact, Sector
from distributor.states import RETURNED
from distributor.tokens import Keyring


@dataclass(frozen=True, slots=True)
class Told:
    """One objection as it concerns a contact.

    `scope` is "" for everything, or a sector's slug. `address` is another address of the same person that it was made
    with, or "". `since` is None where a press list said so: it gives no date.
    """

    scope: str = ""
    address: str = ""
    reason: str = ""
    source: str = ""
    since: datetime | None = None

    @property
    def is_returned(self) -> bool:
        """Whether nobody objected: mail to this one address came back for good."""
        return self.reason.startswith(RETURNED)

    @property
    def because(self) -> str:
        """Why a message does not leave, in a few words."""
        if self.is_returned:
            return f"mail to this address came back ({self.reason.removeprefix(RETURNED)})"
        what = f"releases of the sector {self.scope}" if self.scope else "our mail"
        return f"objected to {what}" + (f", with another address ({self.address})" if self.address else "")


class Objectors:
    """All who said no, read once; then asked for one contact after another without a statement.

    Raises `Refused`, as `suppression.check_key` does, under another key than the objections were kept with.
    """

    def __init__(self, session: Session, keyring: Keyring) -> None:
        suppression.check_key(session, keyring)
        self._keyring = keyring
        self._lines: dict[str, list[Objection]] = {}
        for line in suppression.listing(session):
            self._lines.setdefault(line.address_hash, []).append(line)
        self._flagged: dict[int, Told] = {}
        self._flagged_keys: dict[str, Told] = {}
        self._read_flags(session)
        self._addresses = ownership.addresses_of(session, _with_several_addresses(session))
        self._owner = {kept_address(spec).key: one for one, specs in self._addresses.items() for spec in specs}
        self._above = _parents(session)

    def of(self, contact_id: int | None, address: str) -> tuple[Told, ...]:
        """What was said for `address` itself first, then for other addresses of the contact or of whoever's it is."""
        key = kept_address(address).key
        people = [one for one in dict.fromkeys((contact_id, self._owner.get(key))) if one is not None]
        found = [self._flagged[one] for one in people if one in self._flagged]
        found = found or [told for told in (self._flagged_keys.get(key),) if told]
        if self._lines:
            found += self._told(key, "")
            others = {kept_address(spec).key: spec for one in people for spec in self._addresses.get(one, ())}
            for other, spec in others.items():
                if other != key:
                    # A dead mailbox says nothing of the person's other ones.
                    found += [told for told in self._told(other, str(kept_address(spec))) if not told.is_returned]
        return tuple({told.scope: told for told in reversed(found)}.values())[::-1] if found else ()

    def against(self, contact_id: int | None, address: str, sectors: Iterable[str]) -> Told | None:
        """What forbids mail of these sectors (slugs): said of everything, of one of them, or of the one above."""
        said = self.of(contact_id, address)
        if not said:
            return None
        barred = {"", *sectors}
        barred |= {self._above[slug] for slug in barred if slug in self._above}
        return next((told for told in said if told.scope in barred), None)

    def _told(self, key: str, address: str) -> list[Told]:
        lines = self._lines.get(self._keyring.address_hash(key), [])
        return [Told(line.scope, address, line.reason, line.source, line.created_at) for line in lines]

    def _read_flags(self, session: Session) -> None:
        rows = session.execute(
            select(col(Contact.id), col(Contact.same_as_id), col(Contact.address_key), col(Contact.source)).where(
                col(Contact.flag) == OPTED_OUT
            )
        )
        for number, same_as, key, source in rows:
            told = Told(reason="the press list says so", source=source)
            self._flagged[same_as or number] = told
            if key:
                self._flagged_keys[key] = told


def _with_several_addresses(session: Session) -> list[int]:
    further = select(col(Contact.same_as_id)).where(col(Contact.same_as_id).is_not(None))
    at_outlets = select(col(Affiliation.contact_id)).where(col(Affiliation.address) != "")
    return [number for number in session.scalars(further.union(at_outlets)) if number is not None]


def _parents(session: Session) -> dict[str, str]:
    parent = aliased(Sector)
    rows = session.execute(
        select(col(Sector.slug), col(parent.slug)).join(parent, col(parent.id) == col(Sector.parent_id))
    )
    above: dict[str, str] = dict(rows.all())
    return above

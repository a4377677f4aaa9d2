"""Who has not been heard of for years: contacts whose last sign of life is older than they may be kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from distributor.models import Affiliation, Contact, Outlet


class Sign(StrEnum):
    """What the last sign of life was: mail from the journalist, a check by the office, the day of collection."""

    HEARD = "heard from"
    CONFIRMED = "confirmed"
    COLLECTED = "collected"
    RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class StaleContact:
    """A contact to review. `last_sign` is when anything was last known of them, `sign` what that was."""

    contact_id: int
    address: str
    name: str
    outlet: str
    language: str
    last_sign: datetime
    sign: Sign


def years_before(moment: datetime, years: int) -> datetime:
    """The same day of an earlier year; 28 February for a 29th."""
    try:
        return moment.replace(year=moment.year - years)
    except ValueError:
        return moment.replace(year=moment.year - years, day=28)


def stale_contacts(session: Session, before: datetime) -> list[StaleContact]:
    """The contacts whose last sign of life is from before that moment, the oldest first.

    It is the last mail from them, from whichever of their addresses; without one, the day somebody last confirmed that
    the entry holds; without that, the day of collection. An opened message is none: opens are not measured.
    """
    alias = aliased(Contact)
    heard_by_alias = (
        select(func.max(col(alias.last_inbound_at)))
        .where(col(alias.same_as_id) == col(Contact.id))
        .correlate(Contact)
        .scalar_subquery()
    )
    outlet = (
        select(col(Outlet.name))
        .join(Affiliation, col(Affiliation.outlet_id) == col(Outlet.id))
        .where(col(Affiliation.contact_id) == col(Contact.id))
        .order_by(col(Affiliation.is_primary).desc(), col(Affiliation.id))
        .limit(1)
        .correlate(Contact)
        .scalar_subquery()
    )
    rows = session.execute(select(Contact, heard_by_alias, outlet).where(col(Contact.same_as_id).is_(None)))
    found = []
    for contact, heard, outlet_name in rows:
        last_sign, sign = _last_sign(contact, heard)
        if last_sign < before:
            name = f"{contact.first_name} {contact.last_name}".strip()
            found.append(
                StaleContact(
                    contact.id, contact.address or "", name, outlet_name or "", contact.language, last_sign, sign
                )
            )
    return sorted(found, key=lambda one: (one.last_sign, one.contact_id))


def _last_sign(contact: Contact, heard_by_alias: datetime | None) -> tuple[datetime, Sign]:
    heard = max((one for one in (contact.last_inbound_at, heard_by_alias) if one), default=None)
    signs = ((heard, Sign.HEARD), (contact.confirmed_at, Sign.CONFIRMED), (contact.collected_at, Sign.COLLECTED))
    return next(((moment, sign) for moment, sign in signs if moment), (contact.created_at, Sign.RECORDED))

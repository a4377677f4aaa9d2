"""Where a contact works: every affiliation, past ones too, each with the address used there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.models import Affiliation, Outlet


@dataclass(frozen=True, slots=True)
class Posting:
    """One affiliation of a contact; `address` is "" where it is the contact's own."""

    outlet: str
    role: str
    desk: str
    address: str
    is_primary: bool
    valid_from: date | None
    valid_to: date | None

    def __str__(self) -> str:
        parts = [self.outlet, self.role, self.desk, self.address]
        parts += [f"{word} {day}" for word, day in (("since", self.valid_from), ("until", self.valid_to)) if day]
        return ", ".join(part for part in parts if part)


def postings_of(session: Session, contact_id: int) -> list[Posting]:
    """The affiliations of a contact: the primary one first, then in the order in which the base met them."""
    rows = session.execute(
        select(Affiliation, Outlet)
        .join(Outlet, col(Outlet.id) == col(Affiliation.outlet_id))
        .where(col(Affiliation.contact_id) == contact_id)
        .order_by(col(Affiliation.is_primary).desc(), col(Affiliation.id))
    )
    return [
        Posting(outlet.name, one.role, one.desk, one.address, one.is_primary, one.valid_from, one.valid_to)
        for one, outlet in rows
    ]

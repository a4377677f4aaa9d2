"""Until which hour of the day those who would get a release can still use it (bouclage)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.folding import outlet_key
from distributor.models import Outlet
from distributor.releases.readers.dates import find_time

OWN_FIELDS = ("bouclage", "deadline")
"""Columns of a press list, kept with the contact, that say a journalist's own hour; it goes before their outlet's."""


def deadlines_of(session: Session, recipients: Sequence[PlannedRecipient]) -> tuple[tuple[str, time], ...]:
    """The outlets that are written to, each with its deadline, and whoever has one of their own."""
    rows = session.execute(select(col(Outlet.key), col(Outlet.deadline)).where(col(Outlet.deadline) != "")).all()
    of_outlet: dict[str, str] = dict(rows)
    found: dict[str, time] = {}
    for planned in recipients:
        person = planned.recipient
        own = next((person.fields[name] for name in OWN_FIELDS if person.fields.get(name)), "")
        name = person.name if own and person.name else person.outlet
        text = own or of_outlet.get(outlet_key(person.outlet), "")
        hour = _hour(text) if text else None
        if hour is not None:
            found[name or planned.address.spec] = hour
    return tuple(found.items())


def _hour(text: str) -> time | None:
    """The hour that a text says, None for none: what somebody typed into a list may be anything."""
    try:
        hour = find_time(text)
    except ValueError:
        return None
    return None if hour is None or hour.next_day else hour.time

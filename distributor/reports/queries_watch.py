"""What the live view of a dispatch shows beside its counts: the last refusals, and the domains that make trouble."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, not_, select
from sqlmodel import SQLModel

import distributor.models  # noqa: F401 - registers the tables
from distributor.deliveries.conditions import is_put_off
from distributor.states import DeliveryState

_delivery = SQLModel.metadata.tables["delivery"]
_TROUBLE = (DeliveryState.REJECTED, DeliveryState.DEFERRED, DeliveryState.IN_DOUBT, DeliveryState.EXPIRED)
_LAST = 6
_DOMAINS = 4


@dataclass(frozen=True, slots=True)
class Trouble:
    """One recipient whom a server refused, or wants later, in its words."""

    at: datetime
    address: str
    state: str
    code: int | None
    reply: str


def trouble(connection: Connection, dispatch_id: int) -> tuple[tuple[Trouble, ...], tuple[tuple[str, int], ...]]:
    """The last refusals of a dispatch, the newest first, and (domain, how many) where most of them are."""
    c = _delivery.c
    which = (c.dispatch_id == dispatch_id, c.state.in_(_TROUBLE), not_(is_put_off()))
    columns = [c[name] for name in ("updated_at", "address", "state", "code", "reply")]
    newest = select(*columns).where(*which).order_by(c.updated_at.desc(), c.id.desc()).limit(_LAST)
    refusals = [Trouble(row[0], row[1], row[2], row[3], " ".join(row[4].split())) for row in connection.execute(newest)]
    many = func.count().label("many")
    worst = select(c.domain, many).where(*which).group_by(c.domain)
    rows = connection.execute(worst.order_by(many.desc(), c.domain).limit(_DOMAINS))
    return tuple(refusals), tuple((row[0], row[1]) for row in rows)

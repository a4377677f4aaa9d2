"""What the delivery log learns after the 250: bounces, complaints, and that a doubtful message did arrive."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from distributor.models import Delivery
from distributor.states import DeliveryState, Verdict, check_transition

_delivery = Delivery.__table__

BOUNCED_FROM = (DeliveryState.ACCEPTED, DeliveryState.IN_DOUBT)

_UNANSWERED = (DeliveryState.SENDING, DeliveryState.IN_DOUBT)
"""Its server has not answered yet, or did not; whatever comes back of it shows that a server took it."""


def bounce(
    connection: Connection, delivery_id: int, *, verdict: Verdict, status: str, said: str, reason: str, now: datetime
) -> bool:
    """Accepted or in doubt → bounced, in the caller's transaction; return whether it was.

    One that is still being sent was accepted by that: the worker's own word comes too late, and is kept as an attempt.
    `status` is the RFC 3463 code of the report, `said` the server's own words. A second report changes nothing.
    """
    _move(connection, delivery_id, DeliveryState.SENDING, DeliveryState.ACCEPTED, now, accepted_at=now)
    return any(
        _move(
            connection, delivery_id, old, DeliveryState.BOUNCED, now,
            verdict=verdict, code=None, enhanced_code=status, reply=said, reason=reason,
        )
        for old in BOUNCED_FROM
    )  # fmt: skip


def complain(connection: Connection, delivery_id: int, *, reason: str, now: datetime) -> bool:
    """Accepted → complained; return whether it was. Whoever complains has the message: a doubt ends with it."""
    confirm(connection, delivery_id, reason=reason, now=now)
    return _move(connection, delivery_id, DeliveryState.ACCEPTED, DeliveryState.COMPLAINED, now, reason=reason)


def confirm(connection: Connection, delivery_id: int, *, reason: str, now: datetime) -> bool:
    """In doubt, or still being sent → accepted, in the caller's transaction; return whether it was.

    Because something came back that only a message which arrived can bring.
    """
    return any(
        _move(connection, delivery_id, old, DeliveryState.ACCEPTED, now, accepted_at=now, reason=reason)
        for old in _UNANSWERED
    )


def _move(
    connection: Connection, delivery_id: int, old: DeliveryState, new: DeliveryState, now: datetime, **values: Any
) -> bool:
    """Take one legal step: the statement names the state it starts from, so a late one changes no row."""
    check_transition(old, new)
    moved = connection.execute(
        update(_delivery)
        .where(_delivery.c.id == delivery_id, _delivery.c.state == old)
        .values(state=new, worker="", lease_until=None, next_attempt_at=None, updated_at=now, **values)
    )
    return moved.rowcount == 1

"""Who waits for a release that they have already, at another address: two contacts were made one meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, literal

from distributor.db.journalists import had_already, rows_of
from distributor.deliveries.log import DeliveryLog
from distributor.states import ELSEWHERE, DeliveryState

WAITS = (DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.DEFERRED)
"""Whoever is in one of these states can be withheld still."""


@dataclass(frozen=True, slots=True)
class WaitingDelivery:
    """A delivery that waits, or did: its address, its dispatch, and the release."""

    address: str
    dispatch_id: int
    slug: str


def spare_the_second(connection: Connection, log: DeliveryLog, contact_id: int) -> list[WaitingDelivery]:
    """Withhold, in the caller's transaction, what a journalist waits for at one address and has at another."""
    rows = connection.execute(had_already(rows_of(literal(contact_id)), WAITS)).all()
    log.withhold_some(connection, [row.delivery_id for row in rows], ELSEWHERE)
    return [WaitingDelivery(row.address, row.dispatch_id, row.slug) for row in rows]

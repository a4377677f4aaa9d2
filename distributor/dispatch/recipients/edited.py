"""Whoever is edited while a release waits for them: what still leaves as it was planned, and what does not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import Connection, select

from distributor.addresses import kept_address
from distributor.db.journalists import rows_of, texts_to
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.overtaken import what_reaches
from distributor.dispatch.recipients.merged import WaitingDelivery
from distributor.models import row_number
from distributor.states import FORMER, UNSENT_STATES


def spare_the_former(
    connection: Connection, log: DeliveryLog, contact_id: int, addresses: Collection[str]
) -> list[WaitingDelivery]:
    """Withhold, in the caller's transaction, what waits for somebody at addresses (keys) that are theirs no more."""
    found = {key: one for key, one in _waiting(connection, contact_id) if kept_address(one.address).key in addresses}
    log.withhold_some(connection, list(found), FORMER)
    return [
        replace(one, after_all=what_reaches(connection, delivery_id, is_moved=True))
        for delivery_id, one in found.items()
    ]


def still_leaves(connection: Connection, contact_id: int) -> list[WaitingDelivery]:
    """What waits for a journalist, and leaves with the name and for the address that it was planned with."""
    return [one for _, one in _waiting(connection, contact_id)]


def _waiting(connection: Connection, contact_id: int) -> list[tuple[int, WaitingDelivery]]:
    waits = texts_to(rows_of(row_number(contact_id)), UNSENT_STATES, "waits")
    rows = connection.execute(select(waits).order_by(waits.c.delivery_id))
    return [(row.delivery_id, WaitingDelivery(row.address, row.dispatch_id, row.slug)) for row in rows]

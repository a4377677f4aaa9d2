"""Who waits for a release that they have already, at another address: two contacts were made one meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, exists, select
from sqlmodel import col

from distributor.db.journalists import had_already, is_one_text, rows_of, texts_to
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.overtaken import what_reaches
from distributor.models import Delivery, row_number
from distributor.states import ELSEWHERE, HAVE_IT, OPEN_STATES, UNSENT_STATES, DeliveryState


@dataclass(frozen=True, slots=True)
class WaitingDelivery:
    """A delivery that waits, or did: its address, its dispatch, and the release.

    Of one that is not sent, `after_all` is the sentence that says what reaches its addressee.
    """

    address: str
    dispatch_id: int
    slug: str
    after_all: str = ""


def spare_the_second(connection: Connection, log: DeliveryLog, contact_id: int) -> list[WaitingDelivery]:
    """Withhold, in the caller's transaction, what a journalist waits for at one address and has at another."""
    rows = connection.execute(had_already(rows_of(row_number(contact_id)), UNSENT_STATES)).all()
    log.withhold_some(connection, [row.delivery_id for row in rows], ELSEWHERE)
    return [WaitingDelivery(row.address, row.dispatch_id, row.slug) for row in rows]


def spared_for_nothing(connection: Connection, contact_ids: Iterable[int]) -> list[WaitingDelivery]:
    """What two who are no longer one were not sent as having it at another address, and do not have."""
    found = []
    for number in contact_ids:
        withheld = texts_to(rows_of(row_number(number)), [DeliveryState.WITHHELD], "withheld")
        has = texts_to(rows_of(row_number(number)), {*HAVE_IT, *OPEN_STATES}, "has")
        rows = connection.execute(
            select(withheld)
            .join(Delivery, col(Delivery.id) == withheld.c.delivery_id)
            .where(col(Delivery.reason) == ELSEWHERE, ~exists().where(is_one_text(withheld, has)))
            .order_by(withheld.c.delivery_id)
        )
        found += [
            WaitingDelivery(row.address, row.dispatch_id, row.slug, what_reaches(connection, row.delivery_id))
            for row in rows
        ]
    return found

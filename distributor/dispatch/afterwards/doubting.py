"""Recipients in doubt: whom of them the operator's word, or the setting, takes out of it, and as what."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, func, select
from sqlmodel import col

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.models import Attempt, Delivery
from distributor.settings import PREFIX, InDoubtPolicy
from distributor.states import ASSUMED_SENT, DeliveryState

_SETTLED_AS = {
    InDoubtPolicy.RESEND: (DeliveryState.QUEUED, "to be sent again"),
    InDoubtPolicy.ASSUME_SENT: (DeliveryState.ACCEPTED, ASSUMED_SENT),
}


def settle_doubts(
    database: Database, log: DeliveryLog, dispatch_id: int, policy: InDoubtPolicy, *, asked_by: str | None
) -> int:
    """Settle deliveries in doubt as the policy says; return how many. `hold` leaves them to a person.

    Unless a person has asked, «resend» sends to nobody more than once again: a server that never answers would else be
    sent the same message for ever.
    """
    if policy == InDoubtPolicy.HOLD:
        return 0
    settles = leaves_doubt(policy) if asked_by is None else col(Delivery.state) == DeliveryState.IN_DOUBT
    with database.reading() as connection:
        rows = connection.execute(
            select(col(Delivery.id)).where(col(Delivery.dispatch_id) == dispatch_id, settles)
        ).scalars()
        numbers = [number for number in rows if number is not None]
    by = f"the setting {PREFIX}IN_DOUBT" if asked_by is None else asked_by
    state, words = _SETTLED_AS[policy]
    return sum(log.settle_doubt(number, state, f"{words} by {by}") for number in numbers)


def leaves_doubt(policy: InDoubtPolicy) -> ColumnElement[bool]:
    """The condition that the policy, with nobody asking, takes a delivery out of doubt: with «resend» but once."""
    if policy == InDoubtPolicy.HOLD:
        return false()
    in_doubt = col(Delivery.state) == DeliveryState.IN_DOUBT
    if policy == InDoubtPolicy.ASSUME_SENT:
        return in_doubt
    silences = (
        select(func.count())
        .where(col(Attempt.delivery_id) == col(Delivery.id), col(Attempt.state) == DeliveryState.IN_DOUBT)
        .correlate(Delivery)
        .scalar_subquery()
    )
    return in_doubt & (silences < 2)

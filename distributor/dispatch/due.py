"""Which dispatches have something to send at this moment, and which of them goes first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, case, func, not_, or_, select
from sqlmodel import col

from distributor.deliveries.conditions import is_started, may_leave
from distributor.deliveries.leases import clock_of
from distributor.deliveries.steps import AHEAD
from distributor.deliveries.timing import cools
from distributor.dispatch.afterwards.doubting import leaves_doubt
from distributor.models import Account, Delivery, Dispatch
from distributor.settings import InDoubtPolicy
from distributor.states import UNDER_WAY, DeliveryState

_MAY_BE_DUE = (DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.IN_DOUBT)
_AT_ANY_TIME = datetime.min.replace(tzinfo=UTC)


def find_due(connection: Connection, now: datetime, in_doubt: InDoubtPolicy, accounts: Sequence[str] = ()) -> list[int]:
    """The dispatches that have something to send now; paused and cancelled ones excepted.

    The one whose hour (start, wave, end of an embargo) came last is first; those without are last, in order. With
    `accounts`, only those that go through one of them. `in_doubt` says whether whoever is in doubt is sent to again.
    """
    through = select(col(Account.id)).where(col(Account.name).in_(accounts))
    moment, ahead = clock_of(connection, now), now + AHEAD
    rows = connection.execute(
        select(
            col(Dispatch.id),
            col(Dispatch.scheduled_at),
            func.max(col(Delivery.not_before)),
            func.max(case((col(Delivery.embargo_until) <= moment, col(Delivery.embargo_until)))),
        )
        .join(Dispatch, col(Dispatch.id) == col(Delivery.dispatch_id))
        .where(
            is_started(),
            col(Dispatch.state).in_(UNDER_WAY),
            *([col(Dispatch.account_id).in_(through)] if accounts else []),
            col(Dispatch.waits_until).is_(None) | (col(Dispatch.waits_until) <= now),
            not_(cools()),
            col(Delivery.state).in_(_MAY_BE_DUE),  # for the index: what follows decides
            ((col(Delivery.state) == DeliveryState.QUEUED) & may_leave(moment))
            | leaves_doubt(in_doubt)
            | (
                (col(Delivery.state) == DeliveryState.DEFERRED)
                & or_(col(Delivery.next_attempt_at) <= now, col(Delivery.updated_at) > ahead)
                & may_leave(moment)
            ),
        )
        .group_by(col(Dispatch.id), col(Dispatch.scheduled_at))
        .order_by(col(Dispatch.id))
    ).all()
    came = {number: max((one for one in hours if one), default=_AT_ANY_TIME) for number, *hours in rows}
    return sorted(came, key=lambda number: came[number], reverse=True)

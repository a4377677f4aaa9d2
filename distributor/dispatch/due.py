"""Which dispatches have something to send at this moment, and which of them goes first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, case, func, not_, or_, select, union_all
from sqlmodel import col

from distributor.deliveries.conditions import is_started, may_leave
from distributor.deliveries.leases import clock_of
from distributor.deliveries.steps import AHEAD
from distributor.deliveries.timing import cools
from distributor.dispatch.afterwards.doubting import leaves_doubt
from distributor.models import Account, Delivery, Dispatch
from distributor.settings import InDoubtPolicy
from distributor.states import UNDER_WAY, DeliveryState

_AT_ANY_TIME = datetime.min.replace(tzinfo=UTC)


def find_due(connection: Connection, now: datetime, in_doubt: InDoubtPolicy, accounts: Sequence[str] = ()) -> list[int]:
    """The dispatches that have something to send now; paused and cancelled ones excepted.

    The one whose hour (start, wave, end of an embargo) came last is first; those without are last, in order. With
    `accounts`, only those that go through one of them. `in_doubt` says whether whoever is in doubt is sent to again.
    """
    through = select(col(Account.id)).where(col(Account.name).in_(accounts))
    moment, ahead = clock_of(connection, now), now + AHEAD
    state = col(Delivery.state)
    # Each for itself, state by state: of one condition over all of them PostgreSQL makes, for each dispatch, a search
    # through the deliveries of every other one.
    kinds = (
        (state == DeliveryState.QUEUED, may_leave(moment)),
        (state == DeliveryState.IN_DOUBT, leaves_doubt(in_doubt)),
        (
            state == DeliveryState.DEFERRED,
            or_(col(Delivery.next_attempt_at) <= now, col(Delivery.updated_at) > ahead),
            may_leave(moment),
        ),
    )
    found = (
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
            *kind,
        )
        .group_by(col(Dispatch.id), col(Dispatch.scheduled_at))
        for kind in kinds
    )
    hours: dict[int, list[datetime]] = defaultdict(list)
    for number, *came in connection.execute(union_all(*found)):
        hours[number] += [one for one in came if one]
    last = {number: max(came, default=_AT_ANY_TIME) for number, came in sorted(hours.items())}
    return sorted(last, key=lambda number: last[number], reverse=True)

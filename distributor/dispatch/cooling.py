"""The cool-down after a send: for a few seconds nothing leaves, and everything can still be recalled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.plan import cancel_dispatch
from distributor.errors import BadInput
from distributor.models import Dispatch
from distributor.states import COOLING, HAVE_IT, DeliveryState, DispatchState

_RECALLED = "recalled while it cooled down"


@dataclass(frozen=True, slots=True)
class Cooling:
    """Dispatches in their cool-down: those that still cool, and when the last of them may leave."""

    dispatch_ids: tuple[int, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a recall came to: how many get nothing, and how many had it already, or may have it."""

    withheld: int
    left: int


def cool_down(session: Session, dispatch_ids: Sequence[int], until: datetime) -> None:
    """Let nobody take these dispatches up before that moment: it is kept in their rows, whatever becomes of us."""
    for number in dispatch_ids:
        dispatch = session.get(Dispatch, number)
        assert dispatch is not None, "just planned"
        dispatch.waits_until, dispatch.waits_for = until, COOLING
        session.add(dispatch)


def read_cooling(database: Database, dispatch_ids: Sequence[int], now: datetime) -> Cooling | None:
    """Those of the dispatches that cool down at this moment; None when none does (any more)."""
    with database.reading() as connection:
        rows = connection.execute(
            select(col(Dispatch.id), col(Dispatch.waits_until)).where(
                col(Dispatch.id).in_(dispatch_ids),
                col(Dispatch.state) == DispatchState.PLANNED,
                col(Dispatch.waits_for) == COOLING,
                col(Dispatch.waits_until) > now,
            )
        ).all()
    moments = [until for _, until in rows if until is not None]
    if not moments:
        return None
    return Cooling(tuple(sorted(number for number, _ in rows if number is not None)), max(moments))


def recall(database: Database, log: DeliveryLog, dispatch_ids: Sequence[int], actor: str) -> Recalled:
    """Cancel all of these dispatches: whoever was to get them gets nothing. One that is over stays as it is."""
    withheld = 0
    for number in dispatch_ids:
        try:
            withheld += cancel_dispatch(database, log, number, actor, _RECALLED)
        except BadInput:  # somebody was quicker
            continue
    stood = [log.standing(number) for number in dispatch_ids]
    has_left = HAVE_IT | {DeliveryState.SENDING}
    left = sum(many for one in stood for state, many in one.counts.items() if state in has_left)
    return Recalled(withheld, left)

"""The cool-down after a send: for a few seconds nothing leaves, and everything can still be recalled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update
from sqlmodel import Session, col

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.timing import cools, left_cooling
from distributor.dispatch.calling import cancel_dispatch
from distributor.dispatch.hours.schedule import BY_ITSELF, TakenUp, audit_hour
from distributor.errors import BadInput
from distributor.models import Dispatch
from distributor.states import COOLING, HAVE_IT, HELD, LEFT_AFTER, LEFT_COOLING, DeliveryState, DispatchState

_RECALLED = "recalled while it cooled down"


@dataclass(frozen=True, slots=True)
class Cooling:
    """Dispatches in their cool-down: those that nobody has taken up, and when the last of them may leave."""

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
        dispatch = session.get_one(Dispatch, number)
        dispatch.waits_until, dispatch.waits_for = until, COOLING
        session.add(dispatch)


def read_cooling(database: Database, dispatch_ids: Sequence[int]) -> Cooling | None:
    """Those of the dispatches that cool down, or have and were not taken up since; None when all were."""
    with database.reading() as connection:
        rows = connection.execute(
            select(col(Dispatch.id), col(Dispatch.waits_until)).where(col(Dispatch.id).in_(dispatch_ids), cools())
        ).all()
    moments = [until for _, until in rows if until is not None]
    if not moments:
        return None
    return Cooling(tuple(sorted(number for number, _ in rows if number is not None)), max(moments))


def was_left(dispatch: Dispatch, now: datetime) -> bool:
    """Whether a dispatch was left in its cool-down: nobody sends it but whoever says so now."""
    if dispatch.state == DispatchState.PAUSED:
        return dispatch.pause_reason == LEFT_COOLING
    is_cooling = dispatch.state == DispatchState.PLANNED and dispatch.waits_for == COOLING
    return is_cooling and dispatch.waits_until is not None and dispatch.waits_until < now - LEFT_AFTER


def end_cool_down(database: Database, dispatch_ids: Sequence[int]) -> None:
    """Let these dispatches leave: from here on whoever works may carry them. The last of several may wait for long."""
    with database.transaction() as connection:
        connection.execute(
            update(Dispatch).where(cools(), col(Dispatch.id).in_(dispatch_ids)).values(waits_until=None, waits_for="")
        )


def hold(database: Database, dispatch_ids: Sequence[int], actor: str, now: datetime) -> list[int]:
    """Hold those of the dispatches that have not been taken up since they cooled down, or still do; return them."""
    with database.transaction() as connection:
        return _hold(connection, col(Dispatch.id).in_(dispatch_ids), actor, now)


def hold_left(database: Database, now: datetime) -> TakenUp:
    """Hold whatever its command left in its cool-down, killed or asleep; return that, each with why."""
    is_left = left_cooling(now)
    with database.reading() as connection:
        if connection.execute(select(col(Dispatch.id)).where(is_left).limit(1)).first() is None:
            return TakenUp()
    with database.transaction() as connection:
        held = _hold(connection, is_left, BY_ITSELF, now)
    return TakenUp(missed=tuple((number, LEFT_COOLING.removeprefix(HELD)) for number in held))


def _hold(connection: Connection, which: ColumnElement[bool], actor: str, now: datetime) -> list[int]:
    rows = connection.execute(
        update(Dispatch)
        .where(cools(), which)
        .values(state=DispatchState.PAUSED, pause_reason=LEFT_COOLING, waits_until=None, waits_for="")
        .returning(col(Dispatch.id))
    )
    held = sorted(number for number in rows.scalars() if number is not None)
    for number in held:
        audit_hour(connection, "dispatches.hold", number, {}, now, actor=actor)
    return held


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

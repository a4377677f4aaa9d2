"""A dispatch put down: its row says that it is done, or paused, or stopped, or what it waits for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, case, exists, func, not_, select, update
from sqlmodel import col

from distributor.deliveries.dispatches import has_deliveries
from distributor.dispatch.afterwards.doubting import leaves_doubt
from distributor.dispatch.result import CalledOff, CutOff, GivesWay, Paused, RanOut, RunResult, StandsStill
from distributor.models import Delivery, Dispatch
from distributor.settings import InDoubtPolicy
from distributor.states import CUT_OFF, GAVE_WAY, IN_HAND, OPEN_STATES, UNDER_WAY, DeliveryState, DispatchState

_STOPPED = "stopped by its user"
"""What a running dispatch's row says when its command was stopped in order and nobody carries it."""


def close(connection: Connection, dispatch_id: int, result: RunResult, now: datetime) -> None:
    """Write how a dispatch stands after a run.

    What another command said of it meanwhile is kept, and is the end that `result` tells; so is its cut-off.
    """
    which = col(Dispatch.id) == dispatch_id
    running = which & (col(Dispatch.state) == DispatchState.RUNNING)
    # One that was done, and of which nobody was left to send to, was done at its hour.
    finished_at = now if result.outcomes else func.coalesce(col(Dispatch.finished_at), now)
    # Nobody waits any more, looked at as it is written: another worker may have queued somebody this moment.
    # Where another one paused it meanwhile, there is nothing left to pause.
    connection.execute(
        update(Dispatch)
        .where(
            which,
            col(Dispatch.state).in_([DispatchState.RUNNING, DispatchState.PAUSED]),
            not_(has_deliveries(OPEN_STATES)),
        )
        .values(state=DispatchState.DONE, pause_reason="", finished_at=finished_at)
    )
    values: dict[str, object]
    match result.end:
        case Paused(because):
            values = {"state": DispatchState.PAUSED, "pause_reason": because}
        case StandsStill(wait):
            values = {"waits_until": wait.until, "waits_for": wait.why}
        case GivesWay() if not result.stopped:
            values = {"waits_for": GAVE_WAY}
        case _:
            # By somebody else: ours are back.
            is_carried = has_deliveries(IN_HAND)
            values = {"pause_reason": case((is_carried, ""), else_=_STOPPED) if result.stopped else ""}
    connection.execute(update(Dispatch).where(running).values(**values))
    state, reason = connection.execute(select(col(Dispatch.state), col(Dispatch.pause_reason)).where(which)).one()
    late = connection.execute(
        select(func.count()).where(
            col(Delivery.dispatch_id) == dispatch_id,
            col(Delivery.state) == DeliveryState.WITHHELD,
            col(Delivery.reason) == CUT_OFF,
        )
    ).scalar_one()
    if state == DispatchState.PAUSED:
        result.ends(Paused(reason))
    elif state == DispatchState.CANCELLED and isinstance(result.end, Paused | StandsStill):
        result.end = CutOff(late) if late else CalledOff()
    elif isinstance(result.end, RanOut | CalledOff) and late:
        result.end = CutOff(late)
    elif isinstance(result.end, CalledOff) and state == DispatchState.RUNNING:
        result.end = RanOut()  # it was resumed meanwhile, and whoever did so carries it


def close_left(connection: Connection, in_doubt: InDoubtPolicy, now: datetime) -> list[int]:
    """Close the dispatches of which only the last word was missing, and return them; reopen where somebody waits.

    One in doubt is waited for by nobody, and may be sent to again after all: so says a worker that had been taken for
    dead, or a person in the very moment in which somebody closes the dispatch.
    """
    connection.execute(
        update(Dispatch)
        .where(col(Dispatch.state) == DispatchState.DONE, has_deliveries(OPEN_STATES))
        .values(state=DispatchState.RUNNING, finished_at=None)
    )
    of_it = col(Delivery.dispatch_id) == col(Dispatch.id)
    ended = connection.execute(
        update(Dispatch)
        .where(
            col(Dispatch.state) == DispatchState.RUNNING,
            not_(exists().where(of_it, col(Delivery.state).in_(list(OPEN_STATES)) | leaves_doubt(in_doubt))),
        )
        .values(state=DispatchState.DONE, finished_at=now)
        .returning(col(Dispatch.id))
    ).scalars()
    return [number for number in ended if number is not None]


def set_aside(connection: Connection, dispatch_id: int, reason: str) -> None:
    """Pause a dispatch that cannot go on as it stands, and keep why."""
    connection.execute(
        update(Dispatch)
        .where(col(Dispatch.id) == dispatch_id, col(Dispatch.state).in_(UNDER_WAY))
        .values(state=DispatchState.PAUSED, pause_reason=reason)
    )

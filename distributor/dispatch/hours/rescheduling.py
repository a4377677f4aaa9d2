"""What a person decides about the hour of a dispatch that has not begun: another one, or the same again."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from distributor import clock
from distributor.db.bell import ring
from distributor.db.engine import Database
from distributor.deliveries.leases import clock_of
from distributor.deliveries.timing import count_from_start, held
from distributor.dispatch.hours.schedule import not_before
from distributor.errors import BadInput
from distributor.models import Audit, Dispatch, Release, ReleaseVersion
from distributor.states import OVER, DispatchState


def may_begin(dispatch: Dispatch) -> bool:
    """Whether a dispatch has not begun, and may yet."""
    return dispatch.started_at is None and dispatch.state not in {*OVER, DispatchState.RUNNING}


def check_reschedulable(session: Session, dispatch: Dispatch) -> None:
    """Raise `BadInput` for a dispatch that is over, or of which something may have left: its hour is past.

    Where people wait for the end of its embargo it says how to move that, which is what was meant.
    """
    if dispatch.state in OVER:
        raise BadInput(
            f"Dispatch {dispatch.id} is {dispatch.state}: there is nothing left to start.",
            mend=f"See: distributor dispatches show {dispatch.id}",
        )
    if dispatch.started_at is not None or dispatch.state == DispatchState.RUNNING:
        _require_no_embargo(session, dispatch)
        raise BadInput(
            f"Dispatch {dispatch.id} has begun, so its start cannot be put off any more.",
            mend=f"To stop it: distributor dispatches pause {dispatch.id}",
        )


def _require_no_embargo(session: Session, dispatch: Dispatch) -> None:
    assert dispatch.id is not None, "it was read"
    connection = session.connection()
    waiting = held(connection, [dispatch.id], clock_of(connection, clock.now()))
    many = sum(one.many for one in waiting if one.by_embargo)
    if many:
        version = session.get_one(ReleaseVersion, dispatch.release_version_id)
        slug = session.get_one(Release, version.release_id).slug
        who = "1 recipient waits" if many == 1 else f"{many} recipients wait"
        raise BadInput(
            f"Dispatch {dispatch.id} has begun; {who} for the end of its embargo.",
            mend=f"To move that: distributor releases embargo {slug} --at WHEN",
        )


def reschedule(session: Session, dispatch_id: int, start: datetime, not_after: datetime | None, actor: str) -> None:
    """Let a dispatch that has not begun start at `start`, and be cut off at `not_after`; raises as above."""
    dispatch = session.get_one(Dispatch, dispatch_id, with_for_update=True, populate_existing=True)
    check_reschedulable(session, dispatch)
    before = dispatch.scheduled_at
    dispatch.state, dispatch.pause_reason = DispatchState.PLANNED, ""
    dispatch.scheduled_at, dispatch.not_after = start, not_after
    dispatch.message_date = start.replace(microsecond=0)
    dispatch.waits_until, dispatch.waits_for = None, ""  # it had cooled down, or need not any more
    session.add(dispatch)
    session.flush()
    count_from_start(session.connection(), dispatch_id, start)
    moments = {"from": before, "to": start, "not_after": not_after}
    details = {name: moment.isoformat() for name, moment in moments.items() if moment is not None}
    session.add(Audit(actor=actor, action="dispatches.reschedule", subject=str(dispatch_id), details=details))
    ring(session.connection())


def put_back(database: Database, dispatch_id: int, moment: datetime, zone: ZoneInfo, actor: str) -> datetime | None:
    """Let a dispatch that was paused before its hour wait for it again; return the hour, None for any other dispatch.

    Raises `Refused` for one that waits for its hour already.
    """
    with database.session() as session:
        dispatch = session.get(Dispatch, dispatch_id, with_for_update=True)
        if dispatch is None or dispatch.scheduled_at is None or dispatch.started_at is not None:
            return None
        if dispatch.state in OVER or dispatch.scheduled_at <= moment:
            return None
        if dispatch.state != DispatchState.PAUSED:
            raise not_before(dispatch, zone)
        dispatch.state, dispatch.pause_reason = DispatchState.PLANNED, ""
        session.add(dispatch)
        session.add(Audit(actor=actor, action="dispatches.resume", subject=str(dispatch_id)))
        ring(session.connection())
        return dispatch.scheduled_at

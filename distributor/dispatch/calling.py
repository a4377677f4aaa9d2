"""Calling a dispatch off, from any terminal, also while it runs: pausing it, stopping it at once, cancelling it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, false, select, update
from sqlmodel import Session, col

from distributor.db.engine import Database
from distributor.deliveries.dispatches import has_deliveries
from distributor.deliveries.log import DeliveryLog
from distributor.errors import BadInput
from distributor.models import Audit, Dispatch, Release, ReleaseVersion
from distributor.states import NOT_OVER, OVER, OVERTAKEN, PAUSED_BY, UNDER_WAY, DeliveryState, DispatchState

_dispatch = Dispatch.__table__

STOPPED_BY = "stopped at once by "
"""As `states.PAUSED_BY`, where what was on the wire was cut off."""

CORRECTED_BY = "corrected by "
"""How the reason begins of what was withheld because its text was corrected before it left."""

WITHDRAWN_BY = "withdrawn by "
"""The same, where the text was withdrawn and nothing comes in its place."""

CANCELLED = "cancelled"
"""The reason of whoever waited on a dispatch that a person cancelled."""


class CallOff(StrEnum):
    """Whether a running dispatch was called off meanwhile, and what becomes of the message on the wire.

    `FOR_A_START` is no wish of a person: another dispatch's hour has come, and this one goes on behind it.
    """

    NO = "no"
    IN_ORDER = "in_order"
    AT_ONCE = "at_once"
    FOR_A_START = "for_a_start"


def read_call(database: Database, dispatch_id: int, moment: Callable[[Connection], datetime] | None = None) -> CallOff:
    """Whether somebody cancelled, paused or stopped the dispatch; with `moment`, also whether its cut-off has come."""
    with database.reading() as connection:
        state, reason, not_after = connection.execute(
            select(_dispatch.c.state, _dispatch.c.pause_reason, _dispatch.c.not_after).where(
                _dispatch.c.id == dispatch_id
            )
        ).one()
        is_over = moment is not None and not_after is not None and not_after <= moment(connection)
    if state == DispatchState.PAUSED:
        return CallOff.AT_ONCE if reason.startswith(STOPPED_BY) else CallOff.IN_ORDER
    return CallOff.IN_ORDER if is_over or state == DispatchState.CANCELLED else CallOff.NO


def is_by_a_person(reason: str) -> bool:
    """Whether a pause was somebody's wish, rather than the account's trouble."""
    return reason.startswith((PAUSED_BY, STOPPED_BY))


def is_for_its_dispatch(reason: str) -> bool:
    """Whether a delivery was withheld for its dispatch's sake, and not for its addressee's."""
    return reason in (CANCELLED, OVERTAKEN) or reason.startswith((CORRECTED_BY, WITHDRAWN_BY))


def corrected_by(pause_reason: str) -> str:
    """The short name of the correction that ended a dispatch, from its row; "" where none did."""
    return pause_reason.removeprefix(CORRECTED_BY).strip("«»") if pause_reason.startswith(CORRECTED_BY) else ""


def withheld_for(pause_reason: str) -> str:
    """The reason of whoever still waited on a cancelled dispatch, from its row."""
    return pause_reason if is_for_its_dispatch(pause_reason) else CANCELLED


def pause_dispatch(database: Database, dispatch_id: int, actor: str, because: str) -> None:
    """Pause a dispatch by a person's wish: nothing more of it begins to leave, what is on the wire is finished.

    Raises `BadInput` for one that is paused, done or cancelled already.
    """
    if not pause_dispatches(database, [dispatch_id], actor, because):
        raise BadInput(
            f"Dispatch {dispatch_id} is not under way, so there is nothing to pause.",
            mend=f"See: distributor dispatches show {dispatch_id}",
        )


def pause_dispatches(database: Database, dispatch_ids: Iterable[int], actor: str, because: str) -> list[int]:
    """Pause those of these dispatches that are under way, in order, and return them; there may be none."""
    with database.session() as session:
        return pause_within(session, dispatch_ids, actor, because)


def pause_within(session: Session, dispatch_ids: Iterable[int], actor: str, because: str) -> list[int]:
    """As `pause_dispatches`, in the session's transaction."""
    reason = _reason(PAUSED_BY, actor, because)
    wanted = list(dispatch_ids)
    which = _dispatch.c.state.in_(UNDER_WAY) & _dispatch.c.id.in_(wanted)
    subject = ", ".join(map(str, wanted))
    audit = Audit(actor=actor, action="dispatches.pause", subject=subject, details={"because": because})
    return _call_off(session, which, reason, audit) if wanted else []


def being_corrected(slug: str) -> str:
    """Why what is sent of a release is paused as soon as its correction is begun."""
    return f"«{slug}» is being corrected"


def stop_dispatches(database: Database, dispatch_ids: Iterable[int], actor: str, because: str = "") -> list[int]:
    """Stop these dispatches, or all that are under way; return those stopped. What is on the wire is cut off."""
    reason = _reason(STOPPED_BY, actor, because)
    wanted = list(dispatch_ids)
    which: ColumnElement[bool] = _dispatch.c.state.in_(UNDER_WAY)
    if wanted:  # one that is paused in order, with a message still on the wire, is stopped too
        which = _dispatch.c.state.in_(NOT_OVER) & _dispatch.c.id.in_(wanted)
    named = ", ".join(map(str, wanted)) or "all"
    audit = Audit(actor=actor, action="dispatches.stop", subject=named, details={"because": because})
    with database.session() as session:
        return _call_off(session, which, reason, audit)


def check_cancellable(dispatch_id: int, state: str) -> None:
    """Raise `BadInput` for a dispatch that has nothing left to cancel."""
    if state == DispatchState.DONE:
        raise BadInput(
            f"Dispatch {dispatch_id} is done: nobody waits any more, and what has left has left.",
            mend=f"See: distributor report {dispatch_id}",
        )
    if state == DispatchState.CANCELLED:
        raise BadInput(f"Dispatch {dispatch_id} is cancelled already.", mend=f"See: distributor report {dispatch_id}")


def cancel_dispatch(database: Database, log: DeliveryLog, dispatch_id: int, actor: str, because: str = "") -> int:
    """Cancel a dispatch: whoever waits is withheld; return how many. What is on the wire is finished and recorded.

    `because` is logged. Another command that carries it begins no further message. Raises `BadInput` for one that is
    done or cancelled.
    """
    with database.session() as session:
        dispatch = session.get_one(Dispatch, dispatch_id, with_for_update=True)
        check_cancellable(dispatch_id, dispatch.state)
        dispatch.state = DispatchState.CANCELLED
        session.add(dispatch)
        details = {"because": because} if because else {}
        session.add(Audit(actor=actor, action="dispatches.cancel", subject=str(dispatch_id), details=details))
    return log.withhold(dispatch_id, CANCELLED)


def unfinished(session: Session, release_ids: Sequence[int], *, doubtful: bool = False) -> list[int]:
    """The dispatches of these releases and of their follow-ups, without tests, that are not at their end.

    `doubtful` are, too, those that are done and have somebody in doubt: to settle a doubt may be to send again.
    """
    in_doubt = has_deliveries((DeliveryState.IN_DOUBT,))
    is_done = col(Dispatch.state) == DispatchState.DONE
    numbers = session.scalars(
        select(col(Dispatch.id))
        .join(ReleaseVersion, col(ReleaseVersion.id) == col(Dispatch.release_version_id))
        .join(Release, col(Release.id) == col(ReleaseVersion.release_id))
        .where(
            col(Release.id).in_(release_ids) | col(Release.follows_up_id).in_(release_ids),  # it has the text below
            col(Dispatch.is_test).is_(False),
            col(Dispatch.state).not_in(OVER) | (is_done & in_doubt if doubtful else false()),
        )
        .order_by(col(Dispatch.id))
    )
    return [number for number in numbers if number is not None]


def end_dispatches(session: Session, log: DeliveryLog, dispatch_ids: Sequence[int], reason: str, actor: str) -> int:
    """Cancel these dispatches, in the session's transaction, with every claim taken away; return how many waited.

    `reason` is what takes their place: it stands in each row, and in the delivery of whoever waited.
    """
    if not dispatch_ids:
        return 0
    session.connection().execute(
        update(_dispatch)
        .where(_dispatch.c.id.in_(dispatch_ids))
        .values(state=DispatchState.CANCELLED, pause_reason=reason)
    )
    for number in dispatch_ids:
        session.add(Audit(actor=actor, action="dispatches.cancel", subject=str(number), details={"because": reason}))
    session.flush()
    return log.withhold_waiting(session.connection(), dispatch_ids, reason)


def _reason(prefix: str, actor: str, because: str) -> str:
    return f"{prefix}{actor}" + (f": {because.strip()}" if because.strip() else "")


def _call_off(session: Session, which: ColumnElement[bool], reason: str, audit: Audit) -> list[int]:
    """Pause these dispatches with that reason, in the session's transaction; return their numbers."""
    found = session.connection().execute(
        update(_dispatch).where(which).values(state=DispatchState.PAUSED, pause_reason=reason).returning(_dispatch.c.id)
    )
    numbers = sorted(found.scalars())
    if numbers:
        session.add(audit)
    return numbers

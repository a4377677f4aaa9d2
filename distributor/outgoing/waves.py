"""Letting the next wave of a dispatch leave before its hour."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlmodel import col

from distributor import clock
from distributor.deliveries.leases import clock_of
from distributor.deliveries.timing import count_from, held, set_start
from distributor.dispatch.hours.instants import say_instant
from distributor.errors import BadInput, Refused, require_as_asked
from distributor.models import Audit, Delivery, Dispatch
from distributor.reports import queries
from distributor.reports.dispatch_row import DispatchRow
from distributor.reports.queries_waves import WaveRow
from distributor.states import UNDER_WAY, DeliveryState
from distributor.wiring import Workspace, actor


def next_wave(workspace: Workspace, dispatch_id: int) -> WaveRow:
    """The wave of a dispatch that waits for its hour before the others.

    Raises `BadInput` where there is none, `Refused` where the dispatch has not begun, or the embargo lets nobody leave.
    """
    with workspace.database.reading() as connection:
        return _next_wave(workspace, connection, dispatch_id)[1]


def release_wave(workspace: Workspace, dispatch_id: int, number: int) -> None:
    """Let the wave of that number leave now.

    Raises as `next_wave`, and `Refused` where another one is next, or the embargo lets nobody of it leave.
    """
    with workspace.database.session() as session:
        session.get(Dispatch, dispatch_id, with_for_update=True)
        connection = session.connection()
        row, wave = _next_wave(workspace, connection, dispatch_id)
        require_as_asked(number, wave.number, "which wave is next")
        moment = clock_of(connection, clock.now())
        set_start(connection, dispatch_id, wave.number, moment)
        count_from(connection, dispatch_id, wave.number, moment)
        mine = [one for one in held(connection, [dispatch_id], moment) if one.wave == wave.number]
        everyone = connection.execute(
            select(func.count()).where(col(Delivery.dispatch_id) == dispatch_id, col(Delivery.wave) == wave.number)
        ).scalar_one()
        if mine and sum(one.many for one in mine) == everyone:
            raise _embargoed(workspace, row.slug, max(one.until for one in mine))
        details = {"wave": wave.number, "name": wave.name, "planned": wave.starts_at and wave.starts_at.isoformat()}
        session.add(Audit(actor=actor(), action="dispatches.release", subject=str(dispatch_id), details=details))
    workspace.tell_of("dispatch.released", dispatch_id)


def _next_wave(workspace: Workspace, connection: Connection, dispatch_id: int) -> tuple[DispatchRow, WaveRow]:
    """A dispatch and the wave of it that waits for its hour before the others; raises where there is none."""
    row = queries.find_dispatch(connection, dispatch_id)
    now = clock_of(connection, clock.now())
    waiting = held(connection, [dispatch_id], now)
    if row.state not in UNDER_WAY:
        raise BadInput(
            f"Dispatch {dispatch_id} is {row.state}; no wave of it waits for its hour.",
            mend=f"See: distributor dispatches show {dispatch_id}",
        )
    if row.is_scheduled:
        raise Refused(
            f"Dispatch {dispatch_id} has not begun, so no wave of it leaves.",
            mend=f"To start it now: distributor dispatches reschedule {dispatch_id} --at now",
        )
    # One that has begun may be among them: by a clock that was ahead then, or is behind now.
    coming = (one for one in row.waves if one.starts_at and one.starts_at > now)
    wave = next((one for one in coming if one.counts.get(DeliveryState.QUEUED)), None)  # one with nobody left is none
    if wave is None and any(one.by_embargo for one in waiting):
        raise _embargoed(workspace, row.slug, max(one.until for one in waiting))
    if wave is None:
        raise BadInput(
            f"No wave of dispatch {dispatch_id} waits for its hour.",
            mend=f"See: distributor dispatches show {dispatch_id}",
        )
    return row, wave


def _embargoed(workspace: Workspace, slug: str, until: datetime) -> Refused:
    return Refused(
        f"Those who wait have not agreed to the embargo, which ends {say_instant(until, workspace.settings.timezone)};"
        " nobody leaves before.",
        mend=f"To lift it now: distributor releases embargo {slug} --lift",
    )

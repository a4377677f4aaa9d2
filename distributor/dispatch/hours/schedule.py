"""A dispatch's hours: started to the second, held when its start comes too late, cut off when its time is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, exists, func, insert, not_, or_, select, true, update

from distributor.db.engine import Database
from distributor.deliveries.conditions import was_tried
from distributor.deliveries.dispatches import has_deliveries
from distributor.deliveries.leases import clock_of
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.missed import Missed, missed
from distributor.deliveries.roster import Roster
from distributor.dispatch.hours.instants import say_instant
from distributor.errors import Refused
from distributor.models import Account, Audit, Delivery, Dispatch, Wave
from distributor.states import HELD, NOT_OVER, OPEN_STATES, UNDER_WAY, DispatchState

_dispatch = Dispatch.__table__
_delivery = Delivery.__table__
_account = Account.__table__
_audit = Audit.__table__
_wave = Wave.__table__

BY_ITSELF = "distributor work"
"""Who acts, in the audit, when it is the hour and no person."""

_SCHEDULED = (_dispatch.c.state == DispatchState.PLANNED) & _dispatch.c.scheduled_at.is_not(None)
_NOT_BEGUN = _dispatch.c.started_at.is_(None)


@dataclass(frozen=True, slots=True)
class TakenUp:
    """What became of the dispatches whose hour has come: those that start now, and those held, each with why.

    Of the `missed` a part has begun, or would have at once, and a wave or the end of an embargo came too late.
    """

    started: tuple[int, ...] = ()
    held: tuple[tuple[int, str], ...] = ()
    missed: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The hours of a workspace's dispatches. `late` is how late a start may be.

    On PostgreSQL nothing starts before the database's clock says so too: that of one machine may be fast.
    """

    database: Database
    log: DeliveryLog
    timezone: ZoneInfo
    late: timedelta
    now: Callable[[], datetime]

    def seconds_to_next(self, most: float) -> float:
        """How long until the next start or cut-off, in seconds, at most `most`."""
        with self.database.reading() as connection:
            moment = self._moment(connection)
            going = _dispatch.c.state.in_(UNDER_WAY)
            nexts = (
                connection.execute(select(func.min(column)).where(which, column > moment)).scalar()
                for column, which in ((_dispatch.c.scheduled_at, _SCHEDULED), (_dispatch.c.not_after, going))
            )
            waits: list[float] = [(one - moment).total_seconds() for one in nexts if one is not None]
        return min([most, *waits])

    def has_due(self) -> bool:
        """Whether a start has come that nobody has taken up."""
        with self.database.reading() as connection:
            due = exists().where(self._is_due(self._moment(connection)))
            return bool(connection.execute(select(due)).scalar_one())

    def take_up(self, roster: Roster | None = None) -> TakenUp:
        """Start what is due, all of it at once, whatever is being carried; hold what comes too late, and say why.

        Whoever only begins to work gives the `roster`: a dispatch that was started, of which nothing has been tried and
        which nobody who is awake can be about to carry, is then held as well once it is late.
        """
        if roster is None and not self.has_due():
            return TakenUp()
        started, held = [], []
        with self.database.transaction() as connection:
            moment = self._moment(connection)
            which = self._is_due(moment)
            if roster is not None:
                which = or_(which, self._is_left_lying(moment) & not_(_in_hand_of(roster.awake())))
            for row in connection.execute(
                select(_dispatch.c.id, _dispatch.c.scheduled_at, _dispatch.c.state)
                .where(which)
                .order_by(_dispatch.c.scheduled_at, _dispatch.c.id)
                .with_for_update(skip_locked=True)
            ).all():
                if self.is_late(row.scheduled_at, moment):
                    held.append((row.id, self._hold(connection, row.id, row.scheduled_at, moment)))
                elif row.state == DispatchState.PLANNED:
                    self._start(connection, row.id, moment)
                    started.append(row.id)
        return TakenUp(tuple(started), tuple(held))

    def hold_missed(self, since: datetime, in_hand: Callable[[Missed], bool]) -> TakenUp:
        """Hold the dispatches of which a wave, or the end of an embargo, was late already when we came, at `since`.

        Not those that are `in_hand`: of another process, which has been there. What comes late because much is ahead of
        it is not missed, and what has begun to leave goes on.
        """
        held = []
        with self.database.transaction() as connection:
            moment = self._moment(connection)
            for one in missed(connection, moment):
                if self.is_late(one.since, since) and not in_hand(one):
                    why = self._why_missed(connection, one, moment)
                    if self._hold_under_way(connection, one, why, moment):
                        held.append((one.dispatch_id, why))
        return TakenUp(missed=tuple(held))

    def is_late(self, scheduled_at: datetime, moment: datetime) -> bool:
        """Whether a start at `moment` comes too late: by the setting, or on another day than was proved."""
        is_another_day = scheduled_at.astimezone(self.timezone).date() != moment.astimezone(self.timezone).date()
        return moment - scheduled_at > self.late or (moment > scheduled_at and is_another_day)

    def cut_off(self) -> dict[int, int]:
        """Withhold whoever has not left of dispatches whose time is over; return how many of each."""
        with self.database.reading() as connection:
            moment = self.log.moment(connection)
            rows = connection.execute(
                select(_dispatch.c.id, _dispatch.c.not_after).where(
                    _dispatch.c.not_after <= moment,
                    _dispatch.c.state.in_(NOT_OVER),
                )
            ).all()
        return {row.id: self._cut(row.id, row.not_after, moment) for row in rows}

    def _is_due(self, moment: datetime) -> ColumnElement[bool]:
        """The condition that a dispatch's start has come, and nobody has taken it up."""
        return and_(_SCHEDULED, _NOT_BEGUN, _dispatch.c.scheduled_at <= moment)

    def _is_left_lying(self, moment: datetime) -> ColumnElement[bool]:
        """The condition that a dispatch was started late ago, and that nothing of it has been tried."""
        tried = exists().where(_delivery.c.dispatch_id == _dispatch.c.id, was_tried())
        return and_(
            _dispatch.c.state == DispatchState.RUNNING,
            _dispatch.c.scheduled_at < moment - self.late,
            _dispatch.c.waits_until.is_(None),
            not_(tried),
        )

    def _start(self, connection: Connection, dispatch_id: int, moment: datetime) -> None:
        """Whoever receives it reads, in the Date field, when it started; nothing of it has left before."""
        connection.execute(
            update(_dispatch)
            .where(_dispatch.c.id == dispatch_id)
            .values(state=DispatchState.RUNNING, started_at=moment, message_date=moment.replace(microsecond=0))
        )

    def _hold(self, connection: Connection, dispatch_id: int, start: datetime, moment: datetime) -> str:
        """Hold a dispatch that would start too late; return why."""
        until = f"{moment.astimezone(self.timezone):%Y-%m-%d %H:%M}"
        why = f"it was to start on {say_instant(start, self.timezone)}, and nobody was at work until {until}"
        connection.execute(
            update(_dispatch)
            .where(_dispatch.c.id == dispatch_id)
            .values(state=DispatchState.PAUSED, pause_reason=HELD + why, started_at=None)
        )
        audit_hour(connection, "dispatches.hold", dispatch_id, {"scheduled_at": start.isoformat()}, moment)
        return why

    def _hold_under_way(self, connection: Connection, one: Missed, why: str, moment: datetime) -> bool:
        """Hold a dispatch that was under way; return whether it was, still."""
        going = _dispatch.c.state.in_(UNDER_WAY)
        held = connection.execute(
            update(_dispatch)
            .where(_dispatch.c.id == one.dispatch_id, going)
            .values(state=DispatchState.PAUSED, pause_reason=HELD + why, waits_until=None, waits_for="")
        )
        if not held.rowcount:
            return False
        details = {"wave": one.wave, "embargo" if one.by_embargo else "starts_at": one.since.isoformat()}
        audit_hour(connection, "dispatches.hold", one.dispatch_id, details, moment)
        return True

    def _why_missed(self, connection: Connection, one: Missed, moment: datetime) -> str:
        hour = say_instant(one.since, self.timezone)
        until = f"and nobody was at work until {moment.astimezone(self.timezone):%Y-%m-%d %H:%M}"
        if one.by_embargo:
            return f"its embargo was over on {hour}, {until}"
        which = (_wave.c.dispatch_id == one.dispatch_id) & (_wave.c.number == one.wave)
        name = connection.execute(select(_wave.c.name).where(which)).scalar()
        who = f"wave {one.wave}, {name}," if name else "the rest"
        return f"{who} was to leave on {hour}, {until}"

    def _cut(self, dispatch_id: int, not_after: datetime, moment: datetime) -> int:
        """Withhold who is left of one dispatch; it is done once nothing of it is on the wire either."""
        withheld = self.log.cut_off(dispatch_id, moment)
        with self.database.transaction() as connection:
            connection.execute(
                update(_dispatch)
                .where(
                    _dispatch.c.id == dispatch_id, _dispatch.c.state.in_(NOT_OVER), not_(has_deliveries(OPEN_STATES))
                )
                .values(state=DispatchState.DONE, pause_reason="", finished_at=moment)
            )
            if withheld:
                details = {"not_after": not_after.isoformat(), "withheld": withheld}
                audit_hour(connection, "dispatches.cut_off", dispatch_id, details, moment)
        return withheld

    def _moment(self, connection: Connection) -> datetime:
        return min(self.now(), clock_of(connection, self.now()))


def _in_hand_of(workers: Sequence[Mapping[str, Any]]) -> ColumnElement[bool]:
    """The condition that one of these workers may be about to carry a dispatch: it sends through its account."""
    if any(not one["accounts"] for one in workers):
        return true()
    names = {name for one in workers for name in one["accounts"]}
    account_id: ColumnElement[int] = _dispatch.c.account_id
    return account_id.in_(select(_account.c.id).where(_account.c.name.in_(names)))


def begin(dispatch: Dispatch, moment: datetime, zone: ZoneInfo) -> None:
    """Let a dispatch begin at `moment`, unless it has begun: its messages bear the hour at which it starts.

    Raises `Refused` before the hour that it is scheduled for, whoever asks.
    """
    if dispatch.started_at is not None:
        return
    if dispatch.scheduled_at is not None:
        if moment < dispatch.scheduled_at:
            raise not_before(dispatch, zone)
        dispatch.message_date = moment.replace(microsecond=0)
    dispatch.started_at = moment


def not_before(dispatch: Dispatch, zone: ZoneInfo) -> Refused:
    """That a dispatch waits for its hour."""
    assert dispatch.scheduled_at is not None, "only such a one waits"
    return Refused(
        f"Dispatch {dispatch.id} starts on {say_instant(dispatch.scheduled_at, zone)}; nothing of it leaves before.",
        mend=f"To start it now: distributor dispatches reschedule {dispatch.id} --at now",
    )


def audit_hour(
    connection: Connection,
    action: str,
    dispatch_id: int,
    details: dict[str, Any],
    moment: datetime,
    *,
    actor: str = BY_ITSELF,
) -> None:
    """Audit what became of a dispatch's hour, by nobody's word or by that of `actor`."""
    connection.execute(
        insert(_audit).values(at=moment, actor=actor, action=action, subject=str(dispatch_id), details=details)
    )

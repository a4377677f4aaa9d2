"""The upkeep of a workspace's dispatches: what others left or missed is settled, and it is told what is due."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select
from sqlmodel import col

from distributor import clock
from distributor.db.engine import Database
from distributor.deliveries.leases import clock_of
from distributor.deliveries.log import DeliveryLog, Recovery, Standing
from distributor.deliveries.missed import Missed
from distributor.deliveries.roster import Roster, has_in_hand, living, others_may
from distributor.deliveries.timing import comes_meanwhile, next_change
from distributor.deliveries.workers import is_alive, is_same_process
from distributor.dispatch.afterwards.doubting import settle_doubts
from distributor.dispatch.calling import withheld_for
from distributor.dispatch.closing import close_left, set_aside
from distributor.dispatch.due import find_due
from distributor.dispatch.events import SILENT, EventLog
from distributor.dispatch.hours.attendance import Attendance
from distributor.dispatch.hours.schedule import Schedule, TakenUp
from distributor.errors import DistributorError, StorageTrouble
from distributor.models import Account, Delivery, Dispatch
from distributor.settings import InDoubtPolicy
from distributor.states import UNDER_WAY, DeliveryState, DispatchState

_CLOCKS_APART = timedelta(minutes=1)
"""How far two clocks may be apart: a minute's difference is a clock that nobody sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """Keeps the dispatches of one workspace in order, as the worker of `log`.

    `in_doubt` is the setting for recipients in doubt, `operator` who is at the keyboard. `late` is how late a scheduled
    start may be.
    """

    database: Database
    log: DeliveryLog
    timezone: ZoneInfo
    roster: Roster
    in_doubt: InDoubtPolicy
    late: timedelta
    operator: str = ""
    attendance: Attendance = field(default_factory=Attendance)
    events: EventLog = SILENT
    now: Callable[[], datetime] = clock.now

    @property
    def schedule(self) -> Schedule:
        """The hours of the workspace's dispatches."""
        return Schedule(database=self.database, log=self.log, timezone=self.timezone, late=self.late, now=self.now)

    def attend(self) -> None:
        """Note that we are here; hold whatever came while this process, or its machine, was away.

        Raises `FileReplaced` where the database is not the one that others open.
        """
        self.database.require_in_place()
        self.attendance.look(self.now(), self.late, self._hold_missed)

    def begin_work(self) -> TakenUp:
        """As `attend`, for whoever comes to do all that is due: what came before us is held too, and told."""
        self.attend()
        return TakenUp(missed=self._hold_missed(self.attendance.since or self.now(), is_new=True))

    def _hold_missed(self, since: datetime, *, is_new: bool = False) -> tuple[tuple[int, str], ...]:
        # Of a machine that slept all slept. Of those that were here before us, one waits for work or has it in hand.
        others = [one for one in self.roster.awake() if is_new or is_alive(one["name"]) is None]

        def is_in_hand(one: Missed) -> bool:
            return any(has_in_hand(worker, one.dispatch_id, one.account) for worker in others)

        return self.schedule.hold_missed(since, is_in_hand).missed

    def recover(self) -> Recovery:
        """Settle what killed commands left behind, and close the dispatches of which only the last word was missing."""
        recovery = self.bury()
        with self.database.transaction() as connection:
            closed = close_left(connection, self.in_doubt, self.now())
        for number in closed:
            self.log.note_informed(number)
        self.withhold_cancelled()
        return recovery

    def bury(self) -> Recovery:
        """Take from dead workers what they had in hand."""
        recovery = self.log.recover(is_alive)
        if recovery.requeued or recovery.in_doubt:
            self.events.tell("worker.lost", requeued=recovery.requeued, in_doubt=len(recovery.in_doubt))
        return recovery

    def leave(self) -> None:
        """Strike this process off the roster of workers; where that cannot be, whoever looks next does it."""
        with contextlib.suppress(DistributorError):
            self.roster.leave()

    def pause(self, dispatch_id: int, reason: str) -> None:
        """Set a dispatch aside that cannot go on as it stands, and keep why."""
        with self.database.transaction() as connection:
            set_aside(connection, dispatch_id, reason)
        self.events.tell("dispatch.paused", dispatch_id=dispatch_id, personal={"because": reason})

    def withhold_cancelled(self) -> None:
        """Withhold whom a stopped command gave back to a dispatch that was cancelled meanwhile."""
        with self.database.reading() as connection:
            rows = connection.execute(
                select(col(Dispatch.id), col(Dispatch.pause_reason))
                .join(Delivery, col(Delivery.dispatch_id) == col(Dispatch.id))
                .where(
                    col(Dispatch.state) == DispatchState.CANCELLED,
                    col(Delivery.state).in_([DeliveryState.QUEUED, DeliveryState.DEFERRED]),
                )
                .distinct()
            ).all()
        for dispatch_id, reason in rows:
            if dispatch_id is not None:
                self.log.withhold(dispatch_id, withheld_for(reason))

    def due(self, accounts: Sequence[str] = ()) -> list[int]:
        """As `find_due`, through these accounts, or any; but for those that we leave to others, while there are any."""
        with self.database.reading() as connection:
            due = find_due(connection, self.now(), self.in_doubt, accounts)
            workers = [] if self.database.is_sqlite or not due else living(connection, clock_of(connection, self.now()))
            ours = [one for one in workers if is_same_process(one["name"], self.log.worker)]
            left = {number for one in ours for number in one["cannot"]}
            return [one for one in due if one not in left or not self._others_may(connection, workers, one)]

    def leave_to_others(self, dispatch_id: int, because: str) -> bool:
        """Leave to other machines, as long as one is at work there, what this one cannot carry; whether that is so."""
        if self.database.is_sqlite:
            return False
        with self.database.transaction() as connection:
            if not self._others_may(connection, living(connection, clock_of(connection, self.now())), dispatch_id):
                return False
            self.roster.leave_alone(connection, dispatch_id)
        self.events.tell("dispatch.left", dispatch_id=dispatch_id, personal={"because": because})
        return True

    def _others_may(self, connection: Connection, workers: Sequence[Mapping[str, Any]], dispatch_id: int) -> bool:
        account = connection.execute(
            select(col(Account.name))
            .join(Dispatch, col(Dispatch.account_id) == col(Account.id))
            .where(col(Dispatch.id) == dispatch_id, col(Dispatch.state).in_(UNDER_WAY))
        ).scalar()
        return account is not None and others_may(workers, dispatch_id, account)

    def require_right_clock(self) -> None:
        """Raise `StorageTrouble` where this machine's clock and the database server's are apart, unless one was given.

        Retries, deadlines and cut-offs are written by one machine and read by all; messages bear the hour.
        """
        if self.database.is_sqlite or self.now is not clock.now:
            return
        ahead = self.now() - self.moment()
        if abs(ahead) > _CLOCKS_APART:
            minutes = round(abs(ahead) / timedelta(minutes=1))
            raise StorageTrouble(
                f"The clock of this machine is {minutes} minutes {'ahead of' if ahead > timedelta(0) else 'behind'}"
                " that of the database.",
                mend="Set whichever is wrong.",
            )

    def moment(self) -> datetime:
        """Now, by the clock that says whose time has come."""
        with self.database.reading() as connection:
            return clock_of(connection, self.now())

    def comes_meanwhile(self, dispatch_id: int, since: datetime) -> bool:
        """Whether the hour of another dispatch has come since then: its start, a wave, the end of an embargo."""
        if self.schedule.has_due():
            return True
        with self.database.reading() as connection:
            return comes_meanwhile(connection, dispatch_id, since, clock_of(connection, self.now()))

    def seconds_to_next_delivery(self) -> float | None:
        """How long until somebody may have to leave, if nothing else happens; None when nobody waits for an hour."""
        with self.database.reading() as connection:
            now = clock_of(connection, self.now())
            moment = next_change(connection, now)
        return None if moment is None else (moment - now).total_seconds()

    def settle_cancelled(self, dispatch_id: int, in_doubt: InDoubtPolicy | None = None) -> int | None:
        """Settle who is in doubt on a cancelled dispatch, without sending; return how many, None if not cancelled.

        «assume-sent» counts them as accepted; «resend» as not reached: they are withheld, and the next dispatch of the
        release may reach them.
        """
        with self.database.reading() as connection:
            state = connection.execute(select(col(Dispatch.state)).where(col(Dispatch.id) == dispatch_id)).scalar()
        if state != DispatchState.CANCELLED:
            return None
        settled = self.settle_doubts(dispatch_id, in_doubt or self.in_doubt, asked=in_doubt is not None)
        self.withhold_cancelled()
        return settled

    def settle_doubts(self, dispatch_id: int, policy: InDoubtPolicy, *, asked: bool) -> int:
        """As `doubting.settle_doubts`; with `asked` it is the operator's word."""
        return settle_doubts(self.database, self.log, dispatch_id, policy, asked_by=self.operator if asked else None)

    def standing(self, dispatch_id: int) -> Standing:
        """How a dispatch stands."""
        return self.log.standing(dispatch_id)

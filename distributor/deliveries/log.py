"""The delivery log: the only writer of delivery and attempt rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, and_, exists, func, select, update
from sqlalchemy.sql.elements import ColumnElement

from distributor import clock
from distributor.db.bell import ring
from distributor.db.engine import Database, made_anew_when_crossed
from distributor.db.migrate import require_own_schema
from distributor.db.pieces import in_pieces
from distributor.db.plain import pragmas
from distributor.db.prepared import PreparedInsert, once_for_a_kind
from distributor.deliveries.apart import CACHE_KB, Errand
from distributor.deliveries.conditions import is_put_off, is_with_a_worker, of_any_dispatch
from distributor.deliveries.decisions import Ending, end_doubt
from distributor.deliveries.informing import Informing
from distributor.deliveries.leases import clock_of, lease_end, may_recover
from distributor.deliveries.records import AttemptRecord, Batch, ClaimedDelivery
from distributor.deliveries.statements import Statements
from distributor.deliveries.steps import LEASE, Steps
from distributor.deliveries.timing import begin_wave
from distributor.deliveries.workers import is_dead, is_same_process
from distributor.models import Attempt, Delivery, Dispatch
from distributor.states import CUT_OFF, DeliveryState, DispatchState, Outcome, Phase, Verdict, check_transition

T = TypeVar("T")

# The ledger's own statements run on tables, not on mapped objects: see docs/decisions.md.
_delivery = Delivery.__table__
_dispatch = Dispatch.__table__
_attempt = Attempt.__table__

_NEW = {name: field.default for name, field in Delivery.model_fields.items() if name != "id"}
"""The columns of a delivery that is planned, and what stands there unless the plan says otherwise."""

_statements_for = once_for_a_kind(Statements.prepare)
_planned_for = once_for_a_kind(partial(PreparedInsert, _delivery, tuple(_NEW), together=500))

_NOTED_TOGETHER = 512
"""So many acceptances until their addressees count as informed; what a kill leaves out, `note_informed` brings back."""

_LATEST = 100
"""So many of the last attempts tell whether others send."""

KILLED_REPLY = "no answer: the command was stopped after the message had begun to leave"


class LeaseLost(Exception):
    """The delivery is no longer ours to send: somebody else took it over, or it was withheld."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a dead worker left: claims given back, and who is now in doubt, by address."""

    requeued: int = 0
    in_doubt: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a dispatch stands: deliveries by state, and when the next deferred one is due."""

    counts: Mapping[DeliveryState, int]
    next_attempt_at: datetime | None

    @property
    def total(self) -> int:
        """Everyone, withheld ones included."""
        return sum(self.counts.values())


class DeliveryLog:
    """Takes deliveries through their states, each step in a transaction that is durable when the call returns.

    `worker` is this process's name on the claims it makes, unique for ever: it is what fences off a worker whose claims
    were given to another. Legal steps are those of `states.TRANSITIONS`; every statement names the states it starts
    from, so a step that is no longer legal changes no row. Leases run by PostgreSQL's own clock, which all machines
    have in common; by `now` on SQLite, or where a clock is given.
    """

    def __init__(self, database: Database, worker: str, now: Callable[[], datetime] | None = None) -> None:
        self._database = database
        self.worker = worker
        self._now = now or clock.now
        self._shared_clock = now is None and not database.is_sqlite
        self._statements = _statements_for(database.engine.dialect, shared_clock=self._shared_clock)
        self._planned = _planned_for(database.engine.dialect)
        self._steps = Steps(worker, shared_clock=self._shared_clock)
        self._informing = Informing(self._statements, database.engine.dialect)
        self._newly_accepted: list[int] = []
        self._begun: dict[int, frozenset[int]] = {}

    # For a process that claims and commits on its own (see `apart`)

    def errand(self) -> Errand | None:
        """What such a process has to know; None where there is no file that it could open."""
        file = self._database.plain_file
        return None if file is None else Errand(str(file), pragmas(CACHE_KB), self._steps, self._statements.plain())

    @property
    def is_on_a_server(self) -> bool:
        """Whether it is written by a server: one may keep the line and say nothing, for as long as it likes."""
        return not self._database.is_sqlite

    def hang_up(self, *, at_once: bool) -> None:
        """Wait no more for what a server was asked, in whatever thread: `StorageTrouble` there."""
        self._database.hang_up(at_once=at_once)

    def now(self) -> datetime:
        """The present, by the clock of this log."""
        return self._now()

    def begun(self, dispatch_id: int) -> frozenset[int]:
        """The waves of a dispatch that are known to have begun."""
        return self._begun.get(dispatch_id, frozenset())

    @property
    def informs(self) -> dict[int, bool]:
        """Whether the messages of a dispatch tell the rights, of those that were asked about."""
        return self._informing.known

    def gather(self, reached: Sequence[int]) -> list[int]:
        """Keep in mind whom messages have reached; return, once they are many, all of them: for `inform`."""
        self.keep(reached)
        return self._gathered() if len(self._newly_accepted) >= _NOTED_TOGETHER else []

    def keep(self, reached: Sequence[int]) -> None:
        """Keep in mind whom messages have reached, for the next time that some are informed."""
        self._newly_accepted += reached

    def inform(self, delivery_ids: Sequence[int]) -> None:
        """Count whom these deliveries reached as informed of their rights."""
        with self._database.transaction() as connection:
            self._informing.note(connection, delivery_ids, self._now())

    # Planning

    def plan(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> int:
        """Insert a new dispatch's deliveries, `queued` or `withheld`, in the caller's transaction; return how many.

        Raises as `require_own_schema`.
        """
        count = 0
        for chunk in in_pieces(rows):
            self._planned.run(connection, [_planned(row) for row in chunk])
            count += len(chunk)
        require_own_schema(connection)
        ring(connection)
        return count

    # The life of a delivery

    def moment(self, connection: Connection) -> datetime:
        """As `clock_of`, unless a clock was given."""
        return clock_of(connection, self._now()) if self._shared_clock else self._now()

    @made_anew_when_crossed
    def claim(self, dispatch_id: int, limit: int) -> list[ClaimedDelivery]:
        """Take up to `limit` deliveries that are due, oldest first; who objected since the plan is withheld here.

        Nobody of a dispatch that is cancelled, paused or cut off is taken, nobody before it has started or before the
        hour of their wave, and nobody before the end of an embargo that they have not agreed to.
        """
        now = self._now()
        begun = self.begun(dispatch_id)
        with self._database.transaction() as connection:
            claimed, fresh = self._steps.claim(self._statements.on(connection), dispatch_id, limit, now, begun)
            if fresh is not None:
                begin_wave(connection, dispatch_id, fresh, self.moment(connection))
        if fresh is not None:
            self._begun[dispatch_id] = begun | {fresh}
        return claimed

    def is_held_up(self, dispatch_id: int) -> bool:
        """Whether a claim that took nobody passed somebody over whose row another command holds at this moment."""
        with self._database.reading() as connection:
            values = {"dispatch": dispatch_id, "now": self._now()}
            return bool(self._statements.on(connection).rows("is_due", values))

    @made_anew_when_crossed
    def commit(self, batch: Batch) -> list[int]:
        """Write begins and records in one durable transaction.

        Returns the deliveries whose `begin` was refused because they are no longer ours: those must not be sent. A
        record is kept whatever became of the claim: the attempt happened.
        """
        now = self._now()
        with self._informing_transaction() as connection:
            lost = self._steps.commit(self._statements.on(connection), batch, now)
            self._informing.note(connection, self.gather(batch.accepted), now)
            return lost

    @made_anew_when_crossed
    def record_late(self, records: Sequence[AttemptRecord]) -> None:
        """Write those of these verdicts that are not written yet: nobody knows whether their commit was made."""
        mine = and_(_attempt.c.worker == self.worker, _attempt.c.delivery_id.in_([one.delivery_id for one in records]))
        with self._database.transaction() as connection:
            rows = connection.execute(select(_attempt.c.delivery_id, _attempt.c.started_at).where(mine))
            written = {(row.delivery_id, row.started_at) for row in rows}
            late = [one for one in records if (one.delivery_id, one.started_at) not in written]
            self.keep(Batch(records=[*records]).accepted)
            self._steps.record(self._statements.on(connection), late, self._now(), by=self.worker)

    def others_send(self, dispatch_id: int) -> bool:
        """Whether another worker has a message of this dispatch on the wire, or had one of any a short while ago."""
        now = self._now()
        theirs = and_(_delivery.c.worker != self.worker, _delivery.c.lease_until > now)
        is_sending = and_(_delivery.c.dispatch_id == dispatch_id, _delivery.c.state == DeliveryState.SENDING, theirs)
        sending = select(_delivery.c.id).where(is_sending).limit(1)
        latest = select(_attempt.c.worker, _attempt.c.started_at).order_by(_attempt.c.id.desc()).limit(_LATEST)
        with self._database.reading() as connection:
            if connection.execute(sending).first() is not None:
                return True
            tried = connection.execute(latest).all()
        return any(row.worker != self.worker and row.started_at > now - LEASE for row in tried)

    def release(self, delivery_ids: Sequence[int]) -> None:
        """Give claims back untouched: nothing was sent."""
        self._give_back(delivery_ids, DeliveryState.QUEUED)

    def put_off(self, delivery_ids: Sequence[int], until: datetime, reason: str) -> None:
        """Give claims back for later, without an attempt: their provider is not to be sent to now."""
        self._give_back(delivery_ids, DeliveryState.DEFERRED, next_attempt_at=until, reason=reason)

    def put_off_until(self, dispatch_id: int, after: datetime) -> datetime | None:
        """When the next one of a dispatch is due again who was put off, `after` that moment; None where nobody is."""
        waits = and_(_delivery.c.dispatch_id == dispatch_id, is_put_off(), _delivery.c.next_attempt_at > after)
        with self._database.reading() as connection:
            until: datetime | None = connection.execute(
                select(func.min(_delivery.c.next_attempt_at)).where(waits)
            ).scalar_one()
        return until

    def hasten(self, domains: Sequence[str], reason: str) -> int:
        """Let those who were put off for that reason be due now; return how many."""
        with self._database.transaction() as connection:
            return connection.execute(
                update(_delivery)
                .where(
                    of_any_dispatch(),
                    is_put_off(),
                    _delivery.c.reason == reason,
                    _delivery.c.domain.in_(domains),
                )
                .values(next_attempt_at=self._now())
            ).rowcount

    @made_anew_when_crossed
    def renew(self) -> None:
        """Prolong every claim of this worker: it lives."""
        with self._database.transaction() as connection:
            connection.execute(
                update(_delivery)
                .where(_delivery.c.worker == self.worker, is_with_a_worker())
                .values(lease_until=lease_end(shared_clock=self._shared_clock)),
                {} if self._shared_clock else {"lease": self._now() + LEASE},
            )

    def note_informed(self, dispatch_id: int) -> None:
        """Count everyone whom a dispatch has reached as informed of their rights, if its messages tell them."""
        with self._database.transaction() as connection:
            self._informing.note_all(connection, dispatch_id, self._now())

    @made_anew_when_crossed
    def recover(self, is_alive: Callable[[str], bool | None]) -> Recovery:
        """Settle what dead workers left: their claims are queued again, what they were sending is in doubt.

        `is_alive` tells of a worker's name whether it runs (None: it cannot be known from here, so its lease decides).
        """
        now = self._now()
        with self._database.transaction() as connection:
            if not may_recover(connection):
                return Recovery()
            lease_now = self.moment(connection)
            held = connection.execute(
                select(_delivery.c.worker, func.max(_delivery.c.lease_until).label("lease_until"))
                .where(is_with_a_worker())
                .group_by(_delivery.c.worker)
            ).all()
            dead = [
                row.worker
                for row in held
                if row.worker != self.worker and is_dead(row.worker, row.lease_until, lease_now, is_alive)
            ]
            return self._bury(connection, dead, now)

    @made_anew_when_crossed
    def abandon(self) -> Recovery:
        """Settle what this worker itself leaves when it is stopped in the middle: as `recover` does for a dead one."""
        now = self._now()
        with self._informing_transaction() as connection:
            self._informing.note(connection, self._gathered(), now)
            return self._bury(connection, [self.worker], now)

    @made_anew_when_crossed
    def abandon_all(self) -> Recovery:
        """As `abandon`, for every worker of this process, of which none is at work any more."""
        now = self._now()
        with self._informing_transaction() as connection:
            self._informing.note(connection, self._gathered(), now)
            names = connection.execute(select(_delivery.c.worker).where(is_with_a_worker()).distinct()).scalars()
            return self._bury(connection, [name for name in names if is_same_process(name, self.worker)], now)

    @made_anew_when_crossed
    def settle_doubt(self, delivery_id: int, state: DeliveryState, reason: str) -> bool:
        """As `end_doubt`, as `accepted` or `queued` (to be sent again, the same bytes), in a transaction of its own."""
        with self._database.transaction() as connection:
            return end_doubt(connection, delivery_id, Ending(state, reason), now=self._now())

    def is_called_off(self, dispatch_id: int) -> bool:
        """Whether nothing more of a dispatch leaves: somebody cancelled or paused it, or its cut-off has come."""
        with self._database.reading() as connection:
            state, not_after = connection.execute(
                select(_dispatch.c.state, _dispatch.c.not_after).where(_dispatch.c.id == dispatch_id)
            ).one()
            is_over = not_after is not None and not_after <= self.moment(connection)
        return is_over or state in {DispatchState.CANCELLED, DispatchState.PAUSED}

    @made_anew_when_crossed
    def withhold(self, dispatch_id: int, reason: str) -> int:
        """Withhold everyone of a dispatch who is still waiting; return how many."""
        with self._database.transaction() as connection:
            return self._withhold(connection, _delivery.c.dispatch_id == dispatch_id, reason)

    @made_anew_when_crossed
    def cut_off(self, dispatch_id: int, moment: datetime) -> int:
        """Withhold everyone still waiting of a dispatch whose cut-off is no later than `moment`; return how many.

        Asked as it is written: somebody may have moved the cut-off since it was seen to have come.
        """
        is_over = exists().where(_dispatch.c.id == dispatch_id, _dispatch.c.not_after <= moment)
        with self._database.transaction() as connection:
            return self._withhold(connection, and_(_delivery.c.dispatch_id == dispatch_id, is_over), CUT_OFF)

    def withhold_waiting(self, connection: Connection, dispatch_ids: Sequence[int], reason: str) -> int:
        """Withhold everyone of these dispatches of whose message no byte has left, in the caller's transaction.

        Claims are taken away: whoever holds one may not begin any more. Returns how many were withheld.
        """
        return self._withhold_claimed_too(connection, _delivery.c.dispatch_id.in_(dispatch_ids), reason)

    def withhold_some(self, connection: Connection, delivery_ids: Sequence[int], reason: str) -> int:
        """As `withhold_waiting`, of these deliveries."""
        return sum(
            self._withhold_claimed_too(connection, _delivery.c.id.in_(chunk), reason)
            for chunk in in_pieces(delivery_ids)
        )

    def standing(self, dispatch_id: int) -> Standing:
        """How many deliveries of a dispatch are in each state, and when the next deferred one is due."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(_delivery.c.state, func.count(), func.min(_delivery.c.next_attempt_at))
                .where(_delivery.c.dispatch_id == dispatch_id)
                .group_by(_delivery.c.state)
            ).all()
        due = {state: moment for state, _count, moment in rows}
        return Standing(
            {DeliveryState(state): count for state, count, _moment in rows}, due.get(DeliveryState.DEFERRED)
        )

    # Steps, each inside somebody's transaction

    def _bury(self, connection: Connection, workers: Sequence[str], now: datetime) -> Recovery:
        if not workers:
            return Recovery()
        theirs = and_(of_any_dispatch(), _delivery.c.worker.in_(workers))
        requeued = connection.execute(
            update(_delivery)
            .where(theirs, _delivery.c.state == DeliveryState.CLAIMED)
            .values(state=DeliveryState.QUEUED, worker="", lease_until=None, updated_at=now)
        ).rowcount
        if requeued:
            ring(connection)
        doubtful = connection.execute(
            select(_delivery.c.id, _delivery.c.address, _delivery.c.updated_at, _delivery.c.worker)
            .where(theirs, _delivery.c.state == DeliveryState.SENDING)
            .order_by(_delivery.c.id)
            .with_for_update()
        ).all()
        outcome = Outcome(DeliveryState.IN_DOUBT, Verdict.NO_ANSWER, Phase.BODY, reply=KILLED_REPLY)
        for row in doubtful:
            record = AttemptRecord(row.id, outcome, started_at=row.updated_at)
            self._steps.record(self._statements.on(connection), [record], now, by=row.worker)
        return Recovery(requeued, tuple(row.address for row in doubtful))

    @contextmanager
    def _informing_transaction(self) -> Iterator[Connection]:
        """A transaction that may inform those who are kept in mind; where it fails, all of them are so still."""
        in_mind = self._newly_accepted.copy()
        try:
            with self._database.transaction() as connection:
                yield connection
        except BaseException:
            self._newly_accepted = in_mind
            raise

    def _gathered(self) -> list[int]:
        gathered, self._newly_accepted = self._newly_accepted, []
        return gathered

    @made_anew_when_crossed
    def _give_back(self, delivery_ids: Sequence[int], new: DeliveryState, **values: Any) -> None:
        mine = and_(_delivery.c.id.in_(delivery_ids), _delivery.c.worker == self.worker)
        with self._database.transaction() as connection:
            moved = self._step(connection, mine, DeliveryState.CLAIMED, new, **values)
            if moved and new == DeliveryState.QUEUED:
                ring(connection)

    def _withhold_claimed_too(self, connection: Connection, which: ColumnElement[bool], reason: str) -> int:
        self._step(connection, which, DeliveryState.CLAIMED, DeliveryState.QUEUED)
        return self._withhold(connection, which, reason)

    def _withhold(self, connection: Connection, which: ColumnElement[bool], reason: str) -> int:
        return sum(
            self._step(connection, which, state, DeliveryState.WITHHELD, reason=reason, next_attempt_at=None)
            for state in (DeliveryState.QUEUED, DeliveryState.DEFERRED)
        )

    def _step(
        self, connection: Connection, which: ColumnElement[bool], old: DeliveryState, new: DeliveryState, **values: Any
    ) -> int:
        """Move rows from one state to another, if the step is legal; return how many moved."""
        check_transition(old, new)
        return connection.execute(
            update(_delivery)
            .where(which, _delivery.c.state == old)
            .values(state=new, worker="", lease_until=None, updated_at=self._now(), **values)
        ).rowcount


def _planned(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """The whole row of a new delivery, in the order of `_NEW`."""
    whole = {**_NEW, **row}
    whole["is_withheld"] = whole["state"] == DeliveryState.WITHHELD
    return tuple(whole.values())

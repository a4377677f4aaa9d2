"""The pace in the database: tokens drawn in blocks, lessons, and shares of connections, the same for all processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, exists, func, insert, or_, select, update

from distributor import clock
from distributor.db.engine import Database
from distributor.db.upserts import upsert
from distributor.deliveries.leases import clock_of
from distributor.deliveries.steps import LEASE
from distributor.models import Account, Attempt, Audit, Delivery, Dispatch, Pace, PaceShare, Worker
from distributor.states import DispatchState
from distributor.transport.presets import domains_of
from distributor.transport.throttle import (
    Allowance,
    DomainLimits,
    Gauge,
    Lesson,
    Limits,
    blocked,
    count_anew,
    draw,
    freeze,
    give_back,
    learn,
    lifted,
    no_domain_limits,
    thaw,
)

_pace, _share, _worker = Pace.__table__, PaceShare.__table__, Worker.__table__
_account, _dispatch, _audit = Account.__table__, Dispatch.__table__, Audit.__table__
_attempt, _delivery = Attempt.__table__, Delivery.__table__
_RUNS = _dispatch.c.state == DispatchState.RUNNING  # one that cools down waits for its own hour

ACCOUNT = ""
"""The scope of the account as a whole."""

_LONGEST_WAIT = timedelta(days=2)
"""No limit of an account and no suspension lasts so long: what seems to was noted by a clock that ran ahead."""

_SHARE_LASTS = timedelta(seconds=30)

_LATEST = 20_000
"""So many of the last attempts tell how fast we send,"""
_OF_LATE = timedelta(minutes=1)
"""and none that is older;"""
_SAMPLE_S = 5
"""whoever has begun a moment ago is measured as if it were so long ago."""


@dataclass(frozen=True, slots=True)
class Order:
    """Tokens that a process would like for one scope, and the block it gives back for them."""

    scope: str
    limits: Limits
    wanted: int
    unspent: Allowance | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """What one answer taught."""

    scope: str
    lesson: Lesson
    open_connections: int = 1
    retry_after: int | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """What has to be waited for: the account ("") or a provider, until when, and why."""

    what: str
    until: datetime
    why: str

    def as_json(self) -> dict[str, Any]:
        """The stable shape."""
        return {"what": self.what or "account", "until": self.until, "why": self.why}


@dataclass(frozen=True, slots=True)
class Answer:
    """What an exchange with the database brought: blocks, gauges of note, and how many connections are ours."""

    moment: datetime
    allowances: dict[str, Allowance] = field(default_factory=dict)
    gauges: dict[str, Gauge] = field(default_factory=dict)
    connections: int | None = None


class PacingBook:
    """One account's pace, as one process reads and writes it.

    Times are the database's own on a server, so that machines whose clocks differ keep one pace.
    """

    def __init__(
        self, database: Database, account_id: int, worker: str, now: Callable[[], datetime] | None = None
    ) -> None:
        self._database = database
        self._account_id = account_id
        self._worker = worker
        self._now = now

    def exchange(
        self, orders: Sequence[Order], notes: Sequence[Note], *, limits: Limits, wish: int, open_connections: int
    ) -> Answer:
        """Write what was learned and draw what is wanted, in one transaction.

        The account's connections are shared out when their number is limited, by `limits` or by what the server said:
        a process that comes later gets its part as soon as the others have closed theirs.
        """
        scopes = sorted({ACCOUNT, *(order.scope for order in orders), *(note.scope for note in notes)})
        with self._database.transaction() as connection:
            moment = self._moment(connection)
            gauges = self._locked(connection, scopes, moment)
            allowances = {}
            for note in notes:
                gauges[note.scope] = self._learned(connection, gauges[note.scope], note, moment)
            for order in orders:
                gauge = give_back(gauges[order.scope], order.unspent) if order.unspent else gauges[order.scope]
                gauges[order.scope], allowances[order.scope] = draw(gauge, order.limits, order.wanted, moment)
            for scope in scopes:
                self._write(connection, scope, gauges[scope], moment)
            learned = gauges[ACCOUNT].connections(moment)
            caps = [cap for cap in (limits.connections, learned) if cap is not None]
            share = self._shared(connection, min(caps), wish, open_connections, moment) if caps else None
        return Answer(moment, allowances, gauges, share)

    def count_anew(self, tokens: Sequence[tuple[str, Limits, datetime]]) -> Answer | None:
        """Take tokens anew for a message that has not left yet; None where there is not one everywhere.

        `tokens` are those that it has: the scope, its limits, and when their block was drawn.
        """
        with self._database.transaction() as connection:
            moment = self._moment(connection)
            gauges = self._locked(connection, sorted(scope for scope, _, _ in tokens), moment)
            blocks = {}
            for scope, limits, drawn_at in tokens:
                counted = count_anew(gauges[scope], limits, drawn_at, moment)
                if counted is None:
                    return None
                gauges[scope], blocks[scope] = counted
            for scope in blocks:
                self._write(connection, scope, gauges[scope], moment)
        return Answer(moment, blocks)

    def look(self) -> Answer:
        """What other processes have learned, without writing anything."""
        with self._database.reading() as connection:
            moment = self._moment(connection)
            return Answer(moment, gauges=_notable(connection, self._account_id, moment))

    def leave(self, unspent: Sequence[tuple[str, Allowance]], notes: Sequence[Note]) -> None:
        """Give back what was not spent, and the connections."""
        with self._database.transaction() as connection:
            moment = self._moment(connection)
            scopes = sorted({scope for scope, _ in unspent} | {note.scope for note in notes})
            gauges = self._locked(connection, scopes, moment) if scopes else {}
            for note in notes:
                gauges[note.scope] = self._learned(connection, gauges[note.scope], note, moment)
            for scope, allowance in unspent:
                gauges[scope] = give_back(gauges[scope], allowance)
            for scope in scopes:
                self._write(connection, scope, gauges[scope], moment)
            connection.execute(
                delete(_share).where(_share.c.account_id == self._account_id, _share.c.worker == self._worker)
            )

    def block(self, connection: Connection, scope: str, why: str, moment: datetime) -> None:
        """Send nothing there for two hours, in the caller's transaction: what came back says that we are refused."""
        gauge = self._locked(connection, [scope], moment)[scope]
        self._write(connection, scope, blocked(gauge, moment, why), moment)

    def _moment(self, connection: Connection) -> datetime:
        return self._now() if self._now is not None else clock_of(connection, clock.now())

    def _locked(self, connection: Connection, scopes: Sequence[str], moment: datetime) -> dict[str, Gauge]:
        """The gauges of these scopes, locked, made where they are not there; with them those that are suspended."""
        connection.execute(
            upsert(connection, _pace).on_conflict_do_nothing(),
            [
                {"account_id": self._account_id, "scope": scope, "state": {}, "reason": "", "updated_at": moment}
                for scope in scopes
            ],
        )
        rows = connection.execute(
            select(_pace)
            .where(_pace.c.account_id == self._account_id, or_(_pace.c.scope.in_(scopes), _pace.c.until > moment))
            .order_by(_pace.c.scope)
            .with_for_update()
        )
        return {row.scope: thaw(row.state, row.until, row.reason, moment) for row in rows}

    def _write(self, connection: Connection, scope: str, gauge: Gauge, moment: datetime) -> None:
        connection.execute(
            update(_pace)
            .where(_pace.c.account_id == self._account_id, _pace.c.scope == scope)
            .values(state=freeze(gauge), until=gauge.until, reason=gauge.reason, updated_at=moment)
        )

    def _learned(self, connection: Connection, gauge: Gauge, note: Note, moment: datetime) -> Gauge:
        # The server counts messages and connections of all processes together.
        open_connections = note.open_connections
        if note.lesson is Lesson.FEWER_CONNECTIONS:
            open_connections += self._open_elsewhere(connection, moment)
        return learn(
            gauge,
            note.lesson,
            moment,
            by=self._worker,
            rate=self._rate(connection, note.scope, moment) if note.lesson is Lesson.SLOWER else 0,
            open_connections=open_connections,
            retry_after=note.retry_after,
            said=note.said,
        )

    def _rate(self, connection: Connection, scope: str, moment: datetime) -> float:
        """How many messages a minute all processes have sent there since this one sends, by the log of attempts."""
        columns = (_attempt.c.started_at, _attempt.c.worker, _attempt.c.account, _attempt.c.delivery_id)
        tried = select(*columns).order_by(_attempt.c.id.desc()).limit(_LATEST).subquery().c
        of_late = tried.started_at.between(moment - _OF_LATE, moment)
        ours = select(func.min(tried.started_at)).where(of_late, tried.worker == self._worker)
        since: datetime = connection.execute(ours).scalar_one() or moment
        name = select(_account.c.name).where(_account.c.id == self._account_id).scalar_subquery()
        sent = select(func.count()).where(of_late, tried.started_at >= since, tried.account == name)
        if scope != ACCOUNT:
            sent = sent.where(tried.delivery_id == _delivery.c.id, _delivery.c.domain.in_(domains_of(scope)))
        many: int = connection.execute(sent).scalar_one() + 1  # the one that was answered is not written yet
        return 60 * many / max(_SAMPLE_S, (moment - since).total_seconds())

    def _open_elsewhere(self, connection: Connection, moment: datetime) -> int:
        """How many connections the other processes have that send through this account.

        Where these are shared out, each has written its part down; else what they say of themselves while they live.
        """
        shared = connection.execute(select(func.sum(_share.c.connections)).where(*self._of_others(moment))).scalar()
        if shared is None:
            shared = connection.execute(
                select(func.sum(_worker.c.connections))
                .select_from(_worker.join(_dispatch, _dispatch.c.id == _worker.c.dispatch_id))
                .where(
                    _dispatch.c.account_id == self._account_id,
                    _worker.c.name != self._worker,
                    _worker.c.seen_at.between(moment - LEASE, moment),
                )
            ).scalar()
        return shared or 0

    def _of_others(self, moment: datetime) -> tuple[ColumnElement[bool], ...]:
        """What holds for the shares of the other processes that count now."""
        return (
            _share.c.account_id == self._account_id,
            _share.c.until.between(moment, moment + _SHARE_LASTS),  # later than that, a clock was set back since
            _share.c.worker != self._worker,
        )

    def _shared(self, connection: Connection, cap: int, wish: int, open_connections: int, moment: datetime) -> int:
        """How many of the account's connections are ours, written down for the others. The account's row is locked."""
        rows = connection.execute(
            select(_share.c.worker, _share.c.connections, _share.c.wish).where(*self._of_others(moment))
        ).all()
        workers = sorted([self._worker, *(row.worker for row in rows)])
        fair = {worker: cap // len(workers) + (rank < cap % len(workers)) for rank, worker in enumerate(workers)}
        reserved = sum(max(row.connections, min(row.wish, fair[row.worker])) for row in rows)
        mine: int = max(0, min(wish, cap - reserved))
        values = {"connections": max(mine, open_connections), "wish": wish, "until": moment + _SHARE_LASTS}
        connection.execute(
            upsert(connection, _share)
            .values(account_id=self._account_id, worker=self._worker, **values)
            .on_conflict_do_update(index_elements=["account_id", "worker"], set_=values)
        )
        return mine


def read_waits(
    connection: Connection,
    account_id: int,
    limits: Limits,
    domain_limits: DomainLimits = no_domain_limits,
    now: datetime | None = None,
) -> list[Wait]:
    """What an account waits for now, itself first: what is used up, who asked us to slow down, who refuses us."""
    moment = now or clock_of(connection, clock.now())
    waits = []
    for row in connection.execute(select(_pace).where(_pace.c.account_id == account_id).order_by(_pace.c.scope)):
        gauge = thaw(row.state, row.until, row.reason, moment)
        if gauge.until is not None and gauge.until > moment:
            waits.append(Wait(row.scope, gauge.until, gauge.reason))
            continue
        kept = limits if row.scope == ACCOUNT else domain_limits(row.scope)
        if kept is None:
            continue
        _, got = draw(gauge, replace(kept, per_second=None), 1, moment)
        if got.retry_at is not None and got.retry_at > moment + timedelta(seconds=2):
            waits.append(Wait(row.scope, got.retry_at, got.why))
    return waits


def lift(database: Database, account_id: int, scope: str, actor: str, now: datetime | None = None) -> str:
    """End a suspension by a person's word; return why it was there, or "" when there is none."""
    with database.transaction() as connection:
        moment = now or clock_of(connection, clock.now())
        row = connection.execute(
            select(_pace).where(_pace.c.account_id == account_id, _pace.c.scope == scope).with_for_update()
        ).one_or_none()
        if row is None or row.until is None or row.until <= moment:
            return ""
        if scope == ACCOUNT:
            _end_waits(connection, _dispatch.c.account_id == account_id)
        gauge = lifted(thaw(row.state, row.until, row.reason, moment))
        connection.execute(
            update(_pace)
            .where(_pace.c.account_id == account_id, _pace.c.scope == scope)
            .values(state=freeze(gauge), until=None, reason="", updated_at=moment)
        )
        connection.execute(
            insert(_audit).values(
                at=moment, actor=actor, action="accounts.lift", subject=scope or "account", details={"was": row.reason}
            )
        )
    return str(row.reason)


def renew_waits(database: Database, limits_of: Callable[[str], tuple[Limits, DomainLimits]]) -> None:
    """Let dispatches wait no longer than their account: a limit was raised, a suspension ended, a clock set right.

    `limits_of` gives the limits of the account of that name, and those of domains.
    """
    with database.transaction() as connection:
        moment = clock_of(connection, clock.now())
        _end_waits(connection, _dispatch.c.waits_until > moment + _LONGEST_WAIT)
        rows = connection.execute(
            select(_account.c.id, _account.c.name).where(
                exists().where(_dispatch.c.account_id == _account.c.id, _dispatch.c.waits_until > moment, _RUNS)
            )
        ).all()
        free = [
            row.id
            for row in rows
            if all(wait.what != ACCOUNT for wait in read_waits(connection, row.id, *limits_of(row.name), now=moment))
        ]
        _end_waits(connection, _dispatch.c.account_id.in_(free))


def _end_waits(connection: Connection, which: ColumnElement[bool]) -> None:
    """End the waits of these dispatches; the next run says for what they wait still."""
    connection.execute(
        update(_dispatch)
        .where(which, _dispatch.c.waits_until.is_not(None), _RUNS)
        .values(waits_until=None, waits_for="")
    )


def _notable(connection: Connection, account_id: int, moment: datetime) -> dict[str, Gauge]:
    rows = connection.execute(
        select(_pace).where(_pace.c.account_id == account_id, or_(_pace.c.scope == ACCOUNT, _pace.c.until > moment))
    )
    return {row.scope: thaw(row.state, row.until, row.reason, moment) for row in rows}

"""Who works: a row for each process that sends or waits for work, renewed while it lives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, inspect, not_, select, text, update

from distributor import clock
from distributor.db.engine import Database
from distributor.db.migrate import require_own_schema
from distributor.deliveries.leases import clock_of
from distributor.deliveries.steps import LEASE
from distributor.deliveries.timing import cools, left_cooling
from distributor.deliveries.workers import host_of, is_alive, is_dead, is_same_process, pid_of
from distributor.errors import Refused
from distributor.models import Dispatch, Worker

_worker = Worker.__table__
_dispatch = Dispatch.__table__


class Roster:
    """This process's own row among the workers, and a look at all of them. Moments are the database's where shared.

    With `accounts` it sends through those only.
    """

    def __init__(
        self,
        database: Database,
        worker: str,
        now: Callable[[], datetime] = clock.now,
        accounts: Sequence[str] = (),
    ) -> None:
        self._database = database
        self._worker = worker
        self._now = now
        self._accounts = list(accounts)

    def beat(self, dispatch_id: int | None, connections: int, newly_sent: int = 0) -> None:
        """Say that this worker lives, and what it does; who has died is struck off. Raises as `require_own_schema`."""
        with self._database.transaction() as connection:
            self.beat_with(connection, dispatch_id, connections, newly_sent)

    def beat_with(self, connection: Connection, dispatch_id: int | None, connections: int, newly_sent: int = 0) -> None:
        """As `beat`, in a transaction that does more: nobody sees the one without the other."""
        now = self._moment(connection)
        values = {"seen_at": now, "dispatch_id": dispatch_id, "connections": connections}
        mine = _worker.c.name == self._worker
        seen = connection.execute(
            update(_worker).where(mine).values(**values, sent=_worker.c.sent + newly_sent)
        ).rowcount
        if not seen:
            connection.execute(
                insert(_worker).values(
                    **values,
                    name=self._worker,
                    host=host_of(self._worker),
                    pid=pid_of(self._worker),
                    started_at=now,
                    sent=newly_sent,
                    accounts=self._accounts,
                )
            )
        require_own_schema(connection)
        self._strike_off(connection, now)

    def leave_alone(self, connection: Connection, dispatch_id: int) -> None:
        """Say that this worker leaves that dispatch to other machines."""
        self.beat_with(connection, None, 0)  # others may have struck it off meanwhile
        mine = _worker.c.name == self._worker
        known = connection.execute(select(_worker.c.cannot).where(mine)).scalar_one()
        connection.execute(update(_worker).where(mine).values(cannot=sorted({*known, dispatch_id})))

    def leave(self) -> None:
        """Strike this worker off: it ends in order."""
        with self._database.transaction() as connection:
            connection.execute(delete(_worker).where(_worker.c.name == self._worker))

    def strike_off_own(self) -> None:
        """Strike off every other worker of this process (it has one for each account): none is at work any more."""
        with self._database.transaction() as connection:
            names = connection.scalars(select(_worker.c.name).where(_worker.c.name != self._worker)).all()
            ended = [name for name in names if is_same_process(name, self._worker)]
            connection.execute(delete(_worker).where(_worker.c.name.in_(ended)))

    def present(self) -> list[Mapping[str, Any]]:
        """Who lives, the one that has been at it longest first."""
        with self._database.reading() as connection:
            return living(connection, self._moment(connection))

    def others(self) -> list[Mapping[str, Any]]:
        """Who lives besides this worker."""
        return [row for row in self.present() if row["name"] != self._worker]

    def awake(self) -> list[Mapping[str, Any]]:
        """Who lives besides this worker and has been at it of late: the process of a machine that sleeps lives too."""
        with self._database.reading() as connection:
            since = self._moment(connection) - LEASE
        return [row for row in self.others() if row["seen_at"] > since]

    def _strike_off(self, connection: Connection, now: datetime) -> None:
        rows = connection.execute(select(_worker.c.name, _worker.c.seen_at)).all()
        gone = [name for name, seen_at in rows if is_dead(name, seen_at + LEASE, now, is_alive)]
        if gone:
            free = select(_worker.c.name).where(_worker.c.name.in_(gone)).with_for_update(skip_locked=True)
            connection.execute(delete(_worker).where(_worker.c.name.in_(free)))

    def _moment(self, connection: Connection) -> datetime:
        return clock_of(connection, self._now())


def living(connection: Connection, now: datetime) -> list[Mapping[str, Any]]:
    """Who lives at that moment of the roster's clock, the one that has been at it longest first."""
    rows = connection.execute(select(_worker).order_by(_worker.c.started_at, _worker.c.name)).mappings().all()
    return [dict(row) for row in rows if not is_dead(row["name"], row["seen_at"] + LEASE, now, is_alive)]


def has_in_hand(worker: Mapping[str, Any], dispatch_id: int, account: str) -> bool:
    """Whether a worker of the roster carries that dispatch, or waits for work through its account and takes it up."""
    if dispatch_id in worker["cannot"]:
        return False
    if worker["dispatch_id"] is None:
        return sends_through(worker, account)
    return bool(worker["dispatch_id"] == dispatch_id)


def others_may(workers: Sequence[Mapping[str, Any]], dispatch_id: int, account: str) -> bool:
    """Whether one of these workers of the roster, on another machine, may carry what this machine cannot."""
    unable = [one["name"] for one in workers if dispatch_id in one["cannot"]]
    return any(
        is_alive(one["name"]) is None
        and sends_through(one, account)
        and not any(is_same_process(one["name"], name) for name in unable)
        for one in workers
    )


def require_nobody_at_work(connection: Connection, *, because: str, mend: str, and_stays: bool = False) -> None:
    """Raise `Refused` while a worker lives, of whatever version, or a dispatch cools down that is about to have one.

    An idle one sends as soon as somebody is due. With `and_stays` whoever comes meanwhile waits for the transaction's
    end.
    """
    if not inspect(connection).has_table(_worker.name):
        return  # a schema from before there was a roster
    if and_stays and connection.dialect.name != "sqlite":  # where the write lock is ours already
        connection.execute(text(f"LOCK TABLE {_worker.name} IN SHARE MODE"))
    now = clock_of(connection, clock.now())
    rows = connection.execute(select(_worker.c.name, _worker.c.seen_at).order_by(_worker.c.name)).all()
    living = [name for name, seen_at in rows if not is_dead(name, seen_at + LEASE, now, is_alive)]
    cooling = connection.scalars(select(_dispatch.c.id).where(cools(), not_(left_cooling(now))))
    where = [f"process {pid_of(name)} on {host_of(name)}" for name in living]
    where += [f"dispatch {number} cools down" for number in cooling]
    if where:
        raise Refused(f"Distributor is at work ({'; '.join(where)}). {because}", mend=mend)


def sends_through(worker: Mapping[str, Any], account: str) -> bool:
    """Whether a worker of the roster carries what goes through that account."""
    return not worker["accounts"] or account in worker["accounts"]

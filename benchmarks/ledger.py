"""Ledger: what the durable delivery log costs, against a log in memory and against none."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import event

from benchmarks.measuring import Kind, Line, Skipped, interleave
from benchmarks.office import CONNECTIONS, carry_timed, make_office, plan
from benchmarks.sink import sink
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog, Recovery
from distributor.deliveries.records import Batch, ClaimedDelivery
from distributor.deliveries.workers import worker_name

_MESSAGES = 20_000
_SHARED = "file:distributor-benchmark?mode=memory&cache=shared"
_IN_MEMORY = f"sqlite:///{_SHARED}&uri=true&check_same_thread=false"


def measure(folder: Path) -> Iterator[Line | Skipped]:
    """The send phase of 20,000 messages over real connections, with the log on disk, in memory, and with none."""
    with sink() as port:
        workspace = make_office(folder / "office", journalists=_MESSAGES, port=port)
        dispatch_id = plan(workspace)
        workspace.database.close()
        planned = workspace.path / "press.db"

        def on_disk() -> Database:
            for old in folder.glob("run.db*"):
                old.unlink()
            shutil.copyfile(planned, folder / "run.db")
            return Database(f"sqlite:///{folder / 'run.db'}")

        def durable() -> float:
            database = on_disk()
            return carry_timed(workspace, DeliveryLog(database, worker_name()), database, dispatch_id, _MESSAGES)

        def in_memory() -> float:
            # The rows live as long as a connection does; this one outlives the run.
            with closing(sqlite3.connect(_SHARED, uri=True)) as keeper:
                with closing(sqlite3.connect(planned)) as source:
                    source.backup(keeper)
                database = Database(_IN_MEMORY)
                event.listen(database.engine, "connect", _make_volatile)
                return carry_timed(
                    workspace, DeliveryLog(database, worker_name()), database, dispatch_id, _MESSAGES, here=True
                )

        def without() -> float:
            database = on_disk()
            return carry_timed(workspace, _NoLog(database, dispatch_id), database, dispatch_id, _MESSAGES, here=True)

        ours, theirs, none = interleave(durable, in_memory, without)
    phase = f"messages per second of the send phase ({_MESSAGES:,} messages, {CONNECTIONS} connections)"
    meaning = f"{phase}, each step durable (WAL, synchronous=FULL) ÷ log in memory (synchronous=OFF): the disk's share"
    yield Line("ledger ÷ in memory", meaning, Kind.SPEED, ours, theirs, items=_MESSAGES)
    meaning = f"{phase}, each step durable ÷ nothing logged at all: the whole price of the log"
    yield Line("ledger ÷ no log", meaning, Kind.SPEED, ours, none, aim=0.8, items=_MESSAGES)


class _NoLog(DeliveryLog):
    """Hands out what was claimed beforehand, and writes nothing."""

    def __init__(self, database: Database, dispatch_id: int) -> None:
        super().__init__(database, worker_name())
        self._claimed = super().claim(dispatch_id, _MESSAGES)

    def claim(self, dispatch_id: int, limit: int) -> list[ClaimedDelivery]:  # noqa: ARG002 - there is one dispatch
        taken, self._claimed = self._claimed[:limit], self._claimed[limit:]
        return taken

    def commit(self, batch: Batch) -> list[int]:  # noqa: ARG002 - nothing is kept
        return []

    def abandon(self) -> Recovery:
        return Recovery()


def _make_volatile(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")

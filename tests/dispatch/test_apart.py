"""Claims and commits of the process leave what those of the thread leave, byte for byte; its errors are as plain."""

from __future__ import annotations

import asyncio
import resource
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from ledgerbase import (
    ACCEPTED,
    DEFERRED,
    DROPPED,
    NO_LOGIN,
    REJECTED,
    SILENT,
    START,
    HandClock,
    add_deliveries,
    add_dispatch,
    add_version,
    attempts,
    delivery,
    delivery_row,
    put,
    record_of,
    states,
)
from test_scribe import has_asked, process_of

from distributor.db import plain
from distributor.db.engine import Database
from distributor.deliveries import log as logs
from distributor.deliveries.apart import Errand, frame, send
from distributor.deliveries.informing import RIGHTS
from distributor.deliveries.log import DeliveryLog, Recovery
from distributor.deliveries.records import AttemptRecord, Batch
from distributor.dispatch.ledger import Ledger
from distributor.dispatch.scribe import Standby
from distributor.errors import BadInput, StorageTrouble
from distributor.models import Contact, Dispatch, Suppression, Wave
from distributor.states import DispatchState

_PEOPLE = 60
_STEPS = 60
_OUTCOMES = (ACCEPTED, ACCEPTED, ACCEPTED, REJECTED, DEFERRED, DEFERRED, DROPPED, SILENT, NO_LOGIN)
_ODD = replace(ACCEPTED, reply='2.0.0 «Reçu», dit l\'hôte \\ "x"\n🗞', server="mx.journal0.example", tls="TLSv1.3")


@pytest.fixture
def database(file_database: Database) -> Database:
    """A SQLite file: on a server the log stays on its thread."""
    return file_database


def copy_of(database: Database, file: Path) -> Database:
    with closing(sqlite3.connect(database.file or "")) as source, closing(sqlite3.connect(file)) as target:
        source.backup(target)
    return Database(f"sqlite:///{file}")


def contents(database: Database) -> dict[str, list[Any]]:
    """Every row of every table, as SQLite keeps it, types included."""
    with closing(sqlite3.connect(database.file or "")) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(map(repr, connection.execute(f"SELECT * FROM {name}"))) for name in tables}


def stage(database: Database) -> int:
    """A dispatch in three waves to people of all kinds; return its number."""
    version = add_version(database)
    dispatch_id = add_dispatch(database, version, templates={"text.j2": "{{ " + RIGHTS + " }}"})
    with database.session() as session:
        for number in range(0, _PEOPLE, 5):
            session.add(Contact(id=number + 1, embargo_trust=number % 2 == 0))
        for number, after in enumerate((None, 600, 900), start=1):
            session.add(Wave(dispatch_id=dispatch_id, number=number, name=f"wave {number}", after_s=after))
    rows = []
    for number in range(_PEOPLE):
        wave = number % 4
        rows.append(
            delivery_row(
                dispatch_id,
                version,
                number,
                wave=wave,
                contact_id=None if number % 5 else number + 1,
                not_before=START + timedelta(seconds=(0, 0, 600, 1500)[wave]),
                embargo_until=START + timedelta(hours=1, microseconds=number) if number % 3 == 0 else None,
                merge={"name": f"Journaliste «{number}»", "ligne": 'a\\"b\n🗞'},
            )
        )
    with database.transaction() as connection:
        DeliveryLog(database, "planner").plan(connection, rows)
    return dispatch_id


class Play:
    """One worker's run through a random sequence of what may come to a ledger; the same for the same seed."""

    def __init__(self, database: Database, dispatch_id: int, seed: int) -> None:
        self.database, self.dispatch_id = database, dispatch_id
        self.random, self.clock = Random(seed), HandClock()
        self.log = DeliveryLog(database, "w1", self.clock)
        self.other = DeliveryLog(database, "w2", self.clock)
        self.known: list[int] = []
        self.on_the_wire: list[int] = []
        self.trace: list[object] = []

    async def run(self, *, apart: bool) -> None:
        ledger = Ledger(self.log, apart=Standby() if apart else None)
        assert (ledger._scribe is not None) == apart
        for _ in range(_STEPS):
            step = self.random.choice([self.claim] * 4 + [self.commit] * 8 + [self.meanwhile] * 4 + [self.rest])
            try:
                self.trace.append(await step(ledger))
            except Exception as error:  # noqa: BLE001 - the same one is expected of the other
                self.trace.append(repr(error))
        if apart:
            assert process_of(ledger).poll() is None, "the process was there to the end"
            assert ledger._scribe is not None
            assert ledger._scribe._is_ready
        await ledger.close()

    async def claim(self, ledger: Ledger) -> object:
        claimed = await ledger.call(self.log.claim, self.dispatch_id, self.random.randint(1, 12))
        self.known += [one.id for one in claimed]
        return claimed

    async def commit(self, ledger: Ledger) -> object:
        random = self.random
        ended = [one for one in self.on_the_wire if random.random() < 0.7]
        late = random.sample(self.known, min(len(self.known), random.choice([0, 0, 0, 1])))
        fresh = [one for one in dict.fromkeys(self.known) if one not in self.on_the_wire]
        begins = random.sample(fresh, min(len(fresh), random.randint(0, 6)))
        batch = Batch(begins, [self.record(one) for one in dict.fromkeys([*ended, *late])])
        lost = await ledger.call(self.log.commit, batch)
        self.on_the_wire = [one for one in self.on_the_wire if one not in ended]
        self.on_the_wire += [one for one in begins if one not in lost]
        return lost

    def record(self, number: int) -> AttemptRecord:
        outcome, now = self.random.choice([*_OUTCOMES, _ODD]), self.clock()
        due = now + timedelta(seconds=self.random.choice([0, 30, 4000])) if outcome in (DEFERRED, DROPPED) else None
        return record_of(
            number, outcome, next_attempt_at=due, started_at=now - timedelta(microseconds=self.random.randrange(10**7)),
            expires_at=now + timedelta(seconds=1000) if due else None, account="default",
        )  # fmt: skip

    async def meanwhile(self, ledger: Ledger) -> object:
        """What others do, and what the thread does between."""
        number = self.random.randint(1, _PEOPLE)
        what = self.random.randrange(7)
        if what < 2:
            return await ledger.settle((self.log.abandon, self.log.renew)[what])
        return (
            lambda: self.other.recover(lambda _worker: False),
            lambda: self.other.claim(self.dispatch_id, 2),
            lambda: self.object(number),
            self.pause_or_go_on,
            lambda: put(self.database, number, worker="w2"),
        )[what - 2]()

    def object(self, number: int) -> None:
        key = delivery(self.database, number).address_hash
        with self.database.session() as session:
            session.add(Suppression(address_hash=key, key_id="k", reason="asked", created_at=START))

    def pause_or_go_on(self) -> None:
        with self.database.session() as session:
            dispatch = session.get_one(Dispatch, self.dispatch_id)
            goes_on = dispatch.state == DispatchState.PAUSED or self.random.random() < 0.7
            dispatch.state = DispatchState.RUNNING if goes_on else DispatchState.PAUSED

    async def rest(self, _ledger: Ledger) -> None:
        self.clock.forward(seconds=self.random.choice([1, 130, 900, 5000]), microseconds=self.random.randrange(999))


def test_the_same_comes_of_the_same(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_NOTED_TOGETHER", 5)
    dispatch_id = stage(database)
    met: set[str] = set()
    for seed in range(4):
        plays = []
        for apart in (False, True):
            copied = copy_of(database, tmp_path / f"{seed}-{apart}.db")
            play = Play(copied, dispatch_id, seed)
            asyncio.run(play.run(apart=apart))
            plays.append((play.trace, contents(copied)))
            copied.close()
        (trace, left), (trace_apart, left_apart) = plays
        assert trace_apart == trace, seed
        assert left_apart == left, seed
        met |= {word for row in left["delivery"] for word in row.replace("'", "").split(", ")}
        met |= {f"wave {row.split(', ')[1]}" for row in left["wave"] if not row.endswith("None)")}
        met |= {"informed" for row in left["contact"] if "2026-03-02" in row}
        met |= {"lost" for one in trace if isinstance(one, list) and one and isinstance(one[0], int)}
        met |= {"illegal" for one in trace if "cannot go from" in str(one)}
    assert met >= {
        "queued", "accepted", "rejected", "deferred", "in_doubt", "expired", "withheld", "wave 1", "wave 2", "wave 3",
        "informed", "lost", "illegal",
    }  # fmt: skip


def test_whoever_is_reached_by_it_counts_as_informed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where that cannot be noted, what was committed stays committed, and it is tried again."""
    monkeypatch.setattr(logs, "_NOTED_TOGETHER", 1)
    dispatch_id = stage(database)
    clock = HandClock()
    log = DeliveryLog(database, "w1", clock)
    clock.forward(days=1)
    log.note_informed(dispatch_id)  # as a run begins: from then on it is known whether its messages tell the rights
    monkeypatch.setattr(log, "inform", pytest.fail)  # which is for the process to do, and not for the thread
    failures = [StorageTrouble("The disk is full.")]

    class OnceFull(Ledger):
        async def call(self, function: Any, *args: object) -> Any:
            if function == log.inform and failures:
                raise failures.pop()
            return await super().call(function, *args)

    def informed() -> int:
        with database.reading() as connection:
            return len(connection.exec_driver_sql("SELECT 1 FROM contact WHERE notice_sent_at IS NOT NULL").all())

    async def scene() -> None:
        ledger = OnceFull(log, apart=Standby())
        claimed = [one.id for one in await ledger.call(log.claim, dispatch_id, _PEOPLE) if one.id % 5 == 1]
        reached = len(claimed)
        await asyncio.gather(*(ledger.begin(number) for number in claimed))
        await ledger.record(record_of(claimed[0], ACCEPTED)).written()
        assert (informed(), failures, states(database, claimed[:1])) == (0, [], ["accepted"])
        await asyncio.gather(*(ledger.record(record_of(number, ACCEPTED)).written() for number in claimed[1:]))
        await ledger.call(log.renew)  # the thread's turn comes after all that the process was asked
        assert informed() == reached > 1
        await ledger.close()

    asyncio.run(scene())


@pytest.mark.parametrize("trouble", [StorageTrouble("The disk is full."), RuntimeError("a defect")])
def test_whom_the_last_commit_reached_is_informed_with_what_is_settled(
    database: Database, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    """Though the process could not note it: the run ends without another commit. A defect ends it visibly."""
    monkeypatch.setattr(logs, "_NOTED_TOGETHER", 1)
    dispatch_id, log = stage(database), DeliveryLog(database, "w1", HandClock())
    log.note_informed(dispatch_id)

    class NeverInforms(Ledger):
        async def call(self, function: Any, *args: object) -> Any:
            if function == log.inform:
                await asyncio.sleep(0.05)  # as long as the process is asked, and the end of the run comes meanwhile
                raise trouble
            return await super().call(function, *args)

    async def scene() -> None:
        ledger = NeverInforms(log, apart=Standby())
        first, second = [one.id for one in await ledger.call(log.claim, dispatch_id, _PEOPLE) if one.id % 5 == 1][:2]
        await ledger.begin(first)
        await ledger.record(record_of(first, ACCEPTED)).written()
        await ledger.settle(log.abandon)
        with database.reading() as connection:
            told = connection.exec_driver_sql("SELECT 1 FROM contact WHERE notice_sent_at IS NOT NULL").all()
        assert len(told) == 1
        (begun,) = await asyncio.gather(ledger.begin(second), return_exceptions=True)
        assert (begun is trouble) == isinstance(trouble, RuntimeError)
        await ledger.close()

    asyncio.run(scene())


def test_a_full_disk_is_one_sentence_and_nothing_half_done_is_kept(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 40)
    log = DeliveryLog(database, "w1")

    async def scene() -> None:
        ledger = Ledger(log, apart=Standby())
        await ledger.call(log.claim, dispatch_id, 40)
        await asyncio.gather(*(ledger.begin(number) for number in ids))
        process, no_limit = process_of(ledger).pid, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(process, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        records = [ledger.record(record_of(number, ACCEPTED)).written() for number in ids]
        for error in await asyncio.gather(*records, return_exceptions=True):
            assert isinstance(error, StorageTrouble)
            assert str(error).startswith("The disk cannot take what must be written")
            assert error.mend == "Free some space. Run the same command again."
        assert states(database, ids) == ["sending"] * 40
        assert attempts(database, ids[0]) == []
        resource.prlimit(process, resource.RLIMIT_FSIZE, no_limit)
        await asyncio.gather(*(ledger.record(record_of(number, ACCEPTED)).written() for number in ids))
        assert states(database, ids) == ["accepted"] * 40
        await ledger.close()

    asyncio.run(scene())


def test_another_writer_that_does_not_end_is_one_sentence(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    dispatch_id, ids = add_deliveries(database, 1)
    log = DeliveryLog(database, "w1")
    monkeypatch.setattr(plain, "_BUSY_MS", 1)

    async def scene() -> None:
        ledger = Ledger(log, apart=Standby())
        with closing(sqlite3.connect(database.file or "", isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageTrouble, match="Another Distributor command has been writing"):
                await ledger.call(log.claim, dispatch_id, 1)
            writer.execute("ROLLBACK")
        assert [one.id for one in await ledger.call(log.claim, dispatch_id, 1)] == ids
        await ledger.close()

    asyncio.run(scene())


def test_a_damaged_file_is_one_sentence(database: Database, tmp_path: Path) -> None:
    dispatch_id, _ids = add_deliveries(database, 1)
    damaged = copy_of(database, tmp_path / "press.db")
    log = DeliveryLog(damaged, "w1")
    (tmp_path / "press.db").write_bytes(b"Not a database." * 400)

    async def scene() -> None:
        ledger = Ledger(log, apart=Standby())
        with pytest.raises(BadInput, match="damaged, or is not a database"):
            await ledger.call(log.claim, dispatch_id, 1)
        await ledger.close()

    asyncio.run(scene())


def test_where_it_cannot_even_start_the_thread_does_the_work(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatch_id, ids = add_deliveries(database, 2)
    log = DeliveryLog(database, "w1")
    monkeypatch.setattr(sys, "executable", shutil.which("false"))

    async def scene() -> None:
        ledger = Ledger(log, apart=Standby())
        await ledger.call(log.claim, dispatch_id, 2)
        await asyncio.gather(*(ledger.begin(number) for number in ids))
        await ledger.close()
        assert process_of(ledger).returncode == 1

    asyncio.run(scene())
    assert states(database, ids) == ["sending"] * 2


def test_the_thread_waits_for_what_the_process_was_asked_by_one_who_waits_no_more(database: Database) -> None:
    """Else claims would come after the end of their worker, who gives all back, and would stand until the next run."""
    dispatch_id, ids = add_deliveries(database, 3)
    log = DeliveryLog(database, "w1")

    async def scene() -> Recovery:
        ledger = Ledger(log, apart=Standby())
        impatient = asyncio.ensure_future(ledger.call(log.claim, dispatch_id, 3))
        await has_asked(ledger)
        impatient.cancel()
        left = await ledger.settle(log.abandon)
        await ledger.close()
        return left

    assert asyncio.run(scene()).requeued == 3
    assert states(database, ids) == ["queued"] * 3


def test_a_server_and_what_is_in_memory_stay_with_the_thread(postgres_url: str, database: Database) -> None:
    for url in (postgres_url, "sqlite:///:memory:", f"sqlite:///file:{database.file}?uri=true", "sqlite://"):
        elsewhere = Database(url)
        assert DeliveryLog(elsewhere, "w1").errand() is None
        elsewhere.close()


_LARGE = ("sqlalchemy", "sqlmodel", "pydantic", "asyncio", "multiprocessing", "subprocess", "distributor.models")

_LOADED = """
import sys
sys.path.append(sys.argv[2])
from distributor.deliveries import apart
print(apart.receive(0).file, file=sys.stderr)
print(*sys.modules, sep="\\n")
"""


def test_it_loads_nothing_large(database: Database) -> None:
    """Not even by what it is sent: functions come by the name of their module."""
    errand = DeliveryLog(database, "w1").errand()
    assert isinstance(errand, Errand)
    root = str(Path(plain.__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-P", "-S", "-c", _LOADED, "-", root],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        send(process.stdin.fileno(), frame(errand))
        out, err = process.communicate(timeout=30)
    assert err.strip() == str(database.file)
    loaded = out.split()
    assert "distributor.deliveries.steps" in loaded
    assert [name for name in loaded if name.startswith(_LARGE)] == []

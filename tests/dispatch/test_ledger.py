"""The ledger's thread: many askers, few commits, and nothing that was said is lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from threading import Event
from typing import TypeVar

import pytest
from ledgerbase import ACCEPTED, REJECTED, HandClock, add_deliveries, put, record_of, states

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog, LeaseLost
from distributor.deliveries.records import Batch
from distributor.dispatch import silence
from distributor.dispatch.ledger import Ledger
from distributor.errors import StorageTrouble

T = TypeVar("T")


class SlowLog(DeliveryLog):
    """A log whose first commit waits until it is let go, as a busy disk makes it."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "w1", HandClock())
        self.batches: list[tuple[int, int]] = []
        self.started, self.go_on = Event(), Event()
        self.fail: Exception | None = None

    def commit(self, batch: Batch) -> list[int]:
        self.batches.append((len(batch.begins), len(batch.records)))
        self.started.set()
        assert self.go_on.wait(timeout=10)
        if self.fail is not None:
            error, self.fail = self.fail, None
            raise error
        return super().commit(batch)


async def until(event: Event) -> None:
    await asyncio.get_running_loop().run_in_executor(None, event.wait, 10)


def test_what_gathers_during_a_commit_shares_the_next(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 9)
    log = SlowLog(database)
    log.claim(dispatch_id, 9)

    async def scene() -> None:
        ledger = Ledger(log)
        first = asyncio.ensure_future(ledger.begin(ids[0]))
        await until(log.started)
        others = [asyncio.ensure_future(ledger.begin(number)) for number in ids[1:]]
        await asyncio.sleep(0)
        log.go_on.set()
        await asyncio.gather(first, *others)
        await ledger.record(record_of(ids[0], ACCEPTED)).written()
        await ledger.close()

    asyncio.run(scene())
    assert log.batches == [(1, 0), (8, 0), (0, 1)]
    assert states(database, ids) == ["accepted"] + ["sending"] * 8


def test_a_begin_returns_only_when_it_is_on_the_disk(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 1)
    log = SlowLog(database)
    log.claim(dispatch_id, 1)

    async def scene() -> None:
        ledger = Ledger(log)
        begin = asyncio.ensure_future(ledger.begin(ids[0]))
        await until(log.started)
        assert not begin.done()
        assert states(database, ids) == ["claimed"]
        log.go_on.set()
        await begin
        assert states(database, ids) == ["sending"]
        await ledger.close()

    asyncio.run(scene())


def test_only_the_one_whose_lease_is_lost_is_told(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 2)
    log = SlowLog(database)
    log.go_on.set()
    log.claim(dispatch_id, 2)
    put(database, ids[0], worker="another")

    async def scene() -> list[BaseException | None]:
        ledger = Ledger(log)
        found = await asyncio.gather(ledger.begin(ids[0]), ledger.begin(ids[1]), return_exceptions=True)
        await ledger.close()
        return list(found)

    lost, fine = asyncio.run(scene())
    assert isinstance(lost, LeaseLost)
    assert fine is None


def two_on_the_wire(database: Database) -> tuple[SlowLog, list[int]]:
    """A slow log, and two deliveries whose messages are leaving."""
    dispatch_id, ids = add_deliveries(database, 2)
    log = SlowLog(database)
    log.go_on.set()
    log.claim(dispatch_id, 2)
    log.commit(Batch(begins=ids))
    log.started.clear()
    log.go_on.clear()
    return log, ids


async def two_records(ledger: Ledger, log: SlowLog, ids: Sequence[int]) -> list[asyncio.Future[None]]:
    """Two who wait for their record: one is in the commit, the other one in the batch after it."""
    waiting = [ledger.record(record_of(ids[0], ACCEPTED)).written()]
    await until(log.started)
    waiting.append(ledger.record(record_of(ids[1], ACCEPTED)).written())
    await asyncio.sleep(0)
    return waiting


def test_a_record_is_written_even_if_the_waiter_is_cancelled(database: Database) -> None:
    log, ids = two_on_the_wire(database)

    async def scene() -> None:
        ledger = Ledger(log)
        waiting = await two_records(ledger, log, ids)
        for task in waiting:
            task.cancel()
        for task in waiting:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        log.go_on.set()
        await ledger.close()

    asyncio.run(scene())
    assert states(database, ids) == ["accepted", "accepted"]


def test_a_settling_call_comes_after_all_that_was_said_before(database: Database) -> None:
    """Else what was accepted would first be put in doubt, with an attempt that never was."""
    log, ids = two_on_the_wire(database)

    async def scene() -> None:
        ledger = Ledger(log)
        waiting = await two_records(ledger, log, ids)
        settling = asyncio.create_task(ledger.settle(log.abandon))
        await asyncio.sleep(0)
        log.go_on.set()
        assert (await settling).in_doubt == ()
        await asyncio.gather(*waiting)
        await ledger.close()

    asyncio.run(scene())
    assert states(database, ids) == ["accepted", "accepted"]


def test_when_the_disk_is_full_everyone_who_waits_is_told_and_the_next_may_try(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 2)
    log = SlowLog(database)
    log.go_on.set()
    log.claim(dispatch_id, 2)
    log.fail = StorageTrouble("The disk is full.")

    async def scene() -> None:
        ledger = Ledger(log)
        found = await asyncio.gather(*(ledger.begin(number) for number in ids), return_exceptions=True)
        assert [str(one) for one in found] == ["The disk is full."] * 2
        await ledger.begin(ids[0])
        await ledger.close()

    asyncio.run(scene())
    assert states(database, ids) == ["sending", "claimed"]


@pytest.mark.parametrize("many", [1, 50])
def test_fifty_begins_take_two_transactions(database: Database, transactions: Callable[[], int], many: int) -> None:
    dispatch_id, ids = add_deliveries(database, many)
    log = DeliveryLog(database, "w1", HandClock())
    log.claim(dispatch_id, many)
    before = transactions()

    async def scene() -> None:
        ledger = Ledger(log)
        await asyncio.gather(*(ledger.begin(number) for number in ids))
        await ledger.close()

    asyncio.run(scene())
    assert transactions() - before <= 2


class WatchedLedger(Ledger):
    """Tells when it goes to its log."""

    def __init__(self, log: DeliveryLog, told: list[str], *, connections: int) -> None:
        super().__init__(log, connections=connections)
        self.told = told

    async def call(self, function: Callable[..., T], *args: object) -> T:
        self.told.append("asked")
        return await super().call(function, *args)


def test_the_next_commit_is_on_its_way_before_those_are_woken_who_waited_for_the_last(database: Database) -> None:
    """They work while it is written; else the disk and the sending would wait for one another in turn."""
    dispatch_id, ids = add_deliveries(database, 2)
    log = SlowLog(database)
    log.claim(dispatch_id, 2)
    told: list[str] = []

    async def scene() -> None:
        ledger = WatchedLedger(log, told, connections=10)
        first = asyncio.ensure_future(ledger.begin(ids[0]))
        first.add_done_callback(lambda _done: told.append("woken"))
        await until(log.started)
        second = asyncio.ensure_future(ledger.begin(ids[1]))
        await asyncio.sleep(0)
        log.go_on.set()
        await asyncio.gather(first, second)
        await ledger.close()

    asyncio.run(scene())
    assert told == ["asked", "asked", "woken"]


def test_a_commit_leaves_half_of_the_connections_to_the_next(database: Database) -> None:
    """Of twenty messages that end while one is written, ten are told of theirs while the others are written."""
    dispatch_id, ids = add_deliveries(database, 40)
    log = SlowLog(database)
    log.claim(dispatch_id, 40)

    async def scene() -> None:
        ledger = Ledger(log, connections=20)
        first = asyncio.ensure_future(ledger.begin(ids[0]))
        await until(log.started)
        waiting = []
        for ended, begun in zip(ids[:20], ids[20:], strict=True):
            waiting += [ledger.record(record_of(ended, REJECTED)).written(), ledger.begin(begun)]
            await asyncio.sleep(0)
        log.go_on.set()
        await asyncio.gather(first, *waiting)
        await ledger.close()

    asyncio.run(scene())
    assert log.batches == [(1, 0), (10, 10), (10, 10)]
    assert states(database, ids) == ["rejected"] * 20 + ["sending"] * 20


class SilentLog(DeliveryLog):
    """A log on a server that keeps the line and says nothing, until it is hung up on."""

    is_on_a_server = True

    def __init__(self, database: Database) -> None:
        super().__init__(database, "w1", HandClock())
        self.asked, self.hung_up = Event(), Event()

    def ask(self) -> bool:
        self.asked.set()
        return self.hung_up.wait(timeout=10)

    def hang_up(self, *, at_once: bool) -> None:  # noqa: ARG002 - the same for both
        self.hung_up.set()


def test_a_server_that_is_silent_is_hung_up_on_though_nobody_waits_for_it_any_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else who wants the end at once would wait for as long as the server likes."""
    monkeypatch.setattr(silence, "AT_ONCE_S", 0.01)
    log = SilentLog(database)

    async def scene() -> None:
        ledger = Ledger(log)
        asking = asyncio.create_task(ledger.call(log.ask))
        await until(log.asked)
        asking.cancel()
        ledger.hurry()
        await ledger.close()

    asyncio.run(scene())
    assert log.hung_up.is_set()

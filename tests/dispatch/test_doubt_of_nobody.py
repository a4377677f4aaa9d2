"""A run that comes to grief puts nobody in doubt whose message it knows not to have left."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from threading import Event

import pytest
from ledgerbase import ACCEPTED, REJECTED, HandClock, add_deliveries, attempts, delivery, paced, put, record_of, states
from smtpserver import Fault, Script, ScriptedServer

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import AttemptRecord, Batch, ClaimedDelivery
from distributor.dispatch.ledger import Ledger
from distributor.dispatch.retry import RetryPolicy
from distributor.dispatch.runner import Runner
from distributor.errors import StorageTrouble
from distributor.transport.account import SmtpAccount
from distributor.transport.base import Envelope
from distributor.transport.smtp import SmtpTransport

AHEAD = Script(pipelining=True, faults=(Fault("data", delay=0.01),))


class LockedOnce(DeliveryLog):
    """A log that somebody else holds for too long, once: when the first verdict is to be written."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "w1", HandClock())
        self.is_waiting, self.may_fail = Event(), Event()
        self.may_fail.set()
        self.has_failed = False

    def commit(self, batch: Batch) -> list[int]:
        if batch.records and not self.has_failed:
            self.has_failed = True
            self.is_waiting.set()
            assert self.may_fail.wait(timeout=10)
            raise StorageTrouble("The database is locked.")
        return super().commit(batch)


def compose(claimed: ClaimedDelivery) -> Envelope:
    return Envelope("presse@halle.example", claimed.address, b"Subject: x\r\n\r\nLa halle rouvre.\r\n")


async def send(log: DeliveryLog, dispatch_id: int, connections: int, wrong: Sequence[str] = ()) -> list[str]:
    """Send until the run ends in trouble; return whom the server has taken."""

    def write(claimed: ClaimedDelivery) -> Envelope:
        if claimed.address in wrong:
            raise ZeroDivisionError
        return compose(claimed)

    async with ScriptedServer(AHEAD) as server:
        runner = Runner(
            log=log,
            transport=SmtpTransport(SmtpAccount("127.0.0.1", server.port, security="plain")),
            compose=write,
            retry=RetryPolicy((5, 15), 24),
            connections=connections,
            pacer=paced(log._database, HandClock(), wish=connections),
            now=HandClock(),
        )
        with pytest.raises((StorageTrouble, ZeroDivisionError)):
            await asyncio.wait_for(runner.run(dispatch_id, asyncio.Event()), timeout=20)
        return [one.recipient for one in server.accepted]


def test_behind_a_verdict_that_could_not_be_written_nobody_is_begun(database: Database) -> None:
    """Whoever waits for the next commit would be in doubt beside the one before, though nothing of theirs left."""
    dispatch_id, ids = add_deliveries(database, 2)
    log = LockedOnce(database)
    log.claim(dispatch_id, 2)
    log.commit(Batch(begins=ids[:1]))
    log.may_fail.clear()

    async def scene() -> list[BaseException | None]:
        ledger = Ledger(log)
        ledger.record(record_of(ids[0], ACCEPTED))
        await asyncio.get_running_loop().run_in_executor(None, log.is_waiting.wait, 10)
        waiting = asyncio.ensure_future(ledger.begin(ids[1]))
        log.may_fail.set()
        found = list(await asyncio.gather(waiting, return_exceptions=True))
        found += await asyncio.gather(ledger.begin(ids[1]), return_exceptions=True)
        await ledger.close()
        return found

    assert [str(error) for error in asyncio.run(scene())] == ["The database is locked."] * 2
    assert states(database, ids) == ["sending", "claimed"]


@pytest.mark.parametrize("connections", [1, 3])
def test_a_ledger_that_was_locked_for_too_long_forgets_no_verdict(database: Database, connections: int) -> None:
    """By the end of the run it is free again: who is known to have the message is not in doubt."""
    dispatch_id, ids = add_deliveries(database, 12)
    reached = asyncio.run(send(LockedOnce(database), dispatch_id, connections))
    found = Counter(states(database, ids))
    assert found == {"accepted": len(reached), "queued": 12 - len(reached)}


def test_a_commit_of_which_nobody_knows_whether_it_was_made_counts_once(database: Database) -> None:
    """The log's process was killed behind it, and before the answer; who was given up meanwhile has a verdict."""
    dispatch_id, ids = add_deliveries(database, 4)
    log = DeliveryLog(database, "w1", HandClock())
    log.claim(dispatch_id, 4)
    log.commit(Batch(begins=ids))
    records = [record_of(number, ACCEPTED) for number in ids[:3]] + [record_of(ids[3], REJECTED)]
    log.commit(Batch(records=records[:1]))
    put(database, ids[2], worker="", state="in_doubt")
    put(database, ids[3], worker="another")
    log.record_late(records)
    assert states(database, ids) == ["accepted", "accepted", "accepted", "sending"]
    assert [len(attempts(database, number)) for number in ids] == [1, 1, 1, 1]
    assert [delivery(database, number).attempts for number in ids] == [1, 1, 1, 1]
    assert delivery(database, ids[3]).worker == "another", "who sends now says what becomes of it"


class DefectiveLog(DeliveryLog):
    """A log that trips over a verdict, whenever it is to be written."""

    def commit(self, batch: Batch) -> list[int]:
        if batch.records:
            raise ZeroDivisionError
        return super().commit(batch)

    def record_late(self, _records: Sequence[AttemptRecord]) -> None:
        raise ZeroDivisionError


def test_a_verdict_that_never_can_be_written_keeps_nobody_from_being_settled(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 3)
    reached = asyncio.run(send(DefectiveLog(database, "w1", HandClock()), dispatch_id, 1))
    assert len(reached) == 1
    assert states(database, ids) == ["in_doubt", "queued", "queued"]


def test_a_message_that_cannot_be_written_puts_nobody_else_in_doubt(database: Database) -> None:
    """The others end what they have begun, or do not begin."""
    dispatch_id, ids = add_deliveries(database, 12)
    log = DeliveryLog(database, "w1", HandClock())
    reached = asyncio.run(send(log, dispatch_id, 4, wrong=["j5@journal2.example"]))
    found = Counter(states(database, ids))
    assert found["in_doubt"] == 0
    assert found["accepted"] == len(reached)

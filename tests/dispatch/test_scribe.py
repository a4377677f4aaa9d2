"""Claims and commits in a process of their own: what it answers, what it raises, what is left when either side dies."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ledgerbase import ACCEPTED, REJECTED, SILENT, add_deliveries, record_of, states

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog, LeaseLost, Recovery
from distributor.dispatch.ledger import Ledger
from distributor.dispatch.scribe import ENDED, Standby
from distributor.errors import DistributorError, StorageTrouble
from distributor.states import DeliveryState


@pytest.fixture
def database(file_database: Database) -> Database:
    """A SQLite file: on a server the log stays on its thread."""
    return file_database


@pytest.fixture
def log(database: Database) -> DeliveryLog:
    return DeliveryLog(database, "w1")


def process_of(ledger: Ledger) -> subprocess.Popen[bytes]:
    scribe = ledger._scribe
    assert scribe is not None
    return scribe._process


async def has_asked(ledger: Ledger) -> None:
    """Return when the process was asked for something and has not answered."""
    scribe = ledger._scribe
    assert scribe is not None
    while not scribe._answers:  # noqa: ASYNC110 - it turns round within the loop, without a clock
        await asyncio.sleep(0)


def test_it_writes_what_the_thread_would(database: Database, log: DeliveryLog) -> None:
    dispatch_id, ids = add_deliveries(database, 3)

    async def scene() -> subprocess.Popen[bytes]:
        ledger = Ledger(log, apart=Standby())
        claimed = await ledger.call(log.claim, dispatch_id, 3)
        await ledger.call(log.release, ids)
        assert claimed == log.claim(dispatch_id, 3)
        await asyncio.gather(*(ledger.begin(number) for number in ids))
        first = ledger.record(record_of(ids[0], ACCEPTED)).written()
        ledger.record(record_of(ids[1], SILENT))
        await first
        left = await ledger.settle(log.abandon)
        assert left == Recovery(in_doubt=(claimed[2].address,))
        await ledger.close()
        return process_of(ledger)

    process = asyncio.run(scene())
    assert process.returncode == 0, "it did not fail; it has ended, and was waited for"
    assert states(database, ids) == ["accepted", "in_doubt", "in_doubt"]


def test_who_is_not_ours_any_more_is_not_begun(database: Database, log: DeliveryLog) -> None:
    dispatch_id, ids = add_deliveries(database, 2)

    async def scene() -> None:
        ledger = Ledger(log, apart=Standby())
        await ledger.call(log.claim, dispatch_id, 2)
        log.release([ids[0]])
        begun = await asyncio.gather(*(ledger.begin(number) for number in ids), return_exceptions=True)
        assert [type(one) for one in begun] == [LeaseLost, type(None)]
        await ledger.close()

    asyncio.run(scene())
    assert states(database, ids) == ["queued", "sending"]


def test_what_it_raises_is_raised_here(database: Database, log: DeliveryLog) -> None:
    add_deliveries(database, 1)

    async def scene() -> None:
        ledger = Ledger(log, apart=Standby())
        with pytest.raises(DistributorError, match="larger than any in the database") as raised:
            await ledger.call(log.claim, 2**70, 1)
        assert raised.value.mend == "Check it."
        with pytest.raises(Exception, match="cannot go from in_doubt to claimed"):
            await ledger.call(log.settle_doubt, 1, DeliveryState.CLAIMED, "")
        await ledger.close()

    asyncio.run(scene())


def test_when_it_is_killed_the_waiting_are_told_and_the_thread_goes_on(database: Database, log: DeliveryLog) -> None:
    dispatch_id, ids = add_deliveries(database, 2)

    async def scene() -> None:
        ledger = Ledger(log, apart=Standby())
        await ledger.call(log.claim, dispatch_id, 2)
        await ledger.begin(ids[0])
        process_of(ledger).send_signal(signal.SIGSTOP)
        asked = asyncio.ensure_future(ledger.begin(ids[1]))
        await has_asked(ledger)
        process_of(ledger).kill()
        with pytest.raises(StorageTrouble, match=ENDED):
            await asked
        left = await ledger.settle(log.abandon)
        assert (left.requeued, len(left.in_doubt)) == (1, 1)
        await ledger.close()

    asyncio.run(scene())
    assert states(database, ids) == ["in_doubt", "queued"]


def test_a_verdict_that_was_on_its_way_when_it_was_killed_is_known_all_the_same(
    database: Database, log: DeliveryLog
) -> None:
    dispatch_id, ids = add_deliveries(database, 2)

    async def scene() -> None:
        ledger = Ledger(log, apart=Standby())
        await ledger.call(log.claim, dispatch_id, 2)
        await asyncio.gather(*(ledger.begin(number) for number in ids))
        process_of(ledger).send_signal(signal.SIGSTOP)
        said = ledger.record(record_of(ids[0], ACCEPTED)).written()
        await has_asked(ledger)
        process_of(ledger).kill()
        with pytest.raises(StorageTrouble, match=ENDED):
            await said
        left = await ledger.settle(log.abandon)
        assert len(left.in_doubt) == 1
        await ledger.close()

    asyncio.run(scene())
    assert states(database, ids) == ["accepted", "in_doubt"]


def test_who_stops_waiting_holds_up_nobody(database: Database, log: DeliveryLog) -> None:
    dispatch_id, _ids = add_deliveries(database, 2)

    async def scene() -> None:
        ledger = Ledger(log, apart=Standby())
        impatient = asyncio.ensure_future(ledger.call(log.claim, dispatch_id, 1))
        await asyncio.sleep(0)
        impatient.cancel()
        assert len(await ledger.call(log.claim, dispatch_id, 2)) == 1, "what was asked for was done"
        await ledger.close()

    asyncio.run(asyncio.wait_for(scene(), 30))


def test_what_fails_when_nobody_waits_any_more_is_not_shown_to_the_user(database: Database, log: DeliveryLog) -> None:
    """asyncio prints the traceback of an exception that nobody has heard of."""
    dispatch_id, _ids = add_deliveries(database, 1)
    said: list[str] = []

    async def scene() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: said.append(context["message"]))
        ledger = Ledger(log, apart=Standby())
        await ledger.call(log.claim, dispatch_id, 1)
        process_of(ledger).send_signal(signal.SIGSTOP)
        by_process = asyncio.ensure_future(ledger.call(log.claim, dispatch_id, 1))
        await has_asked(ledger)
        by_process.cancel()
        await asyncio.gather(by_process, return_exceptions=True)
        process_of(ledger).kill()
        by_thread = asyncio.ensure_future(ledger.call(log.settle_doubt, 1, DeliveryState.CLAIMED, ""))
        await asyncio.sleep(0)
        by_thread.cancel()
        await asyncio.gather(by_thread, return_exceptions=True)
        await ledger.close()

    asyncio.run(scene())
    gc.collect()
    assert said == []


def test_it_answers_in_the_order_of_the_questions(database: Database, log: DeliveryLog) -> None:
    dispatch_id, ids = add_deliveries(database, 3)

    async def scene() -> None:
        ledger = Ledger(log, apart=Standby())
        await ledger.call(log.claim, dispatch_id, 1)
        begun = asyncio.ensure_future(ledger.begin(ids[0]))
        claims = [asyncio.ensure_future(ledger.call(log.claim, dispatch_id, 1)) for _ in range(2)]
        await has_asked(ledger)
        released = asyncio.ensure_future(ledger.call(log.release, ids[1:]))  # the thread's: after all of them
        assert [one.id for claimed in await asyncio.gather(*claims) for one in claimed] == ids[1:]
        await asyncio.gather(begun, released)
        await ledger.close()

    asyncio.run(scene())
    assert states(database, ids) == ["sending", "queued", "queued"]


@pytest.fixture(params=[False, True], ids=["few files", "many files"])
def many_files(request: pytest.FixtureRequest) -> Iterator[None]:
    """More files than `select` knows numbers for, as where very many connections stand."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = 1_100
    if request.param and hard != resource.RLIM_INFINITY and hard < 2 * many:
        pytest.skip(f"no more than {hard} files can be open")
    with contextlib.ExitStack() as held:
        if request.param:
            resource.setrlimit(resource.RLIMIT_NOFILE, (2 * many, hard))
            held.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
            first = os.open(os.devnull, os.O_RDONLY)
            held.callback(os.close, first)
            for _ in range(many):
                held.callback(os.close, os.dup(first))
        yield


@pytest.mark.usefixtures("many_files")
def test_more_than_the_pipe_holds_may_be_said_both_ways_at_once(database: Database, log: DeliveryLog) -> None:
    dispatch_id, ids = add_deliveries(database, 400, merge={"note": "x" * 2_000})

    async def scene() -> None:
        ledger = Ledger(log, apart=Standby())
        await ledger.call(log.claim, dispatch_id, 200)
        refusals = [replace(REJECTED, reply=f"{number} " + "y" * 2_000) for number in ids[:200]]
        claim = asyncio.ensure_future(ledger.call(log.claim, dispatch_id, 200))
        await has_asked(ledger)
        records = map(record_of, ids[:200], refusals)
        await asyncio.wait([ledger.record(record).written() for record in records])
        assert len(await claim) == 200
        await ledger.close()

    asyncio.run(asyncio.wait_for(scene(), 60))
    assert states(database, ids) == ["rejected"] * 200 + ["claimed"] * 200


def test_while_it_does_not_read_the_loop_goes_round(database: Database, log: DeliveryLog) -> None:
    """More than the pipe holds is to be said to it, and it has said half of what it has to say."""
    dispatch_id, ids = add_deliveries(database, 400, merge={"note": "x" * 2_000})

    async def scene() -> None:
        ledger = Ledger(log, apart=Standby())
        await ledger.call(log.claim, dispatch_id, 200)
        claim = asyncio.ensure_future(ledger.call(log.claim, dispatch_id, 200))
        await has_asked(ledger)
        process_of(ledger).send_signal(signal.SIGSTOP)
        refusals = [replace(REJECTED, reply=f"{number} " + "y" * 2_000) for number in ids[:200]]
        said = [ledger.record(record_of(*one)).written() for one in zip(ids[:200], refusals, strict=True)]
        for _ in range(50):
            await asyncio.sleep(0)
        process_of(ledger).send_signal(signal.SIGCONT)
        await asyncio.wait(said)
        assert len(await claim) == 200
        await ledger.close()

    asyncio.run(asyncio.wait_for(scene(), 60))
    assert states(database, ids) == ["rejected"] * 200 + ["claimed"] * 200


def test_signals_of_the_terminal_are_not_for_it(database: Database, log: DeliveryLog) -> None:
    dispatch_id, ids = add_deliveries(database, 1)

    async def scene() -> None:
        ledger = Ledger(log, apart=Standby())
        await ledger.call(log.claim, dispatch_id, 1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process_of(ledger).send_signal(number)
        await ledger.begin(ids[0])
        await ledger.close()

    asyncio.run(scene())
    assert states(database, ids) == ["sending"]


def test_where_there_is_no_room_for_it_the_thread_does_the_work(
    database: Database, log: DeliveryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatch_id, ids = add_deliveries(database, 1)

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)

    async def scene() -> None:
        ledger = Ledger(log, apart=Standby())
        await ledger.call(log.claim, dispatch_id, 1)
        await ledger.begin(ids[0])
        await ledger.close()

    asyncio.run(scene())
    assert states(database, ids) == ["sending"]


def test_one_that_stands_by_is_the_next_to_be_taken_and_ends_when_nobody_takes_it(
    database: Database, log: DeliveryLog
) -> None:
    _dispatch_id, ids = add_deliveries(database, 1)
    standby = Standby()
    standby.start()
    standby.start()
    assert standby._ahead is not None
    ahead = standby._ahead[1]

    async def scene() -> None:
        ledger = Ledger(log, apart=standby)
        assert process_of(ledger) is ahead
        await ledger.call(log.claim, 1, 1)
        await ledger.begin(ids[0])
        await ledger.close()
        other = Ledger(log, apart=standby)
        assert process_of(other) is not ahead
        await other.close()

    asyncio.run(scene())
    assert ahead.returncode == 0
    assert states(database, ids) == ["sending"]
    standby.start()
    left = standby._ahead[1]
    standby.dismiss()
    standby.dismiss()
    assert left.returncode == 0


def test_one_that_ended_while_it_stood_by_is_not_taken(database: Database, log: DeliveryLog) -> None:
    _dispatch_id, ids = add_deliveries(database, 1)
    standby = Standby()
    standby.start()
    assert standby._ahead is not None
    pipe, ahead = standby._ahead
    ahead.kill()
    os.waitid(os.P_PID, ahead.pid, os.WEXITED | os.WNOWAIT)

    async def scene() -> int | None:
        ledger = Ledger(log, apart=standby)
        process = process_of(ledger)
        assert process is not ahead
        await ledger.call(log.claim, 1, 1)
        await ledger.begin(ids[0])
        await ledger.close()
        return process.returncode

    assert asyncio.run(scene()) == 0, "the thread did its work"
    assert states(database, ids) == ["sending"]
    assert pipe.fileno() < 0
    assert ahead.returncode == -signal.SIGKILL


_STARTER = """
import asyncio, sys
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.ledger import Ledger
from distributor.dispatch.scribe import Standby

async def scene(log):
    ledger = Ledger(log, apart=Standby())
    await ledger.call(log.claim, 1, 1)
    print(ledger._scribe._process.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(scene(DeliveryLog(Database(sys.argv[1]), "w1")))
"""


def test_it_ends_with_the_process_that_started_it(tmp_path: Path, database: Database) -> None:
    """It does not stand in the folder of its user either: what lies there is not imported."""
    (tmp_path / "pickle.py").write_text("raise SystemExit('not a module of ours')")
    address = database.url.render_as_string(hide_password=False)
    add_deliveries(database, 1)
    with subprocess.Popen(
        [sys.executable, "-P", "-c", _STARTER, address], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as starter:
        assert starter.stdout is not None
        number = int(starter.stdout.readline())
        watch = os.pidfd_open(number)
        starter.kill()
    try:
        assert select.select([watch], [], [], 30)[0], "it is still there half a minute after"
    finally:
        os.close(watch)

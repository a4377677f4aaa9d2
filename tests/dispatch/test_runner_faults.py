"""A dispatch against every fault at once: servers that fail in any phase, a ledger that dies at any commit."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from databases import LONG, empty, hold_for_a_moment
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ledgerbase import DELIVERY, START, HandClock, add_deliveries, paced
from smtpserver import Fault, Groups, Script, ScriptedServer
from sqlalchemy import select

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog, Recovery
from distributor.deliveries.records import AttemptRecord, Batch, ClaimedDelivery
from distributor.deliveries.timing import move_embargo
from distributor.dispatch.retry import RetryPolicy
from distributor.dispatch.runner import Runner
from distributor.errors import StorageTrouble
from distributor.states import DeliveryState
from distributor.transport.account import SmtpAccount, Timeouts
from distributor.transport.base import Envelope
from distributor.transport.smtp import SmtpTransport

PEOPLE = 10
WRONG = ("hello", "999 what", "354 more", "250-and no end", "25")
"""No replies, or none to what was asked."""
LATE = 0.3
"""Twice as long as we wait: the reply comes to a connection that was given up."""
QUICK = Timeouts(connect=5, greeting=5, command=0.15, data=0.15, block=0.15, dot=0.15, quit=0.1)
REPLIES = (
    "421 4.3.2 Going down", "450 4.2.0 Greylisted", "451 4.3.0 Try again", "452 4.2.2 Mailbox full",
    "550 5.1.1 User unknown", "554 5.7.1 Rejected",
)  # fmt: skip


Life = tuple[int, bool, bool, int, int, int, int]
"""What befalls one command: the last seven fields of a `MortalLog` that are given."""


class PowerCut(Exception):
    """From here on this process does nothing any more."""


@dataclass
class MortalLog(DeliveryLog):
    """A delivery log whose process dies at its `dies_at`-th call: before the commit, or when it is on the disk.

    With `full`, the disk is full instead, for that one call. At its `jumps_at`-th call the machine's clock is set
    forwards or back by `hours`; at its `held_at`-th somebody else holds the database for a moment; at its `moved_at`-th
    an embargo is moved from another terminal, which takes back all claims.
    """

    database: Database
    worker: str
    at: HandClock
    dies_at: int
    is_written: bool = False
    full: bool = False
    jumps_at: int = 0
    hours: int = 0
    held_at: int = 0
    moved_at: int = 0
    calls: int = 0
    dead: bool = False
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.database, self.worker, self.at)

    def _strike(self, name: str) -> bool:
        if self.dead:
            raise PowerCut
        self.calls += 1
        self.seen.append(name)
        if self.calls == self.jumps_at:
            self.at.forward(hours=self.hours)
        if self.calls == self.held_at:
            hold_for_a_moment(self.database)
        if self.calls == self.moved_at:
            move_the_embargo(self.database)
        if self.calls != self.dies_at:
            return False
        if self.full:
            raise StorageTrouble("The disk cannot take what must be written.")
        self.dead = True
        if not self.is_written:
            raise PowerCut
        return True

    def befallen(self) -> Iterator[str]:
        """What befell it until now."""
        if self.dies_at and self.calls >= self.dies_at:
            yield "disk full" if self.full else "death at a commit"
        if self.jumps_at and self.calls >= self.jumps_at:
            yield "clock set"
        if self.held_at and self.calls >= self.held_at:
            yield "database held"
        if self.moved_at and self.calls >= self.moved_at:
            yield "embargo moved"

    def claim(self, dispatch_id: int, limit: int) -> list[ClaimedDelivery]:
        last = self._strike("claim")
        claimed = super().claim(dispatch_id, min(limit, 4))
        if last:
            raise PowerCut
        return claimed

    def commit(self, batch: Batch) -> list[int]:
        last = self._strike("commit")
        lost = super().commit(batch)
        if last:
            raise PowerCut
        return lost

    def release(self, delivery_ids: Sequence[int]) -> None:
        self._strike("release")
        super().release(delivery_ids)

    def record_late(self, records: Sequence[AttemptRecord]) -> None:
        if self.dead:
            raise PowerCut
        super().record_late(records)

    def abandon(self) -> Recovery:
        if self.dead:
            raise PowerCut
        return super().abandon()


def move_the_embargo(database: Database) -> None:
    """From one hour that is over to another one."""
    with database.transaction() as connection:
        versions = connection.execute(select(DELIVERY.c.release_version_id).distinct()).scalars().all()
        move_embargo(connection, versions, START - timedelta(days=1))


phases = st.sampled_from(["mail", "rcpt", "data", "body", "rset"])
server_faults = st.builds(
    Fault,
    phase=phases,
    do=st.sampled_from(["reply", "reply", "drop", "stall", "accept_then_drop", "accept_then_stall"]),
    reply=st.sampled_from(REPLIES + WRONG),
    recipient=st.sampled_from(["*", "j1@*", "j2@*", "j7@*"]),
    nth=st.sets(st.integers(1, 9), max_size=2).map(lambda found: tuple(sorted(found))),
    times=st.integers(1, 2),
    also=st.sampled_from(["", "", "", "250 2.0.0 Again\r\n", "421 4.3.2 Bye\r\n"]),
    then_drop=st.booleans(),
    delay=st.sampled_from([0, 0, 0, LATE]),
)
UNKNOWN = Fault("rcpt", reply="550 5.1.1 User unknown", times=2)
groups = st.sampled_from(
    [None, None, "kept", "kept", "first only", "losing one", "none behind a body", "lagging", "objecting", "hanging up"]
)
calls = st.integers(0, 14)
deaths = st.lists(st.tuples(calls, st.booleans(), st.booleans(), calls, st.integers(-6, 6), calls, calls), max_size=4)


@settings(
    max_examples=12 * LONG,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(server_faults, max_size=5), deaths, groups, st.integers(1, 4))
@example([Fault("body", do="accept_then_drop", times=2)], [(3, True, False, 2, -6, 1, 2)] * 3, "kept", 3)
@example(
    [Fault("rcpt", reply="550 5.1.1 User unknown", times=2)],
    [(2, False, False, 0, 0, 3, 0), (4, True, True, 1, 5, 2, 0)],
    "kept",
    2,
)
@example(
    [Fault("body", delay=LATE, times=2), Fault("rset", do="stall", times=1)],
    [(0, False, False, 3, -6, 2, 0)],
    "kept",
    2,
)
@example(
    [
        *[Fault("mail", reply="421 4.3.2 Going down", times=1)] * 3,
        Fault("rcpt", reply="450 4.2.0 Greylisted", times=1),
        Fault("rset", reply="421 4.3.2 Going down", times=1),
    ],
    [],
    "kept",
    1,
)
@example(
    [
        *[Fault("mail", reply="421 4.3.2 Going down", times=1)] * 2,
        Fault("rcpt", reply="250-and no end", times=1, also="421 4.3.2 Bye\r\n"),
    ],
    [],
    "kept",
    1,
)
def test_whatever_fails_nobody_is_lost_or_mailed_twice(
    database: Database,
    blows: Counter[str],
    faults: list[Fault],
    deaths: list[Life],
    groups: Groups | None,
    connections: int,
) -> None:
    empty(database)
    dispatch_id, ids = add_deliveries(database, PEOPLE)
    at = HandClock()
    lives = [*deaths, (0, False, False, 0, 0, 0, 0)]
    script = Script(faults=tuple(faults), pipelining=groups is not None, groups=groups or "kept")

    async def scene() -> ScriptedServer:
        async with ScriptedServer(script) as server:
            for number, life in zip(
                itertools.count(), itertools.chain(lives, itertools.repeat(lives[-1])), strict=False
            ):
                log = MortalLog(database, f"w{number}", at, *life)
                log.recover(lambda name, now=log.worker: name == now)
                with contextlib.suppress(PowerCut, StorageTrouble):
                    await live(log, server, dispatch_id, connections)
                blows.update(log.befallen())
                at.forward(minutes=30 if number < len(lives) else 120)
                waiting = Counter(state_of(database, ids).values())
                if number >= len(lives) and not set(waiting) & {"queued", "claimed", "sending", "deferred"}:
                    return server
                assert number < 60, "it comes to no end"
        raise AssertionError

    server = asyncio.run(scene())
    blows["server"] += server.faults
    check(server, state_of(database, ids), faults, deaths, connections)


async def live(log: MortalLog, server: ScriptedServer, dispatch_id: int, connections: int) -> None:
    """One command's life, until nothing is due or it dies."""
    account = SmtpAccount("127.0.0.1", server.port, security="plain", timeouts=QUICK)
    runner = Runner(
        log=log,
        transport=SmtpTransport(account),
        compose=lambda one: Envelope("presse@halle.example", one.address, message(one.message_id)),
        retry=RetryPolicy((1, 5), 240),
        connections=connections,
        pacer=paced(log._database, log.at, wish=connections),
        now=log.at,
        jitter=lambda: 0.0,
    )
    await asyncio.wait_for(runner.run(dispatch_id, asyncio.Event()), timeout=30)


def message(identifier: str) -> bytes:
    return b"From: presse@halle.example\r\nMessage-ID: %b\r\n\r\nLa halle rouvre.\r\n" % identifier.encode()


def state_of(database: Database, ids: Sequence[int]) -> dict[str, str]:
    with database.reading() as connection:
        rows = connection.execute(select(DELIVERY.c.address, DELIVERY.c.state).where(DELIVERY.c.id.in_(ids)))
        return {row.address: row.state for row in rows}


def check(
    server: ScriptedServer,
    found: dict[str, str],
    faults: Sequence[Fault],
    deaths: Sequence[Life],
    connections: int,
) -> None:
    """Everyone is in one final state; who was accepted got it once, who is in doubt once or never, the others never."""
    times = Counter(one.recipient for one in server.accepted)
    assert len(found) == PEOPLE
    assert set(found.values()) <= {
        DeliveryState.ACCEPTED, DeliveryState.REJECTED, DeliveryState.IN_DOUBT,
    }  # fmt: skip
    for address, state in found.items():
        assert times[address] <= 1, f"{address} was mailed twice"
        if state == DeliveryState.ACCEPTED:
            assert times[address] == 1, f"{address} was lost"
        if state == DeliveryState.REJECTED:
            assert times[address] == 0, f"{address} got it all the same"
    silent = sum((fault.times or 0) for fault in faults if fault.phase == "body")
    doubtful = sum(state == DeliveryState.IN_DOUBT for state in found.values())
    assert doubtful <= connections * len(deaths) + silent
    assert server.violations == []


class FullLog(MortalLog):
    """A delivery log whose disk is full when the first verdict is to be written."""

    def commit(self, batch: Batch) -> list[int]:
        self.full = bool(batch.records) and not self.calls
        self.dies_at = 1 if self.full else 0
        return super().commit(batch) if self.full or self.calls else DeliveryLog.commit(self, batch)

    def claim(self, dispatch_id: int, limit: int) -> list[ClaimedDelivery]:
        return DeliveryLog.claim(self, dispatch_id, limit)


@pytest.mark.parametrize("pipelining", [False, True])
def test_a_verdict_that_cannot_be_written_lets_no_other_body_leave(database: Database, pipelining: bool) -> None:
    """The intent of the next message, in a commit of its own behind the one that failed, must not let it go.

    At the end there is room again, and what is known is written.
    """
    dispatch_id, ids = add_deliveries(database, 6)
    log = FullLog(database, "w1", HandClock(), 0)

    async def scene() -> ScriptedServer:
        async with ScriptedServer(Script(pipelining=pipelining)) as server:
            with pytest.raises(StorageTrouble):
                await live(log, server, dispatch_id, 1)
        return server

    server = asyncio.run(scene())
    assert [one.recipient for one in server.accepted] == ["j0@journal0.example"]
    assert Counter(state_of(database, ids).values()) == {"accepted": 1, "queued": 5}

"""The runner over a transport of our own making: the fake is the seam, the ledger behind it is real."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any

import pytest
from ledgerbase import (
    ACCEPTED,
    DEFERRED,
    DROPPED,
    KEYRING,
    NO_LOGIN,
    QUOTA,
    REJECTED,
    SILENT,
    START,
    HandClock,
    add_deliveries,
    attempts,
    delivery,
    paced,
    put,
    record_of,
    states,
)
from sqlalchemy import select

from distributor import clock
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog, Recovery
from distributor.deliveries.records import Batch, ClaimedDelivery
from distributor.dispatch import connections as connecting
from distributor.dispatch import runner as running
from distributor.dispatch import silence
from distributor.dispatch import supply as supplying
from distributor.dispatch.calling import CallOff
from distributor.dispatch.pacer import Admission, Pacer
from distributor.dispatch.result import CalledOff, Paused, RanOut, RunResult, StandsStill
from distributor.dispatch.retry import RetryPolicy
from distributor.dispatch.runner import Runner
from distributor.errors import (
    CredentialsRefused,
    DistributorError,
    Outdated,
    ServerUnavailable,
    StorageTrouble,
    TooManyConnections,
)
from distributor.models import Dispatch, Pace, Suppression
from distributor.states import DeliveryState, DispatchState, Outcome, Phase, Verdict
from distributor.transport.base import Envelope, Following, nobody
from distributor.transport.throttle import Limits

_S = DeliveryState
Hook = Callable[[str], Awaitable[None]]


async def _nothing(_recipient: str) -> None:
    return None


@dataclass
class FakeServer:
    """A mail server in memory: what it answers to whom, how many connections it takes, and what it saw.

    `answers` maps an address to the outcomes it gets, one after another (the last repeats; others are accepted).
    `refusals` are raised by the next attempts to connect. `before_body` and `after_body` are awaited with the address
    around the moment that the body leaves.
    """

    answers: dict[str, list[Outcome]] = field(default_factory=dict)
    refusals: list[DistributorError] = field(default_factory=list)
    most: int = 99
    per_connection: int = 99
    before_body: Hook = _nothing
    after_body: Hook = _nothing
    knocks: int = 0
    open: int = 0
    widest: int = 0
    bodies: list[str] = field(default_factory=list)

    async def connect(self) -> FakeConnection:
        self.knocks += 1
        await asyncio.sleep(0)
        if self.refusals:
            raise self.refusals.pop(0)
        if self.open >= self.most:
            raise ServerUnavailable("421 too many connections")
        self.open += 1
        self.widest = max(self.widest, self.open)
        return FakeConnection(self, self.per_connection)


class FakeConnection:
    """One connection to it."""

    def __init__(self, server: FakeServer, left: int) -> None:
        self._server = server
        self._left = left
        self._closed = False

    @property
    def is_usable(self) -> bool:
        return self._left > 0 and not self._closed

    async def deliver(
        self,
        envelope: Envelope,
        begin: Callable[[], Awaitable[None]],
        following: Following = nobody,  # noqa: ARG002 - as a server that takes no commands ahead
    ) -> Outcome:
        server = self._server
        assert self.is_usable
        self._left -= 1
        coming = server.answers.get(envelope.recipient, [ACCEPTED])
        outcome = coming.pop(0) if len(coming) > 1 else coming[0]
        if outcome.phase is not Phase.BODY:
            self._closed = outcome is DROPPED
            return outcome
        await server.before_body(envelope.recipient)
        try:
            await begin()
        except BaseException:
            self._closed = True
            raise
        server.bodies.append(envelope.recipient)
        await server.after_body(envelope.recipient)
        self._closed = outcome is SILENT
        return outcome

    async def close(self) -> None:
        self._server.open -= 1


def compose(claimed: ClaimedDelivery) -> Envelope:
    return Envelope("presse@halle.example", claimed.address, b"Subject: x\r\n\r\n")


def runner(database: Database, server: FakeServer, *, connections: int = 2, **parts: Any) -> Runner:
    at = parts.pop("now", HandClock())
    log = parts.pop("log", None) or DeliveryLog(database, "w1", at)
    made: dict[str, Any] = {
        "log": log,
        "transport": server,
        "compose": compose,
        "retry": RetryPolicy((5, 15), 24),
        "pacer": paced(database, at, wish=connections),
    } | parts
    return Runner(connections=connections, now=at, jitter=lambda: 0.0, **made)


def carry(made: Runner, dispatch_id: int, stop: asyncio.Event | None = None) -> RunResult:
    async def scene() -> RunResult:
        return await asyncio.wait_for(made.run(dispatch_id, stop or asyncio.Event()), timeout=20)

    return asyncio.run(scene())


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits before another attempt to connect are over at once."""
    monkeypatch.setattr(connecting, "_RECONNECT_WAITS_S", (0.0, 0.0, 0.0))
    monkeypatch.setattr(connecting, "_RETURN_WAITS_S", (0.0, 0.0))


def j(number: int) -> str:
    return f"j{number}@journal{number % 3}.example"


def test_every_outcome_lands_in_its_row(database: Database) -> None:
    server = FakeServer({j(1): [REJECTED], j(2): [DEFERRED], j(3): [DROPPED], j(4): [SILENT]})
    dispatch_id, ids = add_deliveries(database, 6)
    told: list[tuple[str, str]] = []
    made = runner(database, server, on_outcome=lambda claimed, outcome: told.append((claimed.address, outcome.state)))
    result = carry(made, dispatch_id)
    assert states(database, ids) == ["accepted", "rejected", "deferred", "deferred", "in_doubt", "accepted"]
    assert result.outcomes == {_S.ACCEPTED: 2, _S.REJECTED: 1, _S.DEFERRED: 2, _S.IN_DOUBT: 1}
    assert (result.end, result.stopped) == (RanOut(), False)
    assert sorted(told) == [(j(n), states(database, [ids[n]])[0]) for n in range(6)]
    assert sorted(server.bodies) == [j(0), j(4), j(5)]
    assert server.open == 0
    assert [(delivery(database, ids[n]).next_attempt_at - START).seconds for n in (2, 3)] == [300, 60]
    assert delivery(database, ids[2]).expires_at == START.replace(day=3)


def test_nobody_gets_it_twice_however_many_connections(database: Database) -> None:
    server = FakeServer(per_connection=3)
    dispatch_id, ids = add_deliveries(database, 50)
    carry(runner(database, server, connections=5), dispatch_id)
    assert sorted(server.bodies) == sorted(j(number) for number in range(50))
    assert set(states(database, ids)) == {"accepted"}
    assert 1 <= server.widest <= 5


def test_what_becomes_due_is_sent_by_the_next_run_with_the_same_time_to_live(database: Database) -> None:
    at = HandClock()
    server = FakeServer({j(0): [DEFERRED, DEFERRED, ACCEPTED]})
    dispatch_id, ids = add_deliveries(database, 1)
    carry(runner(database, server, now=at), dispatch_id)
    expires_at = delivery(database, ids[0]).expires_at
    at.forward(minutes=4)
    carry(runner(database, server, now=at), dispatch_id)
    assert delivery(database, ids[0]).attempts == 1
    at.forward(minutes=1)
    carry(runner(database, server, now=at), dispatch_id)
    at.forward(minutes=15)
    carry(runner(database, server, now=at), dispatch_id)
    row = delivery(database, ids[0])
    assert (row.state, row.attempts, row.refusals, row.expires_at) == ("accepted", 3, 2, expires_at)


def test_a_server_that_refuses_us_at_once_pauses_and_leaves_everyone_queued(database: Database) -> None:
    server = FakeServer(refusals=[ServerUnavailable("mail.example does not answer.", mend="Check it.")])
    dispatch_id, ids = add_deliveries(database, 3)
    result = carry(runner(database, server, connections=3), dispatch_id)
    assert result.end == Paused("mail.example does not answer.", "Check it.")
    assert states(database, ids) == ["queued"] * 3
    assert [attempts(database, number) for number in ids] == [[]] * 3


def test_a_wrong_password_is_offered_once_not_once_a_connection(database: Database) -> None:
    server = FakeServer(refusals=[CredentialsRefused("535 no") for _ in range(9)])
    dispatch_id, ids = add_deliveries(database, 9)
    assert carry(runner(database, server, connections=5), dispatch_id).end == Paused("535 no")
    assert server.knocks == 1
    assert set(states(database, ids)) == {"queued"}


def test_a_server_that_takes_fewer_connections_gets_fewer(database: Database) -> None:
    server = FakeServer(most=2)
    dispatch_id, ids = add_deliveries(database, 20)
    result = carry(runner(database, server, connections=6), dispatch_id)
    assert result.end == RanOut()
    assert set(states(database, ids)) == {"accepted"}
    assert server.widest <= 2


@pytest.mark.parametrize("what", ["sends", "has sent", "is gone"])
def test_whoever_finds_all_connections_taken_by_another_process_waits_for_one(
    database: Database, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """To pause the dispatch would stop the one that sends as well."""
    monkeypatch.setattr(connecting, "_CROWDED_WAIT_S", 0.0)
    monkeypatch.setattr(connecting, "_LOOKS_FOR_OTHERS", 1)
    monkeypatch.setattr(connecting, "_LOOKS_S", 0.01)
    at = HandClock()
    dispatch_id, _ = add_deliveries(database, 4)
    other = DeliveryLog(database, "w2", at)
    (theirs,) = other.claim(dispatch_id, 1)
    other.commit(Batch(begins=[theirs.id]))
    if what != "sends":
        other.commit(Batch(records=[record_of(theirs.id, ACCEPTED)]))
    if what == "is gone":
        at.forward(minutes=20)
    server = FakeServer(refusals=[TooManyConnections("too many") for _ in range(9)])
    result = carry(runner(database, server, connections=1, now=at), dispatch_id)
    if what == "is gone":
        assert (result.end, server.bodies) == (Paused("too many"), [])
    else:
        assert (result.end, server.knocks, len(server.bodies)) == (RanOut(), 10, 3)


def test_a_connection_that_is_being_opened_counts_among_those_that_stand(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the server it stands; another process would be given the part of it."""
    monkeypatch.setattr(running, "_WATCH_S", 0.005)
    dispatch_id, _ = add_deliveries(database, 1)
    at, server, ticked, told = HandClock(), FakeServer(), asyncio.Event(), list[int]()

    class Told(Pacer):
        async def tick(self, _call: Any, *, open_connections: int = 0) -> None:
            told.append(open_connections)
            ticked.set()

    class Slow:
        async def connect(self) -> FakeConnection:
            ticked.clear()
            await ticked.wait()
            assert told[-1] == 1
            return await server.connect()

    pacer = paced(database, at, kind=Told)
    carry(runner(database, server, connections=1, pacer=pacer, now=at, transport=Slow()), dispatch_id)
    assert len(server.bodies) == 1


@pytest.mark.usefixtures("waits")
def test_a_connection_lost_later_is_opened_again(database: Database) -> None:
    async def fail_next(_recipient: str) -> None:
        if len(server.bodies) == 1:
            server.refusals = [ServerUnavailable("gone"), ServerUnavailable("gone")]

    server = FakeServer(per_connection=1, after_body=fail_next)
    dispatch_id, ids = add_deliveries(database, 3)
    result = carry(runner(database, server, connections=1), dispatch_id)
    assert result.end == RanOut()
    assert states(database, ids) == ["accepted"] * 3
    assert server.knocks == 5


@pytest.mark.parametrize("limits", [Limits(per_second=2), Limits(per_minute=20)], ids=["place", "token"])
@pytest.mark.parametrize("is_late", [True, False])
def test_whoever_waited_too_long_for_a_connection_is_counted_anew(
    database: Database, limits: Limits, *, is_late: bool
) -> None:
    """All connections stand again at one moment after an outage, and by then others have had what was counted."""
    at = HandClock()
    dispatch_id, _ = add_deliveries(database, 4)
    chosen = []

    class Counting(Pacer):
        def choose(self, queue: Any, now: Any) -> Any:
            found = super().choose(queue, now)
            chosen.extend([found] if isinstance(found, Admission) else [])
            return found

    class Slow:
        async def connect(self) -> FakeConnection:
            at.forward(seconds=5 if is_late else 1)
            return await server.connect()

    async def go_on(_recipient: str) -> None:
        at.forward(seconds=0.5)

    server = FakeServer(after_body=go_on)
    pacer = paced(database, at, limits, kind=Counting, wish=1)
    carry(runner(database, server, connections=1, pacer=pacer, transport=Slow(), now=at), dispatch_id)
    assert len(server.bodies) == len(set(server.bodies)) == 4
    assert len(chosen) == 4 + is_late


@pytest.mark.parametrize("slow", [(4,), (0, 0, 20), (61, 0, 0, 0), (1, 2, 70, 0, 3)])
def test_a_limit_holds_in_sum_where_the_server_takes_its_time_before_a_body(
    database: Database, monkeypatch: pytest.MonkeyPatch, slow: tuple[int, ...]
) -> None:
    at, left, waits = HandClock(), list[datetime](), cycle(slow)
    dispatch_id, ids = add_deliveries(database, 30)

    async def wait(event: asyncio.Event, seconds: float) -> bool:
        at.forward(seconds=seconds)
        return event.is_set()

    async def dawdle(_recipient: str) -> None:
        at.forward(seconds=next(waits))

    async def note(_recipient: str) -> None:
        left.append(at())

    monkeypatch.setattr(supplying, "set_within", wait)
    server = FakeServer(before_body=dawdle, after_body=note)
    pacer = paced(database, at, Limits(per_minute=7), wish=1)
    result = carry(runner(database, server, connections=1, now=at, pacer=pacer), dispatch_id)
    assert (result.end, set(states(database, ids))) == (RanOut(), {"accepted"})
    minute = timedelta(minutes=1)
    assert max(sum(first <= one < first + minute for one in left) for first in left) <= 7


@pytest.mark.usefixtures("waits")
def test_a_server_that_stays_away_pauses_in_the_end(database: Database) -> None:
    async def go_away(_recipient: str) -> None:
        server.refusals = [ServerUnavailable("gone") for _ in range(99)]

    server = FakeServer(per_connection=1, after_body=go_away)
    dispatch_id, ids = add_deliveries(database, 3)
    result = carry(runner(database, server, connections=1), dispatch_id)
    assert result.end == Paused("gone")
    assert server.knocks == 5, "the first one, and one for each wait and one after the last"
    assert states(database, ids) == ["accepted", "queued", "queued"]


@pytest.mark.parametrize("refusal", [NO_LOGIN, QUOTA])
def test_a_refusal_of_the_account_pauses_and_burns_nobodys_attempt(database: Database, refusal: Outcome) -> None:
    server = FakeServer({j(0): [refusal]})
    dispatch_id, ids = add_deliveries(database, 4)
    result = carry(runner(database, server, connections=1), dispatch_id)
    assert isinstance(result.end, Paused)
    assert refusal.reply in result.end.because
    assert states(database, ids) == ["queued"] * 4
    row = delivery(database, ids[0])
    assert (row.refusals, row.expires_at, row.next_attempt_at) == (0, None, None)
    assert [one.verdict for one in attempts(database, ids[0])] == [refusal.verdict]


def test_an_objection_between_claim_and_body_stops_the_body(database: Database) -> None:
    async def object_now(recipient: str) -> None:
        if recipient == j(0):
            with database.session() as session:
                session.add(
                    Suppression(address_hash=KEYRING.address_hash(j(0)), key_id=KEYRING.key_id, reason="by telephone")
                )

    server = FakeServer(before_body=object_now)
    dispatch_id, ids = add_deliveries(database, 2)
    carry(runner(database, server, connections=1), dispatch_id)
    assert server.bodies == [j(1)]
    assert states(database, ids) == ["withheld", "accepted"]
    assert attempts(database, ids[0]) == []


def test_a_delivery_taken_over_by_another_worker_is_left_to_it(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 2)

    async def take_over(recipient: str) -> None:
        if recipient == j(0):
            put(database, ids[0], worker="another")

    server = FakeServer(before_body=take_over)
    carry(runner(database, server, connections=1), dispatch_id)
    assert server.bodies == [j(1)]
    assert (delivery(database, ids[0]).state, delivery(database, ids[0]).worker) == ("claimed", "another")


def test_stopping_finishes_what_is_on_the_wire_and_gives_back_the_rest(database: Database) -> None:
    async def scene() -> RunResult:
        stop = asyncio.Event()

        async def ask_to_stop(_recipient: str) -> None:
            stop.set()
            await asyncio.sleep(0)

        server.after_body = ask_to_stop
        return await runner(database, server, connections=2).run(dispatch_id, stop)

    server = FakeServer()
    dispatch_id, ids = add_deliveries(database, 20)
    result = asyncio.run(scene())
    assert result.stopped
    found = states(database, ids)
    assert found.count("accepted") == len(server.bodies) == result.outcomes[_S.ACCEPTED] <= 4
    assert found.count("queued") == 20 - len(server.bodies)


def test_cancelled_on_the_wire_is_in_doubt_by_name_and_no_one_else(database: Database) -> None:
    async def scene() -> None:
        reached = asyncio.Event()

        async def hang(_recipient: str) -> None:
            reached.set()
            await asyncio.Event().wait()

        server.after_body = hang
        task = asyncio.create_task(runner(database, server, connections=2).run(dispatch_id, asyncio.Event()))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    server = FakeServer()
    dispatch_id, ids = add_deliveries(database, 10)
    asyncio.run(scene())
    in_doubt = [j(n) for n, state in enumerate(states(database, ids)) if state == "in_doubt"]
    assert set(server.bodies) <= set(in_doubt), "one whose begin was durable may be in doubt before its body left"
    assert 1 <= len(in_doubt) <= 2
    assert set(states(database, ids)) == {"in_doubt", "queued"}
    assert server.open == 0


class LostLog(DeliveryLog):
    """A log whose database is gone when the run ends."""

    def abandon(self) -> Recovery:
        raise StorageTrouble("The database does not answer.")


def test_who_is_cancelled_says_what_could_not_be_saved(database: Database) -> None:
    async def scene() -> None:
        reached = asyncio.Event()

        async def hang(_recipient: str) -> None:
            reached.set()
            await asyncio.Event().wait()

        made = runner(database, FakeServer(after_body=hang), log=LostLog(database, "w1", HandClock()))
        task = asyncio.create_task(made.run(dispatch_id, asyncio.Event()))
        await reached.wait()
        task.cancel()
        with pytest.raises(StorageTrouble, match="does not answer"):
            await task

    dispatch_id, _ids = add_deliveries(database, 3)
    asyncio.run(scene())


class BrittleLog(DeliveryLog):
    """A log on a disk that fills up after so many commits; at the end there may be room again."""

    def __init__(self, database: Database, good: int, *, heals: bool) -> None:
        super().__init__(database, "w1", HandClock())
        self.good, self.heals = good, heals

    def commit(self, batch: Any) -> list[int]:
        self.good -= 1
        if self.good < 0:
            raise StorageTrouble("The disk is full.", mend="Free some space.")
        return super().commit(batch)

    def record_late(self, records: Any) -> None:
        if not self.heals:
            raise StorageTrouble("The disk is still full.")
        super().record_late(records)


@pytest.mark.parametrize("heals", [True, False])
@pytest.mark.parametrize("good", range(6))
def test_when_the_ledger_cannot_be_written_nothing_more_leaves(database: Database, good: int, heals: bool) -> None:
    """Whatever is known to have left is accepted, or in doubt where it never can be written; nobody else is touched."""
    server = FakeServer()
    dispatch_id, ids = add_deliveries(database, 8)
    with pytest.raises(StorageTrouble, match="The disk is full"):
        carry(runner(database, server, connections=1, log=BrittleLog(database, good, heals=heals)), dispatch_id)
    DeliveryLog(database, "w2", HandClock()).recover(lambda name: name == "w2")
    found = states(database, ids)
    assert [j(n) for n, state in enumerate(found) if state != "queued"] == server.bodies
    assert found.count("in_doubt") == (0 if heals else good % 2)
    assert found.count("accepted") == len(server.bodies) - found.count("in_doubt")
    assert [len(attempts(database, number)) for number in ids] == [int(state != "queued") for state in found]
    assert server.open == 0


def test_a_message_that_cannot_be_written_halts_the_run_and_loses_nobody(database: Database) -> None:
    """Though it is written ahead: whoever comes before it is sent to."""

    def fail_on_third(claimed: ClaimedDelivery) -> Envelope:
        if claimed.address == j(2):
            raise ZeroDivisionError
        return compose(claimed)

    server = FakeServer()
    dispatch_id, ids = add_deliveries(database, 5)
    with pytest.raises(ZeroDivisionError):
        carry(runner(database, server, connections=1, compose=fail_on_third), dispatch_id)
    reached = dict(zip(map(j, range(5)), states(database, ids), strict=True))
    assert (
        server.bodies == [address for address in reached if reached[address] == "accepted"] == [j(0), j(1), j(3), j(4)]
    )
    assert reached[j(2)] == "queued"


class Writer:
    """Writes messages of a size, and keeps for whom, and who had their message by then."""

    def __init__(self, server: FakeServer, size: int = 10) -> None:
        self.server, self.size = server, size
        self.written: list[tuple[str, int]] = []

    def __call__(self, claimed: ClaimedDelivery) -> Envelope:
        self.written.append((claimed.address, len(self.server.bodies)))
        return Envelope("presse@halle.example", claimed.address, b"x" * self.size)


@pytest.mark.parametrize(
    ("seconds", "at"),
    [(60.0, [0, 25, 32]), (0.0, list(range(40)))],  # 32 are claimed at once
    ids=["quickly", "slowly"],
)
def test_messages_are_written_some_at_a_time_and_each_once(
    database: Database, monkeypatch: pytest.MonkeyPatch, seconds: float, at: list[int]
) -> None:
    monkeypatch.setattr(running, "_AHEAD_S", seconds)
    server = FakeServer()
    writer = Writer(server)
    dispatch_id, _ids = add_deliveries(database, 40)
    carry(runner(database, server, connections=1, compose=writer), dispatch_id)
    assert sorted(address for address, _sent in writer.written) == sorted(map(j, range(40)))
    assert sorted({sent for _address, sent in writer.written}) == at


def test_large_messages_are_written_when_they_are_to_leave(database: Database) -> None:
    """A dispatch with an attachment does not fill the memory."""
    server = FakeServer()
    writer = Writer(server, 700_000)
    dispatch_id, _ids = add_deliveries(database, 6)
    carry(runner(database, server, connections=1, compose=writer), dispatch_id)
    assert [sent for _address, sent in writer.written] == [0, 0, 2, 2, 4, 4]


def test_who_is_under_an_embargo_is_written_to_at_the_last_moment(database: Database) -> None:
    """What it announces may end before the message leaves."""
    server = FakeServer()
    writer = Writer(server)
    dispatch_id, ids = add_deliveries(database, 4)
    for number in ids[1:3]:
        put(database, number, embargo_until=START - timedelta(seconds=1))
    carry(runner(database, server, connections=1, compose=writer), dispatch_id)
    assert sorted(writer.written) == [(j(number), server.bodies.index(j(number))) for number in (0, 1, 2)] + [(j(3), 0)]


def test_who_is_claimed_anew_is_written_to_anew(database: Database) -> None:
    """The address may have been mended meanwhile, and nothing of what was written before is sent."""
    server = FakeServer(answers={j(0): [DROPPED, ACCEPTED]})
    dispatch_id, ids = add_deliveries(database, 3)
    sent_to: list[str] = []

    def mend(claimed: ClaimedDelivery) -> Envelope:
        sent_to.append(claimed.address)
        return compose(claimed)

    async def give_back(recipient: str) -> None:
        if recipient == j(1):  # written ahead: another worker took its claim away, and somebody mended the address
            put(database, ids[2], worker="", state="queued", address="new@halle.example")

    server.after_body = give_back
    carry(runner(database, server, connections=1, compose=mend), dispatch_id)
    assert server.bodies[-1] == "new@halle.example"
    assert j(2) not in server.bodies


def test_leases_are_renewed_while_a_server_takes_its_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    at = HandClock()
    renewed = asyncio.Event()
    log = DeliveryLog(database, "w1", at)
    dispatch_id, ids = add_deliveries(database, 1)

    async def soon(seconds: float) -> None:
        # Whoever watches the database server for its silence sees no time go by: that is not what is tried here.
        await asyncio.sleep(seconds if seconds == silence.LOOK_S else 0)
        if server.bodies:
            at.forward(seconds=1)
        if (lease := delivery(database, ids[0]).lease_until) is not None and lease > START.replace(minute=2):
            renewed.set()

    async def wait_for_renewal(_recipient: str) -> None:
        await renewed.wait()

    monkeypatch.setattr(clock, "sleep", soon)
    server = FakeServer(after_body=wait_for_renewal)
    carry(runner(database, server, log=log, now=at), dispatch_id)
    assert states(database, ids) == ["accepted"]


@pytest.mark.parametrize("gone", [BrokenPipeError(32, "gone"), SystemExit(1), RuntimeError("a screen's own defect")])
def test_whoever_watches_cannot_end_a_run(database: Database, gone: BaseException) -> None:
    told: list[str] = []

    def watch(claimed: ClaimedDelivery, _outcome: Outcome) -> None:
        told.append(claimed.address)
        if len(told) == 2:
            raise gone

    server = FakeServer()
    dispatch_id, ids = add_deliveries(database, 9)
    result = carry(runner(database, server, connections=3, on_outcome=watch), dispatch_id)
    assert states(database, ids) == ["accepted"] * 9
    assert result.outcomes == {_S.ACCEPTED: 9}
    assert len(told) == 2, "it is told no more"


def test_called_off_by_another_command_only_what_is_on_the_wire_leaves(database: Database) -> None:
    async def cancel(_recipient: str) -> None:
        with database.session() as session:
            session.get_one(Dispatch, dispatch_id).state = DispatchState.CANCELLED

    server = FakeServer(after_body=cancel)
    dispatch_id, ids = add_deliveries(database, 20)
    result = carry(runner(database, server, connections=2), dispatch_id)
    assert result.end == CalledOff()
    assert 1 <= len(server.bodies) <= 2
    assert server.knocks == 2, "nobody knocks again for what would be refused"
    assert states(database, ids).count("queued") == 20 - len(server.bodies)


class DropsOnce(dict[str, list[Outcome]]):
    """Answers of a server that, once two connections stand, drops one and refuses the next."""

    server: FakeServer
    has_dropped = False

    def get(self, _recipient: str, default: Any = None) -> Any:
        if self.has_dropped or self.server.open < 2:
            return default
        self.has_dropped = True
        self.server.refusals = [ServerUnavailable("421 try later")]
        return [DROPPED]


@pytest.mark.usefixtures("waits")
def test_a_worker_that_was_refused_a_connection_comes_back(database: Database) -> None:
    async def look(_recipient: str) -> None:
        if answers.has_dropped and not server.refusals:
            widths.append(server.open)

    widths: list[int] = []
    answers = DropsOnce()
    server = answers.server = FakeServer(answers, after_body=look)
    dispatch_id, ids = add_deliveries(database, 40)
    assert carry(runner(database, server, connections=2), dispatch_id).end == RanOut()
    assert 2 in widths, "one dropped connection made the pool smaller for good"
    assert states(database, ids).count("accepted") == 39


def test_a_worker_that_waits_to_come_back_ends_with_the_run(database: Database) -> None:
    """It is not waited for: neither when the work runs out nor when the account is refused."""
    server = FakeServer(most=1)
    dispatch_id, ids = add_deliveries(database, 6)
    assert carry(runner(database, server, connections=3), dispatch_id).end == RanOut()
    assert set(states(database, ids)) == {"accepted"}
    server = FakeServer({j(3): [QUOTA]}, most=1)
    dispatch_id, ids = add_deliveries(database, 6)
    assert isinstance(carry(runner(database, server, connections=3), dispatch_id).end, Paused)
    assert states(database, ids).count("accepted") == 3


SLOWER = Outcome(DeliveryState.QUEUED, Verdict.ACCOUNT, Phase.BODY, 454, "", "Throttling failure", retry_after=0)


class Unslowed(Pacer):
    """A pace that no «slow down» changes, where the run's own patience is looked at."""

    def learn(self, admitted: Admission, _outcome: Outcome, _now: Any) -> None:
        self.release(admitted)


def test_what_was_on_the_wire_when_the_server_asked_us_to_slow_down_asks_once(database: Database) -> None:
    """Ten connections that hear «slower» in one moment have not been asked ten times in a row."""
    dispatch_id, ids = add_deliveries(database, 8)
    there, arrived = asyncio.Event(), list[str]()

    async def together(address: str) -> None:
        arrived.append(address)
        if len(arrived) == len(ids):
            there.set()
        await there.wait()

    server = FakeServer({j(number): [SLOWER, ACCEPTED] for number in range(8)}, before_body=together)
    pacer = paced(database, HandClock(), kind=Unslowed, wish=8)
    result = carry(runner(database, server, connections=8, pacer=pacer), dispatch_id)
    assert result.end == RanOut()
    assert set(states(database, ids)) == {"accepted"}


def test_a_server_that_asks_again_and_again_to_slow_down_pauses_the_dispatch(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 2)
    server = FakeServer({j(number): [SLOWER] for number in range(2)})
    pacer = paced(database, HandClock(), kind=Unslowed, wish=1)
    result = carry(runner(database, server, connections=1, pacer=pacer), dispatch_id)
    assert isinstance(result.end, Paused)
    assert "454 Throttling failure" in result.end.because
    assert set(states(database, ids)) == {"queued"}
    assert sum(len(attempts(database, number)) for number in ids) == 6, "five were waited out"


def test_what_is_answered_meanwhile_does_not_make_one_slower_two(database: Database) -> None:
    """Whoever was on the wire says «slower» last: others, who came after the first to say so, were answered before."""
    dispatch_id, _ids = add_deliveries(database, 6, domain="orange.fr")
    slower = replace(SLOWER, verdict=Verdict.THROTTLED, state=_S.DEFERRED)
    server = FakeServer({j(0): [slower], j(1): [slower]})
    others = asyncio.Event()

    async def wait(recipient: str) -> None:
        if recipient == j(0):
            await others.wait()

    async def tell(_recipient: str) -> None:
        if len(server.bodies) == 5:
            others.set()

    server.before_body, server.after_body = wait, tell
    made = paced(database, HandClock(), scope_of=lambda domain: domain)
    carry(runner(database, server, connections=2, pacer=made), dispatch_id)
    with database.reading() as connection:
        learned = connection.execute(
            select(Pace.__table__.c.state).where(Pace.__table__.c.scope == "orange.fr")
        ).scalar_one()
    assert (server.bodies[-1], learned["throttles"]) == (j(0), 1)


# The pace, and calls from other terminals.

BLOCKED = Outcome(DeliveryState.REJECTED, Verdict.POLICY, Phase.RCPT, 554, "5.7.1", "5.7.1 blocked")


def test_a_provider_that_refuses_three_in_a_row_is_put_off_and_the_others_go_on(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 30)
    at = HandClock()
    server = FakeServer({j(number): [BLOCKED] for number in range(0, 30, 3)})
    result = carry(runner(database, server, connections=1, now=at, pacer=paced(database, at)), dispatch_id)
    found = states(database, ids)
    assert found.count("rejected") == 3, "the rest of that provider's recipients are spared"
    assert found.count("deferred") == 7
    assert found.count("accepted") == 20
    put_off = delivery(database, ids[found.index("deferred")])
    assert (put_off.attempts, put_off.reason) == (0, "3 refusals of policy in a row (554 5.7.1)")
    assert put_off.next_attempt_at == START + timedelta(hours=2)
    assert [wait.what for wait in result.waits] == ["journal0.example"]
    at.forward(hours=2, minutes=1)
    server.answers.clear()
    carry(runner(database, server, now=at, pacer=paced(database, at)), dispatch_id)
    assert states(database, ids).count("accepted") == 27


def test_what_a_day_allows_leaves_and_the_rest_waits_untouched(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 12)
    at, server = HandClock(), FakeServer()
    limits = Limits(per_day=5)
    result = carry(runner(database, server, now=at, pacer=paced(database, at, limits)), dispatch_id)
    assert isinstance(result.end, StandsStill)
    assert result.end.wait.why == "5 messages a day are used up"
    assert sorted(states(database, ids)) == ["accepted"] * 5 + ["queued"] * 7
    at.forward(hours=25)
    again = carry(runner(database, server, now=at, pacer=paced(database, at, limits)), dispatch_id)
    assert isinstance(again.end, StandsStill)
    assert states(database, ids).count("accepted") == 10


def test_all_that_a_day_allows_leaves_where_it_is_less_than_there_are_connections(database: Database) -> None:
    """While the first one connects, others were let through: what they are to send is counted already."""
    dispatch_id, ids = add_deliveries(database, 12)
    at = HandClock()
    made = paced(database, at, Limits(per_day=3), wish=8)

    class Slow(FakeServer):
        async def connect(self) -> FakeConnection:
            while made.stands_still(at()) is None:  # noqa: ASYNC110 - it turns round within the loop, without a clock
                await asyncio.sleep(0)
            return await super().connect()

    result = carry(runner(database, Slow(), connections=8, now=at, pacer=made), dispatch_id)
    assert isinstance(result.end, StandsStill)
    assert sorted(states(database, ids)) == ["accepted"] * 3 + ["queued"] * 9


def test_no_more_connections_stand_than_the_account_bears(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_WATCH_S", 0.01)
    monkeypatch.setattr(connecting, "_LOOKS_S", 0.01)
    dispatch_id, ids = add_deliveries(database, 12)
    at, server = HandClock(), FakeServer()
    made = paced(database, at, Limits(connections=1))
    carry(runner(database, server, connections=4, now=at, pacer=made), dispatch_id)
    assert set(states(database, ids)) == {"accepted"}
    assert server.widest == 1


@pytest.mark.parametrize("call", [CallOff.IN_ORDER, CallOff.AT_ONCE])
def test_a_call_from_another_terminal_ends_the_run_and_at_once_cuts_off_what_is_on_the_wire(
    database: Database, monkeypatch: pytest.MonkeyPatch, call: CallOff
) -> None:
    monkeypatch.setattr(running, "_WATCH_S", 0.01)
    dispatch_id, ids = add_deliveries(database, 8)
    calls, go_on = [CallOff.NO], asyncio.Event()

    async def hang(_recipient: str) -> None:
        calls[0] = call
        if call is CallOff.AT_ONCE:
            await asyncio.Event().wait()
        await go_on.wait()

    def called() -> CallOff:
        if calls[0] is CallOff.IN_ORDER:
            go_on.set()
        return calls[0]

    server = FakeServer(after_body=hang)
    result = carry(runner(database, server, called=called), dispatch_id)
    assert result.end == CalledOff()
    found = states(database, ids)
    assert len(server.bodies) <= 4
    assert found.count("queued") >= 4
    assert found.count("in_doubt") == (2 if call is CallOff.AT_ONCE else 0)


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("called", ZeroDivisionError()),
        ("on_heartbeat", ZeroDivisionError()),
        ("on_heartbeat", Outdated("A newer Distributor has brought this database up to date meanwhile.")),
    ],
)
def test_what_fails_beside_the_sending_halts_the_run(
    database: Database, monkeypatch: pytest.MonkeyPatch, what: str, error: Exception
) -> None:
    """Else no command could stop it any more, or its claims would be taken for those of a worker that is dead."""
    monkeypatch.setattr(running, "_WATCH_S", 0.01)
    monkeypatch.setattr(running, "_HEARTBEAT_S", 0.01)
    dispatch_id, ids = add_deliveries(database, 40)
    failed = threading.Event()

    def fail(*_said: object) -> CallOff:
        if not server.bodies:
            return CallOff.NO
        failed.set()
        raise error

    async def until_it_fails(_recipient: str) -> None:
        await asyncio.to_thread(failed.wait, 10)

    server = FakeServer(after_body=until_it_fails)
    with pytest.raises(type(error)):
        carry(runner(database, server, **{what: fail}), dispatch_id)
    assert len(server.bodies) < 20
    assert set(states(database, ids)) == {"accepted", "queued"}, "who was on the wire is known, nobody is in doubt"


def test_a_ledger_that_does_not_answer_a_heartbeat_may_answer_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_HEARTBEAT_S", 0.01)
    dispatch_id, ids = add_deliveries(database, 8)
    beats: list[int] = []
    third = threading.Event()

    def beat(accepted: int) -> None:
        beats.append(accepted)
        if len(beats) == 1:
            raise StorageTrouble("The database does not answer.")
        if len(beats) == 3:
            third.set()

    async def until_the_third(_recipient: str) -> None:
        await asyncio.to_thread(third.wait, 10)

    server = FakeServer(after_body=until_the_third)
    carry(runner(database, server, on_heartbeat=beat), dispatch_id)
    assert set(states(database, ids)) == {"accepted"}


def test_when_only_a_provider_that_is_left_alone_remains_the_run_ends_at_once(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 40, domain="orange.fr")
    at = HandClock()
    made = paced(database, at)
    server = FakeServer({j(number): [BLOCKED] for number in range(40)})
    result = carry(runner(database, server, connections=1, now=at, pacer=made), dispatch_id)
    found = states(database, ids)
    assert (found.count("rejected"), found.count("deferred")) == (3, 37)
    assert result.end == RanOut()

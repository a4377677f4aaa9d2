"""The pace in the database: limits hold in sum over processes and restarts, and shares of connections are fair."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgerbase import ACCEPTED, ATTEMPT, START, HandClock, add_deliveries, add_dispatch, add_version
from sqlalchemy import insert, select

from distributor.db.engine import Database
from distributor.dispatch.pacer import Admission, Pacer
from distributor.dispatch.pacing import ACCOUNT, Answer, Note, Order, PacingBook, lift, read_waits
from distributor.models import Account, Dispatch, Pace, Worker
from distributor.states import DeliveryState, Outcome, Phase, Verdict
from distributor.transport.throttle import NO_LIMITS, Gauge, Lesson, Limits, count_anew, draw, give_back

THROTTLED = Outcome(DeliveryState.DEFERRED, Verdict.THROTTLED, Phase.RCPT, 421, "4.7.0", "slow down", retry_after=3600)
CROWDED = Outcome(DeliveryState.DEFERRED, Verdict.CONCURRENCY, Phase.RCPT, 432, "4.3.2", "too many connections")
SLOWER = Outcome(DeliveryState.QUEUED, Verdict.ACCOUNT, Phase.BODY, 454, "", "Throttling failure", retry_after=5)
BLOCKED = Outcome(DeliveryState.REJECTED, Verdict.POLICY, Phase.RCPT, 554, "5.7.1", "blocked <a@b.example>")


@pytest.fixture
def account(database: Database) -> int:
    add_dispatch(database, add_version(database))
    return 1


@dataclass
class Clerk:
    """Runs what the pacer asks of the database, at once, and counts how often that was."""

    calls: int = 0

    async def __call__(self, function: Callable[[], Any]) -> Any:
        self.calls += 1
        return function()


@dataclass(frozen=True)
class Somebody:
    """Who is claimed, as far as the pace knows them."""

    domain: str = "jour.example"


def book(database: Database, worker: str, at: HandClock) -> PacingBook:
    return PacingBook(database, 1, worker, at)


def pacer(database: Database, at: HandClock, limits: Limits = NO_LIMITS, *, worker: str = "w1", **more: Any) -> Pacer:
    return Pacer(book(database, worker, at), limits, now=at, **({"wish": 3} | more))


def tick(made: Pacer, clerk: Clerk | None = None, *, open_connections: int = 0) -> None:
    asyncio.run(made.tick(clerk or Clerk(), open_connections=open_connections))


def send(made: Pacer, at: HandClock, domain: str = "jour.example", outcome: Outcome = ACCEPTED) -> bool:
    """Send one message if it may leave now."""
    admitted = made.admit(Somebody(domain), at())
    if admitted == timedelta(0):
        tick(made)
        admitted = made.admit(Somebody(domain), at())
    if not isinstance(admitted, Admission):
        return False
    made.learn(admitted, outcome, at())
    return True


def admit(made: Pacer, at: HandClock, domain: str = "jour.example") -> Admission:
    """Let one message leave, which may."""
    admitted = made.admit(Somebody(domain), at())
    assert isinstance(admitted, Admission)
    return admitted


@pytest.mark.usefixtures("account")
def test_several_processes_keep_one_limit_and_so_does_a_restart(database: Database) -> None:
    at, limits = HandClock(), Limits(per_minute=30)
    three = [pacer(database, at, limits, worker=f"w{number}") for number in range(3)]
    sent = sum(send(one, at) for _ in range(30) for one in three)
    assert sent == 30
    again = pacer(database, at, limits, worker="w9")
    assert not send(again, at)
    (wait,) = again.waits(at())
    assert (wait.what, wait.why) == (ACCOUNT, "30 messages a minute are used up")
    with database.reading() as connection:
        (shown,) = read_waits(connection, 1, limits, now=at())
    assert (shown.until, shown.why) == (wait.until, wait.why)
    at.forward(seconds=70)
    assert sum(send(one, at) for _ in range(30) for one in three) == 30


@pytest.mark.usefixtures("account")
def test_a_run_that_ends_gives_back_what_it_did_not_spend(database: Database) -> None:
    at, limits = HandClock(), Limits(per_day=20)
    first = pacer(database, at, limits)
    assert send(first, at)
    asyncio.run(first.leave(Clerk()))
    second = pacer(database, at, limits, worker="w2")
    assert sum(send(second, at) for _ in range(30)) == 19


@pytest.mark.usefixtures("account")
def test_whoever_is_put_back_costs_nothing_of_the_day(database: Database) -> None:
    """Their connection was gone, say, before anything of theirs had left."""
    at, limits = HandClock(), Limits(per_day=20)
    made = pacer(database, at, limits)
    assert send(made, at)
    for _ in range(5):
        made.release(admit(made, at))
    assert sum(send(made, at) for _ in range(30)) == 19


@pytest.mark.usefixtures("account")
def test_a_slow_server_does_not_use_up_the_day_by_places_that_go_by(database: Database) -> None:
    at, limits = HandClock(), Limits(per_second=20, per_day=40)
    made = pacer(database, at, limits)
    sent = 0
    for _ in range(120):
        sent += send(made, at)
        at.forward(seconds=0.3)
    assert sent == 40


@pytest.mark.usefixtures("account")
def test_without_limits_the_database_is_not_asked_for_each_message(database: Database) -> None:
    at, clerk = HandClock(), Clerk()
    made = pacer(database, at)
    tick(made, clerk)
    for _ in range(500):
        made.learn(admit(made, at), ACCEPTED, at())
        tick(made, clerk)
    assert clerk.calls == 1


@pytest.mark.usefixtures("account")
def test_with_limits_the_database_is_asked_for_blocks(database: Database) -> None:
    at, clerk = HandClock(), Clerk()
    made = pacer(database, at, Limits(per_day=100_000))
    for _ in range(3000):
        admitted = made.admit(Somebody(), at())
        if not isinstance(admitted, Admission):
            tick(made, clerk)
            admitted = admit(made, at)
        made.learn(admitted, ACCEPTED, at())
    assert clerk.calls <= 12


@pytest.mark.usefixtures("account")
def test_three_refusals_of_policy_close_a_provider_for_every_process_and_no_other_provider(database: Database) -> None:
    at = HandClock()
    first, second = (pacer(database, at, worker=name, scope_of=lambda d: d) for name in ("w1", "w2"))
    for _ in range(3):
        assert send(first, at, "orange.fr", BLOCKED)
    assert first.has_news
    tick(first)
    tick(second)
    for one in (first, second):
        assert one.admit(Somebody("orange.fr"), at()) == timedelta(hours=2)
        assert admit(one, at)
        (wait,) = one.waits(at())
        assert wait.why == "3 refusals of policy in a row (554 5.7.1)", "and nobody's address"
    queue = deque([Somebody("orange.fr"), Somebody("jour.example")])
    assert [one.domain for one, _wait in first.set_aside(queue, at())] == ["orange.fr"]
    assert lift(database, 1, "orange.fr", "anne", at())
    assert not lift(database, 1, "orange.fr", "anne", at())
    at.forward(seconds=6)
    tick(second)
    assert admit(second, at, "orange.fr")


@pytest.mark.usefixtures("account")
def test_an_acceptance_between_refusals_forgives_them(database: Database) -> None:
    at = HandClock()
    made = pacer(database, at)
    for outcome in (BLOCKED, BLOCKED, ACCEPTED, BLOCKED, BLOCKED):
        assert send(made, at, "orange.fr", outcome)
        tick(made)
    assert admit(made, at, "orange.fr")


@pytest.mark.usefixtures("account")
def test_who_asks_us_to_slow_down_is_one_provider_until_another_says_so_too(database: Database) -> None:
    at = HandClock()
    made = pacer(database, at)
    for _ in range(3):
        send(made, at, "orange.fr", THROTTLED)
        tick(made)
    assert made.admit(Somebody("orange.fr"), at()) == timedelta(hours=1)
    assert made.stands_still(at()) is None
    for _ in range(3):
        assert send(made, at, "sfr.fr", THROTTLED)
        tick(made)
        at.forward(minutes=1)
    still = made.stands_still(at())
    assert still is not None
    assert still.why == "asked to slow down 3 times (421 4.7.0)"


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("outcome", [THROTTLED, SLOWER])
def test_what_was_on_the_wire_when_one_was_throttled_teaches_nothing_more(database: Database, outcome: Outcome) -> None:
    """Three messages that were under way together are one «slower», and not the third in a quarter of an hour."""
    at = HandClock()
    made = pacer(database, at)
    for one in [admit(made, at, "orange.fr") for _ in range(3)]:
        made.learn(one, outcome, at())
        tick(made)
    assert made.waits(at()) == []
    at.forward(minutes=1)
    for _ in range(2):
        tick(made)
        assert send(made, at, "orange.fr", outcome)
        at.forward(minutes=2)
    tick(made)
    assert [wait.why[:12] for wait in made.waits(at())] == ["asked to slo"]


class Memory:
    """A book that stands in no database: it keeps what it is told, and one gauge."""

    def __init__(self, at: HandClock) -> None:
        self.heard: list[Note] = []
        self._gauge = Gauge()
        self._at = at

    def exchange(self, orders: list[Order], notes: list[Note], **_more: Any) -> Answer:
        self.heard += notes
        drawn = {}
        for order in orders:
            gauge = give_back(self._gauge, order.unspent) if order.unspent else self._gauge
            self._gauge, drawn[order.scope] = draw(gauge, order.limits, order.wanted, self._at())
        return Answer(self._at(), drawn)

    def look(self) -> Answer:
        return Answer(self._at())

    def count_anew(self, tokens: list[tuple[str, Limits, datetime]]) -> Answer | None:
        ((scope, limits, drawn_at),) = tokens
        counted = count_anew(self._gauge, limits, drawn_at, self._at())
        if counted is None:
            return None
        self._gauge, block = counted
        return Answer(self._at(), {scope: block})


SECONDS = st.sampled_from([0, 0.5, 2, 4, 10, 58, 61])


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 9), SECONDS), min_size=10, max_size=60),
    st.integers(1, 5),
    st.none() | st.integers(5, 12),
)
def test_a_limit_holds_in_sum_however_late_who_was_admitted_leaves(
    steps: list[tuple[bool, int, float]], per_minute: int, per_hour: int | None
) -> None:
    """Two processes; who may not leave any more, or has objected, is put back, and nothing of theirs was sent."""
    at, limits = HandClock(), Limits(per_minute=per_minute, per_hour=per_hour)
    book: Any = Memory(at)
    made = [Pacer(book, limits, wish=3, now=at) for _ in range(2)]
    on_the_wire: list[tuple[Pacer, Admission]] = []
    left: list[datetime] = []
    for admits, which, later in steps:
        at.forward(seconds=later)
        if which % 2:
            tick(made[0])
        if admits or not on_the_wire:
            one = made[which % 2]
            if one.admit(Somebody(), at()) == timedelta(0):
                tick(one)
            found = [one.admit(Somebody(), at()) for _ in range(3)]
            on_the_wire += [(one, admitted) for admitted in found if isinstance(admitted, Admission)]
            continue
        one, admitted = on_the_wire.pop(which % len(on_the_wire))
        may = asyncio.run(one.may_leave(admitted, Clerk()))
        if may and which % 3:
            left.append(at())
            one.learn(admitted, ACCEPTED, at())
        else:
            one.release(admitted)
    for span, tokens in ((60, per_minute), (3600, per_hour or len(left))):
        for first in left:
            assert sum(first <= one < first + timedelta(seconds=span) for one in left) <= tokens


@pytest.mark.parametrize("seconds", [20, 70, 150])
@pytest.mark.parametrize("processes", [1, 3])
def test_a_server_that_takes_longer_than_tokens_last_gets_messages_all_the_same(seconds: int, processes: int) -> None:
    """With more connections than tokens: each message would find that the next one had its token, and go back."""
    at = HandClock()
    book: Any = Memory(at)
    made = [Pacer(book, Limits(per_minute=2), wish=3, now=at) for _ in range(processes)]
    on_the_wire: list[tuple[Pacer, Admission, datetime]] = []
    left: list[datetime] = []
    for _ in range(1200):
        for one, admitted, asked in [it for it in on_the_wire if at() - it[2] >= timedelta(seconds=seconds)]:
            on_the_wire.remove((one, admitted, asked))
            if asyncio.run(one.may_leave(admitted, Clerk())):
                left.append(at())
                one.learn(admitted, ACCEPTED, at())
            else:
                one.release(admitted)
        for one in made:
            tick(one)
            found = [one.admit(Somebody(), at()) for _ in range(3 - sum(it[0] is one for it in on_the_wire))]
            on_the_wire += [(one, admitted, at()) for admitted in found if isinstance(admitted, Admission)]
        at.forward(seconds=1)
    assert len(left) >= 1200 // (seconds + 70)
    for first in left:
        assert sum(first <= one < first + timedelta(minutes=1) for one in left) <= 2


@given(st.lists(st.tuples(st.sampled_from(["admit", "accept", "slow", "crowd", "put back"]), st.integers(0, 9))))
def test_one_lesson_is_one_message_that_left_behind_the_lesson_before(steps: list[tuple[str, int]]) -> None:
    """In whatever order what is on the wire is answered, and whoever else is meanwhile."""
    book: Any = Memory(HandClock())
    made = Pacer(book, NO_LIMITS, wish=3, now=HandClock())
    answers = {"accept": ACCEPTED, "slow": SLOWER, "crowd": CROWDED}
    on_the_wire: list[tuple[Admission, int]] = []
    lessons = 0
    for step, which in steps:
        if step == "admit" or not on_the_wire:
            on_the_wire.append((admit(made, HandClock()), lessons))
            continue
        admitted, lessons_before = on_the_wire.pop(which % len(on_the_wire))
        if step == "put back":
            made.release(admitted)
            continue
        made.learn(admitted, answers[step], START)
        lessons += step != "accept" and lessons_before == lessons
        if made.has_news:
            tick(made)
        assert len(book.heard) == lessons


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("outcome", [THROTTLED, SLOWER])
def test_what_several_processes_are_told_at_once_is_one_lesson(database: Database, outcome: Outcome) -> None:
    """Three of them, each asked to slow down before it hears of the others, are no third time."""
    at = HandClock()
    made = [pacer(database, at, worker=f"w{number}") for number in range(3)]
    for one in made:
        assert send(one, at)  # whoever is slowed down at its first message is slowed down to one a minute
        tick(one)
    for one in made:
        admitted = admit(one, at, "orange.fr")
        at.forward(seconds=1)
        one.learn(admitted, outcome, at())
        tick(one)
    assert [one.waits(at()) for one in made] == [[], [], []]
    for one in made[:2]:
        at.forward(minutes=2)
        tick(one)
        assert send(one, at, "orange.fr", outcome)
        tick(one)
    assert [wait.why[:12] for wait in made[1].waits(at())] == ["asked to slo"]


def test_it_is_the_rate_of_all_processes_together_that_is_halved(database: Database) -> None:
    """And of a provider that of its own recipients: the server knows nothing of the others."""
    at = HandClock()
    _, ids = add_deliveries(database, 2)
    made = {name: pacer(database, at, worker=name) for name in ("w1", "w2", "w3")}
    for second in range(60):
        number = ids[second % 2]
        for name, one in made.items():
            assert send(one, at, f"journal{second % 2}.example")
            with database.transaction() as connection:
                tried = {"delivery_id": number, "number": 1, "started_at": at(), "worker": name, "account": "default"}
                connection.execute(insert(ATTEMPT).values(phase="body", verdict="accepted", state="accepted", **tried))
        at.forward(seconds=1)
    for one, outcome in ((made["w1"], SLOWER), (made["w2"], THROTTLED)):
        assert send(one, at, "journal1.example", outcome)
        tick(one)
    with database.reading() as connection:
        learned = dict(connection.execute(select(Pace.__table__.c.scope, Pace.__table__.c.state)).all())
    rates = {scope: round(gauge["learned_per_minute"]) for scope, gauge in learned.items()}
    assert rates == {ACCOUNT: pytest.approx(90, abs=2), "journal1.example": pytest.approx(45, abs=2)}


@pytest.mark.usefixtures("account")
def test_fewer_connections_are_learned_and_told(database: Database) -> None:
    at = HandClock()
    first = pacer(database, at)
    assert first.connections == 3
    send(first, at, outcome=CROWDED)
    tick(first, open_connections=3)
    assert first.connections == 2
    second = pacer(database, at, worker="w2")
    tick(second)
    assert second.connections == 2, "it has heard; the shares come with the next exchange"
    tick(second)
    for _ in range(2):
        tick(first, open_connections=1)
        tick(second, open_connections=1)
    assert first.connections + second.connections == 2


def settle(at: HandClock, *pacers: Pacer) -> None:
    """Let them hear of each other until nothing changes any more."""
    for _ in range(4):
        at.forward(seconds=6)
        for one in pacers:
            tick(one, open_connections=one.connections)


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("limits", [NO_LIMITS, Limits(connections=10)], ids=["none", "ten"])
def test_of_too_many_connections_one_less_is_learned_than_all_processes_have(
    database: Database, limits: Limits
) -> None:
    at = HandClock()
    first, second = (pacer(database, at, limits, worker=name, wish=5) for name in ("w1", "w2"))
    for one in (first, second, first, second):
        tick(one, open_connections=5)
    here, elsewhere = (add_dispatch(database, add_version(database, slug=slug)) for slug in ("ici", "ailleurs"))
    with database.session() as session:
        session.add(Account(id=2, name="ailleurs"))
        session.flush()
        session.get_one(Dispatch, elsewhere).account_id = 2
        for name, dispatch_id in (("w1", here), ("w2", here), ("w3", elsewhere)):
            more = {"dispatch_id": dispatch_id, "connections": 5, "started_at": at(), "seen_at": at()}
            session.add(Worker(name=name, host="m", pid=1, **more))
    send(first, at, outcome=CROWDED)
    settle(at, first, second)
    assert first.connections + second.connections == 9
    at.forward(minutes=31)
    settle(at, first, second)
    assert first.connections + second.connections == 10


@pytest.mark.usefixtures("account")
def test_connections_are_shared_and_a_late_comer_gets_a_part(database: Database) -> None:
    at, limits = HandClock(), Limits(connections=3)
    first, second = (pacer(database, at, limits, worker=name) for name in ("w1", "w2"))
    tick(first)
    assert first.connections == 3
    tick(second)
    assert second.connections == 0, "the first has not closed any yet"
    tick(first, open_connections=3)
    assert first.connections == 2
    tick(first, open_connections=2)
    tick(second)
    assert second.connections == 1
    asyncio.run(first.leave(Clerk()))
    tick(second, open_connections=1)
    assert second.connections == 3


@pytest.mark.usefixtures("account")
def test_a_part_is_given_only_once_whoever_had_it_has_heard(database: Database) -> None:
    """Until they have the answer they open what they were told before."""
    at, limits = HandClock(), Limits(connections=3)
    first, second = (pacer(database, at, limits, worker=name) for name in ("w1", "w2"))
    tick(first)
    tick(second)

    async def slowly(function: Callable[[], Any]) -> Any:
        answer = function()
        await second.tick(Clerk())
        assert first.connections + second.connections <= 3
        return answer

    asyncio.run(first.tick(slowly))
    tick(first)
    tick(second)
    assert (first.connections, second.connections) == (2, 1)


@pytest.mark.usefixtures("account")
def test_a_killed_process_holds_its_connections_half_a_minute_at_most(database: Database) -> None:
    at, limits = HandClock(), Limits(connections=3)
    tick(pacer(database, at, limits, worker="killed"))
    at.forward(seconds=31)
    alive = pacer(database, at, limits, worker="w2")
    tick(alive)
    assert alive.connections == 3


@pytest.mark.usefixtures("account")
def test_what_one_provider_bears_is_kept_when_it_is_wished_for(database: Database) -> None:
    at = HandClock()
    made = pacer(
        database, at, wish=9, domain_limits=lambda name: Limits(connections=2 if name == "orange.fr" else None)
    )
    first, _second = admit(made, at, "orange.fr"), admit(made, at, "orange.fr")
    assert isinstance(made.admit(Somebody("orange.fr"), at()), timedelta)
    assert admit(made, at)
    queue = deque([Somebody("orange.fr"), Somebody("jour.example")])
    chosen = made.choose(queue, at())
    assert isinstance(chosen, Admission)
    assert chosen.claimed.domain == "jour.example", "a slow provider holds up nobody else"
    made.learn(first, ACCEPTED, at())
    assert admit(made, at, "orange.fr")


@pytest.mark.usefixtures("account")
def test_whoever_waits_for_the_limit_of_a_domain_holds_up_nobody_else(database: Database) -> None:
    at = HandClock()
    made = pacer(database, at, domain_limits={"gazette.example": Limits(per_hour=1)}.get)
    assert send(made, at, "gazette.example", ACCEPTED)
    assert not send(made, at, "gazette.example", ACCEPTED)
    assert made.stands_still(at()) is None
    queue = deque([Somebody("gazette.example"), Somebody("jour.example")])
    ((aside, wait),) = made.set_aside(queue, at())
    assert (aside.domain, wait.why) == ("gazette.example", "one message an hour is used up")
    assert [one.domain for one in queue] == ["jour.example"]


def test_many_threads_draw_at_once_and_no_token_is_given_twice(database: Database, account: int) -> None:
    limits, got = Limits(per_hour=100), []

    def draw_some(number: int) -> None:
        mine = PacingBook(database, account, f"w{number}", HandClock())
        for _ in range(6):
            answer = mine.exchange(
                [Order(ACCOUNT, limits, 7)],
                [Note("x.example", Lesson.WELCOME)],
                limits=limits,
                wish=1,
                open_connections=0,
            )
            got.append(answer.allowances[ACCOUNT].tokens)

    threads = [Thread(target=draw_some, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(got) == 100


def test_by_default_the_databases_clock_counts(database: Database, account: int) -> None:
    answer = PacingBook(database, account, "w1").exchange(
        [Order(ACCOUNT, Limits(per_day=5), 9)], [], limits=Limits(), wish=1, open_connections=0
    )
    assert answer.moment > START
    assert answer.allowances[ACCOUNT].tokens == 5
    with database.reading() as connection:
        (wait,) = read_waits(connection, account, Limits(per_day=5))
    assert wait.until - answer.moment >= timedelta(days=1)


@pytest.mark.usefixtures("account")
def test_two_connections_that_ask_at_once_give_back_a_block_once(database: Database) -> None:
    """What was not spent of a block that lapsed must not be given back twice: the limit would grow."""
    at, limits = HandClock(), Limits(per_hour=20)
    made = pacer(database, at, limits)
    assert send(made, at)
    at.forward(seconds=31)  # the block has lapsed with most of it unspent
    others = pacer(database, at, limits, worker="w2")

    async def slow(function: Callable[[], Any]) -> Any:
        await asyncio.sleep(0)
        found = function()
        await asyncio.sleep(0)
        return found

    async def ask() -> None:
        if made.admit(Somebody(), at()) == timedelta(0):
            await made.tick(slow)

    async def scene() -> None:
        await asyncio.gather(*(ask() for _ in range(4)))

    asyncio.run(scene())
    sent = 1 + sum(send(one, at) for _ in range(40) for one in (made, others))
    assert sent == 20


# Clocks that are set back.


@pytest.mark.usefixtures("account")
def test_a_clock_that_is_set_back_makes_nobody_deaf(database: Database) -> None:
    """What other processes learn is heard within seconds, by whichever clock."""
    at = HandClock()
    made = pacer(database, at)
    tick(made)
    at.forward(hours=-1)
    other = pacer(database, at, worker="w2")
    for _ in range(3):
        send(other, at, "orange.fr", BLOCKED)
        tick(other)
    at.forward(seconds=6)
    tick(made)
    assert isinstance(made.admit(Somebody("orange.fr"), at()), timedelta)


@pytest.mark.usefixtures("account")
def test_a_dead_process_of_a_clock_that_was_ahead_holds_no_connections(database: Database) -> None:
    at, limits = HandClock(), Limits(connections=3)
    at.forward(days=365)
    tick(pacer(database, at, limits, worker="killed"))
    at.forward(days=-365)
    alive = pacer(database, at, limits, worker="w2")
    tick(alive)
    assert alive.connections == 3

"""The pace: no stretch of time sees more than its limit, whoever draws; refusals slow down, time gives back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.transport.throttle import (
    SPANS,
    Allowance,
    Gauge,
    Lesson,
    Limits,
    draw,
    freeze,
    give_back,
    hold,
    learn,
    lifted,
    thaw,
)

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def after(**by: float) -> datetime:
    return START + timedelta(**by)


STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.floats(0, 40, allow_nan=False), st.integers(1, 30), st.booleans()), max_size=60
)


def test_what_a_clock_drew_that_ran_ahead_comes_back_as_if_it_were_drawn_now() -> None:
    limits = Limits(per_second=0.5, per_day=10)
    gauge = Gauge()
    for minute in range(10):  # one each two seconds
        gauge, got = draw(gauge, limits, 10, after(days=400, minutes=minute))
        assert got.tokens == 1
    gauge, none = draw(thaw(freeze(gauge), None, "", START), limits, 10, START)
    assert none.tokens == 0
    assert none.retry_at is not None
    assert after(days=1) < none.retry_at < after(days=1, hours=1)
    gauge, same = draw(gauge, limits, 10, after(hours=1))
    assert same.retry_at == none.retry_at
    gauge, got = draw(gauge, limits, 10, none.retry_at)
    assert got.tokens == 1


@given(STEPS, st.integers(1, 50), st.none() | st.integers(20, 90))
def test_no_stretch_sees_more_than_the_limit_whoever_draws(
    steps: list[tuple[int, float, int, bool]], per_minute: int, per_hour: int | None
) -> None:
    """Three processes draw blocks, spend them as late as they may, or give back what they did not spend."""
    limits = Limits(per_minute=per_minute, per_hour=per_hour)
    gauge, now = Gauge(), START
    spent: list[datetime] = []
    for _process, later, wanted, spends in steps:
        now += timedelta(seconds=later)
        gauge, got = draw(gauge, limits, wanted, now)
        gauge = thaw(freeze(gauge), gauge.until, gauge.reason, now)
        if not spends:
            gauge = give_back(gauge, got)
            continue
        half = got.tokens // 2
        spent += [now] * half + [got.lapses - timedelta(microseconds=1)] * (got.tokens - half)
    for span in SPANS:
        tokens = limits.of(span)
        for first in spent if tokens is not None else ():
            within = [one for one in spent if first <= one < first + timedelta(seconds=SPANS[span])]
            assert len(within) <= tokens


def test_what_is_used_up_says_what_and_until_when() -> None:
    limits = Limits(per_minute=30, per_day=500)
    gauge, got = draw(Gauge(), limits, 40, START)
    assert got.tokens == 30
    assert got.wait(START) is None
    gauge, none = draw(gauge, limits, 40, after(seconds=10))
    assert none.tokens == 0
    assert none.why == "30 messages a minute are used up"
    assert after(seconds=60) <= none.retry_at <= after(seconds=70)
    gauge, got = draw(gauge, limits, 40, none.retry_at)
    assert got.tokens == 30


def test_a_day_is_used_up_and_comes_back_a_day_later_not_at_midnight() -> None:
    limits = Limits(per_day=500)
    gauge, got = draw(Gauge(), limits, 1000, START)
    assert got.tokens == 500
    _, none = draw(gauge, limits, 1, after(hours=23))
    assert none.why == "500 messages a day are used up"
    assert none.wait(after(hours=23)) > timedelta(minutes=59)
    _, got = draw(gauge, limits, 1, after(hours=24, minutes=30))
    assert got.tokens == 1


def test_a_limit_that_was_lowered_is_kept_as_soon_as_so_few_are_out() -> None:
    gauge, _ = draw(Gauge(), Limits(per_hour=10), 6, START)
    gauge, _ = draw(gauge, Limits(per_hour=10), 4, after(minutes=20))
    _, none = draw(gauge, Limits(per_hour=7), 1, after(minutes=40))
    assert none.why == "7 messages an hour are used up"
    assert after(minutes=60) <= none.retry_at <= after(minutes=65), (
        "with the first block six come back, and four are out"
    )
    _, none = draw(gauge, Limits(per_hour=4), 1, after(minutes=40))
    assert after(minutes=80) <= none.retry_at <= after(minutes=85), "of the four that are out then none may go yet"


def test_of_what_we_set_and_what_was_learned_the_slower_counts() -> None:
    slow = learn(Gauge(), Lesson.SLOWER, START, rate=120)
    assert draw(slow, Limits(per_second=20), 16, START)[1].interval == timedelta(seconds=1)
    assert draw(slow, Limits(per_second=0.5), 16, START)[1].interval == timedelta(seconds=2)


def test_blocks_stay_few_however_many_draw() -> None:
    limits, gauge = Limits(per_minute=600, per_day=100_000), Gauge()
    for second in range(0, 7200, 2):
        gauge, _ = draw(gauge, limits, 5, after(seconds=second))
    assert len(gauge.taken["minute"]) <= 25
    assert len(gauge.taken["day"]) <= 10


def test_what_was_not_spent_is_given_back_whole() -> None:
    limits = Limits(per_hour=10)
    gauge, got = draw(Gauge(), limits, 10, START)
    gauge = give_back(gauge, got.spend(START))
    _, again = draw(gauge, limits, 10, START)
    assert again.tokens == 9


@pytest.mark.parametrize("between", [0.01, 0.3, 2])
def test_a_place_that_nobody_used_costs_nothing_of_the_day(between: float) -> None:
    """The server takes its time: it is the place that is lost among the spaced ones, and no message."""
    limits, gauge, now, sent = Limits(per_second=20, per_day=200), Gauge(), START, 0
    got = Allowance(0, START, START)
    while True:
        if got.wait(now) == timedelta(0):
            gauge, got = draw(give_back(gauge, got), limits, 16, now)
            if not got.tokens and not got.start > now:
                break
        now += got.wait(now) or timedelta(0)
        if got.wait(now) is None:
            got = got.spend(now)
            sent += 1
            now += timedelta(seconds=between)
    assert sent == 200


def test_a_block_that_was_kept_too_long_is_worth_nothing() -> None:
    _, got = draw(Gauge(), Limits(per_minute=10), 10, START)
    assert got.wait(after(seconds=1)) is None
    assert got.wait(START + hold("minute")) == timedelta(0), "a new block is to be asked for"


@given(st.lists(st.floats(0.001, 0.3), min_size=1, max_size=80), st.sampled_from([2, 5, 10, 40]))
def test_messages_are_spaced_over_the_second(waits: list[float], per_second: int) -> None:
    limits, gauge, now = Limits(per_second=per_second), Gauge(), START
    allowances: list[Allowance] = [Allowance(0, START, START), Allowance(0, START, START)]
    sent: list[datetime] = []
    for index, later in enumerate(waits):
        now += timedelta(seconds=later)
        mine = allowances[index % 2]
        if mine.wait(now) is not None and (mine.tokens <= 0 or now >= mine.lapses):
            gauge, mine = draw(gauge, limits, 3, now)
        while mine.wait(now) is None:
            mine = mine.spend(now)
            sent.append(now)
        allowances[index % 2] = mine
    for first in sent:
        within = [one for one in sent if first <= one < first + timedelta(seconds=1)]
        assert len(within) <= per_second * 1.1 + 2


def test_slower_halves_and_time_gives_back() -> None:
    gauge = learn(Gauge(), Lesson.SLOWER, START, rate=120)
    assert gauge.rate(START) == 60
    gauge = learn(gauge, Lesson.SLOWER, after(minutes=1), rate=60)
    assert gauge.rate(after(minutes=1)) == pytest.approx(30)
    assert gauge.rate(after(minutes=31)) == pytest.approx(60)
    assert gauge.rate(after(minutes=61)) == pytest.approx(120)
    assert gauge.rate(after(hours=4)) is None, "forgotten"
    _, got = draw(gauge, Limits(), 9, after(minutes=1))
    assert (got.tokens, got.interval) == (1, timedelta(seconds=2))


def test_the_third_slower_within_a_quarter_of_an_hour_suspends() -> None:
    gauge = Gauge()
    for minute in (0, 5, 10):
        gauge = learn(gauge, Lesson.SLOWER, after(minutes=minute), rate=60, retry_after=7200, said="421 4.7.0")
    assert gauge.until == after(minutes=130)
    assert gauge.reason == "asked to slow down 3 times (421 4.7.0)"
    _, got = draw(gauge, Limits(), 1, after(minutes=11))
    assert (got.tokens, got.retry_at) == (0, after(minutes=130))


def test_slower_now_and_then_suspends_nothing() -> None:
    gauge = Gauge()
    for number in range(9):
        gauge = learn(gauge, Lesson.SLOWER, after(minutes=20 * number), rate=60)
    assert gauge.until is None


def test_slower_long_ago_is_not_remembered_for_too_many_connections_now() -> None:
    gauge = Gauge()
    for minute in (0, 1):
        gauge = learn(gauge, Lesson.SLOWER, after(minutes=minute), rate=60)
    gauge = learn(gauge, Lesson.FEWER_CONNECTIONS, after(hours=5), open_connections=3)
    gauge = learn(gauge, Lesson.SLOWER, after(hours=5, minutes=1), rate=60)
    assert (gauge.until, gauge.throttles) == (None, 1)
    gauge = learn(gauge, Lesson.FEWER_CONNECTIONS, after(hours=5, minutes=2), open_connections=3)
    gauge = learn(gauge, Lesson.SLOWER, after(hours=5, minutes=3), rate=60)
    assert gauge.throttles == 2, "what was a moment ago is"


@pytest.mark.parametrize(("said", "minutes"), [(None, 15), (60, 15), (3600, 60), (4 * 3600, 120)])
def test_a_suspension_lasts_from_15_to_120_minutes(said: int | None, minutes: int) -> None:
    gauge = Gauge()
    for _ in range(3):
        gauge = learn(gauge, Lesson.SLOWER, START, rate=10, retry_after=said)
    assert gauge.until == after(minutes=minutes)


def test_fewer_connections_down_to_one_and_one_more_each_half_hour() -> None:
    gauge = learn(Gauge(), Lesson.FEWER_CONNECTIONS, START, open_connections=3)
    assert gauge.connections(START) == 2
    for _ in range(4):
        gauge = learn(gauge, Lesson.FEWER_CONNECTIONS, START, open_connections=2)
    assert gauge.connections(START) == 1
    assert gauge.connections(after(minutes=65)) == 3
    assert gauge.connections(after(hours=4)) is None


def test_three_refusals_of_policy_in_a_row_block_and_one_acceptance_between_does_not() -> None:
    gauge = Gauge()
    for lesson in (Lesson.REFUSED, Lesson.REFUSED, Lesson.WELCOME, Lesson.REFUSED, Lesson.REFUSED):
        gauge = learn(gauge, lesson, START, said="554 5.7.1")
    assert gauge.until is None
    gauge = learn(gauge, Lesson.REFUSED, START, said="554 5.7.1")
    assert (gauge.until, gauge.reason) == (after(hours=2), "3 refusals of policy in a row (554 5.7.1)")
    assert learn(gauge, Lesson.REFUSED, after(minutes=1)) == gauge, "what was on the wire counts once"
    gauge = learn(gauge, Lesson.REFUSED, after(hours=3), said="554 5.7.1")
    assert gauge.until == after(hours=7), "twice as long"
    assert lifted(gauge).until is None


def test_limits_that_are_set_win_over_a_presets() -> None:
    preset = Limits(connections=3, per_minute=30, per_day=10_000)
    assert Limits(per_minute=20).over(preset) == replace(preset, per_minute=20)
    assert Limits.from_mapping(preset.as_mapping() | {"colour": "blue"}) == preset
    assert preset.counts
    assert not Limits(connections=3).counts


# Limits that change, and clocks that do.


def test_where_a_limit_was_lowered_it_says_when_there_is_really_one_again() -> None:
    gauge = Gauge()
    for minute in (0, 10, 20):
        gauge, _ = draw(gauge, Limits(per_hour=90), 30, after(minutes=minute))
    lower = Limits(per_hour=30)
    gauge, none = draw(gauge, lower, 30, after(minutes=21))
    assert none.tokens == 0
    assert none.retry_at >= after(minutes=80), "the first two blocks that come back are over the limit still"
    _, before = draw(gauge, lower, 30, none.retry_at - timedelta(seconds=1))
    _, then = draw(gauge, lower, 30, none.retry_at)
    assert (before.tokens, then.tokens) == (0, 30)


def test_what_a_clock_wrote_that_was_a_year_ahead_ends_in_its_span() -> None:
    """A machine without a battery wakes in another year, sends, and is put right."""
    ahead = after(days=365)
    gauge, _ = draw(Gauge(), Limits(per_second=2, per_hour=20), 20, ahead)
    gauge, _ = draw(gauge, Limits(per_second=2, per_hour=20), 20, ahead)
    gauge = learn(gauge, Lesson.SLOWER, ahead, rate=60)
    gauge = replace(gauge, until=ahead + timedelta(hours=2), reason="x", taken=gauge.taken | {"hour": ((ahead, 20),)})
    now = thaw(freeze(gauge), gauge.until, gauge.reason, START)
    assert not now.suspended(START)
    kept, none = draw(now, Limits(per_second=2, per_hour=20), 20, START)
    assert START < none.retry_at <= after(hours=1, minutes=2)
    later = none.retry_at
    _, got = draw(thaw(freeze(kept), None, "", later), Limits(per_second=2, per_hour=20), 20, later)
    assert got.tokens > 0
    assert got.start <= later + timedelta(seconds=2)
    assert thaw(freeze(kept), None, "", after(hours=4)).rate(after(hours=4)) is None, (
        "what was learned is forgotten too"
    )


def test_a_place_that_a_clock_put_far_ahead_is_none() -> None:
    gauge, _ = draw(Gauge(), Limits(per_second=2), 1, after(hours=1))
    _, got = draw(gauge, Limits(per_second=2), 1, START)
    assert (got.tokens, got.start) == (1, START)


@pytest.mark.parametrize("per_second", [0.01, 2, 50])
def test_a_block_of_a_clock_that_was_set_back_is_asked_for_anew(per_second: float) -> None:
    _, got = draw(Gauge(), Limits(per_second=per_second), 100, START)
    spent = got.spend(START)
    assert spent.tokens == 0 or (spent.wait(START) or timedelta(0)) > timedelta(0)
    assert got.wait(START - timedelta(hours=1)) == timedelta(0)

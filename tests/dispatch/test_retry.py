"""When to try again: never before now, never sooner than the server asked, soon after a dropped connection."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from ledgerbase import DEFERRED, DROPPED, START

from distributor.dispatch.retry import RetryPolicy
from distributor.states import Verdict

policies = st.builds(
    RetryPolicy,
    minutes=st.lists(st.floats(0.1, 9_999), min_size=1, max_size=6).map(tuple),
    hours=st.floats(0.1, 9_999),
)
jitters = st.floats(0, 1)
refusals = st.integers(0, 50)


@given(policies, st.sampled_from(list(Verdict)), st.none() | st.integers(0, 10**6), refusals, jitters)
def test_never_before_now(policy: RetryPolicy, verdict: Verdict, after: int | None, many: int, jitter: float) -> None:
    outcome = replace(DEFERRED, verdict=verdict, retry_after=after)
    assert policy.next_attempt(outcome, many, START, jitter) > START


@given(
    policies, st.sampled_from([Verdict.THROTTLED, Verdict.FULL, Verdict.CONCURRENCY]), st.integers(0, 10**6), jitters
)
def test_never_sooner_than_a_throttling_server_wants(
    policy: RetryPolicy, verdict: Verdict, after: int, jitter: float
) -> None:
    due = policy.next_attempt(replace(DEFERRED, verdict=verdict, retry_after=after), 0, START, jitter)
    assert due >= START + timedelta(seconds=after)


@given(policies, refusals, jitters)
def test_an_ordinary_later_follows_the_ladder_that_is_set(policy: RetryPolicy, many: int, jitter: float) -> None:
    asked = policy.next_attempt(replace(DEFERRED, retry_after=10**6), many, START, jitter)
    assert asked == policy.next_attempt(DEFERRED, many, START, jitter)


@given(policies, refusals, jitters)
def test_soon_after_a_dropped_connection(policy: RetryPolicy, many: int, jitter: float) -> None:
    assert policy.next_attempt(DROPPED, many, START, jitter) <= START + timedelta(seconds=66)


@given(policies, refusals, jitters, jitters)
def test_jitter_adds_a_tenth_at_most(policy: RetryPolicy, many: int, one: float, other: float) -> None:
    first, second = sorted(policy.next_attempt(DEFERRED, many, START, jitter) - START for jitter in (one, other))
    assert second <= first * 1.1 + timedelta(microseconds=2)


def test_waits_grow_as_written_and_the_last_repeats() -> None:
    policy = RetryPolicy((5, 15, 60), 24)
    waits = [policy.next_attempt(DEFERRED, many, START, 0) - START for many in range(5)]
    assert [wait.total_seconds() / 60 for wait in waits] == [5, 15, 60, 60, 60]
    assert policy.expires_at(START) == START + timedelta(days=1)

"""Why a run ended is one thing, also where several came together."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from distributor.dispatch.pacing import ACCOUNT, Wait
from distributor.dispatch.result import CalledOff, End, GivesWay, Paused, RanOut, RunResult, StandsStill

WAIT = Wait(ACCOUNT, datetime(2026, 3, 2, 9, tzinfo=UTC), "30 messages a minute are used up")


@given(st.lists(st.sampled_from([StandsStill(WAIT), GivesWay(), CalledOff(), Paused("535 no"), Paused("gone")])))
def test_a_pause_comes_before_all_others_and_then_counts_what_was_first(reasons: list[End]) -> None:
    result = RunResult()
    for why in reasons:
        result.ends(why)
    pauses = [one for one in reasons if isinstance(one, Paused)]
    assert result.end == [*pauses, *reasons, RanOut()][0]

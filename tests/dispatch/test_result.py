"""Why a run ended is one thing, also where several came together."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from databases import on_sqlite
from hypothesis import given
from hypothesis import strategies as st
from ledgerbase import START, add_deliveries
from sqlalchemy import update
from sqlmodel import col

from distributor.db.engine import Database
from distributor.dispatch.closing import close
from distributor.dispatch.pacing import ACCOUNT, Wait
from distributor.dispatch.result import CalledOff, End, GivesWay, Paused, RanOut, RunResult, StandsStill
from distributor.models import Dispatch
from distributor.reports.queries import find_dispatch
from distributor.states import DispatchState

WAIT = Wait(ACCOUNT, datetime(2026, 3, 2, 9, tzinfo=UTC), "30 messages a minute are used up")


@given(st.lists(st.sampled_from([StandsStill(WAIT), GivesWay(), CalledOff(), Paused("535 no"), Paused("gone")])))
def test_a_pause_comes_before_all_others_and_then_counts_what_was_first(reasons: list[End]) -> None:
    result = RunResult()
    for why in reasons:
        result.ends(why)
    pauses = [one for one in reasons if isinstance(one, Paused)]
    assert result.end == [*pauses, *reasons, RanOut()][0]


@on_sqlite
@pytest.mark.parametrize("why", [Paused("535 no"), StandsStill(WAIT)])
def test_what_was_cancelled_meanwhile_neither_waits_nor_is_paused(database: Database, why: End) -> None:
    """«Go on with: dispatches resume» would be the way to another refusal."""
    dispatch_id, _ = add_deliveries(database, 1)
    result = RunResult(end=why)
    with database.transaction() as connection:
        connection.execute(
            update(Dispatch).where(col(Dispatch.id) == dispatch_id).values(state=DispatchState.CANCELLED)
        )
        close(connection, dispatch_id, result, START)
    assert result.end == CalledOff()


@on_sqlite
def test_what_gave_way_to_another_is_told_to_wait_for_it_and_not_to_have_stopped(database: Database) -> None:
    dispatch_id, _ = add_deliveries(database, 1)
    with database.transaction() as connection:
        connection.execute(update(Dispatch).where(col(Dispatch.id) == dispatch_id).values(state=DispatchState.RUNNING))
        close(connection, dispatch_id, RunResult(end=GivesWay()), START)
        row = find_dispatch(connection, dispatch_id)
    words = "waits: for another dispatch, whose hour has come — distributor work goes on by itself"
    assert (row.stopped, row.words) == (False, words)

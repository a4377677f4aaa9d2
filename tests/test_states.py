"""The states of a delivery: which step may follow which, and that all tables agree."""

from __future__ import annotations

import itertools

import pytest

from distributor.states import (
    OPEN_STATES,
    TRANSITIONS,
    UNREACHED_STATES,
    DeliveryState,
    IllegalTransition,
    Verdict,
    check_transition,
)

_S = DeliveryState


@pytest.mark.parametrize(("old", "new"), list(itertools.product(_S, _S)))
def test_a_step_is_taken_or_refused_as_the_table_says(old: DeliveryState, new: DeliveryState) -> None:
    if new in TRANSITIONS[old]:
        check_transition(old, new)
    else:
        with pytest.raises(IllegalTransition, match=f"from {old} to {new}"):
            check_transition(old, new)


def test_every_state_stands_in_the_table_and_no_state_follows_itself() -> None:
    assert set(TRANSITIONS) == set(_S)
    assert not any(state in after for state, after in TRANSITIONS.items())


def test_every_state_can_be_reached_from_queued() -> None:
    reached, fresh = {_S.QUEUED}, {_S.QUEUED}
    while fresh:
        fresh = {after for state in fresh for after in TRANSITIONS[state]} - reached
        reached |= fresh
    assert reached == set(_S)


def test_open_states_lead_on_and_what_is_over_opens_again_only_by_a_retry() -> None:
    assert all(TRANSITIONS[state] for state in OPEN_STATES)
    over = set(_S) - OPEN_STATES - {_S.IN_DOUBT}
    again = {state for state in over if TRANSITIONS[state] & OPEN_STATES}
    assert again == {_S.REJECTED, _S.EXPIRED, _S.BOUNCED}
    assert all(TRANSITIONS[state] == {_S.QUEUED} for state in again)
    assert UNREACHED_STATES.isdisjoint(OPEN_STATES)
    assert not UNREACHED_STATES & {_S.ACCEPTED, _S.WITHHELD}


def test_only_a_body_that_left_can_be_accepted() -> None:
    before = {state for state, after in TRANSITIONS.items() if _S.ACCEPTED in after}
    assert before == {_S.SENDING, _S.IN_DOUBT}
    assert {state for state, after in TRANSITIONS.items() if _S.SENDING in after} == {_S.CLAIMED}


def test_verdicts_about_us_are_told_from_verdicts_about_a_recipient() -> None:
    about_us = {verdict for verdict in Verdict if verdict.is_account_level}
    assert about_us == {
        Verdict.ACCOUNT,
        Verdict.QUOTA,
        Verdict.CREDENTIALS,
        Verdict.SENDER,
        Verdict.AUTHENTICATION,
    }

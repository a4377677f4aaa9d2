"""Records: what an attempt came to, in the delivery's row and in the log that only grows."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from ledgerbase import (
    ACCEPTED,
    DEFERRED,
    DELIVERY,
    DROPPED,
    NO_LOGIN,
    REJECTED,
    SILENT,
    START,
    HandClock,
    add_deliveries,
    attempts,
    delivery,
    put,
    record_of,
    states,
)
from sqlalchemy import text, update

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import Batch
from distributor.states import TRANSITIONS, DeliveryState, IllegalTransition, Outcome, Phase, Verdict

_S = DeliveryState


def sending(database: Database, log: DeliveryLog) -> tuple[int, int]:
    """A delivery on the wire; return its dispatch and itself."""
    dispatch_id, (number,) = add_deliveries(database, 1)
    log.claim(dispatch_id, 1)
    assert log.commit(Batch(begins=[number])) == []
    return dispatch_id, number


def test_what_the_server_said_stands_in_the_row_and_in_the_attempt(database: Database) -> None:
    clock = HandClock()
    log = DeliveryLog(database, "w1", clock)
    _, number = sending(database, log)
    clock.forward(seconds=2)
    outcome = Outcome(
        _S.ACCEPTED,
        Verdict.ACCEPTED,
        Phase.BODY,
        250,
        "2.0.0",
        "2.0.0 Ok\nqueued",
        "mx.journal.example",
        "TLSv1.3",
        812,
    )
    log.commit(Batch(records=[record_of(number, outcome, expires_at=START + timedelta(hours=24))]))
    row = delivery(database, number)
    assert (row.state, row.code, row.enhanced_code, row.reply) == ("accepted", 250, "2.0.0", "2.0.0 Ok\nqueued")
    assert (row.verdict, row.phase, row.attempts, row.refusals) == ("accepted", "body", 1, 0)
    assert (row.worker, row.lease_until, row.accepted_at) == ("", None, clock.moment)
    assert row.expires_at == START + timedelta(hours=24)
    (attempt,) = attempts(database, number)
    assert (attempt.number, attempt.state, attempt.code, attempt.server, attempt.tls) == (
        1,
        "accepted",
        250,
        "mx.journal.example",
        "TLSv1.3",
    )
    assert (attempt.duration_ms, attempt.started_at, attempt.worker) == (812, START, "w1")


def test_attempts_are_added_and_never_changed(database: Database) -> None:
    clock = HandClock()
    log = DeliveryLog(database, "w1", clock)
    dispatch_id, (number,) = add_deliveries(database, 1)
    seen: list[object] = []
    for outcome in (DROPPED, DEFERRED, DEFERRED, ACCEPTED):
        log.claim(dispatch_id, 1)
        log.commit(Batch(begins=[number]))
        log.commit(Batch(records=[record_of(number, outcome, next_attempt_at=clock.moment)]))
        now = attempts(database, number)
        assert now[: len(seen)] == seen
        seen = now
    row = delivery(database, number)
    assert [one.number for one in attempts(database, number)] == [1, 2, 3, 4]
    assert (row.attempts, row.refusals, row.state) == (4, 2, "accepted")


def test_a_refusal_of_the_account_goes_back_to_the_queue_and_counts_against_nobody(database: Database) -> None:
    log = DeliveryLog(database, "w1", HandClock())
    _, number = sending(database, log)
    log.commit(Batch(records=[record_of(number, NO_LOGIN)]))
    row = delivery(database, number)
    assert (row.state, row.refusals, row.next_attempt_at, row.worker) == ("queued", 0, None, "")


@pytest.mark.parametrize("state", list(_S))
def test_a_holder_may_record_what_is_legal_and_nothing_else(database: Database, state: DeliveryState) -> None:
    log = DeliveryLog(database, "w1", HandClock())
    outcomes = (_S.ACCEPTED, _S.REJECTED, _S.DEFERRED, _S.IN_DOUBT, _S.QUEUED)
    _, ids = add_deliveries(database, len(outcomes), state=state, worker="w1")
    for number, wanted in zip(ids, outcomes, strict=True):
        record = record_of(number, Outcome(wanted, Verdict.RETRY, Phase.BODY))
        if wanted in TRANSITIONS[state]:
            log.commit(Batch(records=[record]))
            assert delivery(database, number).state == wanted
            assert len(attempts(database, number)) == 1
        else:
            with pytest.raises(IllegalTransition):
                log.commit(Batch(records=[record]))
            assert delivery(database, number).state == state
            assert attempts(database, number) == []


@pytest.mark.parametrize("state", list(_S))
def test_begin_release_settle_and_withhold_move_only_the_states_they_are_for(
    database: Database, state: DeliveryState
) -> None:
    def moves(step: Callable[[DeliveryLog, int, int], object]) -> bool:
        dispatch_id, (number,) = add_deliveries(database, 1)
        put(database, number, state=state, worker="w1")
        step(DeliveryLog(database, "w1", HandClock()), dispatch_id, number)
        return str(delivery(database, number).state) != state

    assert moves(lambda log, _d, n: log.commit(Batch(begins=[n]))) == (state == _S.CLAIMED)
    assert moves(lambda log, _d, n: log.release([n])) == (state == _S.CLAIMED)
    assert moves(lambda log, _d, n: log.settle_doubt(n, _S.ACCEPTED, "seen in their log")) == (state == _S.IN_DOUBT)
    assert moves(lambda log, _d, n: log.settle_doubt(n, _S.QUEUED, "not seen")) == (state == _S.IN_DOUBT)
    assert moves(lambda log, d, _n: log.withhold(d, "cancelled")) == (state in {_S.QUEUED, _S.DEFERRED})
    assert moves(lambda log, d, _n: log.claim(d, 1)) == (state in {_S.QUEUED, _S.DEFERRED})
    assert moves(lambda log, _d, _n: log.abandon()) == (state in {_S.CLAIMED, _S.SENDING})


def test_who_is_being_sent_is_not_begun_again(database: Database) -> None:
    """Whoever asked twice would send twice."""
    log = DeliveryLog(database, "now", HandClock())
    dispatch_id, ids = add_deliveries(database, 2)
    log.claim(dispatch_id, 2)
    assert log.commit(Batch(begins=ids[:1])) == []
    assert log.commit(Batch(begins=ids)) == ids[:1]
    assert states(database, ids) == ["sending", "sending"]


def test_doubt_is_settled_by_a_person_and_never_as_something_else(database: Database) -> None:
    log = DeliveryLog(database, "w1", HandClock())
    dispatch_id, number = sending(database, log)
    log.commit(Batch(records=[record_of(number, SILENT)]))
    with pytest.raises(IllegalTransition):
        log.settle_doubt(number, _S.WITHHELD, "no")
    assert log.settle_doubt(number, _S.ACCEPTED, "she has it") is True
    assert log.settle_doubt(number, _S.ACCEPTED, "she has it") is False
    row = delivery(database, number)
    assert (row.state, row.reason, row.accepted_at) == ("accepted", "she has it", START)
    assert log.standing(dispatch_id).counts == {_S.ACCEPTED: 1}


def test_who_is_assumed_to_have_it_has_it_since_the_attempt_whenever_that_is_said(database: Database) -> None:
    """As where a person, or the server's log, ends the doubt."""
    clock = HandClock()
    log = DeliveryLog(database, "w1", clock)
    _dispatch_id, number = sending(database, log)
    log.commit(Batch(records=[record_of(number, SILENT)]))
    clock.forward(hours=20)
    log.settle_doubt(number, _S.ACCEPTED, "assumed sent")
    row = delivery(database, number)
    assert (row.accepted_at, row.updated_at) == (START, clock.moment)


def test_sent_again_after_doubt_the_servers_words_replace_the_reason(database: Database) -> None:
    log = DeliveryLog(database, "w1", HandClock())
    dispatch_id, number = sending(database, log)
    log.commit(Batch(records=[record_of(number, SILENT)]))
    log.settle_doubt(number, _S.QUEUED, "policy resend")
    assert delivery(database, number).reason == "policy resend"
    log.claim(dispatch_id, 1)
    log.commit(Batch(begins=[number]))
    log.commit(Batch(records=[record_of(number, ACCEPTED)]))
    assert (delivery(database, number).reason, delivery(database, number).code) == ("", 250)


def test_cancelling_withholds_who_waits_and_says_how_many(database: Database) -> None:
    log = DeliveryLog(database, "w1", HandClock())
    dispatch_id, ids = add_deliveries(database, 4)
    put(database, ids[0], state="accepted")
    put(database, ids[1], state="sending", worker="w2")
    put(database, ids[2], state="deferred", next_attempt_at=START)
    assert log.withhold(dispatch_id, "cancelled") == 2
    assert states(database, ids) == ["accepted", "sending", "withheld", "withheld"]
    assert delivery(database, ids[3]).reason == "cancelled"
    assert log.standing(dispatch_id).next_attempt_at is None


def test_who_is_withheld_for_a_correction_has_no_next_attempt(database: Database) -> None:
    """A report would say of them «again at 10:30»."""
    log = DeliveryLog(database, "w1", HandClock())
    dispatch_id, ids = add_deliveries(database, 2)
    put(database, ids[0], state="claimed", worker="w2")
    put(database, ids[1], state="deferred", next_attempt_at=START)
    with database.transaction() as connection:
        assert log.withhold_waiting(connection, [dispatch_id], "corrected by «rectificatif»") == 2
    assert states(database, ids) == ["withheld", "withheld"]
    assert [delivery(database, number).next_attempt_at for number in ids] == [None, None]


def test_one_bad_record_leaves_nothing_of_its_batch(database: Database) -> None:
    log = DeliveryLog(database, "w1", HandClock())
    dispatch_id, ids = add_deliveries(database, 3)
    log.claim(dispatch_id, 3)
    log.commit(Batch(begins=ids[:1]))
    with pytest.raises(IllegalTransition):
        log.commit(Batch(begins=ids[1:], records=[record_of(ids[0], ACCEPTED), record_of(ids[2], ACCEPTED)]))
    assert states(database, ids) == ["sending", "claimed", "claimed"]
    assert attempts(database, ids[0]) == []


# A worker that was thought dead


def test_its_late_word_ends_the_doubt(database: Database) -> None:
    log, other = DeliveryLog(database, "slow", HandClock()), DeliveryLog(database, "other", HandClock())
    _, number = sending(database, log)
    other.recover(lambda _name: False)
    assert delivery(database, number).state == "in_doubt"
    log.commit(Batch(records=[record_of(number, ACCEPTED)]))
    assert delivery(database, number).state == "accepted"
    assert [one.state for one in attempts(database, number)] == ["in_doubt", "accepted"]


@pytest.mark.parametrize("late", [ACCEPTED, REJECTED, DEFERRED, NO_LOGIN, SILENT])
@pytest.mark.parametrize("begun", [True, False])
def test_it_does_not_take_the_row_from_whoever_sends_now(database: Database, late: Outcome, begun: bool) -> None:
    """Else the one who sends now would find its own verdict refused, and the message would leave a third time."""
    slow, now = DeliveryLog(database, "slow", HandClock()), DeliveryLog(database, "now", HandClock())
    dispatch_id, number = sending(database, slow)
    now.recover(lambda _name: False)
    now.settle_doubt(number, _S.QUEUED, "resend")
    now.claim(dispatch_id, 1)
    if begun:
        assert now.commit(Batch(begins=[number])) == []
    slow.commit(Batch(records=[record_of(number, late)]))
    if late is ACCEPTED:
        assert delivery(database, number).state == "accepted", "she has it, whatever the other one will hear"
    else:
        row = delivery(database, number)
        assert (row.state, row.worker) == ("sending" if begun else "claimed", "now")
    if not begun and late is ACCEPTED:
        assert now.commit(Batch(begins=[number])) == [number], "and it is not sent again"
        return
    if not begun:
        assert now.commit(Batch(begins=[number])) == []
    now.commit(Batch(records=[record_of(number, ACCEPTED)]))
    row = delivery(database, number)
    assert (row.state, row.attempts) == ("accepted", 3)
    assert [one.number for one in attempts(database, number)] == [1, 2, 3]


@pytest.mark.parametrize("state", [_S.QUEUED, _S.DEFERRED, _S.ACCEPTED, _S.REJECTED, _S.EXPIRED, _S.WITHHELD])
def test_it_changes_nothing_that_is_settled(database: Database, state: DeliveryState) -> None:
    slow = DeliveryLog(database, "slow", HandClock())
    _, (number,) = add_deliveries(database, 1)
    due = START if state == _S.DEFERRED else None
    put(database, number, state=state, next_attempt_at=due)
    for outcome in (ACCEPTED, REJECTED, DEFERRED, NO_LOGIN, SILENT):
        slow.commit(Batch(records=[record_of(number, outcome)]))
    row = delivery(database, number)
    assert (row.state, row.next_attempt_at, row.attempts) == (state, due, 5)
    assert [one.number for one in attempts(database, number)] == [1, 2, 3, 4, 5]


def test_two_who_record_at_once_number_their_attempts_apart(database: Database) -> None:
    """The second waits for the first one's commit before it reads how many attempts there are."""
    if database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    late = DeliveryLog(database, "late", HandClock())
    _, (number,) = add_deliveries(database, 1)
    put(database, number, state="in_doubt", attempts=1)
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as connection:
            connection.execute(update(DELIVERY).where(DELIVERY.c.id == number).values(attempts=2))
            writing = pool.submit(late.commit, Batch(records=[record_of(number, ACCEPTED)]))
            wait_until_somebody_waits(database)
        writing.result(timeout=10)
    assert (delivery(database, number).attempts, attempts(database, number)[0].number) == (3, 3)


def test_two_who_recover_at_once_tell_of_a_doubt_once(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    dead = DeliveryLog(database, "dead", HandClock())
    _, number = sending(database, dead)
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as connection:
            connection.execute(
                update(DELIVERY).where(DELIVERY.c.id == number).values(state="in_doubt", worker="", attempts=1)
            )
            second = pool.submit(DeliveryLog(database, "second", HandClock()).recover, lambda _name: False)
            wait_until_somebody_waits(database)
        assert second.result(timeout=10).in_doubt == ()
    assert attempts(database, number) == []


def wait_until_somebody_waits(database: Database) -> None:
    """Return when a statement of another connection waits for a lock."""
    deadline = time.monotonic() + 10
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while time.monotonic() < deadline:
            if connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar():
                return
    raise AssertionError("nobody waits for a lock")

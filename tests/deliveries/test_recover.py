"""What dead workers leave: claims queued again, sendings in doubt by name, the living untouched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from ledgerbase import (
    ACCEPTED,
    DEFERRED,
    REJECTED,
    START,
    HandClock,
    add_deliveries,
    attempts,
    delivery,
    record_of,
    states,
)

from distributor.db.engine import Database
from distributor.deliveries.log import KILLED_REPLY, DeliveryLog, Recovery
from distributor.deliveries.records import Batch
from distributor.deliveries.steps import LEASE
from distributor.states import DeliveryState, Outcome


def left_behind(database: Database, clock: HandClock) -> tuple[int, list[int]]:
    """A dispatch of five: `dead` has accepted one, sends one and holds one; two wait."""
    dispatch_id, ids = add_deliveries(database, 5)
    log = DeliveryLog(database, "dead", clock)
    log.claim(dispatch_id, 3)
    log.commit(Batch(begins=ids[:2]))
    log.commit(Batch(records=[record_of(ids[0], ACCEPTED)]))
    return dispatch_id, ids


@pytest.mark.parametrize("is_alive", [False, None])
def test_a_dead_workers_claims_are_queued_and_its_sendings_in_doubt(database: Database, is_alive: bool | None) -> None:
    clock = HandClock()
    dispatch_id, ids = left_behind(database, clock)
    clock.forward(minutes=3)
    log = DeliveryLog(database, "next", clock)
    assert log.recover(lambda name: is_alive if name == "dead" else True) == Recovery(1, ("j1@journal1.example",))
    assert states(database, ids) == ["accepted", "in_doubt", "queued", "queued", "queued"]
    (killed,) = attempts(database, ids[1])
    assert (killed.reply, killed.worker, killed.started_at) == (KILLED_REPLY, "dead", START)
    assert delivery(database, ids[1]).worker == ""
    assert log.recover(lambda _name: False) == Recovery()
    assert [one.id for one in log.claim(dispatch_id, 9)] == ids[2:]


@pytest.mark.parametrize("is_alive", [True, None])
def test_the_living_keep_what_they_hold(database: Database, is_alive: bool | None) -> None:
    clock = HandClock()
    _, ids = left_behind(database, clock)
    clock.forward(minutes=60 if is_alive else 1)
    assert DeliveryLog(database, "next", clock).recover(lambda _name: is_alive) == Recovery()
    assert states(database, ids)[:3] == ["accepted", "sending", "claimed"]


def test_a_renewed_lease_holds_where_life_cannot_be_seen(database: Database) -> None:
    clock = HandClock()
    _, ids = left_behind(database, clock)
    clock.forward(seconds=100)
    DeliveryLog(database, "dead", clock).renew()
    assert delivery(database, ids[1]).lease_until == clock.moment + LEASE
    assert delivery(database, ids[3]).lease_until is None
    clock.forward(seconds=100)
    assert DeliveryLog(database, "next", clock).recover(lambda _name: None) == Recovery()
    clock.forward(seconds=20)
    assert DeliveryLog(database, "next", clock).recover(lambda _name: None).requeued == 1


def test_a_worker_never_buries_itself(database: Database) -> None:
    clock = HandClock()
    left_behind(database, clock)
    clock.forward(days=1)
    asked: list[str] = []

    def ask(name: str) -> bool:
        asked.append(name)
        return False

    assert DeliveryLog(database, "dead", clock).recover(ask) == Recovery()
    assert asked == []


def test_a_stopped_worker_settles_its_own(database: Database) -> None:
    clock = HandClock()
    dispatch_id, ids = left_behind(database, clock)
    other = DeliveryLog(database, "other", clock)
    other.claim(dispatch_id, 1)
    assert DeliveryLog(database, "dead", clock).abandon() == Recovery(1, ("j1@journal1.example",))
    assert states(database, ids) == ["accepted", "in_doubt", "queued", "claimed", "queued"]


@pytest.mark.parametrize("step", [lambda log: log.recover(lambda _name: True), lambda log: log.abandon()])
def test_where_nothing_was_left_nothing_is_done(database: Database, step: Callable[[DeliveryLog], Recovery]) -> None:
    add_deliveries(database, 1)
    assert step(DeliveryLog(database, "w1")) == Recovery()


def test_a_worker_that_comes_back_after_it_was_recovered_begins_nothing_and_only_ends_doubts(
    database: Database,
) -> None:
    """Its name is the fence: what another worker holds meanwhile is not touched by what it says late."""
    dispatch_id, ids = add_deliveries(database, 3)
    clock = HandClock()
    slow, other = DeliveryLog(database, "slow", clock), DeliveryLog(database, "other", clock)
    slow.claim(dispatch_id, 3)
    slow.commit(Batch(begins=ids[:1]))
    clock.forward(seconds=LEASE.total_seconds() + 1)
    assert other.recover(lambda _name: None) == Recovery(2, ("j0@journal0.example",))
    assert [one.id for one in other.claim(dispatch_id, 1)] == [ids[1]]
    assert slow.commit(Batch(begins=ids[1:])) == ids[1:]
    slow.renew()
    slow.release(ids[1:])
    assert slow.commit(Batch(records=[record_of(ids[0], ACCEPTED)])) == []
    assert states(database, ids) == ["accepted", "claimed", "queued"]


@pytest.mark.parametrize("again", [None, DEFERRED, REJECTED])
def test_who_is_heard_to_have_it_is_not_sent_it_again(database: Database, again: Outcome | None) -> None:
    """The doubt was settled as «send again», and the worker that was thought dead has its answer before, or after."""
    dispatch_id, ids = add_deliveries(database, 1)
    clock = HandClock()
    slow, other = DeliveryLog(database, "slow", clock), DeliveryLog(database, "other", clock)
    slow.claim(dispatch_id, 1)
    slow.commit(Batch(begins=ids))
    clock.forward(seconds=LEASE.total_seconds() + 1)
    other.recover(lambda _name: None)
    assert other.settle_doubt(ids[0], DeliveryState.QUEUED, "to be sent again")
    if again is not None:
        other.claim(dispatch_id, 1)
        due = clock.moment + timedelta(minutes=5)
        other.commit(Batch(records=[record_of(ids[0], again, next_attempt_at=due)]))
    slow.commit(Batch(records=[record_of(ids[0], ACCEPTED)]))
    assert states(database, ids) == ["accepted"]
    assert delivery(database, ids[0]).next_attempt_at is None
    clock.forward(minutes=6)
    assert other.claim(dispatch_id, 1) == []


def test_leases_run_by_the_databases_clock_where_machines_share_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine whose clock is a day ahead neither takes living claims over nor makes claims that last a day."""
    if database.is_sqlite:
        pytest.skip("one machine, one clock")
    dispatch_id, ids = add_deliveries(database, 1)
    DeliveryLog(database, "w1").claim(dispatch_id, 1)
    ahead = datetime.now(UTC) + timedelta(days=1)
    monkeypatch.setattr("distributor.clock.now", lambda: ahead)
    assert DeliveryLog(database, "w2").recover(lambda _name: None) == Recovery()
    DeliveryLog(database, "w1").renew()
    assert delivery(database, ids[0]).lease_until < ahead - timedelta(hours=23)

"""Claiming: what is due, oldest first, never twice, and never somebody who objected."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from ledgerbase import (
    ACCEPTED,
    DEFERRED,
    KEYRING,
    START,
    HandClock,
    add_deliveries,
    delivery,
    put,
    record_of,
    states,
)
from sqlalchemy import update
from sqlmodel import col

from distributor.db.engine import Database
from distributor.deliveries.conditions import CAME_BACK, OBJECTED
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import Batch
from distributor.deliveries.steps import LEASE
from distributor.models import Contact, Delivery, Dispatch, Sector, Suppression


def objects(database: Database, address: str, scope: str = "", reason: str = "said no") -> None:
    with database.session() as session:
        session.add(
            Suppression(address_hash=KEYRING.address_hash(address), key_id=KEYRING.key_id, scope=scope, reason=reason)
        )


def test_the_oldest_are_claimed_first_with_all_their_message_is_made_from(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 5)
    log = DeliveryLog(database, "w1", HandClock())
    claimed = log.claim(dispatch_id, 2)
    assert [one.id for one in claimed] == ids[:2]
    assert (claimed[0].address, claimed[0].name, claimed[0].domain) == (
        "j0@journal0.example",
        "Journaliste 0",
        "journal0.example",
    )
    assert json.loads(claimed[0].merge) == {"name": "Journaliste 0"}
    assert (claimed[0].attempts, claimed[0].refusals, claimed[0].expires_at) == (0, 0, None)
    row = delivery(database, ids[0])
    assert (row.state, row.worker, row.lease_until) == ("claimed", "w1", START + LEASE)


def test_only_the_dispatch_asked_for_is_claimed(database: Database) -> None:
    first, _ = add_deliveries(database, 2)
    second, ids = add_deliveries(database, 2)
    log = DeliveryLog(database, "w1")
    assert [one.id for one in log.claim(second, 10)] == ids
    assert log.claim(second, 10) == []
    assert len(log.claim(first, 10)) == 2


def test_who_objected_to_everything_is_withheld(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 3)
    objects(database, "j1@journal1.example")
    claimed = DeliveryLog(database, "w1").claim(dispatch_id, 10)
    assert [one.id for one in claimed] == [ids[0], ids[2]]
    assert (delivery(database, ids[1]).state, delivery(database, ids[1]).reason) == ("withheld", OBJECTED)


def test_an_objection_to_another_sector_withholds_nobody(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 2)
    objects(database, "j0@journal0.example", scope="culture")
    objects(database, "j1@journal1.example", scope="sante")
    assert [one.id for one in DeliveryLog(database, "w1").claim(dispatch_id, 10)] == [ids[0]]
    assert states(database, ids) == ["claimed", "withheld"]


@pytest.mark.parametrize("column", ["sector_slug", "release_sector_slug"])
def test_an_objection_to_a_sector_withholds_from_those_below_it(database: Database, column: str) -> None:
    with database.session() as session:
        sport = Sector(slug="sport", name="Sport")
        session.add(sport)
        session.flush()
        session.add(Sector(slug="cyclisme", name="Cyclisme", parent_id=sport.id))
    dispatch_id, ids = add_deliveries(database, 2, **{column: "cyclisme"})
    objects(database, "j1@journal1.example", scope="sport")
    assert [one.id for one in DeliveryLog(database, "w1").claim(dispatch_id, 10)] == [ids[0]]


def test_a_contact_flagged_as_opted_out_is_withheld(database: Database) -> None:
    with database.session() as session:
        contact = Contact(address="j0@journal0.example", address_key="j0@journal0.example", flag="opted_out")
        session.add(contact)
        session.flush()
        contact_id = contact.id
    dispatch_id, ids = add_deliveries(database, 1, contact_id=contact_id)
    assert DeliveryLog(database, "w1").claim(dispatch_id, 10) == []
    assert states(database, ids) == ["withheld"]


def test_whoever_was_merged_into_one_who_opted_out_is_withheld(database: Database) -> None:
    with database.session() as session:
        kept = Contact(address="kept@journal0.example", address_key="kept@journal0.example", flag="opted_out")
        session.add(kept)
        session.flush()
        merged = Contact(address="j0@journal0.example", address_key="j0@journal0.example", same_as_id=kept.id)
        session.add(merged)
        session.flush()
        contact_id = merged.id
    dispatch_id, ids = add_deliveries(database, 1, contact_id=contact_id)
    assert DeliveryLog(database, "w1").claim(dispatch_id, 10) == []
    assert (delivery(database, ids[0]).state, delivery(database, ids[0]).reason) == ("withheld", OBJECTED)


def test_whose_mail_came_back_is_withheld_and_has_not_objected(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 2)
    objects(database, "j0@journal0.example", reason="bounce: user_unknown")
    for reason, scope in (("bounce: user_unknown", ""), ("said no", "sante")):
        objects(database, "j1@journal1.example", scope=scope, reason=reason)
    with database.transaction() as connection:
        connection.execute(update(Delivery).where(col(Delivery.id) == ids[1]).values(sector_slug="sante"))
    assert DeliveryLog(database, "w1").claim(dispatch_id, 10) == []
    assert [delivery(database, number).reason for number in ids] == [CAME_BACK, OBJECTED]


def test_objectors_are_withheld_beyond_the_first_batch_and_never_claimed(database: Database) -> None:
    """The rows that step in for withheld ones are asked for their objection too."""
    dispatch_id, ids = add_deliveries(database, 12)
    for number in (0, 1, 2, 4, 5, 6, 7):
        objects(database, f"j{number}@journal{number % 3}.example")
    log = DeliveryLog(database, "w1")
    got: list[int] = []
    while batch := log.claim(dispatch_id, 3):
        got += [ids.index(one.id) for one in batch]
    assert got == [3, 8, 9, 10, 11]
    assert states(database, ids).count("withheld") == 7


def test_begin_is_refused_after_an_objection(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 2)
    log = DeliveryLog(database, "w1")
    log.claim(dispatch_id, 10)
    objects(database, "j0@journal0.example")
    assert log.commit(Batch(begins=list(ids))) == [ids[0]]
    assert states(database, ids) == ["claimed", "sending"]


def test_begin_is_refused_after_a_take_over(database: Database) -> None:
    clock = HandClock()
    dispatch_id, ids = add_deliveries(database, 1)
    slow, quick = DeliveryLog(database, "slow", clock), DeliveryLog(database, "quick", clock)
    slow.claim(dispatch_id, 1)
    clock.forward(minutes=3)
    assert quick.recover(lambda _name: None).requeued == 1
    assert [one.id for one in quick.claim(dispatch_id, 1)] == ids
    assert slow.commit(Batch(begins=ids)) == ids
    assert quick.commit(Batch(begins=ids)) == []


def test_a_claim_given_back_is_claimed_again_but_not_by_a_stranger(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 2)
    mine, other = DeliveryLog(database, "w1"), DeliveryLog(database, "w2")
    mine.claim(dispatch_id, 2)
    other.release(ids)
    assert states(database, ids) == ["claimed", "claimed"]
    mine.release(ids[:1])
    assert [one.id for one in other.claim(dispatch_id, 2)] == ids[:1]


def test_deferred_ones_are_claimed_when_due_and_not_before(database: Database) -> None:
    clock = HandClock()
    dispatch_id, ids = add_deliveries(database, 1)
    log = DeliveryLog(database, "w1", clock)
    due = START.replace(minute=5)
    put(database, ids[0], state="deferred", next_attempt_at=due, expires_at=START.replace(hour=20))
    clock.moment = due.replace(minute=4, second=59)
    assert log.claim(dispatch_id, 1) == []
    assert log.standing(dispatch_id).next_attempt_at == due
    clock.moment = due
    assert [one.id for one in log.claim(dispatch_id, 1)] == ids
    assert log.standing(dispatch_id).next_attempt_at is None


def test_a_deferred_one_that_objected_meanwhile_is_withheld(database: Database) -> None:
    clock = HandClock()
    dispatch_id, ids = add_deliveries(database, 1)
    put(database, ids[0], state="deferred", next_attempt_at=START, expires_at=START.replace(hour=20))
    objects(database, "j0@journal0.example")
    assert DeliveryLog(database, "w1", clock).claim(dispatch_id, 1) == []
    assert states(database, ids) == ["withheld"]


def test_past_the_deadline_expires_whose_next_attempt_lies_beyond_it(database: Database) -> None:
    clock = HandClock()
    dispatch_id, ids = add_deliveries(database, 1)
    deadline = START.replace(hour=10)
    put(database, ids[0], state="deferred", next_attempt_at=deadline.replace(minute=5), expires_at=deadline)
    log = DeliveryLog(database, "w1", clock)
    clock.moment = deadline.replace(hour=9, minute=59)
    assert (log.claim(dispatch_id, 1), states(database, ids)) == ([], ["deferred"])
    clock.moment = deadline
    assert (log.claim(dispatch_id, 1), states(database, ids)) == ([], ["expired"])


def test_whose_attempt_came_due_while_nobody_was_there_gets_it_and_no_other(database: Database) -> None:
    """A machine that slept, a pause, a quota: our absence is not held against the recipient."""
    clock = HandClock()
    dispatch_id, ids = add_deliveries(database, 1)
    put(database, ids[0], state="deferred", next_attempt_at=START, expires_at=START.replace(hour=10))
    log = DeliveryLog(database, "w1", clock)
    clock.forward(days=3)
    assert [one.id for one in log.claim(dispatch_id, 1)] == ids
    later = clock.moment.replace(minute=5)
    log.commit(Batch(records=[record_of(ids[0], DEFERRED, next_attempt_at=later)]))
    assert log.claim(dispatch_id, 1) == []
    assert states(database, ids) == ["expired"]


@pytest.mark.parametrize("state", ["cancelled", "paused"])
def test_nothing_begins_of_a_dispatch_that_was_called_off_meanwhile(database: Database, state: str) -> None:
    dispatch_id, ids = add_deliveries(database, 4)
    log = DeliveryLog(database, "w1")
    log.claim(dispatch_id, 3)
    assert log.commit(Batch(begins=ids[:1])) == []
    assert not log.is_called_off(dispatch_id)
    call_off(database, dispatch_id, state)
    assert log.commit(Batch(begins=ids[1:3], records=[record_of(ids[0], ACCEPTED)])) == ids[1:3]
    assert log.is_called_off(dispatch_id)
    assert log.claim(dispatch_id, 3) == []
    assert states(database, ids) == ["accepted", "claimed", "claimed", "queued"]


def call_off(database: Database, dispatch_id: int, state: str) -> None:
    with database.session() as session:
        session.get_one(Dispatch, dispatch_id).state = state


@pytest.mark.parametrize("size", [1, 3, 7])
def test_workers_at_once_never_claim_the_same_row(database: Database, size: int) -> None:
    dispatch_id, ids = add_deliveries(database, 40)
    barrier = Barrier(4)

    def work(name: str) -> list[list[int]]:
        log = DeliveryLog(database, name)
        barrier.wait()
        batches = []
        while batch := log.claim(dispatch_id, size):
            batches.append([one.id for one in batch])
        return batches

    with ThreadPoolExecutor(4) as pool:
        by_worker = list(pool.map(work, ["w1", "w2", "w3", "w4"]))
    batches = [batch for batches in by_worker for batch in batches]
    assert sorted(number for batch in batches for number in batch) == ids
    assert max(len(batch) for batch in batches) <= size
    for name, taken in zip(["w1", "w2", "w3", "w4"], by_worker, strict=True):
        assert all(delivery(database, number).worker == name for batch in taken for number in batch)


def test_begins_share_one_transaction(database: Database, transactions: Callable[[], int]) -> None:
    dispatch_id, ids = add_deliveries(database, 8)
    log = DeliveryLog(database, "w1")
    log.claim(dispatch_id, 8)
    before = transactions()
    assert log.commit(Batch(begins=ids)) == []
    assert transactions() - before == 1
    assert set(states(database, ids)) == {"sending"}

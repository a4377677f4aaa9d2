"""What came back is kept once, attributed where that is certain, and a no is heeded."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ledgerbase import KEYRING, START, add_deliveries, is_left_alone, put, states
from sqlmodel import select

from distributor.contacts.objections import suppression
from distributor.db.engine import Database
from distributor.feedback.apply import Intake
from distributor.feedback.telling import Telling
from distributor.models import FeedbackEvent as FeedbackRow

BOUNCE = Telling(
    kind="bounce",
    address="j1@journal1.example",
    verdict="permanent",
    status="5.1.1",
    reason="hard",
    address_is_dead=True,
    delivery_id=None,
    message_id="",
    happened_at=START + timedelta(hours=1),
    source="ses",
    raw=b'{"eventType": "Bounce"}',
)


def taken(database: Database, *events: Telling) -> list[bool]:
    """Take each of these in a transaction of its own."""
    found = []
    for event in events:
        intake = Intake(database, KEYRING, actor="webhook", now=lambda told=event: told.happened_at)  # type: ignore[misc]
        found += [taken.is_new for taken in intake.take_told(event)]
    return found


def rows(database: Database) -> list[FeedbackRow]:
    """What is kept, the oldest first."""
    with database.session(reads_only=True) as session:
        return list(session.exec(select(FeedbackRow).order_by(FeedbackRow.id)))  # type: ignore[arg-type]


def test_the_same_event_twice_changes_nothing_and_the_raw_is_kept(database: Database) -> None:
    assert taken(database, BOUNCE, BOUNCE, replace(BOUNCE, address="other@journal1.example")) == [True, False, True]
    first, _ = rows(database)
    assert (first.raw, first.kind, first.status, first.reason) == (BOUNCE.raw, "bounce", "5.1.1", "hard")


@pytest.mark.parametrize("way", ["verp", "message-id", "address"])
def test_an_event_finds_its_delivery(database: Database, way: str) -> None:
    dispatch_id, ids = add_deliveries(database, 3)
    event = {
        "verp": replace(BOUNCE, delivery_id=ids[1], address="moved@elsewhere.example"),
        "message-id": replace(BOUNCE, message_id=f"1.{dispatch_id}@halle.example", address="moved@elsewhere.example"),
        "address": replace(BOUNCE, address="J1@Journal1.example"),
    }[way]
    put(database, ids[1], state="accepted", attempts=1)
    taken(database, event)
    assert [row.delivery_id for row in rows(database)] == [ids[1]]


def test_what_could_be_two_deliveries_is_nobodys(database: Database) -> None:
    for _ in range(2):
        _, ids = add_deliveries(database, 2)
        put(database, ids[1], state="accepted", attempts=1)
    taken(database, BOUNCE)
    assert [row.delivery_id for row in rows(database)] == [None]


def test_an_old_message_and_an_unsent_one_are_not_spoken_of(database: Database) -> None:
    _, ids = add_deliveries(database, 2)
    taken(database, BOUNCE)
    put(database, ids[1], state="accepted", attempts=1)
    taken(database, replace(BOUNCE, happened_at=START + timedelta(days=11), raw=b"later"))
    assert [row.delivery_id for row in rows(database)] == [None, None]


@pytest.mark.parametrize("kind", ["complaint", "objection"])
def test_who_says_no_is_written_to_no_more(database: Database, kind: str) -> None:
    _, ids = add_deliveries(database, 2)
    said = replace(BOUNCE, kind=kind, delivery_id=ids[0], address="j1@journal1.example", address_is_dead=False)
    taken(database, said)
    with database.session() as session:
        for spec in ("j0@journal0.example", "j1@journal1.example"):
            assert is_left_alone(session, spec), spec


def test_a_bounce_or_somebody_unheard_of_suppresses_nobody(database: Database) -> None:
    taken(database, BOUNCE, replace(BOUNCE, kind="complaint", address="no address@"))
    with database.session() as session:
        assert suppression.listing(session) == []
    assert len(rows(database)) == 2


def test_a_delay_that_a_provider_tells_is_no_bounce(database: Database) -> None:
    _, ids = add_deliveries(database, 1)
    put(database, ids[0], state="accepted", attempts=1)
    taken(database, replace(BOUNCE, kind="delay", verdict="temporary", reason="temporary", address_is_dead=False))
    assert states(database, ids) == ["accepted"]

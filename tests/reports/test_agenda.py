"""The agenda: every kind of wait, in its order, each with what deals with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from databases import on_sqlite
from ledgerbase import START, add_dispatch, add_version, delivery_row
from sqlalchemy import update
from sqlmodel import col

from distributor import clock
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.roster import Roster
from distributor.models import FeedbackEvent, ReleaseVersion, Wave
from distributor.reports.agenda import Entry, read_agenda

HOUR = timedelta(hours=1)
LATER = START.replace(year=2999)
"""After the clock of a database, which says whose time has come."""


@pytest.fixture(autouse=True)
def _by_the_ledgers_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: START)


def add(database: Database, slug: str, delivery: dict[str, Any], **dispatch: Any) -> int:
    """A dispatch of a release of its own to two people."""
    version_id = add_version(database, slug=slug)
    number = add_dispatch(database, version_id, **dispatch)
    rows = [delivery_row(number, version_id, index, **delivery) for index in range(2)]
    with database.transaction() as connection:
        DeliveryLog(database, "planner").plan(connection, rows)
    return number


def agenda(database: Database) -> list[Entry]:
    with database.reading() as connection:
        return read_agenda(connection, START)


@on_sqlite
def test_an_empty_agenda(database: Database) -> None:
    add(database, "over", {"state": "accepted"}, state="done")
    add(database, "tried", {}, state="planned", is_test=True)
    assert agenda(database) == []


def test_everything_that_waits_is_told_once_in_its_order(database: Database) -> None:
    numbers = [
        add(database, "soon", {}, scheduled_at=START + 2 * HOUR),
        add(database, "missed", {}, state="paused", pause_reason="held: it was to start", scheduled_at=START - HOUR),
        add(database, "wrong", {}, state="paused", pause_reason="paused by anne", started_at=START),
        add(database, "full", {}, state="running", waits_until=LATER, waits_for="the quota is used up"),
        add(database, "later", {"state": "deferred", "next_attempt_at": START + HOUR / 2}, state="running"),
        add(database, "silent", {"state": "in_doubt"}, state="done"),
        add(database, "short", {}, state="running", not_after=START + 3 * HOUR, started_at=START),
        add(database, "fallen", {"worker": ""}, state="running", pause_reason="stopped by its user"),
        add(database, "unsent", {}),
    ]
    soon, missed, wrong, full, later, silent, short, fallen, unsent = numbers
    Roster(database, "elsewhere:1:2:3", now=lambda: START).beat(short, 1)
    hidden = add_version(database, slug="secret")
    with database.session() as session:
        session.execute(
            update(ReleaseVersion).where(col(ReleaseVersion.id) == hidden).values(embargo_until=START + 4 * HOUR)
        )
        session.add(FeedbackEvent(digest="1", kind="reply", state="waiting", received_at=START))
    told = agenda(database)
    assert [(one.kind, one.dispatch_id) for one in told] == [
        ("feedback", None),
        ("held", missed),
        ("paused", wrong),
        ("in_doubt", silent),
        ("stopped", fallen),
        ("planned", unsent),
        ("retry", later),
        ("scheduled", soon),
        ("cut_off", short),
        ("embargo", None),
        ("waits", full),
    ]
    commands = {one.kind: one.command for one in told}
    assert commands["held"].startswith(f"distributor dispatches resume {missed}, or: distributor dispatches reschedule")
    assert commands["scheduled"] == commands["retry"] == commands["waits"] == "distributor work"
    assert commands["in_doubt"] == f"distributor dispatches resolve {silent}"
    assert commands["stopped"] == f"distributor dispatches resume {fallen}"
    assert [one.words for one in told if one.kind == "scheduled"] == ["«soon» to 2 recipients starts"]


def test_who_waits_for_a_wave_or_the_end_of_an_embargo(database: Database) -> None:
    number = add(database, "waves", {"wave": 2, "not_before": LATER}, state="running", started_at=START)
    held = add(database, "secret", {"embargo_until": LATER + HOUR}, state="running", started_at=START)
    with database.session() as session:
        session.add(Wave(dispatch_id=number, number=2, name="nationaux", starts_at=LATER))
    assert [(one.kind, one.dispatch_id, one.at, one.words, one.command) for one in agenda(database)] == [
        ("wave", number, LATER, "«waves» to 2 recipients: wave 2, nationaux, leaves", "distributor work"),
        ("embargo", held, LATER + HOUR, "«secret» to 2 recipients leaves: its embargo is over", "distributor work"),
    ]


@on_sqlite
def test_an_entry_as_json(database: Database) -> None:
    number = add(database, "soon", {}, scheduled_at=START + HOUR)
    assert [one.as_json() for one in agenda(database)] == [
        {
            "kind": "scheduled",
            "at": START + HOUR,
            "words": "«soon» to 2 recipients starts",
            "command": "distributor work",
            "release": "soon",
            "dispatch_id": number,
        }
    ]


def test_an_embargo_that_an_edit_took_back_is_not_told(database: Database) -> None:
    first = add_version(database, slug="secret")
    with database.session() as session:
        session.execute(
            update(ReleaseVersion).where(col(ReleaseVersion.id) == first).values(embargo_until=START + HOUR)
        )
        version = session.get(ReleaseVersion, first)
        assert version is not None
        again = version.model_dump(exclude={"id", "embargo_until", "number", "content_hash"})
        session.add(ReleaseVersion(**again, number=2, content_hash="another"))
    assert agenda(database) == []

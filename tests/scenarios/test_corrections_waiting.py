"""Corrections of what waits for its hour: whoever waits goes on waiting, and gets the right text at that hour."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from movingclock import MovingClock
from office import BUREAU, SHORT_LIST, SLUG, Office, communique, one_sentence
from smtpserver import Fault, Script
from test_corrections_sent import CORRECTION, RIGHT, WRONG, text, write
from test_release_hours import PARIS, SIX, press_day, schedule

AHEAD, REFUSED = SHORT_LIST[0], SHORT_LIST[1]


@pytest.fixture
def clock(tmp_path: Path) -> MovingClock:
    """Tuesday 1 December 2026, nine in the morning in Paris."""
    return MovingClock(tmp_path / "clock", datetime(2026, 12, 1, 8, tzinfo=UTC))


def mended(office: Office, clock: MovingClock) -> str:
    said = communique(clock.now().astimezone(PARIS).date())
    return write(office, "corrige.txt", said.replace(WRONG, RIGHT))


def test_what_is_scheduled_leaves_corrected_at_its_hour_and_not_before(office: Office, clock: MovingClock) -> None:
    with press_day(office, clock) as (own, server):
        schedule(own, "18:00")
        own.run("releases", "correct", SLUG, mended(own, clock))
        own.run("send", CORRECTION, "--yes")
        assert not server.accepted, "nobody had it, and it is not their hour"
        clock.set(SIX)
        own.run("work", "--once")
        assert {one.recipient for one in server.accepted} == {person.spec for person in SHORT_LIST}
        assert all(RIGHT in text(one) for one in server.accepted)


def test_an_exclusive_keeps_its_lead_when_it_is_corrected(office: Office, clock: MovingClock) -> None:
    with press_day(office, clock) as (own, server):
        own.send(SLUG, BUREAU, more=["--exclusive", AHEAD.address, "--for", "2h"])
        assert [one.recipient for one in server.accepted] == [AHEAD.spec]
        own.run("releases", "correct", SLUG, mended(own, clock))
        clock.move(minutes=30)
        (held,) = own.json("send", CORRECTION, "--dry-run")["correction"]["held"]
        assert (held["total"], held["name"], held["by_embargo"]) == (len(SHORT_LIST) - 1, "everybody else", False)
        assert held["until"].startswith("2026-12-01T10:00")
        said = own.run("send", CORRECTION, "--yes").out
        assert f"  {len(SHORT_LIST) - 1} of them at Tuesday 1 December 2026 at 11:00" in said
        assert "and not before: everybody else." in " ".join(said.split())
        assert [one.recipient for one in server.accepted] == [AHEAD.spec] * 2
        (wave,) = own.json("dispatches", "show", "2")["waves"]
        assert wave["starts_at"].startswith("2026-12-01T10:00")
        clock.set(datetime(2026, 12, 1, 9, 59, tzinfo=UTC))
        own.run("work", "--once")
        assert len(server.accepted) == 2
        own.run("dispatches", "release", "2", "--yes")
        own.run("work", "--once")
        assert {one.recipient for one in server.accepted[2:]} == {person.spec for person in SHORT_LIST[1:]}
        assert all(RIGHT in text(one) for one in server.accepted[1:])


def test_what_was_corrected_is_not_queued_again(office: Office, clock: MovingClock) -> None:
    trouble = Script(faults=(Fault("rcpt", reply="550 5.7.1 Not today", recipient=REFUSED.spec, times=1),))
    with press_day(office, clock, trouble) as (own, server):
        own.send(SLUG, BUREAU, code=5)
        own.run("releases", "correct", SLUG, mended(own, clock))
        own.run("send", CORRECTION, "--yes")
        before = len(server.accepted)
        said = one_sentence(own.run("dispatches", "retry", "1", "--state", "rejected", "--yes", code=3))
        assert f"was corrected by «{CORRECTION}»" in said
        assert own.query("SELECT state FROM dispatch WHERE id = 1") == [("done",)]
        assert [one["address"] for one in own.deliveries("rejected")] == [REFUSED.spec]
        assert len(server.accepted) == before


def test_whoever_waited_keeps_their_cut_off_and_whoever_has_the_mistake_has_none(
    office: Office, clock: MovingClock
) -> None:
    with press_day(office, clock) as (own, server):
        own.send(SLUG, BUREAU, more=["--exclusive", AHEAD.address, "--for", "2h", "--not-after", "12:00"])
        assert [one.recipient for one in server.accepted] == [AHEAD.spec]
        own.run("releases", "correct", SLUG, mended(own, clock))
        said = own.run("send", CORRECTION, "--yes").out
        assert [one.recipient for one in server.accepted] == [AHEAD.spec] * 2
        assert "Dispatch 3: whoever has not left by Tuesday 1 December 2026 at 12:00" in said
        told, instead = own.json("dispatches", "show", "2"), own.json("dispatches", "show", "3")
        assert (told["total"], told["not_after"]) == (1, None)
        assert (instead["total"], instead["not_after"][:16]) == (len(SHORT_LIST) - 1, "2026-12-01T11:00")
        clock.set(datetime(2026, 12, 1, 11, tzinfo=UTC))
        own.run("work", "--once")
        assert len(server.accepted) == 2
        assert {one["reason"] for one in own.deliveries("withheld") if one["dispatch_id"] == 3} == {"cut-off"}


def test_whoever_was_to_have_it_by_an_hour_that_is_over_is_cut_off_and_not_corrected(
    office: Office, clock: MovingClock
) -> None:
    """Nobody was at work when the hour came; a list brings them the right text all the same."""
    with press_day(office, clock) as (own, server):
        own.send(SLUG, BUREAU, more=["--exclusive", AHEAD.address, "--for", "2h", "--not-after", "12:00"])
        own.run("releases", "correct", SLUG, mended(own, clock))
        clock.set(datetime(2026, 12, 1, 11, 10, tzinfo=UTC))
        found = own.json("send", CORRECTION, "--dry-run")["correction"]["recipients"]
        assert [one["address"] for one in found] == [AHEAD.address]
        both = own.json("send", CORRECTION, "--list", BUREAU, "--dry-run")
        assert {one["address"] for one in both["recipients"]} == {person.address for person in SHORT_LIST}
        assert [one["address"] for one in both["left_out"]] == [AHEAD.address], (
            "who has the wrong text has a correction"
        )
        said = own.run("send", CORRECTION, "--list", BUREAU, "--dry-run").out
        assert f"{len(SHORT_LIST) - 1} more of the lists, who have no text of it, get the right one." in said
        own.run("send", CORRECTION, "--yes")
        assert [one.recipient for one in server.accepted] == [AHEAD.spec] * 2
        assert {one["reason"] for one in own.deliveries("withheld")} == {"cut-off"}
        said = own.run("report", SLUG).out
        assert f"distributor send {CORRECTION} --list {BUREAU}" in said
        own.run("send", CORRECTION, "--yes", "--list", BUREAU)
        assert {one.recipient for one in server.accepted[2:]} == {person.spec for person in SHORT_LIST[1:]}

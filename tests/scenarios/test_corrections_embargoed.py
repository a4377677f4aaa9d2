"""Corrections under embargo: the hour that a command moved holds for the correction too, and no hour is said twice."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from movingclock import MovingClock
from office import BUREAU, SHORT_LIST, SLUG, Office, communique
from smtpserver import running
from test_corrections_sent import CORRECTION, RIGHT, WRONG, text
from test_release_hours import PARIS

AHEAD = SHORT_LIST[0]
MOVED = datetime(2026, 12, 1, 19, tzinfo=UTC)


@pytest.fixture
def clock(tmp_path: Path) -> MovingClock:
    """Tuesday 1 December 2026, nine in the morning in Paris."""
    return MovingClock(tmp_path / "clock", datetime(2026, 12, 1, 8, tzinfo=UTC))


def written(office: Office, clock: MovingClock, *, corrected: bool = False) -> str:
    """The communiqué of the clock's day, under embargo until 18:00, as a file; or as it should have been."""
    said = communique(clock.now().astimezone(PARIS).date()).strip()
    said = said.replace(WRONG, RIGHT) if corrected else said
    path = office.path.parent / "embargo.txt"
    path.write_text(f"Sous embargo jusqu’au mardi 1er décembre 2026 à 18 h\n\n{said}\n", encoding="utf-8")
    return str(path)


def sent_ahead(own: Office, clock: MovingClock) -> Office:
    """The office, once one who accepts the embargo has the release, and all others wait for its end."""
    own.run("releases", "import", written(own, clock), "--slug", SLUG)
    own.run("releases", "accept-embargo", SLUG, AHEAD.address, "--how", "phone")
    own.send(SLUG, BUREAU)
    return own


def test_a_correction_is_held_by_the_moved_instant_and_not_by_its_words(office: Office, clock: MovingClock) -> None:
    with running() as server:
        own = sent_ahead(office.at(server.port).by(clock), clock)
        assert [one.recipient for one in server.accepted] == [AHEAD.spec]
        own.run("releases", "embargo", SLUG, "--at", "2026-12-01 20:00", "--yes")
        said = own.run("releases", "correct", SLUG, written(own, clock, corrected=True)).out
        assert "mbargo" not in said.partition("What changed")[2], "the hour is the same"
        (held,) = own.json("send", CORRECTION, "--dry-run")["correction"]["held"]
        assert (held["total"], held["name"], held["by_embargo"]) == (len(SHORT_LIST) - 1, "", True)
        said = " ".join(own.run("send", CORRECTION, "--yes").out.split())
        assert f"{len(SHORT_LIST) - 1} of them at Tuesday 1 December 2026 at 20:00" in said
        assert "and not before: the end of the embargo." in said
        (told,) = server.accepted[1:]
        assert told.recipient == AHEAD.spec
        assert "À 20 H 00" in text(told)
        assert "18 h" not in text(told).lower()
        clock.set(datetime(2026, 12, 1, 18, 30, tzinfo=UTC))
        own.run("work", "--once")
        assert len(server.accepted) == 2, "nothing leaves at the hour of its words"
        assert own.json("releases", "embargo", CORRECTION)["embargo_until"].startswith("2026-12-01T19:00")
        clock.set(MOVED)
        own.run("work", "--once")
        assert len(server.accepted) == 1 + len(SHORT_LIST)


def test_a_move_after_the_correction_holds_for_who_waits_on_it(office: Office, clock: MovingClock) -> None:
    with running() as server:
        own = sent_ahead(office.at(server.port).by(clock), clock)
        own.run("releases", "correct", SLUG, written(own, clock, corrected=True))
        own.run("send", CORRECTION, "--yes")
        own.run("releases", "embargo", SLUG, "--at", "2026-12-01 20:00", "--yes")
        clock.set(datetime(2026, 12, 1, 18, 30, tzinfo=UTC))
        own.run("work", "--once")
        assert len(server.accepted) == 2
        clock.set(MOVED)
        own.run("work", "--once")
        assert len(server.accepted) == 1 + len(SHORT_LIST)


def test_another_hour_in_the_words_of_a_correction_is_told_as_people_write_hours(
    office: Office, clock: MovingClock
) -> None:
    with running() as server:
        own = sent_ahead(office.at(server.port).by(clock), clock)
        file = Path(written(own, clock, corrected=True))
        file.write_text(file.read_text(encoding="utf-8").replace("à 18 h", "à 20 h"), encoding="utf-8")
        said = own.run("releases", "correct", SLUG, str(file)).out
        assert "Embargo : lire « mardi 1er décembre 2026 à 20 h 00 » au lieu de" in said
        assert "2026-12-01T" not in said


def test_whoever_agreed_to_the_original_has_the_correction_ahead_too(office: Office, clock: MovingClock) -> None:
    agreed, leaves = SHORT_LIST[1], SHORT_LIST[2]
    with running() as server:
        own = sent_ahead(office.at(server.port).by(clock), clock)
        for one in (agreed, leaves):  # on the telephone, while the mistake is being found
            own.run("releases", "accept-embargo", SLUG, one.address, "--how", "phone")
        own.run("releases", "correct", SLUG, written(own, clock, corrected=True))
        noted = own.json("releases", "embargo", CORRECTION)["acceptances"]
        assert [one["address"] for one in noted] == [AHEAD.address, agreed.address, leaves.address]
        said = own.run("releases", "accept-embargo", CORRECTION, leaves.address, "--withdraw").out
        assert "no longer holds it" in said
        assert "had agreed already" in own.run("releases", "accept-embargo", CORRECTION, agreed.address).out
        own.run("send", CORRECTION, "--yes")
        assert [one.recipient for one in server.accepted] == [AHEAD.spec, AHEAD.spec, agreed.spec]
        assert "sous embargo" in text(server.accepted[-1]).lower()
        clock.set(datetime(2026, 12, 1, 17, tzinfo=UTC))
        own.run("work", "--once")
        assert len(server.accepted) == 1 + len(SHORT_LIST)


def test_an_agreement_that_is_taken_back_is_taken_back_for_the_correction(office: Office, clock: MovingClock) -> None:
    agreed = SHORT_LIST[1]
    with running() as server:
        own = sent_ahead(office.at(server.port).by(clock), clock)
        own.run("releases", "accept-embargo", SLUG, agreed.address)
        own.run("releases", "correct", SLUG, written(own, clock, corrected=True))
        own.run("releases", "accept-embargo", SLUG, agreed.address, "--withdraw")
        own.run("send", CORRECTION, "--yes")
        assert [one.recipient for one in server.accepted] == [AHEAD.spec, AHEAD.spec]
        own.run("releases", "accept-embargo", SLUG, agreed.address, "--how", "after all")  # while it waits there
        own.run("work", "--once")
        assert [one.recipient for one in server.accepted[2:]] == [agreed.spec]


def test_an_agreement_reaches_through_a_chain_of_corrections(office: Office, clock: MovingClock) -> None:
    agreed = SHORT_LIST[1]
    with running() as server:
        own = sent_ahead(office.at(server.port).by(clock), clock)
        own.run("releases", "accept-embargo", SLUG, agreed.address)
        own.run("releases", "correct", SLUG, written(own, clock, corrected=True), "--slug", "first")
        again = Path(written(own, clock, corrected=True))
        again.write_text(again.read_text(encoding="utf-8").replace("douze postes", "treize postes"), encoding="utf-8")
        own.run("releases", "correct", "first", str(again), "--slug", "second")
        own.run("send", "second", "--yes")
        assert [one.recipient for one in server.accepted] == [AHEAD.spec, AHEAD.spec, agreed.spec]

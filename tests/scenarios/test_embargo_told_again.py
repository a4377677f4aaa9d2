"""An embargo moves twice before everybody was told: nobody reads the older hour after the newer, and nobody none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from movingclock import MovingClock
from office import BUREAU, SLUG, Office, Person
from smtpserver import Fault, Script, ScriptedServer, running
from test_embargoed import AGREED, EVENING, agree, embargoed, texts

__all__ = ["embargoed"]
FIRST, SECOND = (EVENING + timedelta(hours=more) for more in (2, 3))
ANNE, PAUL = AGREED


def tell(office: Office, *how: str, code: int = 0) -> str:
    return office.run("releases", "embargo", SLUG, "--tell", "--yes", *how, code=code).text


def at(moment: object) -> tuple[str, str]:
    return "--at", f"{moment:%Y-%m-%dT%H:%M}"


def hours(server: ScriptedServer, who: Person) -> list[str]:
    """What a journalist read of the embargo below the release, notice by notice, in the order in which they came."""
    _release, *notices = (one for one in server.accepted if one.recipient == who.spec)
    known = ("18 h 00", "20 h 00", "21 h 00", "est levé")
    said = (" ".join(text.split()) for text in texts(notices))
    return [" ".join(hour for hour in known if hour in text) for text in said]


@pytest.fixture
def sent(embargoed: Office) -> Iterator[tuple[Office, ScriptedServer]]:
    """A release under embargo that two have, and a server that puts the second message to PAUL off."""
    later = Fault("rcpt", reply="451 4.3.0 Later", recipient=PAUL.spec, nth=(2,))
    with running(Script(faults=(later,))) as server:
        office = embargoed.at(server.port)
        agree(office)
        office.send(SLUG, BUREAU)
        assert {one.recipient for one in server.accepted} == {ANNE.spec, PAUL.spec}
        yield office, server
        assert server.violations == []


def go_on(office: Office) -> None:
    office.change("UPDATE delivery SET next_attempt_at = '2020-01-01 00:00:00.000000' WHERE state = 'deferred'")
    office.run("work", "--once")


def test_who_waits_for_the_older_notice_gets_the_newer_only(sent: tuple[Office, ScriptedServer]) -> None:
    office, server = sent
    tell(office, *at(FIRST), code=5)
    assert (hours(server, ANNE), hours(server, PAUL)) == (["18 h 00 20 h 00"], [])
    said = tell(office, *at(SECOND))
    assert "Dispatch 2, which tells of the embargo before, is ended." in said
    go_on(office)
    assert hours(server, ANNE) == ["18 h 00 20 h 00", "20 h 00 21 h 00"]
    assert hours(server, PAUL) == ["18 h 00 21 h 00"], "moved from what they know"
    office.run("dispatches", "resume", "2", code=2)
    (left,) = office.deliveries("withheld")
    assert (left["address"], left["reason"]) == (PAUL.spec, "the embargo has changed again")
    assert "send it again" not in office.run("report", "2").out
    assert len(hours(server, PAUL)) == 1


def test_the_hour_as_it_stands_is_told_by_the_option_alone(sent: tuple[Office, ScriptedServer]) -> None:
    office, server = sent
    moved = office.run("releases", "embargo", SLUG, "--yes", *at(FIRST)).text
    assert f"To tell them: distributor releases embargo {SLUG} --tell\n" in moved
    tell(office, code=5)
    go_on(office)
    assert hours(server, ANNE) == hours(server, PAUL) == ["18 h 00 20 h 00"]
    assert "nobody is told" in tell(office)
    office.run("releases", "embargo", SLUG, "--yes", "--lift")
    tell(office)
    assert [said[-1] for said in (hours(server, ANNE), hours(server, PAUL))] == ["20 h 00 est levé"] * 2


def test_a_dispatch_that_was_paused_leaves_no_older_notice_behind(sent: tuple[Office, ScriptedServer]) -> None:
    office, server = sent
    tell(office, *at(FIRST), code=5)
    office.run("dispatches", "pause", "2")
    tell(office, "--lift")
    office.run("dispatches", "resume", "2", code=2)
    go_on(office)
    assert hours(server, ANNE) == ["18 h 00 20 h 00", "20 h 00 est levé"]
    assert hours(server, PAUL) == ["18 h 00 est levé"]


def test_who_knows_the_hour_that_it_was_moved_back_to_is_told_nothing(sent: tuple[Office, ScriptedServer]) -> None:
    office, server = sent
    tell(office, *at(FIRST), code=5)
    tell(office, *at(EVENING))
    go_on(office)
    assert hours(server, ANNE) == ["18 h 00 20 h 00", "18 h 00 20 h 00"]
    assert hours(server, PAUL) == [], "it never was another for them"


def test_what_nobody_was_told_yet_is_told_to_nobody_once_it_is_moved_back(
    embargoed: Office, moving_clock: MovingClock
) -> None:
    """Also where it was moved back without a word, and whoever moved it thinks better of that."""
    later = tuple(Fault("rcpt", reply="451 4.3.0 Later", recipient=one.spec, nth=(2,)) for one in AGREED)
    with running(Script(faults=later)) as server:
        office = embargoed.at(server.port)
        agree(office)
        office.send(SLUG, BUREAU)
        tell(office, *at(FIRST), code=5)
        assert "To tell them: " in office.run("releases", "embargo", SLUG, "--yes", *at(EVENING)).out
        said = tell(office, *at(EVENING))
        assert "Dispatch 2, which tells of the embargo before, is ended." in said
        assert "Nobody is told: whoever waited there knows this." in said
        go_on(office)
        assert (hours(server, ANNE), hours(server, PAUL)) == ([], [])


def test_what_tells_of_the_same_hour_goes_on(sent: tuple[Office, ScriptedServer]) -> None:
    office, server = sent
    tell(office, *at(FIRST), code=5)
    assert "nobody is told" in tell(office, *at(FIRST))
    go_on(office)
    assert hours(server, PAUL) == ["18 h 00 20 h 00"]


def test_a_doubt_about_the_older_notice_sends_nothing_after_the_newer(
    embargoed: Office, moving_clock: MovingClock
) -> None:
    with running(Script(faults=(Fault("body", do="drop", recipient=PAUL.spec, nth=(2,)),))) as server:
        office = embargoed.at(server.port)
        agree(office)
        office.send(SLUG, BUREAU)
        tell(office, *at(FIRST), code=5)
        assert [one["dispatch_id"] for one in office.deliveries("in_doubt")] == [2]
        tell(office, *at(SECOND))
        said = office.run("dispatches", "resolve", "2", PAUL.address, "--as", "not-accepted").out
        assert "the embargo has changed again, and they were told of that" in " ".join(said.split())
        go_on(office)
        assert hours(server, PAUL) == ["20 h 00 21 h 00"]

"""The hour of a release, through the real command line and a clock that the test moves: never early, never twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from movingclock import MovingClock
from office import (
    BUREAU,
    EVERYBODY,
    SHORT_LIST,
    SLUG,
    Office,
    communique,
    finish,
    hold_after,
    one_sentence,
    send_arguments,
    until,
    until_looked,
)
from smtpserver import Fault, Script, ScriptedServer, running
from warmcommand import WarmCommand

PARIS = ZoneInfo("Europe/Paris")
EVERYONE = len(SHORT_LIST)
SIX = datetime(2026, 12, 1, 17, tzinfo=UTC)
SAID = "Tuesday 1 December 2026 at 18:00 (Europe/Paris, UTC+1)"


@pytest.fixture
def clock(tmp_path: Path) -> MovingClock:
    """Tuesday 1 December 2026, nine in the morning in Paris."""
    return MovingClock(tmp_path / "clock", datetime(2026, 12, 1, 8, tzinfo=UTC))


@contextmanager
def press_day(
    office: Office, clock: MovingClock, script: Script | None = None
) -> Iterator[tuple[Office, ScriptedServer]]:
    """The office on the clock's day, with a communiqué dated that day, and a server that takes what it sends."""
    file = office.path.parent / "communique.txt"
    file.write_text(communique(clock.now().astimezone(PARIS).date()), encoding="utf-8")
    with running(script or Script()) as server:
        own = office.at(server.port).by(clock)
        own.run("releases", "import", str(file), "--slug", SLUG)
        yield own, server


def schedule(office: Office, at: str, *more: str) -> str:
    """Schedule the release to the short list; return what was said."""
    return office.send(SLUG, BUREAU, more=["--at", at, *more]).text


def until_sent(server: ScriptedServer, many: int = EVERYONE, work: WarmCommand | None = None) -> None:
    until(lambda: len(server.accepted) >= many, f"{many} have left", process=work)


def addressees(server: ScriptedServer) -> list[str]:
    return sorted(one.recipient for one in server.accepted)


def test_it_starts_to_the_second_and_not_before(office: Office, clock: MovingClock) -> None:
    with press_day(office, clock) as (own, server):
        said = schedule(own, "18:00")
        assert f"It starts on {SAID}, in 9 hours." in said
        assert "Nobody is at work now" in said
        assert "Nothing of it leaves before" in said
        work = own.start("work")
        for moment in (datetime(2026, 12, 1, 8, tzinfo=UTC), SIX - timedelta(seconds=1)):
            clock.set(moment)
            until_looked(work, clock)
            assert own.states() == {"queued": EVERYONE}
            assert not server.connections
        clock.set(SIX)
        until(lambda: own.dispatch_state() == "done", "it is done", process=work)
        work.terminate()
        out = finish(work, 130).out
        assert f"Scheduled: dispatch 1 of «{SLUG}», {SAID}." in out
        assert "Dispatch 1 starts" in out
        messages = [message_from_bytes(one.message) for one in server.accepted]
        assert addressees(server) == sorted(person.spec for person in SHORT_LIST)
        assert {parsedate_to_datetime(message["Date"]) for message in messages} == {SIX}
        assert own.query("SELECT started_at, message_date FROM dispatch") == [("2026-12-01 17:00:00.000000",) * 2]


def test_a_start_that_comes_too_late_is_held_and_a_person_decides(office: Office, clock: MovingClock) -> None:
    with press_day(office, clock) as (own, server):
        schedule(own, "18:00", "--not-after", "22:00")
        clock.set(SIX + timedelta(minutes=15, seconds=1))
        ran = own.run("work", "--once")
        why = f"it was to start on {SAID}, and nobody was at work until 2026-12-01 18:15"
        assert f"Dispatch 1 is held: {why}." in ran.err
        assert "distributor dispatches resume 1" in ran.err
        assert own.run("work", "--once").out == "Nothing is due.\n"
        assert not server.connections
        shown = own.run("dispatches", "show", "1").out
        assert f"State: held: {why} — to start it anyway: distributor dispatches resume 1" in shown
        assert "Cut-off: whoever has not left by Tuesday 1 December 2026 at 22:00" in shown
        assert re.search(r" held .* due 2026-12-01 18:00:00", own.run("dispatches", "list").out)
        assert "held: it was to start" in own.run("report", "1").out
        assert own.query("SELECT action FROM audit WHERE subject = '1'") == [("dispatches.hold",)]
        own.run("dispatches", "resume", "1")
        assert addressees(server) == sorted(person.spec for person in SHORT_LIST)
        dates = {parsedate_to_datetime(message_from_bytes(one.message)["Date"]) for one in server.accepted}
        assert dates == {clock.now()}, "the messages bear the hour at which they left"


def test_a_machine_that_slept_through_the_start_sends_nothing_in_the_night(office: Office, clock: MovingClock) -> None:
    with press_day(office, clock) as (own, server):
        schedule(own, "18:00")
        work = own.start("work")
        until_looked(work, clock)
        clock.set(datetime(2026, 12, 2, 2, tzinfo=UTC))  # three in the night
        until(lambda: own.dispatch_state() == "paused", "it is held", process=work)
        clock.set(datetime(2026, 12, 2, 9, tzinfo=UTC))
        until_looked(work, clock)
        work.terminate()
        assert "Dispatch 1 is held" in finish(work, 130).err
        assert not server.connections
        far = ("dispatches", "reschedule", "1", "--at", "2026-12-20 18:00", "--yes")
        refused = one_sentence(own.run(*far, code=3))
        assert "At that hour the proof stops it: The dateline, 1 December 2026, is 19 days before" in refused
        assert "distributor dispatches cancel 1" in refused
        clock.set(datetime(2026, 12, 20, 9, tzinfo=UTC))
        assert "the proof stops it" in one_sentence(own.run("dispatches", "resume", "1", code=3))
        assert f"{EVERYONE} recipients withheld" in own.run("dispatches", "cancel", "1", "--yes").out
        assert not server.connections


def test_a_clock_that_is_set_back_starts_it_neither_early_nor_twice(office: Office, clock: MovingClock) -> None:
    with press_day(office, clock) as (own, server):
        schedule(own, "18:00")
        work = own.start("work")
        for moment in (SIX - timedelta(seconds=1), SIX - timedelta(hours=2)):
            clock.set(moment)
            until_looked(work, clock)
        assert own.states() == {"queued": EVERYONE}
        clock.set(SIX + timedelta(seconds=2))
        until_sent(server, work=work)
        until(lambda: own.dispatch_state() == "done", "it is done", process=work)
        for moment in (SIX - timedelta(hours=1), SIX, SIX + timedelta(days=1)):
            clock.set(moment)
            until_looked(work, clock)
        work.terminate()
        finish(work, 130)
        assert addressees(server) == sorted(person.spec for person in SHORT_LIST)


def test_killed_before_the_start_and_at_it(office: Office, clock: MovingClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """One `work` is killed a second before, the next in the middle of the start; the third sends the rest."""
    with press_day(office, clock) as (own, server):
        go_on = hold_after(server, 5, monkeypatch)
        schedule(own, "18:00")
        work = own.start("work")
        clock.set(SIX - timedelta(seconds=1))
        until_looked(work, clock)
        work.kill()
        assert own.states() == {"queued": EVERYONE}
        clock.set(SIX + timedelta(minutes=1))
        work = own.start("work")
        until(lambda: len(own.deliveries("accepted")) == 5, "five have left", process=work)
        work.kill()
        finish(work)
        go_on.set()
        clock.move(hours=3)
        out = (
            own.run("work", "--once").text if not own.deliveries("sending") else own.run("work", "--once", code=5).text
        )
        assert "held" not in out, "it had begun: it goes on"
        doubt = own.in_doubt()
        assert len(doubt) <= 3
        assert len(own.deliveries("accepted")) == EVERYONE - len(doubt)
        assert max(Counter(addressees(server)).values()) == 1
        assert {*addressees(server), *doubt} == {person.spec for person in SHORT_LIST}


def test_killed_at_the_start_with_nothing_sent_it_is_held_as_any_late_start(office: Office, clock: MovingClock) -> None:
    with press_day(office, clock, Script(faults=(Fault("greeting", do="stall"),))) as (own, server):
        schedule(own, "18:00")
        work = own.start("work")
        clock.set(SIX)
        until(lambda: server.connections, "it has begun to connect", process=work)
        assert own.dispatch_state() == "running"
        work.kill()
        finish(work)
        clock.set(SIX + timedelta(hours=4))
        assert "Dispatch 1 is held" in own.run("work", "--once").err
        assert own.states() == {"queued": EVERYONE}
        own.run("dispatches", "reschedule", "1", "--at", "23:00", "--yes")
        assert own.dispatch_state() == "planned"


def test_nothing_starts_it_before_its_hour_and_a_person_may_move_it(office: Office, clock: MovingClock) -> None:
    with press_day(office, clock) as (own, server):
        schedule(own, "18:00", "--not-after", "20:00")
        refused = one_sentence(own.run("dispatches", "resume", "1", code=3))
        assert f"starts on {SAID}; nothing of it leaves before" in refused
        own.run("dispatches", "pause", "1")
        assert f"Dispatch 1 is scheduled: {SAID}" in own.run("dispatches", "resume", "1").out
        assert "that start comes after it" in one_sentence(
            own.run("dispatches", "reschedule", "1", "--at", "21:00", "--yes", code=2)
        )
        said = own.run("dispatches", "reschedule", "1", "--at", "17:00", "--yes").out
        assert "Tuesday 1 December 2026 at 17:00 (Europe/Paris, UTC+1), in 8 hours" in said
        assert "Whoever has not left by Tuesday 1 December 2026 at 20:00" in said
        assert own.json("dispatches", "list")[0]["scheduled_at"] == "2026-12-01T16:00:00+00:00"
        assert own.run("work", "--once").out.startswith("Nothing is due.\nScheduled: dispatch 1")
        own.run("dispatches", "reschedule", "1", "--at", "now", "--yes")
        own.run("work", "--once")
        assert len(server.accepted) == EVERYONE
        again = own.run("dispatches", "reschedule", "1", "--at", "19:00", "--yes", code=2)
        assert "Dispatch 1 is done: there is nothing left to start" in one_sentence(again)
        actions = [row[0] for row in own.query("SELECT action FROM audit WHERE subject = '1' ORDER BY id")]
        assert actions == ["dispatches.pause", "dispatches.resume", *["dispatches.reschedule"] * 2]


def test_whoever_has_not_left_by_the_cut_off_is_withheld(office: Office, clock: MovingClock) -> None:
    """Three are asked to come back later; the cut-off comes before, and their second attempt is never made."""
    late = [person.spec for person in SHORT_LIST if person.spec.endswith("radio-lisiere.example")]
    with press_day(
        office, clock, Script(faults=(Fault("rcpt", reply="450 4.2.0 Later", recipient="*@radio-lisiere.example"),))
    ) as (own, _server):
        schedule(own, "18:00", "--not-after", "18:30")
        work = own.start("work")
        clock.set(SIX)
        until(
            lambda: own.states() == {"accepted": EVERYONE - len(late), "deferred": len(late)},
            "all were tried",
            process=work,
        )
        clock.set(SIX + timedelta(minutes=30))
        until(lambda: own.dispatch_state() == "done", "it is over", process=work)
        work.terminate()
        assert "cut-off" in finish(work, 130).text
        assert {(one["address"], one["reason"]) for one in own.deliveries("withheld")} == {
            (one, "cut-off") for one in late
        }
        report = own.run("report", "1").out
        assert "They had not left when the cut-off came" in report
        assert "again at" not in report
        assert own.query("SELECT actor, action FROM audit WHERE subject = '1'") == [
            ("distributor work", "dispatches.cut_off")
        ]


def test_a_send_that_is_under_way_ends_at_its_cut_off(
    office: Office, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with press_day(office, clock) as (own, server):
        go_on = hold_after(server, 4, monkeypatch)
        process = own.start(*send_arguments(SLUG, BUREAU), "--not-after", "20:00")
        until(go_on.reached.is_set, "four have left, and a fifth is on the wire", process=process)
        clock.set(datetime(2026, 12, 1, 19, tzinfo=UTC))
        until_looked(process, clock)
        on_the_wire = len(own.deliveries("sending"))  # the server holds them: whatever began before the hour
        go_on.set()
        ran = finish(process, 5)
        left = EVERYONE - len(server.accepted)
        assert f"The cut-off came: {left} recipients had not left" in one_sentence(ran)
        assert len(server.accepted) <= 4 + on_the_wire
        assert own.states() == {"accepted": len(server.accepted), "withheld": left}
        assert own.dispatch_state() == "done"


def test_a_start_goes_before_what_is_under_way(
    office: Office, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    social = [person.spec for person in EVERYBODY if person.sector == "social"]
    with press_day(office, clock) as (own, server):
        schedule(own, "18:00")
        own.at(9).send(SLUG, "social", code=4)
        own.change("UPDATE dispatch SET state = 'planned', pause_reason = '' WHERE id = 2")
        go_on = hold_after(server, 5, monkeypatch)
        clock.set(SIX - timedelta(minutes=5))
        work = own.start("work")
        until(lambda: len(server.accepted) == 5, "five of the large one have left", process=work)
        clock.set(SIX)
        until(lambda: clock.looked(work.pid) == SIX, "it has seen the hour", process=work)
        go_on.set()
        until_sent(server, EVERYONE + len(social), work)
        until(lambda: own.query("SELECT DISTINCT state FROM dispatch") == [("done",)], "both are done", process=work)
        work.terminate()
        finish(work, 130)
        order = [one.recipient for one in server.accepted]
        assert Counter(order) == Counter([*social, *(person.spec for person in SHORT_LIST)])
        first = min(order.index(person.spec) for person in SHORT_LIST)
        assert set(order[first : first + EVERYONE]) == {person.spec for person in SHORT_LIST}
        assert 5 <= first <= 8, "what was on the wire was finished, and nothing more begun"


@pytest.mark.parametrize(
    ("typed", "instant", "refused"),
    [
        ("2027-03-28 03:00", datetime(2027, 3, 28, 1, tzinfo=UTC), "2027-03-28 02:30"),
        ("2027-10-31T02:30+01:00", datetime(2027, 10, 31, 1, 30, tzinfo=UTC), "2027-10-31 02:30"),
    ],
    ids=["spring", "autumn"],
)
def test_the_nights_on_which_the_clocks_change(
    office: Office, clock: MovingClock, typed: str, instant: datetime, refused: str
) -> None:
    clock.set(instant - timedelta(hours=2))
    with press_day(office, clock) as (own, server):
        said = one_sentence(own.send(SLUG, BUREAU, code=2, more=["--at", refused]))
        assert typed in said, "the hour that there is, or that can be meant, is offered"
        schedule(own, typed)
        work = own.start("work")
        for before in (timedelta(hours=1), timedelta(seconds=1)):
            clock.set(instant - before)
            until_looked(work, clock)
            assert not server.connections
        clock.set(instant)
        until_sent(server, work=work)
        until(lambda: own.dispatch_state() == "done", "it is done", process=work)
        work.terminate()
        finish(work, 130)
        assert {parsedate_to_datetime(message_from_bytes(one.message)["Date"]) for one in server.accepted} == {instant}


def test_the_agenda_says_what_waits_and_what_deals_with_it(office: Office, clock: MovingClock) -> None:
    with press_day(office, clock) as (own, server):
        assert own.run("agenda").out == "Nothing waits, neither for its hour nor for you.\n"
        schedule(own, "18:00")
        ran = own.run("agenda")
        assert ran.out == (
            f"2026-12-01 18:00:00: scheduled: dispatch 1, «{SLUG}» to {EVERYONE} recipients starts.\n"
            "   distributor work\n"
        )
        assert "Nobody is at work now" in ran.err
        work = own.start("work")
        until_looked(work, clock)
        assert own.run("agenda").err == "", "it will be started"
        assert "Nobody is at work" not in schedule_more(own)
        work.kill()
        finish(work)
        clock.set(SIX + timedelta(hours=1))
        own.run("work", "--once")
        (held, other) = own.json("agenda")
        assert (held["kind"], held["at"], held["dispatch_id"]) == ("held", None, 1)
        assert held["words"].startswith(f"«{SLUG}» to {EVERYONE} recipients: it was to start on {SAID}")
        assert (other["kind"], other["at"]) == ("scheduled", "2026-12-01T19:00:00+00:00")
        assert not server.connections


def schedule_more(office: Office) -> str:
    """Schedule the release to another list; return what was said."""
    return office.send(SLUG, "social", more=["--at", "20:00"]).text

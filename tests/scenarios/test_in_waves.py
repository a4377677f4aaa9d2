"""Waves and exclusives through the real command line: in order, at their hour, held when the account is refused."""

from __future__ import annotations

import re
import signal
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from movingclock import MovingClock
from office import BUREAU, EVERYBODY, SHORT_LIST, SLUG, Office, finish, one_sentence, until, until_looked
from smtpserver import Fault, Script, ScriptedServer, running
from warmcommand import WarmCommand

MORNING = datetime.now(ZoneInfo("Europe/Paris")).replace(hour=10, minute=0, second=0, microsecond=0)
HALF_PAST = MORNING + timedelta(minutes=30)
SOCIAL = [one.spec for one in EVERYBODY if one.sector == "social"]
FIRST = [one.spec for one in SHORT_LIST]
WAVES = ("--wave", BUREAU, "--wave", "social@+30m", "--yes")


@pytest.fixture
def by_clock(office: Office, moving_clock: MovingClock) -> Office:
    """The office at ten in the morning."""
    moving_clock.set(MORNING)
    return office.by(moving_clock)


def got(server: ScriptedServer) -> list[str]:
    return sorted(one.recipient for one in server.accepted)


def asleep(process: WarmCommand, clock: MovingClock) -> None:
    until_looked(process, clock)


def stop(process: WarmCommand) -> None:
    process.send_signal(signal.SIGTERM)
    finish(process, 130)


def test_waves_leave_in_their_order_each_journalist_in_the_first(by_clock: Office, moving_clock: MovingClock) -> None:
    with running() as server:
        sending = by_clock.at(server.port)
        everywhere = ("--wave", BUREAU, "--wave", "social@+30m", "--wave", "all@18:00")
        planned = sending.json("send", SLUG, "--dry-run", *everywhere)["waves"]
        assert [(one["name"], one["total"]) for one in planned] == [(BUREAU, 12), ("social", 50), ("all", 150)]
        said = sending.run("send", SLUG, "--yes", *everywhere).out
        assert "Wave 2, social: 50 recipients, " in said
        assert re.search(r"at 10:30 \(Europe/Paris, UTC\+[12]\) \(30 min after the wave before\)\.", said)
        assert "150 recipients of wave 3, all, wait until " in said
        assert got(server) == sorted(FIRST)
        assert "waits: for wave 2, social" in sending.run("dispatches", "show", "1").out
        process = sending.start("work")
        asleep(process, moving_clock)
        moving_clock.set(HALF_PAST - timedelta(microseconds=1))
        asleep(process, moving_clock)
        assert len(server.accepted) == 12
        moving_clock.set(HALF_PAST)
        until(lambda: len(server.accepted) == 62, "the second wave is through", process=process)
        asleep(process, moving_clock)
        assert got(server) == sorted(FIRST + SOCIAL)
        moving_clock.set(MORNING.replace(hour=18))
        until(lambda: len(server.accepted) == 212, "everybody has it", process=process)
        asleep(process, moving_clock)
        stop(process)
        assert len(set(got(server))) == 212
        waves = sending.json("report", SLUG)["dispatches"][0]["waves"]
        assert [(one["name"], one["totals"]["accepted"]) for one in waves] == [
            (BUREAU, 12),
            ("social", 50),
            ("all", 150),
        ]
        assert datetime.fromisoformat(waves[1]["began_at"]) == HALF_PAST


def test_an_account_that_is_refused_holds_the_waves_behind(by_clock: Office, moving_clock: MovingClock) -> None:
    refusing = Script(faults=(Fault("mail", reply="535 5.7.8 Authentication required", nth=(4,)),))
    with running(refusing) as server:
        sending = by_clock.at(server.port, smtp_connections="1")
        held = sending.run("send", SLUG, *WAVES, code=4)
        assert "Then: distributor dispatches resume 1" in held.err
        sent = len(server.accepted)
        assert 0 < sent < 12
        for said in (held.out, sending.run("dispatches", "show", "1").out):  # `work` leaves what is paused alone
            assert "They leave once dispatch 1, which is paused, goes on." in said
            assert "distributor work" not in said
        moving_clock.move(hours=3)
        assert sending.run("work", "--once").out.startswith("Nothing is due.")
        assert "paused" in sending.run("dispatches", "show", "1").out
        assert len(server.accepted) == sent
        again = sending.run("dispatches", "resume", "1").out
        assert got(server) == sorted(FIRST), "only the rest of the first wave: the second is counted anew"
        assert "50 recipients of wave 2, social, wait until " in again
        assert "at 13:30 (Europe/Paris, UTC+" in again


def test_killed_in_the_middle_of_a_wave_the_next_keeps_its_hour(by_clock: Office, moving_clock: MovingClock) -> None:
    slow = Script(faults=(Fault("data", delay=0.03),))
    with running(slow) as server:
        sending = by_clock.at(server.port, smtp_connections="2")
        process = sending.start("send", SLUG, *WAVES)
        until(lambda: len(server.accepted) >= 3, "it has begun", process=process)
        process.kill()
        finish(process, -signal.SIGKILL)
        moving_clock.move(minutes=10)
        finish(sending.start("work", "--once"), 0, 5)
        doubtful = {one["address"] for one in sending.deliveries("in_doubt")}
        assert len(doubtful) <= 2
        assert set(got(server)) | doubtful == set(FIRST)
        moving_clock.set(HALF_PAST)
        finish(sending.start("work", "--once"), 0, 5)
        assert set(got(server)) | doubtful == set(FIRST + SOCIAL)
        assert len(server.accepted) == len(set(got(server))), "nobody twice"


def test_an_exclusive_is_ahead_until_its_time_or_a_command(by_clock: Office, moving_clock: MovingClock) -> None:
    ahead = SHORT_LIST[4]
    with running() as server:
        sending = by_clock.at(server.port)
        exclusive = ("--exclusive", ahead.address, "--for", "2h", "--list", BUREAU, "--yes")
        assert "Exclusive 1, " in sending.run("send", SLUG, *exclusive).out
        assert got(server) == [ahead.spec]
        shown = sending.run("dispatches", "show", "1").out
        assert "(exclusive)" in shown
        assert "11 recipients of wave 2, everybody else, wait until " in shown
        assert "at 12:00 (Europe/Paris, UTC+" in shown
        refused = sending.run("dispatches", "resume", "1", code=3)
        assert "distributor dispatches release 1" in one_sentence(refused)
        sending.run("dispatches", "release", "1", "--yes")
        assert got(server) == sorted(FIRST)
        assert sending.dispatch_state() == "done"
        assert sending.query("SELECT count(*) FROM audit WHERE action = 'dispatches.release'") == [(1,)]


def test_a_wave_that_nobody_is_left_for_is_not_the_next_one(by_clock: Office) -> None:
    """A list named twice: everybody on it has left with the first wave that names it."""
    with running() as server:
        sending = by_clock.at(server.port)
        sending.run("send", SLUG, "--wave", BUREAU, "--wave", f"{BUREAU}@+30m", "--wave", "social@+30m", "--yes")
        assert got(server) == sorted(FIRST)
        said = sending.run("dispatches", "release", "1", "--yes").out
        assert "Wave 3, social, of dispatch 1 may leave now." in said
        assert got(server) == sorted(FIRST + SOCIAL)
        again = sending.run("dispatches", "release", "1", "--yes", code=2)
        assert "Dispatch 1 is done" in one_sentence(again)


def test_what_cannot_be_meant_is_refused_before_anything_is_planned(by_clock: Office) -> None:
    for arguments, words in (
        (("--wave", BUREAU, "--wave", "social"), "not said when"),
        (("--wave", f"{BUREAU}@09:00"), "is over"),
        (("--wave", "nowhere"), "nowhere"),
        (("--wave", BUREAU, "--list", "social"), "names its list"),
        (("--exclusive", SHORT_LIST[0].address, "--list", BUREAU), "--for 2h"),
        (("--exclusive", SHORT_LIST[0].address, "--for", "2h", "--list", "social"), "not among those"),
        (("--exclusive", "nobody@nowhere.example", "--for", "2h", "--list", BUREAU), "nobody@nowhere.example"),
    ):
        assert words in by_clock.run("send", SLUG, "--yes", *arguments, code=2).err
    assert by_clock.query("SELECT count(*) FROM dispatch") == [(0,)]


def test_a_wave_that_began_by_a_wrong_clock_can_be_released(by_clock: Office, moving_clock: MovingClock) -> None:
    """The clock ran a year ahead when it began, and is set right: the rest of it does not wait for that year."""
    with running() as server:
        sending = by_clock.at(server.port)
        sending.run("send", SLUG, *WAVES)
        moving_clock.move(days=365)
        by_clock.at(server.port, smtp_per_day="20").run("dispatches", "resume", "1", code=5)
        begun = len(server.accepted)
        assert len(FIRST) < begun < 62
        moving_clock.set(HALF_PAST)
        refused = sending.run("dispatches", "resume", "1", code=3)
        assert "distributor dispatches release 1" in one_sentence(refused)
        assert len(server.accepted) == begun
        sending.run("dispatches", "release", "1", "--yes")
        sending.run("work", "--once")
        assert got(server) == sorted(FIRST + SOCIAL)

"""A wave or the end of an embargo that came while nobody was at work: held as a late start is, let go by a person."""

from __future__ import annotations

import signal
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime

import pytest
from movingclock import MovingClock
from office import BUREAU, EVERYBODY, SHORT_LIST, SLUG, Office, communique, finish, hold_after, until, until_looked
from smtpserver import ScriptedServer, running

MORNING = datetime(2026, 12, 1, 9, tzinfo=UTC)  # ten in Paris
SIX = MORNING.replace(hour=17)
NIGHT = datetime(2026, 12, 2, 2, tzinfo=UTC)  # three in the night
SAID = "Tuesday 1 December 2026 at 18:00 (Europe/Paris, UTC+1)"
SPECS = sorted(one.spec for one in SHORT_LIST)
SOCIAL = sum(one.sector == "social" for one in EVERYBODY)
RESUME = "distributor dispatches resume 1"


@pytest.fixture
def waiting(office: Office, moving_clock: MovingClock) -> Office:
    """The office on the first of December at ten in the morning."""
    moving_clock.set(MORNING)
    file = office.path / "day.txt"
    file.write_text(communique(date(2026, 12, 1)), encoding="utf-8")
    own = office.by(moving_clock)
    own.run("releases", "import", str(file), "--slug", SLUG)
    return own


def in_waves(own: Office) -> None:
    """One journalist has it, the eleven others get it at six."""
    ahead = ("--exclusive", SHORT_LIST[4].address, "--for", "8h")
    own.run("send", SLUG, "--yes", "--list", BUREAU, *ahead)


def under_embargo(own: Office) -> None:
    """One journalist has agreed and has it, the eleven others get it when the embargo is over, at six."""
    own.run("releases", "embargo", SLUG, "--at", SIX.isoformat(), "--yes")
    own.run("releases", "accept-embargo", SLUG, SHORT_LIST[4].address)
    own.send(SLUG, BUREAU)


def got(server: ScriptedServer) -> list[str]:
    return sorted(one.recipient for one in server.accepted)


@pytest.mark.parametrize(
    ("prepare", "why"),
    [
        (in_waves, f"wave 2, everybody else, was to leave on {SAID}"),
        (under_embargo, f"its embargo was over on {SAID}"),
    ],
)
@pytest.mark.parametrize("asleep", [True, False], ids=["asleep", "not there"])
def test_what_was_missed_is_held_until_a_person_lets_it_go(
    waiting: Office, moving_clock: MovingClock, prepare: object, why: str, asleep: bool
) -> None:
    with running() as server:
        own = waiting.at(server.port)
        prepare(own)  # type: ignore[operator]
        assert len(server.accepted) == 1
        if asleep:
            work = own.start("work")
            until_looked(work, moving_clock)
            moving_clock.set(NIGHT)
            until(lambda: own.dispatch_state() == "paused", "it is held", process=work)
            until_looked(work, moving_clock)
            work.send_signal(signal.SIGTERM)
            said = finish(work, 130).err
        else:
            moving_clock.set(NIGHT)
            said = own.run("work", "--once").err
        held = f"{why}, and nobody was at work until 2026-12-02 03:00"
        assert f"Dispatch 1 is held: {held}." in said
        assert RESUME in said
        assert "reschedule" not in said, "it has begun"
        assert len(server.accepted) == 1
        assert f"State: held: {held} — to let it go: {RESUME}" in own.run("dispatches", "show", "1").out
        (entry,) = [one for one in own.json("agenda") if one["kind"] == "held"]
        assert (entry["words"], entry["command"]) == (f"«{SLUG}», 11 recipients waiting: {held}", RESUME)
        assert own.run("work", "--once").out.startswith("Nothing is due.")
        moving_clock.set(NIGHT + timedelta(hours=5))
        own.run("dispatches", "resume", "1")
        assert got(server) == SPECS
        dates = {parsedate_to_datetime(message_from_bytes(one.message)["Date"]) for one in server.accepted[1:]}
        assert dates == {moving_clock.now()}, "the messages bear the hour at which they left"
        actions = [action for (action,) in own.query("SELECT action FROM audit WHERE subject = '1' ORDER BY id")]
        assert actions == ["dispatches.hold", "dispatches.resume"]


@pytest.mark.parametrize("prepare", [in_waves, under_embargo])
def test_a_few_minutes_late_it_leaves_by_itself(waiting: Office, moving_clock: MovingClock, prepare: object) -> None:
    with running() as server:
        own = waiting.at(server.port)
        prepare(own)  # type: ignore[operator]
        moving_clock.set(SIX + timedelta(minutes=15))
        own.run("work", "--once")
        assert got(server) == SPECS


def test_a_machine_that_falls_asleep_while_it_sends_wakes_to_no_later_wave(
    waiting: Office, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running() as server:
        go_on = hold_after(server, 3, monkeypatch)
        own = waiting.at(server.port, smtp_connections="1")
        sending = own.start("send", SLUG, "--yes", "--wave", BUREAU, "--wave", "social@18:00")
        until(lambda: len(own.deliveries("accepted")) == 3, "three have it", process=sending)
        moving_clock.set(NIGHT)
        go_on.set()
        said = finish(sending, 5).err
        assert f"Dispatch 1 is held: wave 2, social, was to leave on {SAID}" in said
        assert len(server.accepted) < len(SPECS), "the night is none for the rest of the first wave either"
        own.run("dispatches", "resume", "1")
        assert len(got(server)) == len(set(got(server))) == len(SPECS) + SOCIAL


def test_whoever_comes_while_another_one_still_sleeps_holds_it_too(waiting: Office, moving_clock: MovingClock) -> None:
    """Two are at work, and asleep; a third one comes in the night before they have looked again."""
    with running() as server:
        own = waiting.at(server.port)
        under_embargo(own)
        sleepers = [own.start("work") for _ in range(2)]
        for one in sleepers:
            until_looked(one, moving_clock)
            one.send_signal(signal.SIGSTOP)
        moving_clock.set(NIGHT)
        assert "Dispatch 1 is held" in own.run("work", "--once").err
        for one in sleepers:
            one.send_signal(signal.SIGCONT)
            until_looked(one, moving_clock)
        assert len(server.accepted) == 1
        own.run("dispatches", "resume", "1")
        assert got(server) == SPECS
        for one in sleepers:
            one.send_signal(signal.SIGTERM)
            assert "held" not in finish(one, 130).text


def test_an_embargo_that_was_over_before_holds_up_nobody(waiting: Office, moving_clock: MovingClock) -> None:
    """Sent after its end, and killed while it cools down: it is held for that, and no hour was missed."""
    with running() as server:
        own = waiting.at(server.port, cool_down="30")
        own.run("releases", "embargo", SLUG, "--at", SIX.isoformat(), "--yes")
        moving_clock.set(SIX + timedelta(hours=2))
        sending = own.start("send", SLUG, "--yes", "--list", BUREAU)
        until(lambda: own.query("SELECT 1 FROM dispatch"), "it is planned", process=sending)
        sending.kill()
        finish(sending)
        moving_clock.move(minutes=4)
        said = own.run("work", "--once").err
        assert "the command that sent it was gone" in said
        assert "embargo" not in said
        own.run("dispatches", "resume", "1")
        assert got(server) == SPECS


def test_whoever_waits_for_the_work_of_another_account_has_nothing_of_this_one_in_hand(
    waiting: Office, moving_clock: MovingClock
) -> None:
    """A worker of «relais» idles past the hour; whoever comes for all accounts finds that nobody was there."""
    with running() as server:
        own = waiting.at(server.port)
        own.run("accounts", "add", "relais", "--host", "127.0.0.1", "--port", str(server.port), "--security", "plain")
        in_waves(own)
        moving_clock.set(SIX - timedelta(minutes=5))
        idle = own.start("work", "--account", "relais")
        until_looked(idle, moving_clock)
        assert [one["accounts"] for one in own.json("workers", "list")] == [["relais"]]
        assert "Nobody is at work now for «default»" in own.run("agenda").err
        same = own.start("work", "--account", "relais", "--account", "default")
        until_looked(same, moving_clock)
        assert "Nobody is at work" not in own.run("agenda").err
        same.send_signal(signal.SIGTERM)
        finish(same, 130)
        for _ in range(3):  # it is awake all the time
            moving_clock.move(minutes=10)
            until_looked(idle, moving_clock)
        assert own.dispatch_state() == "running"
        said = own.run("work", "--once").err
        assert f"Dispatch 1 is held: wave 2, everybody else, was to leave on {SAID}, and nobody was at work" in said
        assert len(server.accepted) == 1
        idle.send_signal(signal.SIGTERM)
        finish(idle, 130)

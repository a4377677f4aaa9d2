"""The cool-down on the real command: Ctrl-C recalls, other terminals reach it, a kill lets nothing leave, ever."""

from __future__ import annotations

import json
import signal
from datetime import timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime

import pytest
from movingclock import MovingClock
from office import BUREAU, SHORT_LIST, SLUG, Office, finish, one_sentence, send_arguments, until
from smtpserver import ScriptedServer, running
from test_release_hours import press_day

from distributor.states import LEFT_COOLING

LONG = "3600"
WAITS = "Nothing leaves before"


def is_cooling(office: Office) -> bool:
    """Whether a dispatch is planned, and waits."""
    return bool(office.query("SELECT 1 FROM dispatch WHERE waits_for = 'cooling down' AND state = 'planned'"))


def end_cool_down(office: Office, *, long_ago: bool = False) -> None:
    """Let the time of every cool-down have come: now, or an hour ago."""
    since = "'-1 hour'" if long_ago else "'+0 hour'"
    office.change(f"UPDATE dispatch SET waits_until = strftime('%Y-%m-%d %H:%M:%f000', 'now', {since})")


def is_held(office: Office, *, server: ScriptedServer) -> bool:
    """Whether the first dispatch is held where everybody looks, with what to run, and nothing has left."""
    said = office.run("dispatches", "show", "1").out
    assert "distributor dispatches resume 1" in said
    assert "distributor dispatches cancel 1" in said
    (entry,) = office.json("agenda")
    assert entry["kind"] == "held"
    assert "the command that sent it was gone" in entry["words"]
    assert server.accepted == []
    return LEFT_COOLING in said


def test_ctrl_c_recalls_everything_and_it_can_be_sent_again(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port, cool_down=LONG)
        process = sending.start(*send_arguments(SLUG, BUREAU))
        until(lambda: is_cooling(office), "it cools down", process=process)
        assert "cooling down" in sending.run("dispatches", "show", "1").out
        process.send_signal(signal.SIGINT)
        ran = finish(process, 130)
        assert WAITS in ran.out
        assert f"Recalled: nobody got it, {len(SHORT_LIST)} recipients withheld" in one_sentence(ran)
        assert office.states() == {"withheld": len(SHORT_LIST)}
        assert office.dispatch_state() == "cancelled"
        ((details,),) = office.query("SELECT details FROM audit WHERE action = 'dispatches.cancel'")
        assert json.loads(details) == {"because": "recalled while it cooled down"}
        sending.run("work", "--once")
        assert server.accepted == []
        office.at(server.port).send(SLUG, BUREAU)
        assert len(server.accepted) == len(SHORT_LIST)


def test_a_killed_send_leaves_nothing_by_itself(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port, cool_down=LONG)
        process = sending.start(*send_arguments(SLUG, BUREAU))
        until(lambda: is_cooling(office), "it cools down", process=process)
        assert "Nothing is due" in sending.run("work", "--once").out, "another terminal does not start it"
        process.kill()
        finish(process)
        unsure = "or is held if the command that sent it is gone — to recall it: distributor dispatches cancel 1"
        assert f"cooling down: leaves in seconds, {unsure}" in " ".join(
            sending.run("dispatches", "show", "1").out.split()
        )
        end_cool_down(office)
        assert f"cooled down: leaves now, {unsure}" in " ".join(sending.run("dispatches", "show", "1").out.split())
        assert "Nothing is due" in sending.run("work", "--once").out, "its command may be about to"
        end_cool_down(office, long_ago=True)
        assert is_held(sending, server=server), "before anybody works"
        assert "held" in sending.run("dispatches", "list").out
        ran = sending.run("work", "--once")
        assert "Dispatch 1 is held: when it had cooled down, the command that sent it was gone." in ran.err
        assert office.dispatch_state() == "paused"
        assert is_held(sending, server=server)
        assert "held" not in sending.run("work", "--once").err, "it is said once"
        assert office.query("SELECT actor FROM audit WHERE action = 'dispatches.hold'") == [("distributor work",)]
        sending.run("dispatches", "resume", "1")
        assert sorted(one.recipient for one in server.accepted) == sorted(person.spec for person in SHORT_LIST)


def test_work_that_runs_meanwhile_holds_what_was_killed_and_starts_what_is_scheduled(
    office: Office, moving_clock: MovingClock
) -> None:
    with press_day(office, moving_clock) as (plain, server):
        own = plain.at(server.port, cool_down="30")
        work = own.start("work")
        process = own.start(*send_arguments(SLUG, "social"))
        until(lambda: is_cooling(office), "it cools down", process=process)
        process.kill()
        finish(process)
        moment = moving_clock.now() + timedelta(minutes=5)
        own.send(SLUG, BUREAU, more=["--at", f"{moment:%Y-%m-%dT%H:%M:%SZ}"])
        moving_clock.set(moment)
        until(lambda: len(server.accepted) == len(SHORT_LIST), "what was scheduled has left", process=work)
        until(lambda: office.dispatch_state() == "paused", "the other one is held", process=work)
        work.terminate()
        assert "Dispatch 1 is held" in finish(work, 130).err
        assert {one.recipient for one in server.accepted} == {person.spec for person in SHORT_LIST}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_send_that_is_ended_while_it_cools_down_is_held(office: Office, number: signal.Signals) -> None:
    with running() as server:
        sending = office.at(server.port, cool_down=LONG)
        process = sending.start(*send_arguments(SLUG, BUREAU))
        until(lambda: is_cooling(office), "it cools down", process=process)
        process.send_signal(number)
        said = one_sentence(finish(process, 130))
        assert "Stopped before anything left; it is held" in said
        assert "To recall it: distributor dispatches cancel 1" in said
        assert is_held(sending, server=server)
        sending.run("work", "--once")
        assert server.accepted == []
        sending.run("dispatches", "resume", "1")
        assert len(server.accepted) == len(SHORT_LIST)


def test_a_window_that_is_closed_while_it_cools_down_holds_it(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port, cool_down=LONG)
        with sending.on_a_terminal(*send_arguments(SLUG, BUREAU)) as terminal:
            until(lambda: is_cooling(office), "it cools down", process=terminal.process)
            terminal.hang_up()
            assert terminal.process.wait(30) == 130
        assert is_held(sending, server=server)
        sending.run("dispatches", "cancel", "1", "--yes")
        assert office.states() == {"withheld": len(SHORT_LIST)}


def test_a_send_that_stood_still_past_its_time_holds_what_it_was_to_send(
    office: Office, moving_clock: MovingClock
) -> None:
    """Its machine slept, or Ctrl-Z stopped it: hours later nobody expects it to leave."""
    with press_day(office, moving_clock) as (plain, server):
        own = plain.at(server.port, cool_down="30")
        process = own.start(*send_arguments(SLUG, BUREAU))
        until(lambda: is_cooling(office), "it cools down", process=process)
        moving_clock.move(minutes=30)
        assert "stood still" in one_sentence(finish(process, 5))
        assert is_held(own, server=server)
        own.run("dispatches", "resume", "1")
        assert len(server.accepted) == len(SHORT_LIST)
        dates = {message_from_bytes(one.message)["Date"] for one in server.accepted}
        assert [parsedate_to_datetime(one) for one in dates] == [moving_clock.now()], "the hour at which it leaves"


def test_what_is_let_go_on_another_day_is_proved_for_that_day(office: Office, moving_clock: MovingClock) -> None:
    with press_day(office, moving_clock) as (plain, server):
        own = plain.at(server.port, cool_down="30")
        process = own.start(*send_arguments(SLUG, BUREAU))
        until(lambda: is_cooling(office), "it cools down", process=process)
        process.kill()
        finish(process)
        moving_clock.move(days=19)
        assert "At that hour the proof stops it" in one_sentence(own.run("dispatches", "resume", "1", code=3))
        assert server.accepted == []


def test_a_resume_waits_out_the_rest_and_can_recall_too(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port, cool_down=LONG)
        process = sending.start(*send_arguments(SLUG, BUREAU))
        until(lambda: is_cooling(office), "it cools down", process=process)
        process.kill()
        finish(process)
        first, second = (sending.start("dispatches", "resume", "1") for _ in range(2))
        end_cool_down(office)
        for resumed in (first, second):
            finish(resumed, 0)
        assert len(server.accepted) == len(SHORT_LIST)


def test_a_stop_from_another_terminal_reaches_it(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port, cool_down=LONG)
        process = sending.start(*send_arguments(SLUG, BUREAU))
        until(lambda: is_cooling(office), "it cools down", process=process)
        (stopped,) = sending.json("dispatches", "stop", "1")
        assert (stopped["state"], stopped["left"], stopped["in_doubt"]) == ("paused", [], [])
        assert "Called off by another command" in one_sentence(finish(process, 5))
        assert server.accepted == []
        sending.run("dispatches", "resume", "1")
        assert len(server.accepted) == len(SHORT_LIST)


def test_it_leaves_by_itself_when_the_time_has_come(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port, cool_down="0.2")
        ran = sending.send(SLUG, BUREAU)
        assert WAITS in ran.out
        assert len(server.accepted) == len(SHORT_LIST)

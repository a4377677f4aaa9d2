"""The cool-down on the real command: Ctrl-C recalls, other terminals reach it, a kill lets nothing leave too early."""

from __future__ import annotations

import json
import signal

from office import BUREAU, SHORT_LIST, SLUG, Office, finish, one_sentence, send_arguments, until
from smtpserver import running

LONG = "3600"
WAITS = "Nothing leaves before"


def is_cooling(office: Office) -> bool:
    """Whether a dispatch is planned, and waits."""
    return bool(office.query("SELECT 1 FROM dispatch WHERE waits_for = 'cooling down' AND state = 'planned'"))


def end_cool_down(office: Office) -> None:
    """Let the time of every cool-down have come."""
    office.change("UPDATE dispatch SET waits_until = '2026-01-01 00:00:00.000000'")


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


def test_a_killed_send_leaves_nothing_too_early_and_then_work_sends_it_once(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port, cool_down=LONG)
        process = sending.start(*send_arguments(SLUG, BUREAU))
        until(lambda: is_cooling(office), "it cools down", process=process)
        assert "Nothing is due" in sending.run("work", "--once").out, "another terminal does not start it"
        process.kill()
        finish(process)
        assert "Nothing is due" in sending.run("work", "--once").out
        assert server.accepted == []
        end_cool_down(office)
        sending.run("work", "--once")
        assert sorted(one.recipient for one in server.accepted) == sorted(person.spec for person in SHORT_LIST)


def test_a_resume_waits_out_the_rest_and_can_recall_too(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port, cool_down=LONG)
        process = sending.start(*send_arguments(SLUG, BUREAU))
        until(lambda: is_cooling(office), "it cools down", process=process)
        process.send_signal(signal.SIGTERM)
        assert "Stopped before anything left" in one_sentence(finish(process, 130))
        assert office.dispatch_state() == "planned", "only Ctrl-C recalls"
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

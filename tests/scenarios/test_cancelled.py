"""Cancelling what a killed command left, and sending a release that has a newer version."""

from __future__ import annotations

import json
import signal

import pytest
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
)
from smtpserver import Fault, Script, running

SOCIAL = [person for person in EVERYBODY if person.sector == "social"]


def test_a_cancel_after_a_kill_leaves_nobody_where_no_command_reaches(office: Office) -> None:
    with running(Script(faults=(Fault("rcpt", delay=0.02), Fault("body", delay=0.05)))) as server:
        sending = office.at(server.port)
        process = sending.start(*send_arguments(SLUG, "social"))
        until(lambda: len(server.accepted) >= 5, "five messages have left", process=process)
        process.send_signal(signal.SIGKILL)
        finish(process, -signal.SIGKILL)
        sending.run("dispatches", "cancel", "1", "--yes")
        states = sending.states()
        assert set(states) <= {"accepted", "in_doubt", "withheld"}
        assert sum(states.values()) == len(SOCIAL)
        assert states["withheld"] > 0
    assert sending.dispatch_state() == "cancelled"


def test_a_cancel_from_another_terminal_stops_what_is_not_on_the_wire(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sending command has claimed more than it has begun: none of that leaves once the cancel has returned."""
    with running() as server:
        go_on = hold_after(server, 5, monkeypatch)
        sending = office.at(server.port)
        process = sending.start(*send_arguments(SLUG, "social"))
        until(lambda: len(server.accepted) == 5, "five messages have left", process=process)
        said = sending.run("dispatches", "cancel", "1", "--yes").out
        in_hand = len(sending.deliveries("claimed", "sending"))
        assert f"{len(SOCIAL) - 5 - in_hand} recipients withheld" in said
        assert f"{in_hand} more are in hand of the command that sends it" in said
        on_the_wire = len(sending.deliveries("sending"))
        left = len(server.accepted)
        go_on.set()
        ran = finish(process, 5)
        assert "cancelled by another command" in one_sentence(ran)
        assert on_the_wire <= 3
        assert len(server.accepted) <= left + on_the_wire
        states = sending.states()
        assert states == {"accepted": len(server.accepted), "withheld": len(SOCIAL) - len(server.accepted)}
        assert server.violations == []
        assert "not yet" not in sending.run("dispatches", "show", "1").out
    assert sending.dispatch_state() == "cancelled"


def test_what_is_done_cannot_be_cancelled(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU)
        assert "is done" in one_sentence(sending.run("dispatches", "cancel", "1", "--yes", code=2))
    assert sending.dispatch_state() == "done"


def test_a_doubt_on_a_cancelled_dispatch_is_settled_and_nothing_is_sent(office: Office) -> None:
    with running(Script(faults=(Fault("body", do="accept_then_drop", nth=(2, 3)),))) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        sending.change("UPDATE dispatch SET state = 'cancelled'")
        sent = len(server.accepted)
        said = one_sentence(sending.run("dispatches", "resume", "1", code=2))
        assert "2 recipients are in doubt" in said
        assert "Settled 2 doubts" in sending.run("dispatches", "resume", "1", "--in-doubt", "assume-sent").out
        assert len(server.accepted) == sent
        report = sending.json("report", SLUG)
        ((reason, many),) = report["assumed_sent"].items()
        assert (many, report["totals"]["accepted"]) == (2, len(SHORT_LIST))
        assert reason.startswith("assumed sent by ")


def import_newer(office: Office) -> None:
    """Import the same release with other words."""
    newer = office.path / "newer.txt"
    newer.write_text(communique().replace("urgences", "Urgences", 1), encoding="utf-8")
    office.run("releases", "import", str(newer), "--slug", SLUG)


def test_a_newer_version_stops_before_those_who_have_the_older(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU)
        import_newer(sending)
        ran = sending.send(SLUG, BUREAU, code=3)
        said = one_sentence(ran)
        assert f"{len(SHORT_LIST)} recipients have an earlier version" in said
        assert "--again" in said
        assert f"  {SHORT_LIST[0].name} has version 1 (dispatch 1)" in ran.out
        assert len(server.accepted) == len(SHORT_LIST)
        rehearsed = json.loads(sending.run("send", SLUG, "--list", BUREAU, "--dry-run", "--json", code=3).out)
        assert rehearsed["had_earlier_version"] == len(SHORT_LIST)
        left_out = sending.send(SLUG, BUREAU, "social", more=("--not-again",))
        assert f"{len(SOCIAL)} recipients; left out: {len(SHORT_LIST)} " in left_out.out
        assert len(server.accepted) == len(SHORT_LIST) + len(SOCIAL)
        sending.send(SLUG, BUREAU, more=("--again",))
        assert len(server.accepted) == 2 * len(SHORT_LIST) + len(SOCIAL)
        assert "dispatch 3, version 2: 250" in sending.run("report", SLUG).out


def test_who_still_waits_for_the_older_version_never_gets_it_after_the_newer(office: Office) -> None:
    office.send(SLUG, BUREAU, code=4)  # nothing listens at its port: the dispatch is planned, and paused
    import_newer(office)
    with running() as server:
        sending = office.at(server.port)
        said = one_sentence(sending.send(SLUG, BUREAU, code=3, more=("--again",)))
        assert f"{len(SHORT_LIST)} recipients still wait for an earlier version" in said
        assert "distributor dispatches cancel 1" in said
        sending.run("dispatches", "cancel", "1", "--yes")
        sending.send(SLUG, BUREAU)
        assert len(server.accepted) == len(SHORT_LIST)


def test_who_comes_to_wait_for_the_older_version_meanwhile_never_gets_it_after_the_newer(office: Office) -> None:
    refused = SHORT_LIST[0].spec
    with running(Script(faults=(Fault("rcpt", reply="552 5.2.2 Mailbox full", recipient=refused, times=1),))) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        import_newer(sending)
        with sending.on_a_terminal("send", SLUG, "--list", BUREAU, "--again") as terminal:
            terminal.read_until("[y/N]")
            nowhere = office.at(9)  # queued again, and paused: nothing listens there
            nowhere.run("dispatches", "retry", "1", "--state", "rejected", "--yes", code=4)
            terminal.type("y\n")
            terminal.read_until("distributor dispatches cancel 1")
            finish(terminal.process, 3)
        assert len(server.accepted) == len(SHORT_LIST) - 1


def test_who_looks_after_a_kill_is_told_that_nobody_carries_it(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as server:
        go_on = hold_after(server, 5, monkeypatch)
        sending = office.at(server.port)
        process = sending.start(*send_arguments(SLUG, "social"))
        until(lambda: len(server.accepted) == 5, "five messages have left", process=process)
        assert not sending.json("dispatches", "show", "1")["stopped"]
        process.send_signal(signal.SIGKILL)
        finish(process, -signal.SIGKILL)
        go_on.set()
        told = "stopped in the middle — distributor dispatches resume 1"
        for command in (
            ["report", SLUG],
            ["dispatches", "list"],
            ["dispatches", "show", "1"],
            send_arguments(SLUG, "social"),
        ):
            assert told in sending.run(*command).out, command
        came_back = office.path.parent / "came-back.eml"
        came_back.write_text("From: desk@journal.example\nSubject: merci\n\nBien reçu.\n", encoding="utf-8")
        sending.run("feedback", "read", str(came_back))  # settles what the dead one had in hand
        assert sending.states().keys() == {"accepted", "queued", "in_doubt"}
        assert told in sending.run("dispatches", "show", "1").out
        assert "stopped in the middle" in sending.run("agenda").out

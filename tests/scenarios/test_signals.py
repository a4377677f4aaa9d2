"""Ctrl-C, `kill`, for `work` a closed terminal: the first finishes what is on the wire, the second stops at once."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from office import EVERYBODY, SLUG, Office, finish, hold_after, send_arguments, until
from smtpserver import Fault, Script, running
from warmcommand import WarmCommand

SOCIAL = [person for person in EVERYBODY if person.sector == "social"]


def test_the_first_signal_stops_in_order(office: Office) -> None:
    """Whatever the signal and the command: what is on the wire is finished, and the next command goes on from there."""
    with running(Script(faults=(Fault("rcpt", delay=0.01), Fault("body", delay=0.04)))) as server:
        sending = office.at(server.port)
        for number, command in (
            (signal.SIGINT, send_arguments(SLUG, "social")),
            (signal.SIGTERM, ["dispatches", "resume", "1"]),
            (signal.SIGHUP, ["work"]),
        ):
            before = len(server.accepted)
            process = sending.start(*command)
            until(lambda: len(server.accepted) >= before + 5, "five more messages have left", process=process)  # noqa: B023 - used at once
            process.send_signal(number)
            ran = finish(process, 130)
            assert "everything is saved" in ran.err
            assert "distributor " in ran.err
            left = len(server.accepted)
            assert left < len(SOCIAL)
            assert sending.states() == {"accepted": left, "queued": len(SOCIAL) - left}
        server.mend()
        sending.run("work", "--once")
        assert sorted(one.recipient for one in server.accepted) == sorted(person.spec for person in SOCIAL)
        assert server.violations == []
    assert sending.dispatch_state() == "done"


def test_the_second_signal_stops_at_once_and_names_the_doubt(office: Office) -> None:
    """The server has what is on the wire in its journal, and keeps its answer to itself."""
    with running(Script(faults=(Fault("body", do="accept_then_stall", nth=(4, 5, 6)),))) as server:
        events = office.path / "events.jsonl"
        sending = office.at(server.port, LOG_FILE=events.name)
        process = sending.start(*send_arguments(SLUG, "social"))
        until(lambda: len(server.accepted) == 6, "the server keeps three answers to itself", process=process)
        unanswered = {one.recipient for one in server.accepted[3:]}
        process.send_signal(signal.SIGINT)
        _hear(process)
        process.send_signal(signal.SIGINT)
        ran = finish(process, 130, seconds=10)
        assert all(f"In doubt: {address}" in ran.out for address in unanswered)
        names = {person.spec: person.name for person in SOCIAL}
        assert sending.in_doubt() == {address: names[address] for address in unanswered}
        assert sending.json("dispatches", "show", "1")["stopped"] is True
        ended = json.loads(events.read_text(encoding="utf-8").splitlines()[-1])
        assert (ended["event"], ended["because"]) == ("dispatch.ended", ["stopped"])
        assert ended["outcomes"] == {"accepted": 3}
        sending.run("dispatches", "resume", "1", code=5)
        assert sorted(one.recipient for one in server.accepted) == sorted(person.spec for person in SOCIAL)
    assert sending.states() == {"accepted": len(SOCIAL) - 3, "in_doubt": 3}


def test_work_that_is_stopped_twice_names_the_doubt_and_leaves_nothing_running(office: Office) -> None:
    """All but one have it: the dispatch ends then and there, and does not wait for the next command to say so."""
    with running(Script(faults=(Fault("body", do="accept_then_stall", nth=(len(SOCIAL),)),))) as server:
        sending = office.at(server.port)
        _leave_to_work(sending)
        process = sending.start("work")
        until(lambda: len(server.accepted) == len(SOCIAL), "the server keeps an answer to itself", process=process)
        process.send_signal(signal.SIGTERM)
        _hear(process)
        process.send_signal(signal.SIGTERM)
        ran = finish(process, 130, seconds=10)
    assert f"In doubt: {server.accepted[-1].recipient}" in ran.out
    assert ran.err.endswith("Stopped; everything is saved, and nobody waits any more.\n"), (
        "there is nothing to go on with"
    )
    assert sending.dispatch_state() == "done"


def test_a_hang_up_that_is_told_twice_stops_in_order(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system tells it as the terminal closes, and the shell passes it on: nobody has asked to stop at once."""
    with _stopping_in_order(office, monkeypatch) as process:
        process.send_signal(signal.SIGHUP)
        _hear(process)
        process.send_signal(signal.SIGHUP)


def test_a_word_that_is_told_twice_in_one_breath_stops_in_order(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GNU `timeout` tells the process, and then the group to which it belongs."""
    with _stopping_in_order(office, monkeypatch) as process:
        for _ in range(50):  # the system makes one of those that come before the first is taken
            process.send_signal(signal.SIGTERM)
        _hear(process)


@contextmanager
def _stopping_in_order(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[WarmCommand]:
    """`work` with a message on the wire, which is finished in the end, and nobody in doubt."""
    with running(Script()) as server:
        sending = office.at(server.port)
        _leave_to_work(sending)
        gate = hold_after(server, 4, monkeypatch)
        process = sending.start("work")
        until(gate.reached.is_set, "a message is on the wire", process=process)
        yield process
        gate.set()
        finish(process, 130)
        left = len(server.accepted)
    assert sending.states() == {"accepted": left, "queued": len(SOCIAL) - left}


def _hear(process: WarmCommand) -> None:
    """Until it has said what a second word would do."""
    assert process.stderr is not None
    assert "Once more to stop at once" in process.stderr.readline()


def _leave_to_work(office: Office) -> None:
    """A dispatch that nobody has begun to carry: `work` takes it up."""
    office.at(1).run(*send_arguments(SLUG, "social"), code=4)
    office.change("UPDATE dispatch SET state = 'running', pause_reason = ''")

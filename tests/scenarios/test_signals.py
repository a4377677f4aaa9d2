"""Ctrl-C, `kill`, for `work` a closed terminal: the first finishes what is on the wire, the second stops at once."""

from __future__ import annotations

import signal

from office import EVERYBODY, SLUG, Office, finish, send_arguments, until
from smtpserver import Fault, Script, running

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
        sending.run("work", "--once")
        assert sorted(one.recipient for one in server.accepted) == sorted(person.spec for person in SOCIAL)
        assert server.violations == []
    assert sending.dispatch_state() == "done"


def test_the_second_signal_stops_at_once_and_names_the_doubt(office: Office) -> None:
    """The server has what is on the wire in its journal, and keeps its answer to itself."""
    with running(Script(faults=(Fault("body", do="accept_then_stall", nth=(4, 5, 6)),))) as server:
        sending = office.at(server.port)
        process = sending.start(*send_arguments(SLUG, "social"))
        until(lambda: len(server.accepted) == 6, "the server keeps three answers to itself", process=process)
        unanswered = {one.recipient for one in server.accepted[3:]}
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "Once more to stop at once" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        ran = finish(process, 130, seconds=10)
        assert all(f"In doubt: {address}" in ran.out for address in unanswered)
        names = {person.spec: person.name for person in SOCIAL}
        assert sending.in_doubt() == {address: names[address] for address in unanswered}
        sending.run("dispatches", "resume", "1", code=5)
        assert sorted(one.recipient for one in server.accepted) == sorted(person.spec for person in SOCIAL)
    assert sending.states() == {"accepted": len(SOCIAL) - 3, "in_doubt": 3}

"""The process that writes the delivery log is stopped for ever: a run, and whoever ends it, come to an end."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from pathlib import Path

import pytest
from movingclock import MovingClock
from office import EVERYBODY, SLUG, Office, finish, hold_after, one_sentence, send_arguments, until
from smtpserver import Fault, Script, ScriptedServer, running
from warmcommand import APART_FROM, WarmCommand

SOCIAL = [person for person in EVERYBODY if person.sector == "social"]
SILENT = "The process that writes the delivery log has not answered for a minute."


def log_of(process: WarmCommand) -> int:
    """The process that writes the delivery log of a command."""
    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == str(process.pid):
            children.append(int(stat.parent.name))
    (one,) = children
    return one


def stop_the_log(sending: Office, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> tuple[WarmCommand, int]:
    """Send, and stop the log's process while messages are on the wire, whose replies come then."""
    sending.settings[APART_FROM] = "1"
    gate = hold_after(server, 5, monkeypatch)
    process = sending.start(*send_arguments(SLUG, "social"))
    until(gate.reached.is_set, "a message stands before the gate", process=process)
    log = log_of(process)
    os.kill(log, signal.SIGSTOP)
    gate.set()
    return process, log


def gone(number: int) -> bool:
    return not Path(f"/proc/{number}").exists()


def goes_on(sending: Office, server: ScriptedServer) -> None:
    """Who is in doubt is named and left alone, the others get theirs, and nobody gets two."""
    doubt = {one["address"] for one in sending.deliveries("in_doubt")}
    assert set(sending.in_doubt()) == doubt
    sending.run("dispatches", "resume", "1", code=5 if doubt else 0)
    times = Counter(one.recipient for one in server.accepted)
    assert set(times.values()) == {1}, "somebody was mailed twice"
    assert set(times) | doubt == {person.spec for person in SOCIAL}, "somebody was lost"
    assert {one["address"] for one in sending.deliveries("in_doubt")} == doubt
    assert sending.query("SELECT delivery_id FROM attempt GROUP BY 1, started_at HAVING count(*) > 1") == []
    assert server.violations == []


def minute_of(clock: MovingClock, process: WarmCommand) -> None:
    """A minute goes by, and the command sees it go by: a leap would be a machine that slept.

    Others of its tasks sleep too, and may be who has looked: it goes on until the one that counts has, four times.
    """
    for _ in range(100):
        clock.move(seconds=15.0)
        until(lambda: process.poll() is not None or clock.looked(process.pid) == clock.now(), "it has looked")
        if process.poll() is not None:
            return
        threading.Event().wait(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, 0])
def test_after_a_minute_it_is_given_up(
    office: Office, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Stopped in order by the user, or by nobody."""
    with running(Script(faults=(Fault("rcpt", delay=0.01),))) as server:
        sending = office.at(server.port).by(moving_clock)
        process, log = stop_the_log(sending, server, monkeypatch)
        if number:
            process.send_signal(number)
            assert process.stderr is not None
            assert "Once more to stop at once" in process.stderr.readline()
        minute_of(moving_clock, process)
        assert SILENT in one_sentence(finish(process, 2))
        assert gone(log), "it writes nothing any more"
        goes_on(sending, server)


def test_a_second_signal_ends_it_at_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Script(faults=(Fault("rcpt", delay=0.01),))) as server:
        sending = office.at(server.port)
        process, log = stop_the_log(sending, server, monkeypatch)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "Once more to stop at once" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        ran = finish(process, 130, seconds=10)
        assert all(f"In doubt: {one['address']}" in ran.out for one in sending.deliveries("in_doubt"))
        assert gone(log)
        goes_on(sending, server)


def test_a_log_that_was_stopped_for_a_while_is_waited_for(
    office: Office, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as a machine sleeps: the clock leaps, and it answers."""
    with running(Script(faults=(Fault("rcpt", delay=0.01),))) as server:
        sending = office.at(server.port).by(moving_clock)
        process, log = stop_the_log(sending, server, monkeypatch)
        moving_clock.move(minutes=10)
        until(lambda: moving_clock.looked(process.pid) == moving_clock.now(), "it has looked", process=process)
        os.kill(log, signal.SIGCONT)
        finish(process, 0)
        assert sending.states() == {"accepted": len(SOCIAL)}

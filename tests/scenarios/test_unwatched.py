"""Nobody looks any more: the pipe is closed, the window is gone. What was confirmed is sent to its end."""

from __future__ import annotations

from office import EVERYBODY, SLUG, Office, send_arguments, until
from smtpserver import Fault, Script, running

SOCIAL = [person for person in EVERYBODY if person.sector == "social"]
TALKATIVE = Script(
    faults=(Fault("rcpt", reply="550 5.1.1 User unknown", nth=(4, 5, 6, 20, 30)), Fault("body", delay=0.02))
)
"""Refusals, so that there is something to print on the way."""


def test_a_reader_who_leaves_after_the_first_line_ends_nothing(office: Office) -> None:
    """`distributor send … | head -1`."""
    with running(TALKATIVE) as server:
        sending = office.at(server.port)
        process = sending.start(*send_arguments(SLUG, "social"))
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert "Some recipients were not reached" in process.stderr.read()
        assert process.wait(30) == 5
        assert len(server.accepted) == len(SOCIAL) - 5
        assert server.violations == []
    assert sending.states() == {"accepted": len(SOCIAL) - 5, "rejected": 5}
    assert sending.dispatch_state() == "done"


def test_a_window_that_is_closed_ends_nothing(office: Office) -> None:
    with running(TALKATIVE) as server:
        sending = office.at(server.port)
        with sending.on_a_terminal(*send_arguments(SLUG, "social")) as terminal:
            until(lambda: len(server.accepted) >= 5, "five messages have left", process=terminal.process)
            terminal.hang_up()
            terminal.process.wait(30)
        assert len(server.accepted) == len(SOCIAL) - 5
        assert server.violations == []
    assert sending.states() == {"accepted": len(SOCIAL) - 5, "rejected": 5}
    assert sending.dispatch_state() == "done"
    assert sending.query("SELECT count(*) FROM attempt WHERE state = 'in_doubt'") == [(0,)]

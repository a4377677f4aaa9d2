"""Cancelling what a killed command left, and sending a release that has a newer version."""

from __future__ import annotations

import signal

from office import EVERYBODY, SLUG, Office, communique, finish, send_arguments, until
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


def test_a_newer_version_says_who_would_get_it_again(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port)
        sending.send(SLUG, "social")
        newer = sending.path / "newer.txt"
        newer.write_text(communique().replace("urgences", "Urgences", 1), encoding="utf-8")
        sending.run("releases", "import", str(newer), "--slug", SLUG)
        shown = sending.run("send", SLUG, "--list", "social", "--dry-run").out
        assert f"{len(SOCIAL)} of them stand on a dispatch of an earlier version" in shown
        assert sending.json("send", SLUG, "--list", "social", "--dry-run", "--json")["had_earlier_version"] == len(
            SOCIAL
        )
        assert len(server.accepted) == len(SOCIAL)

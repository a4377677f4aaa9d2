"""A correction killed while it is planned and while it is sent: nobody gets the wrong text after it, nobody two."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path

from office import EVERYBODY, SLUG, Office, finish, journaling_server, one_sentence, send_arguments, until
from smtpserver import Accepted, Fault, Script
from test_corrections_sent import CORRECTION, corrected

SOCIAL = {person.spec for person in EVERYBODY if person.sector == "social"}
CONNECTIONS = 3
SLOW = Script(faults=(Fault("data", delay=0.02), Fault("body", delay=0.02)))


def test_a_correction_killed_in_the_middle_of_planning_and_of_sending(office: Office, tmp_path: Path) -> None:
    with journaling_server(tmp_path, SLOW) as server:
        sending = office.at(server.port, smtp_connections=str(CONNECTIONS))
        process = sending.start(*send_arguments(SLUG, "social"))
        until(lambda: len(server.journal()) >= len(SOCIAL) // 2, "half have left", process=process)
        process.kill()
        finish(process, -signal.SIGKILL)
        wrong = len(server.journal())
        sending.run("releases", "correct", SLUG, corrected(sending), "--keep-sending")

        process = sending.start("send", CORRECTION, "--yes")
        until(lambda: sending.dispatch_state() == "paused", "the wrong text is held", process=process)
        process.kill()
        finish(process, -signal.SIGKILL)
        assert len(server.journal()) == wrong, "killed between the hold and the plan, or right behind it"

        for number in range(1, 4):
            planned = sending.query("SELECT count(*) FROM dispatch") == [(2,)]
            process = sending.start(*(["dispatches", "resume", "2"] if planned else ["send", CORRECTION, "--yes"]))
            goal = wrong + 4 * number
            until(lambda goal=goal: len(server.journal()) >= goal, "some more have left", process=process)
            process.kill()
            finish(process, -signal.SIGKILL)
        finish(sending.start("dispatches", "resume", "2"), 0, 5)
        assert sending.query("SELECT state FROM dispatch WHERE id = 1") == [("cancelled",)]
        doubtful = sending.in_doubt(1)
        if doubtful:  # whoever was on the wire when the wrong text was killed: said not to have it
            assert "not known" in one_sentence(sending.run("send", CORRECTION, "--yes", code=5))
            sending.run("dispatches", "resume", "1", "--in-doubt", "assume-sent")
            finish(sending.start("send", CORRECTION, "--yes"), 0, 5)
        check(sending, server.journal(), wrong)
        assert server.violations() == []


def check(sending: Office, journal: list[Accepted], wrong: int) -> None:
    """Everybody has the wrong text and one correction of it, or the right text and nothing else."""
    first, later = journal[:wrong], journal[wrong:]
    rows = sending.deliveries()
    identifiers = {one["message_id"]: one for one in rows}
    assert set(Counter(one.message_id for one in journal).values()) == {1}, "a message left twice"
    assert all(identifiers[one.message_id]["dispatch_id"] == 1 for one in first)
    assert all(identifiers[one.message_id]["dispatch_id"] != 1 for one in later), "the wrong text left after its end"
    assert max(Counter(one.recipient for one in later).values()) == 1, "somebody was told twice"
    corrections = {one["corrects_id"] for one in rows if one["corrects_id"]}
    had = {one["id"] for one in rows if one["dispatch_id"] == 1 and one["state"] == "accepted"}
    assert corrections == had
    told = {one["address"] for one in rows if one["dispatch_id"] != 1 and one["state"] in ("accepted", "in_doubt")}
    assert told == SOCIAL
    in_doubt = sum(one["state"] == "in_doubt" for one in rows)
    assert in_doubt <= 3 * CONNECTIONS

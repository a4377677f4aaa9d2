"""Watching the real command: its events, its dialogue, its figures."""

from __future__ import annotations

import json
import re
import signal
import urllib.request

from office import BUREAU, SHORT_LIST, SLUG, Office, communique, finish, send_arguments
from smtpserver import Fault, Script, running


def test_events_dialogue_and_figures(office: Office) -> None:
    refused = Fault("rcpt", reply="550 5.1.1 User unknown", nth=(2,))
    with running(Script(faults=(refused,))) as server:
        sending = office.at(server.port, log_file="events.jsonl")
        ran = sending.send(SLUG, BUREAU, code=5, more=("--verbose",))
    assert "→ EHLO" in ran.err
    assert "→ (the message, " in ran.err
    assert "Subject:" not in ran.err
    told = (office.path / "events.jsonl").read_text(encoding="utf-8")
    events = [json.loads(line) for line in told.splitlines()]
    assert [one["event"] for one in events] == [
        "dispatch.planned", "dispatch.started", *["delivery.attempted"] * len(SHORT_LIST), "dispatch.ended",
    ]  # fmt: skip
    assert [one["state"] for one in events[2:-1]].count("rejected") == 1
    assert events[-1]["outcomes"] == {"accepted": len(SHORT_LIST) - 1, "rejected": 1}
    assert not any(person.spec in told or person.last_name in told for person in SHORT_LIST)

    process = sending.start("work", "--metrics", "0")
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]
    assert "waiting" in process.stdout.readline()
    with urllib.request.urlopen(url, timeout=20) as page:
        assert page.headers["Content-Type"].startswith("application/openmetrics-text")
        text = page.read().decode()
    assert f'distributor_deliveries{{state="accepted"}} {len(SHORT_LIST) - 1}\n' in text
    assert text.endswith("# EOF\n")
    process.send_signal(signal.SIGTERM)
    finish(process, 130)


def test_what_a_person_says_is_an_event_without_their_name(office: Office) -> None:
    sending = office.at(9, log_file="events.jsonl")
    sending.send(SLUG, BUREAU, code=4)
    sending.run("dispatches", "stop", "1")
    sending.run("dispatches", "cancel", "1", "--yes")
    sending.run("send", SLUG, "--yes", "--list", BUREAU, "--at", "tomorrow 09:00")
    sending.run("dispatches", "reschedule", "2", "--at", "tomorrow 10:00", "--yes")
    sending.run("dispatches", "pause", "2")
    sending.run("dispatches", "resume", "2")
    told = (office.path / "events.jsonl").read_text(encoding="utf-8")
    events = [json.loads(line) for line in told.splitlines()]
    said = [
        (one["dispatch_id"], one["event"].removeprefix("dispatch.")) for one in events if one["worker"] == "command"
    ]
    of_first, of_second = ["planned", "stopped", "cancelled"], ["planned", "rescheduled", "paused", "resumed"]
    assert said == [(1, one) for one in of_first] + [(2, one) for one in of_second]
    assert all("actor" not in one for one in events)


def test_what_a_correction_ends_is_an_event_too(office: Office) -> None:
    sending = office.at(9, log_file="events.jsonl")
    sending.run("send", SLUG, "--yes", "--list", BUREAU, "--at", "tomorrow 09:00")
    (office.path / "corrige.txt").write_text(communique().replace("quatorze mois", "dix-sept mois"), encoding="utf-8")
    sending.run("releases", "correct", SLUG, str(office.path / "corrige.txt"), "--keep-sending")
    sending.run("send", f"{SLUG}-rectificatif", "--yes")
    told = [json.loads(line) for line in (office.path / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    said = [(one["dispatch_id"], one["event"].removeprefix("dispatch.")) for one in told if one["worker"] == "command"]
    assert said == [(1, "planned"), (1, "paused"), (1, "cancelled"), (2, "planned")]


def test_what_is_done_is_done_though_no_event_can_tell_of_it(office: Office) -> None:
    office.run("send", SLUG, "--yes", "--list", BUREAU, "--at", "tomorrow 09:00")
    office.at(9, log_file="nowhere/events.jsonl").run("dispatches", "pause", "1")
    assert office.dispatch_state() == "paused"


def test_on_a_terminal_send_shows_what_watch_shows(office: Office) -> None:
    refused = Fault("rcpt", reply="550 5.1.1 User unknown", nth=(2,))
    with running(Script(faults=(refused,))) as server:
        sending = office.at(server.port)
        with sending.on_a_terminal(*send_arguments(SLUG, BUREAU)) as terminal:
            terminal.read_until("Some recipients were not reached")
            assert terminal.process.wait(20) == 5
    total = len(SHORT_LIST)
    shown = terminal.shown
    assert f"{total} of {total}" in shown
    assert "done" in shown[shown.rindex(f"{total} of {total}") :]
    assert "█" in shown
    assert "Trouble with: " in shown
    assert re.search(r"rejected.* \d\d:\d\d:\d\d .*@.*  550 ", shown)
    assert shown.rindex("Trouble with: ") < shown.rindex(f"{total - 1} accepted, 1 rejected"), "then the last word"
    with sending.on_a_terminal("dispatches", "watch", "1") as terminal:
        terminal.read_until("  550 ")
        assert terminal.process.wait(20) == 0
    assert f"{total} of {total}" in terminal.shown

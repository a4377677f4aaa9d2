"""Watching the real command: its events, its dialogue, its figures."""

from __future__ import annotations

import json
import signal
import urllib.request

from office import BUREAU, SHORT_LIST, SLUG, Office, finish
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
        "dispatch.started", *["delivery.attempted"] * len(SHORT_LIST), "dispatch.ended",
    ]  # fmt: skip
    assert [one["state"] for one in events[1:-1]].count("rejected") == 1
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

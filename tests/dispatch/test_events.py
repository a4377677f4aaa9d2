"""The event log: one JSON object a line, nobody's address unless asked for, and no failure that ends a dispatch."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ledgerbase import REJECTED, START

from distributor.deliveries.records import ClaimedDelivery
from distributor.dispatch.events import SILENT, EventLog, open_event_log
from distributor.errors import BadInput

CLAIMED = ClaimedDelivery(7, "anne@jour.example", "Anne", "jour.example", "<7@x.example>", 1, 0, None, "{}")


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("personal", [False, True])
def test_an_attempt_is_one_line_and_personal_only_when_it_is_asked_for(tmp_path: Path, personal: bool) -> None:
    log = open_event_log("events.jsonl", tmp_path, personal=personal, worker="w1")
    log.tell_outcome(3, CLAIMED, REJECTED)
    log.tell("dispatch.ended", dispatch_id=3)
    attempted, ended = read(tmp_path / "events.jsonl")
    assert (attempted["event"], attempted["dispatch_id"], attempted["attempt"]) == ("delivery.attempted", 3, 2)
    assert (attempted["state"], attempted["code"], attempted["worker"]) == ("rejected", 550, "w1")
    assert ("anne@jour.example" in json.dumps(attempted)) is personal
    assert ("User unknown" in json.dumps(attempted)) is personal
    assert ended["event"] == "dispatch.ended"
    assert os.stat(tmp_path / "events.jsonl").st_mode & 0o077 == 0


@pytest.mark.parametrize("personal", [False, True])
def test_what_names_people_is_told_only_when_it_is_asked_for(tmp_path: Path, personal: bool) -> None:
    log = open_event_log("events.jsonl", tmp_path, personal=personal, worker="command")
    log.tell("dispatch.paused", personal={"actor": "anne"}, dispatch_id=3)
    (told,) = read(tmp_path / "events.jsonl")
    assert told["dispatch_id"] == 3
    assert told.get("actor") == ("anne" if personal else None)


def test_without_a_place_nothing_is_told(tmp_path: Path) -> None:
    assert open_event_log("", tmp_path, personal=False, worker="w1") is SILENT


def test_standard_error_is_a_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_event_log("-", tmp_path, personal=False, worker="w1").tell("worker.started")
    assert json.loads(capsys.readouterr().err)["event"] == "worker.started"


def test_a_log_that_cannot_be_written_ends_nothing() -> None:
    def fail(_line: str) -> None:
        raise OSError("disk full")

    EventLog(fail, now=lambda: START).tell("dispatch.started")


def test_a_file_that_cannot_be_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be written"):
        open_event_log("no/such/folder/events.jsonl", tmp_path, personal=False, worker="w1")


def test_a_pipe_that_nobody_reads_is_said_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "events")
    with pytest.raises(BadInput, match="nobody reads this pipe"):
        open_event_log("events", tmp_path, personal=False, worker="w1")


def test_a_log_that_is_moved_away_goes_on_in_a_new_one(tmp_path: Path) -> None:
    """As logrotate moves it: what runs for months must not write to a file that is deleted in the end."""
    log = open_event_log("events.jsonl", tmp_path, personal=False, worker="w1")
    log.tell("dispatch.started")
    (tmp_path / "events.jsonl").rename(tmp_path / "events.jsonl.1")
    log.tell("dispatch.ended")
    log.tell("dispatch.paused")
    told = [[one["event"] for one in read(tmp_path / name)] for name in ("events.jsonl.1", "events.jsonl")]
    assert told == [["dispatch.started"], ["dispatch.ended", "dispatch.paused"]]
    assert os.stat(tmp_path / "events.jsonl").st_mode & 0o077 == 0


def test_where_no_new_log_can_be_made_the_one_moved_away_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    log = open_event_log("log/events.jsonl", tmp_path, personal=False, worker="w1")
    folder.rename(tmp_path / "log.1")
    log.tell("dispatch.ended")
    (told,) = read(tmp_path / "log.1" / "events.jsonl")
    assert told["event"] == "dispatch.ended"


def test_whoever_reads_a_pipe_and_stops_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "events")
    reader = os.open(tmp_path / "events", os.O_RDONLY | os.O_NONBLOCK)
    log = open_event_log("events", tmp_path, personal=False, worker="w1")
    for number in range(5000):
        log.tell("dispatch.started", dispatch_id=number)
    told = [json.loads(line)["dispatch_id"] for line in os.read(reader, 1 << 24).splitlines()]
    assert told == list(range(len(told)))
    assert 0 < len(told) < 5000
    log.tell("dispatch.ended")
    assert json.loads(os.read(reader, 1 << 24))["event"] == "dispatch.ended"
    os.close(reader)
    log.tell("dispatch.ended")

"""Whoever objects while their message waits is told of wherever people are told of who waits, and is never sent to."""

from __future__ import annotations

import csv
from pathlib import Path

from movingclock import MovingClock
from office import BUREAU, SHORT_LIST, SLUG, Office
from smtpserver import Fault, Script, running
from test_release_hours import clock, press_day, schedule

__all__ = ["clock"]
TOLD = "Of those who wait, 1 has objected meanwhile: nothing will be sent to them."


def test_at_five_to_six_it_is_seen_who_objected_since_noon(office: Office, clock: MovingClock, tmp_path: Path) -> None:
    first, second, *others = SHORT_LIST
    with press_day(office, clock) as (own, server):
        schedule(own, "18:00")
        before = own.run("dispatches", "show", "1").out + own.run("report", SLUG).out
        assert "objected" not in before
        assert f"to {len(SHORT_LIST)} recipients starts" in own.run("agenda").out
        own.run("suppressions", "add", first.address, "--source", "phone")
        assert f"to {len(SHORT_LIST) - 1} recipients starts" in own.run("agenda").out
        clock.move(hours=8, minutes=55)
        shown = own.run("dispatches", "show", "1").out
        assert f"{TOLD}\n  {first.spec} {first.name}\n" in shown
        said = own.run("report", SLUG).out
        assert TOLD in said
        assert "objected meanwhile: nothing will be sent" in said
        as_json = own.json("dispatches", "show", "1")
        assert [(one["address"], one["to_be_withheld"]) for one in as_json["to_be_withheld"]] == [
            (first.spec, "objection")
        ]
        told = own.json("report", SLUG)
        assert told["to_be_withheld"] == {"objection": 1}
        assert [one["address"] for one in told["recipients"] if one["to_be_withheld"]] == [first.spec]
        assert {one["state"] for one in told["recipients"]} == {"queued"}, "the ledger says what it said"
        page, table = tmp_path / "page.html", tmp_path / "table.csv"
        own.run("report", SLUG, "--html", str(page), "--csv", str(table), "--language", "fr")
        assert (
            "Parmi ceux qui attendent, 1 a fait opposition entre-temps : rien ne lui sera envoyé." in page.read_text()
        )
        rows = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
        assert [one["address"] for one in rows if one["to_be_withheld"] == "objection"] == [first.spec]
        own.run("suppressions", "add", second.address, "--source", "phone")
        assert (
            "Of those who wait, 2 have objected meanwhile: nothing will be sent to them." in own.run("report", SLUG).out
        )
        clock.move(minutes=5)
        own.run("work", "--once")
        assert {one.recipient for one in server.accepted} == {one.spec for one in others}
        assert own.json("report", SLUG)["to_be_withheld"] == {}
        assert "wait" not in own.run("dispatches", "show", "1").out


def test_who_objects_between_two_attempts_is_told_of(office: Office) -> None:
    who = SHORT_LIST[0]
    with running(Script(faults=(Fault("rcpt", reply="450 4.2.0 Later", recipient=who.spec),))) as server:
        own = office.at(server.port)
        own.send(SLUG, BUREAU, code=5)
        assert own.json("report", SLUG)["to_be_withheld"] == {}
        own.run("suppressions", "add", who.address, "--source", "phone")
        assert TOLD in own.run("dispatches", "show", "1").out
        assert TOLD in own.run("report", SLUG).out

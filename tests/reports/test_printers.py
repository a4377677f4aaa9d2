"""The report on a terminal and as CSV: what was said is shown, and nothing in it is obeyed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgerbase import START
from rich.console import Console

from distributor.errors import BadInput, StorageTrouble
from distributor.files import Output, OwnFiles
from distributor.reports.csvfile import COLUMNS, defused, write_csv
from distributor.reports.dispatch_row import DispatchRow
from distributor.reports.queries import Report
from distributor.reports.terminal import show_report
from distributor.reports.withholding import in_words

PARIS = ZoneInfo("Europe/Paris")
MARKUP = "[red]Zoë[/red] [link=http://x.example]:smile:[/link] [/]"


def recipient(**values: Any) -> dict[str, Any]:
    return {
        "id": 1, "dispatch_id": 1, "address": "zoe@fil.example", "name": "Zoë Ågren", "outlet": "Le Fil",
        "outlet_kind": "", "sector": "Santé", "domain": "fil.example", "language": "fr", "lists": ["sante", "social"],
        "state": "accepted", "reason": "", "verdict": "accepted", "phase": "body", "code": 250,
        "enhanced_code": "2.0.0", "reply": "2.0.0 Ok", "attempts": 1, "message_id": "<1@halle.example>", "version": 1,
        "release": "halle",
        "signed_off_by": "Anne Kerloc'h",
        "corrects": "",
        "corrected_by": "",
        "accepted_at": START, "next_attempt_at": None, "updated_at": START, "history": [],
        "wave": 0, "wave_name": "", "not_before": None, "embargo_until": None, "held_until": None, "by_embargo": False,
        "to_be_withheld": "",
    } | values  # fmt: skip


def report(
    headline: str = "La halle rouvre", pause_reason: str = "", sector: str = "Santé", domains: int = 1
) -> Report:
    row = DispatchRow(
        1, "halle", headline, 1, "paused", pause_reason, False, ["sante"], [], START, START, None, None, {"accepted": 1}
    )  # fmt: skip
    by_domain = {f"d{number}.example": {"accepted": 1} for number in range(domains)}
    return Report("halle", headline, [row], {"accepted": 1, "rejected": 0}, {sector: {"accepted": 1}}, by_domain)


def printed(found: Report, *rows: dict[str, Any], width: int = 200) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, markup=False, emoji=False, highlight=False, color_system=None)
    show_report(console, found, rows, PARIS)
    return out.getvalue()


def test_what_looks_like_markup_is_shown_as_it_is_written() -> None:
    shown = printed(
        report(headline=MARKUP, pause_reason=MARKUP, sector=MARKUP),
        recipient(name=MARKUP, outlet=MARKUP, state="rejected", code=550, reply=MARKUP),
        recipient(state="withheld", reason=MARKUP),
        width=400,
    )
    assert shown.count(MARKUP) == 7


def test_those_not_reached_come_first_with_the_servers_words() -> None:
    due = START + timedelta(minutes=5)
    shown = printed(
        report(),
        recipient(name="Anne"),
        recipient(name="Paul", state="rejected", code=550, reply="5.1.1 User\n unknown", accepted_at=None),
        recipient(name="Inès", state="deferred", code=450, reply="later", next_attempt_at=due, attempts=3),
    )
    assert shown.index("Paul") < shown.index("Anne")
    assert shown.index("Inès") < shown.index("Anne")
    assert "550 5.1.1 User unknown" in shown
    assert "450 later (again at 10:05)" in shown, "in the workspace's zone"
    assert "10:00:00" in shown


def test_many_domains_are_cut_and_it_is_said() -> None:
    shown = printed(report(domains=25), recipient())
    assert "d19.example" in shown
    assert "d20.example" not in shown
    assert "… and 5 more (--json has them)" in shown


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def test_csv_opens_in_a_french_excel(tmp_path: Path) -> None:
    file = tmp_path / "rapport.csv"
    rows = [recipient(reply="2.0.0 Ok; «vu»\nmerci"), recipient(accepted_at=None, code=None)]
    assert write_csv(Output(file, OwnFiles(tmp_path)), rows, PARIS) == 2
    assert file.read_bytes().startswith(b"\xef\xbb\xbfaddress;name;")
    first, second = read(file)
    assert tuple(first) == COLUMNS
    assert (first["name"], first["reply"], first["code"]) == ("Zoë Ågren", "2.0.0 Ok; «vu»\nmerci", "250")
    assert (first["lists"], first["accepted_at"]) == ("sante, social", "2026-03-02T10:00:00+01:00")
    assert (second["accepted_at"], second["code"], second["next_attempt_at"]) == ("", "", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_what_a_spreadsheet_would_run_is_shown_to_it_as_text(tmp_path: Path, start: str) -> None:
    bad = start + 'cmd|" /C calc"!A1'
    file = tmp_path / "rapport.csv"
    row = recipient(name=bad, outlet=bad, sector=bad, reply=bad, reason=bad, lists=[bad])
    write_csv(Output(file, OwnFiles(tmp_path)), [row], PARIS)
    (row,) = read(file)
    assert [row[name] for name in ("name", "outlet", "sector", "reply", "reason", "lists")] == ["'" + bad] * 6


@given(st.text())
def test_defusing_changes_nothing_else(text: str) -> None:
    made = defused(text)
    assert made.removeprefix("'") == text.removeprefix("'")
    assert made[:1] not in set("=+-@\t\r\n＝＋－＠")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=4, max_size=4))
def test_whatever_a_name_or_an_answer_holds_comes_back_from_the_csv(texts: list[str]) -> None:
    out = io.StringIO(newline="")
    name, outlet, reply, reason = texts
    from distributor.reports import csvfile

    csv.writer(out, delimiter=";").writerow([csvfile._cell(text, PARIS) for text in texts])
    out.seek(0)
    assert next(csv.reader(out, delimiter=";")) == [defused(text) for text in (name, outlet, reply, reason)]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    for path, at_fault in ((tmp_path, tmp_path), (tmp_path / "none" / "rapport.csv", tmp_path / "none")):
        with pytest.raises(BadInput, match="folder") as caught:
            write_csv(Output(path, OwnFiles(tmp_path)), [recipient()], PARIS)
        assert caught.value.file == str(at_fault)


def test_a_report_that_cannot_be_made_leaves_the_last_one(tmp_path: Path) -> None:
    file = tmp_path / "rapport.csv"
    file.write_text("the last one")

    def rows() -> Iterator[dict[str, Any]]:
        yield recipient()
        raise StorageTrouble("The database does not answer.")

    with pytest.raises(StorageTrouble):
        write_csv(Output(file, OwnFiles(tmp_path), endings=(".csv",)), rows(), PARIS)
    assert file.read_text() == "the last one"
    assert list(tmp_path.iterdir()) == [file]


def test_what_nobody_but_us_called_accepted_is_said_to_be_so() -> None:
    reason = "assumed sent by anne"
    found = replace(report(), assumed_sent={reason: 1})
    shown = printed(found, recipient(reason=reason, code=None, reply="no answer", verdict="no_answer"))
    assert f"Of the accepted, 1 {reason}: no mail server has said so." in shown
    assert "no answer" not in shown


def test_who_waits_and_will_not_be_sent_to_is_said_in_both_languages() -> None:
    found = replace(report(), to_be_withheld={"objection": 2, "mail came back before": 1})
    shown = printed(found, recipient(state="deferred", code=450, reply="later", to_be_withheld="mail came back before"))
    assert "Of those who wait, 2 have objected meanwhile: nothing will be sent to them." in shown
    assert (
        "Of those who wait, 1 has an address that mail came back from meanwhile: nothing will be sent there." in shown
    )
    assert "mail came back meanwhile: nothing will be sent" in shown
    assert "later" not in shown
    french = in_words(found.to_be_withheld, 0)
    assert french[0] == "Parmi ceux qui attendent, 2 ont fait opposition entre-temps : rien ne leur sera envoyé."
    assert french[1].endswith("1 a une adresse d’où le courrier est revenu entre-temps : rien n’y sera envoyé.")


def test_of_several_dispatches_each_row_says_which_it_is_of() -> None:
    one = report()
    shown = printed(replace(one, dispatches=one.dispatches * 2), recipient(dispatch_id=3, version=2))
    assert "dispatch 3, version 2: 250" in shown
    assert "dispatch 1, version 1" not in printed(one, recipient())


RESUME = "distributor dispatches resume 1"
PUT_OFF = "distributor dispatches reschedule 1 --at …"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": "running", "counts": {"queued": 1}}, "stopped in the middle — distributor dispatches resume 1"),
        ({"state": "paused", "pause_reason": "no"}, "paused: no — distributor dispatches resume 1"),
        ({"state": "paused", "pause_reason": "paused by anne: why"}, f"paused by anne: why — {RESUME}"),
        ({"state": "planned", "started_at": None}, "planned, not started — distributor dispatches resume 1"),
        (
            {"state": "planned", "started_at": None, "scheduled_at": START},
            "scheduled — distributor work starts it",
        ),
        (
            {"state": "paused", "pause_reason": "held: it was late", "started_at": None},
            f"held: it was late — to start it anyway: {RESUME}; to put it off: {PUT_OFF}",
        ),
        (
            {"state": "paused", "pause_reason": "held: a wave was missed"},
            f"held: a wave was missed — to let it go: {RESUME}",
        ),
        ({"state": "running", "next_attempt_at": START}, "running: waits for the next attempt — distributor work"),
        ({"state": "done"}, "done"),
    ],
)
def test_how_a_dispatch_stands_is_one_phrase(values: dict[str, Any], words: str) -> None:
    (row,) = report().dispatches
    assert replace(row, **values).words == words

"""Exports hold no recipient in memory, however many there are."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ledgerbase import START
from test_full import PARIS

from distributor.files import Output, OwnFiles
from distributor.reports import csvfile, jsonlines, workbook
from distributor.reports.html import write_html
from distributor.reports.page import Page
from distributor.reports.queries import Report
from distributor.reports.queries_details import Details, Echo, Timeline

_ATTEMPT = {
    "number": 1, "started_at": START, "duration_ms": 12, "phase": "body", "verdict": "accepted", "state": "accepted",
    "code": 250, "enhanced_code": "2.0.0", "server": "mx.example", "tls": "TLSv1.3",
}  # fmt: skip


def people(many: int) -> Iterator[dict[str, Any]]:
    """Recipients that are made when they are asked for, no two alike."""
    for number in range(many):
        words = f"2.0.0 Ok: queued as {number:08x}"
        yield {
            "id": number, "dispatch_id": 1, "version": 1, "release": "halle", "address": f"j{number}@journal.example",
            "name": f"Inès {number}", "outlet": f"Journal {number}", "outlet_kind": "", "sector": "Santé",
            "domain": "journal.example", "language": "fr", "lists": ["sante"], "state": "accepted", "reason": "",
            "verdict": "accepted", "phase": "body", "code": 250, "enhanced_code": "2.0.0", "reply": words,
            "attempts": 1, "message_id": f"<{number}@halle.example>", "accepted_at": START, "next_attempt_at": None,
            "updated_at": START, "signed_off_by": "", "corrects": "", "corrected_by": "",
            "wave": 0, "wave_name": "", "not_before": None, "to_be_withheld": "",
            "history": [{**_ATTEMPT, "reply": words}],
        }  # fmt: skip


def as_page(output: Output, rows: Iterator[dict[str, Any]]) -> int:
    report = Report("halle", "La halle rouvre", [], {"accepted": 1}, {}, {}, {})
    details = Details(Timeline(0, None, None, None, None, ()), (), Echo({}, ()), (), {}, {})
    page = Page(report=report, details=details, problems=(), language="fr", zone=PARIS, organisation="", made_at=START)
    with output.opened() as file:
        return write_html(file, page, rows)


WRITERS: dict[str, Callable[[Output, Iterator[dict[str, Any]]], int]] = {
    "csv": lambda output, rows: csvfile.write_csv(output, rows, PARIS),
    "xlsx": lambda output, rows: workbook.write_xlsx(output, rows, PARIS),
    "jsonl": jsonlines.write_jsonl,
    "html": as_page,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_more_recipients_take_no_more_memory(tmp_path: Path, kind: str) -> None:
    def peak(many: int) -> int:
        output = Output(tmp_path / f"{many}.{kind}", OwnFiles(tmp_path / "elsewhere"))
        tracemalloc.start()
        try:
            assert WRITERS[kind](output, people(many)) == many
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)  # what is imported and kept once
    few, many = peak(10), peak(500)
    assert many < few + 200_000, "500 recipients alone are over 600 kB"

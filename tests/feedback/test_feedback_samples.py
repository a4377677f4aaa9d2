"""Real messages that came back, from four collections: recipient, verdict, reason, whether the address is dead."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from distributor.feedback.events import Judgement
from distributor.feedback.reading import read_message

_SHARED = next(
    (one / "shared/data/bounces" for one in Path(__file__).resolve().parents if (one / "shared/data/bounces").is_dir()),
    None,
)
pytestmark = pytest.mark.skipif(_SHARED is None, reason="the shared messages are not here")


def _expected() -> dict[str, list[dict[str, str]]]:
    assert _SHARED is not None
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (_SHARED / "expected.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            rows[row["file"]].append({name: value or "" for name, value in row.items()})
    return rows


def test_recipients_and_verdicts() -> None:
    assert _SHARED is not None
    known, right, reasons, deaths = 0, 0, [], []
    for name, rows in _expected().items():
        found = {one.address.lower(): one for one in read_message((_SHARED / name).read_bytes()).findings}
        if rows[0]["verdict"] == Judgement.NOT_A_BOUNCE:
            assert {one.judgement for one in found.values()} <= {Judgement.NOT_A_BOUNCE}, name
            continue
        wanted = [row for row in rows if row["recipient"]]
        if not wanted:
            continue
        known += 1
        hits = [(row, found.get(row["recipient"].lower()) or found.get(row["also_accept"].lower())) for row in wanted]
        right += all(
            hit is not None and (hit.judgement == row["verdict"] or row["lenient"] == "either") for row, hit in hits
        )
        for row, hit in hits:
            if hit is not None and row["address_is_dead"]:
                deaths.append(hit.is_dead == (row["address_is_dead"] == "yes"))
                if row["reason_class"] != "other":
                    reasons.append(hit.reason == row["reason_class"])
    assert right >= 0.95 * known
    assert sum(reasons) >= 0.85 * len(reasons)
    assert sum(deaths) >= 0.93 * len(deaths)

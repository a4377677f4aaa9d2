"""What comes back: how many recipients, verdicts and reasons of real messages are read right, and how many a second."""

from __future__ import annotations

import csv
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import compat32
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measuring import Kind, Line, Skipped

_PAIRS = 5


def measure(_folder: Path) -> Iterator[Line | Skipped]:
    """Read the shared messages, print what was right for each source, and time it against flufl.bounce alone."""
    shared = next(
        (one / "shared/data/bounces" for one in Path(__file__).resolve().parents if (one / "shared/data").is_dir()),
        None,
    )
    if shared is None:
        yield Skipped("feedback", "the shared messages are not here")
        return
    expected = _expected(shared / "expected.tsv")
    raws = {name: (shared / name).read_bytes() for name in expected}
    _print_table(expected, raws)
    yield _speed(list(raws.values()))


def _speed(raws: list[bytes]) -> Line:
    from flufl.bounce import all_failures

    from distributor.feedback.reading import read_message

    ours, theirs = [], []
    for _ in range(_PAIRS):
        start = time.perf_counter()
        for raw in raws:
            read_message(raw)
        middle = time.perf_counter()
        for raw in raws:
            all_failures(message_from_bytes(raw, policy=compat32))
        ours.append(middle - start)
        theirs.append(time.perf_counter() - middle)
    return Line(
        "feedback",
        "messages that came back, read and understood, against flufl.bounce alone, which finds addresses only.",
        Kind.SPEED,
        ours,
        theirs,
        items=len(raws),
    )


def _print_table(expected: dict[str, list[dict[str, str]]], raws: dict[str, bytes]) -> None:
    from distributor.feedback.reading import read_message

    right: dict[str, Counter[str]] = defaultdict(Counter)
    for name, rows in expected.items():
        count = right[name.partition("/")[0]]
        found = {one.address.lower(): one for one in read_message(raws[name]).findings}
        if rows[0]["verdict"] == "not-a-bounce":
            count["no bounce"] += 1
            count["no bounce, right"] += all(one.judgement == "not-a-bounce" for one in found.values())
            continue
        for row in rows:
            if not row["recipient"]:
                continue
            hit = found.get(row["recipient"].lower()) or found.get(row["also_accept"].lower())
            count["recipient"] += 1
            count["recipient, right"] += hit is not None
            count["verdict"] += 1
            count["verdict, right"] += hit is not None and (
                hit.judgement == row["verdict"] or row["lenient"] == "either"
            )
            if row["reason_class"] != "other":
                count["reason"] += 1
                count["reason, right"] += hit is not None and hit.reason == row["reason_class"]
            if row["address_is_dead"]:
                count["dead"] += 1
                count["dead, right"] += hit is not None and hit.is_dead == (row["address_is_dead"] == "yes")
    table = Table(box=None, pad_edge=False, header_style="bold")
    columns = ("recipient", "verdict", "reason", "dead", "no bounce")
    for title in ("source", *columns):
        table.add_column(title)
    for source, count in right.items():
        table.add_row(source, *(f"{count[f'{one}, right']} of {count[one]}" if count[one] else "–" for one in columns))
    Console().print(table)


def _expected(path: Path) -> dict[str, list[dict[str, str]]]:
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            rows[row["file"]].append({name: value or "" for name, value in row.items()})
    return rows

"""`python -m benchmarks [NAME…]`: run the measurements named, or all of them, and print what they mean."""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

import distributor
from benchmarks import (
    composing,
    importing,
    latency,
    ledger,
    memory,
    reporting,
    returning,
    sending,
    signing,
    start,
    workers,
)
from benchmarks.measuring import Kind, Line, Skipped

MEASUREMENTS: dict[str, Callable[[Path], Iterator[Line | Skipped]]] = {
    "start": start.measure,
    "compose": composing.measure,
    "sign": signing.measure,
    "import": importing.measure,
    "send": sending.measure,
    "ledger": ledger.measure,
    "latency": latency.measure,
    "memory": memory.measure,
    "workers": workers.measure,
    "report": reporting.measure,
    "feedback": returning.measure,
}

_WIDTH = 100
"""Of the table in a file or a pipe, where no terminal says how wide it is."""


def main() -> int:
    """Measure, print the table and what each line means; 1 if an aim is missed and `--strict` was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(MEASUREMENTS)} (default: all)")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when an aim is missed")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(MEASUREMENTS):
        parser.error(f"there is no measurement {unknown.pop()}; there are: {', '.join(MEASUREMENTS)}")
    out = Console(width=None if sys.stdout.isatty() else _WIDTH)
    # As pip leaves what it installs, peers included: a checkout is not compiled where PYTHONDONTWRITEBYTECODE is set.
    compileall.compile_dir(Path(distributor.__file__).parent, quiet=1)
    lines = list(_measured(arguments.names or list(MEASUREMENTS), Console(stderr=True)))
    _show(out, lines)
    return int(arguments.strict and any(isinstance(line, Line) and line.meets_aim is False for line in lines))


def _measured(names: list[str], progress: Console) -> Iterator[Line | Skipped]:
    for name in names:
        progress.print(f"measuring {name}…", style="dim")
        with tempfile.TemporaryDirectory(prefix="distributor-bench-") as folder:
            yield from MEASUREMENTS[name](Path(folder))


def _show(out: Console, lines: list[Line | Skipped]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("measurement")
    for title in ("ours", "theirs", "ratio", "range", "pairs", "aim"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for line in lines:
        if isinstance(line, Skipped):
            table.add_row(line.name, "", "", "skipped")
        else:
            table.add_row(*_cells(line))
    out.print(table)
    out.print()
    for line in lines:
        reason = line.meaning if isinstance(line, Line) else f"skipped: {line.reason}"
        out.print(Text.assemble((f"{line.name}: ", "bold"), reason))
    out.print()
    out.print(
        "Ratio: the median of the pairs' ratios, and their range. Both sides ran in turn, on this machine, in this "
        "run: only ratios carry over to another machine. Where a side takes over ten seconds, three pairs.\n"
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores.",
        style="dim",
    )


def _cells(line: Line) -> list[str | Text]:
    ratios = line.ratios
    aim = "" if line.aim is None else f"{'≥' if line.kind is Kind.SPEED else '≤'} {line.aim:g}×"
    verdict = {None: Text(""), True: Text("met", style="green"), False: Text("missed", style="red")}[line.meets_aim]
    return [
        line.name,
        _amount(line, line.ours),
        _amount(line, line.theirs),
        f"{line.median:.3g}×",
        f"{min(ratios):.3g}–{max(ratios):.3g}",
        str(len(ratios)),
        aim,
        verdict,
    ]


def _amount(line: Line, seconds: Sequence[float]) -> str:
    """One side's median: in megabytes, as a rate where there is something to count, as a time elsewhere."""
    middle = sorted(seconds)[len(seconds) // 2]
    if line.kind is Kind.MEMORY:
        return f"{middle:,.0f} MB"
    if line.kind is Kind.SPEED and line.items:
        return f"{line.items / middle:,.0f}/s"
    return f"{middle * 1000:,.1f} ms" if middle < 1 else f"{middle:.2f} s"


if __name__ == "__main__":
    sys.exit(main())

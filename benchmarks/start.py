"""Start: how long the command takes to say something, against the bare interpreter."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import Kind, Line, Skipped, interleave, timed
from benchmarks.office import distributor_command, run

_PAIRS = 15  # they are short, and the machine's noise is not


def measure(_folder: Path) -> Iterator[Line | Skipped]:
    """`--help` and `--version`, each a whole process, against `python -c pass`."""
    command = distributor_command()
    bare = [sys.executable, "-c", "pass"]
    helping, telling, passing = interleave(
        lambda: timed(lambda: run([*command, "--help"])),
        lambda: timed(lambda: run([*command, "--version"])),
        lambda: timed(lambda: run(bare)),
        pairs=_PAIRS,
    )
    meaning = "wall time of a whole process ÷ that of `python -c pass`"
    yield Line("start: --help", meaning, Kind.TIME, helping, passing, aim=8)
    yield Line("start: --version", meaning, Kind.TIME, telling, passing, aim=4)

"""Memory: what `distributor work` and `distributor send` take at most for a large dispatch, against a small one."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from benchmarks.measuring import Kind, Line, Skipped
from benchmarks.office import LIST, SLUG, distributor_command, make_office, plan
from benchmarks.sink import sink

MANY = "BENCH_RECIPIENTS"
"""The environment variable that says how many recipients the large dispatch has; a million take half an hour."""

_FEW = 5_000
_DEFAULT = 50_000
_LOOK_S = 0.1
_COLUMNS = (
    "dispatch_id, release_version_id, address_hash, domain, name, outlet, outlet_kind, sector, sector_slug,"
    " release_sector_slug, language, lists, merge, state, reason, attempts, refusals, worker, verdict, phase,"
    " enhanced_code, reply, updated_at"
)


def measure(folder: Path) -> Iterator[Line | Skipped]:
    """The peak of what either command and its processes hold, from start to end, for few and for many."""
    many = int(os.environ.get(MANY, _DEFAULT))
    with sink() as port:
        peaks = {size: _of_work(folder / f"work-{size}", size, port) for size in (_FEW, many)}
        yield from _lines("work", peaks, many)
        peaks = {size: _of_send(folder / f"send-{size}", size, port) for size in (_FEW, many)}
        yield from _lines("send", peaks, many)


def _of_work(folder: Path, size: int, port: int) -> float:
    """Of `distributor work --once`, which carries a dispatch that was planned before, in MB."""
    folder.mkdir()
    workspace = make_office(folder / "office", journalists=1_000, port=port)
    plan(workspace)
    workspace.database.close()
    _multiply(workspace.path / "press.db", size)
    peak = _peak_mb([*distributor_command(), "--workspace", str(workspace.path), "work", "--once"])
    _check(workspace.path / "press.db", size)
    return peak


def _of_send(folder: Path, size: int, port: int) -> float:
    """Of `distributor send`, which finds, proves and plans them all before it sends, in MB."""
    folder.mkdir()
    workspace = make_office(folder / "office", journalists=size, port=port)
    workspace.database.close()
    where = ["--workspace", str(workspace.path)]
    peak = _peak_mb([*distributor_command(), *where, "send", SLUG, "--list", LIST, "--yes", "--recipients", str(size)])
    _check(workspace.path / "press.db", size)
    return peak


def _lines(command: str, peaks: Mapping[int, float], many: int) -> Iterator[Line]:
    what = f"peak memory of `distributor {command}`, all its processes together,"
    meaning = f"{what} for {many:,} recipients ÷ for {_FEW:,}, in MB"
    yield Line(f"{command}, many ÷ few", meaning, Kind.MEMORY, [peaks[many]], [peaks[_FEW]], aim=1.3)
    meaning = f"{what} for {many:,} recipients ÷ 128 MB"
    yield Line(f"{command} ÷ 128 MB", meaning, Kind.MEMORY, [peaks[many]], [128.0], aim=1)


def _multiply(database: Path, size: int) -> None:
    """Give the dispatch so many recipients: the planned ones over and over, each with an address of its own."""
    with closing(sqlite3.connect(database)) as connection, connection:
        (planned,) = connection.execute("SELECT count(*) FROM delivery").fetchone()
        connection.execute(
            f"""WITH RECURSIVE round(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM round WHERE n < ?)
            INSERT INTO delivery (contact_id, address, address_key, message_id, {_COLUMNS})
            SELECT NULL, n || address, n || address_key, '<' || n || substr(message_id, 2), {_COLUMNS}
            FROM round, delivery WHERE (n - 1) * {planned} + (delivery.id - 1) < ?""",
            (size // planned + 1, size - planned),
        )


def _peak_mb(command: list[str]) -> float:
    """The most that a command and the processes it starts held at once; what they share is counted once."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DISTRIBUTOR_")}
    peak = 0
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, sum(_proportional_kb(pid) for pid in _family(process.pid)))
            time.sleep(_LOOK_S)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}.")
    return peak / 1024


def _family(pid: int) -> Iterator[int]:
    """A process and those that it started, and so on."""
    yield pid
    with contextlib.suppress(OSError):
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in children.read_text().split():
                yield from _family(int(child))


def _proportional_kb(pid: int) -> int:
    """What a process holds, of shared pages its share (Linux's Pss); 0 for one that has ended."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def _check(database: Path, size: int) -> None:
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT state, count(*) FROM delivery GROUP BY state").fetchall()
    if found != [("accepted", size)]:
        raise RuntimeError(f"Of {size} messages not all were accepted: {dict(found)}.")

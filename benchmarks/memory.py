"""Memory: what `distributor work` takes at most for a large dispatch, against a small one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.measuring import Kind, Line, Skipped
from benchmarks.office import copy_office, distributor_command, make_office, plan
from benchmarks.sink import sink

MANY = "BENCH_RECIPIENTS"
"""The environment variable that says how many recipients the large dispatch has; a million take some ten minutes."""

_FEW = 5_000
_DEFAULT = 50_000
_COLUMNS = (
    "dispatch_id, release_version_id, address_hash, domain, name, outlet, outlet_kind, sector, sector_slug,"
    " release_sector_slug, language, lists, merge, state, reason, attempts, refusals, worker, verdict, phase,"
    " enhanced_code, reply, updated_at"
)


def measure(folder: Path) -> Iterator[Line | Skipped]:
    """The peak of resident memory of `distributor work --once`, from its start to its end, for few and for many."""
    many = int(os.environ.get(MANY, _DEFAULT))
    with sink() as port:
        workspace = make_office(folder / "office", journalists=1_000, port=port)
        plan(workspace)
        workspace.database.close()
        peaks = {}
        for size in (_FEW, many):
            office = copy_office(workspace.path, folder / "run")
            _multiply(office / "press.db", size)
            peaks[size] = _peak_mb([*distributor_command(), "--workspace", str(office), "work", "--once"])
            _check(office / "press.db", size)
    what = "peak resident memory of `distributor work --once`"
    meaning = f"{what} for {many:,} recipients ÷ for {_FEW:,}, in MB"
    yield Line("memory, many ÷ few", meaning, Kind.MEMORY, [peaks[many]], [peaks[_FEW]], aim=1.3)
    meaning = f"{what} for {many:,} recipients ÷ 128 MB"
    yield Line("memory ÷ 128 MB", meaning, Kind.MEMORY, [peaks[many]], [128.0], aim=1)


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
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DISTRIBUTOR_")}
    with Path(os.devnull).open("wb") as nowhere:
        ends = [(os.POSIX_SPAWN_DUP2, nowhere.fileno(), number) for number in (1, 2)]
        pid = os.posix_spawn(command[0], command, environment, file_actions=ends)
        _pid, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}.")
    return usage.ru_maxrss / 1024


def _check(database: Path, size: int) -> None:
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT state, count(*) FROM delivery GROUP BY state").fetchall()
    if found != [("accepted", size)]:
        raise RuntimeError(f"Of {size} messages not all were accepted: {dict(found)}.")

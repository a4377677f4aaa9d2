"""The machine under the program: Python, the SQLite library, the disk."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from distributor.dispatch.events import try_event_log
from distributor.doctor.check import Check, Level, NotExamined

Version = tuple[int, int, int]

OLDEST_PYTHON = (3, 11, 0)
LEAST_FREE = 20 * 10**6
LITTLE_FREE = 500 * 10**6

_RESET_BUG_FROM: Version = (3, 7, 0)
_RESET_BUG_MENDED: Version = (3, 51, 3)
_RESET_BUG_BACKPORTS: tuple[Version, ...] = ((3, 44, 6), (3, 50, 7))


def check_python(version: Version) -> Check:
    """Whether this Python is one that we run on."""
    shown = _dotted(version)
    if version < OLDEST_PYTHON:
        return Check.fail("python", f"Python {shown} is too old.", "Install Python 3.11 or later.")
    return Check.ok("python", f"Python {shown}.")


def check_sqlite(version: Version, *, in_use: bool) -> Check:
    """Whether the SQLite library is free of the WAL-reset bug (3.7.0 to 3.51.2; sqlite.org/wal.html)."""
    shown = _dotted(version)
    if not in_use:
        return Check.ok("sqlite", f"SQLite {shown}; the database is PostgreSQL, so it is not used.")
    if not has_wal_reset_bug(version):
        return Check.ok("sqlite", f"SQLite {shown}.")
    return Check.warn(
        "sqlite",
        f"SQLite {shown} has a rare fault, mended in 3.51.3: two commands that write at the very same instant can"
        " damage press.db. Distributor keeps out of its way by sending through one writer.",
        "Until Python brings a newer SQLite, do not import or edit while a dispatch runs, and keep copies of press.db.",
    )


def has_wal_reset_bug(version: Version) -> bool:
    """Whether this release of SQLite has the bug; two older lines were mended too."""
    if any(version[:2] == mended[:2] and version >= mended for mended in _RESET_BUG_BACKPORTS):
        return False
    return _RESET_BUG_FROM <= version < _RESET_BUG_MENDED


def check_disk(folder: Path) -> Check:
    """Whether `folder`'s disk has room for the delivery log to grow."""
    if not folder.is_dir():
        raise NotExamined(f"There is no folder {folder}.")
    free = shutil.disk_usage(folder).free
    shown = f"{free / 10**9:.1f} GB" if free >= 10**9 else f"{free // 10**6} MB"
    if free < LEAST_FREE:
        return Check.fail("disk", f"Only {shown} are free in {folder}: nothing can be kept.", "Free some space.")
    if free < LITTLE_FREE:
        return Check.warn("disk", f"Only {shown} are free in {folder}.", "Free some space before a large dispatch.")
    return Check.ok("disk", f"{shown} free.")


def check_event_log(file: Path) -> Check:
    """Whether events can be written to `file`, which is left as it is; raises `BadInput` where they cannot."""
    if file.is_fifo():
        raise NotExamined(f"{file} is a pipe: to try it might end whoever reads it.")
    try_event_log(file)
    room = check_disk(file.parent)
    return replace(room, name="event_log") if room.level is Level.FAIL else Check.ok("event_log", f"{file}.")


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))

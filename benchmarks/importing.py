"""Import: a large press list from CSV to contacts, against the bare writing of the rows that come of it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from benchmarks.invented import contacts_csv
from benchmarks.measuring import Kind, Line, Skipped, interleave, timed
from distributor.contacts.csvfile import read_csv
from distributor.contacts.importing import import_contacts
from distributor.db.engine import Database
from distributor.db.migrate import ensure_schema

_CONTACTS = 100_000
_TABLES = ("sector", "outlet", "contact", "affiliation", "contact_sector", "media_list", "media_list_member")

Rows = Mapping[str, list[tuple[object, ...]]]


def measure(folder: Path) -> Iterator[Line | Skipped]:
    """100,000 contacts, read, cleaned, merged and written, against `executemany` of the same rows."""
    empty = folder / "empty.db"
    database = Database(f"sqlite:///{empty}")
    ensure_schema(database)
    database.close()
    data = contacts_csv(_CONTACTS)
    rows: dict[str, list[tuple[object, ...]]] = {}

    def ours() -> float:
        fresh = _open(folder / "ours.db", empty)
        seconds = timed(lambda: import_contacts(fresh, read_csv(data, name="essai.csv"), list_name="Essai"))
        fresh.close()
        if not rows:
            rows.update(_rows(folder / "ours.db"))
            assert len(rows["contact"]) == _CONTACTS
        return seconds

    def theirs() -> float:
        _copy(empty, folder / "theirs.db")
        return timed(lambda: _write(folder / "theirs.db", rows))

    imported, written = interleave(ours, theirs)
    written_rows = sum(map(len, rows.values()))
    meaning = (
        f"time of reading, cleaning and storing {_CONTACTS:,} contacts ÷ time of writing the {written_rows:,} rows "
        "that come of it with sqlite3's executemany, in one transaction as durable"
    )
    yield Line("import", meaning, Kind.TIME, imported, written, aim=4, items=_CONTACTS)


def _open(path: Path, empty: Path) -> Database:
    _copy(empty, path)
    return Database(f"sqlite:///{path}")


def _copy(empty: Path, path: Path) -> None:
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    shutil.copyfile(empty, path)


def _rows(path: Path) -> Rows:
    with closing(sqlite3.connect(path)) as connection:
        return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in _TABLES}


def _write(path: Path, rows: Rows) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        with connection:
            for table, its_rows in rows.items():
                marks = ",".join("?" * len(its_rows[0])) if its_rows else ""
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", its_rows)

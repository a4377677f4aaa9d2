"""Import: a large press list from CSV to contacts, against the bare writing of its rows; again; and in what memory."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from benchmarks.invented import contacts_csv
from benchmarks.measuring import Kind, Line, Skipped, interleave, timed
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.db.migrate import ensure_schema
from distributor.tokens import Keyring

_CONTACTS = 100_000
_TABLES = ("sector", "outlet", "contact", "affiliation", "contact_sector", "media_list", "media_list_member")

_PEAK = """
import sys
from pathlib import Path
from distributor.contacts.sources.csvfile import read_csv
from distributor.contacts.intake.importing import import_contacts
from distributor.db.engine import Database
from distributor.tokens import Keyring
database = Database(f"sqlite:///{sys.argv[1]}")
table = read_csv(Path(sys.argv[2]).read_bytes(), name="essai.csv")
import_contacts(database, table, list_name="Essai", keyring=Keyring(b"an invented key"))
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""

Rows = Mapping[str, list[tuple[object, ...]]]


def measure(folder: Path) -> Iterator[Line | Skipped]:
    """100,000 contacts, read, cleaned, merged and written, and that again, against `executemany` of the same rows."""
    empty = folder / "empty.db"
    database = Database(f"sqlite:///{empty}")
    ensure_schema(database)
    database.close()
    data = contacts_csv(_CONTACTS)
    rows: dict[str, list[tuple[object, ...]]] = {}

    def ours() -> float:
        fresh = _open(folder / "ours.db", empty)
        seconds = timed(lambda: load(fresh))
        fresh.close()
        if not rows:
            rows.update(_rows(folder / "ours.db"))
            assert len(rows["contact"]) == _CONTACTS
        return seconds

    def load(into: Database) -> None:
        import_contacts(into, read_csv(data, name="essai.csv"), list_name="Essai", keyring=Keyring(b"an invented key"))

    def again() -> float:
        same = Database(f"sqlite:///{folder / 'ours.db'}")
        seconds = timed(lambda: load(same))
        same.close()
        return seconds

    def theirs() -> float:
        _copy(empty, folder / "theirs.db")
        return timed(lambda: _write(folder / "theirs.db", rows))

    imported, repeated, written = interleave(ours, again, theirs, in_order=True)
    written_rows = sum(map(len, rows.values()))
    meaning = (
        f"time of reading, cleaning and storing {_CONTACTS:,} contacts ÷ time of writing the {written_rows:,} rows "
        "that come of it with sqlite3's executemany, in one transaction as durable"
    )
    yield Line("import", meaning, Kind.TIME, imported, written, aim=4, items=_CONTACTS)
    meaning = "time of importing the same file once more, which changes nothing ÷ time of writing its rows"
    yield Line("import again", meaning, Kind.TIME, repeated, written, aim=4, items=_CONTACTS)
    yield _memory(folder, empty)


def _memory(folder: Path, empty: Path) -> Line | Skipped:
    """The peak of a process that imports the whole list, against one that imports a tenth."""
    if not Path("/proc/self/status").exists():  # getrusage would count what the process was forked from
        return Skipped("import memory", "it is read from /proc, which this system does not have")
    peaks: list[list[float]] = [[], []]
    for seen, contacts in zip(peaks, (_CONTACTS, _CONTACTS // 10), strict=True):
        file = folder / f"{contacts}.csv"
        file.write_bytes(contacts_csv(contacts))
        _copy(empty, folder / "peak.db")
        command = [sys.executable, "-c", _PEAK, str(folder / "peak.db"), str(file)]
        kilobytes = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        seen.append(int(kilobytes) / 1000)
        file.unlink()
    meaning = (
        f"peak memory of a process that imports {_CONTACTS:,} contacts ÷ of one that imports {_CONTACTS // 10:,}; what "
        "grows is the text of the file, and nothing per row"
    )
    whole, tenth = peaks
    return Line("import memory", meaning, Kind.MEMORY, whole, tenth, aim=1.5)


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

"""A temporary database of SQLite's own: in memory while it is small, in a file that nobody else sees beyond that."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from distributor.errors import StorageTrouble


def open_spool(holder: object, *tables: str) -> sqlite3.Connection:
    """A database with these tables, closed and gone with its holder."""
    connection = sqlite3.connect("", isolation_level=None, cached_statements=16, check_same_thread=False)
    for statement in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", *tables, "BEGIN"):
        connection.execute(statement)
    weakref.finalize(holder, connection.close)
    return connection


@contextmanager
def on_a_disk(what: str, so: str) -> Iterator[None]:
    """Raise `StorageTrouble` where the disk for temporary files cannot take `what`; `so` is what that comes to."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StorageTrouble(
            f"The disk cannot take {what} ({error}); {so}.",
            mend="Free some space in the folder for temporary files and run the same command again.",
        ) from error

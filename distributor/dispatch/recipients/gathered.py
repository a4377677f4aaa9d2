"""What several lists say of each person, put together: in memory while it is little, on disk beyond that."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Generic, TypeVar

from distributor.db.spooling import on_a_disk, open_spool
from distributor.dispatch.recipients.roll import FEW, NOT_SENT

_T = TypeVar("_T")
_TABLES = ("CREATE TABLE said (person INT, pickled BLOB)", "CREATE INDEX said_person ON said (person)")
_BY_PERSON = """
SELECT person, pickled FROM said JOIN (SELECT person, min(rowid) AS met FROM said GROUP BY person) USING (person)
ORDER BY met, said.rowid"""


class Gathered(Generic[_T]):
    """Values of people by their number: those of one person together, people in the order in which they were met.

    Raises `StorageTrouble` where the disk cannot take it. `few` is how many values are kept in memory.
    """

    def __init__(self, few: int = FEW) -> None:
        self._few = few
        self._waiting: list[tuple[int, _T]] = []
        self._spool: sqlite3.Connection | None = None

    def add(self, person: int, value: _T) -> None:
        """Put a value to those of a person."""
        self._waiting.append((person, value))
        if len(self._waiting) > self._few:
            self._write()

    def __iter__(self) -> Iterator[list[_T]]:
        if self._spool is None:
            found: dict[int, list[_T]] = {}
            for person, value in self._waiting:
                found.setdefault(person, []).append(value)
            yield from found.values()
            return
        self._write()
        with on_a_disk("the order of so many recipients", NOT_SENT):
            for _person, rows in groupby(self._spool.execute(_BY_PERSON), key=itemgetter(0)):
                # Written by ourselves, in a file that nobody else sees.
                yield [pickle.loads(pickled) for _, pickled in rows]  # noqa: S301

    def _write(self) -> None:
        with on_a_disk("so many recipients", NOT_SENT):
            if self._spool is None:
                self._spool = open_spool(self, *_TABLES)
            pickled = ((person, pickle.dumps(value, pickle.HIGHEST_PROTOCOL)) for person, value in self._waiting)
            self._spool.executemany("INSERT INTO said VALUES (?, ?)", pickled)
        self._waiting.clear()

"""What an import remembers of its file, on disk rather than in memory: every row's outcome, and who was told what."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from distributor.contacts.intake.merging import KnownContact, Said
from distributor.contacts.intake.report import LineOutcome, Result
from distributor.contacts.sources.rows import RejectedRow
from distributor.db.spooling import Spooled, on_a_disk, open_spool

_Row = TypeVar("_Row")
_SEPARATOR = "\x1f"  # in no name: cells hold no control characters
_OUTCOME = "INSERT INTO outcome VALUES (?, ?, ?, ?, ?, ?, ?)"
_REJECTED = "INSERT INTO rejected VALUES (?, ?, ?, ?, ?, ?, ?)"
_SAID = "INSERT OR REPLACE INTO said VALUES (?, ?, ?, ?, ?, ?)"
_RECALL = "SELECT * FROM said WHERE id IN (SELECT value FROM json_each(?))"
_NOTES = "what an import notes of its file"
_noted = partial(on_a_disk, _NOTES, "nothing of the file was kept")
# The import is over by then, or rolled back by whoever asks.
_told = partial(
    on_a_disk, _NOTES, "what became of its rows cannot be told, and an import that is run again changes nothing twice"
)


class Spool:
    """The notes of one import, in a temporary database.

    It lives as long as somebody holds it or one of its sequences. Raises `StorageTrouble` when the disk is full.
    """

    def __init__(self) -> None:
        self._connection = open_spool(
            self,
            "CREATE TABLE outcome (line INT, result, address, name, changes, reason, sheet)",
            'CREATE TABLE rejected (line INT, "column", value, reason, cells, sheet, raw)',
            "CREATE TABLE said (id INTEGER PRIMARY KEY, place, created INT, names, told, listed INT)",
        )
        self._outcomes: list[tuple[Any, ...]] = []
        self._rejected: list[tuple[Any, ...]] = []
        self.counts = dict.fromkeys(Result, 0)

    def outcome(
        self,
        line: int,
        result: Result,
        *,
        address: str = "",
        name: str = "",
        changes: Sequence[str] = (),
        reason: str = "",
        sheet: str = "",
    ) -> None:
        """Keep what became of one contact of one row."""
        self.counts[result] += 1
        told = json.dumps(changes, ensure_ascii=False) if changes else ""
        self._outcomes.append((line, result.value, address, name, told, reason, sheet))

    def reject(self, row: RejectedRow) -> None:
        """Keep a row that cannot be used, for the rejects file; its outcome is told by `outcome`."""
        cells = json.dumps(row.row, ensure_ascii=False)
        self._rejected.append((row.line, row.column, row.value, row.reason, cells, row.sheet, row.raw))

    def recall(self, contact_ids: Iterable[int]) -> dict[int, tuple[Said, frozenset[int]]]:
        """What the file has said so far about contacts: what of their values, and which of their affiliations."""
        wanted = json.dumps(list(contact_ids))
        with _noted():  # to read may be to make room for it
            rows = self._connection.execute(_RECALL, [wanted]).fetchall()
        return {
            contact_id: (
                Said(place, bool(created), names.split(_SEPARATOR) if names else (), bool(listed), changed=False),
                frozenset(map(int, told.split())),
            )
            for contact_id, place, created, names, told, listed in rows
        }

    def flush(self, contacts: Iterable[KnownContact]) -> None:
        """Write what was kept since the last time, and what the file has now said about these contacts."""
        said = [
            (
                one.id,
                one.said.place,
                one.said.created,
                _SEPARATOR.join(one.said.names),
                " ".join([str(known.id) for known in one.affiliations if known.is_told]),
                one.said.listed,
            )
            for one in contacts
            if one.said is not None and one.said.changed
        ]
        with _noted():
            for statement, rows in ((_OUTCOME, self._outcomes), (_REJECTED, self._rejected), (_SAID, said)):
                if rows:
                    self._connection.executemany(statement, rows)
        self._outcomes.clear()
        self._rejected.clear()

    @property
    def outcomes(self) -> Sequence[LineOutcome]:
        """Every outcome in the order of the rows, read from the disk as it is asked for."""
        return _Table(self, "outcome", _read_outcome)

    @property
    def rejected(self) -> Sequence[RejectedRow]:
        """Every rejected row in order, read from the disk as it is asked for."""
        return _Table(self, "rejected", _read_rejected)

    def select(self, statement: str, *values: int) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement about the tables above."""
        with _told():  # to read may be to make room for it
            yield from self._connection.execute(statement, values)


class _Table(Spooled[_Row]):
    """A table of the spool as a sequence."""

    def __init__(self, spool: Spool, table: str, read: Callable[[tuple[Any, ...]], _Row]) -> None:
        self._spool, self._read = spool, read
        self._count = f"SELECT count(*) FROM {table}"  # noqa: S608 - a table of ours
        self._every = f"SELECT * FROM {table} ORDER BY rowid"  # noqa: S608 - the same

    def __len__(self) -> int:
        return int(next(self._spool.select(self._count))[0])

    def __iter__(self) -> Iterator[_Row]:
        return map(self._read, self._spool.select(self._every))

    def _at(self, place: int) -> _Row:
        return self._read(next(self._spool.select(f"{self._every} LIMIT 1 OFFSET ?", place)))


def _read_outcome(row: tuple[Any, ...]) -> LineOutcome:
    line, result, address, name, changes, reason, sheet = row
    return LineOutcome(
        line, Result(result), address, name, tuple(json.loads(changes)) if changes else (), reason, sheet
    )


def _read_rejected(row: tuple[Any, ...]) -> RejectedRow:
    line, column, value, reason, cells, sheet, raw = row
    return RejectedRow(line, column, value, reason, tuple(json.loads(cells)), sheet, raw)

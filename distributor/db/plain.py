"""SQLite without SQLAlchemy: prepared statements and transactions, for a process that has to start at once."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from distributor.db import troubles
from distributor.moments import require_aware

Converter = Callable[[Any], Any]

# Before it writes a None as it is, the driver looks for who might write it otherwise: five times as long.
sqlite3.register_adapter(type(None), lambda nothing: nothing)

_BUSY_MS = 30_000
_CHECKPOINT_PAGES = 4_000
"""Moving the journal into the file costs two more waits for the disk; at 16 MB it does so a quarter as often."""
ROWS = 64
"""So many rows are inserted by one statement, where nothing else is said."""


def pragmas(cache_kb: int) -> tuple[str, ...]:
    """What is said to SQLite of every connection, before anything else."""
    return (
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "PRAGMA foreign_keys=ON",
        f"PRAGMA busy_timeout={_BUSY_MS}",
        f"PRAGMA cache_size=-{cache_kb}",
        f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}",
    )


def write_moment(moment: datetime | None) -> str | None:
    """An instant as SQLAlchemy keeps it in SQLite: in UTC, without saying so. A naive one is refused."""
    return None if moment is None else require_aware(moment).replace(tzinfo=None).isoformat(" ", "microseconds")


def read_moment(text: str) -> datetime:
    """An instant as it is kept in SQLite."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, and what its values and the columns of its rows go through. With plain functions it can be sent.

    `values` are the names of what is bound, in their order, `constant` what the statement itself binds. `in_one_piece`
    says that all rows come as one JSON text.
    """

    sql: str
    values: Sequence[tuple[str, Converter | None]]
    constant: Mapping[str, Any]
    readers: Sequence[tuple[int, Converter]]
    in_one_piece: bool

    def bound(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values by their position."""
        found = {**self.constant, **values}
        return tuple([found[name] if convert is None else convert(found[name]) for name, convert in self.values])

    def named(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values by their name."""
        found = {**self.constant, **values}
        return {name: found[name] if convert is None else convert(found[name]) for name, convert in self.values}

    def rows(self, found: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """What the driver has fetched, each column as its type wants it."""
        if self.in_one_piece:
            pieces: list[list[Any]] = json.loads(found[0][0])
            return pieces
        rows = [list(row) for row in found]
        for index, read in self.readers:
            for row in rows:
                if row[index] is not None:
                    row[index] = read(row[index])
        return rows


@dataclass(frozen=True, slots=True)
class Insertion:
    """An INSERT of as many rows as there are: its beginning, the place of one row, and what the values go through.

    `together` rows go in one statement.
    """

    head: str
    row: str
    converters: Sequence[Converter | None]
    together: int

    def chunks(self, rows: Sequence[Sequence[Any]]) -> Iterator[list[tuple[Any, ...]]]:
        """The rows as the driver takes them, so many as go together."""
        for start in range(0, len(rows), self.together):
            # Column by column: most of them go as they are.
            columns = zip(*rows[start : start + self.together], strict=True)
            written = [
                values if to is None else _written(to, values)
                for to, values in zip(self.converters, columns, strict=True)
            ]
            yield list(zip(*written, strict=True))

    def statements(self, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """The statements that insert them, with values by position."""
        for chunk in self.chunks(rows):
            yield self.head + ", ".join([self.row] * len(chunk)), tuple(chain.from_iterable(chunk))


def _written(to: Converter, values: Sequence[Any]) -> Iterable[Any]:
    """One column as the driver takes it; what all rows have in common is written once."""
    first = values[0]
    if all(value is first for value in values):
        return [to(first)] * len(values)
    return map(to, values)


@dataclass(frozen=True, slots=True)
class Transaction:
    """Runs prepared statements by their name, within a transaction of a SQLite file."""

    connection: sqlite3.Connection
    statements: Mapping[str, Statement | Insertion]

    def rows(self, name: str, values: Mapping[str, Any]) -> list[list[Any]]:
        """What a SELECT finds, or a statement returns."""
        statement = self.statements[name]
        assert isinstance(statement, Statement)
        return statement.rows(self.connection.execute(statement.sql, statement.bound(values)).fetchall())

    def change(self, name: str, values: Mapping[str, Any]) -> int:
        """How many rows an UPDATE changes."""
        statement = self.statements[name]
        assert isinstance(statement, Statement)
        return self.connection.execute(statement.sql, statement.bound(values)).rowcount

    def insert(self, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows, each with its values in the order of the statement's columns."""
        insertion = self.statements[name]
        assert isinstance(insertion, Insertion)
        for sql, values in insertion.statements(rows):
            self.connection.execute(sql, values)


class File:
    """A SQLite file, opened at its first transaction as `db.engine.Database` opens it, errors and all."""

    def __init__(self, path: str, pragmas: Sequence[str], statements: Mapping[str, Statement | Insertion]) -> None:
        self._path = path
        self._pragmas = pragmas
        self._statements = statements
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One transaction that commits at the end, or rolls back when the block raises."""
        with _translated():
            connection = self._connection or self._open()
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield Transaction(connection, self._statements)
                connection.commit()
            except BaseException:
                self._roll_back(connection)
                raise

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None)  # the driver must not begin any of its own
        try:
            for pragma in self._pragmas:
                connection.execute(pragma)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        """Leave nothing behind; a connection that cannot is closed, which leaves nothing either."""
        with contextlib.suppress(sqlite3.Error):
            connection.rollback()
        if connection.in_transaction:
            self._connection = None
            connection.close()


@contextmanager
def _translated() -> Iterator[None]:
    """As `db.engine.translated`, of what the standard library's driver raises."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise troubles.of_operation(str(error)) from error
    except (OverflowError, sqlite3.Error) as error:
        is_number = isinstance(error, OverflowError)
        trouble = troubles.of_number(str(error)) if is_number else troubles.of_file(str(error))
        if trouble is None:
            raise
        raise trouble from error

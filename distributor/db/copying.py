"""Moving a workspace's database to another server or file: every row, read back and compared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Integer, Table, func, select, text

from distributor.db.engine import Database
from distributor.db.migrate import ensure_schema, gather_statistics
from distributor.db.prepared import PreparedInsert
from distributor.errors import DistributorError, Refused
from distributor.models import Contact

_CHUNK = 1000
_TOGETHER = 500
"""So many rows go in one statement: no table has columns enough to reach a database's limit of parameters."""
_KEPT_BY_THE_DATABASE = frozenset({"tally", "worker"})
"""The tally is made by the target's own triggers as the deliveries arrive; processes do not move."""


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """One table as it arrived: how many rows, and the digest that both sides gave."""

    name: str
    rows: int
    digest: str


def copy_database(
    source: Database, target: Database, require: Callable[[Connection], object] = lambda _source: None
) -> list[CopiedTable]:
    """Copy every row into an empty database, in one transaction, and compare both sides; the source is only read.

    At the end the source is read once more, and `require`, which may raise, is asked of it: what was written there
    meanwhile (an objection, a message that left) the target would not know.

    Raises `Refused` where the target holds rows, somebody is sending, or the source has changed, `DistributorError`
    where the sides differ: then nothing is kept.
    """
    ensure_schema(target)
    with target.transaction() as new:
        if new.dialect.name != "sqlite":  # whoever writes there waits, as a second copy, which then finds it filled
            new.exec_driver_sql(
                f"LOCK TABLE {', '.join(table.name for table in _tables())} IN SHARE ROW EXCLUSIVE MODE"
            )
        _require_empty(new)
        with _at_one_moment(source) as old:
            _require_rest(old)
            copied = [_copy(old, new, table) for table in _tables()]
            _compare_tallies(old, new)
        if new.dialect.name != "sqlite":
            _set_sequences(new)
            gather_statistics(new)
        with _at_one_moment(source) as old:
            require(old)
            _require_unchanged(old, copied)
    return copied


@contextmanager
def _at_one_moment(database: Database) -> Iterator[Connection]:
    """Read all tables as they are at one moment, whatever others write meanwhile."""
    with database.reading() as connection:
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield connection


def _tables() -> list[Table]:
    """The tables, those that others point to first."""
    return [table for table in Contact.metadata.sorted_tables if table.name not in _KEPT_BY_THE_DATABASE]


def _require_rest(old: Connection) -> None:
    delivery = Contact.metadata.tables["delivery"]
    busy = old.execute(
        select(func.count()).select_from(delivery).where(delivery.c.state.in_(["claimed", "sending"]))
    ).scalar_one()
    if busy:
        raise Refused(
            f"{busy} recipients are being sent to, or were when a command was killed.",
            mend="Stop whatever sends; distributor work --once settles what was killed. Then copy.",
        )


def _require_empty(new: Connection) -> None:
    for table in _tables():
        if new.execute(select(text("1")).select_from(table).limit(1)).first() is not None:
            raise Refused(
                f"The target is not empty: its table {table.name} has rows. Nothing was copied.",
                mend="Name a new, empty database.",
            )


def _require_unchanged(old: Connection, copied: Sequence[CopiedTable]) -> None:
    for table, before in zip(_tables(), copied, strict=True):
        if _read(old, table) != before:
            raise Refused(
                f"The present database changed while it was copied (its table {table.name}). Nothing was kept.",
                mend="Stop whatever writes to it, on every machine; then copy.",
            )


def _read(connection: Connection, table: Table) -> CopiedTable:
    """What stands in a table."""
    count, found = 0, hashlib.sha256()
    for rows in _pages(connection, table):
        count += len(rows)
        for row in rows:
            found.update(_line(row.values()))
    return CopiedTable(table.name, count, found.hexdigest())


def _copy(old: Connection, new: Connection, table: Table) -> CopiedTable:
    """Copy one table, then read it back."""
    count, taken = 0, hashlib.sha256()
    own = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    later: list[tuple[Any, dict[str, Any]]] = []
    insertion = PreparedInsert(table, table.c.keys(), new.dialect, together=_TOGETHER)
    for rows in _pages(old, table):
        for row in rows:
            taken.update(_line(row.values()))
            # What points into its own table may point to a row that has not arrived yet.
            if pointing := {name: row[name] for name in own if row[name] is not None}:
                later.append((row["id"], pointing))
                row.update(dict.fromkeys(pointing))
        insertion.run(new, [list(row.values()) for row in rows])
        count += len(rows)
    for number, pointing in later:
        new.execute(table.update().where(table.c.id == number).values(**pointing))
    left, arrived = CopiedTable(table.name, count, taken.hexdigest()), _read(new, table)
    if left != arrived:
        raise DistributorError(
            f"The table {table.name} did not arrive as it left ({count} rows left, {arrived.rows} arrived)."
            " Nothing was kept."
        )
    return left


def _pages(connection: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    """A table's rows in the order of its numbers or, where it has none, of its key's bytes: the same on both sides."""
    binary = "BINARY" if connection.dialect.name == "sqlite" else "C"
    order = [
        column if isinstance(column.type, Integer) else column.collate(binary) for column in table.primary_key.columns
    ]
    found = connection.execute(
        select(table).order_by(*order), execution_options={"stream_results": True, "yield_per": _CHUNK}
    )
    for page in found.mappings().partitions(_CHUNK):
        yield [dict(row) for row in page]


def _line(values: Any) -> bytes:
    """A row as both databases give it; JSON whatever the order of its keys."""
    return repr([_plain(value) for value in values]).encode() + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted((key, _plain(one)) for key, one in value.items())
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return bytes(value) if isinstance(value, memoryview) else value


def _compare_tallies(old: Connection, new: Connection) -> None:
    """The sums that reports show must be the same on both sides."""
    t = Contact.metadata.tables["tally"].c
    sums = (
        select(t.dispatch_id, t.kind, t.name, t.state, func.sum(t.many))
        .group_by(t.dispatch_id, t.kind, t.name, t.state)
        .having(func.sum(t.many) != 0)
    )
    if _sorted(old.execute(sums).all()) != _sorted(new.execute(sums).all()):
        raise DistributorError("The tallies of the dispatches did not arrive as they were. Nothing was kept.")


def _sorted(rows: Sequence[Any]) -> list[tuple[Any, ...]]:
    return sorted((*place, int(many)) for *place, many in rows)


def _set_sequences(new: Connection) -> None:
    """The next row that PostgreSQL numbers comes after those that brought their numbers along."""
    for table in _tables():
        if "id" in table.c and isinstance(table.c.id.type, Integer):
            highest = new.execute(select(func.max(table.c.id))).scalar()
            sequence = func.pg_get_serial_sequence(table.name, "id")
            new.execute(select(func.setval(sequence, highest or 1, highest is not None)))

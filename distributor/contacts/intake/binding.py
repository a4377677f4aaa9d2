"""Writing many rows at once: ids taken beforehand, values bound once, one `executemany` of the driver to a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, islice
from typing import Any

from sqlalchemy import Connection, Table, func, select, text


class BulkInsert:
    """Inserts tuples of `columns` into `table`, as quickly as the driver can.

    SQLAlchemy's own insert looks at every value of every row. Here values that a driver does not know (JSON, moments,
    days) are bound by `bind`, through SQLAlchemy's types, and once when many rows share them.
    """

    def __init__(self, connection: Connection, table: Table, columns: Sequence[str]) -> None:
        self._connection = connection
        dialect = connection.dialect
        self._processors = {name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in columns}
        # Many rows in a row share one moment: it is written out once.
        self._last: dict[str, tuple[Any, Any]] = dict.fromkeys(columns, (None, None))
        mark = "?" if dialect.paramstyle == "qmark" else "%s"
        quoted = ", ".join(map(dialect.identifier_preparer.quote, columns))
        marks = ", ".join([mark] * len(columns))
        into = dialect.identifier_preparer.quote(table.name)
        self._sql = f"INSERT INTO {into} ({quoted}) VALUES ({marks})"  # noqa: S608 - names of ours

    def bind(self, column: str, value: Any) -> Any:
        """`value` as the driver takes it for `column`."""
        if value is None:
            return None
        last, bound = self._last[column]
        if value is not last:
            processor = self._processors[column]
            bound = value if processor is None else processor(value)
            self._last[column] = value, bound
        return bound

    def run(self, rows: list[tuple[Any, ...]]) -> None:
        """Insert rows whose values are bound."""
        if rows:
            self._connection.exec_driver_sql(self._sql, rows)


class Ids:
    """The ids of rows that are about to be inserted into a table: nobody else gets them.

    SQLite's are the next ones, for whoever writes is alone; PostgreSQL's come from the table's sequence.
    """

    def __init__(self, connection: Connection, table: Table) -> None:
        self._connection, self._table = connection, table
        self._next: Iterator[int] | None = None

    def take(self, many: int) -> list[int]:
        """So many ids, growing."""
        if self._connection.dialect.name == "sqlite":
            if self._next is None:
                last = self._connection.execute(select(func.max(self._table.c.id))).scalar()
                self._next = count((last or 0) + 1)
            return list(islice(self._next, many))
        drawn = text("SELECT nextval(pg_get_serial_sequence(:of, 'id')) FROM generate_series(1, :many)")
        return sorted(self._connection.execute(drawn, {"of": self._table.name, "many": many}).scalars())

"""Statements compiled once and run many times: what SQLAlchemy writes, without its work for each execution."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Connection, CursorResult, Dialect, String, any_, bindparam, func, select
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeDecorator, TypeEngine


class Prepared:
    """One statement with named values, for the databases of one kind.

    Compiling it costs a hundred times what SQLite needs to run it; the ledger runs the same few all the time. The types
    of values and columns are respected: `Moment` refuses a naive time here too.
    """

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self._sql = str(compiled)
        self._by_position = compiled.positiontup is not None
        self._constant: dict[str, Any] = {}
        converters: dict[str, _Converter | None] = {}
        for bind, name in compiled.bind_names.items():
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if bind.required:
                converters[name] = convert
            else:
                self._constant[name] = bind.value if convert is None else convert(bind.value)
        self._values = [(name, converters.get(name)) for name in compiled.positiontup or compiled.bind_names.values()]
        self._columns = [_reader(column.type, dialect) for column in getattr(statement, "selected_columns", ())]

    def run(self, connection: Connection, values: Mapping[str, Any]) -> CursorResult[*tuple[Any, ...]]:
        """Execute it once; what it returns is as the driver gives it."""
        return connection.exec_driver_sql(self._sql, self._row(values))

    def run_many(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute it for each of the rows, in their order."""
        if converted := [self._row(row) for row in rows]:
            connection.exec_driver_sql(self._sql, converted)

    def read(self, connection: Connection, values: Mapping[str, Any]) -> list[list[Any]]:
        """The rows that a SELECT finds, each column as its type wants it."""
        return [
            [
                value if read is None or value is None else read(value)
                for read, value in zip(self._columns, row, strict=True)
            ]
            for row in self.run(connection, values)
        ]

    def _row(self, values: Mapping[str, Any]) -> Any:
        found = {**self._constant, **values}
        if self._by_position:
            return tuple([found[name] if convert is None else convert(found[name]) for name, convert in self._values])
        return {name: found[name] if convert is None else convert(found[name]) for name, convert in self._values}


_Converter = Callable[[Any], Any]


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> _Converter | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def among(column: ColumnElement[int], name: str, dialect: Dialect) -> ColumnElement[bool]:
    """The condition that a column's number is one of those bound, as one list, to `name`.

    Unlike IN with a value for each number, the statement is the same however long the list.
    """
    if dialect.name == "sqlite":
        numbers = func.json_each(bindparam(name, type_=_JsonNumbers())).table_valued("value")
        return column.in_(select(numbers.c.value))
    return column == any_(bindparam(name, type_=ARRAY(BigInteger())))


class _JsonNumbers(TypeDecorator[list[int]]):
    """A list of numbers as SQLite's json_each reads it."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: list[int] | None, dialect: Dialect) -> str:  # noqa: ARG002 - SQLAlchemy's
        return json.dumps(value)

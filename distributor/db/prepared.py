"""Statements compiled once and run many times: what SQLAlchemy writes, without its work for each execution."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    Connection,
    CursorResult,
    Dialect,
    String,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeDecorator, TypeEngine


class Prepared:
    """One statement with named values, for the databases of one kind.

    Compiling it costs a hundred times what SQLite needs to run it; the ledger runs the same few all the time. The types
    of values and columns are respected: `Moment` refuses a naive time here too. With `in_one_piece` what a SELECT of
    numbers and texts finds comes in one step, for the reason that `PreparedRows` has.
    """

    def __init__(self, statement: Any, dialect: Dialect, *, in_one_piece: bool = False) -> None:
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self._sql = str(compiled)
        self._in_one_piece = in_one_piece and dialect.name == "sqlite"
        if self._in_one_piece:
            names = ", ".join(column.name for column in statement.selected_columns)
            self._sql = f"SELECT json_group_array(json_array({names})) FROM ({self._sql})"  # noqa: S608 - our own names
        self._by_position = compiled.positiontup is not None
        self._constant, converters = _binds(compiled, dialect)
        self._values = [(name, converters.get(name)) for name in compiled.positiontup or compiled.bind_names.values()]
        columns = enumerate(getattr(statement, "selected_columns", ()))
        readers = ((index, _reader(column.type, dialect)) for index, column in columns)
        self._readers = [(index, read) for index, read in readers if read is not None]

    def run(self, connection: Connection, values: Mapping[str, Any]) -> CursorResult[*tuple[Any, ...]]:
        """Execute it once; what it returns is as the driver gives it."""
        return connection.exec_driver_sql(self._sql, self._row(values))

    def read(self, connection: Connection, values: Mapping[str, Any]) -> list[list[Any]]:
        """The rows that a SELECT finds, each column as its type wants it."""
        found = self.run(connection, values)
        if self._in_one_piece:
            rows: list[list[Any]] = json.loads(found.scalar_one())
            return rows
        rows = [list(row) for row in found.fetchall()]
        for index, read in self._readers:
            for row in rows:
                if row[index] is not None:
                    row[index] = read(row[index])
        return rows

    def _row(self, values: Mapping[str, Any]) -> Any:
        found = {**self._constant, **values}
        if self._by_position:
            return tuple([found[name] if convert is None else convert(found[name]) for name, convert in self._values])
        return {name: found[name] if convert is None else convert(found[name]) for name, convert in self._values}


class PreparedRows:
    """A statement that takes the values of many rows at once, for the databases of one kind.

    `statement_of` writes it for so many rows, each value bound under the name that `nth` gives. SQLite's driver lets
    other threads run at every step of a statement, and has to wait to come back: one step for all costs far less.
    """

    def __init__(self, statement_of: Callable[[int], Any], dialect: Dialect) -> None:
        self._sized = {size: _Sized(statement_of(size), size, dialect) for size in _SIZES}

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute it for all of the rows, in a few statements."""
        start = 0
        while start < len(rows):
            size = next(size for size in _SIZES if size <= len(rows) - start)
            connection.exec_driver_sql(*self._sized[size].with_values(rows[start : start + size]))
            start += size


_SIZES = (64, 16, 4, 1)


class _Sized:
    """The statement for one number of rows."""

    def __init__(self, statement: Any, size: int, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self._sql = str(compiled)
        self._by_position = compiled.positiontup is not None
        self._constant, converters = _binds(compiled, dialect)
        names = compiled.positiontup or list(compiled.bind_names.values())
        self._places = [(name, *_row_of(name, size), converters[name]) for name in names if name in converters]
        self._names = names

    def with_values(self, rows: Sequence[Mapping[str, Any]]) -> tuple[str, Any]:
        """The SQL, and what the driver binds to it."""
        found = dict(self._constant)
        for name, index, field, convert in self._places:
            value = rows[index][field]
            found[name] = value if convert is None else convert(value)
        return self._sql, tuple([found[name] for name in self._names]) if self._by_position else found


def nth(name: str, index: int, kind: TypeEngine[Any]) -> BindParameter[Any]:
    """The value called `name` of the row `index`, for `PreparedRows`."""
    return bindparam(f"{name}_{index}", type_=kind)


def _row_of(name: str, size: int) -> tuple[int, str]:
    field, _, index = name.rpartition("_")
    assert 0 <= int(index) < size
    return int(index), field


_Converter = Callable[[Any], Any]


def _binds(compiled: SQLCompiler, dialect: Dialect) -> tuple[dict[str, Any], dict[str, _Converter | None]]:
    """The values that a statement holds itself, and how those that it asks for are written, by name."""
    constant: dict[str, Any] = {}
    converters: dict[str, _Converter | None] = {}
    for bind, name in compiled.bind_names.items():
        convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if bind.required:
            converters[name] = convert
        else:
            constant[name] = bind.value if convert is None else convert(bind.value)
    return constant, converters


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


def looked_up(column: ColumnElement[int], name: str, dialect: Dialect) -> ColumnElement[str]:
    """The text that the mapping bound to `name` has for a column's number."""
    if dialect.name == "sqlite":
        path = literal_column("'$.\"'").concat(cast(column, String)).concat(literal_column("'\"'"))
        return func.json_extract(bindparam(name, type_=_JsonTexts()), path)
    return cast(bindparam(name, type_=_JsonTexts()), postgresql.JSONB).op("->>")(cast(column, String))


class _JsonNumbers(TypeDecorator[list[int]]):
    """A list of numbers as SQLite's json_each reads it."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: list[int] | None, dialect: Dialect) -> str:  # noqa: ARG002 - SQLAlchemy's
        return json.dumps(value)


class _JsonTexts(TypeDecorator[dict[int, str]]):
    """Texts by number, as JSON."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: dict[int, str] | None, dialect: Dialect) -> str:  # noqa: ARG002 - SQLAlchemy's
        return json.dumps(value)

"""Statements compiled once and run many times: what SQLAlchemy writes, without its work for each execution."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    Connection,
    CursorResult,
    Dialect,
    String,
    Table,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from distributor.db.plain import ROWS, Converter, Insertion, Statement, read_moment, write_moment
from distributor.models import Moment

_Options = ParamSpec("_Options")
_Made = TypeVar("_Made")


def once_for_a_kind(
    make: Callable[Concatenate[Dialect, _Options], _Made],
) -> Callable[Concatenate[Dialect, _Options], _Made]:
    """Let statements be compiled once in a process for all databases of one kind: of one driver and server version."""
    known: dict[Any, _Made] = {}

    def made(dialect: Dialect, /, *args: _Options.args, **options: _Options.kwargs) -> _Made:
        kind = (type(dialect), dialect.server_version_info, args, *sorted(options.items()))
        if kind not in known:
            known[kind] = make(dialect, *args, **options)
        return known[kind]

    return made


class Prepared:
    """One statement with named values, for the databases of one kind.

    Compiling it costs a hundred times what SQLite needs to run it; the ledger runs the same few all the time. The types
    of values and columns are respected: `Moment` refuses a naive time here too. With `in_one_piece` what a SELECT of
    numbers and texts finds comes in one step, for the reason that `PreparedInsert` has. `plain` is the statement for
    who runs it without SQLAlchemy; on SQLite it can be sent to another process.
    """

    def __init__(self, statement: Any, dialect: Dialect, *, in_one_piece: bool = False) -> None:
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        sql = str(compiled)
        in_one_piece = in_one_piece and dialect.name == "sqlite"
        if in_one_piece:
            found = ", ".join(column.name for column in statement.selected_columns)
            sql = f"SELECT json_group_array(json_array({found})) FROM ({sql})"  # noqa: S608 - our own names
        self._by_position = compiled.positiontup is not None
        constant, converters = _binds(compiled, dialect)
        names = [str(name) for name in compiled.positiontup or compiled.bind_names.values()]  # some know SQLAlchemy
        values = [(name, converters.get(name)) for name in names]
        columns = enumerate(getattr(statement, "selected_columns", ()))
        readers = ((index, _reader(column.type, dialect)) for index, column in columns)
        self.plain = Statement(
            sql, values, constant, [(index, read) for index, read in readers if read is not None], in_one_piece
        )

    def run(self, connection: Connection, values: Mapping[str, Any]) -> CursorResult[*tuple[Any, ...]]:
        """Execute it once; what it returns is as the driver gives it."""
        bound = self.plain.bound(values) if self._by_position else self.plain.named(values)
        return connection.exec_driver_sql(self.plain.sql, bound)

    def read(self, connection: Connection, values: Mapping[str, Any]) -> list[list[Any]]:
        """The rows that a SELECT finds, each column as its type wants it."""
        return self.plain.rows(self.run(connection, values).fetchall())


class PreparedInsert:
    """An INSERT of as many rows as there are, for the databases of one kind.

    All rows go in one statement, or `together` of them. SQLite's driver lets other threads run at every step of a
    statement, and to come back costs more than the row; PostgreSQL keeps the tally once a statement. `plain` is as that
    of `Prepared`.
    """

    def __init__(self, table: Table, columns: Sequence[str], dialect: Dialect, *, together: int = ROWS) -> None:
        values = {name: bindparam(name, type_=table.c[name].type) for name in columns}
        statement = table.insert().inline().values(values)
        assert isinstance(dialect, DefaultDialect), "every dialect is one"
        by_position = type(dialect)(paramstyle="qmark" if dialect.name == "sqlite" else "format")
        head, word, row = str(statement.compile(dialect=by_position)).partition("VALUES ")
        converters = [_writer(table.c[name].type, dialect) for name in columns]
        self.plain = Insertion(head + word, row, converters, together)

    def run(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Insert the rows, each with its values in the order of the columns."""
        for sql, values in self.plain.statements(rows):
            connection.exec_driver_sql(sql, values)


def _binds(compiled: SQLCompiler, dialect: Dialect) -> tuple[dict[str, Any], dict[str, Converter | None]]:
    """The values that a statement holds itself, and how those that it asks for are written, by name."""
    constant: dict[str, Any] = {}
    converters: dict[str, Converter | None] = {}
    for bind, name in compiled.bind_names.items():
        convert = _writer(bind.type, dialect)
        if bind.required:
            converters[name] = convert
        else:
            value = bind.value.value if isinstance(bind.value, Enum) else bind.value
            constant[name] = value if convert is None else convert(value)
    return constant, converters


def _writer(kind: TypeEngine[Any], dialect: Dialect) -> Converter | None:
    """What a value of that kind goes through: on SQLite functions of ours, which do what SQLAlchemy's would."""
    if dialect.name == "sqlite":
        if isinstance(kind, Moment):
            return write_moment
        if isinstance(kind, (JSON, _JsonNumbers, _JsonTexts)):
            return json.dumps
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> Converter | None:
    """As `_writer`, for a column of that kind."""
    if dialect.name == "sqlite":
        if isinstance(kind, Moment):
            return read_moment
        if isinstance(kind, JSON):
            return json.loads
        if isinstance(kind, Boolean):
            return bool
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
    from sqlalchemy.dialects.postgresql import JSONB  # noqa: PLC0415 - most offices never need what it loads

    return cast(bindparam(name, type_=_JsonTexts()), JSONB).op("->>")(cast(column, String))


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

"""SQLite without SQLAlchemy keeps and reads what SQLAlchemy keeps and reads."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Boolean
from sqlalchemy.dialects import sqlite

from distributor.db.plain import Insertion, read_moment, write_moment
from distributor.db.prepared import _JsonNumbers, _JsonTexts, _reader, _writer
from distributor.models import Contact, Moment

_DIALECT = sqlite.dialect()  # type: ignore[no-untyped-call]
_ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=_ZONES)  # noqa: DTZ001 - Hypothesis wants them naive


@given(moment=st.none() | _MOMENTS)
def test_an_instant_is_kept_in_the_same_characters_and_read_as_the_same(moment: datetime | None) -> None:
    kind = Moment().dialect_impl(_DIALECT)
    theirs = kind.bind_processor(_DIALECT)
    assert theirs is not None
    kept = write_moment(moment)
    assert kept == theirs(moment)
    if kept is not None:
        back = kind.result_processor(_DIALECT, None)
        assert back is not None
        assert read_moment(kept) == back(kept) == moment
        assert read_moment(kept).tzinfo is UTC


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        write_moment(datetime(2026, 7, 1, 12))  # noqa: DTZ001 - that is what is refused


@given(numbers=st.lists(st.integers()), texts=st.dictionaries(st.integers(), st.text()))
def test_lists_and_texts_are_kept_in_the_same_characters(numbers: list[int], texts: dict[int, str]) -> None:
    for kind, value in ((_JsonNumbers(), numbers), (_JsonTexts(), texts)):
        theirs, ours = kind.dialect_impl(_DIALECT).bind_processor(_DIALECT), _writer(kind, _DIALECT)
        assert theirs is not None
        assert ours is not None
        assert ours(value) == theirs(value)


def test_merge_fields_and_yes_or_no_are_read_as_the_same() -> None:
    fields = {"nom": "Ève «x»", "ligne": "a\nb", "emoji": "🗞"}
    kinds = ((Contact.metadata.tables["contact"].c.fields.type, json.dumps(fields)), (Boolean(), 1), (Boolean(), 0))
    for kind, kept in kinds:
        theirs, ours = kind.dialect_impl(_DIALECT).result_processor(_DIALECT, None), _reader(kind, _DIALECT)
        assert theirs is not None
        assert ours is not None
        assert ours(kept) == theirs(kept)
        assert type(ours(kept)) is type(theirs(kept))


def test_rows_are_written_value_by_value_and_what_they_share_once() -> None:
    shared, written = {"a": 1}, list[object]()

    def write(value: object) -> str:
        written.append(value)
        return json.dumps(value)

    insertion = Insertion("INSERT INTO t VALUES ", "(?, ?, ?)", [None, write, write], together=2)
    rows = [(1, shared, [1]), (2, shared, [True]), (3, shared, None)]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (number, shared, own)")
        for sql, values in insertion.statements(rows):
            connection.execute(sql, values)
        kept = connection.execute("SELECT * FROM t").fetchall()
    assert kept == [(1, '{"a": 1}', "[1]"), (2, '{"a": 1}', "[true]"), (3, '{"a": 1}', "null")]
    assert written.count(shared) == 2  # a statement each


def test_none_is_null() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        assert connection.execute("SELECT ? IS NULL, typeof(?)", (None, None)).fetchone() == (1, "null")

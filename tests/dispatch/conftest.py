"""One base per engine for all these tests, emptied before each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from ledgerbase import empty, standing_base
from sqlalchemy import Connection, event

from distributor.db.engine import Database


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def standing_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database with our schema, once on SQLite and once on PostgreSQL, for one file of tests."""
    server_url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    with standing_base(request.param, tmp_path_factory.mktemp("base"), server_url) as database:
        yield database


@pytest.fixture
def database(standing_database: Database) -> Database:
    """The same, without a row."""
    empty(standing_database)
    return standing_database


@pytest.fixture
def transactions(database: Database) -> Iterator[Callable[[], int]]:
    """How many transactions have been committed since the test began."""
    count = 0

    def note(_connection: Connection) -> None:
        nonlocal count
        count += 1

    event.listen(database.engine, "commit", note)
    yield lambda: count
    event.remove(database.engine, "commit", note)

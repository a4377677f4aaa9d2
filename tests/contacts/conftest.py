"""One base per engine for all these tests, emptied before each: making a schema takes longer than most of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import delete, text

from distributor.db.engine import Database
from distributor.db.migrate import ensure_schema
from distributor.models import Contact


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def standing_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database with our schema, once on SQLite and once on PostgreSQL, for the whole session."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path_factory.mktemp('contacts') / 'press.db'}")
    else:
        server = Database(request.getfixturevalue("postgres_url"))
        name = f"contacts_{uuid.uuid4().hex}"
        with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
        database = Database(server.url.set(database=name).render_as_string(hide_password=False))
        server.close()
    ensure_schema(database)
    yield database
    database.close()


@pytest.fixture
def empty() -> Callable[[Database], None]:
    """Deletes every row of a database."""
    return _empty


@pytest.fixture
def database(standing_database: Database) -> Database:
    """The same, without a row."""
    _empty(standing_database)
    return standing_database


def _empty(database: Database) -> None:
    with database.transaction() as connection:
        for table in reversed(Contact.metadata.sorted_tables):
            connection.execute(delete(table))

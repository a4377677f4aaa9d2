"""Databases for tests: a new one with our schema on either engine, and the emptying of one."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, delete, text

from distributor.db.engine import Database
from distributor.db.migrate import ensure_schema
from distributor.models import Contact


@contextmanager
def new_database(folder: Path, postgres_url: str = "") -> Iterator[Database]:
    """A database with our schema: a file in `folder`, or one of its own on the server at `postgres_url`."""
    if not postgres_url:
        database = Database(f"sqlite:///{folder / 'press.db'}")
        ensure_schema(database)
        yield database
        database.close()
        return
    server, name = Database(postgres_url), f"test_{uuid.uuid4().hex}"
    with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    database = Database(server.url.set(database=name).render_as_string(hide_password=False))
    ensure_schema(database)
    yield database
    database.close()
    with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    server.close()


def empty(database: Database) -> None:
    """Delete every row."""
    with database.transaction() as connection:
        for table in reversed(Contact.metadata.sorted_tables):
            connection.execute(delete(table))


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

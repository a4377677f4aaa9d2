"""The indexes that the models describe are those that the migrations have made, conditions included."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Connection, text
from sqlmodel import SQLModel

import distributor.models  # noqa: F401 - the tables
from distributor.db.engine import Database


def indexes(connection: Connection) -> dict[str, str]:
    """Every index that a statement has made, in the words of its database."""
    of_sqlite = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    of_postgres = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
    is_sqlite = connection.dialect.name == "sqlite"
    rows = connection.execute(text(of_sqlite if is_sqlite else of_postgres)).all()
    return {name: re.sub(r"\bON \w+\.", "ON ", sql).replace("WHERE (", "WHERE ").rstrip(")") for name, sql in rows}


def test_the_models_make_the_indexes_of_the_migrations(database: Database, tmp_path: Path) -> None:
    with database.reading() as connection:
        migrated = indexes(connection)
    if database.is_sqlite:
        other = Database(f"sqlite:///{tmp_path / 'models.db'}")
        with other.transaction() as connection:
            SQLModel.metadata.create_all(connection)
            described = indexes(connection)
        other.close()
    else:
        with database.engine.connect() as connection:
            connection.execute(text("CREATE SCHEMA of_models"))
            connection.execute(text("SET search_path TO of_models"))
            SQLModel.metadata.create_all(connection)
            described = indexes(connection)
            connection.rollback()
    migrated.pop("alembic_version_pkc", None)
    assert sum("WHERE" in sql for sql in described.values()) == 6
    assert described == migrated

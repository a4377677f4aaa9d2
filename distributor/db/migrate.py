"""Bringing a database to the schema this program knows, and refusing one that is newer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlmodel import SQLModel

from distributor.db.engine import Database
from distributor.errors import BadInput, Outdated

SCHEMA_HEAD = "0023"
"""The newest migration in `migrations/versions`; a test holds it equal to Alembic's own answer."""

_MIGRATION_LOCK = 0x736368656D61
"""The number of PostgreSQL's lock for migrations in its own table of such locks: two machines may start at once."""

_MIGRATIONS = Path(__file__).parent / "migrations"


def schema_revision(database: Database) -> str | None:
    """The revision the database stands at, or None if it holds no schema of ours."""
    with database.reading() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def ensure_schema(database: Database, require: Callable[[Connection], object] = lambda _connection: None) -> bool:
    """Bring the database to `SCHEMA_HEAD`, in one transaction; return whether anything was done.

    A schema that is older is left alone where `require`, asked in the same transaction, raises.

    Raises `BadInput` when a newer Distributor made it: this one would not know what it leaves out.
    """
    revision = schema_revision(database)
    if revision == SCHEMA_HEAD:
        return False
    if revision is not None and revision > SCHEMA_HEAD:
        raise BadInput(
            f"This database was made by a newer Distributor (schema {revision}; this one knows up to {SCHEMA_HEAD}).",
            mend="Install the newer version, or choose another workspace.",
        )
    from alembic import command  # noqa: PLC0415 - half a second that only a new or old schema needs
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with database.transaction() as connection:
        if not database.is_sqlite:  # where the write lock is ours already
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
        require(connection)
        config.attributes["connection"] = connection  # Alembic looks once more at what there is to do
        command.upgrade(config, SCHEMA_HEAD)
        if not database.is_sqlite:
            gather_statistics(connection)
    return True


def gather_statistics(connection: Connection) -> None:
    """Let PostgreSQL look at what the tables hold, by which it plans its statements.

    It forgets that of a table that is written anew, and knows nothing of one that was filled just now. Until it looks
    by itself, a page of a million recipients' report takes two seconds instead of three milliseconds.
    """
    names = ", ".join(SQLModel.metadata.tables)
    connection.execute(text(f"ANALYZE {names}"))


def require_own_schema(connection: Connection) -> None:
    """Raise `Outdated` where a newer Distributor has brought the database up to date since this process opened it.

    Asked behind what the same transaction wrote: on PostgreSQL that waits until a migration is over.
    """
    if connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() != SCHEMA_HEAD:
        raise Outdated(
            "A newer Distributor has brought this database up to date meanwhile; the older one sends nothing more.",
            mend="Run the command again.",
        )

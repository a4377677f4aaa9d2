"""Leaving nothing of what was deleted behind in the database's own files."""

from __future__ import annotations

import sqlite3

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from distributor.db.engine import Database, translated
from distributor.errors import StorageTrouble


def overwrite_deleted(database: Database) -> None:
    """Rewrite the database without free pages and empty its journal: what was deleted is in no file of it any more.

    On a PostgreSQL server dead rows are vacuumed; its write-ahead log and backups are the administrator's. Raises
    `StorageTrouble` when another command holds the journal, or the disk is too full to rewrite the file.
    """
    with translated():
        if not database.is_sqlite:
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM"))
            return
        busy = _rewrite(database)
    if busy:
        raise StorageTrouble(
            "Another command is using the database, so its journal could not be emptied: what was erased may"
            " still stand in the file.",
            mend="Run the same command again when the other one is through.",
        )


def _rewrite(database: Database) -> bool:
    """Return whether somebody reads from the journal, so that it could not be emptied."""
    # Past the engine, which begins a transaction with every connection: here none may be open.
    connection = database.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        row = cursor.fetchone()
        cursor.close()
    except sqlite3.OperationalError as error:
        raise OperationalError("VACUUM", None, error) from error
    finally:
        connection.close()
    return bool(row and row[0])

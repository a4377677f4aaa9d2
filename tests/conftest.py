"""What every test may ask for: a database on each engine, and an environment without settings of ours."""

from __future__ import annotations

import gc
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pytest
from authority import Authority, make_authority
from databases import LONG, empty, new_database, new_server
from hypothesis import HealthCheck, settings
from movingclock import MovingClock, follow
from sqlalchemy import Connection, event, text

from distributor.db.engine import Database

_MEMORY = Path("/dev/shm")
_ROOM = 2 << 30

# No verdict hangs on a clock: on a busy machine any example takes any time.
# Each run takes other examples; `make torture` takes many at once.
settings.register_profile(
    "unhurried", max_examples=50 * LONG, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")


def pytest_configure() -> None:
    """Let tests write to memory where there is enough of it: on a disk every commit waits.

    No verdict hangs on a disk: what a killed process wrote stays with the kernel on either, and what a loss of power
    leaves is told by the calls of fsync (`scenarios/unsynced.c`). Who sets TMPDIR, or gives `--basetemp`, decides.
    """
    if "TMPDIR" not in os.environ and _is_roomy(_MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


def _is_roomy(folder: Path) -> bool:
    """Whether there is room for what the suite writes, and its scripts may run there; containers often have neither."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize > _ROOM and not found.f_flag & os.ST_NOEXEC


def pytest_collection_finish() -> None:
    """What is collected is here to stay: no search for garbage goes through it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def blows(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """For the test to count in what it does to us, by kind; the sum over all tests is told at the end."""
    counted = Counter[str]()
    yield counted
    request.node.user_properties.append(("blows", dict(counted)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was survived."""
    counted = Counter[str]()
    for report in chain.from_iterable(terminalreporter.stats.values()):
        if getattr(report, "when", "") == "teardown":
            for name, value in report.user_properties:
                counted.update(value if name == "blows" else {})
    if counted:
        told = ", ".join(f"{number:,} {kind}" for kind, number in counted.most_common())
        terminalreporter.write_line(f"Blows: {counted.total():,} ({told})")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the suite reaches a test."""
    for name in [name for name in os.environ if name.startswith("DISTRIBUTOR_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def moving_clock(tmp_path: Path) -> Iterator[MovingClock]:
    """The clock of this process, in the test's hand: it stands at the morning of Tuesday 1 December 2026."""
    moving = MovingClock(tmp_path / "clock", datetime(2026, 12, 1, 8, tzinfo=UTC))
    undo = follow(moving.file)
    yield moving
    undo()


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real PostgreSQL server that lives as long as the session."""
    with new_server(tmp_path_factory.mktemp("runtime")) as server:
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        _spare_the_disk(url)
        yield url


def _spare_the_disk(url: str) -> None:
    """Let the server write as to a disk that never loses power: what it holds ends with the session."""
    server = Database(url)
    with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    server.close()


@pytest.fixture(scope="session")
def standing_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A SQLite file with our schema, kept through the session."""
    with new_database(tmp_path_factory.mktemp("base")) as database:
        yield database


@pytest.fixture(scope="session")
def standing_server(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The same on PostgreSQL."""
    with new_database(tmp_path_factory.mktemp("base"), postgres_url) as database:
        yield database


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Database:
    """A database with our schema and without a row, once on SQLite and once on PostgreSQL."""
    standing: Database = request.getfixturevalue("standing_file" if request.param == "sqlite" else "standing_server")
    empty(standing)
    return standing


@pytest.fixture
def file_database(standing_file: Database) -> Database:
    """The same on SQLite only."""
    empty(standing_file)
    return standing_file


@pytest.fixture
def server_database(postgres_url: str, tmp_path: Path) -> Iterator[Database]:
    """A database on PostgreSQL of this test's own: it may set it otherwise, and leave it so."""
    with new_database(tmp_path, postgres_url) as database:
        yield database


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority that lives as long as the session."""
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def transactions(database: Database) -> Iterator[Callable[[], int]]:
    """How many transactions have been committed since the test began."""
    count = 0

    def note(_connection: Connection) -> None:
        nonlocal count
        count += 1

    event.listen(database.engine, "commit", note)
    yield lambda: count
    event.remove(database.engine, "commit", note)

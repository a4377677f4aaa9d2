"""The database opened by URL: what cannot be one is refused in a sentence, and so is a number that it cannot hold."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from databases import put_database
from sqlalchemy import insert
from sqlmodel import func, select

from distributor.db import engine
from distributor.db.engine import Database
from distributor.errors import BadInput, FileReplaced, StorageTrouble
from distributor.models import Dispatch, Sector
from distributor.reports import queries


@pytest.mark.parametrize("number", [2**63, 10**20, 10**40])
def test_a_number_beyond_every_database_is_one_sentence(database: Database, number: int) -> None:
    with pytest.raises(BadInput, match=r"larger than any|no dispatch"), database.reading() as connection:
        queries.find_dispatch(connection, number)
    with pytest.raises(BadInput, match="larger than any"), database.session() as session:
        session.exec(select(Dispatch).where(Dispatch.id == number)).all()


def test_who_only_reads_sees_one_moment(database: Database) -> None:
    """Figures and rows agree, whatever is sent meanwhile."""
    count = select(func.count()).select_from(Sector)
    with database.reading() as connection, database.session(reads_only=True) as session:
        before = connection.execute(count).scalar_one(), session.exec(count).one()
        with database.session() as other:
            other.add(Sector(name="Culture", slug="culture"))
        assert (connection.execute(count).scalar_one(), session.exec(count).one()) == before
    with database.reading() as connection, database.session(reads_only=True) as session:
        after = connection.execute(count).scalar_one(), session.exec(count).one()
    assert after == (before[0] + 1, before[1] + 1)
    with database.transaction() as connection:
        assert connection.get_isolation_level() in {"SERIALIZABLE", "READ COMMITTED"}, "as before, for who writes"


def read(database: Database) -> None:
    with database.reading() as connection:
        connection.execute(select(Sector)).all()


def test_a_journal_that_others_took_away_when_they_ended_is_none_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who came while another held the file for itself alone had no connection yet; that one's journal ends with it."""
    monkeypatch.setattr(engine, "pragmas", lambda _cache_kb: ["PRAGMA busy_timeout=0", "PRAGMA journal_mode=WAL"])
    database = Database(f"sqlite:///{put_database(tmp_path)}")
    with closing(sqlite3.connect(tmp_path / "press.db", timeout=0)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageTrouble):
            read(database)
        database.require_in_place()
        assert (tmp_path / "press.db-wal").exists()
        other.rollback()
    assert not (tmp_path / "press.db-wal").exists()
    read(database)
    database.require_in_place()
    database.close()


def test_who_has_lost_all_connections_has_no_journal(tmp_path: Path) -> None:
    """An error of the disk, say, closes them; where no other command is there, the journal goes with the last."""
    database = Database(f"sqlite:///{put_database(tmp_path)}")
    read(database)
    database.require_in_place()
    with database.engine.connect() as connection:
        connection.invalidate()
    assert not (tmp_path / "press.db-wal").exists()
    database.require_in_place()
    read(database)
    database.require_in_place()
    (tmp_path / "press.db-wal").unlink()
    with pytest.raises(FileReplaced):
        database.require_in_place()
    database.close()


def test_a_line_lost_in_the_middle_is_one_sentence(server_database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the driver has to add: nobody asked for a log of it, and it would stand between our sentences."""
    rows = [{"name": name, "slug": name, "parent_id": None} for name in ("a", "b")]

    def write_when_the_line_is_lost() -> None:
        with server_database.transaction() as connection:
            server_database.hang_up(at_once=False)
            connection.execute(insert(Sector), rows)

    with pytest.raises(StorageTrouble):
        write_when_the_line_is_lost()
    assert caplog.records == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://anne:swordfish@127.0.0.1:1/press?bogus=1",
        "postgresql+psycopg://anne:swordfish@127.0.0.1:1/press?connect_timeout=swordfish",
        "postgresql+psycopg://anne:swordfish@db..example/press",
        "postgresql+psycopg://anne:swordfish@127.0.0.1:1/press?host=a&host=b&port=zz",
    ],
)
def test_an_address_of_no_server_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadInput, match="cannot be read") as caught, Database(url).reading():
        pass
    assert caught.value.field == "DISTRIBUTOR_DATABASE_URL"
    assert "swordfish" not in str(caught.value)

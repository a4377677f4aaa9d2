"""The database moved elsewhere: every row, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from databases import new_database
from ledgerbase import ACCEPTED, START, add_deliveries, add_version, put, record_of, states
from sqlalchemy import insert, select, text

from distributor.db.copying import copy_database
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import Batch
from distributor.deliveries.tally import tally
from distributor.errors import Refused
from distributor.models import Contact

TABLES = Contact.metadata.tables


def fill(database: Database) -> tuple[int, list[int]]:
    """A dispatch in the middle, and contacts that point forward in their own table."""
    dispatch_id, ids = add_deliveries(database, 5, name="Zoë «l'été»", merge={"b": 1, "a": ["é", None]})
    log = DeliveryLog(database, "w1")
    log.claim(dispatch_id, 2)
    log.commit(Batch(begins=ids[:2]))
    log.commit(Batch(records=[record_of(number, ACCEPTED) for number in ids[:2]]))
    with database.session() as session:
        session.add_all([Contact(id=number, address=f"j{number}@a.example", address_key=f"j{number}@a.example",
                                 domain="a.example", last_name="J") for number in (1, 2)])  # fmt: skip
    with database.transaction() as connection:
        connection.execute(text("UPDATE contact SET same_as_id = 2 WHERE id = 1"))
    return dispatch_id, ids


def rows(database: Database, name: str) -> list[tuple[object, ...]]:
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(select(TABLES[name]).order_by(*TABLES[name].primary_key))]


def test_there_and_back_every_row_is_the_same(tmp_path: Path, postgres_url: str) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "back").mkdir()
    with (
        new_database(tmp_path / "old") as old,
        new_database(tmp_path, postgres_url) as server,
        new_database(tmp_path / "back") as back,
    ):
        dispatch_id, ids = fill(old)
        before = {name: rows(old, name) for name in TABLES}
        there = copy_database(old, server)
        again = copy_database(server, back)
        assert there == again
        assert {one.name: one.rows for one in there} == {
            name: len(found) for name, found in before.items() if name not in {"tally", "worker"}
        }
        for name, found in before.items():
            assert rows(old, name) == found
            assert rows(back, name) == found
            assert name == "tally" or rows(server, name) == found
        with old.reading() as left, server.reading() as right:
            assert tally(left, [dispatch_id]) == tally(right, [dispatch_id])
        assert states(server, ids) == ["accepted"] * 2 + ["queued"] * 3
        add_version(server, slug="after")  # the next number is free


def test_a_target_with_rows_is_refused_and_left_alone(tmp_path: Path, database: Database) -> None:
    (tmp_path / "old").mkdir()
    with new_database(tmp_path / "old") as old:
        fill(old)
        add_version(database)
        with pytest.raises(Refused, match="not empty"):
            copy_database(old, database)
        assert rows(database, "delivery") == []


def test_while_somebody_sends_nothing_is_copied(tmp_path: Path, database: Database) -> None:
    (tmp_path / "old").mkdir()
    with new_database(tmp_path / "old") as old:
        _dispatch, ids = fill(old)
        put(old, ids[4], state="claimed", worker="w1")
        with pytest.raises(Refused, match="1 recipients are being sent to"):
            copy_database(old, database)


def test_what_does_not_arrive_as_it_left_is_not_kept(tmp_path: Path, database: Database) -> None:
    (tmp_path / "old").mkdir()
    with new_database(tmp_path / "old") as old:
        fill(old)
        trigger = (
            "CREATE TRIGGER spoil AFTER INSERT ON audit BEGIN UPDATE audit SET actor = 'x'; END"
            if database.is_sqlite
            else "CREATE RULE spoil AS ON INSERT TO audit DO INSTEAD NOTHING"
        )
        undo = "DROP TRIGGER spoil" if database.is_sqlite else "DROP RULE spoil ON audit"
        with old.transaction() as connection:
            connection.execute(insert(TABLES["audit"]).values(at=START, actor="a", action="b", subject="c", details={}))
        with database.transaction() as connection:
            connection.execute(text(trigger))
        try:
            with pytest.raises(Exception, match="did not arrive as it left"):
                copy_database(old, database)
            assert rows(database, "delivery") == []
        finally:
            with database.transaction() as connection:
                connection.execute(text(undo))

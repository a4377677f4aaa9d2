"""Where more rows were written than 32 bits can number: an older PostgreSQL is widened, and all works on."""

from __future__ import annotations

from pathlib import Path

from office import BUREAU, SHORT_LIST, SLUG, Office
from smtpserver import running
from sqlalchemy import Integer, text
from sqlmodel import SQLModel
from test_many_machines import url_of

from distributor.db.engine import Database

BEYOND = 5_000_000_000


def narrow(database: Database) -> None:
    """Make it what an older Distributor had made: numbers of 32 bits."""
    with database.transaction() as connection:
        for table in SQLModel.metadata.sorted_tables:
            numbers = [one.name for one in table.c if one.name == "id" or one.foreign_keys]
            for name in (name for name in numbers if isinstance(table.c[name].type, Integer)):
                connection.execute(text(f"ALTER TABLE {table.name} ALTER {name} TYPE INTEGER"))
        connection.execute(text("ALTER TABLE worker DROP COLUMN cannot"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0021'"))


def number_beyond_32_bits(database: Database) -> None:
    with database.transaction() as connection:
        for table in (one for one in SQLModel.metadata.sorted_tables if "id" in one.c):
            if isinstance(table.c.id.type, Integer):
                connection.execute(text(f"SELECT setval('{table.name}_id_seq', {BEYOND})"))


def knows_its_contacts(database: Database) -> bool:
    """Whether PostgreSQL plans by what stands in the table, without having looked by itself."""
    with database.reading() as connection:
        return bool(
            connection.execute(text("SELECT 1 FROM pg_stats WHERE (tablename, attname) = ('contact', 'id')")).all()
        )


def undeliverable(to: str) -> bytes:
    """A bounce as plain as they come, to the address that one message left from."""
    said = "<somebody>: host mx.example said: 550 5.1.1 User unknown"
    head = f"From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
    return f"{head}Date: Tue, 01 Dec 2026 09:00:00 +0100\r\n\r\n{said}\r\n".encode()


def test_numbers_beyond_32_bits_go_the_whole_way(office: Office, server_database: Database, tmp_path: Path) -> None:
    narrow(server_database)
    office.run("db", "copy", url_of(server_database))
    assert knows_its_contacts(server_database)
    narrow(server_database)
    assert not knows_its_contacts(server_database)
    office.at(1, database_url=url_of(server_database)).run("contacts", "list")
    assert knows_its_contacts(server_database)
    number_beyond_32_bits(server_database)
    zoe = "zoe.tardy@gazette-neuve.example"
    with running() as server:
        there = office.at(
            server.port, database_url=url_of(server_database), bounce_address="retours@littoral.example", verp="yes"
        )
        there.run("contacts", "add", zoe, "--last-name", "Tardy", "--list", BUREAU)
        there.send(SLUG, BUREAU)
        assert len(server.accepted) == len(SHORT_LIST) + 1
        to_zoe = next(one for one in server.accepted if one.recipient == zoe)
    (tmp_path / "bounce.eml").write_bytes(undeliverable(to_zoe.sender))
    there.run("feedback", "read", str(tmp_path / "bounce.eml"))
    there.run("releases", "accept-embargo", SLUG, SHORT_LIST[0].address, "--how", "by telephone")
    there.run("releases", "embargo", SLUG, "--at", "2099-03-03T18:00", "--yes")
    there.run("contacts", "merge", SHORT_LIST[0].address, SHORT_LIST[1].address, "--yes")
    back = tmp_path / "back.db"
    there.run("db", "copy", f"sqlite:///{back}")
    for one in (there, office.at(1, database_url=f"sqlite:///{back}")):
        recipients = one.json("report", SLUG)["recipients"]
        assert min(row["id"] for row in recipients) > BEYOND
        states = {row["address"]: row["state"] for row in recipients}
        assert states == {person.spec: "accepted" for person in SHORT_LIST} | {zoe: "bounced"}

"""A PostgreSQL that is set for others: what must hold holds all the same, and what cannot be is one sentence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select, text

from distributor.db import engine, troubles
from distributor.db.bell import Bell
from distributor.db.engine import Database
from distributor.deliveries.roster import Roster
from distributor.errors import BadInput, StorageTrouble
from distributor.models import Contact

_contact = Contact.__table__
MOMENT = datetime(2026, 2, 13, 18, 30, 0, 250_000, tzinfo=UTC)


def opened_with(database: Database, **settings: str) -> Database:
    """The same database as whoever connects from now on finds it."""
    with database.transaction() as connection:
        for name, value in settings.items():
            connection.execute(text(f"ALTER DATABASE \"{database.url.database}\" SET {name} = '{value}'"))
    return Database(database.url.render_as_string(hide_password=False))


def shown(database: Database, setting: str) -> str:
    with database.reading() as connection:
        return str(connection.execute(text(f"SHOW {setting}")).scalar())


@pytest.mark.parametrize("level", ["serializable", "repeatable read"])
def test_a_statement_sees_what_was_committed_before_it(server_database: Database, level: str) -> None:
    ours = opened_with(server_database, default_transaction_isolation=level)
    Roster(server_database, "anne:1:1:a").beat(None, 1)
    with ours.transaction() as connection:
        connection.execute(text("SELECT count(*) FROM worker"))
        Roster(server_database, "anne:1:1:a").beat(None, 2)
        changed = connection.execute(text("UPDATE worker SET connections = 3 WHERE connections = 2"))
        assert changed.rowcount == 1
    ours.close()


@pytest.mark.parametrize(("theirs", "ours"), [("off", "on"), ("on", "on"), ("local", "local")])
def test_a_commit_outlives_a_crash_of_the_server(server_database: Database, theirs: str, ours: str) -> None:
    database = opened_with(server_database, synchronous_commit=theirs)
    for _ in range(2):
        with database.transaction() as connection:
            assert connection.scalar(text("SHOW synchronous_commit")) == ours
            connection.execute(text("RESET synchronous_commit"))  # as on another connection of a pooler
    database.close()


@pytest.mark.parametrize("pooled", [False, True])
def test_nothing_is_prepared_behind_a_pooler(
    server_database: Database, monkeypatch: pytest.MonkeyPatch, *, pooled: bool
) -> None:
    """Another process answers there than the one that let us in, and its statements may be another one's."""
    if pooled:
        monkeypatch.setattr(engine, "_SESSION", engine._SESSION.replace("pg_backend_pid()", "0"))
    database = Database(server_database.url.render_as_string(hide_password=False))
    with database.transaction() as connection:
        for _ in range(20):
            connection.execute(text("SELECT count(*) FROM worker"))
        assert bool(connection.scalar(text("SELECT count(*) FROM pg_prepared_statements"))) is not pooled
    database.close()


def test_dates_and_letters_are_read_as_they_were_written(server_database: Database) -> None:
    database = opened_with(server_database, DateStyle="German, DMY", client_encoding="LATIN1", timezone="Asia/Tokyo")
    with database.transaction() as connection:
        values = {"last_name": "明 Łukasz", "fields": {}, "created_at": MOMENT, "updated_at": MOMENT}
        connection.execute(insert(_contact).values(**values))
    with database.reading() as connection:
        assert connection.execute(select(_contact.c.last_name, _contact.c.created_at)).one() == ("明 Łukasz", MOMENT)
    database.close()


def test_a_standby_is_said_to_be_one(server_database: Database) -> None:
    database = opened_with(server_database, default_transaction_read_only="on")
    with pytest.raises(StorageTrouble, match="standby, or set to be read only"):
        Roster(database, "anne:1:1:a").beat(None, 1)
    database.close()


def test_where_another_server_has_taken_over_it_is_written_to(server_database: Database) -> None:
    """The connections to the one that only reads would stand, and read only, for as long as we run."""
    database = opened_with(server_database, default_transaction_read_only="on")
    with pytest.raises(StorageTrouble, match="standby"):
        Roster(database, "anne:1:1:a").beat(None, 1)
    opened_with(server_database, default_transaction_read_only="off").close()
    Roster(database, "anne:1:1:a").beat(None, 1)
    database.close()


def test_a_statement_that_took_too_long_says_so(server_database: Database) -> None:
    database = opened_with(server_database, statement_timeout="50ms")
    with pytest.raises(StorageTrouble, match=r"statement timeout.*SET statement_timeout"), database.reading() as reader:
        reader.execute(text("SELECT pg_sleep(5)"))
    database.close()


def test_a_server_that_is_full_says_so(server_database: Database) -> None:
    with server_database.transaction() as connection:
        connection.execute(text("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0"))
    url = server_database.url.set(username="crowded").render_as_string(hide_password=False)
    with pytest.raises(StorageTrouble, match=r"takes no further connection.*max_connections"), Database(url).reading():
        pass
    with server_database.transaction() as connection:
        connection.execute(text("DROP ROLE crowded"))


def test_a_transaction_that_the_server_has_ended_is_no_defect(server_database: Database) -> None:
    database = opened_with(server_database, transaction_timeout="50ms")
    with pytest.raises(StorageTrouble), database.transaction() as connection:
        connection.execute(text("SELECT pg_sleep(5)"))
    database.close()


def test_whoever_writes_neither_idles_nor_waits_without_end(server_database: Database) -> None:
    with server_database.transaction() as connection:
        assert connection.scalar(text("SHOW lock_timeout")) == "90s"
        assert connection.scalar(text("SHOW idle_in_transaction_session_timeout")) == "1min"
    with server_database.reading() as connection:
        assert connection.scalar(text("SHOW lock_timeout")) == "0"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("53100", r"server's disk is full \(could not extend.*Free some space there"),
        ("53200", r"in trouble itself \(could not extend.*its log"),
        ("58030", r"in trouble itself"),
        ("XX001", r"in trouble itself"),
    ],
)
def test_what_the_server_suffers_from_itself_is_said_to_be_there(
    server_database: Database, number: str, said: str
) -> None:
    with pytest.raises(StorageTrouble, match=said), server_database.transaction() as connection:
        connection.execute(text(f"DO $$ BEGIN RAISE 'could not extend file' USING ERRCODE = '{number}'; END $$"))


@pytest.mark.parametrize(
    ("said", "quoted"),
    [
        (
            'connection to server at "192.0.2.1" failed: FATAL:  password authentication failed for user "press"',
            'password authentication failed for user "press"',
        ),
        (
            'connection to server at "192.0.2.1" failed: fe_sendauth: no password supplied',
            'connection to server at "192.0.2.1" failed: fe_sendauth: no password supplied',
        ),
    ],
)
def test_a_login_that_is_refused_is_no_silence(said: str, quoted: str) -> None:
    """Whoever waits for it would wait for ever: it goes on with the password that it has read."""
    trouble = troubles.of_operation(said)
    assert isinstance(trouble, StorageTrouble)
    assert trouble.message == f"The database server refuses the login that this command was started with ({quoted})."


def test_a_certificate_that_is_not_there_is_no_name_that_the_server_does_not_know() -> None:
    said = 'connection to server at "192.0.2.1" failed: root certificate file "/etc/press.pem" does not exist'
    trouble = troubles.of_operation(f"{said}\nEither provide the file, or change sslmode.")
    assert isinstance(trouble, StorageTrouble)
    assert said in trouble.message


def test_a_search_path_that_leads_nowhere_says_so(server_database: Database) -> None:
    astray = opened_with(server_database, search_path="nowhere")
    with pytest.raises(BadInput, match=r"no schema.*CREATE SCHEMA"), astray.transaction() as connection:
        connection.execute(text("CREATE TABLE x (a int)"))
    astray.close()


def test_a_user_without_rights_is_told_which(server_database: Database) -> None:
    with server_database.transaction() as connection:
        connection.execute(text("CREATE ROLE nobody_of_ours"))
    ours = opened_with(server_database, role="nobody_of_ours")
    with pytest.raises(BadInput, match=r"permission denied for table worker.*OWNER"):
        Roster(ours, "anne:1:1:a").beat(None, 1)
    ours.close()


def test_a_database_that_is_not_there_and_one_without_tables_are_told_apart(server_database: Database) -> None:
    missing = Database(server_database.url.set(database="nowhere").render_as_string(hide_password=False))
    with pytest.raises(BadInput, match=r'no such name \(database "nowhere" does not exist'), missing.reading():
        pass
    with server_database.transaction() as connection:
        connection.execute(text("ALTER TABLE worker RENAME TO former"))
    with pytest.raises(BadInput, match="no tables of ours"):
        Roster(server_database, "anne:1:1:a").present()


def test_a_bell_whose_server_is_gone_does_not_ring_and_harms_nobody() -> None:
    bell = Bell(Database("postgresql+psycopg://anne@127.0.0.1:1/press"))
    bell.listen()
    bell.listen()

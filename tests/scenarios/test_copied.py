"""`db copy` among people who work: a living worker, two copies at once, a kill in the middle, the password."""

from __future__ import annotations

import io
import signal

import pytest
from office import BUREAU, SHORT_LIST, SLUG, Office, finish, one_sentence, send_arguments, until
from smtpserver import running
from test_many_machines import url_of
from test_recalled import is_cooling

from distributor.cli.workspace.copying import copy_to
from distributor.db.engine import Database
from distributor.wiring import open_workspace


def with_password(database: Database) -> str:
    """The URL as people write it. The server asks for no password, so any will do."""
    url = database.url.set(drivername="postgresql", password="swordfish", query={"host": database.url.query["host"]})
    return url.render_as_string(hide_password=False)


def test_a_worker_that_waits_may_not_send_behind_the_copy(office: Office, server_database: Database) -> None:
    process = office.start("work")
    assert process.stdout.readline().startswith("Nothing is due; waiting")
    refused = office.run("db", "copy", url_of(server_database), code=3)
    assert f"process {process.pid} on " in refused.err
    process.send_signal(signal.SIGTERM)
    finish(process, 130)
    office.run("db", "copy", url_of(server_database))


def test_a_dispatch_that_cools_down_may_not_leave_behind_the_copy(office: Office, server_database: Database) -> None:
    with running() as server:
        cooling = office.at(server.port, cool_down="60").start(*send_arguments(SLUG, BUREAU))
        until(lambda: is_cooling(office), "it cools down", process=cooling)
        refused = office.run("db", "copy", url_of(server_database), code=3)
        assert "dispatch 1 cools down" in one_sentence(refused)
        cooling.send_signal(signal.SIGINT)
        finish(cooling, 130)
        office.run("db", "copy", url_of(server_database))
        assert server.accepted == []


def test_two_copies_at_once_fill_it_once(office: Office, server_database: Database) -> None:
    both = [office.start("db", "copy", url_of(server_database)) for _ in range(2)]
    ran = sorted((finish(one) for one in both), key=lambda one: one.code)
    assert [one.code for one in ran] == [0, 3], [one.text for one in ran]
    assert "not empty" in ran[1].err


def test_one_that_is_killed_in_the_middle_leaves_it_empty(office: Office, server_database: Database) -> None:
    with server_database.transaction() as other:
        other.exec_driver_sql("LOCK TABLE outlet")
        process = office.start("db", "copy", url_of(server_database))
        until(lambda: waits_for_a_lock(server_database), "it copies", process=process)
        process.kill()
        finish(process, -signal.SIGKILL)
    until(lambda: not waits_for_a_lock(server_database), "the server has let it go")
    with server_database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM contact").scalar() == 0
    office.run("db", "copy", url_of(server_database))


WAIT = """
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
CREATE TRIGGER wait BEFORE INSERT ON contact FOR EACH STATEMENT EXECUTE FUNCTION wait()
"""


@pytest.mark.parametrize(
    ("meanwhile", "said"),
    [
        (("suppressions", "add", SHORT_LIST[0].address, "--source", "phone"), "changed while it was copied"),
        (("work",), "at work"),
    ],
)
def test_what_happens_meanwhile_is_not_left_behind(
    office: Office, server_database: Database, meanwhile: tuple[str, ...], said: str
) -> None:
    """An objection that only the former database knows would be mailed to from the new one."""
    with server_database.transaction() as other:
        other.exec_driver_sql(WAIT)
    with server_database.transaction() as other:
        other.exec_driver_sql("SELECT pg_advisory_xact_lock(1)")
        copying = office.start("db", "copy", url_of(server_database))
        until(lambda: waits_for_a_lock(server_database), "it copies", process=copying)
        process = office.start(*meanwhile)
        assert process.stdout.readline()
    assert said in finish(copying, 3).err
    process.send_signal(signal.SIGTERM)
    finish(process)
    with server_database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM contact").scalar() == 0
    office.run("db", "copy", url_of(server_database))


def waits_for_a_lock(database: Database) -> bool:
    with database.reading() as connection:
        return bool(connection.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar())


def test_a_password_in_the_address_is_not_shown(office: Office, server_database: Database) -> None:
    said = office.run("db", "copy", with_password(server_database)).text
    assert "swordfish" not in said
    assert "connect_timeout" not in said
    assert f"postgres:***@/{server_database.url.database}" in said
    assert said.endswith("*** stands for the password, which is shown nowhere: put it there yourself.\n")


def test_nor_one_that_stands_behind_the_question_mark(office: Office, server_database: Database) -> None:
    said = office.run("db", "copy", f"{url_of(server_database)}&password=swordfish").text
    assert "swordfish" not in said
    assert "password=" in said


def test_the_address_may_come_by_standard_input(
    office: Office, server_database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{with_password(server_database)}\n"))
    workspace = open_workspace(office.path)
    copy_to(workspace, "-")
    workspace.database.close()
    assert "swordfish" not in "".join(capsys.readouterr())
    with server_database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM contact").scalar() == 212

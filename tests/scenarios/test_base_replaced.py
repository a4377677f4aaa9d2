"""Another file is put in the place of `press.db` while a command has it open: nothing more is sent from the old one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from movingclock import MovingClock
from office import EVERYBODY, SLUG, Office, finish, let_time_pass, one_sentence, send_arguments, until, until_looked
from smtpserver import running
from warmcommand import APART_FROM

SOCIAL = [person for person in EVERYBODY if person.sector == "social"]
REPLACED = "is not the file any more that this command opened"


def copy_of(office: Office) -> Path:
    """A copy as the manual makes it."""
    copy = office.path / "press-copy.db"
    with closing(sqlite3.connect(office.path / "press.db")) as connection:
        connection.execute(f"VACUUM INTO '{copy}'")
    return copy


def put_back(office: Office, copy: Path) -> None:
    """As a person does who has found out that something is wrong."""
    for name in ("press.db", "press.db-wal", "press.db-shm"):
        (office.path / name).rename(office.path / f"old-{name}")
    copy.rename(office.path / "press.db")


@pytest.mark.parametrize("apart", ["1", "1000"])
def test_in_the_middle_of_a_dispatch(office: Office, apart: str) -> None:
    with running() as server:
        sending = office.at(server.port, smtp_per_second="5")
        sending.settings[APART_FROM] = apart
        process = sending.start(*send_arguments(SLUG, "social"))
        until(lambda: server.accepted, "the first is accepted", process=process)
        put_back(sending, copy_of(sending))
        assert REPLACED in one_sentence(finish(process, 2))
        assert len(server.accepted) < len(SOCIAL)
        finish(sending.at(server.port, smtp_per_second="").start("dispatches", "resume", "1"), 0, 5)
    doubt = {one["address"] for one in sending.deliveries("in_doubt")}
    assert {one.recipient for one in server.accepted} | doubt == {person.spec for person in SOCIAL}


@pytest.mark.parametrize("apart", ["1", "1000"])
def test_a_journal_that_is_taken_away_in_the_middle_of_a_dispatch(office: Office, apart: str) -> None:
    """Who sends goes on in the one that has no name any more; what others recorded meanwhile would be overwritten."""
    with running() as server:
        sending = office.at(server.port, smtp_per_second="5")
        sending.settings[APART_FROM] = apart
        process = sending.start(*send_arguments(SLUG, "social"))
        until(lambda: server.accepted, "the first is accepted", process=process)
        for ending in ("wal", "shm"):
            (office.path / f"press.db-{ending}").unlink()
        assert "press.db-wal" in one_sentence(finish(process, 2))
        assert len(server.accepted) < len(SOCIAL)
        assert len(sending.deliveries("accepted")) == len(server.accepted)
        finish(sending.at(server.port, smtp_per_second="").start("dispatches", "resume", "1"), 0)
        assert {one.recipient for one in server.accepted} == {person.spec for person in SOCIAL}
        assert len(server.accepted) == len(SOCIAL)


def test_a_worker_that_waits_ends(office: Office, moving_clock: MovingClock) -> None:
    process = office.by(moving_clock).start("work")
    until_looked(process, moving_clock)
    put_back(office, copy_of(office))
    moving_clock.move(seconds=5)
    assert REPLACED in one_sentence(finish(process, 2))


def test_a_workspace_that_is_moved_is_waited_for(office: Office, moving_clock: MovingClock) -> None:
    """Its disk may be gone for a while."""
    process = office.by(moving_clock).start("work")
    until_looked(process, moving_clock)
    elsewhere = office.path.with_name("moved")
    office.path.rename(elsewhere)
    moving_clock.move(seconds=5)
    said = f"There is no {office.path / 'press.db'} any more. Put it back. Nothing leaves until that is over; "
    assert process.stderr.readline().startswith(f"{said}it goes on by itself then")
    until_looked(process, moving_clock)
    elsewhere.rename(office.path)
    moving_clock.move(seconds=1)
    assert process.stderr.readline() == "The database takes what is written again; going on.\n"
    process.terminate()
    finish(process, 130)


def test_what_stands_there_when_it_comes_back_may_be_another(office: Office, moving_clock: MovingClock) -> None:
    process = office.by(moving_clock).start("work")
    until_looked(process, moving_clock)
    copy = copy_of(office)
    office.path.rename(elsewhere := office.path.with_name("moved"))
    moving_clock.move(seconds=5)
    process.stderr.readline()
    office.path.mkdir()
    (elsewhere / copy.name).rename(office.path / "press.db")
    let_time_pass(process, moving_clock)
    assert REPLACED in one_sentence(finish(process, 2))

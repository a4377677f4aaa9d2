"""A refused login is offered to the server once, whatever command comes next, until the settings change."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, replace
from typing import Any

import pytest
from ledgerbase import KEYRING
from sqlalchemy import text

from distributor.db.engine import Database
from distributor.dispatch.accounts.logins import LoginGuard, RefusedLogins
from distributor.errors import CredentialsRefused, ServerUnavailable
from distributor.transport.account import SmtpAccount
from distributor.transport.base import Connection

ACCOUNT = SmtpAccount("mail.halle.example", 465, "tls", "presse", "hunter2")


@dataclass
class Door:
    """A server that raises what it is told to."""

    error: Exception
    knocks: int = 0

    async def connect(self) -> Connection:
        self.knocks += 1
        raise self.error


def knock(database: Database, door: Door, account: SmtpAccount = ACCOUNT) -> str:
    guard = LoginGuard(door, account, RefusedLogins(database, KEYRING))
    with pytest.raises((CredentialsRefused, ServerUnavailable)) as raised:
        asyncio.run(guard.connect())
    return str(raised.value)


def test_a_refused_login_is_offered_once_over_all_commands(database: Database) -> None:
    door = Door(CredentialsRefused("535 no", mend="Check it."))
    for _ in range(3):
        assert "535 no" in knock(database, door)
    assert door.knocks == 1
    assert "accounts check --try-again" in knock(database, door)
    knock(database, door, replace(ACCOUNT, password="another"))
    assert door.knocks == 2, "another password is another login"
    RefusedLogins(database, KEYRING).forget(ACCOUNT)
    knock(database, door)
    assert door.knocks == 3


def test_a_server_that_is_away_is_no_refusal(database: Database) -> None:
    door = Door(ServerUnavailable("nobody there"))
    for _ in range(3):
        knock(database, door)
    assert door.knocks == 3
    assert RefusedLogins(database, KEYRING).refusal(ACCOUNT) is None


def test_the_password_is_nowhere_in_the_database(database: Database) -> None:
    knock(database, Door(CredentialsRefused("535 no")))
    with database.reading() as connection:
        (row,) = connection.execute(text("SELECT * FROM refused_login")).all()
    assert "hunter2" not in str(row)
    assert "presse" not in str(row)


@pytest.mark.parametrize("what", ["refusal", "remember"])
def test_a_database_that_takes_its_time_over_a_login_holds_up_nothing_else(
    database: Database, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """What other connections send goes on, signals are heard, and a server that falls silent is hung up on."""
    asked, answers = threading.Event(), threading.Event()
    ask = getattr(RefusedLogins, what)

    def slowly(self: RefusedLogins, *about: Any) -> Any:
        asked.set()
        assert answers.wait(timeout=10), "the loop goes round meanwhile"
        return ask(self, *about)

    monkeypatch.setattr(RefusedLogins, what, slowly)
    guard = LoginGuard(Door(CredentialsRefused("535 no")), ACCOUNT, RefusedLogins(database, KEYRING))

    async def scene() -> None:
        knocking = asyncio.create_task(guard.connect())
        await asyncio.to_thread(asked.wait, 10)
        answers.set()
        with pytest.raises(CredentialsRefused):
            await knocking

    asyncio.run(scene())

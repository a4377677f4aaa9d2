"""Logins that were refused: a password that the server turned down once is not offered again, by any command."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from distributor import clock
from distributor.db.engine import Database
from distributor.errors import CredentialsRefused
from distributor.models import RefusedLogin
from distributor.settings import PREFIX
from distributor.tokens import Keyring
from distributor.transport.account import SmtpAccount
from distributor.transport.base import Connection, Transport

_refused = RefusedLogin.__table__  # type: ignore[attr-defined]

_MEND = (
    f"Set another {PREFIX}SMTP_USERNAME or {PREFIX}SMTP_PASSWORD; if the provider has mended it on its side:"
    " distributor accounts check --try-again"
)


@dataclass(frozen=True, slots=True)
class LoginGuard:
    """A transport that offers no login again which was refused before: providers lock accounts for that.

    What is kept is a keyed hash of server, name and password: other settings are another login.
    """

    transport: Transport
    account: SmtpAccount
    database: Database
    keyring: Keyring

    async def connect(self) -> Connection:
        """Open a connection; raise `CredentialsRefused` without asking the server when it said so before."""
        login = login_of(self.account, self.keyring)
        said = refusal(self.database, login)
        if said is not None:
            raise CredentialsRefused(said, mend=_MEND)
        try:
            return await self.transport.connect()
        except CredentialsRefused as error:
            remember(self.database, login, error.message)
            raise


def login_of(account: SmtpAccount, keyring: Keyring) -> str:
    """The keyed hash that a login is remembered by."""
    parts = (account.host.lower(), str(account.port), account.username, account.password)
    return keyring.login_hash("\0".join(parts))


def refusal(database: Database, login: str) -> str | None:
    """What was said when this login was refused, or None if it was not."""
    with database.reading() as connection:
        said: str | None = connection.execute(select(_refused.c.said).where(_refused.c.login == login)).scalar()
    return said


def remember(database: Database, login: str, said: str) -> None:
    """Keep that a login was refused."""
    with database.transaction() as connection:
        make = sqlite.insert if database.is_sqlite else postgresql.insert
        connection.execute(
            make(_refused).values(login=login, said=said, refused_at=clock.now()).on_conflict_do_nothing()
        )


def forget(database: Database, login: str) -> None:
    """Let a login be offered again."""
    with database.transaction() as connection:
        connection.execute(delete(_refused).where(_refused.c.login == login))

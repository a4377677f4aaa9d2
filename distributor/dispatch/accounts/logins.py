"""Logins that were refused: a password that the server turned down once is not offered again, by any command."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from distributor import clock
from distributor.db.engine import Database
from distributor.db.upserts import upsert
from distributor.errors import CredentialsRefused
from distributor.models import RefusedLogin
from distributor.tokens import Keyring
from distributor.transport.account import SmtpAccount
from distributor.transport.base import Connection, Transport

_refused = RefusedLogin.__table__


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the server said of a login, when it said so first, and what mends it."""

    since: datetime
    said: str
    mend: str


@dataclass(frozen=True, slots=True)
class RefusedLogins:
    """What is remembered of refused logins: a keyed hash of server, name and password; other settings are another."""

    database: Database
    keyring: Keyring

    def refusal(self, account: SmtpAccount) -> CredentialsRefused | None:
        """What to raise instead of offering this login again, or None if it was not refused."""
        known = self.known(account)
        return None if known is None else CredentialsRefused(known.said, mend=known.mend)

    def known(self, account: SmtpAccount) -> Refusal | None:
        """What is remembered of this login, or None if it was not refused when it was last tried."""
        with self.database.reading() as connection:
            row = connection.execute(
                select(_refused.c.refused_at, _refused.c.said).where(_refused.c.login == self._login(account))
            ).one_or_none()
        return None if row is None else Refusal(row.refused_at, row.said, _mend(account))

    def remember(self, account: SmtpAccount, said: str) -> None:
        """Keep that a login was refused."""
        values = {"login": self._login(account), "said": said, "refused_at": clock.now()}
        with self.database.transaction() as connection:
            connection.execute(upsert(connection, _refused).values(**values).on_conflict_do_nothing())

    def forget(self, account: SmtpAccount) -> None:
        """Let a login be offered again."""
        with self.database.transaction() as connection:
            connection.execute(delete(_refused).where(_refused.c.login == self._login(account)))

    def _login(self, account: SmtpAccount) -> str:
        parts = (account.host.lower(), str(account.port), account.username, account.credential)
        return self.keyring.login_hash("\0".join(parts))


def _mend(account: SmtpAccount) -> str:
    again = f"distributor accounts check {account.name}".rstrip() + " --try-again"
    if account.tokens is not None:
        return f"Sign in again: distributor accounts login {account.name}; if it is mended over there: {again}"
    return (
        f"Set another {account.setting('SMTP_USERNAME')} or {account.setting('SMTP_PASSWORD')}; if the provider has"
        f" mended it on its side: {again}"
    )


@dataclass(frozen=True, slots=True)
class LoginGuard:
    """A transport that offers no login again which was refused before: providers lock accounts for that."""

    transport: Transport
    account: SmtpAccount
    refused: RefusedLogins

    async def connect(self) -> Connection:
        """Open a connection; raise `CredentialsRefused` without asking the server when it said so before."""
        # Beside the loop: a database that does not answer must hold up neither what is on the wire nor a signal.
        refusal = await asyncio.to_thread(self.refused.refusal, self.account)
        if refusal is not None:
            raise refusal
        try:
            return await self.transport.connect()
        except CredentialsRefused as error:
            await asyncio.to_thread(self.refused.remember, self.account, error.message)
            raise

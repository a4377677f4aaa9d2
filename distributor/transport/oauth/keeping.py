"""Keeping tokens: a file of the account's own that only its owner can read, and one process at a time that renews."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from distributor import clock
from distributor.account_settings import DEFAULT_ACCOUNT
from distributor.errors import (
    AccountTrouble,
    BadInput,
    CredentialsRefused,
    DistributorError,
    ServerUnavailable,
    StorageTrouble,
)
from distributor.files import read_bytes, write_bytes
from distributor.settings import PREFIX, Login, OAuthProvider, Settings
from distributor.transport.oauth.google import GoogleGrant
from distributor.transport.oauth.grants import AccessToken, Application, Grant, Invite, State
from distributor.transport.oauth.microsoft import MicrosoftGrant

FOLDER = ".oauth"
"""Where tokens lie in a workspace; hidden, so that no report or preview is ever written among them."""

_TOKEN, _ENDS = "token", "ends"
_AHEAD = timedelta(minutes=5)
"""How long before its end a token is renewed."""

OF_MAILBOX = ".mailbox"
"""Marks the tokens of an account that are asked for somebody else: for whoever's mailbox is read."""


@dataclass(slots=True)
class KeptTokens:
    """An account's tokens: asked for when there is none, renewed before they end, and once when a server refuses one.

    `sign_in_with` is the command that has a person sign in. Thread-safe, and safe beside other processes: the file is
    locked while somebody asks, and whoever comes next finds the new token.
    """

    grant: Grant
    application: Application
    file: Path
    sign_in_with: str
    _distrusted: str = field(default="", repr=False)

    @property
    def fingerprint(self) -> str:
        """What a refusal is remembered by: application, user and secret, none of which it tells."""
        return sha256(f"{self.application.identity}\0{self.application.secret}".encode()).hexdigest()

    def token(self) -> str:
        """A token to log in with; `CredentialsRefused` when the provider gives none, `AccountTrouble` otherwise."""
        with self._kept() as state:
            known = state.get(_TOKEN, "")
            if known and known != self._distrusted and _lasts(state):
                return known
            with self._words():
                return _put(state, self.grant.ask(state))

    def another(self, refused: str) -> str:
        """Another token than the one that a server refused: one that somebody else renewed meanwhile, or a new one."""
        self._distrusted = refused
        return self.token()

    def distrust(self, token: str) -> None:
        """Have the next one asked for anew: a server that took this token has had enough of it."""
        self._distrusted = token

    def sign_in(self, invite: Invite, port: int = 0) -> str:
        """Have a person sign in; return who did, as far as the provider says.

        Nothing is locked while they take their time: who sends meanwhile goes on with what is kept.
        """
        fresh: dict[str, str] = {}
        with self._words():
            token = self.grant.sign_in(fresh, invite, port)
        with self._kept() as state:
            state.clear()
            state.update(fresh)
            _put(state, token)
        return token.who

    @property
    def is_signed_in(self) -> bool:
        """Whether a token can be asked for without a person."""
        return not self.grant.needs_a_person or bool(self._read())

    @contextmanager
    def _words(self) -> Iterator[None]:
        try:
            yield
        except ImportError:
            raise AccountTrouble(
                f"Tokens of {self.grant.provider} want a part that is not installed.",
                mend="Install it: pip install 'distributor[oauth]'",
            ) from None
        except BadInput as error:  # a key file that went: the account cannot be used, and another one may take over
            raise AccountTrouble(error.complaint, mend=error.mend) from None
        except CredentialsRefused as error:
            mend = f"Sign in: {self.sign_in_with}" if self.grant.needs_a_person else "Check the application's secret."
            raise CredentialsRefused(error.message, mend=error.mend or mend) from None
        except DistributorError:
            raise
        except Exception as error:  # the providers' libraries believe whatever stands in an answer
            raise ServerUnavailable(
                f"{self.grant.provider} gives no token now: its answer cannot be understood.",
                mend="Try again in a few minutes; if it lasts, check that nothing answers in its place.",
            ) from error

    @contextmanager
    def _kept(self) -> Iterator[State]:
        """What is kept, locked, and written when it changed: also when asking failed, for a new refresh token is in it.

        Raises `StorageTrouble`.
        """
        try:
            self.file.parent.mkdir(mode=0o700, exist_ok=True)
            lock = os.open(self.file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StorageTrouble(
                f"{self.file} cannot be written: {error.strerror}.", mend="Check the folder."
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = self._read()
            state = dict(before)
            try:
                yield state
            finally:
                if state != before:
                    self._write(state)
        finally:
            os.close(lock)

    def _read(self) -> dict[str, str]:
        try:
            if stat.S_IMODE(self.file.stat().st_mode) & 0o077:
                raise AccountTrouble(
                    f"{self.file} holds tokens, and others on this machine can read it.",
                    mend=f"Run: chmod 600 {self.file}",
                )
            kept = json.loads(read_bytes(self.file))
        except (BadInput, OSError, ValueError):
            return {}
        known = isinstance(kept, dict) and kept.pop("identity", "") == self.application.identity
        return {name: str(value) for name, value in kept.items()} if known else {}

    def _write(self, state: State) -> None:
        if not self.file.exists():
            os.close(os.open(self.file, os.O_WRONLY | os.O_CREAT, 0o600))
        write_bytes(self.file, json.dumps({"identity": self.application.identity, **state}).encode())


def _lasts(state: State) -> bool:
    try:
        return datetime.fromisoformat(state[_ENDS]) - clock.now() > _AHEAD
    except (KeyError, ValueError, TypeError):  # somebody's hand was in the file
        return False


def _put(state: State, token: AccessToken) -> str:
    state[_TOKEN], state[_ENDS] = token.value, token.ends.isoformat()
    return token.value


def forget_tokens(workspace: Path, account: str) -> None:
    """Throw away what is kept of an account's tokens."""
    for name in (account, f"{account}{OF_MAILBOX}"):
        for file in (_file(workspace, name), _file(workspace, name).with_suffix(".lock")):
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)


def _file(workspace: Path, name: str) -> Path:
    return workspace / FOLDER / f"{name}.tokens.json"  # no name holds a full stop: nobody's key is called so


def tokens_of(settings: Settings, account: str, mark: str = "") -> KeptTokens:
    """The tokens of the account that these settings describe; `BadInput` says what is not set.

    `mark` keeps those apart that are asked for somebody else.
    """

    def missing(name: str, said: str) -> BadInput:
        if account == DEFAULT_ACCOUNT:
            return BadInput(said, field=PREFIX + name.upper(), mend="Set it in .env; see docs/deploy.md.")
        mend = f"Set it: distributor accounts edit {account} --set {name}=…"
        return BadInput(said, field=f"account {account}: {name}", mend=mend)

    if settings.oauth_provider is None:
        raise missing("oauth_provider", "The login is by OAuth2, and nobody is named who gives the tokens.")
    if not settings.smtp_username:
        raise missing("smtp_username", "A token is for somebody, and no user name is set.")
    of_google = settings.oauth_provider is OAuthProvider.GOOGLE
    if not settings.oauth_client_id and not (of_google and settings.oauth_key_file):
        raise missing("oauth_client_id", "No application is set that asks for tokens.")
    secret = settings.oauth_client_secret.reveal()
    if secret and not of_google and settings.oauth_tenant in {"", "organizations", "common"}:
        raise missing("oauth_tenant", "An application with a secret asks one directory, and none is set.")
    application = Application(
        client_id=settings.oauth_client_id,
        secret=secret,
        tenant=settings.oauth_tenant,
        key_file=settings.oauth_key_file,
        authority=settings.oauth_authority,
        username=settings.smtp_username,
        reads_mail=_reads_mail(settings, account),
        ca_file=settings.smtp_ca_file,
    )
    grant: Grant = GoogleGrant(application) if of_google else MicrosoftGrant(application)
    file = _file(settings.workspace, f"{account}{mark}")
    return KeptTokens(grant, application, file, f"distributor accounts login {account}")


def _reads_mail(settings: Settings, account: str) -> bool:
    return settings.feedback_imap_login is Login.XOAUTH2 and settings.feedback_imap_account == account

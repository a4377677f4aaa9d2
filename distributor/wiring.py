"""The one place where settings, database, keys, templates and transport are put together."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection, select
from sqlmodel import Session, col

from distributor import clock
from distributor.addresses import Address, BadAddress, parse_address
from distributor.db.engine import Database
from distributor.db.migrate import SCHEMA_HEAD, ensure_schema, schema_revision
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.roster import Roster
from distributor.deliveries.workers import worker_name
from distributor.dispatch.carry import Carrier
from distributor.dispatch.composing import keyring_of
from distributor.dispatch.events import EventLog, open_event_log
from distributor.dispatch.logins import LoginGuard, RefusedLogins
from distributor.dispatch.pacing import PacingBook
from distributor.dispatch.retry import RetryPolicy
from distributor.errors import BadInput, DistributorError, StorageTrouble
from distributor.feedback.apply import Intake
from distributor.feedback.effects import Hand
from distributor.feedback.mailbox import ImapAccount, fetch_imap, fetch_maildir
from distributor.files import OwnFiles
from distributor.models import Account, Release
from distributor.rendering.templates import TemplateSet
from distributor.settings import PREFIX, ImapLogin, Security, Settings, load_settings
from distributor.tokens import Keyring, Purpose
from distributor.transport.account import SmtpAccount, is_loopback
from distributor.transport.base import Transport
from distributor.transport.dialogue import Dialogue
from distributor.transport.presets import find_preset, provider_of
from distributor.transport.smtp import SmtpTransport
from distributor.transport.throttle import Limits

TEMPLATE = "press-release"
MANY_MESSAGES = 100_000


@dataclass(frozen=True)
class Workspace:
    """A workspace, opened: everything a command may need, made when it is first asked for."""

    path: Path
    settings: Settings
    is_new: bool = False

    @cached_property
    def database(self) -> Database:
        """The database, at the schema this program knows."""
        database = Database(self.settings.database_url)
        if not self.is_new:
            database.require_file()
        elif database.file is not None:
            make_private(database.file)
        ensure_schema(database)
        return database

    @property
    def own_files(self) -> OwnFiles:
        """What no report, preview or rejects file may take the place of."""
        return OwnFiles(self.path, self.database.file)

    @cached_property
    def keyring(self) -> Keyring:
        """The secret key, under which objections are kept and tokens signed."""
        if not self.settings.secret_key:
            raise BadInput(
                "No secret key is set.",
                field=f"{PREFIX}SECRET_KEY",
                mend="Put back the .env that goes with this database, or write 32 or more random characters there.",
            )
        return keyring_of(self.settings)

    @cached_property
    def templates(self) -> TemplateSet:
        """The e-mail templates of this workspace."""
        return TemplateSet.load(self.path / "templates" / TEMPLATE, within=self.path)

    @cached_property
    def retry(self) -> RetryPolicy:
        """When to try again."""
        return RetryPolicy(self.settings.retry_minutes, self.settings.retry_hours)

    def web_url(self, release: Release) -> str:
        """Where `serve` shows a release once it is out; "" without a public address."""
        if not self.settings.public_url or release.id is None:
            return ""
        return f"{self.settings.public_url}/r/{self.keyring.token(Purpose.RELEASE, release.id)}"

    def log(self) -> DeliveryLog:
        """The delivery log, as a worker of its own name."""
        return DeliveryLog(self.database, worker_name())

    def carrier(self, log: DeliveryLog, connections: int | None = None) -> Carrier:
        """What carries this workspace's dispatches, over as many connections as said, or as the settings say."""
        return Carrier(
            database=self.database,
            log=log,
            keyring=self.keyring,
            workspace=self.path,
            timezone=self.settings.timezone,
            retry=self.retry,
            connections=connections or self.settings.smtp_connections,
            roster=Roster(self.database, log.worker),
            in_doubt=self.settings.in_doubt,
            operator=actor(),
            limits=self.limits,
            events=self.events(log.worker),
            paces_providers=self.settings.provider_limits,
            late=timedelta(minutes=self.settings.late_minutes),
        )

    @cached_property
    def limits(self) -> Limits:
        """The account's limits: those that are set, and of the preset those that are not.

        `BadInput` for a preset that there is not.
        """
        settings = self.settings
        own = Limits(
            per_second=settings.smtp_per_second,
            per_minute=settings.smtp_per_minute,
            per_hour=settings.smtp_per_hour,
            per_day=settings.smtp_per_day,
        )
        if not settings.smtp_preset:
            return own
        preset = find_preset(settings.smtp_preset)
        if preset is None:
            raise BadInput(
                f"There is no preset «{settings.smtp_preset}».",
                field=f"{PREFIX}SMTP_PRESET",
                mend="See: distributor accounts presets",
            )
        return own.over(preset.limits)

    def events(self, worker: str) -> EventLog:
        """Where a worker's events are told."""
        settings = self.settings
        return open_event_log(settings.log_file, self.path, personal=settings.log_addresses, worker=worker)

    def account(self) -> SmtpAccount:
        """The sending account that the settings describe; `AccountTrouble` when they describe none."""
        settings = self.settings
        return SmtpAccount(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security.value,
            username=settings.smtp_username,
            password=settings.smtp_password.reveal(),
            helo=settings.smtp_helo or None,
            ca_file=settings.smtp_ca_file,
            messages_per_connection=min(
                settings.smtp_messages_per_connection, self.limits.messages_per_connection or MANY_MESSAGES
            ),
        )

    def intake(self) -> Intake:
        """What takes in the messages that come back."""
        settings = self.settings
        sender = settings.bounce_address or (settings.mail_from.address if settings.mail_from else None)
        return Intake(
            self.database,
            self.keyring,
            actor=actor(),
            bounce_address=sender.spec if sender else "",
            pause_domain=self._block_domain,
        )

    def _block_domain(self, connection: Connection, domain: str, why: str, now: datetime) -> None:
        """Send nothing to a domain's provider for a while, with any account."""
        for account_id in connection.execute(select(col(Account.id))).scalars():
            assert account_id is not None
            PacingBook(self.database, account_id, "feedback").block(connection, provider_of(domain), why, now)

    def hand(self, session: Session, source: str) -> Hand:
        """What a person's word on an event may use, in the session's transaction."""
        return Hand(session, self.keyring, actor(), source, clock.now())

    def imap_account(self) -> ImapAccount | None:
        """The mailbox for what comes back, or None without one. Plain is for a server on this machine."""
        settings = self.settings
        if not settings.feedback_imap_host:
            return None
        if settings.feedback_imap_security is Security.PLAIN and not is_loopback(settings.feedback_imap_host):
            raise BadInput(
                "A password would cross the network in clear.",
                field=f"{PREFIX}FEEDBACK_IMAP_SECURITY",
                mend="Write tls or starttls; plain is for a server on this machine.",
            )
        return ImapAccount(
            host=settings.feedback_imap_host,
            port=settings.feedback_imap_port,
            security=settings.feedback_imap_security.value,
            username=settings.feedback_imap_username,
            password=settings.feedback_imap_password.reveal(),
            folder=settings.feedback_imap_folder,
            done_folder=settings.feedback_imap_done_folder,
            is_token=settings.feedback_imap_login is ImapLogin.XOAUTH2,
            ca_file=settings.smtp_ca_file,
        )

    def fetch_feedback(self, take: Callable[[bytes, str], object]) -> int:
        """Hand what lies in the mailbox and in the Maildir of the settings to `take`; return how many messages.

        Raises `BadInput` where neither is set.
        """
        account, maildir = self.imap_account(), self.settings.feedback_maildir
        if account is None and maildir is None:
            raise BadInput(
                "No mailbox is set for what comes back.",
                field=f"{PREFIX}FEEDBACK_IMAP_HOST",
                mend=f"Set it, or {PREFIX}FEEDBACK_MAILDIR, in .env; or name files: distributor feedback read FILE",
            )
        count = fetch_maildir(maildir, take) if maildir else 0
        return count + (fetch_imap(account, take) if account else 0)

    def transport(self, dialogue: Dialogue | None = None) -> Transport:
        """The way to the mail server: no login is offered again that it refused before."""
        account = replace(self.account(), dialogue=dialogue)
        if not account.username:
            return SmtpTransport(account)
        return LoginGuard(SmtpTransport(account), account, RefusedLogins(self.database, self.keyring))

    def refused_logins(self) -> RefusedLogins | None:
        """What is remembered of refused logins; None where nothing can be. Makes and mends nothing."""
        database = Database(self.settings.database_url)
        try:
            database.require_file()
            if not self.settings.secret_key or schema_revision(database) != SCHEMA_HEAD:
                return None
        except DistributorError:
            return None
        return RefusedLogins(database, self.keyring)


def make_private(file: Path) -> None:
    """Make a database's file: nobody else on this machine is to read people's addresses, there or beside it."""
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StorageTrouble(
            f"The database cannot be made at {file}: {error.strerror}.", mend=f"Check {PREFIX}DATABASE_URL."
        ) from None


def actor() -> str:
    """Who is at the keyboard, as the audit names them: the system's user, whatever the environment claims."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"


def read_address(text: str) -> Address:
    """An address typed on the command line; `BadInput` says what is wrong with it."""
    try:
        return parse_address(text.strip())
    except BadAddress as error:
        raise BadInput(f"«{text}» is not an e-mail address: {error}", mend="Check the spelling.") from None


def open_workspace(path: Path, *, creating: bool = False) -> Workspace:
    """Open the workspace in `path`; raise `BadInput` if the folder is none, or its settings cannot be used.

    With `creating`, a database that is not there yet is made rather than missed.
    """
    if not path.is_dir():
        raise BadInput(f"There is no folder {path}.", mend=f"Run: distributor init {path}")
    if not (path / ".env").exists() and not os.environ.get(f"{PREFIX}DATABASE_URL"):
        raise BadInput(
            f"{path} is not a Distributor workspace (it has no .env).",
            mend=f"Go to your workspace, name it with --workspace, or make one: distributor init {path}",
        )
    return Workspace(path.absolute(), load_settings(path.absolute(), os.environ), is_new=creating)

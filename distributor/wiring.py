"""The one place where settings, database, keys, templates and transport are put together."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from distributor.addresses import Address, BadAddress, parse_address
from distributor.db.engine import Database
from distributor.db.migrate import ensure_schema
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.roster import Roster
from distributor.deliveries.workers import worker_name
from distributor.dispatch.carry import Carrier
from distributor.dispatch.retry import RetryPolicy
from distributor.errors import BadInput, StorageTrouble
from distributor.files import OwnFiles
from distributor.rendering.templates import TemplateSet
from distributor.settings import PREFIX, Settings, load_settings
from distributor.tokens import Keyring
from distributor.transport.account import SmtpAccount
from distributor.transport.smtp import SmtpTransport

TEMPLATE = "press-release"


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
        return Keyring(self.settings.secret_key.reveal().encode())

    @cached_property
    def templates(self) -> TemplateSet:
        """The e-mail templates of this workspace."""
        return TemplateSet.load(self.path / "templates" / TEMPLATE, within=self.path)

    @cached_property
    def retry(self) -> RetryPolicy:
        """When to try again."""
        return RetryPolicy(self.settings.retry_minutes, self.settings.retry_hours)

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
        )

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
            messages_per_connection=settings.smtp_messages_per_connection,
        )

    def transport(self) -> SmtpTransport:
        """The way to the mail server."""
        return SmtpTransport(self.account())


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

"""The one place where settings, database, keys, templates and transport are put together."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from distributor.account_settings import DEFAULT_ACCOUNT, settings_of
from distributor.addresses import Address, BadAddress, parse_address, straightened
from distributor.db.engine import Database
from distributor.db.migrate import SCHEMA_HEAD, ensure_schema, schema_revision
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.roster import Roster, require_nobody_at_work
from distributor.deliveries.workers import worker_name
from distributor.dispatch.accounts.logins import LoginGuard, RefusedLogins
from distributor.dispatch.accounts.named import find_account, named_accounts
from distributor.dispatch.accounts.ways import Way, Ways
from distributor.dispatch.events import EventLog, open_event_log
from distributor.dispatch.hours.attendance import Attendance
from distributor.dispatch.messages.identity import keyring_of
from distributor.dispatch.retry import RetryPolicy
from distributor.dispatch.scribe import Standby
from distributor.errors import BadInput, DistributorError, StorageTrouble
from distributor.files import OwnFiles
from distributor.models import Release
from distributor.settings import PREFIX, Login, Settings, load_settings
from distributor.tokens import Keyring, Purpose
from distributor.transport.account import SmtpAccount
from distributor.transport.base import Transport
from distributor.transport.dialogue import Dialogue
from distributor.transport.presets import provider_limits, provider_of, require_preset
from distributor.transport.throttle import NO_LIMITS, DomainLimits, Limits, no_domain_limits

if TYPE_CHECKING:
    from distributor.dispatch.carry import Carrier
    from distributor.rendering.templates import TemplateSet
    from distributor.transport.oauth.keeping import KeptTokens

TEMPLATE = "press-release"
MANY_MESSAGES = 100_000


@dataclass(frozen=True)
class Workspace:
    """A workspace, opened: everything a command may need, made when it is first asked for."""

    path: Path
    settings: Settings
    is_new: bool = False
    account_name: str = DEFAULT_ACCOUNT
    base: Workspace | None = None
    """The workspace as its settings alone have it, where this one is that of a named account."""

    def for_account(self, name: str) -> Workspace:
        """This workspace with a named account's server, limits and sender; `BadInput` when there is none of that name.

        Database and keys are the same.
        """
        base = self.base or self
        if name == DEFAULT_ACCOUNT:
            return base
        with base.database.reading() as connection:
            config = find_account(connection, name).config
        own = replace(base, settings=settings_of(base.settings, name, config), account_name=name, base=base)
        own.__dict__["database"] = base.database
        return own

    @cached_property
    def database(self) -> Database:
        """The database, at the schema this program knows."""
        database = Database(self.settings.database_url)
        if not self.is_new:
            database.require_file()
        elif database.file is not None:
            make_private(database.file)
        ensure_schema(database, _require_no_former_version)
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
        from distributor.rendering.templates import TemplateSet  # noqa: PLC0415 - most commands write no message

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

    @cached_property
    def attendance(self) -> Attendance:
        """Since when this process is at work."""
        return Attendance() if self.base is None else self.base.attendance

    def log(self) -> DeliveryLog:
        """The delivery log, as a worker of its own name."""
        return DeliveryLog(self.database, worker_name())

    @cached_property
    def standby(self) -> Standby:
        """Where the process for the delivery log stands by, once somebody wants one."""
        return Standby()

    def carrier(self, log: DeliveryLog, connections: int | None = None, accounts: Sequence[str] = ()) -> Carrier:
        """What carries this workspace's dispatches, over as many connections as said, or as each account has.

        With `accounts`, others are to know that it sends through those only.
        """
        from distributor.dispatch.carry import Carrier  # noqa: PLC0415 - most commands carry nothing

        return Carrier(
            database=self.database,
            log=log,
            keyring=self.keyring,
            workspace=self.path,
            timezone=self.settings.timezone,
            retry=self.retry,
            connections=connections or None,
            roster=Roster(self.database, log.worker, accounts=accounts),
            in_doubt=self.settings.in_doubt,
            operator=actor(),
            events=self.events(log.worker),
            late=timedelta(minutes=self.settings.late_minutes),
            attendance=self.attendance,
            standby=self.standby,
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
        named = self.account_name != DEFAULT_ACCOUNT
        field = f"account {self.account_name}: smtp_preset" if named else f"{PREFIX}SMTP_PRESET"
        return own.over(require_preset(settings.smtp_preset, field).limits)

    @cached_property
    def domain_limits(self) -> DomainLimits:
        """The limits of mailbox providers and of other domains that are kept besides.

        What is set for one domain of a provider is for all of them; where it is not set, what the provider bears.
        """
        own: dict[str, Limits] = {}
        for domain, values in self.settings.domain_limits.items():
            name = provider_of(domain)
            own[name] = Limits.from_mapping(values).over(own.get(name, NO_LIMITS))
        if self.settings.provider_limits:
            return lambda name: own.get(name, NO_LIMITS).over(provider_limits(name))
        return own.get

    def limits_of(self, account: str) -> tuple[Limits, DomainLimits]:
        """The limits of the account of that name, and of domains; none of one that cannot be read.

        It may have been removed since, or name a preset that there is not.
        """
        try:
            own = self.for_account(account)
            limits = own.limits
        except BadInput:
            return NO_LIMITS, no_domain_limits
        return limits, own.domain_limits

    def events(self, worker: str) -> EventLog:
        """Where a worker's events are told."""
        settings = self.settings
        self.require_log_file()
        return open_event_log(settings.log_file, self.path, personal=settings.log_addresses, worker=worker)

    def require_log_file(self) -> Path:
        """The file that the setting names for events; `BadInput` where it is one of the workspace's own."""
        file = self.path / self.settings.log_file
        if self.own_files.hold(file):
            raise BadInput(
                f"{self.settings.log_file} is one of the workspace's own files.",
                field=f"{PREFIX}LOG_FILE",
                mend="Name another, such as events.jsonl.",
            )
        return file

    def tell_of(self, event: str, *dispatch_ids: int) -> None:
        """Tell the event log what the person at the keyboard did with dispatches; the audit says who it was.

        It is done by now, and a log that cannot be opened is no failure of it: whoever sends says so, before it does.
        """
        with suppress(BadInput):
            events = self.events("command")
            for number in dispatch_ids:
                events.tell(event, personal={"actor": actor()}, dispatch_id=number)

    def account(self) -> SmtpAccount:
        """The sending account that the settings describe; `AccountTrouble` when they describe none."""
        settings = self.settings
        uses_tokens = settings.smtp_login is Login.XOAUTH2
        return SmtpAccount(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security.value,
            username=settings.smtp_username,
            password="" if uses_tokens else settings.smtp_password.reveal(),
            helo=settings.smtp_helo or None,
            ca_file=settings.smtp_ca_file,
            messages_per_connection=min(
                settings.smtp_messages_per_connection, self.limits.messages_per_connection or MANY_MESSAGES
            ),
            name="" if self.account_name == DEFAULT_ACCOUNT else self.account_name,
            tokens=self.tokens() if uses_tokens else None,
        )

    def tokens(self) -> KeptTokens:
        """Where this account's access tokens come from; `BadInput` says what is not set for that."""
        from distributor.transport.oauth.keeping import tokens_of  # noqa: PLC0415 - few offices log in so

        return tokens_of(self.settings, self.account_name)

    def ways(self, dialogue: Dialogue | None = None) -> Ways:
        """The ways to the mail servers, each looked at when a dispatch first wants it."""
        return _WaysOut(self, dialogue)

    def own_way(self, dialogue: Dialogue | None = None) -> Way:
        """The way through this workspace's account: no login is offered again that its server refused before."""
        from distributor.transport.smtp import SmtpTransport  # noqa: PLC0415 - as in `carrier`

        account = replace(self.account(), dialogue=dialogue)
        transport: Transport = SmtpTransport(account, self._tell_of_server)
        if account.username:
            transport = LoginGuard(transport, account, RefusedLogins(self.database, self.keyring))
        settings = self.settings
        return Way(self.account_name, transport, settings.smtp_connections, self.limits, self.domain_limits)

    def _tell_of_server(self, why: str) -> None:
        """Tell the event log how this account's server wants to be spoken to, if there is one."""
        with suppress(DistributorError):
            self.events(worker_name()).tell("pipelining.given_up", account=self.account_name, why=why)

    def refused_logins(self) -> RefusedLogins | None:
        """What is remembered of refused logins; None where nothing can be. Makes and mends nothing."""
        if not self.settings.secret_key:
            return None
        database = self._as_it_is()
        return None if database is None else RefusedLogins(database, self.keyring)

    def account_names(self) -> list[str]:
        """The accounts with names of their own; none where they cannot be known. Makes and mends nothing."""
        database = self._as_it_is()
        if database is None:
            return []
        try:
            with database.reading() as connection:
                return [one.name for one in named_accounts(connection) if one.name != DEFAULT_ACCOUNT]
        finally:
            database.close()

    def _as_it_is(self) -> Database | None:
        """The database, if it is there and whole."""
        database = None
        try:
            database = Database(self.settings.database_url)
            database.require_file()
            if schema_revision(database) == SCHEMA_HEAD:
                return database
        except DistributorError:
            pass
        if database is not None:
            database.close()
        return None


class _WaysOut:
    """The ways through all accounts of a workspace, each opened when it is first asked for."""

    def __init__(self, workspace: Workspace, dialogue: Dialogue | None = None) -> None:
        self._workspace = workspace
        self._dialogue = dialogue
        self._ways: dict[str, tuple[Settings, Way]] = {}

    def way(self, account: str) -> Way:
        """See `dispatch.accounts.ways.Ways.way`. One that was set otherwise meanwhile is opened anew."""
        workspace = self._workspace.for_account(account)
        known = self._ways.get(account)
        if known is None or known[0] != workspace.settings:
            known = workspace.settings, workspace.own_way(self._dialogue)
            self._ways[account] = known
        return known[1]


def _require_no_former_version(connection: Connection) -> None:
    """Raise `Refused` while somebody works by the older schema: what is new in the other one would not bind them.

    Nobody comes to work before the transaction is over: they see then what it has made of the schema.
    """
    require_nobody_at_work(
        connection,
        and_stays=True,
        because="It began before this version was installed, and must not go on with a database that it does not know.",
        mend="Stop it, on every machine, run this command, and start it again.",
    )


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
        return parse_address(straightened(text.strip()))
    except BadAddress as error:
        raise BadInput(f"«{text}» is not an e-mail address: {error}", mend="Check the spelling.") from None


def why_no_workspace(path: Path, environ: Mapping[str, str]) -> BadInput | None:
    """What keeps `path` from being a workspace, and how to mend it; None where its settings are there."""
    path = path.absolute()  # whoever reads it may have forgotten where «.» is
    if path.exists() and not path.is_dir():
        return BadInput(f"{path} is a file, not a folder.", mend="Name the folder that holds .env and press.db.")
    if not path.is_dir():
        return BadInput(f"There is no folder {path}.", mend=f"Run: distributor init {quote(str(path))}")
    if (path / ".env").exists() or environ.get(f"{PREFIX}DATABASE_URL"):
        return None
    if (path / "press.db").exists():  # `init` would make another secret key
        return BadInput(
            f"{path} has no .env, though press.db is here.",
            mend="Put back the .env that goes with it, from your copies: only its secret key knows who objected.",
        )
    return BadInput(
        f"{path} is not a Distributor workspace (it has no .env).",
        mend=f"Go to your workspace, name it with --workspace, or make one: distributor init {quote(str(path))}",
    )


def open_workspace(path: Path, *, creating: bool = False) -> Workspace:
    """Open the workspace in `path`; raise `BadInput` if the folder is none, or its settings cannot be used.

    With `creating`, a database that is not there yet is made rather than missed.
    """
    if fault := why_no_workspace(path, os.environ):
        raise fault
    return Workspace(path.absolute(), load_settings(path.absolute(), os.environ), is_new=creating)

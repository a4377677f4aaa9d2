"""The workspace's settings: one frozen, validated `Settings`, and the only reader of the environment."""

from __future__ import annotations

import difflib
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from io import StringIO
from pathlib import Path, PurePosixPath
from typing import TypeVar
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from distributor import setting_values as value
from distributor.addresses import Address
from distributor.errors import BadInput
from distributor.quiet import NEVER, QuietHours, read_quiet_hours
from distributor.setting_values import Mailbox, Secret
from distributor.tokens import LONGEST_BOUNCE_LOCAL

PREFIX = "DISTRIBUTOR_"
HIDDEN = "***"
"""What stands for the password where a database's address is shown."""

T = TypeVar("T")

_LONGEST = 1_000_000
"""Letters of a `.env`; what is longer is none."""

_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")


class Security(StrEnum):
    """How the connection to the mail server is protected."""

    TLS = "tls"
    STARTTLS = "starttls"
    PLAIN = "plain"


class InDoubtPolicy(StrEnum):
    """What happens to a recipient whose server never answered after the body."""

    HOLD = "hold"
    RESEND = "resend"
    ASSUME_SENT = "assume-sent"


class Login(StrEnum):
    """How a server is logged in to: by a password, or by an access token that a provider gives (OAuth2)."""

    PASSWORD = "password"  # noqa: S105 - the word, not one
    XOAUTH2 = "xoauth2"


class OAuthProvider(StrEnum):
    """Who gives access tokens."""

    MICROSOFT = "microsoft"
    GOOGLE = "google"


DEFAULT_PORTS = {Security.TLS: 465, Security.STARTTLS: 587, Security.PLAIN: 25}
_IMAP_PORTS = {Security.TLS: 993, Security.STARTTLS: 143, Security.PLAIN: 143}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, each field from `DISTRIBUTOR_` + its name in capitals.

    `sources` names, for every field, where its value came from: `environment`, the `.env` file, or `default`.
    `warnings` are sentences about settings that were read but cannot be used. `texts` are the values as they were
    written, without the secret ones; `account_secrets` those of named accounts, by what stands behind
    `DISTRIBUTOR_ACCOUNT_`.
    """

    workspace: Path
    database_url: str = field(repr=False)  # it may hold a password
    smtp_host: str
    smtp_port: int
    smtp_security: Security
    smtp_username: str
    smtp_password: Secret
    smtp_login: Login
    oauth_provider: OAuthProvider | None
    oauth_tenant: str
    oauth_client_id: str
    oauth_client_secret: Secret
    oauth_key_file: Path | None
    oauth_authority: str
    smtp_connections: int
    smtp_messages_per_connection: int
    smtp_preset: str
    smtp_per_second: float | None
    smtp_per_minute: int | None
    smtp_per_hour: int | None
    smtp_per_day: int | None
    provider_limits: bool
    domain_limits: Mapping[str, Mapping[str, int]]
    smtp_helo: str
    smtp_ca_file: Path | None
    mail_from: Mailbox | None
    reply_to: Mailbox | None
    bounce_address: Address | None
    verp: bool
    objection_address: Address | None
    sender: Mailbox | None
    dkim_key: tuple[str, ...]
    dkim_selector: tuple[str, ...]
    dkim_domain: str
    organisation: str
    logo: str
    public_url: str
    secret_key: Secret
    signing_keys: tuple[Secret, ...]
    sns_certificates: Path | None
    timezone: ZoneInfo
    language: str
    retry_minutes: tuple[float, ...]
    retry_hours: float
    in_doubt: InDoubtPolicy
    sign_offs: int
    author_signs: bool
    ask_number_above: int
    cool_down: float
    late_minutes: float
    quiet_hours: QuietHours
    log_file: str
    log_addresses: bool
    feedback_imap_host: str
    feedback_imap_port: int
    feedback_imap_security: Security
    feedback_imap_username: str
    feedback_imap_password: Secret
    feedback_imap_login: Login
    feedback_imap_account: str
    feedback_imap_folder: str
    feedback_imap_done_folder: str
    feedback_maildir: Path | None
    feedback_minutes: float
    forward_replies_to: Address | None
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)
    warnings: tuple[str, ...] = field(default=(), compare=False)
    texts: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    account_secrets: Mapping[str, Secret] = field(default_factory=dict, compare=False)

    @property
    def signing_domain(self) -> str:
        """The domain that DKIM signatures are made for: the sender's unless another is set; "" without a sender."""
        return self.dkim_domain or (self.mail_from.address.domain if self.mail_from else "")


_NOT_SETTINGS = frozenset({"workspace", "sources", "warnings", "texts", "account_secrets"})
SETTING_NAMES = tuple(f.name for f in fields(Settings) if f.name not in _NOT_SETTINGS)
SECRET_NAMES = frozenset(
    {"smtp_password", "oauth_client_secret", "secret_key", "signing_keys", "feedback_imap_password"}
)
"""Settings whose value is never shown; DATABASE_URL may hold a password too and is shown without it."""

_ACCOUNT_SECRET = re.compile(PREFIX + r"ACCOUNT_(\w+_(?:PASSWORD|CLIENT_SECRET))")
"""Variables that hold a secret of a named account; what is not secret of it stands in the database."""

DEFAULTS = {
    "database_url": "sqlite:///press.db",
    "smtp_security": "tls",
    "smtp_login": "password",
    "smtp_connections": "3",
    "smtp_messages_per_connection": "100",
    "provider_limits": "no",
    "verp": "no",
    "timezone": "Europe/Paris",
    "language": "fr",
    "retry_minutes": "5,15,30,60",
    "retry_hours": "24",
    "in_doubt": "hold",
    "sign_offs": "1",
    "author_signs": "yes",
    "ask_number_above": "100",
    "cool_down": "5",
    "late_minutes": "15",
    "log_addresses": "no",
    "feedback_imap_security": "tls",
    "feedback_imap_login": "password",
    "feedback_imap_account": "default",
    "feedback_imap_folder": "INBOX",
    "feedback_minutes": "10",
}


def load_settings(workspace: Path, environ: Mapping[str, str]) -> Settings:
    """Read the workspace's `.env` and the environment, which wins; raise `BadInput` naming the variable at fault."""
    env_file = workspace / ".env"
    from_file = _read_env_file(env_file)
    values: dict[str, str] = {}
    sources: dict[str, str] = {}
    for name in SETTING_NAMES:
        variable = PREFIX + name.upper()
        if environ.get(variable):
            values[name], sources[name] = environ[variable].strip(), "environment"
        elif from_file.get(variable):
            values[name], sources[name] = from_file[variable].strip(), ".env"
        else:
            values[name], sources[name] = DEFAULTS.get(name, ""), "default"
        if not values[name].isprintable() and any("\ud800" <= char <= "\udfff" for char in values[name]):
            # How Python shows bytes of the environment that are no UTF-8; they could be neither stored nor sent.
            raise BadInput("It is not UTF-8 text.", field=variable, mend="Write it again, in UTF-8.")
    passwords = any(from_file.get(PREFIX + name) for name in _PASSWORDS) or any(_account_secrets(from_file))
    if passwords or _may_hold_a_password(from_file.get(PREFIX + "DATABASE_URL", "")):
        _require_private(env_file)
    settings = build_settings(workspace, values, sources, _unknown_variables(from_file))
    return replace(settings, account_secrets=_account_secrets(from_file) | _account_secrets(environ))


_PASSWORDS = ("SMTP_PASSWORD", "OAUTH_CLIENT_SECRET", "FEEDBACK_IMAP_PASSWORD")


def _account_secrets(variables: Mapping[str, str]) -> dict[str, Secret]:
    """The secrets of named accounts among some variables, by what stands behind `DISTRIBUTOR_ACCOUNT_`."""
    found = ((_ACCOUNT_SECRET.fullmatch(name), value.strip()) for name, value in variables.items())
    return {match[1]: Secret(value) for match, value in found if match and value}


def _read_env_file(path: Path) -> dict[str, str]:
    if path.exists() and not path.is_file():
        what = "folder" if path.is_dir() else "device or a pipe"
        raise BadInput(
            f"It is a {what}; the settings are kept in a file of that name.", file=path, mend="Move it away."
        )
    if not path.exists():
        return {}
    from dotenv.parser import parse_stream  # noqa: PLC0415 - `--help` needs no settings

    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(_LONGEST + 1)
    except UnicodeDecodeError:
        raise BadInput("It is not UTF-8 text.", file=path, mend="Save it as UTF-8 text.") from None
    except OSError as error:
        mend = "Make it yours (chown), or run this as the user whose it is."
        raise BadInput(f"It cannot be read: {error.strerror}.", file=path, mend=mend) from None
    if len(text) > _LONGEST:
        raise BadInput("It is far too large to hold settings.", file=path, mend="Put back the .env that was there.")
    # The parser alone: a password may hold a dollar sign, and a line passed over is a setting lost.
    lines = list(parse_stream(StringIO(text)))
    for line in lines:
        if line.error:
            raise BadInput(
                "This line cannot be read.",
                file=path,
                line=line.original.line,
                mend="Write NAME=value, with both quotes or none.",
            )
    return {line.key: line.value or "" for line in lines if line.key is not None}


def _require_private(path: Path) -> None:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise BadInput(
            "It holds a password, and others on this machine can read it.", file=path, mend=f"Run: chmod 600 {path}"
        )


def _may_hold_a_password(database_url: str) -> bool:
    """Whether it has a place before the host, or a parameter, where a password stands, however it is spelt."""
    return "@" in database_url or "password=" in unquote(database_url).lower()


def _unknown_variables(from_file: Mapping[str, str]) -> tuple[str, ...]:
    known = [PREFIX + name.upper() for name in SETTING_NAMES]
    warnings = []
    for name in from_file:
        if name.startswith(PREFIX) and name not in known and not _ACCOUNT_SECRET.fullmatch(name):
            near = difflib.get_close_matches(name, known, n=1)
            warnings.append(f".env: {name} is no setting of ours" + (f"; did you mean {near[0]}?" if near else "."))
    return tuple(warnings)


def build_settings(
    workspace: Path, values: Mapping[str, str], sources: Mapping[str, str], warnings: tuple[str, ...] = ()
) -> Settings:
    """Read the text of every setting; raise `BadInput` that names the variable at fault and where its value is from."""
    read = _Reader(values, sources)
    security = read("smtp_security", Security, "one of tls, starttls, plain")
    keys = read.optional("dkim_key", value.inner_paths, "a file of the workspace, such as .dkim/press.pem") or ()
    selectors = read.optional(
        "dkim_selector", value.selectors, "small letters, figures and hyphens, such as press202601"
    )
    ca_file, certificates = values["smtp_ca_file"], values["sns_certificates"]
    key_file = read.optional("oauth_key_file", value.inner_path, "a file of the workspace, such as .oauth/google.json")
    bounce_address = read.optional("bounce_address", value.address, "a bare address in plain letters")
    imap_security = read("feedback_imap_security", Security, "one of tls, starttls, plain")
    return Settings(
        workspace=workspace,
        database_url=read_database_url(workspace, values["database_url"]),
        smtp_host=read.optional("smtp_host", value.host, "a server's name such as smtp.example.org, or its number")
        or "",
        smtp_port=read("smtp_port", value.integer(1, 65535), "a port number, 1 to 65535")
        if values["smtp_port"]
        else DEFAULT_PORTS[security],
        smtp_security=security,
        smtp_username=values["smtp_username"],
        smtp_password=Secret(values["smtp_password"]),
        smtp_login=read("smtp_login", Login, "one of password, xoauth2"),
        oauth_provider=read.optional("oauth_provider", OAuthProvider, "microsoft or google"),
        oauth_tenant=read.optional("oauth_tenant", value.tenant, "a directory's number or domain") or "",
        oauth_client_id=values["oauth_client_id"],
        oauth_client_secret=Secret(values["oauth_client_secret"]),
        oauth_key_file=workspace / key_file if key_file else None,
        oauth_authority=read.optional("oauth_authority", value.https_url, "an https address") or "",
        smtp_connections=read("smtp_connections", value.integer(1, 200), "a number from 1 to 200"),
        smtp_messages_per_connection=read(
            "smtp_messages_per_connection", value.integer(1, 100_000), "a whole number, 1 to 100000"
        ),
        smtp_preset=values["smtp_preset"],
        smtp_per_second=read.optional("smtp_per_second", value.positive, "a number above 0 and below 10000"),
        smtp_per_minute=read.optional("smtp_per_minute", value.integer(1, 10**9), "a whole number, 1 to 1000000000"),
        smtp_per_hour=read.optional("smtp_per_hour", value.integer(1, 10**9), "a whole number, 1 to 1000000000"),
        smtp_per_day=read.optional("smtp_per_day", value.integer(1, 10**9), "a whole number, 1 to 1000000000"),
        provider_limits=read("provider_limits", value.yes_or_no, "yes or no"),
        domain_limits=read.optional(
            "domain_limits",
            value.domain_limits,
            "domains with limits and commas between them, such as: orange.fr 200/hour, gazette.example 2 at once",
        )
        or {},
        smtp_helo=values["smtp_helo"],
        smtp_ca_file=workspace / ca_file if ca_file else None,
        mail_from=read.optional(
            "mail_from", value.mailbox, "an address such as: Service de presse <presse@example.org>"
        ),
        reply_to=read.optional("reply_to", value.mailbox, "an address such as: Claire Morvan <claire@example.org>"),
        bounce_address=bounce_address,
        verp=_require_room(bounce_address) if read("verp", value.yes_or_no, "yes or no") else False,
        objection_address=read.optional("objection_address", value.address, "a bare address in plain letters"),
        sender=read.optional("sender", value.mailbox, "an address such as: Agence Relais <envoi@relais.example>"),
        dkim_key=keys,
        dkim_selector=_one_for_each(keys, selectors),
        dkim_domain=read.optional("dkim_domain", value.domain, "a domain such as organisation.example") or "",
        organisation=values["organisation"],
        logo=values["logo"],
        public_url=read.optional("public_url", value.https_url, "an https address such as https://presse.example.org")
        or "",
        secret_key=Secret(read.optional("secret_key", value.long_enough, "at least 32 characters") or ""),
        signing_keys=read.optional("signing_keys", value.keys, "at least 32 characters each, with commas between them")
        or (),
        sns_certificates=workspace / certificates if certificates else None,
        timezone=read("timezone", value.zone, "a time zone such as Europe/Paris"),
        language=read("language", value.language, "a two-letter language code such as fr or en"),
        retry_minutes=read("retry_minutes", value.minutes, "minutes above 0 and below 10000, with commas between them"),
        retry_hours=read("retry_hours", value.positive, "a number of hours above 0 and below 10000"),
        in_doubt=read("in_doubt", InDoubtPolicy, "one of hold, resend, assume-sent"),
        sign_offs=read("sign_offs", value.integer(0, 10), "a number from 0 to 10"),
        author_signs=read("author_signs", value.yes_or_no, "yes or no"),
        ask_number_above=read("ask_number_above", value.integer(0, 10**9), "a whole number, 0 to 1000000000"),
        cool_down=read("cool_down", value.seconds, "a number of seconds, 0 to 3600"),
        late_minutes=read("late_minutes", value.positive, "a number of minutes above 0 and below 10000"),
        quiet_hours=read.optional("quiet_hours", read_quiet_hours, "such as: 21:00-07:00, weekends, french-holidays")
        or NEVER,
        log_file=values["log_file"],
        log_addresses=read("log_addresses", value.yes_or_no, "yes or no"),
        feedback_imap_host=read.optional("feedback_imap_host", value.host, "a server's name such as imap.example.org")
        or "",
        feedback_imap_port=read("feedback_imap_port", value.integer(1, 65535), "a port number, 1 to 65535")
        if values["feedback_imap_port"]
        else _IMAP_PORTS[imap_security],
        feedback_imap_security=imap_security,
        feedback_imap_username=values["feedback_imap_username"],
        feedback_imap_password=Secret(values["feedback_imap_password"]),
        feedback_imap_login=read("feedback_imap_login", Login, "one of password, xoauth2"),
        feedback_imap_account=values["feedback_imap_account"],
        feedback_imap_folder=values["feedback_imap_folder"],
        feedback_imap_done_folder=values["feedback_imap_done_folder"],
        feedback_maildir=workspace / values["feedback_maildir"] if values["feedback_maildir"] else None,
        feedback_minutes=read("feedback_minutes", value.positive, "a number of minutes above 0 and below 10000"),
        forward_replies_to=read.optional("forward_replies_to", value.address, "a bare address in plain letters"),
        sources=sources,
        warnings=warnings,
        texts={name: text for name, text in values.items() if name not in SECRET_NAMES | {"database_url"}},
    )


class _Reader:
    """Turns the text of one setting into its value, or says which setting is wrong and what it wants."""

    def __init__(self, values: Mapping[str, str], sources: Mapping[str, str]) -> None:
        self._values = values
        self._sources = sources

    def __call__(self, name: str, parse: Callable[[str], T], wanted: str) -> T:
        try:
            return parse(self._values[name])
        except (ValueError, OSError, ZoneInfoNotFoundError):  # a folder of zones, such as Europe: OSError
            shown = "what it holds" if name in SECRET_NAMES else f"«{self._values[name]}»"
            raise BadInput(
                f"{shown} cannot be used (from: {self._sources[name]}).",
                field=PREFIX + name.upper(),
                mend=f"It wants {wanted}.",
            ) from None

    def optional(self, name: str, parse: Callable[[str], T], wanted: str) -> T | None:
        return self(name, parse, wanted) if self._values[name] else None


def _one_for_each(keys: tuple[str, ...], selectors: tuple[str, ...] | None) -> tuple[str, ...]:
    """The selector of every key: those that are set, or what the files are called."""
    if selectors is None:
        selectors = tuple(PurePosixPath(key).stem for key in keys)
        if not all(map(value.is_selector, selectors)) or len(set(selectors)) != len(selectors):
            raise BadInput(
                "The names of the key files cannot be their names in DNS.",
                field=PREFIX + "DKIM_KEY",
                mend=f"Give one selector for each in {PREFIX}DKIM_SELECTOR.",
            )
    if len(selectors) != len(keys):
        raise BadInput(
            f"There are {len(keys)} keys and {len(selectors)} selectors.",
            field=PREFIX + "DKIM_SELECTOR",
            mend=f"Give one selector for each file in {PREFIX}DKIM_KEY.",
        )
    return selectors


def _require_room(bounce_address: Address | None) -> bool:
    """Raise `BadInput` unless a token fits into the address that bounces return to."""
    if bounce_address is None:
        raise BadInput(
            "A bounce address for each delivery is made from a mailbox for bounces, and none is set.",
            field=PREFIX + "VERP",
            mend=f"Set {PREFIX}BOUNCE_ADDRESS too, or write no.",
        )
    if len(bounce_address.local) > LONGEST_BOUNCE_LOCAL or bounce_address.local.startswith('"'):
        raise BadInput(
            f"What stands before its @ leaves no room for a signature ({PREFIX}VERP=yes).",
            field=PREFIX + "BOUNCE_ADDRESS",
            mend=f"Take one with {LONGEST_BOUNCE_LOCAL} letters at most, such as bounces.",
        )
    return True


def read_database_url(workspace: Path, text: str) -> str:
    """Make a relative SQLite file one of the workspace, its name quoted, and name our PostgreSQL driver.

    `BadInput` for what names no database, and for an address as it is shown, without its password.
    """
    scheme, separator, rest = text.partition("://")
    file, options, _ = rest.removeprefix("/").partition("?")
    if scheme == "sqlite" and rest.startswith("/") and file and not options and "\0" not in unquote(file):
        return f"sqlite:///{quote(str((workspace / unquote(file)).absolute()), safe='/')}"
    if scheme in _POSTGRESQL and separator:
        if f":{HIDDEN}@" in rest or f"password={HIDDEN}" in rest:
            raise BadInput(
                f"«{HIDDEN}» stands for a password that was not shown.",
                field=PREFIX + "DATABASE_URL",
                mend="Write the password itself in its place.",
            )
        return f"postgresql+psycopg://{rest}"
    raise BadInput(
        "It names no SQLite file and no PostgreSQL database.",
        field=PREFIX + "DATABASE_URL",
        mend="Write sqlite:///press.db, or postgresql://user:password@host/database.",
    )

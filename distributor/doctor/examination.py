"""The whole examination: every check in its order, the settings with their sources, and what it all comes to."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from distributor import clock
from distributor.dispatch.events import STDERR
from distributor.doctor import configuration, machine
from distributor.doctor.accounts import account_checks, account_names
from distributor.doctor.check import Check, Level, NotExamined, contained, guarded
from distributor.doctor.configuration import SettingLine, list_settings
from distributor.doctor.database import database_checks
from distributor.doctor.dkim import check_key_files
from distributor.doctor.domain import domain_checks
from distributor.doctor.lookup import DnsLookup, Lookup
from distributor.doctor.server import server_checks
from distributor.doctor.templates import template_checks
from distributor.errors import AccountTrouble, BadInput, DistributorError, sentence
from distributor.settings import Settings, load_settings
from distributor.wiring import Workspace

# In the order of the examination: what a new workspace lacks comes first, what nobody can mend at once comes last.
IDENTITY = ("sender", "organisation", "secret_key", "dkim_key", "unsubscribe")
SERVER = ("mail_server", "certificate", "mail_features")
TEMPLATES = ("templates", "sample_message")
DATABASE = ("database", "schema", "rights", "encryption", "integrity", "objections")
DOMAIN = ("mx", "spf", "dmarc", "dkim")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All checks in their order, and all settings; none of the latter when they could not be read."""

    checks: tuple[Check, ...]
    settings: tuple[SettingLine, ...]

    @property
    def trouble(self) -> DistributorError | None:
        """The error that stands for every failure: `AccountTrouble` if only the mail server failed, else `BadInput`."""
        failed = [check for check in self.checks if check.level is Level.FAIL]
        if not failed:
            return None
        names = [check.name.replace("_", " ") for check in failed]
        kind = AccountTrouble if all(check.name.partition(" ")[0] in SERVER for check in failed) else BadInput
        said = f"Something has to be mended: {', '.join(names)}."
        return kind(said, mend=f"First, {names[0]}: {sentence(failed[0].message)} {failed[0].mend}".rstrip())


def examine(
    folder: Path,
    environ: Mapping[str, str],
    *,
    offline: bool = False,
    lookup: Lookup | None = None,
    on_check: Callable[[Check], None] = lambda _: None,
) -> Diagnosis:
    """Examine the workspace in `folder`, changing nothing and sending nothing; never raises for what it finds.

    `environ` wins over `.env`, as everywhere. `offline` leaves out the mail server and DNS. `lookup` asks DNS (default:
    this machine's resolver). `on_check` hears of each check as soon as it is made.
    """
    folder = folder.absolute()
    settings, reading = _read_settings(folder, environ)
    checks = []
    for check in _checks(folder, environ, settings, reading, offline=offline, lookup=lookup):
        on_check(check)
        checks.append(check)
    return Diagnosis(tuple(checks), list_settings(settings) if settings else ())


def _checks(
    folder: Path,
    environ: Mapping[str, str],
    settings: Settings | None,
    reading: Check,
    *,
    offline: bool,
    lookup: Lookup | None,
) -> Iterator[Check]:
    yield guarded("workspace", configuration.check_workspace, folder, environ)
    yield reading
    left_out = "Left out: see settings." if settings is None else "Left out, as asked (--offline)." if offline else ""
    if settings is None:
        yield from _skipped((*IDENTITY, *SERVER), left_out)
    else:
        yield guarded("sender", configuration.check_sender, settings)
        yield guarded("organisation", configuration.check_organisation, settings)
        yield guarded("secret_key", _check_secret_key, folder, settings)
        yield guarded("dkim_key", check_key_files, settings)
        yield guarded("unsubscribe", configuration.check_unsubscribe, settings)
        server = _skipped(SERVER, _no_default(settings) or left_out)
        if not (left_out or _no_default(settings)):
            server = server_checks(settings, clock.now())
        yield from contained("mail_server", server, SERVER[1:])
    yield from contained("templates", template_checks(folder, settings), TEMPLATES[1:])
    if settings is None:
        yield from _skipped((*DATABASE, *DOMAIN), left_out)
    else:
        yield from contained("database", database_checks(settings), DATABASE[1:])
        domain = _skipped(DOMAIN, left_out) if left_out else domain_checks(settings, lookup or DnsLookup())
        yield from contained("mx", domain, DOMAIN[1:])
        named = account_checks(settings, clock.now(), None if left_out else lookup or DnsLookup())
        yield from contained("accounts", named)
    yield from _machine_checks(folder, settings)


def _no_default(settings: Settings) -> str:
    """Why no server of the settings is looked for: everything goes through accounts with names of their own."""
    if settings.smtp_host or not account_names(settings):
        return ""
    return "The settings describe no account: those with names are examined below."


def _skipped(names: Sequence[str], reason: str) -> Iterator[Check]:
    return (Check.skip(name, reason) for name in names)


def _read_settings(folder: Path, environ: Mapping[str, str]) -> tuple[Settings | None, Check]:
    found: list[Settings] = []

    def read() -> Check:
        found.append(load_settings(folder, environ))
        return configuration.check_settings(found[0])

    reading = guarded("settings", read)
    return (found[0] if found else None), reading


def _machine_checks(folder: Path, settings: Settings | None) -> Iterator[Check]:
    version = sys.version_info
    yield machine.check_python((version.major, version.minor, version.micro))
    major, minor, patch = sqlite3.sqlite_version_info
    is_sqlite = settings is None or settings.database_url.startswith("sqlite")
    yield machine.check_sqlite((major, minor, patch), in_use=is_sqlite)
    yield guarded("disk", machine.check_disk, _database_folder(settings) or folder)
    yield guarded("event_log", _check_event_log, folder, settings)


def _check_event_log(folder: Path, settings: Settings | None) -> Check:
    if settings is None:
        raise NotExamined("Left out: see settings.")
    if settings.log_file in ("", STDERR):
        return Check.ok("event_log", "On standard error." if settings.log_file else "None is kept.")
    return machine.check_event_log(Workspace(folder, settings).require_log_file())


def _check_secret_key(folder: Path, settings: Settings) -> Check:
    keyring = Workspace(folder, settings).keyring
    return Check.ok("secret_key", f"Set ({keyring.key_id}). Keep a copy of it with your copies of the database.")


def _database_folder(settings: Settings | None) -> Path | None:
    """Where the SQLite file lies: that disk is the one that may fill up."""
    if settings is None or not settings.database_url.startswith("sqlite"):
        return None
    database = make_url(settings.database_url).database
    return Path(database).parent if database and Path(database).parent.is_dir() else None

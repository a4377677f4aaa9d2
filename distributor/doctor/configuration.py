"""The workspace's folder and settings: what is set, where it comes from, and what is missing."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from distributor.dispatch.messages.identity import Identity
from distributor.doctor.check import Check, NotExamined
from distributor.settings import HIDDEN, PREFIX, SECRET_NAMES, SETTING_NAMES, Settings
from distributor.transport.presets import require_preset
from distributor.wiring import why_no_workspace

_URL_SECRETS = ("password", "sslpassword")


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting as people may see it: its variable, its value (secrets only as set or not), and its source."""

    name: str
    value: str
    source: str


def list_settings(settings: Settings) -> tuple[SettingLine, ...]:
    """Every setting, secrets hidden."""
    return tuple(
        SettingLine(PREFIX + name.upper(), _shown(name, getattr(settings, name)), settings.sources.get(name, ""))
        for name in SETTING_NAMES
    )


def masked_url(url: str) -> str:
    """A database URL without the passwords in it."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return "set"  # what cannot be taken apart may hold a password anywhere
    hidden = {name: HIDDEN for name in _URL_SECRETS if name in parsed.query}
    shown = parsed.update_query_dict(hidden) if hidden else parsed
    return shown.render_as_string(hide_password=True)


def check_workspace(folder: Path, environ: Mapping[str, str]) -> Check:
    """Whether `folder` is a workspace whose secrets are its owner's alone."""
    if fault := why_no_workspace(folder, environ):
        return Check.fail("workspace", fault.message, fault.mend)
    env_file = folder / ".env"
    if not env_file.exists():
        return Check.ok("workspace", f"{folder}; it has no .env, the settings come from the environment.")
    mode = stat.S_IMODE(env_file.stat().st_mode)
    if mode & 0o077:
        return Check.warn(
            "workspace",
            f"Others on this machine can read {env_file} (mode {mode:04o}), and it holds the secret key.",
            f"Run: chmod 600 {env_file}",
        )
    return Check.ok("workspace", f"{folder}; .env is yours alone (mode {mode:04o}).")


def check_settings(settings: Settings) -> Check:
    """Whether every variable we were given is one we know, and so is the preset; the settings could be read."""
    check_preset(settings, f"{PREFIX}SMTP_PRESET")
    if settings.warnings:
        return Check.warn("settings", " ".join(settings.warnings), "Correct the name, or take the line out of .env.")
    counts = Counter(settings.sources.values())
    origin = ", ".join(f"{counts[source]} from {words}" for source, words in _SOURCES.items() if counts[source])
    return Check.ok("settings", f"{len(SETTING_NAMES)} settings: {origin}.")


def check_preset(settings: Settings, field: str) -> None:
    """Raise `BadInput` that names `field` for a preset that there is not."""
    if settings.smtp_preset:
        require_preset(settings.smtp_preset, field)


def check_sender(settings: Settings) -> Check:
    """Whether somebody is set as the sender, and where answers, bounces and objections go."""
    identity = Identity.from_settings(settings, signed=False)
    answers = identity.reply_address or identity.from_address
    on_behalf = f", sent by {settings.sender}" if settings.sender else ""
    return Check.ok(
        "sender",
        f"{settings.mail_from}{on_behalf}; answers go to {answers}, bounces to {identity.bounce_address},"
        f" objections to {identity.objection_address}.",
    )


def check_organisation(settings: Settings) -> Check:
    """Whether the notice of rights names who holds the journalists' data (GDPR, article 14)."""
    if settings.organisation:
        return Check.ok("organisation", f"The notice of rights names {settings.organisation} as who holds the data.")
    if settings.mail_from is None:
        raise NotExamined("Left out: see sender.")
    named = Identity.from_settings(settings, signed=False).organisation
    return Check.warn(
        "organisation",
        f"The notice of rights names «{named}» as who holds the data.",
        f"Write your organisation's full name in .env: {PREFIX}ORGANISATION=",
    )


def check_unsubscribe(settings: Settings) -> Check:
    """The ways a journalist can say no: by mail always, with one click where a public address is set (RFC 8058)."""
    if not settings.public_url:
        return Check.ok(
            "unsubscribe",
            f"By mail. One click (RFC 8058) wants {PREFIX}PUBLIC_URL, and Gmail asks for it from 5000 messages a day.",
        )
    return Check.ok(
        "unsubscribe",
        f"By mail, and with one click (RFC 8058) at {settings.public_url}/u/…, where `distributor serve` answers.",
    )


_SOURCES = {"environment": "the environment", ".env": ".env", "default": "our defaults"}


def _shown(name: str, value: Any) -> str:
    if name in SECRET_NAMES:
        return "set" if value else "not set"
    if name == "database_url":
        return masked_url(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ",".join(f"{one:g}" if isinstance(one, float) else str(one) for one in value)
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)

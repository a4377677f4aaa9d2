"""The mail server: reached, logged in to and left again, without a message."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from distributor.dispatch.accounts.logins import RefusedLogins
from distributor.doctor.check import Check, NotExamined, guarded
from distributor.errors import CredentialsRefused
from distributor.settings import Settings
from distributor.transport.account import SmtpAccount, Timeouts
from distributor.transport.probing import ProbeReport, probe
from distributor.wiring import Workspace

# A person waits for this; some servers hold their greeting back for several seconds to put robots off.
PATIENCE = Timeouts(connect=8, greeting=15, command=10, quit=2)
SOON_DAYS = 14
SMALL_MESSAGE = 1_000_000


def server_checks(settings: Settings, now: datetime, workspace: Workspace | None = None) -> Iterator[Check]:
    """Reach the mail server and say what it told of itself. `AccountTrouble` when it cannot be used.

    `workspace` is that of a named account, with these settings.
    """
    workspace = workspace or Workspace(settings.workspace, settings)
    account = replace(workspace.account(), timeouts=PATIENCE)
    report = _probe(account, workspace.refused_logins() if account.username else None)
    yield check_login(report, account)
    yield guarded("certificate", check_certificate, report.certificate_expires, now)
    yield check_features(report)


def _probe(account: SmtpAccount, refused: RefusedLogins | None) -> ProbeReport:
    """Visit the server, unless it refused this very login before; raise what `probe` raises."""
    refusal = refused.refusal(account) if refused is not None else None
    if refusal is not None:
        raise refusal
    try:
        return asyncio.run(probe(account))
    except CredentialsRefused as error:
        if refused is not None:
            refused.remember(account, error.message)
        raise


def check_login(report: ProbeReport, account: SmtpAccount) -> Check:
    """How the server greeted us, how the way there is protected, and as whom we logged in."""
    protection = report.tls or "in clear, on this machine"
    reached = f"{account.place} answers as «{report.greeting}» ({protection}, {report.duration_ms} ms)"
    if report.auth_method:
        return Check.ok("mail_server", f"{reached}; logged in as {account.username} ({report.auth_method}).")
    if account.password:
        return Check.warn(
            "mail_server",
            f"{reached}; a password is set and no user name, so nobody logged in.",
            f"Set {account.setting('SMTP_USERNAME')}.",
        )
    if report.auth_methods:
        return Check.warn(
            "mail_server",
            f"{reached}; it offers a login, and no user name is set.",
            f"Set {account.setting('SMTP_USERNAME')} and {account.setting('SMTP_PASSWORD')}, unless it takes your mail"
            " without.",
        )
    return Check.ok("mail_server", f"{reached}; it asks for no login.")


def check_certificate(expires: datetime | None, now: datetime) -> Check:
    """How long the server's certificate is still good for."""
    if expires is None:
        raise NotExamined("The connection is in clear, on this machine: there is no certificate.")
    days = (expires - now).days
    left = f"The mail server's certificate is good for {days} more days, until {expires:%Y-%m-%d}."
    if days < SOON_DAYS:
        return Check.warn("certificate", left, "Ask whoever runs the server to renew it: nothing is sent once it ends.")
    return Check.ok("certificate", left)


def check_features(report: ProbeReport) -> Check:
    """What the server offers: the largest message it takes (RFC 1870), and its extensions."""
    size = "It names no limit to a message's size"
    if report.size_limit is not None:
        size = f"It takes messages of up to {report.size_limit / 10**6:.3g} MB"
    names = sorted(extension.split()[0] for extension in report.extensions)
    message = f"{size}; it offers {', '.join(names) or 'no extension'}."
    if not any(name == "SMTPUTF8" for name in names):
        message += " Addresses with accents before the @ cannot be written to (no SMTPUTF8)."
    if report.size_limit is not None and report.size_limit < SMALL_MESSAGE:
        return Check.warn("mail_features", message, "Link to large files instead of attaching them.")
    return Check.ok("mail_features", message)

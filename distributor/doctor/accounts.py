"""The named accounts: each one's sender, server and domain, as those of the settings are examined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from distributor.account_settings import secret_variables
from distributor.doctor import configuration
from distributor.doctor.check import Check, contained, guarded
from distributor.doctor.domain import domain_checks
from distributor.doctor.lookup import Lookup
from distributor.doctor.server import server_checks
from distributor.errors import BadInput
from distributor.settings import PREFIX, Settings
from distributor.wiring import Workspace

_SERVER = ("certificate", "mail_features")
_DOMAIN = ("spf", "dmarc", "dkim")


def account_names(settings: Settings) -> list[str]:
    """The accounts with names of their own; none where the database cannot be read as it is."""
    return Workspace(settings.workspace, settings).account_names()


def account_checks(settings: Settings, now: datetime, lookup: Lookup | None) -> Iterator[Check]:
    """Examine every named account; without `lookup` its settings alone."""
    workspace = Workspace(settings.workspace, settings)
    domains = {settings.mail_from.address.domain} if settings.mail_from else set()
    names = account_names(settings)
    yield from _strangers(settings, names)
    for name in names:
        try:
            own = workspace.for_account(name)
            configuration.check_preset(own.settings, f"account {name}: smtp_preset")
        except BadInput as error:
            yield Check.from_error(f"account {name}", error)
            continue
        yield from (_named(one, name) for one in _checks(own, now, lookup, domains))
    if names:
        workspace.database.close()


def _strangers(settings: Settings, names: Sequence[str]) -> Iterator[Check]:
    """Warn of secrets whose account there is not: of a name that is misspelt, or of one that was removed."""
    known = {variable for name in names for variable in secret_variables(name)}
    for variable in sorted(f"{PREFIX}ACCOUNT_{one}" for one in settings.account_secrets):
        if variable not in known:
            said = f"{variable} is the secret of an account that there is not."
            yield Check.warn(
                "accounts", said, "Take it out, or see how the account is called: distributor accounts list"
            )


def _checks(workspace: Workspace, now: datetime, lookup: Lookup | None, domains: set[str]) -> Iterator[Check]:
    settings = workspace.settings
    yield guarded("sender", configuration.check_sender, settings)
    if lookup is None:
        return
    yield from contained("mail_server", server_checks(settings, now, workspace), _SERVER)
    domain = settings.mail_from.address.domain if settings.mail_from else ""
    if domain and domain not in domains:  # that of the settings is examined for itself
        domains.add(domain)
        yield from contained("mx", domain_checks(settings, lookup), _DOMAIN)


def _named(check: Check, name: str) -> Check:
    return replace(check, name=f"{check.name} {name}")

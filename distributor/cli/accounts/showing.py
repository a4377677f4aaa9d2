"""What the commands on accounts show: limits and waits, presets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from distributor.addresses import domain_names
from distributor.cli.terminal.output import console, count, show_table, suggest, when
from distributor.dispatch.accounts.logins import Refusal, RefusedLogins
from distributor.dispatch.accounts.named import named_accounts
from distributor.dispatch.pacing import ACCOUNT, Wait, lift, read_waits
from distributor.errors import AccountTrouble, BadInput, sentence
from distributor.models import Account
from distributor.settings import PREFIX
from distributor.transport.presets import PRESETS, Preset, domains_of, presets_for, provider_of
from distributor.transport.throttle import Limits
from distributor.wiring import Workspace, actor

_account = Account.__table__


def account_rows(workspace: Workspace) -> list[dict[str, Any]]:
    """Every account: that of the settings, and those with names of their own."""
    with workspace.database.reading() as connection:
        accounts = named_accounts(connection)
    return [account_row(workspace.for_account(one.name), one.id) for one in accounts]


def account_row(workspace: Workspace, number: int | None) -> dict[str, Any]:
    """How the account of a workspace is set, and what it waits for; its secrets are not among it."""
    settings, waits = workspace.settings, list[Wait]()
    refusal = _refusal(workspace)
    if number is not None:
        with workspace.database.reading() as connection:
            waits = read_waits(connection, number, workspace.limits, workspace.domain_limits)
    return {
        "id": number,
        "name": workspace.account_name,
        "waits": [wait.as_json() for wait in waits],
        "refused": refusal and {"since": refusal.since, "said": refusal.said, "mend": refusal.mend},
        "host": settings.smtp_host,
        "port": settings.smtp_port,
        "security": settings.smtp_security.value,
        "username": settings.smtp_username,
        "login": settings.smtp_login.value,
        "oauth_provider": settings.oauth_provider.value if settings.oauth_provider else "",
        "mail_from": str(settings.mail_from or ""),
        "reply_to": str(settings.reply_to or ""),
        "bounce_address": str(settings.bounce_address or ""),
        "preset": settings.smtp_preset,
        "limits": workspace.limits.as_mapping(),
        "connections_per_command": settings.smtp_connections,
        "provider_limits": settings.provider_limits,
        "domain_limits": settings.domain_limits,
    }


def _refusal(workspace: Workspace) -> Refusal | None:
    """That the login as it is set now was refused; None where it was not, or where nothing is set to log in with."""
    if not (workspace.settings.smtp_username and workspace.settings.secret_key):
        return None
    try:
        return RefusedLogins(workspace.database, workspace.keyring).known(workspace.account())
    except (AccountTrouble, BadInput):  # what is missing is said where the account is to be used
        return None


def say_hindrances(row: dict[str, Any], zone: ZoneInfo) -> None:
    """Say of an account that its login is refused, and what it waits for."""
    name, out = row["name"], console()
    if refused := row["refused"]:
        since = when(refused["since"], zone)
        out.print(f"{name}: refused since {since}, and not tried again. {sentence(refused['said'])}")
        out.print(f"  {refused['mend']}", soft_wrap=True)
    for wait in row["waits"]:
        what = "nothing leaves" if wait["what"] == "account" else f"nothing to {domain_names(wait['what'])[1]}"
        out.print(f"{name}: {what} until {when(wait['until'], zone)}: {wait['why']}.")


def show_accounts(rows: Sequence[dict[str, Any]], zone: ZoneInfo) -> None:
    """The accounts, and below them what each waits for."""
    show_table(
        ["account", "server", "user", "preset", "limits"],
        [
            (row["name"], _server(row), row["username"], row["preset"],
             _in_words(Limits.from_mapping(row["limits"])))
            for row in rows
        ],
        spare=[2],
    )  # fmt: skip
    for row in rows:
        say_hindrances(row, zone)


def check_account(workspace: Workspace, *, try_again: bool) -> None:
    """Log in and leave; say what is set and what the provider is known to allow. Raises what `connect` raises."""
    account = workspace.account()
    if try_again:
        RefusedLogins(workspace.database, workspace.keyring).forget(account)

    async def visit() -> None:
        connection = await workspace.own_way().transport.connect()
        await connection.close()

    asyncio.run(visit())
    out = console()
    who = f" as {account.username}" if account.username else " without a login: no user name is set"
    by = f", by a token of {account_provider(workspace)}" if account.tokens else ""
    out.print(f"{account.place} takes us{who}{by}.")
    out.print(f"Limits: {_in_words(workspace.limits)}.")
    say_domain_limits(workspace)
    known = presets_for(account.host)
    if known and workspace.settings.smtp_preset not in {one.name for one in known}:
        for one in known:
            out.print(f"{one.title} allows {_in_words(one.limits)} ({one.source}, {one.date}).")
        edit = f"distributor accounts edit {account.name} --preset "
        names = " or ".join((edit if account.name else f"{PREFIX}SMTP_PRESET=") + one.name for one in known)
        out.print(f"To stay within: {names}", soft_wrap=True)


def say_domain_limits(workspace: Workspace) -> None:
    """Say what each domain is sent at most, where that is set."""
    for domain, values in workspace.settings.domain_limits.items():
        console().print(f"Limits of {domain_names(domain)[1]}: {_in_words(Limits.from_mapping(values))}.")


def account_provider(workspace: Workspace) -> str:
    """Who gives the account's tokens, as people call them."""
    return workspace.tokens().grant.provider


def presets_as_json() -> list[dict[str, Any]]:
    """Every preset, with its source and date."""
    return [
        {
            "name": one.name,
            "title": one.title,
            "limits": one.limits.as_mapping(),
            "hosts": list(one.hosts),
            "note": one.note,
            "confirmed": one.confirmed,
            "begins_with": dict(one.begins_with),
            "source": one.source,
            "date": one.date,
        }
        for one in PRESETS
    ]


def show_presets() -> None:
    """The table of presets."""
    show_table(
        ["preset", "account", "limits", "source", "checked"],
        [(one.name, one.title, _in_words(one.limits) + _noted(one), one.source, _checked(one)) for one in PRESETS],
        spare=[3],
        whole=[0],
    )


def lift_wait(workspace: Workspace, what: str) -> None:
    """End a provider's suspension, or the account's, for every account that has one."""
    domain, shown = domain_names(what)
    scope = ACCOUNT if what == "account" else provider_of(domain)
    with workspace.database.reading() as connection:
        numbers = list(connection.execute(select(_account.c.id)).scalars())
    reasons = {reason for number in numbers if (reason := lift(workspace.database, number, scope, actor()))}
    if not reasons:
        raise BadInput(
            f"«{what}» is not left alone, so there is nothing to lift. What is used up comes back by itself.",
            mend="See: distributor accounts list",
        )
    log = workspace.log()
    woken = sum(log.hasten(domains_of(scope), reason) for reason in reasons)
    put_off = f"; {count(woken, 'recipient that was put off is', 'recipients that were put off are')} due now"
    console().print(f"{shown} is sent to again{put_off if woken else ''}.")
    suggest("Go on with:", "distributor work")


def _server(row: dict[str, Any]) -> str:
    return f"{row['host']}:{row['port']} ({row['security']})" if row["host"] else "none is set"


def _in_words(limits: Limits) -> str:
    names = {
        "connections": "{} connections",
        "per_second": "{:g} a second",
        "per_minute": "{} a minute",
        "per_hour": "{} an hour",
        "per_day": "{} a day",
        "messages_per_connection": "{} on each connection",
    }
    return ", ".join(names[name].format(value) for name, value in limits.as_mapping().items()) or "none"


def _noted(preset: Preset) -> str:
    return f"; {preset.note}" if preset.note else ""


def _checked(preset: Preset) -> str:
    return preset.date if preset.confirmed else f"{preset.date}, not confirmed"

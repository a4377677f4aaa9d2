"""Setting named accounts: what the options of `accounts add` and `edit` come to, and what is said of an account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from distributor.account_settings import ACCOUNT_SETTINGS, DEFAULT_ACCOUNT, check_name, secret_variables, settings_of
from distributor.cli.accounts.showing import account_row, say_domain_limits, say_hindrances
from distributor.cli.terminal.output import ask, console, suggest
from distributor.dispatch.accounts.logins import RefusedLogins
from distributor.dispatch.accounts.named import add_account, edit_account, find_account, remove_account
from distributor.errors import BadInput
from distributor.settings import PREFIX, Login, Settings
from distributor.transport.account import is_loopback
from distributor.transport.oauth.keeping import forget_tokens
from distributor.transport.presets import require_preset
from distributor.wiring import Workspace, actor


def add(workspace: Workspace, name: str, given: Mapping[str, str], more: Sequence[str]) -> None:
    """Make an account of what was given, over what its preset begins with; say what is still missing."""
    check_name(name)
    config = _config(given, more)
    config = _beginning(config) | config
    if not config.get("smtp_host"):
        raise BadInput("It has no server.", field="--host", mend="Name the server, or a preset that knows it.")
    settings = _checked(workspace, name, config)
    with workspace.database.session() as session:
        add_account(session, name, config, actor())
    console().print(f"Account «{name}»: {settings.smtp_host}, from {settings.mail_from or 'nobody yet'}.")
    _say_what_is_missing(settings, name)


def edit(workspace: Workspace, name: str, given: Mapping[str, str], more: Sequence[str]) -> None:
    """Change what was given of an account; an empty value takes a setting away."""
    check_name(name)
    with workspace.database.reading() as connection:
        config = dict(find_account(connection, name).config)
    changed = _config(given, more)
    if not changed:
        raise BadInput("Nothing is named to be changed.", mend="See: distributor accounts edit --help")
    config = {one: value for one, value in (config | changed).items() if value}
    if not config.get("smtp_host"):
        raise BadInput("It would have no server.", field="--host", mend="Name another one.")
    settings = _checked(workspace, name, config)
    with workspace.database.session() as session:
        edit_account(session, name, config, actor())
    console().print(f"Account «{name}» is changed: {', '.join(sorted(changed))}.")
    _say_what_is_missing(settings, name)


def remove(workspace: Workspace, name: str, *, yes: bool) -> None:
    """Take an account away, and what is kept of its tokens."""
    check_name(name)
    own = workspace.for_account(name)
    ask(f"Remove the account «{name}» ({own.settings.smtp_host})?", yes=yes)
    with workspace.database.session() as session:
        remove_account(session, name, actor())
    forget_tokens(workspace.path, name)
    console().print(f"Account «{name}» is removed; what was sent through it stays in the reports.")
    if any(workspace.settings.account_secrets.get(one.removeprefix(f"{PREFIX}ACCOUNT_")) for one in _variables(name)):
        console().print(f"Take its secrets out of .env: {' and '.join(_variables(name))}.")


def row_of(workspace: Workspace, name: str) -> dict[str, Any]:
    """All that is set of an account, as JSON-able values: of its secrets, whether they are set."""
    with workspace.database.reading() as connection:
        found = find_account(connection, name)
    own = workspace.for_account(name)
    settings = own.settings
    return account_row(own, found.id) | {
        "config": dict(found.config),
        "password_set": bool(settings.smtp_password),
        "client_secret_set": bool(settings.oauth_client_secret),
        "signed_in": own.tokens().is_signed_in if settings.smtp_login is Login.XOAUTH2 else None,
    }


def show(workspace: Workspace, name: str) -> None:
    """How an account is set, in words, and what it still wants."""
    row, out = row_of(workspace, name), console()
    own = workspace.for_account(name)
    login = f"by a token of {row['oauth_provider']}" if row["login"] == Login.XOAUTH2 else "by password"
    out.print(f"Account «{name}»: {row['host'] or 'no server'}:{row['port']} ({row['security']})")
    out.print(f"Logs in as {row['username'] or 'nobody'}, {login}")
    out.print(f"From {row['mail_from'] or 'nobody yet'}; answers to {row['reply_to'] or 'the same'}", soft_wrap=True)
    out.print(f"Bounces to {row['bounce_address'] or 'the address it comes from'}")
    limits = ", ".join(f"{one} {value:g}" for one, value in row["limits"].items())
    out.print(f"Limits: {limits or 'none'}" + (f" (preset {row['preset']})" if row["preset"] else ""))
    say_domain_limits(own)
    for one, value in row["config"].items():
        out.print(f"  {one} = {value}", soft_wrap=True)
    say_hindrances(row, own.settings.timezone)
    _say_what_is_missing(own.settings, name)


def sign_in(workspace: Workspace, name: str, port: int) -> None:
    """Have somebody sign in at the provider; `accounts check` and `send` then ask for tokens by themselves."""
    own = workspace.for_account(name)
    if own.settings.smtp_login is not Login.XOAUTH2:
        raise BadInput(
            f"The account «{name}» logs in by password, so nobody signs in.",
            mend=f"For tokens: distributor accounts edit {name} --login xoauth2",
        )
    tokens, account, out = own.tokens(), own.account(), console()
    if not tokens.grant.needs_a_person:
        raise BadInput(
            f"The application of «{name}» asks {tokens.grant.provider} for itself, so nobody has to sign in.",
            mend=f"Try it: distributor accounts check {name}",
        )

    def invite(url: str, code: str) -> None:
        there = f"Open {url} and type the code {code}" if code else f"Open this in a browser on this machine: {url}"
        out.print(there, soft_wrap=True)
        out.print(f"Sign in there as {account.username}, or as somebody who may send for them. Waiting; Ctrl-C ends.")

    who = tokens.sign_in(invite, port)
    RefusedLogins(workspace.database, workspace.keyring).forget(account)
    out.print(f"{tokens.grant.provider} gives us tokens{f' for {who}' if who else ''}.")
    suggest("Try it:", f"distributor accounts check {name}")


def _config(given: Mapping[str, str], more: Sequence[str]) -> dict[str, str]:
    """The settings that were given, by their names; `--set NAME=VALUE` may name any that an account can have."""
    config = dict(given)
    for one in more:
        name, equals, value = one.partition("=")
        name = name.strip().lower().removeprefix(PREFIX.lower())
        if not equals or name not in ACCOUNT_SETTINGS:
            raise BadInput(
                f"«{name}» is nothing that an account has for itself.",
                field="--set",
                mend=f"Write NAME=VALUE with one of: {', '.join(ACCOUNT_SETTINGS)}",
            )
        config[name] = value.strip()
    if config.get("smtp_preset"):
        require_preset(config["smtp_preset"], "--preset")
    return config


def _beginning(config: Mapping[str, str]) -> dict[str, str]:
    preset = config.get("smtp_preset")
    return dict(require_preset(preset, "--preset").begins_with) if preset else {}


def _checked(workspace: Workspace, name: str, config: Mapping[str, str]) -> Settings:
    """The settings that the account would have; `BadInput` for what cannot be used."""
    base = workspace.base or workspace
    settings = settings_of(base.settings, name, config, is_typed=True)
    if settings.smtp_security == "plain" and not is_loopback(settings.smtp_host):
        raise BadInput(
            f"Mail to {settings.smtp_host} would cross the network in clear.",
            field="--security",
            mend="Take tls or starttls; plain is for a server on this machine only.",
        )
    return settings


def _say_what_is_missing(settings: Settings, name: str) -> None:
    out, (password, secret) = console(), _variables(name)
    uses_tokens = settings.smtp_login is Login.XOAUTH2
    if settings.smtp_username and not uses_tokens and not settings.smtp_password:
        out.print(f"Write its password into .env: {password}=…")
    if settings.mail_from is None:
        out.print("Say who it comes from, with --from or DISTRIBUTOR_MAIL_FROM.")
    if uses_tokens and settings.oauth_provider == "microsoft" and not settings.oauth_client_secret:
        out.print(f"If the application has a secret of its own, write it into .env: {secret}=…; else:")
    if uses_tokens and not settings.oauth_client_secret and settings.oauth_key_file is None:
        suggest("Somebody signs in:", f"distributor accounts login {name}")
    suggest("Try it:", f"distributor accounts check {name}")


def _variables(name: str) -> tuple[str, str]:
    if name == DEFAULT_ACCOUNT:
        return f"{PREFIX}SMTP_PASSWORD", f"{PREFIX}OAUTH_CLIENT_SECRET"
    return secret_variables(name)

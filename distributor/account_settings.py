"""A named account's own settings, laid over those of the workspace."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from distributor.errors import BadInput
from distributor.setting_values import Secret
from distributor.settings import DEFAULTS, PREFIX, SETTING_NAMES, Settings, build_settings

DEFAULT_ACCOUNT = "default"
"""The account that the settings themselves describe."""

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LONGEST_NAME = 40

_IDENTITY = (
    "mail_from", "reply_to", "bounce_address", "verp", "sender", "dkim_key", "dkim_selector", "dkim_domain",
)  # fmt: skip
_SHARED = (*_IDENTITY, "smtp_helo", "smtp_ca_file")
"""What an account has from the workspace where it sets none of its own."""

_SECRETS = {"smtp_password": "PASSWORD", "oauth_client_secret": "CLIENT_SECRET"}

ACCOUNT_SETTINGS = tuple(
    name
    for name in SETTING_NAMES
    if name not in _SECRETS
    and (name.startswith(("smtp_", "oauth_")) or name in {*_IDENTITY, "provider_limits", "domain_limits"})
)
"""What an account may set for itself; its secrets are variables of their own."""


def check_name(name: str) -> str:
    """The name, if an account may be called so; `BadInput` otherwise."""
    if name == DEFAULT_ACCOUNT:
        raise BadInput(
            "«default» is the account that the settings describe.",
            mend=f"Change {PREFIX}SMTP_HOST and what is below it in .env, or take another name.",
        )
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise BadInput(
            f"«{name}» cannot be an account's name.", mend="Take small letters, figures and hyphens, such as redaction."
        )
    return name


def secret_variables(name: str) -> tuple[str, str]:
    """The variables that hold a named account's password and its application's secret."""
    stem = f"{PREFIX}ACCOUNT_{name.upper().replace('-', '_')}_"
    return stem + _SECRETS["smtp_password"], stem + _SECRETS["oauth_client_secret"]


def settings_of(settings: Settings, name: str, config: Mapping[str, str], *, is_typed: bool = False) -> Settings:
    """The settings as a named account has them: where it sends through, and, where it says so, who it comes from.

    Server, login and limits are its own alone: no password of one account is ever offered to the server of another.
    A key of DKIM is not taken over into another domain. Raises `BadInput` that names the account and what is wrong; of
    what `is_typed` with the command, and not kept yet, there is nothing to edit.
    """
    values = DEFAULTS | {one: "" for one in SETTING_NAMES if one not in DEFAULTS}
    values |= {one: settings.texts.get(one, "") for one in _SHARED}
    if _domain(config.get("mail_from", "")) not in {"", _domain(settings.texts.get("mail_from", ""))}:
        values |= {"dkim_key": "", "dkim_selector": "", "dkim_domain": ""}
    values |= {one: config[one] for one in ACCOUNT_SETTINGS if config.get(one)}
    try:
        own = build_settings(settings.workspace, values, dict.fromkeys(SETTING_NAMES, f"account {name}"))
    except BadInput as error:
        field = (error.field or "").removeprefix(PREFIX).lower()
        mend = error.mend
        if not is_typed:
            mend += f" Change it with: distributor accounts edit {name} --set {field}=…"
        raise BadInput(error.message, field=f"account {name}: {field}", mend=mend) from None
    stem = name.upper().replace("-", "_")
    parts: dict[str, Any] = {one: getattr(own, one) for one in ACCOUNT_SETTINGS}
    parts |= {one: settings.account_secrets.get(f"{stem}_{end}", Secret()) for one, end in _SECRETS.items()}
    return replace(settings, **parts, texts=values)


def _domain(text: str) -> str:
    return text.rpartition("@")[2].rstrip(">").strip().lower()

"""The commands that go on from a sending, as they can be run: for the same lists, people and hour."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from distributor.account_settings import DEFAULT_ACCOUNT
from distributor.dispatch.recipients.narrowing import Selection


def scope_of(
    lists: Sequence[str] | None,
    excluded: Sequence[str] | None = None,
    only: Sequence[str] | None = None,
    where: str | None = None,
    *,
    attach_pdf: bool = False,
    account: str = DEFAULT_ACCOUNT,
) -> dict[str, Any]:
    """The lists of a sending (None: every list), and its account, as a signature keeps them."""
    return {
        "lists": list(lists) if lists else None,
        "excluded": list(excluded or []),
        "only": list(only or []),
        "where": where or "",
        "attach_pdf": attach_pdf,
        "account": account,
    }


def selection_of(scope: Mapping[str, Any]) -> Selection:
    """Whom a scope names."""
    return Selection(scope["lists"], scope["excluded"], scope["only"], scope["where"])


def how_to_send(slug: str, scope: Mapping[str, Any]) -> str:
    """The command that sends a release to these lists."""
    return shlex.join(["distributor", "send", slug, *_options(scope)])


def how_to_sign(slug: str, scope: Mapping[str, Any]) -> str:
    """The command that signs a release for a send with these lists."""
    return f"{shlex.join(['distributor', 'releases', 'sign-off', slug, *_options(scope)])} --by NAME"


def how_to_prove(slug: str, scope: Mapping[str, Any], at: str = "") -> str:
    """The command that proves a release for a send with these lists, at the hour that `at` names."""
    hour = ["--at", at] if at else []
    return shlex.join(["distributor", "releases", "proof", slug, *_options(scope), *hour])


def _options(scope: Mapping[str, Any]) -> list[str]:
    """Lists and account as they are named on the command line."""
    named = {"--list": scope["lists"] or [], "--exclude": scope["excluded"], "--only": scope["only"]}
    words = [word for option, names in named.items() for name in names for word in (option, name)]
    words += ["--where", scope["where"]] if scope["where"] else []
    words += ["--attach-pdf"] if scope["attach_pdf"] else []
    account = scope.get("account", DEFAULT_ACCOUNT)  # signatures of before name none
    return words + (["--account", account] if account != DEFAULT_ACCOUNT else [])

"""What a provider's token is asked with: the seam between keeping tokens and those who give them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

State = MutableMapping[str, str]
"""What is kept between two askings, as a provider's own words: a token, what renews it, when it ends."""

Invite = Callable[[str, str], None]
"""Shows a person where to go and which code to type there ("": none)."""


@dataclass(frozen=True, slots=True)
class Application:
    """What we are to a provider: the application registered there, and whose mail it may send.

    `secret` and `key_file` are how an application proves that it is itself, without a person; `reads_mail` says that
    the mailbox for what comes back is read with the same token. `ca_file` is the only authority trusted when given.
    """

    client_id: str = ""
    secret: str = field(default="", repr=False)
    tenant: str = ""
    key_file: Path | None = None
    authority: str = ""
    username: str = ""
    reads_mail: bool = False
    ca_file: Path | None = None

    @property
    def identity(self) -> str:
        """What names this application and its user; what was kept for another one is worth nothing."""
        parts = (self.authority, self.tenant, self.client_id, str(self.key_file or ""), self.username, self.reads_mail)
        return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, until when it is good, and who signed in for it, as far as the provider says.

    Raises `ValueError` for what is none (RFC 6749 §A.12): it would end a log-in early, or have none shown at all.
    """

    value: str = field(repr=False)
    ends: datetime
    who: str = ""

    def __post_init__(self) -> None:
        if not (isinstance(self.value, str) and self.value and self.value.isascii() and self.value.isprintable()):
            raise ValueError("no token")


class Grant(Protocol):
    """One way to get tokens from one provider."""

    @property
    def provider(self) -> str:
        """The provider, as people call it."""
        ...

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to sign in once."""
        ...

    def ask(self, state: State) -> AccessToken:
        """A new access token, by what is kept in `state`.

        Raises `CredentialsRefused` when the provider says no, `ServerUnavailable` when it cannot be asked.
        """
        ...

    def sign_in(self, state: State, invite: Invite, port: int) -> AccessToken:
        """Have a person sign in. Raises as `ask`."""
        ...

"""The account we send through: where its server is, how the way there is protected, and what can be wrong with it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from distributor.account_settings import secret_variables
from distributor.errors import AccountTrouble
from distributor.settings import PREFIX
from distributor.transport.dialogue import Dialogue

SECURITIES = ("tls", "starttls", "plain")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How many seconds to wait for what (RFC 5321 §4.5.3.2).

    `connect` covers the TCP connection and the TLS handshake; `command` every command before DATA; `data` the answer
    to DATA; `block` each block of the body until it is handed to the network; `dot` the answer to the final dot,
    counted from the moment it was handed over: cutting it short is how a mailer makes duplicates. `group` is how long
    a server may be silent within commands that were sent together, until it has answered all of such a group once.
    """

    connect: float = 30
    greeting: float = 300
    command: float = 300
    data: float = 120
    block: float = 180
    dot: float = 600
    group: float = 20
    quit: float = 5


class TokenSource(Protocol):
    """Where access tokens come from (OAuth2). What is asked of it may take as long as the network does."""

    @property
    def fingerprint(self) -> str:
        """What a refusal is remembered by."""
        ...

    def token(self) -> str:
        """A token to log in with; raise `AccountTrouble` when there is none to be had."""
        ...

    def another(self, refused: str) -> str:
        """Another token than the one that a server refused; raises as `token`."""
        ...

    def distrust(self, token: str) -> None:
        """Have the next one asked for anew."""
        ...


@dataclass(frozen=True, slots=True)
class SmtpAccount:
    """One account on one submission server (RFC 6409).

    `name` is "" for the one that the settings describe. With `tokens` the login is XOAUTH2, and there is no password.
    `security` is `tls` (implicit, RFC 8314), `starttls` (required, never opportunistic) or `plain` (loopback
    addresses only). `helo` is the name we give; without one, the address literal of our end of the connection.
    `ca_file` is the only authority trusted when given; `dialogue` is told what one connection says.

    Raises `AccountTrouble` for an account that would send a message or a password in clear over a network, or that
    cannot be one.
    """

    host: str
    port: int
    security: str = "tls"
    username: str = ""
    password: str = field(default="", repr=False)
    helo: str | None = None
    ca_file: Path | None = None
    timeouts: Timeouts = Timeouts()
    messages_per_connection: int = 100
    max_age: float = 300
    dialogue: Dialogue | None = field(default=None, repr=False, compare=False)
    name: str = ""
    tokens: TokenSource | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.username and not self.password and self.tokens is None:
            # Providers count every refused login: an empty password is never offered.
            raise AccountTrouble(
                "A user name is set, and no password.",
                mend=f"Set {self.setting('SMTP_PASSWORD')}; or leave {self.setting('SMTP_USERNAME')} empty for a server"
                " that asks for none.",
            )
        if not self.host or not self.host.isprintable() or " " in self.host:
            raise AccountTrouble("No mail server is set.", mend=f"Set {self.setting('SMTP_HOST')} to its name.")
        if self.security not in SECURITIES:
            raise AccountTrouble(
                f"{self.security!r} is not a way to protect the connection.",
                mend=f"Set {self.setting('SMTP_SECURITY')} to tls, starttls or plain.",
            )
        if self.security == "plain" and not is_loopback(self.host):
            raise AccountTrouble(
                f"Mail to {self.host} would cross the network in clear.",
                mend=f"Set {self.setting('SMTP_SECURITY')} to tls or starttls; plain is for a server on this machine"
                " only.",
            )
        if self.helo is not None and not (self.helo.isascii() and self.helo.isprintable() and " " not in self.helo):
            raise AccountTrouble(
                f"{self.helo!r} cannot be the name this machine gives to the server.",
                mend=f"Set {self.setting('SMTP_HELO')} to a host name, or leave it empty.",
            )

    @property
    def place(self) -> str:
        """The server as messages name it."""
        return f"{self.host} (port {self.port})"

    @property
    def credential(self) -> str:
        """What stands for the secret of this login where refusals are remembered."""
        return self.tokens.fingerprint if self.tokens else self.password

    def setting(self, name: str) -> str:
        """A setting as whoever is to change it finds it."""
        if not self.name:
            return PREFIX + name
        variable = secret_variables(self.name)[0]
        return variable if name == "SMTP_PASSWORD" else f"{name.lower()} of the account «{self.name}»"


def is_loopback(host: str) -> bool:
    """Whether `host`, taken literally, is this machine: 127.0.0.0/8, ::1 or `localhost`; nothing is looked up."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"

"""The account we send through: where its server is, how the way there is protected, and what can be wrong with it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from distributor.errors import AccountTrouble
from distributor.transport.dialogue import Dialogue

SECURITIES = ("tls", "starttls", "plain")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How many seconds to wait for what (RFC 5321 §4.5.3.2).

    `connect` covers the TCP connection and the TLS handshake; `command` every command before DATA; `data` the answer
    to DATA; `block` each block of the body until it is handed to the network; `dot` the answer to the final dot,
    counted from the moment it was handed over: cutting it short is how a mailer makes duplicates.
    """

    connect: float = 30
    greeting: float = 300
    command: float = 300
    data: float = 120
    block: float = 180
    dot: float = 600
    quit: float = 5


@dataclass(frozen=True, slots=True)
class SmtpAccount:
    """One account on one submission server (RFC 6409).

    `security` is `tls` (implicit, RFC 8314), `starttls` (required, never opportunistic) or `plain` (loopback
    addresses only). `helo` is the name we give; without one, the address literal of our end of the connection.
    `ca_file` is the only authority trusted when given; `dialogue` is told what one connection says.

    Raises `AccountTrouble` for an account that would send a
    message or a password in clear over a network, or that cannot be one.
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

    def __post_init__(self) -> None:
        if not self.host or not self.host.isprintable() or " " in self.host:
            raise AccountTrouble("No mail server is set.", mend="Set DISTRIBUTOR_SMTP_HOST to its name.")
        if self.security not in SECURITIES:
            raise AccountTrouble(
                f"{self.security!r} is not a way to protect the connection.",
                mend="Set DISTRIBUTOR_SMTP_SECURITY to tls, starttls or plain.",
            )
        if self.security == "plain" and not is_loopback(self.host):
            raise AccountTrouble(
                f"Mail to {self.host} would cross the network in clear.",
                mend="Set DISTRIBUTOR_SMTP_SECURITY to tls or starttls; plain is for a server on this machine only.",
            )
        if self.helo is not None and not (self.helo.isascii() and self.helo.isprintable() and " " not in self.helo):
            raise AccountTrouble(
                f"{self.helo!r} cannot be the name this machine gives to the server.",
                mend="Set DISTRIBUTOR_SMTP_HELO to a host name, or leave it empty.",
            )

    @property
    def place(self) -> str:
        """The server as messages name it."""
        return f"{self.host} (port {self.port})"


def is_loopback(host: str) -> bool:
    """Whether `host`, taken literally, is this machine: 127.0.0.0/8, ::1 or `localhost`; nothing is looked up."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"

"""The seam to the network: what a transport is given, and the one answer it gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from distributor.states import Outcome


@dataclass(slots=True)
class Envelope:
    """One message for one recipient.

    `sender` and `recipient` are bare addresses with A-label domains; `message` is the whole message, CRLF line
    ends, 7-bit, not yet dot-stuffed. `needs_smtputf8` says that the recipient's local part is not ASCII. `envelope_id`
    is what a report on it is asked to name (RFC 3461), or "".
    """

    sender: str
    recipient: str
    message: bytes
    needs_smtputf8: bool = False
    envelope_id: str = ""


Following = Callable[[], Envelope | None]
"""Asked at the last moment for the message that goes over the same connection next; None when there is none yet."""


def nobody() -> None:
    """Nothing follows."""


class Connection(Protocol):
    """One open, greeted and authenticated connection; carries one message at a time."""

    @property
    def is_usable(self) -> bool:
        """Whether another message may be sent on it."""
        ...

    async def deliver(
        self, envelope: Envelope, begin: Callable[[], Awaitable[None]], following: Following = nobody
    ) -> Outcome:
        """Hand over one message and return what came of it; network faults are outcomes, never exceptions.

        `begin` is awaited once, after the server asked for the body (354) and before its first byte is written: when
        it returns, the intent is durable. If it raises, no body byte is written, the connection is closed and the
        exception goes up.

        `following` is asked, where the server takes commands ahead, once only the end of this message is left to be
        written. What it gives is announced to the server at once, and must be the next message delivered here, or the
        connection be closed; its body waits for its own `deliver` and `begin`.
        """
        ...

    async def close(self) -> None:
        """Say goodbye where the connection still stands, and close it; never raises."""
        ...


class Transport(Protocol):
    """A way to a mail server."""

    async def connect(self) -> Connection:
        """Open a connection; raise `distributor.errors.AccountTrouble` if there is none to be had."""
        ...

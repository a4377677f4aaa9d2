"""The connection to an IMAP server: whatever it says to a command comes to an end, in time and in bytes."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from typing import Any

from imap_tools.mailbox import BaseMailBox

from distributor import clock

ANSWER_S = 600.0
"""How long the answer to one command may take: a message of the largest size over a very slow line."""
_SILENCE_S = 60.0
_MOST_BESIDE = 16 * 1024 * 1024
"""How many bytes a server may say to one command, beside the message that was asked for."""
_PIECE = 64 * 1024
_LONGEST_LINE = 1_000_000
_LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")


class BoundedClient(imaplib.IMAP4):
    """imaplib's client, which would listen for ever, and whose sizes have any number of digits.

    Raises imaplib's own errors, as it does. `largest` is how many bytes of one message are asked for.
    """

    largest = 0
    _heard_on: socket.socket | None = None
    _said = 0
    _until: float | None = None

    def open(self, *place: Any, **more: Any) -> None:
        """As imaplib's."""
        self._heard = bytearray()
        super().open(*place, **more)

    @property
    def has_heard(self) -> bool:
        """Whether something lies here that was not looked at yet: it wakes nobody who waits at the socket."""
        return b"\n" in self._heard

    def renew(self) -> None:
        """From now on count anew: a command was sent, or it is the server's turn to speak unasked."""
        self._said, self._until = 0, clock.monotonic() + ANSWER_S

    def send(self, data: Any) -> None:
        """As imaplib's."""
        self.renew()
        super().send(data)

    def read(self, size: int) -> bytes:
        """As imaplib's: a literal."""
        if size > self.largest:
            raise self.abort("it sends more than it was asked for")
        while len(self._heard) < size and self._receive():
            pass
        return self._take(size)

    def readline(self) -> bytes:
        """As imaplib's."""
        searched = 0
        while (end := self._heard.find(b"\n", searched)) < 0:
            searched = len(self._heard)
            if searched > _LONGEST_LINE:
                raise self.abort("it says a line that does not come to an end")
            if not self._receive():
                return b""
        line = self._take(end + 1)
        found = _LITERAL.search(line)
        if found and len(found[1].lstrip(b"0")) > len(str(self.largest)):  # `int` refuses thousands of digits
            raise self.abort("it sends more than it was asked for")
        return line

    def _take(self, size: int) -> bytes:
        taken = bytes(self._heard[:size])
        del self._heard[:size]
        return taken

    def _receive(self) -> bool:
        """Hear a piece more; False when the server hung up."""
        if self._heard_on is not self.sock:  # what was said in clear before STARTTLS is no answer of the server's
            self._heard.clear()
            self._heard_on = self.sock
        if self._until is None:  # the greeting
            self.renew()
        assert self._until is not None
        if self._said > self.largest + _MOST_BESIDE or clock.monotonic() > self._until:
            raise self.abort("what it says does not come to an end")
        piece = self.sock.recv(_PIECE)
        self._said += len(piece)
        self._heard += piece
        return bool(piece)


class _BoundedTlsClient(BoundedClient, imaplib.IMAP4_SSL):
    """The same over TLS from the first byte."""


class LetInTooSoon(Exception):
    """The server took us in (PREAUTH) before the connection could be protected."""


class BoundedMailBox(BaseMailBox):
    """A mailbox over such a connection. `security` is tls, starttls or plain; `largest` as the client's."""

    client: BoundedClient

    def __init__(self, host: str, port: int, security: str, context: ssl.SSLContext | None, largest: int) -> None:
        self._place = host, port
        self._security = security
        self._context = context
        self._largest = largest
        super().__init__()

    @property
    def is_let_in(self) -> bool:
        """Whether no login is wanted: the server's greeting was PREAUTH (RFC 3501 §7.1.4)."""
        return self.client.state == "AUTH"

    def _get_mailbox_client(self) -> BoundedClient:
        client: BoundedClient
        if self._security == "tls":
            client = _BoundedTlsClient(*self._place, ssl_context=self._context, timeout=_SILENCE_S)
        else:
            client = BoundedClient(*self._place, timeout=_SILENCE_S)
        client.largest = self._largest
        try:
            if self._security == "starttls":
                if client.state == "AUTH":  # there is no STARTTLS any more, and whoever is on the way may have said so
                    raise LetInTooSoon
                client.starttls(self._context)
        except BaseException:
            client.shutdown()
            raise
        return client

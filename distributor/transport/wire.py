"""aiosmtplib's protocol up to the log-in: greeting, EHLO, TLS and AUTH, each reply to the question that was asked."""

from __future__ import annotations

import asyncio
import ssl

from aiosmtplib.errors import SMTPException
from aiosmtplib.protocol import SMTPProtocol
from aiosmtplib.response import SMTPResponse

from distributor.transport.dialogue import Dialogue


class Wire(SMTPProtocol):
    """The beginning of an SMTP conversation; a `Conversation` takes over once mail may be sent.

    Parsing, TLS upgrade and the refusal of control characters are aiosmtplib's.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, dialogue: Dialogue | None) -> None:
        super().__init__(loop)
        self.dialogue = dialogue if dialogue is not None and dialogue.take() else None
        self._spoke_unasked = False

    @property
    def in_step(self) -> bool:
        """Whether the connection stands and nothing lies in it that no command asked for.

        Bytes that came unasked (a 421 behind an acceptance, a reply given up on) would be taken for the answer to the
        next command.
        """
        return self.is_connected and not self._spoke_unasked and not self._buffer

    def info(self, name: str) -> object:
        """What asyncio knows of the connection under `name`, or None."""
        return None if self.transport is None else self.transport.get_extra_info(name)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.dialogue is not None:
            self.dialogue.give_back()

    def write(self, data: bytes) -> None:
        if self.dialogue is not None:
            self.dialogue.said(data)
        super().write(data)

    def data_received(self, data: bytes) -> None:
        if self.dialogue is not None:
            self.dialogue.heard(data)
        waiter = self._response_waiter
        if not self._response_pending or waiter is None or waiter.done():
            self._spoke_unasked = True
        super().data_received(data)

    async def ask(self, *words: bytes, seconds: float) -> SMTPResponse:
        """Send one command and return its reply; raise `SMTPException` if there is none, or none that can be read."""
        if self.is_connected and not self.in_step:
            raise SMTPException("The server said something that it was not asked.")
        response = await self.execute_command(*words, timeout=seconds)
        if not 200 <= response.code <= 599:
            raise SMTPException(f"The server answered with something that is not a reply: {response.code}.")
        return response

    async def start_tls(
        self,
        tls_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  (aiosmtplib's own signature)
    ) -> SMTPResponse:
        """As aiosmtplib's, which throws away what was said in clear after the 220 (RFC 3207 §4.2)."""
        response = await super().start_tls(tls_context, server_hostname, timeout)
        self._spoke_unasked = False
        return response

    def abort(self) -> None:
        """Drop the connection at once, with whatever was not sent yet."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

"""aiosmtplib's protocol, driven phase by phase, so that every reply belongs to the question that was asked."""

from __future__ import annotations

import asyncio
import ssl

from aiosmtplib.errors import SMTPException, SMTPServerDisconnected
from aiosmtplib.protocol import SMTPProtocol
from aiosmtplib.response import SMTPResponse

from distributor.transport.dialogue import Dialogue

BLOCK_BYTES = 64 * 1024


class Wire(SMTPProtocol):
    """One SMTP conversation: DATA, the body and the final reply are separate steps here, as in RFC 5321 §4.1.1.4.

    aiosmtplib's own `data()` cannot tell a drop before the body from one after the final dot, never waits for the
    body to leave, and forgets a reply that comes while it writes. Everything else is its own: parsing, TLS upgrade,
    the refusal of control characters in commands.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, dialogue: Dialogue | None = None) -> None:
        super().__init__(loop)
        self._dialogue = dialogue if dialogue is not None and dialogue.take() else None
        self._spoke_unasked = False
        self._gone: asyncio.Future[None] = loop.create_future()

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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        _flush_fully(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._dialogue is not None:
            self._dialogue.give_back()
            self._dialogue = None
        if not self._gone.done():
            self._gone.set_result(None)

    def write(self, data: bytes) -> None:
        if self._dialogue is not None:
            self._dialogue.said(data)
        super().write(data)

    def data_received(self, data: bytes) -> None:
        if self._dialogue is not None:
            self._dialogue.heard(data)
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
        if self.transport is not None:
            _flush_fully(self.transport)
        return response

    async def ask_for_body(self, seconds: float) -> SMTPResponse:
        """Send DATA and return its reply. After a 354 the final reply is listened for from this instant on."""
        response = await self.ask(b"DATA", seconds=seconds)
        if response.code == 354:
            self._response_pending = True
            # What came in the same packet as the 354 would otherwise lie there until more bytes came.
            early = self._read_response_from_buffer() if self._buffer else None
            if early is not None and self._response_waiter is not None:
                self._response_waiter.set_result(early)
        return response

    @property
    def has_answered(self) -> bool:
        """Whether the final reply, or the end of the connection, came already."""
        return not self.is_connected or self._response_waiter is None or self._response_waiter.done()

    async def send_body(self, body: bytes, block_seconds: float) -> bool:
        """Write `body`, already dot-stuffed and ended; return whether all of it was handed to the network.

        Stops early when the server answers or goes before the end. Raises `TimeoutError` when a block does not leave.
        """
        for start in range(0, len(body), BLOCK_BYTES):
            if self.has_answered:
                return False
            self.write(body[start : start + BLOCK_BYTES])
            if self._paused:
                await self._until_drained_or_answered(block_seconds)
        return not self._paused

    async def final_reply(self, seconds: float) -> SMTPResponse:
        """The reply to the body; raise `SMTPException` when none came, or none that can be read."""
        response = await self.read_response(seconds)
        if not 200 <= response.code <= 599:
            raise SMTPException(f"The server answered with something that is not a reply: {response.code}.")
        return response

    def abort(self) -> None:
        """Drop the connection at once, with whatever was not sent yet."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    async def hang_up(self, seconds: float) -> None:
        """Close the connection in order, or drop it when that takes longer than `seconds`."""
        if self.transport is not None:
            self.transport.close()
            await asyncio.wait({self._gone}, timeout=seconds)
            self.abort()

    async def _until_drained_or_answered(self, block_seconds: float) -> None:
        waiter = self._response_waiter
        if waiter is None:
            raise SMTPServerDisconnected("Connection lost")
        drained = asyncio.ensure_future(self._drain_helper())
        either: set[asyncio.Future[None] | asyncio.Future[SMTPResponse]] = {drained, waiter}
        try:
            done, _ = await asyncio.wait(either, timeout=block_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            drained.cancel()
        if not done:
            raise TimeoutError
        if drained in done:
            drained.exception()  # a lost connection tells the reply's waiter as well; it is read there


def _flush_fully(transport: asyncio.BaseTransport) -> None:
    # "Drained" must mean that nothing is left with us, since the final dot's timer starts then. (Under TLS the
    # encrypted bytes may still wait in asyncio's socket buffer, one block at most. With a limit of 0 instead of 1,
    # CPython's TLS transport pauses on an empty buffer, for ever.)
    if isinstance(transport, asyncio.WriteTransport):
        transport.set_write_buffer_limits(high=1, low=0)

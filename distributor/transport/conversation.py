"""The conversation after log-in: commands leave singly or in groups, and each reply belongs to the oldest question."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from copy import copy
from functools import lru_cache
from typing import cast

from aiosmtplib.errors import SMTPException, SMTPReadTimeoutError, SMTPServerDisconnected
from aiosmtplib.response import SMTPResponse

from distributor.transport.wire import Wire

BLOCK_BYTES = 64 * 1024
MAX_REPLY_OCTETS = 64 * 1024
"""What a server may say before we hang up: replies that are not read yet, and one that is not whole."""

Group = tuple[bytes, int]
"""Commands to be written in one go, and how many replies they ask for."""


class Conversation(asyncio.Protocol):
    """One SMTP conversation, taken over from aiosmtplib once it has connected, encrypted and logged in.

    aiosmtplib waits for the reply to each command before it sends another, never waits for a body to leave, cannot tell
    a drop before the body from one after the final dot, and forgets a reply that comes while it writes. Here questions
    may be asked ahead (RFC 2920), and a reply is kept until somebody asks for it.
    """

    def __init__(self, wire: Wire) -> None:
        """Take `wire`'s connection, which stands; what it said unasked before leaves us out of step from the start."""
        self._transport = cast("asyncio.Transport", wire.transport)
        self._dialogue = wire.dialogue
        self._loop = asyncio.get_running_loop()
        self._partial = b""
        self._lines: list[str] = []  # of a reply whose last line has not come yet
        self._kind = b""  # the first digit of its code
        self._replies: deque[SMTPResponse] = deque()
        self._owed = 0
        self._unread = 0  # octets, since all that came had been asked for
        self._is_astray = not wire.in_step
        # Never raised itself: whoever raises what it keeps keeps, in its traceback, the message that was under way.
        self._fault: Exception | None = None
        self._listener: asyncio.Future[None] | None = None
        self._until = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._paused = False
        self.has_ended_body = False
        """Whether the end of the last body was handed to the network, or to what waits to be: it may have left us."""
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._transport.set_protocol(self)
        _flush_fully(self._transport)

    @property
    def is_open(self) -> bool:
        """Whether the connection stands and has been read without trouble so far."""
        return self._fault is None and not self._transport.is_closing()

    @property
    def in_step(self) -> bool:
        """Whether the connection stands, every question has been answered, and nothing was said that was not asked.

        Bytes that came unasked (a 421 behind an acceptance, a reply given up on) would be taken for the answer to the
        next command.
        """
        quiet = not (self._owed or self._replies or self._partial or self._lines or self._is_astray)
        return quiet and self.is_open

    @property
    def has_answered(self) -> bool:
        """Whether the next reply, or the end of the connection, came already."""
        return bool(self._replies) or self._fault is not None

    # What asyncio tells us

    def data_received(self, data: bytes) -> None:
        """Cut what came into replies."""
        if self._dialogue is not None:
            self._dialogue.heard(data)
        self._unread += len(data)
        try:
            self._read_lines(data)
        except SMTPException as error:
            self._end(error.with_traceback(None))
            self._transport.abort()
            return
        if len(self._replies) > self._owed:
            self._is_astray = True
        if self._replies:
            self._wake()

    def eof_received(self) -> bool:
        """The server said that it has nothing more to say; the transport closes."""
        self._end(SMTPServerDisconnected("Unexpected EOF received"))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, for whatever reason."""
        if self._dialogue is not None:
            self._dialogue.give_back()
            self._dialogue = None
        lost = SMTPServerDisconnected("Connection lost")
        lost.__cause__ = exc
        self._end(lost)
        if not self._gone.done():
            self._gone.set_result(None)

    def pause_writing(self) -> None:
        """The network takes no more for now."""
        self._paused = True

    def resume_writing(self) -> None:
        """The network took all there was."""
        self._paused = False
        self._wake()

    # What the transport's user does

    def send(self, commands: bytes, replies: int = 1) -> None:
        """Write whole command lines, which ask for so many replies; `SMTPServerDisconnected` if nobody listens."""
        if self._fault is not None:
            raise copy(self._fault)
        if self._transport.is_closing():
            raise SMTPServerDisconnected("Connection lost")
        self._owed += replies
        if self._dialogue is not None:
            self._dialogue.said(commands)
        self._transport.write(commands)

    async def reply(self, seconds: float) -> SMTPResponse:
        """The reply to the oldest question; raise `SMTPException` when none came in time, or none that can be read."""
        if not self.has_answered:
            await self._listen(seconds, lambda: self.has_answered)
        response = self.ready()
        assert response is not None
        return response

    def ready(self) -> SMTPResponse | None:
        """As `reply`, if it came already, or if none comes any more; None where it has to be waited for."""
        if not self._replies:
            if self._fault is not None:
                raise copy(self._fault)
            return None
        if self._owed:
            self._owed -= 1
        response = self._replies.popleft()
        if not (self._replies or self._lines or self._partial):
            self._unread = 0
        return response

    async def send_body(self, body: bytes, block_seconds: float, then: Callable[[], Group]) -> bool:
        """Write `body`, already dot-stuffed and ended, and in the same breath the commands that `then` gives.

        Returns whether all of it was handed to the network. Stops early when the server answers or goes before the end;
        `then` is asked only once nothing but the last block is left. Raises `SMTPReadTimeoutError` when a block does
        not leave in time.
        """
        self.has_ended_body = False
        last = (len(body) - 1) // BLOCK_BYTES * BLOCK_BYTES
        for start in range(0, last, BLOCK_BYTES):
            if self.has_answered:
                return False
            self._transport.write(body[start : start + BLOCK_BYTES])
            await self._drained(block_seconds)
        if self.has_answered:
            return False
        commands, replies = then()
        if self._dialogue is not None:
            self._dialogue.sends_message(len(body), followed_by=commands)
        self.has_ended_body = True
        self.send(body[last:] + commands if last or commands else body, 1 + replies)
        await self._drained(block_seconds)
        return not self._paused

    def abort(self) -> None:
        """Drop the connection at once, with whatever was not sent yet."""
        self._end(SMTPServerDisconnected("Connection lost"))
        self._transport.abort()

    async def hang_up(self, seconds: float) -> None:
        """Close the connection in order, or drop it when that takes longer than `seconds`."""
        if not self._transport.is_closing():  # Python 3.11.2 cannot drop what was closed twice
            self._transport.close()
        try:
            await asyncio.wait({self._gone}, timeout=seconds)
        finally:
            self.abort()

    # Within

    def _read_lines(self, data: bytes) -> None:
        """Take whole lines out of what came; a reply is whole with its last line (RFC 5321 §4.2.1).

        All its lines must have one code. Where a yes ends as a no, or the other way round, nobody knows what was meant;
        of two noes of one kind the last stands.
        """
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            kind, goes_on, said = (_remembered if len(line) <= _MEMO_LINE_LENGTH else _read_line)(line)
            if self._kind and kind != self._kind:
                raise SMTPException("The server began a reply with one code and ended it with another.")
            if goes_on:
                self._kind = kind
                self._lines.append(said.message)
            elif self._kind:
                self._replies.append(SMTPResponse(said.code, "\n".join([*self._lines, said.message])))
                self._lines, self._kind = [], b""
            else:
                self._replies.append(said)
        if self._unread > MAX_REPLY_OCTETS or len(self._lines) > MAX_REPLY_OCTETS // 8 or len(self._replies) > _MANY:
            raise SMTPException("The server does not stop talking.")

    def _end(self, fault: Exception) -> None:
        if self._fault is None:
            self._fault = fault
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._wake()

    def _wake(self) -> None:
        if self._listener is not None and not self._listener.done():
            self._listener.set_result(None)

    async def _drained(self, seconds: float) -> None:
        """Wait until everything written left us, or the server spoke."""
        if self._paused:
            await self._listen(seconds, lambda: not self._paused or self.has_answered)

    async def _listen(self, seconds: float, is_heard: Callable[[], bool]) -> None:
        """Wait until `is_heard`; raise `SMTPReadTimeoutError` when that takes longer than `seconds`."""
        if is_heard():
            return
        self._until = self._loop.time() + seconds
        if self._alarm is None or self._alarm.when() > self._until:
            self._set_alarm()
        try:
            while not is_heard():
                self._listener = self._loop.create_future()
                await self._listener
        finally:
            self._listener = None

    def _set_alarm(self) -> None:
        """One timer for every wait of this conversation: it is set anew when it goes off, not for each message."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_at(self._until, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self._listener is None or self._listener.done():
            return  # who waits next sets it anew
        if self._loop.time() < self._until:
            self._set_alarm()
        else:
            self._listener.set_exception(SMTPReadTimeoutError("Timed out waiting for server response"))


_LINE = re.compile(rb"([2-5][0-9]{2})(?:(-)| |(?=[\t\r]|$))(.*)")
"""A line of a reply: its code, whether more follow, its text. Some leave out the space where there is no text."""
_MEMO_LINES = 256
_MEMO_LINE_LENGTH = 100
_MANY = 64
"""Replies that lie unread: more than any group of commands asks for."""


def _read_line(line: bytes) -> tuple[bytes, bool, SMTPResponse]:
    """The first digit of a reply's line, whether more lines follow, and its code and text."""
    found = _LINE.fullmatch(line)
    if found is None:
        said = line[:80].decode("utf-8", "replace")
        raise SMTPException(f"The server answered with something that is not a reply: {said}")
    code, goes_on, text = found.groups(b"")
    return code[:1], bool(goes_on), SMTPResponse(int(code), text.strip().decode("utf-8", "surrogateescape"))


# To all but the end of a body servers say the same at each message.
_remembered = lru_cache(maxsize=_MEMO_LINES)(_read_line)


def _flush_fully(transport: asyncio.WriteTransport) -> None:
    # "Drained" must mean that nothing is left with us, since the final dot's timer starts then. (Under TLS the
    # encrypted bytes may still wait in asyncio's socket buffer, one block at most. With a limit of 0 instead of 1,
    # CPython's TLS transport pauses on an empty buffer, for ever.)
    transport.set_write_buffer_limits(high=1, low=0)

"""What the SMTP tests share: a short-tempered account, a message, and one delivery through the scripted server."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from smtpserver import Fault, Script, ScriptedServer

from distributor.states import Outcome
from distributor.transport.account import SmtpAccount, Timeouts
from distributor.transport.base import Envelope
from distributor.transport.smtp import SmtpConnection, SmtpTransport

IMPATIENT = Timeouts(connect=5, greeting=0.2, command=0.2, data=0.2, block=0.2, dot=0.2, quit=0.2)
PATIENT = Timeouts(connect=5, greeting=5, command=5, data=5, block=5, dot=5, quit=1)

MESSAGE = (
    b"From: presse@office.example\r\nTo: ada@journal.example\r\nSubject: Bonjour\r\n"
    b"Message-ID: <one@office.example>\r\n\r\nMesdames,\r\n.\r\n..\r\n.un point\r\n\r\nAda\r\n"
)


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an async test in a fresh loop."""

    @functools.wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        asyncio.run(test(*arguments, **named))

    return run


def account(server: ScriptedServer, **changes: Any) -> SmtpAccount:
    """An account on `server`, in clear unless told otherwise."""
    plain = SmtpAccount("127.0.0.1", server.port, security="plain", timeouts=PATIENT)
    return replace(plain, **changes)


def envelope(recipient: str = "ada@journal.example", message: bytes = MESSAGE, **changes: Any) -> Envelope:
    """A message for Ada."""
    return Envelope("bounce@office.example", recipient, message, **changes)


@dataclass
class Begin:
    """The runner's side of `begin`: counts its calls, and can do something in the middle."""

    calls: int = 0
    then: Callable[[], Awaitable[None]] | None = None

    async def __call__(self) -> None:
        self.calls += 1
        if self.then is not None:
            await self.then()


@dataclass
class Delivered:
    """What one delivery came to, on both sides."""

    outcome: Outcome
    server: ScriptedServer
    begun: int
    usable: bool


async def deliver_once(*faults: Fault, script: Script | None = None, **changes: Any) -> Delivered:
    """Connect, deliver one message through `faults`, and close."""
    begin = Begin()
    async with ScriptedServer(replace(script or Script(), faults=faults)) as server:
        # Short timers only where silence is expected: a loaded machine must not look like a silent server.
        silent = any(fault.do in {"stall", "accept_then_stall"} or _goes_on(fault.reply) for fault in faults)
        changes.setdefault("timeouts", IMPATIENT if silent else PATIENT)
        connection = await SmtpTransport(account(server, **changes)).connect()
        outcome = await connection.deliver(envelope(), begin)
        usable = connection.is_usable
        await connection.close()
    return Delivered(outcome, server, begin.calls, usable)


def _goes_on(reply: str) -> bool:
    """Whether a reply of one line announces another one, for which one waits."""
    return "\n" not in reply and reply[3:4] == "-"


@dataclass
class Session:
    """One open connection to a scripted server."""

    server: ScriptedServer
    connection: SmtpConnection
    begin: Begin = field(default_factory=Begin)

    async def deliver(self, recipient: str = "ada@journal.example", message: bytes = MESSAGE, **more: Any) -> Outcome:
        return await self.connection.deliver(envelope(recipient, message, **more), self.begin)


async def until(condition: Callable[[], bool]) -> None:
    """Give the loop its turns until `condition` holds; a test that waits two seconds has failed."""
    async with asyncio.timeout(2):
        while not condition():  # noqa: ASYNC110  (what is waited for is another party's state: it has no event to give)
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def in_person(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[ScriptedServer]:
    """A server whose one conversation the test holds itself, for what no script can say; it reads little at a time."""
    tasks: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.append(task)
        try:
            await talk(reader, writer)
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            writer.transport.abort()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1024)
    stand_in = ScriptedServer()
    stand_in.port = listener.sockets[0].getsockname()[1]
    yield stand_in
    listener.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def recite(lines: list[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say each line, and hear something before the next."""
    for line in lines:
        writer.write(line.encode() + b"\r\n")
        await reader.read(200)

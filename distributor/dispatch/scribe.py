"""A delivery log in a process of its own: its commits neither wait for the sending nor hold it up."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

import distributor
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.errors import StorageTrouble

_START = "import sys; sys.path.append(sys.argv[2]); from distributor.dispatch.scribe import main; main()"
"""Without the folder that the user stands in, where anything may lie that is called like a module of ours."""

ENDED = "The process that writes the delivery log has ended before its time."


class Scribe:
    """Calls a delivery log that lives in another process; the calls are done one after another, as they were given.

    Python runs one thread at a time: a log on a thread takes its turns from the sending, some forty for each commit.
    The process ends with the pipe: when this one closes it, or is killed. Then what had been asked for is done still,
    as on a database server that has lost its client, and every statement of the log names the worker that must hold
    the delivery: who was given to somebody else meanwhile is not touched.
    """

    def __init__(self, log: DeliveryLog, loop: asyncio.AbstractEventLoop) -> None:
        """Start it; raises `OSError` where the machine has no room for another process."""
        self._loop = loop
        self._asked: deque[asyncio.Future[Any]] = deque()
        self._all_answered = asyncio.Event()
        self._all_answered.set()
        self._pipe, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - Python itself, and our own words
                [sys.executable, "-P", "-c", _START, str(theirs.fileno()), str(Path(distributor.__file__).parents[1])],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        # Not on the command line: everybody on the machine may read that, and the address holds a password.
        self._pipe.send((log.address, log.worker))
        loop.add_reader(self._pipe.fileno(), self._hear)

    @property
    def is_alive(self) -> bool:
        """Whether it takes calls."""
        return not self._pipe.closed

    def call(self, method: str, arguments: tuple[object, ...]) -> asyncio.Future[Any]:
        """What that method of the log returns or raises; `StorageTrouble` when the process ends in between."""
        done: asyncio.Future[Any] = self._loop.create_future()
        self._asked.append(done)
        self._all_answered.clear()
        try:
            self._pipe.send_bytes(pickle.dumps((method, arguments), pickle.HIGHEST_PROTOCOL))
        except OSError:
            self._end()
        return done

    async def close(self) -> None:
        """Let it do what was asked for, and wait for its end."""
        await self._all_answered.wait()
        self._end()
        await self._loop.run_in_executor(None, self._process.wait)

    def _hear(self) -> None:
        try:
            is_done, answer = pickle.loads(self._pipe.recv_bytes())  # noqa: S301 - our own process
        except (EOFError, OSError):
            self._end()
            return
        done = self._asked.popleft()
        if not self._asked:
            self._all_answered.set()
        if done.done():  # nobody waits any more
            return
        if is_done:
            done.set_result(answer)
        else:
            done.set_exception(answer)

    def _end(self) -> None:
        """Close the pipe; whoever still waits is told that nobody knows."""
        if not self._pipe.closed:
            self._loop.remove_reader(self._pipe.fileno())
            self._pipe.close()
        while self._asked:
            done = self._asked.popleft()
            if not done.done():
                done.set_exception(StorageTrouble(ENDED, mend="Run the same command again."))
        self._all_answered.set()


def serve(pipe: Connection) -> None:
    """Do what is asked through the pipe, until it is closed."""
    with contextlib.suppress(EOFError, OSError):  # the other one has closed it, or was killed
        address, worker = pipe.recv()
        log = DeliveryLog(Database(address), worker)
        while True:
            method, arguments = pickle.loads(pipe.recv_bytes())  # noqa: S301 - from the process that started this one
            pipe.send_bytes(_answer(getattr(log, method), arguments))


def _answer(method: Callable[..., object], arguments: tuple[object, ...]) -> bytes:
    try:
        answer = True, method(*arguments)
    except Exception as error:  # noqa: BLE001 - raised again where it is waited for
        answer = False, error
    try:
        return pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError):  # an error that holds a connection, say
        return pickle.dumps((False, RuntimeError(repr(answer[1]))), pickle.HIGHEST_PROTOCOL)


def main() -> None:
    """Serve the process that started this one; signals from the terminal are for that one to heed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    serve(Connection(int(sys.argv[1])))

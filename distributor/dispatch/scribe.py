"""Claims and commits of a delivery log in a process of its own: they neither wait for the sending nor hold it up."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import distributor
from distributor.deliveries.apart import READY, Errand, frame, whole
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.silence import AT_ONCE_S, silence
from distributor.errors import ONCE_MORE, StorageTrouble

_START = "import sys; sys.path.append(sys.argv[2]); from distributor.deliveries.apart import main; main()"
"""Without the folder that the user stands in, where anything may lie that is called like a module of ours."""
_BARE = ("-P", "-S")
"""It needs nothing but Python's own library and us: what is installed besides is not even looked for."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What a user stops us by: the main thread's to heed."""

ENDED = "The process that writes the delivery log has ended before its time."
NO_ANSWER = "The process that writes the delivery log has not answered for a minute."

_GRACE_S = 5.0
"""How long it may take to end, once it has nothing more to do."""
_PIECE = 1 << 18


class Scribe:
    """Asks another process for the claims and commits of a delivery log; it answers in the order of the questions.

    Python runs one thread at a time: a log on a thread takes its turns from the sending, some forty for each commit.
    The process ends with the pipe: when this one closes it, or is killed. Then what had been asked for is done still,
    as on a database server that has lost its client, and every statement of the log names the worker that must hold
    the delivery: who was given to somebody else meanwhile is not touched. One that does not answer is killed, so that
    it writes nothing behind our back once the thread has taken its place.
    """

    def __init__(self, log: DeliveryLog, errand: Errand, loop: asyncio.AbstractEventLoop, standby: Standby) -> None:
        """Take the process that stands by; raises `OSError` where the machine has no room for one."""
        self._log = log
        self._loop = loop
        self._answers: deque[asyncio.Future[Any]] = deque()
        self._is_quiet = asyncio.Event()
        self._is_quiet.set()
        self._is_ready = False
        self._unsaid: deque[memoryview] = deque()
        self._is_full = False
        self._heard = bytearray()
        self._watches: list[asyncio.Task[None]] = []
        self._pipe, self._process = standby.take()
        loop.add_reader(self._pipe.fileno(), self._hear)
        self._say(errand)
        if not self._is_over:
            self._watches.append(loop.create_task(self._watch()))

    def ask(self, function: Callable[..., object], arguments: tuple[Any, ...]) -> asyncio.Future[Any] | None:
        """Ask for a claim or a commit of its log, or whom to inform; the answer is what that returns or raises.

        An answer of None, or none at all, is for what the log itself has to do: every other function, a claim with
        which a wave begins, and all that comes after the end of the process. `StorageTrouble` when it ends in between:
        then nobody knows what was written.
        """
        if function == self._log.claim:
            dispatch_id, limit = arguments
            return self._ask("claim", dispatch_id, limit, self._log.now(), self._log.begun(dispatch_id))
        if function == self._log.commit:
            return self._ask("commit", *arguments, self._log.now())
        if function == self._log.inform:
            return self._ask("inform", *arguments, self._log.informs, self._log.now())
        return None

    async def quiet(self) -> None:
        """Wait until it has answered all that it was asked."""
        await self._is_quiet.wait()

    def hurry(self) -> None:
        """Somebody wants the end at once: what does not answer at once is given up."""
        if self._is_over:
            self._process.kill()
        else:
            self._watches.append(self._loop.create_task(self._watch(at_once=True)))

    async def close(self) -> None:
        """Wait for its end; it has nothing more to do."""
        self._end()
        await self._loop.run_in_executor(None, _wait_for_the_end, self._process)

    async def _watch(self, *, at_once: bool = False) -> None:
        """Give it up once it leaves a question unanswered."""
        await silence(lambda: self._answers[0] if self._answers else None, at_once=at_once)
        _kill(self._process)
        self._end(NO_ANSWER)

    def _ask(self, method: str, *arguments: object) -> asyncio.Future[Any] | None:
        if self._is_over or not self._say((method, arguments)):
            return None
        answer = self._loop.create_future()
        self._answers.append(answer)
        self._is_quiet.clear()
        return answer

    @property
    def _is_over(self) -> bool:
        return self._pipe.fileno() < 0

    def _say(self, message: object) -> bool:
        """Whether the message is on its way: of a part of it nothing is done."""
        is_first = not self._unsaid
        self._unsaid.append(memoryview(frame(message)))
        if is_first:
            self._speak()
        return not self._is_over

    def _speak(self) -> None:
        """Say what the pipe takes now; the rest once it takes more. It may be full both ways, and nobody may read."""
        try:
            while self._unsaid:
                left = self._unsaid[0]
                if said := self._pipe.send(left, socket.MSG_DONTWAIT):
                    self._unsaid[0] = left[said:]
                if not self._unsaid[0]:
                    self._unsaid.popleft()
        except BlockingIOError:
            if not self._is_full:
                self._loop.add_writer(self._pipe.fileno(), self._speak)
            self._is_full = True
        except OSError:
            self._end()
        else:
            if self._is_full:
                self._loop.remove_writer(self._pipe.fileno())
            self._is_full = False

    def _hear(self) -> None:
        try:
            piece = self._pipe.recv(_PIECE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self._end()
            return
        self._heard += piece
        for message in whole(self._heard):
            if message == READY:
                self._is_ready = True
            else:
                self._take(*message)

    def _take(self, is_done: bool, result: Any) -> None:
        answer = self._answers.popleft()
        if not self._answers:
            self._is_quiet.set()
        if answer.done():  # nobody waits any more
            return
        if is_done:
            answer.set_result(result)
        else:
            answer.set_exception(result)

    def _end(self, why: str = ENDED) -> None:
        """Close the pipe; whoever still waits is told that nobody knows, or that nothing was ever begun."""
        if not self._is_over:
            self._loop.remove_reader(self._pipe.fileno())
            self._loop.remove_writer(self._pipe.fileno())
            self._pipe.close()
            for watch in self._watches:
                watch.cancel()
        answers, self._answers = self._answers, deque()
        self._is_quiet.set()
        for answer in answers:
            if answer.done():
                continue
            if self._is_ready:
                answer.set_exception(StorageTrouble(why, mend=ONCE_MORE))
            else:
                answer.set_result(None)


class Standby:
    """The process before it has its errand: started when it is needed, or ahead, by whoever knows that it will be.

    Python takes some 70 ms to get up, in which a sender has other things to do.
    """

    def __init__(self) -> None:
        self._ahead: tuple[socket.socket, subprocess.Popen[bytes]] | None = None

    def start(self) -> None:
        """Start it ahead; a machine that has no room for it says so when it is needed."""
        if self._ahead is None:
            with contextlib.suppress(OSError):
                self._ahead = self.take()

    def take(self) -> tuple[socket.socket, subprocess.Popen[bytes]]:
        """The pipe to a process, and the process, which is the taker's now. Raises `OSError`.

        One that was ended while it stood by, as by a machine short of memory, is no use: another one is started.
        """
        started, self._ahead = self._ahead, None
        if started is not None:
            pipe, process = started
            if process.poll() is None:
                return started
            pipe.close()
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                return ours, _start(theirs.fileno())
            except OSError:
                ours.close()
                raise

    def dismiss(self) -> None:
        """End one that was started and not taken."""
        if self._ahead is not None:
            pipe, process = self._ahead
            self._ahead = None
            pipe.close()
            _wait_for_the_end(process)


def _wait_for_the_end(process: subprocess.Popen[bytes]) -> None:
    """Wait until a process has ended that has nothing more to do; one that is stopped does not by itself."""
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End it, whatever it is at; a disk that holds it holds its place in the file as well."""
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(AT_ONCE_S)


def _start(pipe: int) -> subprocess.Popen[bytes]:
    """Start the process; signals that come before it has learnt to ignore them do not reach it."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        # What it has to know is not on the command line, which everybody on the machine may read.
        return subprocess.Popen(  # noqa: S603 - Python itself, and our own words
            [sys.executable, *_BARE, "-c", _START, str(pipe), str(Path(distributor.__file__).parents[1])],
            pass_fds=[pipe],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # what it has to say it answers; where it cannot even start, the thread works
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)

"""The process that does claims and commits in a SQLite file for the one that started it: small, and there at once."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import struct
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from distributor.db.plain import File, Insertion, Statement
from distributor.deliveries.records import Batch, ClaimedDelivery
from distributor.deliveries.steps import Steps, inform

READY = "ready"
"""What the process says first, once it knows its errand."""

CACHE_KB = 4_000
"""Of a dispatch's rows it needs those that are about to be sent or just were; the system keeps the file in memory."""
_LARGE = 8 << 20
_LENGTH = struct.Struct("!Q")


@dataclass(frozen=True, slots=True)
class Errand:
    """What the process has to know: the SQLite file and how to open it, whose steps it does, by which statements."""

    file: str
    pragmas: Sequence[str]
    steps: Steps
    statements: Mapping[str, Statement | Insertion]


class Apart:
    """Claims and commits of one worker, each in a transaction that is durable when the call returns."""

    def __init__(self, errand: Errand) -> None:
        self._file = File(errand.file, errand.pragmas, errand.statements)
        self._steps = errand.steps

    def claim(
        self, dispatch_id: int, limit: int, now: datetime, begun: Collection[int]
    ) -> list[ClaimedDelivery] | None:
        """As `DeliveryLog.claim`; None, and nothing is done, where a wave begins that is not among the `begun`."""
        try:
            with self._file.transaction() as hand:
                claimed, fresh = self._steps.claim(hand, dispatch_id, limit, now, begun)
                if fresh is not None:
                    raise _WaveBegins
        except _WaveBegins:
            return None
        return claimed

    def commit(self, batch: Batch, now: datetime) -> list[int]:
        """As `DeliveryLog.commit`, but that nobody is counted as informed."""
        with self._file.transaction() as hand:
            return self._steps.commit(hand, batch, now)

    def inform(self, delivery_ids: Sequence[int], informs: Mapping[int, bool], now: datetime) -> bool | None:
        """As `DeliveryLog.inform`; None, and nothing is done, for a dispatch of which `informs` says nothing."""
        try:
            with self._file.transaction() as hand:
                inform(hand, delivery_ids, informs.__getitem__, now)
        except KeyError:
            return None
        return True


class _WaveBegins(Exception):
    """Others are counted from it, which is not done here."""


def frame(message: object) -> bytes:
    """One message as it goes through the pipe: its length, and what it says."""
    return _framed(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))


def send(pipe: int, framed: bytes) -> None:
    """Write a framed message into the pipe; raises `OSError` when nobody reads."""
    left = memoryview(framed)
    while left:
        left = left[os.write(pipe, left) :]


def receive(pipe: int) -> Any:
    """Wait for the next message of the other process; raises `EOFError` when it has closed the pipe, or ended."""
    (length,) = _LENGTH.unpack(_read(pipe, _LENGTH.size))
    return pickle.loads(_read(pipe, length))  # noqa: S301 - from a process of our own


def whole(heard: bytearray) -> list[Any]:
    """Take the messages that have come whole off what was heard of the other process; the rest of one stays there."""
    found = []
    while len(heard) >= _LENGTH.size:
        end = _LENGTH.size + _LENGTH.unpack_from(heard)[0]
        if len(heard) < end:
            break
        found.append(pickle.loads(heard[_LENGTH.size : end]))  # noqa: S301 - from a process of our own
        del heard[:end]
    return found


def _framed(content: bytes) -> bytes:
    return _LENGTH.pack(len(content)) + content


def _read(pipe: int, size: int) -> bytearray:
    content = bytearray()
    while len(content) < size:
        piece = os.read(pipe, size - len(content))
        if not piece:
            raise EOFError
        content += piece
    return content


def serve(pipe: int) -> None:
    """Do what is asked through the pipe, until it is closed."""
    with contextlib.suppress(EOFError, OSError):  # the other one has closed it, or was killed
        apart = Apart(receive(pipe))
        send(pipe, frame(READY))
        while True:
            method, arguments = receive(pipe)
            send(pipe, _framed(_answer(getattr(apart, method), arguments)))


def _answer(method: Callable[..., object], arguments: tuple[object, ...]) -> bytes:
    """What the method returns or raises: that it has, and what."""
    try:
        return pickle.dumps((True, method(*arguments)), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - raised again where it is waited for
        return _raised(error)


def _raised(error: Exception) -> bytes:
    """That a method has raised; of an error that cannot be sent, its words."""
    try:
        answer = pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)
        pickle.loads(answer)  # noqa: S301 - our own; many an error can be written, and not read
    except Exception:  # noqa: BLE001 - whatever its class does
        return pickle.dumps((False, RuntimeError(repr(error))), pickle.HIGHEST_PROTOCOL)
    return answer


def main() -> None:
    """Serve the process that started this one; signals from the terminal are for that one to heed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _keep_memory()
    serve(int(sys.argv[1]))
    os._exit(0)  # Python would tidy up for ten milliseconds, and the sending waits for the end of this process


def _keep_memory() -> None:
    """Let the C library keep what is freed, as it does once a large piece was: some fifty page faults for each message.

    Else it gives the memory back to the system after each statement, and asks for it again at the next.
    """
    large = bytearray(_LARGE)
    del large

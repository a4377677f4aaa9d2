"""The event log: one JSON line for each fact of business, without personal data unless it is asked for."""

from __future__ import annotations

import errno
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from distributor import clock
from distributor.deliveries.records import ClaimedDelivery
from distributor.errors import BadInput
from distributor.states import Outcome

STDERR = "-"
_APPENDING = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK
"""Of a pipe that nobody empties the lines are lost: the sending waits for no reader."""


@dataclass(frozen=True, slots=True)
class EventLog:
    """Where events are told; `write` takes one whole line. With `personal`, what names people and quotes servers too.

    Telling never fails: a log that cannot be written must not end a dispatch.
    """

    write: Callable[[str], None] | None = None
    personal: bool = False
    worker: str = ""
    now: Callable[[], datetime] = clock.now

    def tell(self, event: str, *, personal: Mapping[str, Any] | None = None, **facts: Any) -> None:
        """Write one event, `dispatch.started` say, with its facts; those in `personal` only where they are wished for.

        Personal is what names anybody: addresses, who is at the keyboard, and servers' words, which repeat addresses.
        """
        if self.write is None:
            return
        line = {"at": self.now().isoformat(timespec="milliseconds"), "event": event, "worker": self.worker} | facts
        line |= (personal or {}) if self.personal else {}
        with suppress(OSError, ValueError):
            self.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")

    def tell_outcome(self, dispatch_id: int, claimed: ClaimedDelivery, outcome: Outcome) -> None:
        """Write what came of one attempt."""
        if self.write is None:
            return
        self.tell(
            "delivery.attempted",
            dispatch_id=dispatch_id,
            delivery_id=claimed.id,
            domain=claimed.domain,
            attempt=claimed.attempts + 1,
            state=outcome.state,
            verdict=outcome.verdict,
            phase=outcome.phase,
            code=outcome.code,
            enhanced_code=outcome.enhanced_code,
            duration_ms=outcome.duration_ms,
            personal={"address": claimed.address, "message_id": claimed.message_id, "reply": outcome.reply},
        )


SILENT = EventLog()


def open_event_log(place: str, workspace: Path, *, personal: bool, worker: str) -> EventLog:
    """The event log at `place`: a file, `-` for standard error, or nowhere. `BadInput` for a file that cannot be."""
    if not place:
        return SILENT
    if place == STDERR:
        return EventLog(_to_stderr, personal, worker)
    file = workspace / place
    with _said(file):
        return EventLog(_File(file).append, personal, worker)


def try_event_log(file: Path) -> None:
    """Raise `BadInput` as `open_event_log`; a file that was not there is not there afterwards."""
    place = os.path.realpath(file)  # of a link, what it leads to is made
    with _said(file):
        try:
            os.close(os.open(place, _APPENDING | os.O_EXCL, 0o600))
        except FileExistsError:
            os.close(os.open(place, _APPENDING))
        else:
            os.unlink(place)


@contextmanager
def _said(file: Path) -> Iterator[None]:
    """Say of a file that cannot be opened what the system says of it."""
    try:
        yield
    except OSError as error:
        why = "nobody reads this pipe" if error.errno == errno.ENXIO else error.strerror
        raise BadInput(
            f"The event log cannot be written: {why}.", file=file, mend="Check DISTRIBUTOR_LOG_FILE."
        ) from None


class _File:
    """A file that lines are appended to; where it was moved away, as logs are rotated, another one of its name."""

    def __init__(self, path: Path) -> None:
        """Open it, or make it; `OSError` when it cannot be."""
        self._path = path
        self._lock = threading.Lock()
        self._number = self._open()

    def append(self, line: str) -> None:
        """Each line is one write to a file opened for appending: several processes share it, line by line."""
        with self._lock:
            self._follow()
            os.write(self._number, line.encode("utf-8", "backslashreplace"))

    def _open(self) -> int:
        return os.open(self._path, _APPENDING, 0o600)

    def _follow(self) -> None:
        with suppress(FileNotFoundError):
            if os.path.samestat(os.stat(self._path), os.fstat(self._number)):
                return
        with suppress(OSError):  # it may not be made there: the lines are better kept in the one moved away
            os.dup2(fresh := self._open(), self._number)
            os.close(fresh)


def _to_stderr(line: str) -> None:
    sys.stderr.write(line)
    sys.stderr.flush()

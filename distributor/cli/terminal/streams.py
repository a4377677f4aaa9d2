"""The standard streams of a command: where one of them fails, that is remembered, and the work goes on in silence."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO, cast

from distributor.errors import BadInput


class Stream:
    """A text stream that never raises: what a full disk or a reader who has gone cannot take is dropped.

    A sending must not stop because whoever watched it has gone. `trouble` is the first failure. What the stream's
    encoding cannot say is written as «?».
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.trouble: OSError | None = None
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")

    def write(self, text: str) -> int:
        """Write `text`, unless nothing can be written any more."""
        self._attempt(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Hand over what was written."""
        self._attempt(self._stream.flush)

    def _attempt(self, step: Callable[[], object]) -> None:
        if self.trouble is None:
            try:
                step()
            except OSError as error:
                self.trouble = error
                # What still lies in the buffer must find a place when the process ends.
                with contextlib.suppress(OSError), open(os.devnull, "wb") as nowhere:
                    os.dup2(nowhere.fileno(), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def guarded(work: Callable[[], int]) -> int:
    """Run a command with guarded streams; return its exit code, or 2 when all went well but could not be told.

    A reader who has gone (`distributor … | head`) is no error.
    """
    is_told = sys.stdout is not None  # None: it was closed before we began
    _open_missing_streams()
    out, err = Stream(sys.stdout), Stream(sys.stderr)
    sys.stdout, sys.stderr = cast("TextIO", out), cast("TextIO", err)
    if not is_told:
        err.write("Standard output is closed; nothing was done. Send it to a file instead.\n")
        return BadInput.exit_code
    code = work()
    out.flush()
    if out.trouble is None or isinstance(out.trouble, BrokenPipeError):
        return code
    err.write(f"What there was to say could not all be written: {out.trouble.strerror}.\n")
    return code or BadInput.exit_code


def _open_missing_streams() -> None:
    """Open what is closed on nothing: the next file, or a socket, would otherwise take its number and be written to."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115 - open until the process ends

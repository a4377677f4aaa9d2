"""The `distributor` command: answers `--version` at once, turns errors into one sentence and an exit code."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from typing import NoReturn

from distributor import __version__
from distributor.cli.terminal.streams import guarded

_FIRST_OBJECTS = 250_000
_OBJECTS = 50_000
"""After so many new objects garbage is looked for: the first time when all that is read at the start is there."""


def main() -> None:
    """Run the command line and exit with its code."""
    code = guarded(_run)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is saved and said: Ctrl-C has nothing left to end

    def leave() -> NoReturn:
        """Do what else is registered for the end, as to close the database, and go.

        What is left goes with the process: to take it apart object by object is a tenth of the shortest commands.
        """
        atexit.unregister(leave)
        try:
            atexit._run_exitfuncs()  # noqa: SLF001 - the interpreter itself calls it no sooner than it takes all apart
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
        finally:
            os._exit(code)

    atexit.register(leave)  # the last that is registered is the first to be called, after threads have ended
    sys.exit(code)


def _run() -> int:
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"distributor {__version__}\n")
        return 0
    # Nothing that is imported becomes garbage: to look for it after every 700 objects is a tenth of a start, and after
    # every 50,000 still a thirtieth.
    gc.set_threshold(_FIRST_OBJECTS)
    gc.callbacks.append(_look_sooner)
    from distributor.cli.app import run  # noqa: PLC0415 - `--version` needs none of it

    return run()


def _look_sooner(phase: str, _info: object) -> None:
    """From the first look on: what works for hours is to stay small. What is there by then is not looked at at all."""
    if phase == "start":
        gc.freeze()
        gc.set_threshold(_OBJECTS)
        gc.callbacks.remove(_look_sooner)


if __name__ == "__main__":
    main()

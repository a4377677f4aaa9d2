"""The `distributor` command: answers `--version` at once, turns errors into one sentence and an exit code."""

from __future__ import annotations

import gc
import sys

from distributor import __version__
from distributor.cli.streams import guarded

_OBJECTS = 50_000


def main() -> None:
    """Run the command line and exit with its code."""
    code = guarded(_run)
    gc.freeze()  # what is left goes with the process: not to look through it is a tenth of the shortest commands
    sys.exit(code)


def _run() -> int:
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"distributor {__version__}\n")
        return 0
    # Nothing that is imported becomes garbage: to look for it after every 700 objects is a tenth of a start.
    gc.set_threshold(_OBJECTS)
    from distributor.cli.app import run  # noqa: PLC0415 - `--version` needs none of it

    return run()


if __name__ == "__main__":
    main()

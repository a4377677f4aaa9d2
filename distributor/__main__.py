"""The `distributor` command: answers `--version` at once, turns errors into one sentence and an exit code."""

from __future__ import annotations

import sys

from distributor import __version__


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"distributor {__version__}\n")
        return
    from distributor.cli.app import run  # noqa: PLC0415 - `--version` needs none of it

    sys.exit(run())


if __name__ == "__main__":
    main()

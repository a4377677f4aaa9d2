"""`distributor demo`: the whole walk on invented journalists, with a mail server of our own on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    folder: Annotated[
        Path | None, typer.Argument(help="Where to make the demo workspace (default: a new folder).")
    ] = None,
) -> None:
    """Walk through everything on invented journalists.

    Sample press lists are imported, a sample release is proved and sent through a mail server of its own on this
    machine, and the report is shown. No mail leaves the machine.
    """
    from distributor.cli.workspace.demonstrating import run_demo

    run_demo(folder)

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
    """Import sample press lists, prove and send a sample release through a local mail server, show the report."""
    from distributor.cli.demonstrating import run_demo

    run_demo(folder)

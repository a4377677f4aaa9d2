"""`distributor db`: the database as a whole."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Move the database elsewhere.", no_args_is_help=True)


@app.callback()
def database() -> None:
    """Move the database elsewhere."""


@app.command()
def copy(
    context: typer.Context,
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            help="The new, empty database: postgresql://… or sqlite:///press-new.db; - reads it from standard input.",
        ),
    ],
) -> None:
    """Copy the whole database to another place, row for row, and compare. The present one is only read."""
    from distributor.cli.workspace.copying import copy_to
    from distributor.wiring import open_workspace

    copy_to(open_workspace(context.obj), url)

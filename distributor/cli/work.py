"""`distributor work`: whatever is due goes on."""

from __future__ import annotations

from typing import Annotated

import typer


def work(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then end (for cron).")] = False,
    connections: Annotated[
        int, typer.Option(min=0, max=200, help="Connections of this worker (0: as DISTRIBUTOR_SMTP_CONNECTIONS says).")
    ] = 0,
) -> None:
    """Go on with whatever is due, until stopped. Retries and resumes of every dispatch, again and again."""
    from distributor.cli.working import work_on
    from distributor.wiring import open_workspace

    work_on(open_workspace(context.obj), once=once, connections=connections)

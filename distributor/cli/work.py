"""`distributor work`: whatever is due goes on."""

from __future__ import annotations

from typing import Annotated

import typer


def work(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then end (for cron).")] = False,
) -> None:
    """Carry every dispatch that has something due, again and again until stopped: retries, resumes, all of it."""
    from distributor.cli.working import work_on
    from distributor.wiring import open_workspace

    work_on(open_workspace(context.obj), once=once)

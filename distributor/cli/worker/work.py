"""`distributor work`: whatever is due goes on."""

from __future__ import annotations

from typing import Annotated

import typer

from distributor.cli.options import Metrics, Verbose


def work(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then end (for cron).")] = False,
    metrics: Metrics = None,
    connections: Annotated[
        int, typer.Option(min=0, max=200, help="Connections of this worker (0: as DISTRIBUTOR_SMTP_CONNECTIONS says).")
    ] = 0,
    account: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Send only through this account; several times.")
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Go on with whatever is due, until stopped. Retries and resumes of every dispatch, again and again."""
    from distributor.cli.terminal.signals import hold_signals
    from distributor.cli.worker.metering import serving_metrics
    from distributor.cli.worker.working import work_on
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    hold_signals()  # before any thread is started: a signal is for the one that listens
    with serving_metrics(workspace, metrics):
        work_on(workspace, once=once, connections=connections, verbose=verbose, accounts=account or [])

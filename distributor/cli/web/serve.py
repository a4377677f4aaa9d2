"""`distributor serve`: the web part."""

from __future__ import annotations

from typing import Annotated

import typer

from distributor.cli.options import Metrics


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The IP address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen at; 0 takes a free one.")] = 8025,
    proxy: Annotated[
        str, typer.Option(help="The proxy before it, by IP address: it is believed who a visitor is.")
    ] = "127.0.0.1",
    hooks: Annotated[
        bool, typer.Option("--hooks", help="Print the addresses for providers' webhooks, which are secret, and end.")
    ] = False,
    metrics: Metrics = None,
) -> None:
    """Serve the web part: objections, releases online, webhooks. «Is this ours?» is answered there, too."""
    from distributor.cli.terminal.output import console
    from distributor.cli.web.serving import require_web, serve_workspace, show_hooks
    from distributor.cli.worker.metering import serving_metrics
    from distributor.wiring import open_workspace

    require_web()
    workspace = open_workspace(context.obj)
    if hooks:
        show_hooks(workspace, console())
        return
    with serving_metrics(workspace, metrics):
        serve_workspace(workspace, host, port, proxy)

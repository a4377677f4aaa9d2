"""`distributor agenda`: what waits, and for what."""

from __future__ import annotations

import typer

from distributor.cli.options import AsJson


def agenda(context: typer.Context, as_json: AsJson = False) -> None:
    """List what waits, for its hour or for you."""
    from distributor import clock
    from distributor.cli.sending.scheduling import warn_without_worker
    from distributor.cli.terminal.output import console, show_json, suggest, when
    from distributor.errors import sentence
    from distributor.reports.agenda import WORK, read_agenda
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.reading() as connection:
        entries = read_agenda(connection, clock.now())
    if as_json:
        show_json([entry.as_json() for entry in entries])
        return
    out, zone = console(), workspace.settings.timezone
    for one in entries:
        which = f"dispatch {one.dispatch_id}, " if one.dispatch_id is not None else ""
        out.print(
            f"{when(one.at, zone) or 'waits for you'}: {one.kind.replace('_', ' ')}: {which}{sentence(one.words)}"
        )
        suggest("  ", one.command)
    if not entries:
        out.print("Nothing waits, neither for its hour nor for you.")
    by_itself = (one.dispatch_id for one in entries if one.command == WORK)
    warn_without_worker(workspace, [number for number in by_itself if number is not None])

"""`distributor report`: who got it, who did not, why, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from distributor.cli.options import AsJson


def report(
    context: typer.Context,
    release: Annotated[str, typer.Argument(metavar="SLUG|ID", help="A release's short name, or a dispatch's number.")],
    as_json: AsJson = False,
    csv: Annotated[Path | None, typer.Option(help="Write one row per recipient to this CSV file.")] = None,
    state: Annotated[list[str] | None, typer.Option(help="Only recipients in this state; several times.")] = None,
) -> None:
    """Show the delivery report of a release, or of one dispatch."""
    from distributor.cli.output import console, count, show_json
    from distributor.errors import BadInput
    from distributor.releases import store
    from distributor.reports import csvfile, queries, terminal
    from distributor.states import DeliveryState
    from distributor.wiring import open_workspace

    states = tuple(state or ())
    if unknown := set(states) - set(DeliveryState):
        raise BadInput(
            f"«{unknown.pop()}» is no state.", field="--state", mend=f"Say one of: {', '.join(DeliveryState)}."
        )
    workspace = open_workspace(context.obj)
    if release.isdecimal():
        found = queries.make_report(workspace.database, dispatch_id=int(release))
    else:
        with workspace.database.session(reads_only=True) as session:
            slug = store.find_release(session, release).release.slug
        found = queries.make_report(workspace.database, slug=slug)
    with workspace.database.reading() as connection:
        recipients = queries.recipients(connection, found.dispatch_ids, states)
        if csv is not None:
            written = csvfile.write_csv(csv, recipients)
            console(stderr=as_json).print(f"{count(written, 'recipient')} written to {csv}")
            recipients = queries.recipients(connection, found.dispatch_ids, states)
        if as_json:
            show_json(queries.report_as_json(found, recipients))
        elif csv is None:
            terminal.show_report(console(), found, recipients, workspace.settings.timezone)

"""`distributor report`: who got it, who did not, why, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from distributor.cli.options import AsJson

_LONGEST_NUMBER = 18  # what every database can hold


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
    from distributor.files import Output
    from distributor.releases import store
    from distributor.reports import csvfile, queries, terminal
    from distributor.states import DeliveryState
    from distributor.wiring import open_workspace

    states = tuple(one.strip().lower().replace(" ", "_").replace("-", "_") for one in state or ())
    if unknown := set(states) - set(DeliveryState):
        raise BadInput(
            f"«{unknown.pop()}» is no state.", field="--state", mend=f"Say one of: {', '.join(DeliveryState)}."
        )
    workspace = open_workspace(context.obj)
    slug, number = "", int(release) if release.isdecimal() and len(release) <= _LONGEST_NUMBER else None
    if number is None:
        with workspace.database.session(reads_only=True) as session:
            slug = store.find_release(session, release).release.slug
    zone = workspace.settings.timezone
    with queries.snapshot(workspace.database) as connection:
        found = queries.make_report(connection, slug=slug, dispatch_id=number)
        recipients = queries.recipients(connection, found.dispatch_ids, states)
        if csv is not None:
            written = csvfile.write_csv(Output(csv, workspace.own_files, endings=(".csv", ".txt")), recipients, zone)
            console(stderr=as_json).print(f"{count(written, 'recipient')} written to {csv}")
            recipients = queries.recipients(connection, found.dispatch_ids, states)
        if as_json:
            show_json(queries.report_as_json(found, recipients))
        elif csv is None:
            terminal.show_report(console(), found, recipients, zone)

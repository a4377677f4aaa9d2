"""Whom to ring up: who has a wrong text, and whom its correction does not reach."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from distributor.cli.terminal.output import console, count, show_json, show_table
from distributor.files import Output
from distributor.reports import phonelist, queries
from distributor.wiring import Workspace


def show_phone_list(workspace: Workspace, dispatch_ids: Sequence[int]) -> None:
    """Print whom to ring up of the dispatches of a correction: name, outlet, number, and why."""
    with workspace.database.reading() as connection:
        rows = phonelist.phone_list(connection, dispatch_ids)
    out = console()
    if not rows:
        out.print("Nobody has to be rung up: whoever has the wrong text got the correction, or still waits for it.")
        return
    show_table(
        ["name", "outlet", "phone", "why", "has"],
        [(one["name"], one["outlet"], one["phone"] or "(no number)", one["why"], one["has"]) for one in rows],
        title=f"To ring up: {count(len(rows), 'journalist has', 'journalists have')} the wrong text",
        whole=[2],
    )
    out.print("Again later: " + "; ".join(f"distributor dispatches phone-list {one}" for one in dispatch_ids))


def write_phone_list(workspace: Workspace, dispatch_id: int, csv: Path | None, *, as_json: bool) -> None:
    """Show or write whom to ring up of one dispatch; raises `BadInput` when there is none."""
    output = Output(csv, workspace.own_files, endings=(".csv", ".txt")) if csv else None
    if output is not None:
        output.check()
    with workspace.database.reading() as connection:
        queries.find_dispatch(connection, dispatch_id)
        rows = phonelist.phone_list(connection, [dispatch_id])
    if output is not None:
        phonelist.write_csv(output, rows)
        console(stderr=as_json).print(f"{count(len(rows), 'journalist')} written to {output.path}")
    if as_json:
        show_json(rows)
    elif output is None:
        show_phone_list(workspace, [dispatch_id])

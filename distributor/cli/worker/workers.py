"""`distributor workers`: which processes send, and what each does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from distributor.cli.options import AsJson

app = typer.Typer(help="See who sends at this moment.", no_args_is_help=True)


@app.callback()
def workers() -> None:
    """See who sends at this moment."""


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List who sends or waits for work, on every machine."""
    from distributor.cli.terminal.output import show_json, show_table, suggest, when
    from distributor.deliveries.roster import Roster
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    rows = Roster(workspace.database, "").present()
    if as_json:
        show_json(rows)
        return
    if not rows:
        suggest("Nobody sends or waits for work at this moment. To have somebody do so:", "distributor work")
        return
    zone = workspace.settings.timezone
    show_table(
        ["machine", "process", "accounts", "dispatch", "connections", "sent", "since", "seen"],
        [
            (r["host"], r["pid"], ", ".join(r["accounts"]) or "all", _dispatch(r), r["connections"],
             r["sent"], when(r["started_at"], zone), when(r["seen_at"], zone))
            for r in rows
        ],
        right=[1, 3, 4, 5],
        spare=[2, 4, 6],
    )  # fmt: skip


def _dispatch(row: Mapping[str, Any]) -> str:
    """What a worker carries, and what it leaves to other machines."""
    left = ", ".join(map(str, row["cannot"]))
    return f"{row['dispatch_id'] or 'waits'}{f' (cannot: {left})' if left else ''}"

"""`distributor init`: a new workspace."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer


def init(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Argument(help="Where the workspace shall be (default: here).")] = None,
) -> None:
    """Make a workspace: settings, templates, lists, a database. Run twice, it harms nothing."""
    from distributor.cli.terminal.output import console
    from distributor.starter import make_workspace
    from distributor.wiring import open_workspace

    target = folder or context.obj
    made = make_workspace(target)
    workspace = open_workspace(target, creating=True)
    _ = workspace.database
    out = console()
    for name in made:
        out.print(f"  made {name}")
    out.print(
        f"The workspace is ready: {workspace.path}" if made else f"Nothing to do: {workspace.path} is a workspace."
    )
    if workspace.settings.mail_from is None or not workspace.settings.smtp_host:
        out.print(
            f"Next: write your mail server and your address into {workspace.path / '.env'}, then: distributor doctor"
        )
    if workspace.path != Path.cwd() and os.environ.get("DISTRIBUTOR_WORKSPACE") is None:
        out.print(f"Work from that folder (cd {shlex.quote(str(target))}), or name it each time with --workspace.")

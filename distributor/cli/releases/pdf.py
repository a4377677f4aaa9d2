"""`distributor releases pdf`: the communiqué as a file to print, to publish, to hand out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from distributor.cli.options import Slug


def pdf(
    context: typer.Context,
    slug: Slug,
    file: Annotated[Path | None, typer.Argument(help="Where to write it (default: the short name, with .pdf).")] = None,
    at: Annotated[str, typer.Option(help="As it reads at this time, as 2026-12-01 18:00 (default: now).")] = "",
) -> None:
    """Make a PDF of a release. Tagged, with its title and language, its fonts inside; the same day, the same bytes."""
    from distributor.cli.terminal.output import console, show_remarks
    from distributor.files import Output
    from distributor.outgoing.composers import open_composer
    from distributor.outgoing.proving import moment_of
    from distributor.releases import store
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    moment = moment_of(at, workspace.settings.timezone)
    with workspace.database.session(reads_only=True) as session:
        stored = store.find_release(session, slug)
        opened = open_composer(workspace, session, stored, pdf_of=moment)
    show_remarks(opened.remarks)
    made, *_ = opened.files
    path = file or Path(made.kept.name)
    Output(path, workspace.own_files, (".pdf",)).write(made.content)
    console().print(f"{path}: «{stored.version.headline}», {made.kept.size / 1000:.0f} kB")

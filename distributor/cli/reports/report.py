"""`distributor report`: who got it, who did not, why, and what to do about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from distributor.cli.options import AsJson

_FILE = "Write {} to this file."


def report(
    context: typer.Context,
    release: Annotated[
        str, typer.Argument(metavar="SLUG|ID", help="A release's short name, or a dispatch's number.")
    ] = "",
    as_json: AsJson = False,
    csv: Annotated[Path | None, typer.Option(help="Write one row per recipient to this CSV file.")] = None,
    xlsx: Annotated[Path | None, typer.Option(help=_FILE.format("recipients and attempts, as a workbook,"))] = None,
    jsonl: Annotated[Path | None, typer.Option(help=_FILE.format("one JSON object per recipient"))] = None,
    html: Annotated[Path | None, typer.Option(help=_FILE.format("the whole report as one page"))] = None,
    pdf: Annotated[Path | None, typer.Option(help=_FILE.format("the report as a PDF, without the recipients,"))] = None,
    evidence: Annotated[Path | None, typer.Option(help=_FILE.format("all that proves it, as a zip,"))] = None,
    verify: Annotated[Path | None, typer.Option(help="Check a zip that --evidence wrote.")] = None,
    open_: Annotated[bool, typer.Option("--open", help="Show the page in your browser.")] = False,
    state: Annotated[list[str] | None, typer.Option(help="Only recipients in this state; several times.")] = None,
    by: Annotated[list[str] | None, typer.Option(help="Group by sector, outlet, kind, domain, list, reason.")] = None,
    contact: Annotated[str, typer.Option(help="One person's story, with every attempt: an address or name.")] = "",
    redact: Annotated[bool, typer.Option("--redact", help="Name nobody: hashed keys, domains and codes only.")] = False,
    language: Annotated[str, typer.Option(help="Of the page and the PDF: en or fr (default: as set).")] = "",
    since: Annotated[str, typer.Option(help="All releases sent since this day (2026-09-01), over time.")] = "",
    list_: Annotated[str, typer.Option("--list", help="With --since: who of this list was not reached.")] = "",
) -> None:
    """Show who got a release, who did not, and why."""
    from distributor.cli.reports import reporting, trending
    from distributor.wiring import open_workspace

    if verify is not None:
        reporting.verify(context.obj, verify)
        return
    workspace = open_workspace(context.obj)
    wanted = reporting.Wanted(
        as_json=as_json, states=reporting.read_states(state or []), contact=contact, redact=redact,
        language=language or workspace.settings.language, opens=open_,
        files={"csv": csv, "xlsx": xlsx, "jsonl": jsonl, "html": html, "pdf": pdf, "evidence": evidence},
    )  # fmt: skip
    if since or list_:
        trending.over_time(workspace, since, by or [], wanted, list_name=list_)
        return
    reporting.one_report(workspace, release, replace(wanted, by=reporting.read_groups(by or [])))

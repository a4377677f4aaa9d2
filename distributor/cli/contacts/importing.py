"""`distributor contacts import` and `contacts mappings`: press lists into the base, and what their columns mean."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distributor.cli.options import AsJson, DryRun

if TYPE_CHECKING:
    from distributor.contacts.sources.rejects import Rejects
    from distributor.db.engine import Database
    from distributor.files import Output

_OF_REJECTS = re.compile(r"-rejects(-\d+)?$", re.IGNORECASE)


def import_(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            readable=False, help="A list: CSV, a workbook (XLSX, ODS …), vCards, or recipients pasted out of a mail."
        ),
    ],
    list_name: Annotated[
        str, typer.Option("--list", help="The press list the contacts go on; made if need be. Without it, on none.")
    ] = "",
    sector: Annotated[str, typer.Option(help="The sector that all of them cover («Sport > Cyclisme»: a child).")] = "",
    source: Annotated[str, typer.Option(help="Where the contacts come from (default: the file's name).")] = "",
    legal_basis: Annotated[str, typer.Option(help="Why they may be kept (default: legitimate interest).")] = "",
    collected_on: Annotated[str, typer.Option(help="The day they were collected (default: today).")] = "",
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", help="COLUMN=field, for a column we misread; COLUMN= passes one over. Repeatable."),
    ] = None,
    mapping: Annotated[str, typer.Option(help="Read the columns as this saved mapping says.")] = "",
    save_mapping: Annotated[str, typer.Option(help="Save what the columns mean under this name.")] = "",
    rejects: Annotated[
        Path | None, typer.Option(help="A new file for rejected rows (default: FILE-rejects, of the same format).")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Import a press list. Every row is imported, merged, or rejected with its line and reason."""
    from distributor.cli.contacts.showing_imports import show_import, show_import_as_json
    from distributor.cli.terminal.output import suggest
    from distributor.contacts.intake.importing import Columns, import_contacts
    from distributor.contacts.intake.mappings import read_choices
    from distributor.contacts.sources.reading import read_source
    from distributor.contacts.sources.rejects import make_rejects
    from distributor.errors import StorageTrouble
    from distributor.files import Output, read_bytes
    from distributor.wiring import actor, open_workspace

    workspace = open_workspace(context.obj)
    meant = Columns(read_choices(columns or ()), mapping, save_mapping)
    named = Output(rejects, workspace.own_files, inputs=(file,)) if rejects else None
    if named is not None:
        named.check()
    tables = read_source(
        read_bytes(file), name=file.name, columns=_column_names(workspace.database, tuple(meant.choices))
    )
    report = import_contacts(
        workspace.database,
        *tables,
        list_name=list_name,
        sector=sector,
        source=source,
        legal_basis=legal_basis,
        collected_at=_read_day(collected_on),
        columns=meant,
        keyring=workspace.keyring,
        actor=actor(),
        dry_run=dry_run,
        on_wait=_say_that_we_wait,
    )
    rejects_file, trouble = None, None
    try:
        rejects_file = None if dry_run else _write_rejects(make_rejects(report), named, file)
    except StorageTrouble as error:
        trouble = error  # the contacts are imported: what became of them is said all the same
    if as_json:
        show_import_as_json(report, rejects_file)
    else:
        show_import(report, rejects_file)
        if rejects_file is not None:
            # Whoever was rejected at first has the same source as the rest of the list.
            said = {"list": list_name, "sector": sector, "source": source or file.name, "legal-basis": legal_basis}
            said |= {"collected-on": collected_on, "mapping": mapping}
            suggest("Then:", _again(context.obj, rejects_file, said, columns or ()))
    if trouble is not None:
        raise trouble


def _write_rejects(rejects: Rejects, named: Output | None, source: Path) -> Path | None:
    """Write the rejected rows where the user said, or beside their source under a name that is free."""
    from distributor.files import write_beside

    if not rejects.content:
        return None
    if named is None:
        stem = _OF_REJECTS.sub("", source.stem)  # a second mend: press-rejects-2.csv, and no press-rejects-rejects.csv
        return write_beside(source.with_name(f"{stem}-rejects{rejects.ending}"), rejects.content)
    named.write(rejects.content)
    return named.path


def _again(workspace: Path, file: Path, options: Mapping[str, str], columns: Sequence[str]) -> str:
    """The command that imports a mended rejects file as the first one was imported."""
    words = ["distributor", *(["--workspace", str(workspace)] if workspace != Path() else [])]
    words += ["contacts", "import", str(file)]
    for name, value in (*options.items(), *(("map", pair) for pair in columns)):
        if value:
            words += [f"--{name}", value]
    return shlex.join(words)


def _read_day(text: str) -> datetime | None:
    """The beginning of the day that the user wrote, or None for none."""
    from distributor.contacts.cleaning.codes import read_moment
    from distributor.errors import BadInput

    moment = read_moment(text)
    if text and moment is None:
        raise BadInput(f"«{text}» is no day.", mend="Write it as 2026-03-01.", field="--collected-on")
    return moment


def mappings(
    context: typer.Context,
    forget: Annotated[str, typer.Option(help="Delete the mapping of this name.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show the saved column mappings. A file with the same column names uses its own by itself."""
    from distributor.cli.terminal.output import console, show_json, show_table
    from distributor.contacts.intake import mappings as saved
    from distributor.wiring import actor, open_workspace

    workspace = open_workspace(context.obj)
    if forget:
        with workspace.database.session() as session:
            gone = saved.forget_mapping(session, forget, actor=actor())
        console().print(f"The column mapping «{gone.name}» is forgotten.")
        return
    with workspace.database.session(reads_only=True) as session:
        every = saved.mappings(session)
    if as_json:
        show_json([{"name": one.name, "columns": one.columns, "updated_at": one.updated_at} for one in every])
    else:
        show_table(
            ["mapping", "columns"],
            [
                (one.name, ", ".join(f"{column} = {target or '–'}" for column, target in one.columns.items()))
                for one in every
            ],
        )


def _column_names(database: Database, chosen: Collection[str]) -> set[str]:
    """Every column name that a user gave a meaning to, now or in a saved mapping: a row that holds them is a header."""
    from distributor.contacts.intake import mappings as saved

    with database.session(reads_only=True) as session:
        return {column for one in saved.mappings(session) for column in one.columns} | set(chosen)


def _say_that_we_wait() -> None:
    """Say on standard error that another command holds the base."""
    sys.stderr.write("Another command is writing to the contact base; waiting for it.\n")

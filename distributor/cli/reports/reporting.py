"""Making reports: what was asked for, read from one moment of the ledger, shown or written."""

from __future__ import annotations

import tempfile
import webbrowser
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from distributor.cli.terminal.output import console, count, show_json_rows
from distributor.errors import BadInput
from distributor.files import Output, reading
from distributor.reports import follow_ups, queries, queries_details, terminal
from distributor.reports.queries import Report
from distributor.reports.redaction import redacted
from distributor.states import DeliveryState
from distributor.wiring import Workspace, actor

_LONGEST_NUMBER = 18  # what every database can hold
ENDINGS: Mapping[str, tuple[str, ...]] = {
    "csv": (".csv", ".txt"),
    "xlsx": (".xlsx",),
    "jsonl": (".jsonl", ".ndjson"),
    "html": (".html", ".htm"),
    "pdf": (".pdf",),
    "evidence": (),  # what was handed on as proof is never replaced
}
_LANGUAGES = ("en", "fr")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is to be: shown, or written to `files` (format → path or None)."""

    files: Mapping[str, Path | None]
    states: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    contact: str = ""
    language: str = "fr"
    redact: bool = False
    as_json: bool = False
    opens: bool = False


def read_states(names: Sequence[str]) -> tuple[str, ...]:
    """States as typed; `BadInput` for one that is none."""
    states = tuple(one.strip().lower().replace(" ", "_").replace("-", "_") for one in names)
    if unknown := set(states) - set(DeliveryState):
        raise BadInput(
            f"«{unknown.pop()}» is no state.", field="--state", mend=f"Say one of: {', '.join(DeliveryState)}."
        )
    return states


def read_groups(names: Sequence[str]) -> tuple[str, ...]:
    """What to group by, as typed; `BadInput` for what nothing is grouped by."""
    groups = tuple(one.strip().lower() for one in names)
    if unknown := set(groups) - set(queries_details.GROUPS):
        raise BadInput(
            f"Nothing is grouped by «{unknown.pop()}».",
            field="--by",
            mend=f"Say one of: {', '.join(queries_details.GROUPS)}.",
        )
    return groups


def one_report(workspace: Workspace, name: str, wanted: Wanted) -> None:
    """Show or write the report of a release or dispatch."""
    require_language(wanted)
    if not name:
        raise BadInput(
            "Which release?", mend="Name it, or a dispatch's number, or say --since. See: distributor dispatches list"
        )
    outputs = {
        kind: Output(path, workspace.own_files, endings=ENDINGS[kind])
        for kind, path in wanted.files.items()
        if path is not None
    }
    for output in outputs.values():
        output.check()
    with workspace.database.reading() as connection:
        found = _find(workspace, connection, name)
        if wanted.redact:  # who signed is a person too
            found = replace(found, dispatches=[replace(row, sign_offs=[]) for row in found.dispatches])
        rows = _Rows(workspace, connection, found, wanted)
        for kind, output in outputs.items():
            written = _WRITERS[kind](workspace, connection, found, rows, wanted, output)
            console(stderr=wanted.as_json).print(f"{count(written, 'recipient')} written to {output.path}")
        if wanted.opens and "html" not in outputs:
            show_in_browser(_temporary_page(workspace, connection, found, rows, wanted))
        elif wanted.opens:
            show_in_browser(outputs["html"].path.absolute())
        if wanted.as_json:
            reminders = follow_ups.follow_ups(connection, found.slug)
            reminded = follow_ups.as_json(connection, reminders, names_people=not wanted.redact)
            told = queries.report_as_json(found, iter(()))
            people = told.pop("recipients")  # the last: they come row by row
            told |= {"follow_ups": reminded, "recipients": people}
            show_json_rows(told, "recipients", rows.read())
        elif not outputs and not wanted.opens:
            _show(workspace, connection, found, rows, wanted)


class _Rows:
    """The recipients that were asked for, read anew for each output: none is held in memory."""

    def __init__(self, workspace: Workspace, connection: Connection, report: Report, wanted: Wanted) -> None:
        self._workspace, self._connection, self._report, self._wanted = workspace, connection, report, wanted

    def read(self) -> Iterator[dict[str, Any]]:
        wanted = self._wanted
        rows = queries.recipients(self._connection, self._report.dispatch_ids, wanted.states, wanted.contact)
        return redacted(rows, self._workspace.keyring.secret) if wanted.redact else rows


def _find(workspace: Workspace, connection: Connection, name: str) -> Report:
    from distributor.releases import store

    if name.isdecimal() and len(name) <= _LONGEST_NUMBER:
        return queries.make_report(connection, dispatch_id=int(name))
    with workspace.database.session(reads_only=True) as session:
        slug = store.find_release(session, name).release.slug
    return queries.make_report(connection, slug=slug)


def _show(workspace: Workspace, connection: Connection, report: Report, rows: _Rows, wanted: Wanted) -> None:
    zone = workspace.settings.timezone
    if wanted.contact:
        with_feedback = (
            row if wanted.redact else row | {"feedback": queries_details.feedback_of(connection, row["id"])}
            for row in rows.read()
        )
        if not terminal.show_story(console(), with_feedback, zone):
            raise BadInput(
                f"Nobody of this report is called «{wanted.contact}».", mend=f"See: distributor report {report.slug}"
            )
        return
    terminal.show_report(
        console(),
        report,
        rows.read(),
        zone,
        details=queries_details.make_details(connection, report),
        problems=[] if wanted.redact else queries_details.problems_of(connection, report),
        groups={by: queries_details.grouped(connection, report.dispatch_ids, by) for by in wanted.by},
    )


def _write_csv(
    workspace: Workspace, _connection: Connection, _report: Report, rows: _Rows, _wanted: Wanted, output: Output
) -> int:
    from distributor.reports import csvfile

    return csvfile.write_csv(output, rows.read(), workspace.settings.timezone)


def _write_xlsx(
    workspace: Workspace, _connection: Connection, _report: Report, rows: _Rows, _wanted: Wanted, output: Output
) -> int:
    from distributor.reports import workbook

    return workbook.write_xlsx(output, rows.read(), workspace.settings.timezone)


def _write_jsonl(
    _workspace: Workspace, _connection: Connection, _report: Report, rows: _Rows, _wanted: Wanted, output: Output
) -> int:
    from distributor.reports import jsonlines

    return jsonlines.write_jsonl(output, rows.read())


def _write_html(
    workspace: Workspace, connection: Connection, report: Report, rows: _Rows, wanted: Wanted, output: Output
) -> int:
    from distributor.reports import html

    with output.opened() as file:
        return html.write_html(file, _page(workspace, connection, report, wanted), rows.read())


def _write_pdf(
    workspace: Workspace, connection: Connection, report: Report, _rows: _Rows, wanted: Wanted, output: Output
) -> int:
    from distributor.reports import pdf

    output.write(pdf.make_pdf(_page(workspace, connection, report, wanted)))
    return report.total


def _write_evidence(
    workspace: Workspace, connection: Connection, report: Report, _rows: _Rows, wanted: Wanted, output: Output
) -> int:
    from distributor.clock import now
    from distributor.models import Audit
    from distributor.reports import evidence

    if wanted.redact or wanted.states or wanted.contact:
        raise BadInput(
            "Evidence is whole: nothing is left out of it.", mend="Leave out --redact, --state and --contact."
        )
    with output.opened() as file:
        evidence.write_evidence(file, connection, report, workspace.keyring, now())
    with workspace.database.session() as session:
        details = {"file": str(output.path.absolute()), "dispatches": report.dispatch_ids}
        session.add(Audit(actor=actor(), action="report.evidence", subject=report.slug, details=details))
    return report.total


_WRITERS = {
    "csv": _write_csv,
    "xlsx": _write_xlsx,
    "jsonl": _write_jsonl,
    "html": _write_html,
    "pdf": _write_pdf,
    "evidence": _write_evidence,
}


def _page(workspace: Workspace, connection: Connection, report: Report, wanted: Wanted) -> Any:
    from distributor.clock import now
    from distributor.reports.page import Page

    return Page(
        report=report,
        details=queries_details.make_details(connection, report),
        problems=() if wanted.redact else tuple(queries_details.problems_of(connection, report)),
        language=wanted.language,
        zone=workspace.settings.timezone,
        organisation=workspace.settings.organisation,
        made_at=now(),
        is_redacted=wanted.redact,
    )


def _temporary_page(workspace: Workspace, connection: Connection, report: Report, rows: _Rows, wanted: Wanted) -> Path:
    from distributor.reports import html

    with tempfile.NamedTemporaryFile("wb", suffix=".html", delete=False) as file:
        html.write_html(file, _page(workspace, connection, report, wanted), rows.read())
    return Path(file.name)


def show_in_browser(path: Path) -> None:
    """Open a page in the browser, or say where it is."""
    if not webbrowser.open(path.as_uri()):
        console().print(f"No browser could be opened; the page is {path}")


def verify(folder: Path, file: Path) -> None:
    """Check a zip of evidence; with a workspace of the same key its signature too."""
    from distributor.reports import evidence
    from distributor.wiring import open_workspace

    keyring = open_workspace(folder).keyring if (folder / ".env").exists() else None
    with reading(file) as content:
        found = evidence.verify(content, keyring)
    out = console()
    out.print(f"{count(found.files, 'file')}, {count(found.rows, 'row')}: whole, and in the order they were written.")
    out.print(
        f"Signed with this workspace's key {found.key_id}."
        if found.is_signed
        else f"The signature is of the key {found.key_id}, which is not at hand here: only the hashes were checked."
    )


def require_language(wanted: Wanted) -> None:
    """Raise `BadInput` for a language that there are no reports in."""
    if wanted.language not in _LANGUAGES:
        raise BadInput(f"There are no reports in «{wanted.language}».", field="--language", mend="Say en or fr.")

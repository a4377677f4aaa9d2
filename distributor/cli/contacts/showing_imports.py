"""How the import of a press list looks on a terminal, and its stable JSON shape."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from textwrap import indent

from distributor.cli.terminal.output import console, show_under
from distributor.contacts.intake.report import ImportReport, Result
from distributor.contacts.sources.rows import place


def show_import_as_json(report: ImportReport, rejects_file: Path | None) -> None:
    """An import, one object per contact of a row, written as they are read back: there may be half a million."""
    facts = {
        "file": report.file,
        "list": report.list_slug,
        "encoding": report.encoding,
        "delimiter": report.delimiter,
        "dry_run": report.dry_run,
        "counts": report.counts,
        "recognised": report.recognised,
        "kept": report.kept,
        "ignored": report.ignored,
        "remarks": report.remarks,
        "rejects_file": str(rejects_file) if rejects_file else None,
    }
    sys.stdout.write(json.dumps(facts, ensure_ascii=False, indent=2).removesuffix("\n}") + ',\n  "rows": [')
    separator = ""
    for outcome in report.outcomes:
        row = json.dumps(asdict(outcome), ensure_ascii=False, indent=2)
        sys.stdout.write(f"{separator}\n{indent(row, '    ')}")
        separator = ","
    sys.stdout.write("\n  ]\n}\n" if separator else "]\n}\n")


def show_import(report: ImportReport, rejects_file: Path | None) -> None:
    """Say what became of a file: counts first, then every cleaning, merge and rejection by line."""
    out = console()
    counts = ", ".join(f"{many} {result.value}" for result, many in report.counts.items() if many)
    verb = "would go" if report.dry_run else "read"
    encoding = f" ({report.encoding})" if report.encoding else ""
    into = f"the list «{report.list_name}»" if report.list_name else "the contact base, and onto no list"
    out.print(f"{report.file}{encoding} {verb} into {into}: {counts or 'no rows'}.")
    for remark in report.remarks:
        show_under(out, remark)
    for outcome in report.outcomes:
        if outcome.result == Result.REJECTED:
            show_under(out, f"{place(outcome.line, outcome.sheet)}: rejected: {outcome.reason}", "red")
        elif outcome.changes:
            who = outcome.name or outcome.address
            show_under(out, f"{place(outcome.line, outcome.sheet)}: {who}: {'; '.join(outcome.changes)}")
    if rejects_file is not None:
        out.print(f"Rejected rows are in {rejects_file}: mend them there and import that file.")

"""The report of one seeded dispatch, letter for letter, in every format: a change of it is seen.

Of the PDF its pages' words and its tags are compared, of the workbook each cell with its type and format, and what is
frozen and filtered.

After a wanted change run `REGENERATE_GOLDEN=1 pytest tests/reports/test_golden.py`, and read the difference.
"""

from __future__ import annotations

import io
import itertools
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from databases import new_database
from rich.console import Console
from seeded import seed
from test_full import PARIS, page_of, reading, written

from distributor.db.engine import Database
from distributor.files import Output, OwnFiles
from distributor.reports import csvfile, jsonlines, pdf, queries, queries_details, terminal, workbook

GOLDEN = Path(__file__).parents[1] / "golden" / "reports"
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_OURS = re.compile(r"(<style>).*?(</style>)|(sha256-)[\w+/=]+|(<script>).*?(</script>)", re.DOTALL)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with new_database(tmp_path_factory.mktemp("golden"), "") as database:
        seed(database, slug="avant")
        seed(database)
        yield database


def made(database: Database, name: str, folder: Path) -> str:
    if name.startswith("page"):
        text = written(database, 2, name[5:7])
        return _OURS.sub(lambda found: "".join(part for part in found.groups() if part), text)
    with reading(database, 2) as (connection, report):
        rows = queries.recipients(connection, report.dispatch_ids)
        file = folder / name
        output = Output(file, OwnFiles(folder / "elsewhere"))
        if name == "recipients.csv":
            csvfile.write_csv(output, rows, PARIS)
            return file.read_bytes().decode()
        if name == "recipients.jsonl":
            jsonlines.write_jsonl(output, rows)
            return file.read_bytes().decode()
        if name.startswith("pdf"):
            return as_pages(pdf.make_pdf(page_of(connection, report, name[4:6])))
        if name == "workbook.txt":
            workbook.write_xlsx(Output(file.with_suffix(".xlsx"), OwnFiles(folder / "elsewhere")), rows, PARIS)
            return as_cells(file.with_suffix(".xlsx"))
        out = io.StringIO()
        console = Console(file=out, width=120, markup=False, emoji=False, highlight=False, color_system=None)
        details = queries_details.make_details(connection, report)
        problems = queries_details.problems_of(connection, report)
        terminal.show_report(console, report, rows, PARIS, details=details, problems=problems)
        return out.getvalue()


def as_pages(made: bytes) -> str:
    """What a PDF says, page by page, and the tags that a screen reader follows."""
    pypdf = pytest.importorskip("pypdf")
    read = pypdf.PdfReader(io.BytesIO(made))
    root = read.trailer["/Root"]
    lines = [f"title {read.metadata.title!r}, language {root['/Lang']}"]
    for number, page in enumerate(read.pages, start=1):
        wide, high = (round(float(side)) for side in page.mediabox[2:])
        lines += [f"--- page {number}, {wide} × {high}", page.extract_text()]
    lines += ["--- tags", *tags(root["/StructTreeRoot"].get_object(), 0)]
    return "\n".join(lines) + "\n"


def tags(node: Any, depth: int) -> Iterator[str]:
    """The structure's elements, one a line, by depth; equal neighbours stand once, with their number."""
    children = node.get("/K", [])
    children = children if isinstance(children, list) else [children]
    below = [one.get_object() for one in children]
    told = [
        "\n".join(["  " * depth + one["/S"], *tags(one, depth + 1)])
        for one in below
        if isinstance(one, dict) and "/S" in one
    ]
    for text, same in itertools.groupby(told):
        many = len(list(same))
        yield text if many == 1 else text.replace("\n", f" × {many}\n", 1) if "\n" in text else f"{text} × {many}"


def as_cells(file: Path) -> str:
    """Each sheet of a workbook: what is frozen and filtered, and its cells: text, number, or a number's format."""
    lines = []
    with zipfile.ZipFile(file) as archive:
        styles = ElementTree.fromstring(archive.read("xl/styles.xml"))
        formats = {one.get("numFmtId"): one.get("formatCode") for one in styles.iter(f"{_SHEET}numFmt")}
        used = [formats.get(one.get("numFmtId")) for one in styles.find(f"{_SHEET}cellXfs")]
        names = [
            one.get("name") for one in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter(f"{_SHEET}sheet")
        ]
        for number, name in enumerate(names, start=1):
            sheet = ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))
            pane, filtered = sheet.find(f".//{_SHEET}pane"), sheet.find(f"{_SHEET}autoFilter")
            assert pane is not None
            assert filtered is not None
            lines.append(f"--- {name}: {pane.get('state')} at {pane.get('topLeftCell')}, filter {filtered.get('ref')}")
            for cell in sheet.iter(f"{_SHEET}c"):
                value = "".join(cell.itertext())
                kind = "text" if cell.get("t") else used[int(cell.get("s", 0))] or "number"
                lines.append(f"{cell.get('r')}  {kind}  {value}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "name",
    [
        "terminal.txt", "page-fr.html", "page-en.html", "recipients.csv", "recipients.jsonl", "workbook.txt",
        "pdf-fr.txt", "pdf-en.txt",
    ],
)  # fmt: skip
def test_the_report_is_what_it_was(fresh: Database, tmp_path: Path, name: str) -> None:
    text = made(fresh, name, tmp_path)
    file = GOLDEN / name
    if os.environ.get("REGENERATE_GOLDEN"):
        GOLDEN.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    assert text == file.read_bytes().decode()

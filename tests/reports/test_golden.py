"""The report of one seeded dispatch, letter for letter, in the formats that are text: a change of it is seen.

After a wanted change run `REGENERATE_GOLDEN=1 pytest tests/reports/test_golden.py`, and read the difference.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import new_database
from rich.console import Console
from seeded import seed
from test_full import PARIS, reading, written

from distributor.db.engine import Database
from distributor.files import Output, OwnFiles
from distributor.reports import csvfile, jsonlines, queries, queries_details, terminal

GOLDEN = Path(__file__).parents[1] / "golden" / "reports"
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
        out = io.StringIO()
        console = Console(file=out, width=120, markup=False, emoji=False, highlight=False, color_system=None)
        details = queries_details.make_details(connection, report)
        problems = queries_details.problems_of(connection, report)
        terminal.show_report(console, report, rows, PARIS, details=details, problems=problems)
        return out.getvalue()


@pytest.mark.parametrize("name", ["terminal.txt", "page-fr.html", "page-en.html", "recipients.csv", "recipients.jsonl"])
def test_the_report_is_what_it_was(fresh: Database, tmp_path: Path, name: str) -> None:
    text = made(fresh, name, tmp_path)
    file = GOLDEN / name
    if os.environ.get("REGENERATE_GOLDEN"):
        GOLDEN.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    assert text == file.read_bytes().decode()

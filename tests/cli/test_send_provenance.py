"""`send` refuses contacts of whom it is not known where they come from, and names them and the way to mend it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from commandtree import Run

LIST = "Nom;E-mail\nUn;un@neuf.example\nDeux;deux@neuf.example\n"


def prepare(run: Run, folder: Path, column: str, value: str | None) -> None:
    """A new list, one contact of which lacks something of its provenance."""
    (folder / "neuf.csv").write_text(LIST, encoding="utf-8")
    done = run("contacts", "import", str(folder / "neuf.csv"), "--list", "neuf", workspace=folder)
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(folder / "press.db")) as connection, connection:
        connection.execute(f"UPDATE contact SET {column} = ? WHERE last_name = 'Un'", (value,))


@pytest.mark.parametrize(
    ("column", "value", "said"), [("source", "", "no source"), ("collected_at", None, "no day of collection")]
)
def test_nobody_is_written_to_and_they_are_named(
    run: Run, folder: Path, column: str, value: str | None, said: str
) -> None:
    prepare(run, folder, column, value)
    done = run("send", "halle", "--list", "neuf", "--dry-run", workspace=folder)
    assert done.returncode == 3
    assert f"un@neuf.example ({said})" in done.stderr
    assert "deux@neuf.example" not in done.stderr
    assert "--source" in done.stderr


def test_an_import_that_says_it_mends_it(run: Run, folder: Path) -> None:
    prepare(run, folder, "source", "")
    again = run("contacts", "import", str(folder / "neuf.csv"), "--source", "annuaire 2026", workspace=folder)
    assert again.returncode == 0, again.stderr
    done = run("send", "halle", "--list", "neuf", "--dry-run", "--json", workspace=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["total"] == 2

"""What people put into a cell, or type, stays on the line that tells of it: a line break there is none of ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from commandtree import Run


@pytest.mark.parametrize(
    "arguments",
    [
        ("contacts", "edit", "helene@jour.example", "--address", "o\nstate: x@jour.example"),
        ("contacts", "import", "a.csv", "--list", "presse", "--map", "No\nstate: m=last_name"),
        ("suppressions", "add", "o\r\nstate: x@jour.example"),
        ("contacts", "import", "no\nstate: such.csv", "--list", "presse"),
    ],
)
def test_an_error_is_one_line(run: Run, folder: Path, arguments: tuple[str, ...]) -> None:
    (folder / "a.csv").write_text("Nom;E-mail\nMartin;anne@jour.example\n", encoding="utf-8")
    arguments = tuple(str(folder / one) if one == "a.csv" else one for one in arguments)
    done = run(*arguments, workspace=folder)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "⏎state: " in done.stderr


def test_what_an_import_tells_of_a_row_is_one_line(run: Run, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('Nom;E-mail\n"Mar\nline 9: tin";"anne\nline 9: @jour"\n"Bois\nline 9: ";b@jour.example\n', "utf-8")
    done = run("contacts", "import", str(file), "--list", "presse", workspace=folder)
    assert done.returncode == 0
    assert [line for line in done.stdout.splitlines() if line.strip().startswith("line 9")] == []
    assert "rejected: E-mail: «anne⏎line 9: @jour»" in done.stdout

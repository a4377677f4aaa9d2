"""`distributor lists`, by the real command: smart lists, history, files, health, and a send that combines lists."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from commandtree import Run

from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.sources.csvfile import read_csv
from distributor.wiring import open_workspace

MORE = "Prénom;Nom;Média;Type de média;E-mail;Langue\nInès;Clos;Le Fil;agence;ines@fil.example;fr\n"


@pytest.fixture
def office(folder: Path) -> Path:
    """The prepared workspace, in which Hélène and Paul stand on «presse», and a second list."""
    workspace = open_workspace(folder)
    import_contacts(
        workspace.database, read_csv(MORE.encode(), name="agences.csv"), list_name="Agences", keyring=workspace.keyring
    )
    workspace.database.close()
    return folder


def test_a_smart_list_from_its_making_to_its_end(run: Run, office: Path) -> None:
    made = run("lists", "create", "Sans agences", "--where", "nom:any sauf type:agence", workspace=office)
    assert made.stdout == "Made the smart list «sans-agences»; it names 2 contacts today.\n"
    every = json.loads(run("lists", "list", "--json", workspace=office).stdout)
    assert every[-1] == {
        "slug": "sans-agences",
        "name": "Sans agences",
        "sector": "",
        "count": 2,
        "query": "name:any and not kind:agency",
    }
    why = json.loads(run("lists", "why", "sans-agences", "ines@fil.example", "--json", workspace=office).stdout)
    assert why["is_member"] is False
    assert why["clauses"] == [{"clause": "name:any", "holds": True}, {"clause": "not kind:agency", "holds": False}]
    assert "names 1 contact" in run("lists", "edit", "sans-agences", "--where", "name:paul", workspace=office).stdout
    assert "«a-moi»" in run("lists", "rename", "sans-agences", "À moi", workspace=office).stdout
    assert (
        run("lists", "edit", "a-moi", "--freeze", workspace=office).stdout == "«a-moi» now has 1 member of its own.\n"
    )
    asked = run("lists", "delete", "a-moi", workspace=office)
    assert (asked.returncode, "Add --yes" in asked.stderr) == (2, True)
    assert "is deleted" in run("lists", "delete", "a-moi", "--yes", workspace=office).stdout


def test_a_mistake_in_a_filter_is_shown_where_it_is(run: Run, office: Path) -> None:
    done = run("lists", "create", "X", "--where", "name:a and langage:fr", workspace=office)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "The filter cannot be read at column 12: there is no field «langage».",
        "  name:a and langage:fr",
        "             ^",
        " Did you mean language?",
    ]


def test_who_leaves_is_remembered(run: Run, office: Path) -> None:
    assert "On «agences»: " in run("lists", "add", "agences", "paul@soir.example", workspace=office).stdout
    left = run("lists", "remove", "agences", "paul@soir.example", "--reason", "a quitté l'agence", workspace=office)
    assert "Off «agences»: " in left.stdout
    why = run("lists", "why", "agences", "paul@soir.example", workspace=office).stdout
    assert "does not stand on «agences»" in why
    assert "taken off by «command line» (a quitté l'agence)" in why
    past = json.loads(run("lists", "show", "agences", "--as-of", "2020", "--json", workspace=office).stdout)
    assert past["members"] == []
    found = json.loads(run("lists", "diff", "agences@2020-01-01", "agences", "--json", workspace=office).stdout)
    assert ([one["name"] for one in found["only_second"]], found["both"]) == (["Inès Clos"], 0)


def test_lists_go_to_files_and_come_back(run: Run, office: Path, tmp_path: Path) -> None:
    run("lists", "create", "Francophones", "--where", "langue:fr", workspace=office)
    folder = tmp_path / "listes"
    assert "3 lists written" in run("lists", "export", str(folder), workspace=office).stdout
    written = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert set(written) == {"agences.csv", "presse.csv", "lists.toml"}
    again = run("lists", "sync", str(folder), workspace=office)
    assert (again.returncode, "agrees with" in again.stdout) == (0, True)
    rows = written["presse.csv"].splitlines(keepends=True)
    (folder / "presse.csv").write_bytes(b"".join(row for row in rows if b"paul@" not in row))
    refused = run("lists", "sync", str(folder), workspace=office)
    assert (refused.returncode, "presse: 1 removed" in refused.stdout, "Add --yes" in refused.stderr) == (2, True, True)
    assert run("lists", "sync", str(folder), "--yes", workspace=office).stdout.endswith("Done.\n")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    run("lists", "export", str(folder), workspace=office)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert "1 list written" in run("lists", "export", "agences", str(tmp_path / "une"), workspace=office).stdout
    assert sorted(os.listdir(tmp_path / "une")) == ["agences.csv", "lists.toml"]


def test_the_health_of_lists(run: Run, office: Path) -> None:
    found = json.loads(run("lists", "check", "agences", "--offline", "--json", workspace=office).stdout)
    assert {one["code"] for one in found} == {"no-sector", "never-mailed", "domain-unknown"}
    strict = run("lists", "check", "--offline", "--strict", workspace=office)
    assert (strict.returncode, "mend: distributor contacts edit" in strict.stdout) == (3, True)


def test_a_send_combines_lists(run: Run, office: Path) -> None:
    done = run(
        "send", "halle", "--list", "presse", "--list", "agences", "--only", "agences", "--where", "langue:fr",
        "--dry-run", "--json", workspace=office,
    )  # fmt: skip
    shown = json.loads(done.stdout)
    assert ([one["name"] for one in shown["recipients"]], shown["where"]) == (["Inès Clos"], "language:fr")
    assert {one["because"] for one in shown["left_out"]} == {"is not on the list agences"}


@pytest.mark.parametrize(
    "command",
    [("send", "halle", "--list", "presse", "--dry-run"), ("contacts", "list"), ("lists", "create", "Personne")],
)
def test_an_empty_filter_is_refused_for_it_would_be_everybody(run: Run, office: Path, command: tuple[str, ...]) -> None:
    asked = run(*command, "--where", " ", workspace=office)
    assert (asked.returncode, asked.stdout) == (2, "")
    assert asked.stderr.startswith("--where: The filter is empty.")

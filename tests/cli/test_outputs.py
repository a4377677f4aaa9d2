"""Where commands write what they are told to: never over what matters, and never over what a person mended by hand."""

from __future__ import annotations

import hashlib
import shlex
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from distributor.cli.app import run as run_here

ROWS = "Prénom;Nom;E-mail\nZoé;Vidal;zoe@fil.example\nAnne;Clos;personne\n"
Ran = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Ran:
    """Runs the command line in the workspace, as its user does; gives exit code, output and errors."""
    monkeypatch.chdir(folder)
    (folder / "l.csv").write_text(ROWS, encoding="utf-8")

    def run_it(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["distributor", *arguments])
        code = run_here()
        return code, *capfd.readouterr()

    return run_it


def contents(folder: Path) -> dict[str, str]:
    """Every file with the hash of its bytes; a database's journals come and go."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


COMMANDS = {
    "report": "report halle --csv",
    "html": "releases preview halle --html",
    "eml": "releases preview halle --eml",
    "rejects": "contacts import l.csv --list Autres --rejects",
}
PRECIOUS = [
    "press.db",
    "press.db-journal",
    ".env",
    ".key.csv",
    "attachments/a.csv",
    "templates/press-release/style.css",
]


# One function decides (tests/test_files.py), which every command asks; for a report, any CSV may be an earlier one.
CASES = [("report", target) for target in [*PRECIOUS, "release.md", ".", "/dev/null", "none/a.csv"]]
CASES += [(name, target) for name in COMMANDS if name != "report" for target in ("press.db", ".env", ".", "l.csv")]


@pytest.mark.parametrize(("command", "target"), CASES)
def test_no_option_destroys_anything(run: Ran, folder: Path, command: str, target: str) -> None:
    (folder / "release.md").write_text("# mine")
    before = contents(folder)
    code, _, err = run(*COMMANDS[command].split(), target)
    assert code == 2
    assert len(err.strip().splitlines()) == 1, err
    assert target.split("/", maxsplit=1)[0] in err
    assert contents(folder) == before


def test_a_report_named_again_is_replaced(run: Ran, folder: Path) -> None:
    for _ in range(2):
        assert run("report", "halle", "--csv", "rapport.csv")[0] == 0
        assert "helene@jour.example" in (folder / "rapport.csv").read_text("utf-8-sig")
        (folder / "rapport.csv").write_text("old")


def test_a_preview_is_replaced_and_keeps_its_permissions(run: Ran, folder: Path) -> None:
    run("releases", "preview", "halle", "--html", "a.html", "--eml", "a.eml")
    for name in ("a.html", "a.eml"):
        (folder / name).write_text("old")
        (folder / name).chmod(0o600)
    assert run("releases", "preview", "halle", "--html", "a.html", "--eml", "a.eml")[0] == 0
    for name in ("a.html", "a.eml"):
        assert "La halle rouvre" in (folder / name).read_text()
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_of_two_previews_none_is_written_when_one_cannot_be(run: Ran, folder: Path) -> None:
    assert run("releases", "preview", "halle", "--html", "a.html", "--eml", ".env")[0] == 2
    assert not (folder / "a.html").exists()


def test_rejects_mended_by_hand_are_never_replaced(run: Ran, folder: Path) -> None:
    _, first, _ = run("contacts", "import", "l.csv", "--list", "Autres")
    (folder / "l-rejects.csv").write_text("mended by hand")
    _, second, _ = run("contacts", "import", "l.csv", "--list", "Autres")
    assert (folder / "l-rejects.csv").read_text() == "mended by hand"
    assert "personne" in (folder / "l-rejects-2.csv").read_text("utf-8-sig")
    assert "l-rejects.csv" in first
    assert "l-rejects-2.csv" in second
    assert run("contacts", "import", "l.csv", "--list", "Autres", "--rejects", "l-rejects.csv")[0] == 2
    assert (folder / "l-rejects.csv").read_text() == "mended by hand"


def test_the_way_to_bring_rejects_back_is_a_whole_command(run: Ran, folder: Path) -> None:
    given = ["--list", "Presse d’été", "--sector", "Culture", "--source", "annuaire"]
    _, out, _ = run("contacts", "import", "l.csv", *given)
    (line,) = [line for line in out.splitlines() if "distributor contacts import" in line]
    name, *again = shlex.split(line[line.index("distributor") :])
    assert (name, again) == ("distributor", ["contacts", "import", "l-rejects.csv", *given])
    file = folder / "l-rejects.csv"
    file.write_text(file.read_text("utf-8-sig").replace("personne", "anne@fil.example"), encoding="utf-8")
    code, out, _ = run(*again)
    assert (code, "1 new" in out) == (0, True)


def test_an_import_whose_rejects_cannot_be_written_still_says_what_it_did(
    run: Ran, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = folder / "cd"
    elsewhere.mkdir()
    shutil.move(folder / "l.csv", elsewhere)
    from distributor import files
    from distributor.errors import StorageTrouble

    def read_only(path: Path, _content: bytes) -> Path:
        raise StorageTrouble(f"{path} cannot be written: Read-only file system.", mend="Choose another place.")

    monkeypatch.setattr(files, "write_beside", read_only)  # as root, no folder is read-only
    code, out, err = run("contacts", "import", "cd/l.csv", "--list", "Autres")
    assert (code, "1 new" in out, "cannot be written" in err) == (2, True, True)


@pytest.mark.parametrize("state", ["in doubt", "in_doubt", "In-Doubt"])
def test_a_state_may_be_said_as_it_is_shown(run: Ran, state: str) -> None:
    assert run("report", "halle", "--state", state, "--state", "accepted")[0] == 0


@pytest.mark.parametrize("name", ["l.csv", "l.txt", "l"])
def test_a_press_list_is_no_release(run: Ran, folder: Path, name: str) -> None:
    if name != "l.csv":
        shutil.copy(folder / "l.csv", folder / name)
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write("Paul;Bois;paul@soir.example\nInès;Roy;ines@soir.example\n")
    code, _, err = run("releases", "import", name)
    assert (code, f"distributor contacts import {name} --list" in err) == (2, True)


def test_a_release_of_its_own_beside_one_that_begins_alike_is_told(run: Ran, folder: Path) -> None:
    for name, end in (("a.md", "des urgences"), ("b.md", "de la maternité")):
        (folder / name).write_text(f"---\ntitle: La Coordination du littoral salue la réouverture {end}\n---\nCorps.\n")
    assert run("releases", "import", "a.md")[2] == ""
    code, out, err = run("releases", "import", "b.md")
    assert code == 0
    assert "la-coordination-du-littoral-salue-la-2" in out
    assert "--slug la-coordination-du-littoral-salue-la." in err


def test_nothing_in_a_release_steers_the_terminal(run: Ran, folder: Path) -> None:
    (folder / "a.md").write_text(
        '---\ntitle: "Rouge \\e[31m\\u202e ici"\nnote: "\\e]0;titre\\a\\x9b2J"\n---\nCorps \x1b[2J\u202e.\n',
        encoding="utf-8",
    )
    for arguments in ("releases import a.md --slug rouge", "releases show rouge", "releases show rouge --json"):
        code, out, err = run(*arguments.split())
        assert code == 0
        assert not set(out + err) & set("\x1b\x07\x9b\u202e")
    assert "Control characters removed" in run("releases", "show", "rouge")[1]
    assert "\x1b" not in run("releases", "import", "\x1b[2J.md")[2]


def test_the_subject_is_free_of_what_was_removed(run: Ran, folder: Path) -> None:
    (folder / "a.md").write_text("---\ntitle: Facture \u202egpj.exe\n---\nCorps.\n", encoding="utf-8")
    run("releases", "import", "a.md", "--slug", "facture")
    assert "Subject: Facture gpj.exe" in run("releases", "preview", "facture")[1]

"""The demo: every command it suggests runs as printed, and its workspace can be read on a terminal of 80 columns."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from shlex import split
from shutil import copy2

import pytest
from commandtree import clean_environment, typed
from rich.cells import cell_len
from warmcommand import WarmCommand

from distributor.cli.workspace import demonstrating
from distributor.deliveries.roster import Roster
from distributor.deliveries.workers import worker_name
from distributor.wiring import open_workspace

PROGRAM = Path(sys.executable).with_name("distributor")
ENVIRONMENT = clean_environment() | {"PATH": "/usr/bin:/bin"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo was run, in the folder `la démo`; the file `printed` has what it said."""
    folder = tmp_path_factory.mktemp("reader")
    with (folder / "printed").open("wb") as printed:
        subprocess.run([PROGRAM, "demo", "la démo"], cwd=folder, env=ENVIRONMENT, check=True, stdout=printed)
    return folder


SHOWS = {
    "report": "rejected   Matthias Vogel",
    "releases preview": "To: Clémence Vidal <clemence.vidal@agence-boreale.example>",
    "contacts show": "Agence Boréale",
    "releases import": "Imported as «journee», version 1.",
    "send": "15 recipients; left out: 1 for an objection.",
    "doctor": "ok    database",
}


def test_every_suggestion_works_as_it_is_printed(place: Path) -> None:
    text = (place / "printed").read_text(encoding="utf-8")
    change, *suggestions = [line.strip() for line in text.partition("Try next:\n")[2].splitlines()]
    assert change == "cd 'la démo'"
    assert len(suggestions) == len(SHOWS)
    script = ["sh", "-ec", f"{change}\n{suggestions[0]}"]
    done = subprocess.run(script, cwd=place, env=ENVIRONMENT, capture_output=True, text=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert SHOWS["report"] in done.stdout
    for line, (command, words) in zip(suggestions, SHOWS.items(), strict=True):
        assert line.startswith(f"{PROGRAM} {command} ")
        process = WarmCommand(split(line)[1:], cwd=place / "la démo", env=ENVIRONMENT)
        out, err = process.communicate(60)
        assert (process.wait(), err) == (0, ""), line
        assert words in out


@pytest.mark.parametrize(
    ("typed_as", "path", "said"),
    [
        (str(PROGRAM), str(PROGRAM.parent), "distributor"),
        (str(PROGRAM), "/nowhere", str(PROGRAM)),
        ("/somewhere/distributor/__main__.py", "/nowhere", str(PROGRAM)),
        ("/somewhere/distributor/__main__.py", str(PROGRAM.parent), "distributor"),
    ],
)
def test_the_program_is_named_as_it_can_be_typed(
    monkeypatch: pytest.MonkeyPatch, typed_as: str, path: str, said: str
) -> None:
    monkeypatch.setattr(sys, "argv", [typed_as])
    monkeypatch.setenv("PATH", path)
    assert demonstrating.program() == said


SLUG = "marees-2050-une-journee-avec-celles-et"
NARROW = {
    "report marees": ["antoine.debrecourt@echo-provinces.example", "m.vogel@elbbote.example"],
    "dispatches list": ["marees"],
    "dispatches show 1": ["accepted"],
    "lists show culture": ["margot.vanderlinden@kanaalkrant.example", "camille.rousselot@atelier-matin.example"],
    "contacts list --list social": ["antoine.debrecourt@echo-provinces.example"],
    "releases import journee-marees.md": [f"Next: distributor releases proof {SLUG}"],
    "releases list": [SLUG],
    f"send {SLUG} --list social --dry-run": ["antoine.debrecourt@echo-provinces.example"],
    "accounts rules": ["1. accepted: accepted", "  «daily (?:(?!receiving)"],
    "workers list": ["process   dispatch   sent   seen"],
    "doctor --offline": ["DISTRIBUTOR_SMTP_MESSAGES_PER_CONNECTION"],
}
PROBE = """
import json, sys
from distributor.cli.app import run
for line in json.loads(sys.argv[1]):
    sys.argv = ["distributor", "--workspace", "la démo", *line.split()]
    print("$", line, flush=True)
    assert run() == 0, line
"""


def test_listings_can_be_read_and_copied_from_on_80_columns(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    copy2("la démo/releases/journee-marees.md", place)
    workspace = open_workspace(Path("la démo"))
    Roster(workspace.database, worker_name()).beat(None, 1)  # somebody is at work: where nobody is, there is no table
    workspace.database.close()
    commands = [sys.executable, "-c", PROBE, json.dumps(list(NARROW))]
    shown = re.split(r"^\$ (.*)\n", typed(commands, COLUMNS="80", NO_COLOR="1"), flags=re.MULTILINE)[1:]
    said = dict(zip(shown[::2], shown[1::2], strict=True))
    assert list(said) == list(NARROW)
    for command, whole in NARROW.items():
        lines = said[command].splitlines()
        # A command stands on a line of its own and is never broken: the terminal may, and it is copied whole.
        too_wide = [line for line in lines if cell_len(line) > 80 and not line.startswith("  distributor ")]
        assert too_wide == [], command
        assert [line for line in lines if "…" in line and not line.startswith("… and")] == [], command
        assert [one for one in whole if not any(one in line for line in lines)] == [], command

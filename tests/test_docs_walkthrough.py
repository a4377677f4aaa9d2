"""The walk-through of the press lists, walked as a reader would: its files copied and edited, its commands compared."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from test_docs_tour import first_untrue, lines, steps

from distributor.cli.app import run

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "walkthrough.md"

_STEP = re.compile(
    r"^```console\n(.*?)^```$|[Rr]eplace\s+`([^`]+)`\s+with\s+`([^`]+)`\s+in\s+`([^`]+)`", re.MULTILINE | re.DOTALL
)


def edit(file: Path, old: str, new: str) -> None:
    """Change a file where the page says so, and nothing else of it: neither its byte-order mark nor its line ends."""
    before = file.read_bytes()
    assert before.count(old.encode()) == 1
    file.write_bytes(before.replace(old.encode(), new.encode()))


def test_the_walk_says_what_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def walk(command: str) -> list[str]:
        name, *arguments = shlex.split(command)
        if name == "cp":
            recursive, source, target = arguments
            assert recursive == "-r"
            shutil.copytree(ROOT / source, target)
        elif name == "cd":
            monkeypatch.chdir(*arguments)
        else:
            # The command line in this process: thirty processes would each load the program anew.
            monkeypatch.setattr(sys, "argv", [name, *arguments])
            assert (name, run()) == ("distributor", 0)
        printed, complained = capfd.readouterr()
        return lines(printed) + lines(complained)

    monkeypatch.chdir(tmp_path)
    kinds = []
    for block, old, new, name in _STEP.findall(PAGE.read_text(encoding="utf-8")):
        kinds.append("console" if block else "edit")
        if not block:
            edit(Path(name), old, new)
        for command, shown in steps(block):
            real = walk(command)
            assert first_untrue(shown, real) == "", f"$ {command}\nprints:\n" + "\n".join(real)
    assert (kinds.count("console"), kinds.count("edit")) == (12, 3)

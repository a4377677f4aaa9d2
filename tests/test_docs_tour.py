"""The README's five-minute tour, walked as a reader would: its files written, its commands run, its output compared."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from warmcommand import WarmCommand

README = Path(__file__).parents[1] / "README.md"
GAP = "…"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$|Replace `([^`]+)` with `([^`]+)` in `([^`]+)`", re.MULTILINE | re.DOTALL)
_SAVED_AS = re.compile(r"Save this as `([^`]+)`")
_GAP_WITHIN = re.compile(rf"(?:\\ )?{GAP}(?:\\ )?")
# What is of its day.
_OF_THE_DAY = re.compile(
    r"\b\w+day \d{1,2} \w+ \d{4} \d\d:\d\d \w+|\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\b\d\d:\d\d:\d\d"
    r"|\ble \d{1,2}(?:er)? \w+ \d{4}"
)


def tour() -> str:
    """The part of the README that is walked."""
    text = README.read_text(encoding="utf-8")
    return text.partition("## A five-minute tour\n")[2].partition("### With your own mail server\n")[0]


def plain(line: str) -> str:
    """A line without what changes from day to day, its blanks made one."""
    return " ".join(_OF_THE_DAY.sub("(moment)", line).split())


def lines(text: str) -> list[str]:
    """The lines that hold something."""
    return [plain(line) for line in text.splitlines() if line.strip()]


def steps(block: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block with the output shown for it."""
    for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = step.partition("\n")
        yield command, lines(shown)


def first_untrue(shown: list[str], real: list[str]) -> str:
    """The first line of `shown` that `real` does not hold in its place, or "".

    Lines may be left out where a gap stands alone, and words where it stands within a line.
    """
    at, is_gap = 0, False
    for line in shown:
        if line == GAP:
            is_gap = True
            continue
        pattern = re.compile(_GAP_WITHIN.sub(".*", re.escape(line)))
        places = range(at, len(real) if is_gap else min(at + 1, len(real)))
        found = next((place for place in places if pattern.fullmatch(real[place])), None)
        if found is None:
            return line
        at, is_gap = found + 1, False
    return "" if is_gap or at == len(real) else f"(the end: there is also «{real[at]}»)"


def run(command: str, folder: Path) -> list[str]:
    """What a command prints, standard error behind standard output."""
    name, *arguments = shlex.split(command)
    assert name == "distributor"
    process = WarmCommand(arguments, cwd=folder, env=os.environ | {"PYTHONUTF8": "1", "TMPDIR": str(folder)})
    out, err = process.communicate(60)
    assert "Traceback" not in err
    return lines(out) + lines(err)


def test_the_tour_says_what_happens(tmp_path: Path) -> None:
    text, folder, commands = tour(), tmp_path, 0
    for match in _BLOCK.finditer(text):
        kind, block, old, new, name = match.groups()
        if kind == "console":
            for command, shown in steps(block):
                commands += 1
                if command.startswith("cd "):
                    folder /= command.removeprefix("cd ")
                    continue
                real = run(command, folder)
                assert first_untrue(shown, real) == "", f"$ {command}\nprints:\n" + "\n".join(real)
        elif kind == "markdown":
            saved_as = _SAVED_AS.findall(text[: match.start()])[-1]
            (folder / saved_as).write_text(block, encoding="utf-8")
        elif kind == "ini":
            settings = (folder / ".env").read_text(encoding="utf-8")
            variable = block.partition("=")[0]
            filled = re.sub(rf"^{variable}=.*\n", block.replace("\\", r"\\"), settings, flags=re.MULTILINE)
            assert filled != settings
            (folder / ".env").write_text(filled, encoding="utf-8")
        elif kind is None:
            before = (folder / name).read_text(encoding="utf-8")
            assert old in before
            (folder / name).write_text(before.replace(old, new), encoding="utf-8")
    assert commands >= 10

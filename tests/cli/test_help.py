"""Help: every command has it, and it costs nothing that a command would need."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from commandtree import clean_environment, commands, groups, options
from typer.testing import CliRunner

from distributor import __version__
from distributor.cli.app import app

HEAVY = {"sqlmodel", "sqlalchemy", "alembic", "jinja2", "aiosmtplib", "rich", "babel", "nh3"}
EVERY = sorted(commands())

PROBE = """
import contextlib, io, json, sys
from distributor.cli.app import run
found = {}
for words in json.loads(sys.argv[1]):
    sys.argv = ["distributor", *words, "--help"]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = run()
    found[" ".join(words)] = [code, out.getvalue()]
print(json.dumps({"shown": found, "modules": sorted(name.partition(".")[0] for name in sys.modules)}))
"""


@pytest.fixture(scope="module")
def helped() -> dict[str, object]:
    """What `--help` says of every command and noun, and what it imported, in a process that does nothing else."""
    wanted = [[], *([name] for name in groups()), *(name.split() for name in EVERY)]
    done = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(wanted)],
        env=clean_environment() | {"COLUMNS": "80"},
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_help_imports_nothing_that_only_the_work_needs(helped: dict[str, object]) -> None:
    modules = helped["modules"]
    assert isinstance(modules, list)
    assert HEAVY.isdisjoint(modules)


def test_every_command_helps(helped: dict[str, object]) -> None:
    shown = helped["shown"]
    assert isinstance(shown, dict)
    for name, (code, text) in shown.items():
        assert code == 0, name
        assert "Usage: " in text, name
        assert "Traceback" not in text


def test_help_names_every_option_with_a_word_on_it(helped: dict[str, object]) -> None:
    shown = helped["shown"]
    assert isinstance(shown, dict)
    for name, command in commands().items():
        text = shown[name][1]
        assert all(option in text for option in options(command)), name
        assert command.help, name
        unexplained = [
            parameter.name for parameter in command.params if not parameter.help and parameter.name != "help"
        ]
        assert unexplained == [], name


def test_what_a_command_does_is_never_cut_short(helped: dict[str, object]) -> None:
    shown = helped["shown"]
    assert isinstance(shown, dict)
    for name in ["", *groups()]:
        listed = shown[name][1].partition("Commands:\n")[2].splitlines()
        assert listed
        assert [line for line in listed if line.endswith("...")] == []


def test_a_noun_alone_shows_its_commands() -> None:
    for noun in groups():
        shown = CliRunner().invoke(app, [noun])
        assert "Usage: " in shown.output + shown.stderr


def test_the_version_is_said_at_once() -> None:
    code = "import sys, atexit; sys.argv = ['distributor', '--version']; from distributor.__main__ import main;"
    code += "atexit.register(lambda: print(sorted(sys.modules))); main()"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    first, modules = done.stdout.splitlines()
    assert first == f"distributor {__version__}"
    assert "'typer'" not in modules


def test_help_speaks_of_values_in_words_and_not_in_types(helped: dict[str, object]) -> None:
    shown = helped["shown"]
    assert isinstance(shown, dict)
    typed = re.compile(r"<(?:str|int|float|bool|path|file|list|tuple|datetime)\b|\{[a-z]")
    assert {name: typed.findall(text) for name, (_, text) in shown.items() if typed.search(text)} == {}
    assert "--list NAME " in shown["send"][1]
    assert "--recipients NUMBER " in shown["send"][1]
    assert "Usage: distributor send [OPTIONS] {SLUG}" in shown["send"][1]
    assert "Usage: distributor lists add [OPTIONS] {LIST} {CONTACT}..." in shown["lists add"][1]
    assert "--csv FILE " in shown["report"][1]
    assert "--format <csv|xlsx|vcard>" in shown["contacts export"][1]

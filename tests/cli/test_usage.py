"""What the command line says of itself when it cannot be read: the house's sentence, never the library's."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commandtree import commands, groups

from distributor.cli.app import run as run_here

Say = Callable[..., tuple[int, str]]

SAID = {
    "send halle --recipients deux": "--recipients: «deux» is no whole number. Write it in figures, as 12.",
    "send halle --recipients 1.5": "--recipients: «1.5» is no whole number. Write it in figures, as 12.",
    "send halle --recipients=-4": "--recipients: «-4» is out of range. Choose 0 or more.",
    "contacts duplicates --min-score 101": "--min-score: «101» is out of range. Choose one from 1 to 100.",
    "contacts duplicates --min-score 0": "--min-score: «0» is out of range. Choose one from 1 to 100.",
    "dispatches watch 1 --every often": "--every: «often» is no number. Write it in figures, as 1.5.",
    "dispatches watch 1 --every nan": "--every: «nan» is out of range. Choose one from 0.2 to 3600.",
    "dispatches watch 1 --every inf": "--every: «inf» is out of range. Choose one from 0.2 to 3600.",
    "dispatches show halle": "ID: «halle» is no whole number. Wanted: the dispatch's number, in figures.",
    "dispatches stop 1 deux": "ID: «deux» is no whole number. Wanted: the dispatches' numbers, in figures.",
    "releases diff halle un deux": "OLDER: «un» is no whole number. Wanted: a version's number, in figures.",
    "releases new --kind essay": (
        "--kind: «essay» is no kind. "
        "Say one of: release, advisory, correction, replacement, retraction, follow_up, notice."
    ),
    "contacts export x --format pdf": "--format: «pdf» is no format. Say one of: csv, xlsx, vcard.",
    "send halle --list": "--list: Its value is missing. Write it behind the option.",
    "contacts duplicates --dismiss one": "--dismiss: It wants 2 values. Write them behind the option.",
    "send halle --yes=1": "--yes: It takes no value. Write --yes alone.",
    "send halle --lists presse": "There is no option --lists. Did you mean --list? See: distributor send --help",
    "send halle --nonsense": "There is no option --nonsense. See: distributor send --help",
    "suppressions list --where x": "There is no option --where. See: distributor suppressions list --help",
    "send halle --excude presse": "There is no option --excude. Did you mean --exclude? See: distributor send --help",
    "send halle -z": "There is no option -z. See: distributor send --help",
    "send": "SLUG is missing: the release's short name, as `releases list` shows it. See: distributor send --help",
    "coverage add https://jour.example/1": "--release is missing: ",
    "lists add presse": "CONTACT is missing: addresses or names, one or more. See: distributor lists add --help",
    "send halle la presse": (
        "«la presse» is more than this command takes. "
        "Put a name of several words in quotes. See: distributor send --help"
    ),
    "sned halle": "There is no command «sned». Did you mean send? See: distributor --help",
    "contacts lst": "There is no command «lst». Did you mean list? See: distributor contacts --help",
    "lists nonsense": "There is no command «nonsense». See: distributor lists --help",
    "--workspace .": "A command is missing. See: distributor --help",
}
THEIR_WORDS = ("Usage:", "Error:", "Try '", "Invalid value", "valid integer", "Traceback", "metavar")


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Say:
    """Runs the command in this process: its exit code, and what it writes to standard error."""

    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["distributor", *words])
        code = run_here()
        out, err = capfd.readouterr()
        assert out == ""
        return code, err

    return run


@pytest.mark.parametrize("command", SAID)
def test_a_command_that_cannot_be_read_is_answered_in_one_sentence(say: Say, command: str) -> None:
    code, said = say(*command.split(" "))
    assert code == 2
    assert said.startswith(SAID[command])
    assert said.count("\n") == 1
    assert not any(words in said for words in THEIR_WORDS)


def test_what_steers_a_terminal_is_not_repeated(say: Say) -> None:
    for words in (
        ["send", "halle", "--recipients", "\x1b[2J"],
        ["\x1b[2J"],
        ["send", "--\x1b[2J"],
        ["send", "a", "\x1b[2J"],
    ):
        code, said = say(*words)
        assert code == 2
        assert "\x1b" not in said


def test_the_program_and_a_noun_alone_show_their_help_as_help_does(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for words in ([], *([noun] for noun in groups())):
        monkeypatch.setattr(sys, "argv", ["distributor", *words])
        code = run_here()
        out, said = capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["distributor", *words, "--help"])
        assert run_here() == 0
        assert (code, out, said) == (2, "", capfd.readouterr().out)


def test_every_number_and_choice_of_every_command_speaks_so(say: Say) -> None:
    asked = 0
    for name, command in commands().items():
        arguments = [one for one in command.params if one.param_type_name == "argument" and one.required]
        values = [
            "1" if one.type_descriptor.annotation is int else "x" for one in arguments for _ in range(max(one.nargs, 1))
        ]
        for parameter in command.params:
            kind = parameter.type_descriptor
            if not (kind.annotation in {int, float} or kind.is_choice) or parameter in arguments:
                continue
            words = [parameter.opts[0], "nonsense"] if parameter.opts[0].startswith("-") else ["nonsense"]
            code, said = say(*name.split(), *values, *words)
            asked += 1
            assert code == 2, name
            assert ": «nonsense» is no " in said, name
            assert not any(theirs in said for theirs in THEIR_WORDS), name
    assert asked > 10


WORDS = {
    "contacts edit aubry --collected-on hier": "--collected-on: «hier» is no day. Write it as 2026-03-01.",
    "contacts edit aubry --outlet Jour --until jamais": "--until: «jamais» is no day. Write it as 2026-03-01.",
    "contacts edit aubry --attachments maybe": "--attachments: «maybe» is neither yes nor no. Write yes or no.",
    "contacts edit aubry --embargo-trust 2": "--embargo-trust: «2» is neither yes nor no. Write yes or no.",
    "contacts edit aubry --language klingon": "--language: «klingon» is no language. Write it as fr, en or de.",
    "outlets edit 'Le Jour' --deadline late": "--deadline: «late» is no hour of the day. Write it as 18:30.",
    "feedback list --kind zip": "--kind: «zip» is no kind. Say one of: bounce, delay, delivered, complaint, ",
}


@pytest.mark.parametrize("command", WORDS)
def test_what_the_commands_read_themselves_names_its_option_too(prepared: Path, say: Say, command: str) -> None:
    code, said = say("--workspace", str(prepared), *shlex.split(command))
    assert (code, said.startswith(WORDS[command]), said.count("\n")) == (2, True, 1), said

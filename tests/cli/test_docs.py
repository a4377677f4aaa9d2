"""`docs/commands.md` names every command and every option, and none that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from commandtree import commands, options, root

DOCS = Path(__file__).parents[2] / "docs" / "commands.md"
EVERY = commands()


@pytest.fixture(scope="module")
def text() -> str:
    return DOCS.read_text(encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    """What stands under the heading of each command, up to the next heading; one heading may name several."""
    found = {}
    for heading, words in re.findall(r"^#+ (`distributor [^\n]*)\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL):
        for command in re.findall(r"`distributor ([^`]+)`", heading):
            name = " ".join(word for word in command.split() if word.islower() and not word.startswith("-"))
            found[name] = heading + words
    return found


@pytest.mark.parametrize("name", sorted(EVERY))
def test_a_command_has_its_section_with_every_option(text: str, name: str) -> None:
    assert name in sections(text), f"docs/commands.md has no heading «`distributor {name}`»"
    words = sections(text)[name]
    assert [option for option in options(EVERY[name]) if f"`{option}" not in words] == []
    arguments = [
        parameter.metavar or parameter.name.upper()
        for parameter in EVERY[name].params
        if not parameter.opts[0].startswith("-")
    ]
    assert [argument for argument in arguments if argument not in words] == []


@pytest.mark.parametrize("name", sorted(EVERY))
def test_no_option_is_documented_that_is_not_there(text: str, name: str) -> None:
    written = set(re.findall(r"^[-*|]\s*`(--[a-z0-9-]+)", sections(text)[name], re.MULTILINE))
    assert written <= set(options(EVERY[name]))


def test_what_stands_before_every_command_is_documented(text: str) -> None:
    before = text.partition("## `distributor ")[0]
    assert [option for option in options(root()) if f"`{option}" not in before] == []
    assert "`--version`" in before


def test_no_command_is_documented_that_is_not_there(text: str) -> None:
    assert set(sections(text)) == set(EVERY)

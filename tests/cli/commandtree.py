"""The command line as tests see it: Typer's tree of commands, and a clean environment to run one in."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import typer
from typer.core import TyperGroup

from distributor.cli.app import app

Run = Callable[..., subprocess.CompletedProcess[str]]


def root() -> TyperGroup:
    """The command line itself."""
    found = typer.main.get_command(app)
    assert isinstance(found, TyperGroup)
    return found


def commands() -> dict[str, Any]:
    """Every command that does something, by what is typed after `distributor`."""
    return dict(_walk("", root()))


def groups() -> list[str]:
    """The nouns that only hold commands."""
    return [name for name, command in root().commands.items() if isinstance(command, TyperGroup)]


def options(command: Any) -> list[str]:
    """The long names of a command's options."""
    names = [name for parameter in command.params for name in parameter.opts if name.startswith("--")]
    return [name for name in names if name != "--help"]


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(command, TyperGroup):
        yield name, command
        return
    for below, found in command.commands.items():
        yield from _walk(f"{name} {below}".strip(), found)


def clean_environment() -> dict[str, str]:
    """The environment without our settings and without what changes how a terminal is written to."""
    unwanted = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TERM"}
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("DISTRIBUTOR_") and name not in unwanted
    }

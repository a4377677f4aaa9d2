"""The command line as tests see it: Typer's tree of commands, a clean environment to run one in, and a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup
from warmcommand import WarmCommand

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


def on_a_terminal(*arguments: str, workspace: Path, **environ: str) -> str:
    """What the command writes to a terminal of 200 columns, or of `COLUMNS`."""

    def start(terminal: int, environment: dict[str, str]) -> WarmCommand:
        command = ["--workspace", str(workspace), *arguments]
        return WarmCommand(command, env=environment, cwd=Path.cwd(), terminal=terminal)

    return _shown(start, environ)


def typed(command: Sequence[str], **environ: str) -> str:
    """The same of any program, started as people do."""

    def start(terminal: int, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, env=environment, stdin=terminal, stdout=terminal, stderr=terminal)

    return _shown(start, environ)


def _shown(
    start: Callable[[int, dict[str, str]], WarmCommand | subprocess.Popen[bytes]], environ: Mapping[str, str]
) -> str:
    """What is written to a terminal until whoever is started on it ends well."""
    ours, theirs = pty.openpty()
    running = start(theirs, clean_environment() | {"TERM": "xterm-256color", "COLUMNS": "200"} | environ)
    os.close(theirs)
    written = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        written += piece
    running.communicate(timeout=30)
    assert running.returncode == 0
    os.close(ours)
    return written.decode().replace("\r\n", "\n")

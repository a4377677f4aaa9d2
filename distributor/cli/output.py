"""What the command line shows: tables, JSON, times in the workspace's zone, questions."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer

from distributor.errors import BadInput

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_PIPE_WIDTH = 2000  # wide enough that what a pipe reads stands on one line
LEVEL_STYLES = {"stop": "bold red", "warn": "yellow", "note": "dim"}


def console(*, stderr: bool = False) -> Console:
    """A rich console: colour only on a terminal, never with NO_COLOR, plain and unwrapped lines in a pipe."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(
        stderr=stderr,
        highlight=False,
        emoji=False,
        markup=False,
        width=width,
        soft_wrap=not stream.isatty(),
        # Rich alone would leave bold and dim, which are escape codes too.
        color_system=None if os.environ.get("NO_COLOR") else "auto",
    )


def show_json(value: Any) -> None:
    """Print a value as JSON, for other programs: one stable shape, times in ISO 8601 with their zone."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=_jsonable) + "\n")


def _jsonable(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)


def show_table(
    header: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "", right: Sequence[int] = ()
) -> None:
    """Print a table; what a cell holds is text, never markup. `right` names the columns of figures."""
    from distributor.reports.styles import plain_table

    table = plain_table(header, title=title, figures=right)
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    console().print(table)


def _cell(value: Any) -> Text:
    from rich.text import Text

    return value if isinstance(value, Text) else Text("" if value is None else str(value))


def styled(text: str, style: str) -> Text:
    """A piece of text in a style, for a table's cell."""
    from rich.text import Text

    return Text(text, style=style)


def when(moment: datetime | None, zone: ZoneInfo) -> str:
    """A moment as people of that zone read it, to the second."""
    return "" if moment is None else moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def count(number: int, noun: str, plural: str = "") -> str:
    """«1 recipient», «2 recipients»."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}".replace(",", " ")


def ask(question: str, *, yes: bool) -> None:
    """Ask before what cannot be undone; `--yes` answers. Without a terminal to answer on, that is an error."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadInput("This wants a yes, and there is nobody here to ask.", mend="Add --yes if you are sure.")
    if not typer.confirm(question):
        raise BadInput("Nothing was done.")

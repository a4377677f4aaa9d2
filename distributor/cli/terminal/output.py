"""What the command line shows: tables, JSON, times in the workspace's zone, questions."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from textwrap import fill
from typing import TYPE_CHECKING, Any

import typer

from distributor.decoding import CONTROLS
from distributor.errors import BadInput, Interrupted, Refused

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.console import Console
    from rich.text import Text

_PIPE_WIDTH = 2000  # wide enough that what a pipe reads stands on one line
_LONGEST_NUMBER = 12
_LONGEST_WORD = 12
_BETWEEN = 3  # columns of space between two of a table
_ROWS_AT_ONCE = 500  # of a table: what is laid out is heavy, and a manifest may be long
_LINE_BREAK = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_NOT_IN_JSON = re.compile(rf"{CONTROLS.pattern}|[\ud800-\udfff]")
LEVEL_STYLES = {"stop": "bold red", "warn": "yellow", "note": "dim"}


def console(*, stderr: bool = False) -> Console:
    """A rich console: colour only on a terminal, never with NO_COLOR, plain and unwrapped lines in a pipe.

    What is printed on it may hold anything: nothing of it reaches the terminal as a command.
    """
    from rich.console import Console

    from distributor.cli.terminal.harmless import Harmless

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    made = Console(
        stderr=stderr,
        highlight=False,
        emoji=False,
        markup=False,
        width=width,
        soft_wrap=not stream.isatty(),
        # Rich alone would leave bold and dim, which are escape codes too.
        color_system=None if os.environ.get("NO_COLOR") else "auto",
    )
    made.push_render_hook(Harmless())
    return made


def visible(text: str) -> str:
    """`text` with a mark in place of each code that would steer the terminal or turn the direction of the line."""
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def on_one_line(text: str) -> str:
    """`text`, `visible`, with a sign for each line break: what somebody put into a cell is no line of ours."""
    return visible(_LINE_BREAK.sub("⏎", text))


def show_json(value: Any) -> None:
    """Print a value as JSON, for other programs: one stable shape, times in ISO 8601 with their zone."""
    sys.stdout.write(_as_json(value) + "\n")


def show_json_rows(value: Mapping[str, Any], name: str, rows: Iterable[Any]) -> None:
    """Print as `show_json` does `value`, whose last and empty list `name` is to hold `rows`: none is kept in memory."""
    head, _, tail = _as_json(value).rpartition("[]")
    assert head.endswith(f'"{name}": '), "the list to fill is the last"
    sys.stdout.write(head)
    mark = "["
    for row in rows:
        sys.stdout.write(f"{mark}\n    " + _as_json(row).replace("\n", "\n    "))
        mark = ","
    sys.stdout.write(("[]" if mark == "[" else "\n  ]") + tail + "\n")


def _as_json(value: Any) -> str:
    speaks_utf8 = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    text = json.dumps(value, ensure_ascii=not speaks_utf8, indent=2, default=_jsonable)
    # Such characters can only stand within strings, where JSON has another spelling for them (RFC 8259 §7).
    return _NOT_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _jsonable(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)


def show_table(
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    title: str = "",
    right: Sequence[int] = (),
    spare: Sequence[int] = (),
    whole: Sequence[int] = (),
) -> None:
    """Print a table; what a cell holds is text, never markup.

    By their numbers: `right` are the columns of figures, `spare` those that a narrow terminal does without, and `whole`
    those that are copied from, as addresses, and are folded only when nothing else is left to fold.
    """
    from distributor.reports.styles import NARROW, plain_table

    out = console()
    kept = [index for index in range(len(header)) if index not in spare or out.width >= NARROW]
    figures = [place for place, index in enumerate(kept) if index in right]
    cells = [[_text(row[index]) for index in kept] for row in rows]
    texts = [[header[index], *(str(row[place]) for row in cells)] for place, index in enumerate(kept)]
    copied = {place for place, index in enumerate(kept) if index in whole}
    widths = _widths(texts, copied, out.width)
    for start in range(0, max(len(cells), 1), _ROWS_AT_ONCE):
        table = plain_table([header[index] for index in kept], title="" if start else title, figures=figures)
        table.show_header = not start
        for column, width in zip(table.columns, widths, strict=True):
            column.width = width
        for row in cells[start : start + _ROWS_AT_ONCE]:
            table.add_row(*(styled(cell, "") if isinstance(cell, str) else cell for cell in row))
        out.print(table)


def _widths(texts: Sequence[Sequence[str]], copied: set[int], room: int) -> list[int]:
    """How wide each column of these texts is: as it wants to be, where all fit into `room`.

    Else none of the others breaks a word, unless it is very long; those that are `copied` come next, whole if they can.
    """
    from rich.cells import cell_len

    wanted = [max(cell_len(line) for text in column for line in [*text.splitlines(), ""]) for column in texts]
    room -= _BETWEEN * (len(texts) - 1)
    if sum(wanted) <= room:
        return wanted
    words = [max(cell_len(word) for text in column for word in [*text.split(), ""]) for column in texts]
    given = [0 if place in copied else min(word, _LONGEST_WORD) for place, word in enumerate(words)]
    for places in (copied, set(range(len(texts)))):
        while sum(given) < room and (short := [place for place in places if given[place] < wanted[place]]):
            given[min(short, key=given.__getitem__)] += 1
    return [max(width, 1) for width in given]


def _text(value: Any) -> str | Text:
    """What a cell shows; a piece of text in a style stays one."""
    from rich.text import Text

    return value if isinstance(value, Text) else "" if value is None else str(value)


def styled(text: str, style: str) -> Text:
    """A piece of text in a style, for a table's cell."""
    from rich.text import Text

    return Text(text, style=style)


def show_under(out: Console, text: str, style: str = "", *, indent: int = 2) -> None:
    """Print a line set in under another; where a terminal is too narrow for it, it goes on further in."""
    line = f"{' ' * indent}{on_one_line(text)}"
    if out.is_terminal and len(line) > out.width:
        further = " " * (indent + 4)
        line = fill(line, out.width, subsequent_indent=further, break_long_words=False, break_on_hyphens=False)
    out.print(styled(line, style))


def show_remarks(remarks: Iterable[str]) -> None:
    """Print what is worth knowing beside what was asked for, on standard error: each remark once."""
    for remark in dict.fromkeys(remarks):
        console(stderr=True).print(remark)


def suggest(words: str, command: str) -> None:
    """Print words and the command they lead to: never broken, so that it can be copied."""
    out = console()
    if len(words) + len(command) < out.width:
        out.print(f"{words} {command}")
    else:
        out.print(words)
        out.print(f"  {command}", soft_wrap=True)


def when(moment: datetime | None, zone: ZoneInfo) -> str:
    """A moment as people of that zone read it, to the second."""
    return "" if moment is None else moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def count(number: int, noun: str, plural: str = "") -> str:
    """«1 recipient», «2 recipients»."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}".replace(",", " ")


def ask(question: str, *, yes: bool) -> None:
    """Ask before what cannot be undone; `--yes` answers. Without a terminal to answer on, that is an error.

    Raises `Interrupted` when the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadInput("This wants a yes, and there is nobody here to ask.", mend="Add --yes if you are sure.")
    try:
        answer = typer.confirm(question)
    except typer.Abort:  # Ctrl-C, or the end of the input
        answer = False
    if not answer:
        raise Interrupted("Nothing was done.")


def ask_number(question: str, number: int, *, given: int | None) -> None:
    """Ask for a number to be typed, which shows that it was seen; `given` is one typed with the command.

    Raises `Refused` for another number, `BadInput` where nobody is there to type one, `Interrupted` for none.
    """
    typed = given
    if typed is None:
        if not sys.stdin.isatty():
            raise BadInput(
                "This wants the number of recipients typed, and there is nobody here to ask; --yes does not say it.",
                mend="Look with --dry-run, then add --recipients and the number.",
            )
        try:
            answer = str(typer.prompt(f"{question} Type how many")).replace(" ", "").replace("\N{NO-BREAK SPACE}", "")
        except typer.Abort:
            raise Interrupted("Nothing was done.") from None
        typed = int(answer) if answer.isdecimal() and len(answer) < _LONGEST_NUMBER else -1
    if typed != number:
        raise Refused(
            f"It would go to {count(number, 'recipient')}, which is not the number you typed; nothing was sent.",
            mend="See who they are: add --dry-run",
        )

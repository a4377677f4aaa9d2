"""A release's text as numbered lines, of which recognisers take some: what nobody takes stays body text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_DRESSING = re.compile(r"^#{1,6}\s+|\*\*|__|\\$")


@dataclass(frozen=True, slots=True)
class Line:
    """One non-blank source line: its 1-based number and its text as written."""

    number: int
    text: str

    @property
    def bare(self) -> str:
        """The text without outer spaces, heading marks and emphasis: what a recogniser compares."""
        return bare(self.text)


Block = tuple[Line, ...]
"""Lines that follow one another without a blank line between them."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Text that left the body: from which line, and what it was read as."""

    number: int
    text: str
    label: str


class Sheet:
    """The lines of one text.

    Every line is either still here or in `taken` with what it was read as, so nothing can be dropped without a trace.
    """

    def __init__(self, rows: Iterable[tuple[int, str]]) -> None:
        self._rest = dict(rows)
        self.taken: list[Taken] = []

    def rows(self) -> list[tuple[int, str]]:
        """What is left, blank lines included."""
        return list(self._rest.items())

    def blocks(self) -> list[Block]:
        """What is left, as blocks; a line that was taken parts its neighbours like a blank line."""
        blocks: list[Block] = []
        run: list[Line] = []
        previous = 0
        for number, text in self._rest.items():
            if run and (not text.strip() or number != previous + 1):
                blocks.append(tuple(run))
                run = []
            if text.strip():
                run.append(Line(number, text))
            previous = number
        if run:
            blocks.append(tuple(run))
        return blocks

    def lines(self) -> list[Line]:
        """What is left, without the blank lines."""
        return [Line(number, text) for number, text in self._rest.items() if text.strip()]

    def take(self, lines: Iterable[Line], label: str) -> None:
        """Take whole lines out of the body, as `label`."""
        for line in lines:
            self.taken.append(Taken(line.number, self._rest.pop(line.number), label))

    def trim(self, line: Line, rest: str, label: str) -> None:
        """Take the start of a line as `label` and leave `rest`; `rest` is the end of the line's text."""
        if not rest.strip():
            self.take([line], label)
            return
        whole = self._rest[line.number]
        self.taken.append(Taken(line.number, whole.removesuffix(rest), label))
        self._rest[line.number] = rest


def bare(text: str) -> str:
    """`text` without outer spaces, heading marks and emphasis."""
    return _DRESSING.sub("", text.strip()).strip(" \t*\N{NO-BREAK SPACE}")


def words(text: str) -> list[str]:
    """The words of a text, or the text itself when it holds signs only: the measure of what was kept."""
    return [word.casefold() for word in re.findall(r"\w+", text)] or [text.strip()]


def quote(lines: Sequence[str]) -> str:
    """Source lines as they are quoted in a remark."""
    return "«" + " / ".join(line.strip() for line in lines) + "»"

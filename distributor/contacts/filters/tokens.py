"""The words of a filter: its text cut into tokens, each with its column, and the error that points at one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from distributor.errors import BadInput

_TOKEN = re.compile(
    r"\s*(?:(?P<mark>[(),]|<=|>=|[:=<>])|(?P<opening>[\"«“])|(?P<word>[^\s()\"«»“”:=<>,]+)|(?P<closing>[»”])|(?P<end>$))"
)
_CLOSING = {'"': '"', "«": "»", "“": "”"}
_WIDTH = 100
_BEFORE = 60
MARKS = frozenset({":", "=", "<", "<=", ">", ">="})
"""The marks that stand between a field and its value."""


class Kind(StrEnum):
    """What a token is."""

    MARK = "mark"
    WORD = "word"
    QUOTED = "quoted"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a filter; `column` is where it begins, counted from 1."""

    kind: Kind
    text: str
    column: int

    @property
    def shown(self) -> str:
        """The token as an error names it."""
        return "the end" if self.kind is Kind.END else f"«{self.text}»"

    @property
    def is_comparison(self) -> bool:
        """Whether it is one of the marks between a field and its value."""
        return self.kind is Kind.MARK and self.text in MARKS


class FilterError(BadInput):
    """A filter that cannot be understood; `column` (from 1) is where, and the message shows it with a caret below."""

    has_lines = True

    def __init__(self, text: str, column: int, why: str, *, mend: str = "") -> None:
        shown, caret = _window(text, column)
        place = f"The filter cannot be read at column {column}: {why}.\n  {shown}\n  {caret}"
        super().__init__(f"{place}\n" if mend else place, mend=mend)
        self.column = column


def tokens_of(text: str) -> list[Token]:
    """Cut a filter into tokens, the last of them `END`; raise `FilterError` for a quotation that does not close."""
    tokens, at = [], 0
    while True:
        found = _TOKEN.match(text, at)
        assert found is not None  # the alternatives cover every character
        group = found.lastgroup or "end"
        column, at = found.start(group) + 1, found.end()
        if group == "opening":
            quoted, at = _quoted(text, found[group], at)
            tokens.append(Token(Kind.QUOTED, quoted, column))
        elif group == "closing":
            raise FilterError(text, column, "this quotation was never opened")
        else:
            tokens.append(Token(Kind(group), found[group], column))
        if group == "end":
            return tokens


def quote(text: str) -> str:
    """`text` as a filter may hold it, whatever its characters."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _quoted(text: str, opening: str, start: int) -> tuple[str, int]:
    """The text from `start` to the closing quote, and where the rest begins; `\\` takes the next character as it is."""
    found: list[str] = []
    at = start
    while at < len(text):
        char = text[at]
        if char == _CLOSING[opening]:
            # French spaces its quotation marks.
            return "".join(found).strip() if opening == "«" else "".join(found), at + 1
        if char == "\\" and at + 1 < len(text):
            at += 1
            char = text[at]
        found.append(char)
        at += 1
    raise FilterError(text, start, "this quotation is never closed", mend=f"Add a «{_CLOSING[opening]}».")


def _window(text: str, column: int) -> tuple[str, str]:
    """The part of `text` around a column, on one line, and a caret under it."""
    line = re.sub(r"\s", " ", text)
    start = max(0, column - _BEFORE)
    shown = line[start : start + _WIDTH]
    before, after = "…" if start else "", "…" if start + _WIDTH < len(line) else ""
    return before + shown + after, " " * (len(before) + column - 1 - start) + "^"

"""How many columns a text takes in a fixed-width reader, and where its lines may be broken."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

# Chinese and Japanese rules of line breaking (UAX #14): what may not begin a line, and what may not end one.
_NEVER_FIRST = frozenset(
    "、。，．・：；？！）］｝〕〉》」』】〙〗〟’”ー々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ,.!?;:)]}…‥％℃"
)
_NEVER_LAST = frozenset("（［｛〔〈《「『【〘〖〝‘“([{￥＄£")
_GLUE = frozenset("\u00a0\u202f\u2060\u200d")


def display_width(text: str) -> int:
    """The columns `text` takes: two for a wide letter of East Asia or an emoji, none for a mark upon another letter."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def pad(text: str, columns: int, *, align: str = "left") -> str:
    """`text` filled up with blanks to `columns`; `align` is "left", "right" or "center"."""
    missing = max(0, columns - display_width(text))
    before = missing if align == "right" else missing // 2 if align == "center" else 0
    return " " * before + text + " " * (missing - before)


def break_line(line: str, columns: int) -> list[str]:
    """One line as lines of at most `columns`, broken at plain blanks and between letters of scripts without blanks.

    A piece that is too long by itself, such as a URL, stands whole on a line of its own. No-break spaces hold.
    """
    lines: list[str] = []
    now, taken = "", 0
    for blank, piece in _pieces(line):
        size = display_width(piece)
        if now and taken + len(blank) + size > columns:
            lines.append(now)
            now, taken = piece, size
        else:
            now, taken = now + blank + piece, taken + len(blank) + size
    return [*lines, now] if now else lines


def _width(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def _pieces(line: str) -> Iterator[tuple[str, str]]:
    """What may not be broken, each with the blank before it."""
    blank = ""
    for number, word in enumerate(line.split(" ")):
        blank += " " if number else ""
        for piece in _unbroken(word):
            yield blank, piece
            blank = ""


def _unbroken(word: str) -> Iterator[str]:
    """A word cut wherever a line may end between two wide letters, or beside one."""
    start = 0
    for at in range(1, 0 if word.isascii() else len(word)):
        before, after = word[at - 1], word[at]
        if (_is_ideographic(before) or _is_ideographic(after)) and not (
            after in _NEVER_FIRST or before in _NEVER_LAST or _width(after) == 0 or before in _GLUE or after in _GLUE
        ):
            yield word[start:at]
            start = at
    if word:
        yield word[start:]


def _is_ideographic(char: str) -> bool:
    """Whether a line may end beside it without a blank. Korean is wide too, but has blanks between its words."""
    return char >= "\u2e80" and unicodedata.east_asian_width(char) in {"W", "F"} and not "\uac00" <= char <= "\ud7a3"

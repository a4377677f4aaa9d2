"""Plain paragraphs to Markdown that renders as the text reads: wrapped lines joined, bullets kept, signs escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from distributor.releases.readers.sheet import Block

_WIDE = 100  # nobody wraps by hand beyond this: each line of such a text is a paragraph, unless a sentence goes on
_UNFINISHED = re.compile(r".{60}[\w,’'-]\s*$")
_WRAPPED = 45
_BULLET = re.compile(r"^\s*(?P<sign>[•▪●◦‣·■□➢➤►✓✔]|[-–—*](?=\s)|o(?=\t))\s*(?P<text>\S.*)$")
_ALWAYS_BULLETS = frozenset("•▪●◦‣■□➢➤►✓✔")
_GAP = re.compile(r"\s*\t\s*|\s{3,}")
_COLUMNS = 3  # so many make a table; two may be a line and its date
_NUMBERED = re.compile(r"^\s*(?P<sign>\d{1,2})[.)]\s+(?P<text>\S.*)$")
_RULE = re.compile(r"^\s*(?P<sign>[-_=*~–—])(?:\s?(?P=sign)){2,}\s*$")
_KEPT = re.compile(
    r"(?P<bold>\*\*(?=[^\s*])[^*]+(?<=[^\s*])\*\*)"
    r"|(?P<link>\[[^\[\]]+\]\((?:https?://|mailto:)[^()\s<>]+\))"
    r"|(?P<auto><(?:https?://|mailto:)[^<>\s]+>)"
    r"|(?P<url>\bhttps?://[^\s<>*`\\]+)"
)
_SIGNS = re.compile(r"[\\`*<\[\]~]|(?<!\w)_|_(?!\w)|&(?=#?\w+;)|!(?=\[)")
_LINE_START = re.compile(
    r"^(?:(?P<mark>#{1,6}(?=\s|$)|>|\+(?=\s|$)|-(?=\s|$)|=+\s*$|-+\s*$)|(?P<number>\d{1,9})(?P<dot>[.)])(?=\s|$))"
)


def to_markdown(blocks: Iterable[Block]) -> str:
    """The blocks of a plain text as CommonMark paragraphs and lists.

    Bold and links that the author wrote as Markdown are kept; every other sign that Markdown would eat is escaped.
    """
    parts: list[str] = []
    for block in blocks:
        parts.extend(_block_parts([line.text for line in block]))
    return "\n\n".join(parts)


def join_wrapped(rows: Sequence[str]) -> str:
    """Lines of one paragraph as one line; a compound parted at its hyphen («vice-/président») is closed up."""
    text = ""
    for row in (row.strip() for row in rows):
        closed = re.search(r"[^\W\d_]-$", text) and row[:1].islower()
        text = f"{text}{row}" if not text or closed else f"{text} {row}"
    return text


def _block_parts(rows: Sequence[str]) -> list[str]:
    """The Markdown paragraphs, lists, tables and rules that one block makes."""
    if found := _find_table(rows):
        start, cells = found
        above, below = rows[:start], rows[start + len(cells) :]
        return [*(_block_parts(above) if above else []), _table_part(cells), *(_block_parts(below) if below else [])]
    signs = [(match["sign"] if (match := _BULLET.match(row)) and not _RULE.match(row) else "") for row in rows]
    # A lone dash or star may open a quotation or a footnote; two of them, or one after a colon, are a list.
    listed = sum(bool(sign) for sign in signs) > 1 or any(sign in _ALWAYS_BULLETS for sign in signs if sign)
    if numbers := _list_numbers(rows):
        signs = [number or sign for number, sign in zip(numbers, signs, strict=True)]
        listed = True
    parts: list[str] = []
    prose: list[str] = []
    items: list[list[str]] = []
    for position, (row, sign) in enumerate(zip(rows, signs, strict=True)):
        introduced = bool(prose) and prose[-1].rstrip().endswith(":") and position > 0
        if _RULE.match(row):
            parts.extend([*_prose_parts(prose), *_list_part(items), "* * *"])
            prose, items = [], []
        elif sign and (listed or introduced or items):
            parts.extend(_prose_parts(prose))
            prose = []
            match = (_NUMBERED if sign.isdigit() else _BULLET).match(row)
            assert match
            if items and (sign.isdigit() != items[-1][0][:1].isdigit()):
                parts.extend(_list_part(items))
                items = []
            items.append([f"{sign}. " if sign.isdigit() else "- ", match["text"]])
        elif items and (row[:1].isspace() or len(items[-1][-1]) >= _WRAPPED):
            items[-1].append(row)
        else:
            parts.extend(_list_part(items))
            items = []
            prose.append(row)
    return [*parts, *_prose_parts(prose), *_list_part(items)]


def _find_table(rows: Sequence[str]) -> tuple[int, list[list[str]]] | None:
    """The first rows that are set in columns by wide gaps: where they start, and their cells; None without any."""
    cells = [_GAP.split(row.strip()) for row in rows]
    for start, first in enumerate(cells):
        is_cornered = len(first) > 1 and bool(_GAP.match(rows[start]))  # nothing stands over the first column
        width = len(cells[start + 1]) if is_cornered and start + 1 < len(cells) else len(first)
        end = next((at for at in range(start + 1, len(cells)) if len(cells[at]) != width), len(cells))
        run = cells[start + 1 : end]
        if width < _COLUMNS or not run or len(first) not in {width, width - is_cornered}:
            continue
        return start, [[""] * (width - len(first)) + first, *run]
    return None


def _table_part(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(_escape(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def _list_numbers(rows: Sequence[str]) -> list[str]:
    """The number that each row begins with, "" for none; nothing where they do not count 1, 2, 3, as a list does."""
    found = [match["sign"] if (match := _NUMBERED.match(row)) else "" for row in rows]
    counted = [int(number) for number in found if number]
    return found if len(counted) > 1 and counted == list(range(1, len(counted) + 1)) else []


def _prose_parts(rows: Sequence[str]) -> list[str]:
    if not rows:
        return []
    if max(len(row) for row in rows) > _WIDE:
        whole: list[list[str]] = []
        for row in rows:
            if whole and row.strip()[:1].islower() and _UNFINISHED.search(whole[-1][-1]):
                whole[-1].append(row)
            else:
                whole.append([row])
        return [_escape(join_wrapped(one)) for one in whole]
    lines: list[list[str]] = []
    width = max(len(row) for row in rows)
    for row in rows:
        fits = lines and len(lines[-1][-1].strip()) + 1 + len(row.split()[0]) <= width
        if lines and not (fits and len(lines[-1][-1].strip()) < _WRAPPED):
            lines[-1].append(row)
        else:
            lines.append([row])
    if width < _WRAPPED:  # verse, an address, a programme: the breaks are the author's
        lines = [[row] for row in rows]
    return ["\\\n".join(_escape(join_wrapped(line)) for line in lines)]


def _list_part(items: Sequence[Sequence[str]]) -> list[str]:
    return ["\n".join(f"{sign}{_escape(join_wrapped(item))}" for sign, *item in items)] if items else []


def _escape(text: str) -> str:
    """One line of plain text as CommonMark inline text that renders as the same characters."""
    pieces: list[str] = []
    last = 0
    for kept in _KEPT.finditer(text):
        pieces.append(escape_signs(text[last : kept.start()]))
        inner = kept["bold"]
        pieces.append(f"**{escape_signs(inner[2:-2])}**" if inner else kept[0])
        last = kept.end()
    pieces.append(escape_signs(text[last:]))
    return escape_start("".join(pieces))


def escape_signs(text: str) -> str:
    """Text without any sign that CommonMark would take for a mark inside a line."""
    return _SIGNS.sub(r"\\\g<0>", text)


def escape_start(text: str) -> str:
    """A line that CommonMark does not take for a heading, a quotation or an item of a list."""
    return _LINE_START.sub(_escape_start, text)


def _escape_start(match: re.Match[str]) -> str:
    if match["number"]:
        return f"{match['number']}\\{match['dot']}"
    return f"\\{match[0]}"

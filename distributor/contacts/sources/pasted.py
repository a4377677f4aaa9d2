"""A list of recipients as it is copied out of a mail program: «Anne Martin <anne@journal.example>; luc@…», no table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from distributor.addresses import BadAddress
from distributor.contacts.cleaning.mailboxes import read_address_cell
from distributor.contacts.cleaning.particulars import field_of
from distributor.folding import fold

_LABEL = re.compile(r"\s*(?:[àa]|to|cc|cci|bcc|an|pour)\s*:\s*", re.IGNORECASE)
_PIECES = {mark: re.compile(rf'(?:"[^"\n]*+"|<[^<>\n]*+>|[^{mark}"<\n]|["<])+') for mark in ";,"}
_BULLET = re.compile(r"\s*[-–—•·*]\s+")
_CELLS = re.compile(r"[;\t|]")
_MAX_CHARACTERS = 500_000
_MAX_AROUND = 12  # lines of greeting or signature; more is no word around a list


@dataclass(frozen=True, slots=True)
class Pasted:
    """Recipients: the addresses of each with their line; and the lines around them that were passed over."""

    people: tuple[tuple[int, str], ...]
    around: tuple[tuple[int, str], ...]


def read_pasted(text: str) -> Pasted | None:
    """The recipients, or None where the text is anything else.

    It is one only where every piece between semicolons (or commas) has an @ and nearly all are one address, with a name
    or without, and where the lines are no rows of a table: several on a line, and not as many on each, or with names of
    their own; or one on a line, under a greeting or behind a bullet. A greeting above and a signature below are passed
    over, unless they might be a table's title and its columns.
    """
    if text.count("@") < 2 or len(text) > _MAX_CHARACTERS:
        return None
    pieces = _PIECES[";" if ";" in re.sub(r'"[^"\n]*"', "", text) else ","]
    lines, around = _without_around(text.split("\n"))
    found: list[tuple[int, str, str]] = []
    bad = 0
    for line, piece in _split(lines, pieces):
        name = _name_around(piece)
        bad += name is None
        if "@" not in piece or bad * 3 > len(found) + 3:  # a slip is rejected by itself, with its line
            return None
        found.append((line, piece, name or ""))
    if bad * 3 > len(found):
        return None
    numbers = [line for line, _, _ in found]
    counts = {numbers.count(line) for line in set(numbers)} if len(set(numbers)) < 1000 else {1}
    is_table = len(set(numbers)) > 1 and len(counts) == 1 and not any("<" in piece for _, piece, _ in found)
    is_marked = any(_BULLET.match(line) or _LABEL.match(line) for line in lines)
    if not is_marked and (is_table if counts != {1} else not around):
        return None
    return Pasted(tuple(_by_person(found)), tuple(around))


def _without_around(lines: Sequence[str]) -> tuple[list[str], list[tuple[int, str]]]:
    """The lines, blank where they are a greeting above the first address or a signature below the last; and those."""
    with_address = [number for number, line in enumerate(lines) if "@" in line]
    first, last = with_address[0], with_address[-1]
    outside = [at for at in (*range(first), *range(last + 1, len(lines))) if lines[at].strip()]
    if len(outside) > _MAX_AROUND or any(_may_name_columns(lines[at]) for at in outside):
        return list(lines), []
    kept = ["" if at in outside else line for at, line in enumerate(lines)]
    return kept, [(at + 1, lines[at].strip()) for at in outside]


def _may_name_columns(line: str) -> bool:
    return bool(_CELLS.search(line)) or any(field_of(cell) for cell in line.split(","))


def _by_person(pieces: Iterable[tuple[int, str, str]]) -> list[tuple[int, str]]:
    """Addresses under the very same name are one person's, and stand in one cell."""
    people: dict[str, tuple[int, str]] = {}
    for line, piece, name in pieces:
        who = fold(name) or piece
        first = people.get(who)
        people[who] = (first[0], f"{first[1]}; {piece}") if first else (line, piece)
    return list(people.values())


def _split(lines: Iterable[str], pieces: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, start=1):
        bare = _BULLET.sub("", line, count=1) if _BULLET.match(line) else line
        for piece in pieces.findall(_LABEL.sub("", bare, count=1) if _LABEL.match(bare) else bare):
            if piece.strip():
                yield number, piece.strip()


def _name_around(piece: str) -> str | None:
    """The name around the one address of a piece, or ""; None where it is not one address."""
    try:
        found = read_address_cell(piece).found
    except BadAddress:
        return None
    return found[0][0] if len(found) == 1 else None

"""A list of recipients as it is copied out of a mail program: «Anne Martin <anne@journal.example>; luc@…», no table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from distributor.addresses import BadAddress
from distributor.contacts.cleaning.mailboxes import read_address_cell
from distributor.folding import fold

_LABEL = re.compile(r"\s*(?:[àa]|to|cc|cci|bcc|an|pour)\s*:\s*", re.IGNORECASE)
_PIECES = {mark: re.compile(rf'(?:"[^"\n]*+"|<[^<>\n]*+>|[^{mark}"<\n]|["<])+') for mark in ";,"}
_MAX_CHARACTERS = 500_000


def read_pasted(text: str) -> list[tuple[int, str]] | None:
    """The addresses of each recipient with their line, or None where the text is anything else.

    It is one only where every piece between semicolons (or commas) has an @ and nearly all are one address, with a name
    or without, and where the lines are no rows of a table: several on a line, and not as many on each, or with names of
    their own.
    """
    if text.count("@") < 2 or len(text) > _MAX_CHARACTERS:
        return None
    pieces = _PIECES[";" if ";" in re.sub(r'"[^"\n]*"', "", text) else ","]
    found: list[tuple[int, str, str]] = []
    bad = 0
    for line, piece in _split(text, pieces):
        name = _name_around(piece)
        bad += name is None
        if "@" not in piece or bad * 3 > len(found) + 3:  # a slip is rejected by itself, with its line
            return None
        found.append((line, piece, name or ""))
    if bad * 3 > len(found):
        return None
    lines = [line for line, _, _ in found]
    counts = {lines.count(line) for line in set(lines)} if len(set(lines)) < 1000 else {1}
    is_table = len(set(lines)) > 1 and len(counts) == 1 and not any("<" in piece for _, piece, _ in found)
    return None if counts == {1} or is_table else _by_person(found)


def _by_person(pieces: Iterable[tuple[int, str, str]]) -> list[tuple[int, str]]:
    """Addresses under the very same name are one person's, and stand in one cell."""
    people: dict[str, tuple[int, str]] = {}
    for line, piece, name in pieces:
        who = fold(name) or piece
        first = people.get(who)
        people[who] = (first[0], f"{first[1]}; {piece}") if first else (line, piece)
    return list(people.values())


def _split(text: str, pieces: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        for piece in pieces.findall(_LABEL.sub("", line, count=1) if _LABEL.match(line) else line):
            if piece.strip():
                yield number, piece.strip()


def _name_around(piece: str) -> str | None:
    """The name around the one address of a piece, or ""; None where it is not one address."""
    try:
        found = read_address_cell(piece).found
    except BadAddress:
        return None
    return found[0][0] if len(found) == 1 else None

"""Lists that are no table: recipients out of a mail program («Anne <anne@…>; luc@…»), lines out of a document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from distributor.addresses import BadAddress
from distributor.contacts.cleaning.mailboxes import read_address_cell
from distributor.contacts.cleaning.particulars import field_of
from distributor.folding import fold

_LABEL = re.compile(r"\s*(?:[àa]|to|cc|cci|bcc|an|pour)\s*:\s*", re.IGNORECASE)
_PIECES = {mark: re.compile(rf'(?:"[^"\n]*+"|<[^<>\n]*+>|[^{mark}"<\n]|["<])+') for mark in ";,"}
_BULLET = re.compile(r"\s*(?:[-–—•·*]|\d{1,3}[.)])\s+")
_CELLS = re.compile(r"[;\t|]")
_FIRST_NAME = re.compile(r"\s*\"?([^\W\d_]+(?:-[^\W\d_]+)*)\"?\s*<[^<>]+>\s*")  # behind «Martin,»
_LETTERHEAD = re.compile(
    r"\s*(?:de|from|von|envoy[ée](?: (?:le|par))?|sent|gesendet|date|objet|subject|betreff|r[ée]pondre [àa]|reply-to"
    r"|importance)\s*:.*",
    re.IGNORECASE,
)
"""What a mail program writes above a message besides its recipients; whoever it is from is none of them."""
_NUMBER = re.compile(r"\+?[\d .()/-]{8,24}")
_NAMED = re.compile(
    r"^(?:e-?mail|mail|courriel|t[ée]l(?:[ée]phone)?|portable|mobile|phone|fixe)\s*\.?\s*:\s*", re.IGNORECASE
)
"""What stands before an address or a number on a line of its own."""
_APART = tuple(map(re.compile, (r"\t+", r" *; *", r" +[–—|] +| +- +", r" {2,}", r" : ", r" / ", r", *", r" +(?=\S+@)")))
_IN_ANGLES = re.compile(r"[ ,;:–—-]*[<\[(]\s*([^\s<>()\[\]@]+@[^\s<>()\[\]@]+)\s*[>\])][ ,;]*")
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
    their own; or one on a line, under a greeting or behind a bullet, or as «Martin, Anne <…>». A greeting above and a
    signature below are passed over, unless they might be a table's title and its columns; so is what a mail program
    writes above a message besides its recipients.
    """
    if text.count("@") < 2 or len(text) > _MAX_CHARACTERS:
        return None
    mark = ";" if ";" in re.sub(r'"[^"\n]*"', "", text) else ","
    lines, letterhead = _without_letterhead(text.split("\n"))
    lines, around = _without_around(lines)
    found: list[tuple[int, str, str]] = []
    bad = 0
    for line, piece in _split(lines, mark):
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
    is_marked |= any("," in name for _, _, name in found)
    if not is_marked and (is_table if counts != {1} else not around):
        return None
    return Pasted(tuple(_by_person(found)), tuple(sorted((*letterhead, *around))))


def as_table(text: str) -> str | None:
    """The lines of a document as the rows of a table, tabulations between its cells; None where they are no rows.

    «- Anne, Le Goff, Ouest-Courrier <anne@…>», «• Anne Le Goff – Ouest-Courrier – anne@… – 02 98…»: bullets are taken
    off, an address in brackets is a cell of its own, and the rest is split by that sign which puts the address of every
    line in the same place, among the most cells. Lines without an address are titles and stay, or name the columns.
    Blocks between blank lines, of outlet, name and address each on a line, are a row each where they are all alike.
    """
    if text.count("@") < 2 or len(text) > _MAX_CHARACTERS:
        return None
    if (blocks := _blocks_as_rows(text.split("\n"))) is not None:
        return blocks
    lines = [_without(_BULLET, line).strip() for line in text.split("\n")]
    marked = [_IN_ANGLES.sub("\0\\1\0", line) for line in lines if "@" in line]
    narrowest, apart = max(((_narrowest(marked, apart), apart) for apart in _APART), key=lambda one: one[0])
    if narrowest < 2:
        return None
    rows = iter([_cells(line, apart) for line in marked])
    widest = max(len(_cells(line, apart)) for line in marked)
    table = []
    for line in lines:
        cells = next(rows) if "@" in line else _cells(line, apart)
        table.append("\t".join(cells) if "@" in line or len(cells) == widest else " ".join(line.split()))
    return "\n".join(table)


def _blocks_as_rows(lines: Sequence[str]) -> str | None:
    """Each block of lines as a row, on its first line: the words, the address, the numbers. A title between two stays.

    None where one has not just one address, on a line of its own, and as many lines of words as every other.
    """
    rows = [""] * len(lines)
    widths = set()
    for is_blank, block in groupby(enumerate(lines), key=lambda one: not one[1].strip()):
        if is_blank:
            continue
        first, *_ = numbered = list(block)
        cells = [_NAMED.sub("", line.strip(), count=1) for _, line in numbered]
        addresses, numbers = [one for one in cells if "@" in one], [one for one in cells if _NUMBER.fullmatch(one)]
        words = [one for one in cells if one not in addresses and one not in numbers]
        if len(addresses) != (len(cells) > 1) or any(map(_CELLS.search, cells)):
            return None
        if addresses:
            if _name_around(addresses[0]) is None:
                return None
            widths.add(len(words))
        rows[first[0]] = "\t".join((*words, *addresses, *numbers))
    return "\n".join(rows) if len(widths) == 1 and 0 not in widths else None


def _cells(line: str, apart: re.Pattern[str]) -> list[str]:
    return [cell.strip() for cell in apart.sub("\0", line).strip("\0 ").split("\0")]


def _narrowest(lines: Sequence[str], apart: re.Pattern[str]) -> int:
    """The cells of the line that has the fewest, 0 where the addresses do not stand in one column."""
    rows = [_cells(line, apart) for line in lines]
    places = {tuple(at for at, cell in enumerate(cells) if "@" in cell) for cells in rows}
    return min(map(len, rows)) if len(places) == 1 and len(places.pop()) == 1 else 0


def has_bullets(text: str) -> bool:
    """Whether every line with an address begins with a bullet."""
    return all(_BULLET.match(line) for line in text.split("\n") if "@" in line)


def _without_letterhead(lines: Sequence[str]) -> tuple[list[str], list[tuple[int, str]]]:
    """The lines of a message's head, blank where they name no recipients («De :», «Objet :»); and those."""
    if not any("@" in line and _LABEL.match(line) for line in lines):
        return list(lines), []
    kept = ["" if _LETTERHEAD.fullmatch(line) else line for line in lines]
    return kept, [(at, line.strip()) for at, line in enumerate(lines, start=1) if _LETTERHEAD.fullmatch(line)]


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


def _without(start: re.Pattern[str], line: str) -> str:
    found = start.match(line)
    return line[found.end() :] if found else line


def _split(lines: Iterable[str], mark: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, start=1):
        bare = _without(_LABEL, _without(_BULLET, line))
        before = ""
        for piece in filter(None, map(str.strip, _PIECES[mark].findall(bare))):
            if before and _FIRST_NAME.fullmatch(piece):  # «Martin, Anne <…>», the comma of which is in the name
                first, _, address = piece.partition("<")
                yield number, f'"{before}, {first.strip()}" <{address}'
                before = ""
                continue
            if before:
                yield number, before
            before = piece if mark == "," and "@" not in piece else ""
            if not before:
                yield number, piece
        if before:
            yield number, before


def _name_around(piece: str) -> str | None:
    """The name around the one address of a piece, or ""; None where it is not one address."""
    try:
        found = read_address_cell(piece).found
    except BadAddress:
        return None
    return found[0][0] if len(found) == 1 else None

"""Which lines of a release are its press contact: from a heading to the last line with a number or an address."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from distributor.releases.readers import marks
from distributor.releases.readers.contactblock import has_details, is_clean_block, read_contacts
from distributor.releases.readers.datelines import read_dateline
from distributor.releases.readers.people import Part, classify
from distributor.releases.readers.reading import Reading
from distributor.releases.readers.sheet import Block, Line

_LABEL = "the press contact"
_REACH = 4  # how many short blocks may stand between two that hold contact details


def take_contacts(reading: Reading) -> None:
    """Take every contact block; in Markdown only one that nothing but a dateline, an end or «À propos» follows."""
    while zone := _next_zone(reading):
        read_zone(reading, zone)
    blocks = reading.sheet.blocks()
    if not (reading.found.contacts or reading.is_markdown) and len(blocks) > 1 and is_clean_block(blocks[-1]):
        read_zone(reading, blocks[-1])


def top_zone(blocks: Sequence[Block], line: Line) -> Sequence[Line]:
    """The contact block that begins with `line`, the first of the text; empty when there is none."""
    rest = marks.contact_heading(line.bare)
    if rest is None:
        return ()
    zone = blocks[0]
    if len(zone) == 1 and not rest and len(blocks) > 1:
        zone += blocks[1]
    return () if any(_is_prose(one) for one in zone) or not _has_details(zone) else zone


def read_zone(reading: Reading, zone: Sequence[Line]) -> None:
    """Read the lines of a contact block into the contacts found, and take them."""
    lines = []
    for line in zone:
        rest = marks.contact_heading(line.bare)
        is_heading = line == zone[0] or ":" in line.text
        if rest is None or not is_heading:  # lower down, «Service de presse» says who somebody is
            lines.append(line)
        elif rest:
            lines.append(Line(line.number, _tail_of(line.text, rest)))
    block = read_contacts(_one_below_the_other(lines))
    found = reading.found
    found.lines.setdefault("contacts", zone[0].number)
    found.contacts += block.contacts
    found.notes += block.notes
    found.remarks.extend(block.remarks)
    for note in block.notes:
        reading.remark(zone[0].number, f"Not recognised in the press contact, and kept beside it: «{note}».")
    reading.sheet.take(zone, _LABEL)


def _one_below_the_other(lines: Sequence[Line]) -> list[Line]:
    """Lines whose contacts stand side by side, each with an address, as the lines of the first and then of the next."""
    rows = [marks.COLUMNS.split(line.text.strip()) for line in lines]
    if not any(sum("@" in cell for cell in row) > 1 for row in rows):
        return list(lines)
    return [
        Line(line.number, row[at])
        for at in range(max(map(len, rows)))
        for line, row in zip(lines, rows, strict=True)
        if at < len(row)
    ]


def _next_zone(reading: Reading) -> Sequence[Line]:
    blocks = reading.sheet.blocks()
    for position, block in enumerate(blocks):
        for offset, line in enumerate(block):
            if marks.contact_heading(line.bare) is None or line.text.lstrip().startswith("- ") or _is_prose(line):
                continue
            zone, last = _zone_from(blocks, position, offset)
            is_followed = not all(map(_is_tail, takewhile(_is_no_boilerplate, blocks[last + 1 :])))
            if (_has_details(zone) or _names_somebody(line)) and not (reading.is_markdown and is_followed):
                return zone
    return ()


def _zone_from(blocks: Sequence[Block], position: int, offset: int) -> tuple[list[Line], int]:
    """The lines of a contact block whose heading stands at `offset` of a block, and the number of its last block."""
    zone: list[Line] = []
    for line in blocks[position][offset:]:
        if zone and (_is_prose(line) or read_dateline(line.text) or marks.boilerplate_heading(line.bare)):
            return zone, position
        zone.append(line)
    last = position
    waiting: list[Line] = []
    for reach, block in enumerate(blocks[position + 1 :], start=position + 1):
        is_over = any(_is_prose(line) for line in block) or marks.boilerplate_heading(block[0].bare)
        is_next = marks.contact_heading(block[0].bare) is not None and _has_details(zone)
        if reach - last > _REACH or is_over or is_next:
            break
        lines = [line for line in block if not read_dateline(line.text)]
        waiting += lines
        if _has_details(lines):
            zone, waiting, last = zone + waiting, [], reach
        if len(lines) < len(block):  # a dateline closes the release
            break
    return zone, last


def _has_details(lines: Sequence[Line]) -> bool:
    return has_details("\n".join(line.text for line in lines))


def _names_somebody(line: Line) -> bool:
    rest = marks.contact_heading(line.bare)
    return rest is not None and ":" in line.text and classify(rest) is Part.NAME


def _is_prose(line: Line) -> bool:
    """Whether a line is a sentence of the text rather than a line of a contact block."""
    count = len(line.text.split())
    if has_details(line.text):
        return count > 40 or len(line.text) > 400
    return len(line.text) > 110 or (count > 10 and line.text.rstrip().endswith((".", "!", "?", "»", ":")))


def _is_tail(block: Block) -> bool:
    """Whether nothing of the release's own text is in a block: only a dateline, or signs."""
    return all(read_dateline(line.text) or not any(map(str.isalnum, line.text)) for line in block)


def _is_no_boilerplate(block: Block) -> bool:
    """Whether a block does not begin «À propos de …»."""
    return not marks.boilerplate_heading(block[0].bare)


def _tail_of(text: str, rest: str) -> str:
    """The end of a source line that begins where `rest` (the same without emphasis) does."""
    start = text.rfind(rest)
    return text[start:] if start >= 0 else rest

"""What stands below the text: boilerplate, signature, closing dateline, end marks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from distributor.releases.draft import Signatory
from distributor.releases.readers import marks
from distributor.releases.readers.datelines import read_dateline
from distributor.releases.readers.paragraphs import to_markdown
from distributor.releases.readers.people import Part, classify, read_person
from distributor.releases.readers.reading import Reading
from distributor.releases.readers.sheet import Block, Line, bare
from distributor.releases.readers.top import DATELINE

_END, _ABOUT, _SIGNED = "the end mark", "the boilerplate", "the signature"
_A_FOOT, _LONGEST_HEAD = 2, 100  # lines, signs
_A_SIGNATURE = 9  # lines, the mark included
_PIECES = re.compile(r"\s+[–—-]\s+|,|\s*:\s+")
_ARTICLE = re.compile(r"^(?:pour\s+)?(?:le|la|les|the|l['’]|for\s+the)\s*", re.IGNORECASE)


def take_end_marks(reading: Reading) -> None:
    """Take the lines that only say that the release ends."""
    reading.sheet.take([line for line in reading.sheet.lines() if marks.is_end_mark(line.text)], _END)


def take_mail_signature(reading: Reading) -> None:
    """Take what stands below the «-- » that mail programs set above a signature (RFC 3676 §4.3), at the very end."""
    lines = reading.sheet.lines()
    marked = [at for at, line in enumerate(lines) if marks.is_signature_mark(line.text)]
    if marked and 0 < len(lines) - marked[-1] <= _A_SIGNATURE and marked[-1] > 0:
        reading.sheet.take(lines[marked[-1] :], "the signature of a mail")


def take_page_numbers(reading: Reading) -> None:
    """Take the numbers that end a PDF's pages, mere figures if they count from 1, and the head of the next page."""
    alone = [line for block in reading.sheet.blocks() if len(block) <= _A_FOOT for line in block]
    numbers = [line for line in alone if marks.is_page_number(line.text)]
    figures = [line for line in alone if line.bare.isdecimal()]
    if [line.bare for line in figures] == [str(number) for number in range(1, len(figures) + 1)] and len(figures) > 1:
        numbers += figures
    following = filter(None, map(reading.after, numbers))
    heads = [line for line in following if marks.kicker(line.bare) and len(line.bare) <= _LONGEST_HEAD]
    reading.sheet.take({line.number: line for line in (*numbers, *heads)}.values(), "the edge of a page")


def take_boilerplate(reading: Reading) -> None:
    """Take «À propos de …» up to the next part of another sort; several of them are one boilerplate."""
    blocks = reading.sheet.blocks()
    parts: list[Block] = []
    for position, block in enumerate(blocks[1:], start=1):
        opens = _opens_boilerplate(block, is_last=position == len(blocks) - 1)
        if opens or (parts and not _is_other_part(block)):
            parts.append(block)
        elif parts:
            break
    if not parts:
        return
    to_text = _rich_text if reading.is_rich else to_markdown
    reading.found.boilerplate = "\n\n".join(_boilerplate_text(block, to_text) for block in parts)
    reading.found.lines["boilerplate"] = parts[0][0].number
    for block in parts:
        reading.sheet.take(block, _ABOUT)


def take_tail(reading: Reading) -> None:
    """Take dateline and signature from the end, in whichever order they stand."""
    for _ in range(3):
        blocks = [block for block in reading.sheet.blocks() if not marks.is_enclosure(block[0].bare)]
        if len(blocks) < 2 or not (_tail_dateline(reading, blocks[-1]) or _tail_signature(reading, blocks)):
            return


def _opens_boilerplate(block: Block, *, is_last: bool) -> bool:
    """Whether a block begins with an «À propos» heading that has text: behind it, below it, or in the next block."""
    heading = marks.boilerplate_heading(block[0].bare)
    return heading is not None and (bool(heading[1]) or len(block) > 1 or not is_last)


def _is_other_part(block: Block) -> bool:
    is_contact = marks.contact_heading(block[0].bare) is not None
    return is_contact or read_dateline(block[-1].text) is not None or _signature(block) is not None


def _rich_text(blocks: Iterable[Block]) -> str:
    """Blocks that are Markdown already, as they stand."""
    return "\n\n".join("\n".join(line.text for line in block) for block in blocks)


def _boilerplate_text(block: Block, to_text: Callable[[Iterable[Block]], str]) -> str:
    """A block as Markdown, its «À propos» heading in bold on a line of its own."""
    heading = marks.boilerplate_heading(block[0].bare)
    if heading is None:
        return to_text([block])
    title, rest = heading
    number = block[0].number
    following = ((Line(number, rest),) if rest else ()) + block[1:]
    return to_text([(Line(number, f"**{title}**"),), *([following] if following else [])])


def _tail_dateline(reading: Reading, block: Block) -> bool:
    for line in (block[-1], block[0]) if len(block) <= 4 else (block[-1],):
        dateline = read_dateline(line.text)
        if reading.takes_dateline(dateline):
            reading.set_dateline(dateline, line.number)
            reading.sheet.take([line], DATELINE)
            return True
    return False


def _tail_signature(reading: Reading, blocks: list[Block]) -> bool:
    """Take a name and a role at the end: in one block, or each in a paragraph of its own, as Word sets them."""
    found = reading.found
    if reading.is_markdown or not reading.wants("signatory") or found.signatory.name:
        return False
    block = blocks[-1]
    person = _signature(block)
    if person is None and len(blocks) > 2 and len(blocks[-2]) == len(block) == 1:
        block = blocks[-2] + block
        person = _signature(block)
    if person is None:
        return False
    found.signatory = Signatory(*person)
    found.lines["signatory"] = block[0].number
    reading.sheet.take(block, _SIGNED)
    return True


def _signature(block: Block) -> tuple[str, str, str] | None:
    """(name, role, sector) when a short block is a signature and nothing else."""
    if len(block) > 4 or sum(len(line.text) for line in block) > 240:
        return None
    trimmed = (bare(piece).strip(" ,:.") for line in block for piece in _PIECES.split(line.bare))
    pieces = [_without_article(piece) for piece in trimmed if piece]
    return read_person(pieces) if len(pieces) >= 2 else None


def _without_article(piece: str) -> str:
    """«Le secrétaire général» as a role: «Secrétaire général»; «Pour la fédération»: «Fédération»."""
    rest = _ARTICLE.sub("", piece)
    if rest == piece or classify(rest) not in {Part.ROLE, Part.SECTOR}:
        return piece
    return rest[:1].upper() + rest[1:]

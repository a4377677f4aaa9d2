"""A release's parts recognised in its text, as press offices write it: from the top, from the end, around the body."""

from __future__ import annotations

import re
from datetime import date
from zoneinfo import ZoneInfo

from distributor.errors import BadInput
from distributor.releases.draft import Signatory
from distributor.releases.readers import marks
from distributor.releases.readers.contactzone import take_contacts
from distributor.releases.readers.datelines import Dateline, open_dateline, read_dateline
from distributor.releases.readers.embargo import is_notice, read_embargo
from distributor.releases.readers.ending import (
    take_boilerplate,
    take_end_marks,
    take_mail_signature,
    take_page_numbers,
    take_tail,
)
from distributor.releases.readers.paragraphs import join_wrapped
from distributor.releases.readers.reading import Reading
from distributor.releases.readers.sheet import Block, Line, bare
from distributor.releases.readers.top import (
    DATELINE,
    dateline_line,
    kicker_line,
    take_below_headline,
    take_embargo_around,
    take_stray_embargo,
    take_top,
)

_MAX_HEADLINE = 300
_LONGEST_WITH_A_STOP = 160
_NEXT_SENTENCE = re.compile(r"[^\W\d_]{3}\. [A-ZÀ-ÖØ-Þ«]")
_ALL_BOLD = re.compile(r"\*\*[^*]+\*\*")
_NEAR_TOP = 5  # lines
_HEADLINE, _STANDFIRST, _TEXT_LABEL = "the headline", "the standfirst", "the label of the text"


def recognise(reading: Reading, *, zone: ZoneInfo, near: date | None, title: str = "") -> None:
    """Recognise every part that the front matter does not give; what is left on the sheet is the body.

    The order is from the outside inwards, so that each step sees a shorter text. `near` helps a date without its
    year; `title` is the front matter's headline. Raises `BadInput` for a headline that is running text, and for
    an embargo or dateline that names no moment.
    """
    take_end_marks(reading)
    if not reading.is_markdown:
        take_page_numbers(reading)
    take_top(reading)
    _take_headline(reading, title)
    take_below_headline(reading)
    take_stray_embargo(reading)
    take_embargo_around(reading)
    if reading.wants("contact"):
        take_contacts(reading)
    if reading.wants("boilerplate") and not reading.is_markdown:
        take_boilerplate(reading)
    if reading.found.contacts and not reading.is_markdown:
        take_mail_signature(reading)
    take_tail(reading)
    if reading.wants("dateline"):
        _take_opening_dateline(reading)
    if reading.wants("standfirst") and not reading.is_markdown:
        _take_standfirst(reading)
        _take_text_label(reading)
    _settle_dates(reading, zone, near)
    _settle_signatory(reading)


def _take_headline(reading: Reading, title: str) -> None:
    if not reading.wants("headline"):
        _take_repeated_title(reading, title)
    elif reading.is_markdown or (reading.is_rich and _has_one_title(reading)):
        _take_first_heading(reading)
    elif blocks := reading.sheet.blocks():
        lines = _headline_lines(blocks[0])
        text = join_wrapped([line.bare for line in lines if any(map(str.isalnum, line.text))])
        headline = marks.cut_title_label(text)
        is_prose = headline == text and _is_prose(text)
        if len(text) > _MAX_HEADLINE or is_prose or open_dateline(lines[0].text):
            raise BadInput(
                "No headline was found: the first paragraph is running text.",
                mend="Put the headline on top, on a line of its own, with an empty line below it.",
                line=lines[0].number,
                field="headline",
            )
        _set_headline(reading, headline, lines)


def _is_prose(text: str) -> bool:
    """Whether it ends as a sentence does, and is longer than headlines that end so, or more than one sentence."""
    if not text.endswith(".") or text.endswith(".."):
        return False
    return len(text) > _LONGEST_WITH_A_STOP or _NEXT_SENTENCE.search(text) is not None


def _has_one_title(reading: Reading) -> bool:
    """Whether one line of the text, and near its top, is formatted as its title: of several they are its sections'."""
    places = [place for place, line in enumerate(reading.sheet.lines()) if line.text.startswith("# ")]
    return len(places) == 1 and places[0] <= _NEAR_TOP


def _headline_lines(block: Block) -> Block:
    """The first paragraph; its first line only where the file puts no blank line between paragraphs."""
    is_underlined = len(block) > 1 and not block[1].text.strip().strip("=-_~*")
    if is_underlined:
        return block[:2]
    is_one_line = len(block) > 4 or any(_is_below_headline(line) for line in block[1:])
    return block[:1] if is_one_line else block


def _is_below_headline(line: Line) -> bool:
    """Whether a line cannot be the second of a headline: the layout, not the width, broke it there."""
    text = line.text
    return len(text) > 110 or bool(open_dateline(text)) or bool(read_dateline(text)) or is_notice(text)


def _take_repeated_title(reading: Reading, title: str) -> None:
    """A text that opens with the title of its front matter would show it twice."""
    first = reading.first()
    if first and first.text.startswith("# ") and first.bare.casefold() == title.casefold():
        reading.sheet.take([first], _HEADLINE)


def _take_first_heading(reading: Reading) -> None:
    marks_of_headline: tuple[str, ...] = ("# ",)
    for line in reading.sheet.lines():
        if line.text.startswith(marks_of_headline) and line.bare.strip("# "):
            if kicker_line(reading, line):  # below a logo or a letterhead; the headline is the next heading
                marks_of_headline = ("# ", "## ")
                continue
            _set_headline(reading, line.bare.rstrip("# "), (line,))
            return
    block = next(iter(reading.sheet.blocks()), ())
    if len(block) == 1 and len(block[0].text) <= _MAX_HEADLINE and _ALL_BOLD.fullmatch(block[0].text):
        _set_headline(reading, block[0].bare, block)


def _set_headline(reading: Reading, text: str, lines: Block) -> None:
    reading.found.headline = text
    reading.found.lines["headline"] = lines[0].number
    reading.sheet.take(lines, _HEADLINE)


def _take_standfirst(reading: Reading) -> None:
    """Take the first paragraph only when it is marked as the standfirst: by its label, or all in bold."""
    blocks = reading.sheet.blocks()
    if len(blocks) < 2:
        return
    text = join_wrapped([line.text for line in blocks[0]])
    labelled = marks.cut_standfirst_label(bare(text))
    is_bold = len(text) > 80 and text.startswith("**") and text.endswith("**") and text.count("**") == 2
    if labelled or is_bold:
        above = reading.found.standfirst  # what the law wants read
        reading.found.standfirst = " – ".join(filter(None, (above, (labelled or text).strip("* "))))
        reading.found.lines["standfirst"] = blocks[0][0].number
        reading.sheet.take(blocks[0], _STANDFIRST)


def _take_text_label(reading: Reading) -> None:
    first = reading.first()
    if first and marks.is_text_label(first.bare) and reading.after(first):
        reading.sheet.take([first], _TEXT_LABEL)


def _take_opening_dateline(reading: Reading) -> None:
    """Take the dateline that opens the first or second paragraph, or stands alone between them."""
    blocks = reading.sheet.blocks()
    for block in blocks[:2]:
        line = block[0]
        if len(block) == 1 and len(blocks) > 1 and dateline_line(reading, line):
            return
        dateline, rest = open_dateline(line.text) or (None, "")
        if reading.takes_dateline(dateline):
            reading.set_dateline(dateline, line.number)
            reading.sheet.trim(line, rest, DATELINE)
            return


def _settle_dates(reading: Reading, zone: ZoneInfo, near: date | None) -> None:
    """Give dateline and embargo their years: each from the other where one lacks it, or from `near`."""
    found = reading.found
    dateline = found.dateline
    if dateline and dateline.found.year is not None:
        _settle_dateline(reading, dateline, None)
    for number, text in found.notices:
        _settle_embargo(reading, number, text, zone, found.dateline_date or near)
    if dateline and dateline.found.year is None:
        _settle_dateline(reading, dateline, found.embargo_until.date() if found.embargo_until else near)


def _settle_embargo(reading: Reading, number: int, text: str, zone: ZoneInfo, near: date | None) -> None:
    try:
        embargo = read_embargo(text, zone=zone, near=near)
    except BadInput as error:
        error.line, error.field = number, "embargo"
        raise
    found = reading.found
    if found.embargo_until not in {None, embargo.until}:
        raise BadInput(
            "Two embargoes of different times are announced.", mend="Keep one.", line=number, field="embargo"
        )
    found.embargo_until = embargo.until
    found.lines["embargo_until"] = number
    read_as = f"The embargo «{text}» is read as {embargo.until.isoformat()}."
    reading.remark(number, f"{read_as} {embargo.assumed}".rstrip())


def _settle_dateline(reading: Reading, dateline: Dateline, near: date | None) -> None:
    number = reading.found.lines["dateline_date"]
    written = dateline.found
    if written.year is None and near is None:
        reading.remark(number, "The dateline names no year, so its date is left empty.")
        return
    try:
        day = written.in_year() if near is None else written.nearest_to(near)
    except ValueError:
        raise BadInput(
            "The dateline's date does not exist.", mend="Correct the day or the month.", line=number, field="dateline"
        ) from None
    reading.found.dateline_date = day
    if written.year is None:
        reading.remark(number, f"The dateline names no year: {day.year} is taken.")
    if written.is_doubtful:
        reading.remark(number, f"The dateline is in figures only: read as {day.isoformat()}, day before month.")


def _settle_signatory(reading: Reading) -> None:
    """Where nobody signs a plain text, the first press contact with a role speaks."""
    found = reading.found
    if reading.is_markdown or not reading.wants("signatory") or found.signatory.name:
        return
    speaker = next((contact for contact in found.contacts if contact.name and contact.role), None)
    if speaker:
        found.signatory = Signatory(speaker.name, speaker.role, speaker.sector)
        number = found.lines["signatory"] = found.lines["contacts"]
        reading.remark(number, f"Nobody signs separately: the press contact «{speaker.name}» is taken as signatory.")

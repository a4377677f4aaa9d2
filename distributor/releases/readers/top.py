"""What stands above and just below a headline: notices, kind, embargo, dateline, a contact block."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import chain, takewhile

from distributor.releases.kinds import CORRECTING, ReleaseKind
from distributor.releases.readers import marks
from distributor.releases.readers.contactzone import read_zone, top_zone
from distributor.releases.readers.datelines import read_dateline
from distributor.releases.readers.dates import find_dates, is_month
from distributor.releases.readers.embargo import SENTENCES, is_notice, sentences_on_one
from distributor.releases.readers.letterhead import (
    LETTERHEAD,
    OF_AN_OFFICE,
    OF_DAY,
    PARTED,
    beyond_marks,
    company_line,
    dateline_of,
    kicker_behind,
    reads_as_headline,
    take_cosigners,
    take_letterhead,
)
from distributor.releases.readers.paragraphs import join_wrapped
from distributor.releases.readers.people import is_name
from distributor.releases.readers.reading import Reading
from distributor.releases.readers.sheet import Block, Line, bare

_NOTICE, DATELINE, _EMBARGO = "a notice on top", "the dateline", "the embargo"
_CHANGES, _MAIL, _GREETING = "what has changed", "the mail around it", "a greeting, in whose place is the message's own"
_AROUND = frozenset({_NOTICE, _MAIL, LETTERHEAD})
_CHANGES_LINES = 6
_MAIL_FIELD = re.compile(
    r"(?:de|from|envoy[ée]|sent|date|[àa]|to|cc|objet|subject|r[ée]pondre [àa]|reply-to|pi[èe]ces? jointes?"
    r"|attachments?)\s?:",
    re.IGNORECASE,
)
_FROM = re.compile(r"^(?:de|from)\s?:", re.IGNORECASE | re.MULTILINE)
_SUBJECT = re.compile(r"^(?:objet|subject)\s?:", re.IGNORECASE | re.MULTILINE)
_EXHIBITION = re.compile(r"(?:exposition|exhibition)(?:\s+(?:du|from))?", re.IGNORECASE)
_COVER_LINES, _COVER_PARAGRAPHS = 15, 4
_HANDS_OVER = re.compile(
    r"\bci[-\s](?:dessous|après|joint)|\b(?:veuillez|vous)\s+trouver|\bplease\s+find\b|\bfind\s+(?:attached|below)\b",
    re.IGNORECASE,
)
_ORNAMENT = re.compile(r"[\s\u2500-\u25ff]{3,}")  # boxes and rules drawn with signs
_ASIDE = re.compile(r"\([^()]*\)")
_UNTIL_WHAT = re.compile(
    r"(?:\bjusqu['’]\s?aux?|\bjusqu['’]\s?[àa]|\b(?:until|till|before|avant|bis)(?:\s+le)?|[:–—-])\W*$", re.IGNORECASE
)
_UNTIL_THEN = re.compile(r"\W*(?:jusqu|until\b|till\b|levée?\b|lifts?\b)", re.IGNORECASE)
_HOUR = re.compile(r"\d\s*(?:h|heures?\b|[ap]\.?m\b|:\d{2})", re.IGNORECASE)


def take_top(reading: Reading) -> None:
    """Take the lines above the headline, as long as each is one of the set phrases."""
    if not reading.is_markdown:
        _take_mail_around(reading)
        _take_cover_note(reading)
        reading.sheet.take(filter(_is_ornament, reading.sheet.lines()[:_COVER_LINES]), "an ornament")
        take_cosigners(reading)
        take_letterhead(reading)
    _take_set_phrases(reading)
    if not reading.is_markdown and take_cosigners(reading):  # below «Communiqué de presse commun»
        _take_set_phrases(reading)


def _take_set_phrases(reading: Reading) -> None:
    _take_while(
        reading,
        (
            *(embargo_line, dateline_line, _immediate_line, _numbered_line, _month_line, _regulated_line),
            *(_period_line, _addressed_line, _aside_line),
            *(_contact_lines, kicker_line, _office_and_kicker, _changes_lines),
            *(() if reading.is_markdown else (company_line,)),
        ),
    )


def take_below_headline(reading: Reading) -> None:
    """Take embargo, dateline and notices that stand between headline and text."""
    _take_while(reading, (embargo_line, dateline_line, _immediate_line, _kicker_below, _greeting_line))


def take_stray_embargo(reading: Reading) -> None:
    """An embargo that stands lower, on a line of its own, still holds."""
    for line in reading.sheet.lines():
        is_short = len(line.text) <= 120 and not line.bare.endswith(".")
        if is_short and not line.bare[:1].islower() and any(map(str.isdigit, line.text)):
            embargo_line(reading, line)


def embargo_line(reading: Reading, line: Line) -> bool:
    """Take an embargo notice, and the line after it where it goes on there."""
    is_below = bool(reading.found.headline) or not reading.wants("headline")
    if not reading.wants("embargo") or not is_notice(line.bare, on_top=not is_below):
        return False
    if is_below and len(SENTENCES.split(line.bare)) > 1:
        return False  # the text has begun: the proof stops at what it says
    lines, text = [line], line.bare
    following = reading.after(line)
    if following and not any(map(str.isdigit, text)) and _goes_on(text, following.bare):
        lines.append(following)
        text = f"{text} {following.bare}"
    reading.found.notices.append((line.number, text))
    reading.sheet.take(lines, _EMBARGO)
    return True


def _goes_on(notice: str, following: str) -> bool:
    """Whether the line below a notice without a day is its day; «SOUS EMBARGO» above the dateline has none."""
    if _UNTIL_WHAT.search(notice) or _UNTIL_THEN.match(following):
        return True
    dateline = dateline_of(following)
    return dateline is not None and not dateline.place and _HOUR.search(following) is not None


def take_embargo_around(reading: Reading) -> None:
    """Where none stands on a line of its own: an embargo told in the mail or letterhead that was taken holds as well.

    One that names no moment is refused when it is read, as any other.
    """
    if reading.found.notices or not reading.wants("embargo"):
        return
    for piece in reading.sheet.taken:
        if piece.label in _AROUND:
            reading.found.notices += [(piece.number, one) for one in sentences_on_one(bare(piece.text))]


def dateline_line(reading: Reading, line: Line) -> bool:
    """Take a line that is a dateline; above the headline a mere date only where a headline follows."""
    dateline = dateline_of(line.bare)
    if dateline and not dateline.place and dateline == reading.found.dateline:
        reading.sheet.take([line], DATELINE)  # said twice
        return True
    if not reading.takes_dateline(dateline):
        return False
    if reading.found.kind is ReleaseKind.ADVISORY and not dateline.place and _HOUR.search(line.bare):
        return False  # when the event is, not when it was written
    is_above = reading.wants("headline") and not reading.found.headline
    if is_above and not dateline.place and not reads_as_headline(beyond_marks(reading, line)):
        return False
    reading.set_dateline(dateline, line.number)
    reading.sheet.take([line], DATELINE)
    return True


def _take_while(reading: Reading, readers: tuple[Callable[[Reading, Line], bool], ...]) -> None:
    while (line := reading.first()) and any(reader(reading, line) for reader in readers):
        pass


def _take_mail_around(reading: Reading) -> None:
    """Take the header of the mail that the text was pasted from, and the word to a colleague before the release."""
    lines = reading.sheet.lines()
    header = _mail_header(lines)
    kicker = next((at for at, line in enumerate(lines) if marks.kicker(line.bare) and at >= header), len(lines))
    if not lines or (header == 0 and not (kicker < _COVER_LINES and marks.is_greeting(lines[0].bare))):
        return
    begins = kicker if kicker < len(lines) else header
    # What is handed on below a long text is what that text answers to.
    if sum(len(line.text) for line in lines[:begins]) <= sum(len(line.text) for line in lines[begins:]):
        reading.sheet.take(lines[:begins], _MAIL)


def _take_cover_note(reading: Reading) -> None:
    """Take «Bonjour, veuillez trouver ci-après notre communiqué.», which is said to the newsroom and not to readers."""
    blocks = reading.sheet.blocks()
    if not blocks or not marks.is_greeting(blocks[0][0].bare):
        return
    greeting, rest = blocks[0][:1], blocks[0][1:]
    below = blocks[1:]
    note = rest or (below.pop(0) if below else ())
    if note and _HANDS_OVER.search(" ".join(line.bare for line in note)) and reading.after(note[-1]):
        signed = list(chain.from_iterable(_signed_below(below)))
        is_last = bool(signed) and reading.after(signed[-1]) is None
        reading.sheet.take((*greeting, *note, *(() if is_last else signed)), _MAIL)


def _signed_below(blocks: Sequence[Block]) -> Sequence[Block]:
    """The paragraphs from a cover note to the end of its signature; none where nobody signs within a few."""
    for at, block in enumerate(blocks[:_COVER_PARAGRAPHS]):
        if not marks.is_closing(block[0].bare) and not marks.is_signature_mark(block[0].text):
            continue
        end = at + 1
        has_name = len(block) > 1
        following = blocks[end] if end < len(blocks) else ()
        if following and (marks.is_signature_mark(following[0].text) or (not has_name and is_name(following[0].bare))):
            end += 1
        return blocks[:end]
    return ()


def _mail_header(lines: Sequence[Line]) -> int:
    """How many lines end with the header of a mail that stands on top, or below a word to whom it is handed on; 0."""
    for at in range(min(len(lines), _COVER_LINES)):
        is_forwarded = marks.is_forwarded(lines[at].bare)
        start = at + is_forwarded
        fields = list(takewhile(lambda line: _MAIL_FIELD.match(line.bare), lines[start:]))
        text = "\n".join(line.bare for line in fields)
        is_whole = len(fields) > 2 and "@" in text
        is_short = len(fields) > 1 and bool(_FROM.search(text) and _SUBJECT.search(text))
        if is_whole or is_short or (is_forwarded and len(fields) > 1):
            return start + len(fields)
    return 0


def _is_ornament(line: Line) -> bool:
    return _ORNAMENT.fullmatch(line.text) is not None


def _aside_line(reading: Reading, line: Line) -> bool:
    """«(article 11 du code de procédure pénale)», which is no headline."""
    if not _ASIDE.fullmatch(line.bare) or not reading.after(line):
        return False
    reading.sheet.take([line], _NOTICE)
    return True


def _month_line(reading: Reading, line: Line) -> bool:
    """«Novembre 2026», which is no headline."""
    if not is_month(line.bare) or not reads_as_headline(reading.after(line)):
        return False
    reading.sheet.take([line], _NOTICE)
    return True


def _regulated_line(reading: Reading, line: Line) -> bool:
    """«Information réglementée» is no headline; the law wants it read, so it stands below."""
    return reading.wants("standfirst") and marks.is_regulated(line.bare) and _as_standfirst(reading, line)


def _period_line(reading: Reading, line: Line) -> bool:
    """«Exposition du 5 février au 31 mai 2027» above the headline: readers want to see it, and it is none."""
    rest = line.bare
    for found in reversed(list(find_dates(rest))):
        rest = rest[: found.start] + rest[found.end :]
    is_period = rest != line.bare and _EXHIBITION.fullmatch(rest.strip(marks.SEPARATORS)) is not None
    is_free = reading.wants("standfirst") and not reading.found.standfirst
    return is_free and is_period and reads_as_headline(reading.after(line)) and _as_standfirst(reading, line)


def _addressed_line(reading: Reading, line: Line) -> bool:
    """«À l'attention des rédactions», «Diffusé après clôture de la Bourse»."""
    if not marks.is_to_newsrooms(line.bare) or not reading.after(line):
        return False
    reading.sheet.take([line], _NOTICE)
    return True


def _as_standfirst(reading: Reading, line: Line) -> bool:
    reading.found.standfirst = line.bare
    reading.found.lines["standfirst"] = line.number
    reading.sheet.take([line], _NOTICE)
    return True


def _immediate_line(reading: Reading, line: Line) -> bool:
    rest = marks.cut_immediate(line.bare)
    if rest is None or not _is_understood(reading, line, rest):
        return False
    reading.sheet.take([line], _NOTICE)
    return True


def _numbered_line(reading: Reading, line: Line) -> bool:
    """«N° 12 – mardi 3 mars 2026»."""
    if marks.cut_number(line.bare) == line.bare or not _is_understood(reading, line, line.bare):
        return False
    reading.sheet.take([line], _NOTICE)
    return True


def _contact_lines(reading: Reading, line: Line) -> bool:
    """A contact block above the headline, as American releases have it."""
    if not reading.wants("contact") or not (zone := top_zone(reading.sheet.blocks(), line)):
        return False
    read_zone(reading, zone)
    return True


def kicker_line(reading: Reading, line: Line) -> bool:
    """«COMMUNIQUÉ DE PRESSE», alone or before a place, a date, an embargo, an organisation or the headline itself."""
    cut = marks.kicker(line.bare)
    if cut is None:
        return False
    kind, rest = cut
    if kind is ReleaseKind.ADVISORY and (event := read_dateline(rest.strip(marks.SEPARATORS))) and not event.place:
        # The day of the event, not of the invitation: readers must see it.
        reading.found.standfirst = rest.strip(marks.SEPARATORS)
        reading.found.lines["standfirst"] = line.number
    elif kind in CORRECTING and marks.names_an_earlier(rest):
        # Its date is the earlier one's, and readers want to know which that was.
        reading.found.changes = line.bare
        _set_kind(reading, kind, line.number)
        reading.sheet.take([line], _CHANGES)
        return True
    elif not _is_understood(reading, line, rest):
        following = beyond_marks(reading, line) if OF_AN_OFFICE.match(rest) else reading.after(line)
        is_titled = reads_as_headline(following) and not rest.lstrip().startswith(":")
        if not is_titled and rest.lstrip().startswith(tuple(":–—|•/-")):
            _set_kind(reading, kind, line.number)
            reading.sheet.trim(line, _tail_of(line.text, rest), _NOTICE)
            return False
        if not is_titled or len(line.bare) > 100:
            return False
    _set_kind(reading, kind, line.number)
    reading.sheet.take([line], _NOTICE)
    return True


def _kicker_below(reading: Reading, line: Line) -> bool:
    """«Communiqué – 3 mars 2026», where the headline stands above it."""
    cut = marks.kicker(line.bare)
    if cut is None or not _is_understood(reading, line, cut[1]):
        return False
    _set_kind(reading, cut[0], line.number)
    reading.sheet.take([line], _NOTICE)
    return True


def _greeting_line(reading: Reading, line: Line) -> bool:
    """«Madame, Monsieur,» where the text begins: every message greets its own recipient."""
    if reading.is_markdown or not marks.is_greeting(line.bare) or not reading.after(line):
        return False
    reading.sheet.take([line], _GREETING)
    return True


def _office_and_kicker(reading: Reading, line: Line) -> bool:
    """«European Commission – Press release», where a headline follows."""
    behind = kicker_behind(line.bare)
    if behind is None or not reads_as_headline(beyond_marks(reading, line)):
        return False
    kind, rest = marks.kicker(behind[1]) or (ReleaseKind.RELEASE, "")
    if not _is_understood(reading, line, rest):
        return False
    _set_kind(reading, kind, line.number)
    reading.sheet.take([line], LETTERHEAD)
    return True


def _changes_lines(reading: Reading, line: Line) -> bool:
    """«Une erreur s'est glissée dans …», between the word «Rectificatif» and the headline: a paragraph that ends."""
    if reading.found.kind not in CORRECTING or not reading.wants("headline"):
        return False
    block = reading.sheet.blocks()[0]
    is_sentence = len(block) <= _CHANGES_LINES and block[-1].bare.endswith(".") and " " in line.bare
    if not is_sentence or not reads_as_headline(beyond_marks(reading, block[-1])):
        return False
    reading.found.changes = "\n\n".join(
        filter(None, (reading.found.changes, join_wrapped([one.text for one in block])))
    )
    reading.sheet.take(block, _CHANGES)
    return True


def _tail_of(text: str, rest: str) -> str:
    """The headline in a line that begins with a set phrase: `rest` without the separator, as it stands in the line."""
    bare_rest = rest.lstrip(marks.SEPARATORS)
    start = text.rfind(bare_rest)
    return text[start:] if start >= 0 else text


def _is_understood(reading: Reading, line: Line, rest: str) -> bool:
    """Whether all that follows a set phrase on its line is known too; notes the place, date or embargo in it."""
    rest = rest.strip(marks.SEPARATORS)
    while rest := marks.cut_number(rest).strip(marks.SEPARATORS):
        if (again := marks.kicker(rest)) is not None:
            _set_kind(reading, again[0], line.number)
            rest = again[1].strip(marks.SEPARATORS)
        elif (cut := marks.cut_immediate(rest)) is not None:
            rest = cut.strip(marks.SEPARATORS)
        elif is_notice(rest, on_top=True) and reading.wants("embargo"):
            reading.found.notices.append((line.number, rest))
            return True
        elif reading.takes_dateline(dateline := read_dateline(OF_DAY.sub("", rest))):
            reading.set_dateline(dateline, line.number)
            return True
        elif len(pieces := PARTED.split(rest)) > 1:
            return all(_is_understood(reading, line, piece) for piece in pieces)
        else:
            return False
    return True


def _set_kind(reading: Reading, kind: ReleaseKind, number: int) -> None:
    """Note the kind; a plain «communiqué» beside «rectificatif» does not take it back."""
    if reading.wants("kind") and (reading.found.kind is None or kind is not ReleaseKind.RELEASE):
        reading.found.kind = kind
        reading.found.lines["kind"] = number

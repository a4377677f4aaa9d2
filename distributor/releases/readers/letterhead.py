"""Who writes, named above a release: a letterhead, organisations that sign together; and which line is a headline."""

from __future__ import annotations

import re

from distributor.folding import fold, words
from distributor.releases.readers import marks
from distributor.releases.readers.datelines import Dateline, read_dateline
from distributor.releases.readers.dates import is_month
from distributor.releases.readers.embargo import is_notice
from distributor.releases.readers.people import Part, classify
from distributor.releases.readers.reading import Reading
from distributor.releases.readers.sheet import Block, Line

LETTERHEAD = "the letterhead"
_LETTERHEAD_LINES = 10  # a prefecture's has its motto on three of them
_WIDEST = 80
_LONGEST_HEADLINE = 200
_LONGEST_OFFICE = 40
OF_AN_OFFICE = re.compile(r"\s+(?:d[ue]s?|d['’]|of|from|by)\b", re.IGNORECASE)
OF_DAY = re.compile(r"^(?:du|en date du|dat[ée] du|of|dated)\s+(?=\d|\w+(?:di|day)\b)", re.IGNORECASE)
PARTED = re.compile(r"(?<!\s)\s++[-–—|/•·]\s+")

_SIGNED_BY = re.compile(
    r"^(?:(?:les\s+)?(?:organisations?|associations?|syndicats?|collectifs?)\s+)?(?:co-?)?signataires?\s*:"
    r"|^(?:(?:co-?)?signed\s+by|signatories)\s*:",
    re.IGNORECASE,
)
_ROWS = tuple(
    map(re.compile, (r"(?:(?<!\s)\s++)?[•·|]\s*+", r"(?<!\s)\s++[–—/-]\s++", r",\s*+|(?<!\s)\s++(?:et|and|&)\s++"))
)
_A_ROW = 3  # organisations; two with a dash between them may be a headline and what it is about
_BODY = re.compile(
    r"^(?:l(?:es?|a)\s+|l['’])?(?:amis|secours|m[ée]decins|emma[üu]s|restos|alliance|coalition|coordination|intersyndicale"
    r"|plateforme|mouvement|centrale|friends|doctors|network|coalition|trust|society)\b",
    re.IGNORECASE,
)
_ACRONYM = re.compile(r"(?<!\w)[A-ZÀ-Ý]{2,6}(?!\w)")
_ACTS = re.compile(
    r"\b(?:appell|manifest|demand|d[ée]nonc|r[ée]clam|saisi|interpell|alert|exig|lanc|salu|condamn|refus|soutien|rejet"
    r"|oppos|rejoi|sign|cr[ée]ent|call|urge|denounc|join|welcom|warn|launch)\w*",
)
_PHONE = re.compile(r"(?:\d[\s.-]?){9}")
_SWITCHBOARD = re.compile(
    r"\b(?:t[ée]l(?:[ée]phone|\.)?|fax|standard|phone|cedex|\d{5})\b|^\D{0,4}[\d\s./+()-]+$", re.IGNORECASE
)
_COMPANY = re.compile(
    r"(?P<name>[^\W\d_][^.!?:;]{1,50})[ ,](?:plc|ltd|limited|inc|corp(?:oration)?|llc|s\.?a\.?(?:s\.?)?|se|n\.?v"
    r"|ag|gmbh)\b\.?"
    r"(?:\s*\((?:[^()]{1,40})\))?",
    re.IGNORECASE,
)
_WIRE = re.compile(r"RNS\s+(?:number|reach)\b.{0,20}|\([“\"«][^()]{1,60}[”\"»][^()]{0,60}\)", re.IGNORECASE)
_OFFICE = re.compile(
    r"(?:universit[ée]|ville|mairie|commune|m[ée]tropole|d[ée]partement|pr[ée]fecture|minist[èe]re|direction|service|cabinet)\s+"
    r"(?:d(?:e|u|es)\s|d['’]|communication\b|presse\b)(?!.*[.!?:])",
    re.IGNORECASE,
)
_OF_OFFICES = words(
    "communication presse medias relations publiques exterieures maire prefet service direction generale"
)
_SMALL = words("de du des d la le les l et en sur pour aux au of the and for in")


def take_letterhead(reading: Reading) -> None:
    """Take what stands above a line «COMMUNIQUÉ DE PRESSE» where a headline follows it; set phrases stay."""
    above: list[Line] = []
    names_contact = False
    for line in reading.sheet.lines()[: _LETTERHEAD_LINES + 1]:
        cut = marks.kicker(line.bare)
        if cut and above and _is_bare_or_dated(cut[1]) and reads_as_headline(beyond_marks(reading, line)):
            reading.sheet.take(above, LETTERHEAD)
            return
        if cut or kicker_behind(line.bare) or len(line.bare) > _WIDEST or line.bare.endswith((".", "!", "?", ":")):
            return
        is_heading = marks.contact_heading(line.bare) is not None
        names_contact = names_contact or is_heading
        reaches = "@" in line.text or _PHONE.search(line.text)
        if reaches and (names_contact or not _SWITCHBOARD.search(line.text)):
            return  # a contact block stands there; an office's own number in its letterhead is none
        if is_heading or not is_mark(line):
            above.append(line)


def kicker_behind(text: str) -> tuple[str, str] | None:
    """«European Commission – Press release – 3 May 2026» as its office and what follows it; None for any other line."""
    pieces = PARTED.split(text)
    for at, piece in enumerate(pieces[1:], start=1):
        cut = marks.kicker(piece)
        if cut and _is_bare_or_dated(cut[1]):
            return " – ".join(pieces[:at]), " – ".join(pieces[at:])
    return None


def take_cosigners(reading: Reading) -> bool:
    """Take a row or a list of organisations on top where a headline follows, and a text below that; whether it did."""
    blocks = reading.sheet.blocks()
    if len(blocks) < 3 or not _names_organisations(blocks[0]):
        return False
    headline = beyond_marks(reading, blocks[0][-1])
    while headline and (cut := marks.kicker(headline.bare)) and _is_bare_or_dated(cut[1]):
        headline = beyond_marks(reading, headline)
    if not headline or not reads_as_headline(headline) or not reading.after(headline):
        return False
    reading.sheet.take(blocks[0], LETTERHEAD)
    return True


def company_line(reading: Reading, line: Line) -> bool:
    """Take a company's name that stands alone above the headline, and what a stock exchange's wire puts around it."""
    block = reading.sheet.blocks()[0]
    if not all(_COMPANY.fullmatch(one.bare) or _WIRE.fullmatch(one.bare) or dateline_of(one.bare) for one in block):
        return False
    if _WIRE.fullmatch(line.bare):
        reading.sheet.take([line], LETTERHEAD)
        return True
    following = beyond_marks(reading, block[-1])
    company = _COMPANY.fullmatch(line.bare)
    if not company or not following or not reads_as_headline(following):
        return False
    # The text names whoever writes it; «Northmere Buys Tolland Ltd» is a headline, and comes once.
    below = (one.text for one in reading.sheet.lines() if one.number > following.number)
    if not any(company["name"] in text for text in below):
        return False
    reading.sheet.take([line], LETTERHEAD)
    return True


def reads_as_headline(line: Line | None) -> bool:
    """Whether a line may be a headline: short, no sentence, no set phrase."""
    return bool(line and len(line.bare) <= _LONGEST_HEADLINE and not line.bare.endswith(".") and not is_mark(line))


def beyond_marks(reading: Reading, line: Line) -> Line | None:
    """The first line below this one that is no set phrase and no number of a release."""
    following = reading.after(line)
    while following and (is_mark(following) or marks.cut_number(following.bare) != following.bare):
        following = reading.after(following)
    return following


def is_mark(line: Line) -> bool:
    """Whether a line is a notice, the heading of a contact block or a dateline."""
    text = line.bare
    is_phrase = (
        is_notice(text, on_top=True) or marks.cut_immediate(text) is not None or marks.contact_heading(text) is not None
    )
    return is_phrase or marks.is_to_newsrooms(text) or dateline_of(text) is not None


def dateline_of(text: str) -> Dateline | None:
    """The dateline that a line is, or says in two languages: «12 mars 2026 / 12 March 2026»."""
    whole = read_dateline(text)
    if whole is not None or not (pieces := PARTED.split(text))[1:]:
        return whole
    parts = [read_dateline(piece) for piece in pieces]
    days = {(part.found.day, part.found.month, part.found.year) if part else None for part in parts}
    return parts[0] if len(days) == 1 else None


def _is_bare_or_dated(rest: str) -> bool:
    """Whether nothing stands behind «Communiqué de presse» but whose it is, its date, or the same in two languages."""
    if OF_AN_OFFICE.match(rest) and len(rest) <= _LONGEST_OFFICE and not rest.endswith((".", "!", "?")):
        return True
    rest = marks.cut_number(rest.strip(marks.SEPARATORS)).strip(marks.SEPARATORS)
    if is_month(rest):
        return True
    if again := marks.kicker(rest):
        rest = again[1].strip(marks.SEPARATORS)
    return not rest or read_dateline(OF_DAY.sub("", rest)) is not None


def _names_organisations(block: Block) -> bool:
    text = block[0].bare
    if len(block) > 1:
        pieces = [line.bare for line in block]
        are_names = len(block) <= _LETTERHEAD_LINES and all(map(_is_a_name, pieces)) and not any(map(is_mark, block))
        return are_names and _known(pieces) > 1 and 2 * _known(pieces) >= len(pieces)
    if _SIGNED_BY.match(text) or _is_an_office(text):
        return True
    rows = ([piece for piece in mark.split(text) if piece] for mark in _ROWS)
    return any(len(row) >= _A_ROW and all(map(_is_a_name, row)) and _known(row) > 1 for row in rows)


def _is_an_office(text: str) -> bool:
    """«Université de Lannic – Service presse», and not «Ville de Brest en fête»: a headline has other small words."""
    found = re.findall(r"[^\W\d_]+", text)
    is_proper = all(word[0].isupper() or word in _SMALL or fold(word) in _OF_OFFICES for word in found)
    return bool(_OFFICE.match(text)) and is_proper and not text.isupper() and not _ACTS.search(text)


def _known(names: list[str]) -> int:
    """How many of these are called as only organisations are."""
    return sum(_is_organisation(name) or bool(_ACRONYM.match(name)) for name in names)


def _is_organisation(name: str) -> bool:
    return classify(name) is Part.SECTOR or bool(_BODY.match(name))


def _is_a_name(text: str) -> bool:
    """Whether a piece may be an organisation's name: small letters begin a word only in one that says what it is."""
    found = re.findall(r"[^\W\d_]+", text)
    if not found or not text[0].isupper() or len(text) > _WIDEST or text.endswith((".", "!", "?", ":")):
        return False
    is_proper = all(word[0].isupper() or word.lower() in _SMALL for word in found)
    return is_proper or (_is_organisation(text) and not _ACTS.search(text))

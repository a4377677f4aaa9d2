"""Datelines: the place and date that head, open or close a release."""

from __future__ import annotations

import re
from dataclasses import dataclass

from distributor.releases.readers.dates import FoundDate, find_dates, find_time
from distributor.releases.readers.people import Part, classify
from distributor.releases.readers.sheet import bare

MAX_WIDTH = 120
_MAX_PLACE = 60

_SMALL_WORD = re.compile(
    r"de|du|des|d|la|le|les|l|sur|sous|en|et|and|upon|on|of|the|lès|lez|aux|au|à|près|[dl]['’].*", re.IGNORECASE
)
# What may stand before a date in a headline, and is no town.
_NOT_PLACE = re.compile(
    r"grève|manifestation|rassemblement|mobilisation|conférence|réunion|congrès|élections?|procès|colloque|journée|"
    r"rendez-vous|invitation|communiqué|rectificatif|erratum|corrigé|correction|annulation|retraction|retrait|embargo|contact|publication|date|report|cp|strike|march|rally|conference|meeting|"
    r"congress|updated?|published|publié|mis|posted|le|la|les|du|on|the|from|until|avant|après|dès|depuis|jusqu'au|pour",
    re.IGNORECASE,
)
_TOWN_LEAD = re.compile(r"^(?:fait\s+(?:à|a)|à|a|done\s+at)\s+", re.IGNORECASE)
_DATE_LEAD = re.compile(
    r"^(?:fait|done|publié|published|date\s*:|for\s+release(?:\s+on)?\s*:?|release\s+date\s*:)\s*",
    re.IGNORECASE,
)
_IN_ZONE = r"\(?(?:CES?T|GMT|UTC|BST|E[SD]T|heure\s+de\s+Paris|Paris\s+time)\)?"
_ZONE = re.compile(rf"^\s*{_IN_ZONE}", re.IGNORECASE)
_EDGES = " \t\N{NO-BREAK SPACE},;.:|/·•–—-()[]"
_OPENING_HOUR = re.compile(
    r"\s*[,–-]?\s+(?:à\s+|at\s+)?\d{1,2}\s?[h:.]\s?(?:\d{2})?\s*(?:[ap]\.?m\.?\s*)?"
    rf"(?:{_IN_ZONE})?(?=\s*[–—:-])",
    re.IGNORECASE,
)
_OPENING_END = re.compile(
    r"\s*(?:(?:\([^()\d]{2,30}\)|/[^/\d]{2,30}/)\s*)?\)?\s*(?:\.?\s*[–—]|\.?\s+--?(?=\s)|\s*:|\.(?=\s+\S))\s*"
)


@dataclass(frozen=True, slots=True)
class Dateline:
    """A place (perhaps "") and a date as written; the year may be wanting."""

    place: str
    found: FoundDate


def read_dateline(text: str) -> Dateline | None:
    """Read a line that is a dateline and nothing else, such as «Fait à Lyon, le 1er mars 2026»; None for any other."""
    text = bare(text)
    if len(text) > MAX_WIDTH:
        return None
    for found in find_dates(text):
        before, after = text[: found.start].strip(_EDGES), _without_hour(text[found.end :]).strip(_EDGES)
        place = None if _is_label(text[: found.start]) else _place(before, comma=_ends_parted(text[: found.start]))
        if not after and place is not None:
            return Dateline(place, found)
        if not _DATE_LEAD.sub("", before).strip(_EDGES) and _TOWN_LEAD.match(after):
            place = _place(after, comma=True)
            if place:
                return Dateline(place, found)
        return None
    return None


def open_dateline(text: str) -> tuple[Dateline, str] | None:
    """Read a dateline that opens a paragraph («Bruxelles, 4 mai 2026 – La Commission…»): it and the rest, or None."""
    head = text[:MAX_WIDTH]
    for found in find_dates(head):
        if _is_label(bare(head[: found.start])):
            return None  # «When: 4 May 2026, 10:00–11:00»
        place = _place(bare(head[: found.start]).strip(_EDGES), comma=True)
        hour = _OPENING_HOUR.match(text[found.end : found.end + 40])
        after = found.end + (hour.end() if hour else 0)
        end = _OPENING_END.match(re.sub(r"[*_]", " ", text[after : after + 50]))
        if place and end:
            rest = text[after + end.end() :]
            return Dateline(place, found), rest
        return None
    return None


def _without_hour(text: str) -> str:
    try:
        hour = find_time(text)
    except ValueError:
        return text
    if hour is None:
        return text
    return re.sub(r"\bà\s*$", "", text[: hour.start]) + _ZONE.sub("", text[hour.end :], count=1)


def _ends_parted(before: str) -> bool:
    return before.rstrip().endswith((",", "–", "—", "-", "|", "/", ":", "·", "•")) or bool(_TOWN_LEAD.match(before))


def _is_label(before: str) -> bool:
    """«When: 4 May 2026» dates something else; «Date : 4 mai 2026» dates the release."""
    return before.rstrip().endswith(":") and bool(_DATE_LEAD.sub("", before).strip(_EDGES))


def _place(text: str, *, comma: bool) -> str | None:
    """The town that `text` names ("" for none), or None when it is no town's name."""
    text = _DATE_LEAD.sub("", _TOWN_LEAD.sub("", text.strip("( ["))).strip()
    if not text:
        return ""
    tokens = [token for token in re.split(r"[\s,/]+", text) if token]
    if (
        len(text) > _MAX_PLACE
        or len(tokens) > (6 if comma else 3)
        or re.search(r"[.!?:;»«\"]\s+\w{4}|[!?:;»«\"]", text)
    ):
        return None
    first = tokens[1] if comma and _opens_with_article(tokens, text) else tokens[0]
    if _NOT_PLACE.fullmatch(first) or not tokens[0][0].isupper() or "mbargo" in text.lower():
        return None
    if not all(_is_place_word(token) for token in tokens[1:]):
        return None
    if classify(text) is Part.SECTOR and "-" not in tokens[0]:
        return ""  # an association's or a ministry's name; Ville-d'Avray is a town
    return f"{text})" if text.count("(") > text.count(")") else text


def _opens_with_article(tokens: list[str], text: str) -> bool:
    """Whether a town's name begins with its article: «Le Mans», «La Rochelle»; «Le Maire» is none."""
    is_article = tokens[0] in {"Le", "La", "Les", "LE", "LA", "LES"} and len(tokens) > 1
    return is_article and tokens[1][0].isupper() and classify(text) is not Part.ROLE


def _is_place_word(token: str) -> bool:
    plain = token.strip("()&-–.'’")
    return not plain or plain[0].isupper() or plain.isdigit() or bool(_SMALL_WORD.fullmatch(plain))

"""What an out-of-office note says: when its owner is back, and whom to write to meanwhile."""

from __future__ import annotations

import re
from datetime import date
from email.utils import parsedate_to_datetime

from distributor.feedback.events import Absence
from distributor.feedback.wording import addresses_in, tidy

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "janvier january jan januar januari enero gennaio janeiro",
            "février fevrier february feb fév februar februari febrero febbraio fevereiro",
            "mars march mar märz maart marzo março",
            "avril april apr avr abril aprile",
            "mai may mei mayo maggio maio",
            "juin june jun juni junio giugno junho",
            "juillet july jul juil juli julio luglio julho",
            "août aout august aug augustus agosto",
            "septembre september sep sept septiembre settembre setembro",
            "octobre october oct oktober okt octubre ottobre outubro",
            "novembre november nov noviembre novembro",
            "décembre decembre december dec déc dezember dez diciembre dicembre dezembro",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY = re.compile(
    rf"\b(\d{{1,2}})(?:er|st|nd|rd|th|\.)?\s+(?:(?:of|de)\s+)?({_NAMES})\.?(?:,?\s+(?:de\s+)?(\d{{4}}))?", re.IGNORECASE
)
_MONTH_FIRST = re.compile(rf"\b({_NAMES})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(\d{{4}}))?", re.IGNORECASE)
_MONTH_ALONE = re.compile(rf"(?<!\d )(?<!\d\. )\b({_NAMES})\.?,?\s+(?:de(?:l)?\s+)?(\d{{4}})\b", re.IGNORECASE)
_FIGURES = re.compile(r"\b(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}|\d{2}))?\b")
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_BACK = re.compile(
    r"(?:(?:de |mon |son )?retour|reviens|revient|rentre\w*|reprend\w*|jusqu['’](?:au|en|à)\b|au bureau|\bau\b|back"
    r"|return\w*|until|till|through|\bto\b|zurück|\bbis\b|\bab dem\b|hasta|fino al?|\baté\b|\btot\b)[^.\n]{0,60}$",
    re.IGNORECASE,
)
_AWAY_IN_SUBJECT = re.compile(
    r"\b(?:absen|abwesen|cong[ée]|vacances|away|out\s+of|on\s+leave|holiday|ausen[tc]|assen[tz]|afwezig|urlaub|ooo)\w*.*",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"contact|adress|joindre|suivi|int[ée]rim|relais|relaye|direct|instead|[ée]cri|urg|meanwhile|reach|replac|rempla|write|e-?mail|mail|coll[èe]gue|colleague"
    r"|équipe|team|bitte|wenden|dringend|dirig|scri[vb]|rivolg|neem",
    re.IGNORECASE,
)


def read_absence(text: str, sent: str, subject: str = "") -> Absence:
    """Read an out-of-office note that was `sent` at a Date header: a day without a year is the next one after it.

    A month alone counts where no day is named, and has its year with it. Where the text tells no return, what the
    subject says behind a word of absence does: before it may stand the headline of what is answered.
    """
    text = text[:4_000]
    away = _AWAY_IN_SUBJECT.search(subject)
    chosen = _return_in(text, _day_of(sent)) or (_return_in(away[0], _day_of(sent)) if away else "")
    return Absence(chosen, _substitutes(text))


def _return_in(text: str, today: date | None) -> str:
    days = [(found.start(), day.isoformat()) for found, day in _days(text, today)]
    months = [(one.start(), f"{one[2]}-{_MONTHS[one[1].lower()]:02}") for one in _MONTH_ALONE.finditer(text)]
    return _last_back(days, text) or _last_back(months, text)


def _last_back(said: list[tuple[int, str]], text: str) -> str:
    """The latest of these days or months that the words before it call the return, or ""."""
    return max((when for place, when in said if _BACK.search(text[max(0, place - 80) : place])), default="")


def _substitutes(text: str) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for one in addresses_in(text):
        before = text[max(0, one.start() - 160) : one.start()]
        address = tidy(one[0])
        if address and _CONTACT.search(before):
            found.setdefault(address.casefold(), address)
    return tuple(found.values())[:5]


def _days(text: str, today: date | None) -> list[tuple[re.Match[str], date]]:
    found: list[tuple[re.Match[str], date]] = []
    for match in _ISO.finditer(text):
        _keep(found, match, _date(int(match[1]), int(match[2]), int(match[3])))
    for match in _DAY.finditer(text):
        _keep(found, match, _near(match[3], _MONTHS[match[2].lower()], int(match[1]), today))
    for match in _MONTH_FIRST.finditer(text):
        _keep(found, match, _near(match[3], _MONTHS[match[1].lower()], int(match[2]), today))
    for match in _FIGURES.finditer(text):
        _keep(found, match, _near(match[3], int(match[2]), int(match[1]), today))
    return found


def _keep(found: list[tuple[re.Match[str], date]], match: re.Match[str], day: date | None) -> None:
    if day is not None:
        found.append((match, day))


def _near(year: str | None, month: int, day: int, today: date | None) -> date | None:
    if year:
        return _date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    if today is None:
        return None
    this = _date(today.year, month, day)
    return this if this is None or this >= today else _date(today.year + 1, month, day)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _day_of(sent: str) -> date | None:
    try:
        return parsedate_to_datetime(sent).date()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None

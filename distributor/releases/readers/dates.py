"""Dates and hours as French, English, German and Breton press offices write them, found in a line of text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time

_FRENCH_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
_ENGLISH_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_FRENCH_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_ENGLISH_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_SHORT_FRENCH = {"janv": 1, "févr": 2, "fév": 2, "avr": 4, "juil": 7, "sept": 9, "oct": 10, "nov": 11, "déc": 12}
_BARE_FRENCH = {"fevrier": 2, "fevr": 2, "aout": 8, "decembre": 12, "dec": 12}
_SHORT_ENGLISH = {name[:3].lower(): number for number, name in enumerate(_ENGLISH_MONTHS, start=1)} | {"sept": 9}

# German is read, so that an embargo or a wrong weekday in it is seen; it is not written.
_GERMAN = {"januar": 1, "februar": 2, "märz": 3, "april": 4, "mai": 5, "juni": 6, "juli": 7, "august": 8}
_GERMAN |= {"september": 9, "oktober": 10, "november": 11, "dezember": 12}
_GERMAN_DAYS = ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag")

# So is Breton: «3 a viz Meurzh 2026».
_BRETON = {"genver": 1, "c'hwevrer": 2, "c’hwevrer": 2, "meurzh": 3, "ebrel": 4, "mae": 5, "mezheven": 6, "gouere": 7}
_BRETON |= {"gouhere": 7, "eost": 8, "gwengolo": 9, "here": 10, "du": 11, "kerzu": 12}

_EN = {name.lower(): number for number, name in enumerate(_ENGLISH_MONTHS, start=1)} | _SHORT_ENGLISH
_MONTHS = (
    {name: number for number, name in enumerate(_FRENCH_MONTHS, start=1)} | _SHORT_FRENCH | _BARE_FRENCH | _EN | _GERMAN
)
_WEEKDAYS = {
    **{name: number for number, name in enumerate(_FRENCH_DAYS)},
    **{name.lower(): number for number, name in enumerate(_ENGLISH_DAYS)},
    **{name[:3].lower(): number for number, name in enumerate(_ENGLISH_DAYS)},
    **{name: number for number, name in enumerate(_GERMAN_DAYS)},
}


def _any_of(words: dict[str, int]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_WRITTEN_OUT = (
    *(*_FRENCH_MONTHS, *_ENGLISH_MONTHS),
    *(bare for bare, number in _BARE_FRENCH.items() if len(bare) == len(_FRENCH_MONTHS[number - 1])),
)
MONTHS_WRITTEN_OUT = "|".join(_WRITTEN_OUT)
"""Months in full, in French and English, for a pattern that ignores case."""
_MONTH_ALONE = re.compile(rf"(?:{MONTHS_WRITTEN_OUT})\s+(?:19|20)\d\d", re.IGNORECASE)

_DAY = r"(?P<day>\d{1,2})"
_YEAR = r"(?:,?\s+(?P<year>(?:19|20)\d{2})(?!\d))?"
_LEAD = rf"(?:\b(?P<weekday>{_any_of(_WEEKDAYS)})\b\.?,?\s+)?(?:\b(?:le|the|du|au|on)\s+)?"
_LEAD_TWICE = rf"(?:\b(?:le|the|du|au|on|ce)\s+)?{_LEAD}"

_FORMS = tuple(
    re.compile(_LEAD_TWICE + form, re.IGNORECASE)
    for form in (
        r"(?<![\d.,/-])(?P<year>(?:19|20)\d{2})-(?P<month>\d{2})-(?P<day>\d{2})(?![\d-])",
        r"(?<![\d.,/-])(?P<day>\d{1,2})(?P<between>[/.-])(?P<month>\d{1,2})(?P=between)(?P<year>(?:19|20)\d{2}|\d{2})(?![\d/])(?!\.\d)",
        rf"(?<![\d.,/-]){_DAY}(?:\s?er|st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{_any_of(_MONTHS)})\b\.?{_YEAR}",
        rf"(?:\bde[mnr]\s+)?(?<![\d.,/-]){_DAY}\.\s(?P<month>{_any_of(_GERMAN)})\s+(?P<year>(?:19|20)\d{{2}})(?!\d)",
        rf"(?<![\d.,/-]){_DAY}(?:\s?(?:añ|vet))?\s+a\s+viz\s+(?P<month>{_any_of(_BRETON)})\b{_YEAR}",
        rf"\b(?P<month>{_any_of(_EN)})\b\.?\s+{_DAY}(?:st|nd|rd|th)?(?![\d:])(?!\s*[h%€])(?!\s*[ap]\.?m\b){_YEAR}",
    )
)

_HOUR_FORMS = (
    re.compile(r"(?<!\d)(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2}))?\s*(?P<half>[ap])\.?\s?m\b\.?", re.IGNORECASE),
    re.compile(  # of «18h00 heure de Paris» the hour is not «00 heure»
        r"(?<!\d)(?<!\d[h:.])(?P<hour>\d{1,2})\s*(?:heures?|h(?:rs|ours)?)\b\.?(?:\s*(?P<minute>\d{2})(?!\d))?",
        re.IGNORECASE,
    ),
    re.compile(r"(?<!\d)(?P<hour>\d{1,2})\s?[:hH]\s?(?P<minute>\d{2})(?::\d{2})?(?!\d)"),
    re.compile(r"(?<!\d)(?P<hour>\d{1,2})(?:[.:](?P<minute>\d{2}))?\s*(?:Uhr|uur)\b", re.IGNORECASE),
    re.compile(
        r"(?<![\d.,])(?P<hour>[01]\d|2[0-4])(?P<minute>[0-5]\d)\s?(?:h(?:rs?|ours)?|GMT|UTC|BST|CES?T)\b", re.IGNORECASE
    ),
    re.compile(r"\b(?P<noon>midi|noon|midday)\b", re.IGNORECASE),
)
_OF_THE_EVENING = re.compile(
    r"\s*(?:du\s+soir|de\s+l['’]apr[èe]s[- ]midi|in\s+the\s+(?:afternoon|evening))\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date as written at `start:end` of a text (weekday and article included).

    `year` is None when none is written; `weekday` counts from Monday = 0. `is_doubtful` marks an all-figures date
    whose day and month could change places.
    """

    start: int
    end: int
    day: int
    month: int
    year: int | None
    weekday: int | None
    is_doubtful: bool = False

    def in_year(self, year: int | None = None) -> date:
        """The calendar date, in `year` where none was written; `ValueError` when there is no such day."""
        chosen = self.year if self.year is not None else year
        if chosen is None:
            raise ValueError("a date without a year names no day")
        return date(chosen, self.month, self.day)

    def nearest_to(self, reference: date) -> date:
        """The written date, or, where it names no year, the one nearest to `reference` that its weekday allows."""
        if self.year is not None:
            return self.in_year()
        around = []
        for year in range(reference.year - 1, reference.year + 2):
            try:
                around.append(self.in_year(year))
            except ValueError:  # 29 February in another year
                continue
        if not around:
            raise ValueError("no such day in these years")
        fitting = [day for day in around if self.weekday in {None, day.weekday()}]
        return min(fitting or around, key=lambda day: abs(day - reference))


@dataclass(frozen=True, slots=True)
class FoundTime:
    """An hour of the day as written at `start:end` of a text; `next_day` for «24 h»."""

    start: int
    end: int
    time: time
    next_day: bool = False


def find_dates(text: str) -> Iterator[FoundDate]:
    """Every date in `text` that stands in one of the French, English or all-figures forms, in order of place."""
    found: list[FoundDate] = []
    taken = bytearray(len(text))
    for form in _FORMS:
        for match in form.finditer(text):
            date_found = _to_date(match)
            if date_found and not any(taken[date_found.start : date_found.end]):
                found.append(date_found)
                taken[date_found.start : date_found.end] = b"\1" * (date_found.end - date_found.start)
    yield from sorted(found, key=lambda one: one.start)


def find_date(text: str) -> FoundDate | None:
    """The first date in `text`, or None."""
    return next(find_dates(text), None)


def is_month(text: str) -> bool:
    """Whether a text is a month, written out, and its year, and nothing else: «Novembre 2026»."""
    return _MONTH_ALONE.fullmatch(text) is not None


def find_time(text: str) -> FoundTime | None:
    """The first hour in `text` («18 h», «6:30 pm», «8 h du soir», «midi»), or None; `ValueError` for «25 h»."""
    for form in _HOUR_FORMS:
        if match := form.search(text):
            groups = match.groupdict()
            if groups.get("noon"):
                return FoundTime(match.start(), match.end(), time(12))
            hour, minute = int(groups["hour"]), int(groups["minute"] or 0)
            if half := groups.get("half"):
                if not 1 <= hour <= 12:
                    raise ValueError("no such hour")
                hour = hour % 12 + (12 if half.lower() == "p" else 0)
            elif hour < 12 and _OF_THE_EVENING.match(text, match.end()):
                hour += 12
            if (hour, minute) == (24, 0):
                return FoundTime(match.start(), match.end(), time(0), next_day=True)
            return FoundTime(match.start(), match.end(), time(hour, minute))
    return None


def write_date(day: date, lang: str) -> str:
    """The date in words, in French («1er mars 2026») or else in English («1 March 2026»)."""
    if lang.startswith("fr"):
        return f"{'1er' if day.day == 1 else day.day} {_FRENCH_MONTHS[day.month - 1]} {day.year}"
    return f"{day.day} {_ENGLISH_MONTHS[day.month - 1]} {day.year}"


def write_weekday(day: date, lang: str) -> str:
    """The day of the week, in French or else in English."""
    return (_FRENCH_DAYS if lang.startswith("fr") else _ENGLISH_DAYS)[day.weekday()]


def _to_date(match: re.Match[str]) -> FoundDate | None:
    parts = match.groupdict()
    written = parts["month"].lower()
    in_figures = written.isdigit()
    month, day = (int(written) if in_figures else (_MONTHS | _BRETON)[written]), int(parts["day"])
    if parts.get("between") and month > 12 >= day:
        day, month = month, day  # 01/13/2021 can only be the American order; 2021-13-01 is a slip of the pen
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    year = parts["year"]
    weekday = parts["weekday"]
    return FoundDate(
        start=match.start(),
        end=match.end(),
        day=day,
        month=month,
        year=None if year is None else int(year) + (2000 if len(year) == 2 else 0),
        weekday=None if weekday is None else _WEEKDAYS[weekday.lower()],
        is_doubtful=in_figures and "between" in parts and day <= 12 and day != month,
    )

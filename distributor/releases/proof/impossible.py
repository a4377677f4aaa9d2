"""A rule for days that no calendar has: «le 31 novembre», «samedi 32 janvier»."""

from __future__ import annotations

import re
from collections.abc import Iterator

from distributor.releases.findings import Level, ProofSubject, around
from distributor.releases.proof.rule import Hit, Rule, Said
from distributor.releases.readers.dates import MONTHS_WRITTEN_OUT, FoundDate, find_dates

DATE_IMPOSSIBLE = Rule(
    "date-impossible",
    Level.STOP,
    Said("There is no such day: «{said}».", "Ce jour n'existe pas : «{said}»."),
    Said("Correct the day, the month or the year.", "Corrigez le jour, le mois ou l'année."),
    Said("Nobody can tell which day is meant.", "Personne ne peut savoir quel jour est voulu."),
)
RULES = (DATE_IMPOSSIBLE,)

# «mars», «mai», «may», «march» are words and names as well: «45 may be …» is no day.
_MONTHS = "|".join(
    name for name in MONTHS_WRITTEN_OUT.split("|") if name.lower() not in {"mars", "mai", "may", "march"}
)
_BEYOND_31 = re.compile(rf"(?<![\w.,/-])(?:3[2-9]|[4-9]\d) (?:{_MONTHS})\b", re.IGNORECASE)
_LEAP = 2024  # a year that has every day any year has


def impossible_days(subject: ProofSubject) -> Iterator[Hit]:
    """A date in words, or in figures with its whole year, that names no day."""
    for number, row in enumerate(subject.source.split("\n"), start=1):
        for found in find_dates(row):
            said = row[found.start : found.end]
            if not _exists(found) and _is_surely_a_day(found, said):
                yield DATE_IMPOSSIBLE.at(number, around(row, found.start, found.end), said=said.strip())
        for match in _BEYOND_31.finditer(row):
            yield DATE_IMPOSSIBLE.at(number, around(row, match.start(), match.end()), said=match[0])


def _is_surely_a_day(found: FoundDate, said: str) -> bool:
    """«In June 31 people came» names none; neither do «pages 31/02/26»."""
    if not re.search(r"[^\W\d_]{3}", said):
        return re.search(r"/\d{4}\b", said) is not None
    is_month_first = re.search(r"[^\W\d_]{3,}\.?\s+\d{1,2}\b(?!\s*[^\W\d_])", said) and found.weekday is None
    return not is_month_first or found.year is not None or said.lower().startswith("on ")


def _exists(found: FoundDate) -> bool:
    try:
        found.in_year(_LEAP)
    except ValueError:
        return False
    return True


CHECKS = (impossible_days,)

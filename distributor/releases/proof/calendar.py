"""Rules for days: the dateline against the sending, weekdays against dates, dates against each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import TypeAlias

from distributor.releases.findings import Level, ProofSubject, around
from distributor.releases.proof.rule import Hit, Rule, Said, weekday
from distributor.releases.readers.dates import FoundDate, find_dates, write_date, write_weekday

_FAR_PAST = timedelta(days=7)
_NEAR = timedelta(days=1)
_SOON = timedelta(days=31)
_NEAREST = timedelta(days=60)
_SEASON = timedelta(days=120)
_TERMS = frozenset({(1, 1), (31, 12), (30, 6), (1, 7), (31, 8), (1, 9)})
_YEARS_AHEAD = 6
_HALF_A_YEAR = 6
_SIDE = 120  # how far around a date other words are read

_Dated: TypeAlias = tuple[int, str, FoundDate]
"""Source line, its text, and a date in it."""

_OVERRIDE = Said(
    'Write «{written}», or accept it by name: --override {code} --because "…".',
    'Écrivez «{written}», ou acceptez-le nommément : --override {code} --because "…".',
)
_RECYCLED = Said(
    "A date copied from an earlier release is among the commonest mistakes; journalists quote it.",
    "Une date reprise d'un ancien communiqué est l'une des erreurs les plus courantes ; elle sera citée.",
)
DATELINE_MISSING = Rule(
    "dateline-missing",
    Level.WARN,
    Said("There is no {missing}.", "Il manque {missing}."),
    Said("Write it as «{written}».", "Écrivez-le ainsi : «{written}»."),
    Said("A release says where and when it was issued.", "Un communiqué dit où et quand il a été publié."),
)
DATELINE_COMPUTED = Rule(
    "dateline-computed",
    Level.NOTE,
    Said(
        "The dateline has no date of its own: sent then, the message says «{written}».",
        "La date n'est pas écrite : envoyé à ce moment, le message dira «{written}».",
    ),
    Said("", ""),
    Said("So you see what will be said.", "Pour que vous voyiez ce qui sera écrit."),
)
DATELINE_YEAR = Rule(
    "dateline-year",
    Level.STOP,
    Said(
        "The dateline says {said}, but the release is sent in {sent}.",
        "La date dit {said}, mais le communiqué part en {sent}.",
    ),
    _OVERRIDE,
    _RECYCLED,
)
_JUST_CHANGED = Said(
    "The year has just changed, and the dateline still says {said}: the release is sent in {sent}.",
    "L'année vient de changer, et la date dit encore {said} : le communiqué part en {sent}.",
)
DATELINE_FAR = Rule(
    "dateline-far",
    Level.STOP,
    Said(
        "The dateline, {day}, is {days} days {way} the day of sending, {send}.",
        "La date, {day}, tombe {days} jours {way} le jour de l'envoi, {send}.",
    ),
    _OVERRIDE,
    _RECYCLED,
    also=(Level.WARN,),
)
_WEEKDAY = Said("{day} is a {right}, not the day written.", "Le {day} est un {right}, pas le jour écrit.")
_WEEKDAY_MEND = Said("Write «{word}», or correct the date.", "Écrivez «{word}», ou corrigez la date.")
_WEEKDAY_WHY = Said("Nobody can tell which of the two is right.", "Personne ne peut savoir lequel des deux est juste.")
DATELINE_WEEKDAY = Rule("dateline-weekday", Level.STOP, _WEEKDAY, _WEEKDAY_MEND, _WEEKDAY_WHY)
DATE_WEEKDAY = Rule("date-weekday", Level.WARN, _WEEKDAY, _WEEKDAY_MEND, _WEEKDAY_WHY)
DATE_RANGE = Rule(
    "date-range",
    Level.WARN,
    Said("This period ends before it begins.", "Cette période finit avant de commencer."),
    Said("Correct one of the two dates.", "Corrigez l'une des deux dates."),
    _WEEKDAY_WHY,
)
DATE_YEARS = Rule(
    "date-other-year",
    Level.WARN,
    Said(
        "The same day is given in two years: {first} and {second}.",
        "Le même jour est donné dans deux années : {first} et {second}.",
    ),
    Said("Check which year is meant.", "Vérifiez l'année voulue."),
    _RECYCLED,
)
DATE_LAST_YEAR = Rule(
    "date-last-year",
    Level.WARN,
    Said(
        "{day} was a year ago; {meant} would be near the day of sending.",
        "Le {day} date d'un an ; le {meant} serait proche de l'envoi.",
    ),
    Said("Check the year.", "Vérifiez l'année."),
    _RECYCLED,
    also=(Level.NOTE,),
)
DATE_FAR = Rule(
    "date-far",
    Level.NOTE,
    Said("{day} is {years} years ahead.", "Le {day} est dans {years} ans."),
    Said("Check the year.", "Vérifiez l'année."),
    Said(
        "A slip of the keyboard looks like this: 2062 for 2026.", "Une faute de frappe a cet air-là : 2062 pour 2026."
    ),
)
RULES = (
    *(DATELINE_MISSING, DATELINE_COMPUTED, DATELINE_YEAR, DATELINE_FAR, DATELINE_WEEKDAY),
    *(DATE_WEEKDAY, DATE_RANGE, DATE_YEARS, DATE_LAST_YEAR, DATE_FAR),
)

_ANNIVERSARY = re.compile(
    r"\b(?:anniversaires?|an(?:s|née)?\s+(?:après|plus tard|dernière?)|il y a (?:un|1) an|depuis|anniversar(?:y|ies)"
    r"|last year|a year (?:ago|earlier|later|on)|since|dès|après|before|after|edition|édition|version|publié|published"
    r"|released|loi|law|décret|décision|arrêt[ée]?|jugement|accord|ordonnance|rapport|signée?s?|signed|né[es]*|born)\b",
    re.IGNORECASE,
)
_OTHER_YEAR = re.compile(r"(?<![\d.,/-])(?:19|20)\d{2}(?![\d.,/-]\d)")
_SENTENCE_END = re.compile(r"(?<=[^\W\d]{2})[.!?](?=\s)|;")
_RANGE_LINK = re.compile(r"\s*(?:au|to|until|till|through|[–—-])\s*$", re.IGNORECASE)
_RANGE_WORD = re.compile(r"\b(?:du|from|between)\b", re.IGNORECASE)
_RANGE_START = re.compile(
    r"\b(?:du|from|between)\s+(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"
    r"|mon|tues|wednes|thurs|fri|satur|sun)(?:day)?\s+)?(?P<day>\d{1,2})(?:er)?"
    r"(?:\s+au)\s+(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)\s+)?$",
    re.IGNORECASE,
)


def dateline(subject: ProofSubject) -> Iterator[Hit]:
    """The dateline is that of the day of sending, or next to it."""
    day, place = subject.draft.dateline_date, subject.draft.dateline_place
    written = f"{place or 'Paris'}, {_written(subject, subject.send_day)}"
    if not place:
        line = subject.draft.lines.get("dateline_date")
        missing = (
            Said("place in the dateline", "le lieu devant la date") if day else Said("dateline", "le lieu et la date")
        )
        yield DATELINE_MISSING.at(line, missing=missing, written=written)
    elif day is None:
        yield DATELINE_COMPUTED.at(subject.draft.lines.get("dateline_place"), written=written)
    if day is None:
        return
    send = subject.send_day
    past = send - day
    if _is_year_refused(subject):
        just_changed = send.month == day.month == 1 and day.year == send.year - 1
        hit = DATELINE_YEAR.at(message=_JUST_CHANGED if just_changed else None, said=day.year, sent=send.year)
        yield _with_dateline(subject, hit, _meant(day, send))
    elif not -_NEAR <= past <= _NEAR and not _is_of_the_embargo(subject, day):
        hit = DATELINE_FAR.at(
            level=Level.WARN if _NEAR < past <= _FAR_PAST else Level.STOP,
            day=day,
            send=send,
            days=abs(past.days),
            way=Said("before", "avant") if past.days > 0 else Said("after", "après"),
        )
        yield _with_dateline(subject, hit, send)


def _is_year_refused(subject: ProofSubject) -> bool:
    day, send = subject.day, subject.send_day
    return day.year != send.year and abs(send - day) > _FAR_PAST


def _is_of_the_embargo(subject: ProofSubject, day: date) -> bool:
    """Whether a release that is still held is dated of the day on which it may come out, as newsrooms print it."""
    until = subject.draft.embargo_until
    return bool(until and subject.send_day <= until.date() and -_NEAR <= until.date() - day <= _NEAR)


def _with_dateline(subject: ProofSubject, hit: Hit, right: date) -> Hit:
    """A hit on the dateline, with its place, and the right date in the words to write."""
    line = subject.draft.lines.get("dateline_date")
    written = ", ".join(filter(None, (subject.draft.dateline_place, _written(subject, right))))
    values = {**hit.values, "written": written, "code": hit.rule.code}
    return replace(hit, line=line, excerpt=subject.source_line(line), values=values)


def _meant(day: date, send: date) -> date:
    """The date that was most likely meant: the same day and month of another year when that is near the sending."""
    for year in (send.year, send.year - 1, send.year + 1):
        candidate = _in_year(day, year)
        if candidate is not None and -_NEAR <= send - candidate <= _FAR_PAST:
            return candidate
    return send


def _in_year(day: date, year: int) -> date | None:
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February, or a year beyond the calendar
        return None


def _written(subject: ProofSubject, day: date) -> str:
    return ("le " if subject.is_french else "") + write_date(day, subject.draft.lang)


def dates(subject: ProofSubject) -> Iterator[Hit]:
    """What the dates of the text, headline and contact included, say of each other and of the day of sending."""
    found = list(_dates(subject))
    yield from _weekdays(subject, found)
    yield from _open_ranges(found)
    yield from _full_ranges(found)
    yield from _other_years(subject, found)


def _weekdays(subject: ProofSubject, dates: Iterable[_Dated]) -> Iterator[Hit]:
    """A weekday written beside a date is that date's; in the dateline a wrong one stops the send.

    A date without its year is taken in the year that brings it near the release's day; further away nothing is said.
    Where the dateline's year is refused, that is the day that the dateline should have, and its year goes for the
    refused one: advice from a year that will not stay would be the next fault.
    """
    refused = subject.day.year if _is_year_refused(subject) else None
    reference = _meant(subject.day, subject.send_day) if refused else subject.day
    for number, row, found in dates:
        if found.weekday is None:
            continue
        day = _day_meant(found, reference, _context(row, found))
        is_dateline = number == subject.draft.lines.get("dateline_date") and day == subject.draft.dateline_date
        if day and found.year == refused is not None and (is_dateline or found.weekday != day.weekday()):
            day = _in_year(day, reference.year)
        if day is None or found.weekday == day.weekday():
            continue
        rule = DATELINE_WEEKDAY if is_dateline else DATE_WEEKDAY
        excerpt = around(row, found.start, found.end)
        yield rule.at(number, excerpt, day=day, right=weekday(day), word=write_weekday(day, subject.draft.lang))


def _day_meant(found: FoundDate, reference: date, context: str) -> date | None:
    """The day that a date names; None where that is a guess."""
    try:
        if found.year is not None:
            return found.in_year()
        if found.is_doubtful or set(_OTHER_YEAR.findall(context)) - {str(reference.year)}:
            return None
        candidates = [found.in_year(year) for year in range(reference.year - 1, reference.year + 2)]
    except ValueError:
        return None
    nearest = min(candidates, key=lambda day: abs(day - reference))
    return nearest if abs(nearest - reference) <= _NEAREST else None


def _open_ranges(dates: Iterable[_Dated]) -> Iterator[Hit]:
    """«Du 12 au 5 mars»: a period ends after it begins."""
    for number, row, found in dates:
        before = row[max(0, found.start - _SIDE) : found.start] + _lead(row, found)
        if (match := _RANGE_START.search(before)) and found.day <= int(match["day"]) <= 31:
            yield DATE_RANGE.at(number, around(row, found.start, found.end))


def _full_ranges(dates: Iterable[_Dated]) -> Iterator[Hit]:
    """«Du 12 mars 2026 au 3 février 2026»."""
    for (number, row, first), (other, _, second) in pairwise(dates):
        if number != other or first.end > second.start or second.start - first.end > _SIDE:
            continue
        link = row[first.end : second.start] + _lead(row, second)
        is_range = _RANGE_WORD.search(row[max(0, first.start - 10) : first.start + 8])
        if is_range and _RANGE_LINK.fullmatch(link) and _ends_first(first, second):
            yield DATE_RANGE.at(number, around(row, first.start, second.end))


def _lead(row: str, found: FoundDate) -> str:
    """What of the date as found stands before its day: «au », «au lundi »."""
    return re.split(r"\d", row[found.start : found.end], maxsplit=1)[0]


def _ends_first(first: FoundDate, second: FoundDate) -> bool:
    if second.year is None or first.is_doubtful or second.is_doubtful:
        return False
    try:
        # «Du 20 décembre au 4 janvier 2027»: a first date without its year may be of the year before.
        start = first.in_year() if first.year is not None else first.in_year(second.year)
        return second.in_year() < start and (first.year is not None or first.month - second.month < _HALF_A_YEAR)
    except ValueError:
        return False


def _other_years(subject: ProofSubject, dates: Iterable[_Dated]) -> Iterator[Hit]:
    """One day and month, with two neighbouring years in two sentences: one of them is last year's.

    Ends of terms and years are compared from year to year on purpose, and so is what stands in one sentence.
    """
    seen: dict[tuple[int, int], date] = {}
    for number, row, found in dates:
        sentence = _sentence(row, found)
        if found.year is None or found.is_doubtful or _ANNIVERSARY.search(sentence):
            continue
        try:
            day = found.in_year()
        except ValueError:
            continue
        excerpt = around(row, found.start, found.end)
        first = seen.setdefault((day.month, day.day), day)
        near = min(abs(one - subject.send_day) for one in (first, day))
        is_term = (day.day, day.month) in _TERMS or str(first.year) in sentence
        if abs(first.year - day.year) == 1 and near <= _SEASON and not is_term:
            yield DATE_YEARS.at(number, excerpt, first=first, second=day)
        elif number != subject.draft.lines.get("dateline_date"):
            yield from _slips(subject.send_day, number, excerpt, found, day)


def _slips(send: date, number: int, excerpt: str, found: FoundDate, day: date) -> Iterator[Hit]:
    """A year that is last year's, or far ahead."""
    meant = _in_year(day, day.year + 1)
    if meant is not None and day < send - _NEAREST and -_FAR_PAST <= meant - send <= _SOON:
        level = Level.WARN if send.month <= 2 or found.weekday == meant.weekday() != day.weekday() else Level.NOTE
        yield DATE_LAST_YEAR.at(number, excerpt, level=level, day=day, meant=meant)
    elif day.year - send.year >= _YEARS_AHEAD:
        yield DATE_FAR.at(number, excerpt, day=day, years=day.year - send.year)


def _dates(subject: ProofSubject) -> Iterator[_Dated]:
    for number, row in enumerate(subject.source.split("\n"), start=1):
        for found in find_dates(row):
            yield number, row, found


def _context(row: str, found: FoundDate) -> str:
    """What stands on both sides of a date."""
    return row[max(0, found.start - _SIDE) : found.start] + row[found.end : found.end + _SIDE]


def _sentence(row: str, found: FoundDate) -> str:
    """What of the same sentence stands on both sides of a date."""
    before, after = row[max(0, found.start - _SIDE) : found.start], row[found.end : found.end + _SIDE]
    return f"{_SENTENCE_END.split(before)[-1]} {_SENTENCE_END.split(after, maxsplit=1)[0]}"


CHECKS = (dateline, dates)

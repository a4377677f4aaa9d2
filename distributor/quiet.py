"""Hours and days at which a newsroom is better left alone: the night, week-ends, public holidays in France."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
_AFTER_EASTER = (1, 39, 50)
"""Days from Easter to Easter Monday, Ascension and Whit Monday (Code du travail, L3133-1)."""


class Quiet(StrEnum):
    """Why a moment is a quiet one."""

    HOURS = "hours"
    WEEKEND = "weekends"
    HOLIDAY = "french-holidays"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The hours, each from the first to before the second and perhaps over midnight, and the days."""

    hours: tuple[tuple[time, time], ...] = ()
    weekends: bool = False
    holidays: bool = False

    def __str__(self) -> str:
        """As `read_quiet_hours` reads it."""
        hours = [f"{first:%H:%M}-{last:%H:%M}" for first, last in self.hours]
        days = [word for word, holds in ((Quiet.WEEKEND, self.weekends), (Quiet.HOLIDAY, self.holidays)) if holds]
        return ", ".join([*hours, *days])

    def why(self, local: datetime) -> Quiet | None:
        """Why a local time is quiet, None where it is not."""
        if self.holidays and is_french_holiday(local.date()):
            return Quiet.HOLIDAY
        if self.weekends and local.weekday() >= 5:
            return Quiet.WEEKEND
        return Quiet.HOURS if any(_is_within(local.time(), first, last) for first, last in self.hours) else None


NEVER = QuietHours()
"""No quiet hour at all."""


def read_quiet_hours(text: str) -> QuietHours:
    """Read «21:00-07:00, weekends, french-holidays»; `ValueError` for anything else."""
    hours, days = [], set()
    for part in (one.strip().lower() for one in text.split(",")):
        if match := _HOURS.fullmatch(part):
            first, last = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
            if first == last:
                raise ValueError(text)
            hours.append((first, last))
        else:
            days.add(Quiet(part))
    if Quiet.HOURS in days:
        raise ValueError(text)
    return QuietHours(tuple(hours), weekends=Quiet.WEEKEND in days, holidays=Quiet.HOLIDAY in days)


def is_french_holiday(day: date) -> bool:
    """Whether it is a public holiday in all of France."""
    easter = _easter(day.year)
    return (day.month, day.day) in _FIXED or day in {easter + timedelta(days=days) for days in _AFTER_EASTER}


def _is_within(moment: time, first: time, last: time) -> bool:
    return first <= moment < last if first < last else moment >= first or moment < last


def _easter(year: int) -> date:
    """Easter Sunday by the Gregorian rule (Meeus, Jones and Butcher)."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    leaps = century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15
    moon = (19 * golden + leaps) % 30
    week = (32 + 2 * (century % 4) + 2 * (of_century // 4) - moon - of_century % 4) % 7
    shift = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * shift + 114, 31)
    return date(year, month, day + 1)

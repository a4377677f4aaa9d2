"""Instants as people type them («demain 18 h», «2026-12-01 18:00»), and said back in words that leave no doubt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from distributor.errors import BadInput
from distributor.releases.readers.dates import find_date, find_time

AT, NOT_AFTER = "--at", "--not-after"
_MEND = "Write it as: 2026-12-01 18:00, or 18:00, or tomorrow 18:00"
_YEARS = range(1970, 2200)  # far from the ends of the calendar, where no zone can be reckoned any more
_DAYS = {
    "aujourd'hui": 0,
    "aujourd’hui": 0,
    "today": 0,
    "demain": 1,
    "tomorrow": 1,
    "après-demain": 2,
    "apres-demain": 2,
}
_DAY_WORD = re.compile(rf"\b(?:{'|'.join(sorted(_DAYS, key=len, reverse=True))})\b", re.IGNORECASE)
_NOW = frozenset({"now", "maintenant"})
_LONGEST_GAP_MIN = 24 * 60 + 1  # a zone that changed sides of the date line left out a day


@dataclass(frozen=True, slots=True)
class Hours:
    """When a dispatch is to start (None: at once), and after when nothing of it may leave (None: whenever)."""

    start: datetime | None = None
    not_after: datetime | None = None


AT_ONCE = Hours()


def read_hours(start: str, not_after: str, zone: ZoneInfo, now: datetime) -> Hours:
    """Both hours of a sending as they are typed ("" for none); raises as `read_start` and `read_cut_off`."""
    begins = read_start(start, zone, now) if start else None
    return Hours(begins, read_cut_off(not_after, zone, begins or now, now) if not_after else None)


def read_instant(text: str, zone: ZoneInfo, now: datetime, *, field: str = AT) -> datetime:
    """The instant that `text` names: an hour alone is today's in `zone`, one with an offset is itself.

    Raises `BadInput` for none, for a day without its hour, for an hour that the clocks skip or repeat that night (the
    sentence offers those there are), and for a year that is a slip of the keyboard.
    """
    text = " ".join(text.split())
    if text.lower() in _NOW:
        return now
    try:
        moment = datetime.fromisoformat(text)
        has_hour = len(text) > len("2026-12-01")
    except ValueError:
        moment, has_hour = _in_words(text, now.astimezone(zone).date(), field), True
    if moment.year not in _YEARS:
        raise BadInput(f"«{text}» is too far away.", field=field, mend=f"Check the year: {moment.year:04}.")
    if not has_hour:
        raise BadInput(f"«{text}» names a day, and no hour.", field=field, mend=f"{_MEND}.")
    return moment.astimezone(UTC) if moment.tzinfo else _in_zone(moment, zone, field)


def read_start(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """When a dispatch is to start; as `read_instant`, and `BadInput` for what is past."""
    start = read_instant(text, zone, now)
    if start < now:
        raise BadInput(
            f"{say_instant(start, zone)} is past: it is {now.astimezone(zone):%H:%M:%S} now.",
            field=AT,
            mend=f"Tomorrow it is: {AT} 'tomorrow {text.strip()}'." if _is_hour_alone(text) else f"{_MEND}.",
        )
    return start


def read_cut_off(text: str, zone: ZoneInfo, start: datetime, now: datetime) -> datetime:
    """After when nothing of a dispatch that starts at `start` may leave.

    An hour alone is of the day it starts; «tomorrow» is the day after the one on which it is said, as in `read_start`.
    """
    cut_off = read_instant(text, zone, start if _is_hour_alone(text) else now, field=NOT_AFTER)
    if cut_off <= start:
        raise BadInput(
            f"{say_instant(cut_off, zone)} is not after the start, {say_instant(start, zone)}.",
            field=NOT_AFTER,
            mend="Name the day too, such as: 2026-12-02 08:00." if _is_hour_alone(text) else f"{_MEND}.",
        )
    return cut_off


def say_instant(moment: datetime, zone: ZoneInfo) -> str:
    """«Tuesday 1 December 2026 at 18:00 (Europe/Paris, UTC+1)»: weekday, zone and its offset at that moment."""
    local = moment.astimezone(zone)
    hour = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    return f"{local:%A} {local.day} {local:%B} {local.year} at {hour} ({zone.key}, {_offset(local)})"


def say_distance(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """How far off a moment to come is: «in 40 minutes», «in 5 hours», «tomorrow», «in 3 days»."""
    left = moment - now
    if left < timedelta(minutes=1):
        return "in less than a minute"
    if left < timedelta(hours=1):
        return _many(round(left / timedelta(minutes=1)), "minute")
    days = (moment.astimezone(zone).date() - now.astimezone(zone).date()).days
    if days == 0 or left < timedelta(hours=12):
        return _many(round(left / timedelta(hours=1)), "hour")
    return "tomorrow" if days == 1 else _many(days, "day")


def _many(number: int, noun: str) -> str:
    return f"in {number} {noun}{'' if number == 1 else 's'}"


def _offset(local: datetime) -> str:
    shift = local.utcoffset() or timedelta()
    minutes = abs(shift) // timedelta(minutes=1)
    if not minutes:
        return "UTC"
    return f"UTC{'-' if shift < timedelta() else '+'}{minutes // 60}" + (f":{minutes % 60:02}" if minutes % 60 else "")


def _is_hour_alone(text: str) -> bool:
    return not _DAY_WORD.search(text) and find_date(text) is None


def _in_words(text: str, today: date, field: str) -> datetime:
    """The local time that words name: a day (today, tomorrow, or a date), and the hour of it."""
    try:
        day, rest = _day_of(text, today)
        hour = find_time(rest)
    except ValueError:
        raise BadInput(f"«{text}» names a day or hour that does not exist.", field=field, mend=f"{_MEND}.") from None
    if hour is None:
        what = "is no time" if rest == text else "names a day, and no hour"
        raise BadInput(f"«{text}» {what}.", field=field, mend=f"{_MEND}.")
    left = re.sub(r"\b(?:at|à|le|on|the)\b|[,;]", " ", f"{rest[: hour.start]} {rest[hour.end :]}", flags=re.IGNORECASE)
    if left.strip():  # «18:00 London time»: what is not understood is not passed over
        raise BadInput(f"«{text}»: «{left.strip()}» is not understood.", field=field, mend=f"{_MEND}.")
    return datetime.combine(day, hour.time) + timedelta(days=int(hour.next_day))


def _day_of(text: str, today: date) -> tuple[date, str]:
    """The day that words name, or today, and the rest of them; `ValueError` for a day that does not exist."""
    if word := _DAY_WORD.search(text):
        return today + timedelta(days=_DAYS[word[0].lower()]), f"{text[: word.start()]} {text[word.end() :]}"
    found = find_date(text)
    if found is None:
        return today, text
    day = found.nearest_to(today)
    if found.weekday is not None and found.weekday != day.weekday():
        raise ValueError("not that weekday")
    return day, f"{text[: found.start]} {text[found.end :]}"


def _in_zone(local: datetime, zone: ZoneInfo, field: str) -> datetime:
    """The instant of a local time; `BadInput` where the clocks skip or repeat it, with those that can be meant."""
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    shown = f"{local:%Y-%m-%d %H:%M}"
    if _exists(local, zone):
        raise BadInput(
            f"{shown} comes twice in {zone.key}, for the clocks are put back that night.",
            field=field,
            mend=f"Say which: {_iso(first)} is the first, {_iso(second)} the second.",
        )
    after = next(later for later in _minutes_after(local) if _exists(later, zone)).replace(tzinfo=zone)
    raise BadInput(
        f"{shown} does not exist in {zone.key}, for the clocks are put forward that night.",
        field=field,
        mend=f"The next time there is: {after:%Y-%m-%d %H:%M} ({_iso(after)}).",
    )


def _exists(local: datetime, zone: ZoneInfo) -> bool:
    return local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local


def _minutes_after(local: datetime) -> list[datetime]:
    start = datetime.combine(local.date(), time(local.hour, local.minute))
    return [start + timedelta(minutes=minutes) for minutes in range(1, _LONGEST_GAP_MIN)]


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")

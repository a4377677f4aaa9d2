"""Quiet hours and days."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from distributor.quiet import Quiet, QuietHours, is_french_holiday, read_quiet_hours


def test_hours_may_go_over_midnight() -> None:
    night = read_quiet_hours("21:00-07:00")
    assert night == QuietHours(((time(21), time(7)),))
    quiet = [hour for hour in range(24) if night.why(datetime(2026, 12, 1, hour)) is Quiet.HOURS]  # noqa: DTZ001
    assert quiet == [0, 1, 2, 3, 4, 5, 6, 21, 22, 23]
    lunch = read_quiet_hours("12:30-13:30")
    assert [lunch.why(datetime(2026, 12, 1, 12, minute)) for minute in (29, 30)] == [None, Quiet.HOURS]  # noqa: DTZ001


def test_days() -> None:
    every = read_quiet_hours("21:00-07:00, weekends, French-Holidays")
    assert every.why(datetime(2026, 11, 28, 12)) is Quiet.WEEKEND  # noqa: DTZ001
    assert every.why(datetime(2026, 12, 25, 12)) is Quiet.HOLIDAY  # noqa: DTZ001
    assert every.why(datetime(2026, 12, 1, 12)) is None  # noqa: DTZ001
    assert QuietHours().why(datetime(2026, 12, 25, 3)) is None  # noqa: DTZ001


@pytest.mark.parametrize(
    "day",
    ["2024-04-01", "2024-05-09", "2024-05-20", "2027-03-29", "2027-05-06", "2027-05-17", "2038-04-26", "2027-07-14"],
)
def test_the_holidays_of_france(day: str) -> None:
    assert is_french_holiday(date.fromisoformat(day))


@pytest.mark.parametrize("day", ["2027-03-28", "2027-03-26", "2027-12-24", "2027-07-04"])
def test_other_days_are_none(day: str) -> None:
    assert not is_french_holiday(date.fromisoformat(day))


@pytest.mark.parametrize("text", ["night", "21:00", "21:00-21:00", "25:00-07:00", "hours", "21:00-07:00;weekends", ","])
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_quiet_hours(text)

"""How a page writes moments, numbers and shares, in French and in English."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The language of a page, the zone of its times, whose it is, and when it was made."""

    language: str
    zone: ZoneInfo
    organisation: str
    made_at: datetime

    @property
    def column(self) -> int:
        """Which of (French, English) is meant."""
        return 0 if self.language == "fr" else 1

    def day(self, day: date) -> str:
        """A day as it is written in the page's language."""
        return self._first(format_date(day, "d MMMM y" if self.language == "fr" else "d MMM y", locale=self.language))

    def moment(self, moment: datetime | None) -> str:
        """An instant as it is written in the page's language, in the workspace's zone."""
        if moment is None:
            return ""
        pattern = "d MMMM y HH:mm:ss" if self.language == "fr" else "d MMM y HH:mm:ss"
        return self._first(format_datetime(moment, pattern, tzinfo=self.zone, locale=self.language))

    def number(self, number: int) -> str:
        """A number with its thousands set apart."""
        return format_decimal(number, locale=self.language)

    def share(self, number: int, of: int) -> str:
        """A share in percent, with one decimal; never rounded up to all, nor down to none."""
        if not of:
            return "–"
        share = number / of
        if 0 < number < of:
            share = min(max(share, 0.001), 0.999)
        return format_percent(share, "#,##0.0 %" if self.language == "fr" else "#,##0.0%", locale=self.language)

    def _first(self, day: str) -> str:
        """In French the first of a month is the «1er»."""
        return f"1er {day[2:]}" if self.language == "fr" and day.startswith("1 ") else day

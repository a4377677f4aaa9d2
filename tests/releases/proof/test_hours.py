"""Rules for the hour of sending: where they speak, and where it only seems that they should."""

from __future__ import annotations

from datetime import datetime, time

import pytest

from distributor.quiet import read_quiet_hours
from distributor.releases.findings import Audience, Level
from distributor.releases.proof import proof
from releases.proof.subjects import NOON, found, subject

EVERY = read_quiet_hours("21:00-07:00, weekends, french-holidays")
CLOSING = Audience(deadlines=(("Le Courrier", time(18, 30)), ("Radio Lisière", time(12)), ("Le Fil", time(23))))


@pytest.mark.parametrize(
    ("day", "hour", "reason"),
    [(12, 22, "within the quiet hours"), (12, 3, "within the quiet hours"), (14, 12, "at the week-end")],
)
def test_a_quiet_hour_is_told(day: int, hour: int, reason: str) -> None:
    finding = found(send=NOON.replace(day=day, hour=hour), quiet=EVERY)["quiet-hours"]
    assert finding.level == Level.WARN
    assert finding.message == f"It would leave 2026-03-{day} {hour:02}:00, {reason}."


def test_a_public_holiday_is_told() -> None:
    easter_monday = datetime(2026, 4, 6, 10, tzinfo=NOON.tzinfo)
    (told,) = [one for one in proof(subject(send=easter_monday, quiet=EVERY), "fr") if one.code == "quiet-hours"]
    assert told.message == "Il partirait 2026-04-06 10:00, un jour férié."


def test_at_noon_of_a_working_day_nothing_is_quiet() -> None:
    assert "quiet-hours" not in found(quiet=EVERY)
    assert "quiet-hours" not in found(send=NOON.replace(hour=3)), "nobody has set any"


def test_who_has_closed_the_edition_is_named_with_the_hour() -> None:
    finding = found(send=NOON.replace(hour=19), audience=CLOSING)["deadline-past"]
    assert finding.level == Level.WARN
    assert finding.message == "By 19:00 these have closed their edition: Radio Lisière (12:00), Le Courrier (18:30)."
    assert "deadline-past" not in found(send=NOON.replace(hour=11, minute=59), audience=CLOSING)

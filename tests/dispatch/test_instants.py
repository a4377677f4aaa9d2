"""Instants as they are typed: every form, the two nights on which the clocks change, and what names no instant."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.dispatch.hours.instants import (
    read_cut_off,
    read_hours,
    read_instant,
    read_start,
    say_distance,
    say_instant,
)
from distributor.errors import BadInput

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 28, 15, 30, tzinfo=UTC)  # 16:30 in Paris


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-12-01 18:00", "2026-12-01T17:00+00:00"),
        ("2026-12-01T18:00:30", "2026-12-01T17:00:30+00:00"),
        ("2026-12-01T18:00+02:00", "2026-12-01T16:00+00:00"),
        ("2026-12-01T18:00Z", "2026-12-01T18:00+00:00"),
        ("2026-07-01 18:00", "2026-07-01T16:00+00:00"),
        ("18:00", "2026-11-28T17:00+00:00"),
        ("18h", "2026-11-28T17:00+00:00"),
        ("18 h 05", "2026-11-28T17:05+00:00"),
        ("demain 18:00", "2026-11-29T17:00+00:00"),
        ("Demain à 18 h", "2026-11-29T17:00+00:00"),
        ("tomorrow at 6 pm", "2026-11-29T17:00+00:00"),
        ("après-demain midi", "2026-11-30T11:00+00:00"),
        ("aujourd’hui 24h", "2026-11-28T23:00+00:00"),
        ("1er décembre à 18h", "2026-12-01T17:00+00:00"),
        ("mardi 1er décembre 2026 à 18 h", "2026-12-01T17:00+00:00"),
        ("2 January, 9:30", "2027-01-02T08:30+00:00"),
        ("now", "2026-11-28T15:30+00:00"),
    ],
)
def test_every_way_to_write_it(text: str, instant: str) -> None:
    assert read_instant(text, PARIS, NOW) == datetime.fromisoformat(instant)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("soon", "is no time"),
        ("2026-12-01", "a day, and no hour"),
        ("demain", "a day, and no hour"),
        ("25:00", "does not exist"),
        ("31 février 2027 à 18 h", "does not exist"),
        ("lundi 1er décembre 2026 à 18 h", "does not exist"),
        ("18:00 London time", "«London time» is not understood"),
        ("0026-12-01 18:00", "too far away"),
        ("", "is no time"),
    ],
)
def test_what_names_no_instant_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_instant(text, PARIS, NOW)


def test_an_hour_that_the_clocks_skip_is_refused_with_the_next_there_is() -> None:
    with pytest.raises(BadInput) as refused:
        read_instant("2027-03-28 02:30", PARIS, NOW)
    assert "2027-03-28 02:30 does not exist in Europe/Paris" in str(refused.value)
    assert "2027-03-28 03:00 (2027-03-28T03:00+02:00)" in str(refused.value)
    offered = read_instant("2027-03-28T03:00+02:00", PARIS, NOW)
    assert offered == read_instant("2027-03-28 03:00", PARIS, NOW) == datetime(2027, 3, 28, 1, tzinfo=UTC)


def test_an_hour_that_comes_twice_is_refused_with_both() -> None:
    with pytest.raises(BadInput) as refused:
        read_instant("2027-10-31 02:30", PARIS, NOW)
    assert "2027-10-31 02:30 comes twice in Europe/Paris" in str(refused.value)
    for offered, hour in (("2027-10-31T02:30+02:00", 0), ("2027-10-31T02:30+01:00", 1)):
        assert offered in str(refused.value)
        assert read_instant(offered, PARIS, NOW) == datetime(2027, 10, 31, hour, 30, tzinfo=UTC)
    assert read_instant("2027-10-31 03:00", PARIS, NOW) == datetime(2027, 10, 31, 2, tzinfo=UTC)


def test_a_day_that_a_zone_left_out() -> None:
    with pytest.raises(BadInput, match=r"2011-12-31 00:00"):
        read_instant("2011-12-30 18:00", ZoneInfo("Pacific/Apia"), NOW)


def test_what_is_past_is_refused_and_tomorrow_offered() -> None:
    with pytest.raises(BadInput) as refused:
        read_start("16:00", PARIS, NOW)
    assert "Saturday 28 November 2026 at 16:00 (Europe/Paris, UTC+1) is past: it is 16:30:00 now." in str(refused.value)
    assert "'tomorrow 16:00'" in str(refused.value)
    with pytest.raises(BadInput, match="is past"):
        read_start("2026-11-28 16:29", PARIS, NOW)
    assert read_start("16:30", PARIS, NOW) == NOW


def test_a_cut_off_is_an_hour_of_the_day_it_starts() -> None:
    start = datetime(2026, 12, 1, 17, tzinfo=UTC)
    assert read_cut_off("20:00", PARIS, start, start) == datetime(2026, 12, 1, 19, tzinfo=UTC)
    assert read_cut_off("tomorrow 8:00", PARIS, start, start) == datetime(2026, 12, 2, 7, tzinfo=UTC)
    with pytest.raises(BadInput, match="is not after the start"):
        read_cut_off("08:00", PARIS, start, start)


def test_both_hours_of_tomorrow_are_of_the_same_day() -> None:
    hours = read_hours("demain 16:00", "demain 20:00", PARIS, NOW)
    assert hours.start == datetime(2026, 11, 29, 15, tzinfo=UTC)
    assert hours.not_after == datetime(2026, 11, 29, 19, tzinfo=UTC)
    assert read_hours("demain 16:00", "20:00", PARIS, NOW) == hours


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2026, 12, 1, 17, tzinfo=UTC), "Tuesday 1 December 2026 at 18:00 (Europe/Paris, UTC+1)"),
        (datetime(2026, 7, 1, 16, 0, 30, tzinfo=UTC), "Wednesday 1 July 2026 at 18:00:30 (Europe/Paris, UTC+2)"),
    ],
)
def test_an_instant_is_said_with_weekday_and_zone(moment: datetime, words: str) -> None:
    assert say_instant(moment, PARIS) == words


def test_zones_with_odd_offsets_are_said() -> None:
    moment = datetime(2026, 12, 1, 17, tzinfo=UTC)
    assert say_instant(moment, ZoneInfo("Asia/Kolkata")).endswith("22:30 (Asia/Kolkata, UTC+5:30)")
    assert say_instant(moment, ZoneInfo("America/St_Johns")).endswith("(America/St_Johns, UTC-3:30)")
    assert say_instant(moment, ZoneInfo("UTC")).endswith("17:00 (UTC, UTC)")


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2026, 11, 28, 15, 30, 20, tzinfo=UTC), "in less than a minute"),
        (datetime(2026, 11, 28, 15, 31, tzinfo=UTC), "in 1 minute"),
        (datetime(2026, 11, 28, 17, 30, tzinfo=UTC), "in 2 hours"),
        (datetime(2026, 11, 29, 1, 30, tzinfo=UTC), "in 10 hours"),
        (datetime(2026, 11, 29, 17, tzinfo=UTC), "tomorrow"),
        (datetime(2026, 12, 1, 17, tzinfo=UTC), "in 3 days"),
    ],
)
def test_how_far_off_it_is(moment: datetime, words: str) -> None:
    assert say_distance(moment, NOW, PARIS) == words


@given(st.text(max_size=40))
def test_whatever_is_typed_is_an_instant_or_a_sentence(text: str) -> None:
    try:
        moment = read_instant(text, PARIS, NOW)
    except BadInput:
        return
    assert moment.tzinfo is not None


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)))  # noqa: DTZ001 - a local time, as it is typed
def test_what_is_accepted_is_said_back_as_it_was_typed(local: datetime) -> None:
    local = local.replace(microsecond=0)
    try:
        moment = read_instant(local.isoformat(" "), PARIS, NOW)
    except BadInput:
        return
    assert moment.astimezone(PARIS).replace(tzinfo=None) == local

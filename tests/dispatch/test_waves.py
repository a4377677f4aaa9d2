"""Waves as they are written on the command line, and in which of them somebody leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from distributor.dispatch.recipients.waves import PlannedWave, in_order, meant_by, read_duration, read_wave
from distributor.errors import BadInput

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "name", "after", "starts_at"),
    [
        ("agences", "agences", None, None),
        ("nationaux@+30m", "nationaux", timedelta(minutes=30), None),
        ("nationaux@+1h30", "nationaux", timedelta(minutes=90), None),
        ("nationaux@+90", "nationaux", timedelta(minutes=90), None),
        ("nationaux @ +2h", "nationaux", timedelta(hours=2), None),
        ("régions@+1d", "régions", timedelta(days=1), None),
        ("all@18:00", "all", None, datetime(2026, 12, 1, 17, tzinfo=UTC)),
        ("all@18h", "all", None, datetime(2026, 12, 1, 17, tzinfo=UTC)),
        ("all@2026-12-02 08:30", "all", None, datetime(2026, 12, 2, 7, 30, tzinfo=UTC)),
        ("all@2026-12-02T08:30Z", "all", None, datetime(2026, 12, 2, 8, 30, tzinfo=UTC)),
    ],
)
def test_what_is_written_is_read(text: str, name: str, after: timedelta | None, starts_at: datetime | None) -> None:
    wave = read_wave(text, PARIS, NOW)
    assert (wave.name, wave.after, wave.starts_at) == (name, after, starts_at)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no wave"), ("@18:00", "no wave"), ("agences@", "no wave"), ("agences@tard", "is no time"),
        ("agences@25:00", "does not exist"), ("agences@9999-12-31 23:30", "too far away"),
        ("agences@2026-12-02", "no hour"), ("agences@+", "no length"), ("agences@+soon", "no length"),
        ("agences@+0m", "not between"), ("agences@+99999d", "not between"), ("agences@+999999999999h", "no length"),
        ("agences@08:00", "is over"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_wave(text, PARIS, NOW)


@pytest.mark.parametrize(
    ("now", "text", "said"),
    [
        (datetime(2027, 3, 27, 20, tzinfo=UTC), "all@2027-03-28 02:30", "does not exist"),
        (datetime(2026, 10, 24, 20, tzinfo=UTC), "all@2026-10-25 02:30", "comes twice"),
    ],
)
def test_an_hour_that_the_clocks_skip_or_repeat_names_no_moment(now: datetime, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_wave(text, PARIS, now)


def test_a_length_counts_real_time_over_the_night_when_the_clocks_change() -> None:
    eve = datetime(2026, 10, 24, 22, tzinfo=UTC)  # midnight in Paris; two o'clock comes twice
    waves = in_order([read_wave("agences", PARIS, eve), read_wave("all@+4h", PARIS, eve)], eve)
    assert waves[1].starts_at == eve + timedelta(hours=4)
    assert waves[1].starts_at.astimezone(PARIS).hour == 3


@pytest.mark.parametrize("hour", ["2027-03-28 01:30", "2026-10-25 01:30"])
def test_a_length_after_an_hour_of_its_own_counts_real_time_too(hour: str) -> None:
    eve = datetime.fromisoformat(hour).replace(hour=0, tzinfo=PARIS)
    waves = in_order([read_wave(text, PARIS, eve) for text in ("agences", f"nationaux@{hour}", "all@+2h30")], eve)
    assert waves[1].starts_at is not None
    assert waves[2].starts_at is not None
    assert waves[2].starts_at.timestamp() - waves[1].starts_at.timestamp() == 9000


def test_waves_are_numbered_and_each_is_counted_from_the_one_before() -> None:
    written = ["agences", "nationaux@+30m", "regions@+1h", "all@18:00", "tard@+15m"]
    waves = in_order([read_wave(text, PARIS, NOW) for text in written], NOW)
    assert [wave.number for wave in waves] == [1, 2, 3, 4, 5]
    assert [wave.starts_at and wave.starts_at.astimezone(PARIS).strftime("%H:%M") for wave in waves] == [
        None, "10:30", "11:30", "18:00", "18:15",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (["agences@+30m"], "no wave before"),
        (["agences", "nationaux"], "not said when"),
        (["agences@12:00", "nationaux@11:00"], "before the one ahead"),
        (["agences", "nationaux@+5h", "all@12:00"], "before the one ahead"),
    ],
)
def test_waves_out_of_order_are_refused(written: list[str], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        in_order([read_wave(text, PARIS, NOW) for text in written], NOW)


def test_somebody_leaves_with_the_first_wave_that_means_them() -> None:
    waves = (
        PlannedWave(1, "AFP", contact_ids=frozenset({7})),
        PlannedWave(2, "agences", lists=("agences",)),
        PlannedWave(3, "all", lists=("agences", "social", "sante")),
    )
    people = {7: ("social",), 8: ("social", "agences"), 9: ("sante",), 10: ("gone",)}
    found = {
        number: meant_by(waves, SimpleNamespace(contact_id=number, lists=lists)).number  # type: ignore[arg-type]
        for number, lists in people.items()
    }
    assert found == {7: 1, 8: 2, 9: 3, 10: 3}


@pytest.mark.parametrize("text", ["2h", "2 h", "120", "120m", "1h60", "2H"])
def test_a_length_is_read_however_it_is_written(text: str) -> None:
    assert read_duration(text, "--for") == timedelta(hours=2)

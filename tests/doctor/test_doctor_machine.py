"""Python, SQLite, the disk, and the wall around each check."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from distributor.doctor import machine
from distributor.doctor.check import Check, Level, NotExamined, contained, guarded
from distributor.errors import BadInput


def test_an_old_python_fails() -> None:
    assert machine.check_python((3, 10, 14)).level is Level.FAIL
    assert machine.check_python((3, 11, 0)).level is Level.OK


@pytest.mark.parametrize(
    ("version", "has_bug"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)
def test_which_sqlite_has_the_wal_reset_bug(version: machine.Version, has_bug: bool) -> None:
    assert machine.has_wal_reset_bug(version) is has_bug
    assert machine.check_sqlite(version, in_use=True).level is (Level.WARN if has_bug else Level.OK)


def test_sqlite_does_not_matter_on_postgresql() -> None:
    assert machine.check_sqlite((3, 40, 1), in_use=False).level is Level.OK


class _Usage(NamedTuple):
    free: int


@pytest.mark.parametrize(
    ("free", "level"), [(10**6, Level.FAIL), (10**8, Level.WARN), (10**9, Level.OK), (10**11, Level.OK)]
)
def test_room_on_the_disk(free: int, level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(free))
    assert machine.check_disk(tmp_path).level is level


def test_no_folder_no_disk(tmp_path: Path) -> None:
    with pytest.raises(NotExamined):
        machine.check_disk(tmp_path / "nowhere")


def _breaking(error: Exception) -> Iterator[Check]:
    yield Check.ok("first", "Fine.")
    raise error


def test_what_was_found_before_a_break_is_kept_and_the_rest_is_skipped() -> None:
    error = BadInput("It is wrong.", mend="Mend it.", file="a.csv", line=3, field="name")
    checks = list(contained("second", _breaking(error), ["third"]))
    assert checks == [
        Check.ok("first", "Fine."),
        Check.fail("second", "a.csv:3: name: It is wrong.", "Mend it."),
        Check.skip("third", "Left out: see second."),
    ]


def test_a_defect_of_ours_is_named_without_its_words() -> None:
    (check,) = list(contained("second", _breaking(ValueError("postgresql://u:secret@h"))))[1:]
    assert check.level is Level.FAIL
    assert "ValueError" in check.message
    assert "test_doctor_machine.py" in check.message
    assert "secret" not in check.message


def test_a_check_that_could_not_be_made_is_skipped() -> None:
    def step() -> Check:
        raise NotExamined("There is nothing to look at.")

    assert guarded("one", step) == Check.skip("one", "There is nothing to look at.")

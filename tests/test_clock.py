"""The clock: aware, in UTC, and never a naive time."""

from __future__ import annotations

import ast
import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import movingclock
import pytest
from movingclock import MovingClock, lie_down
from warmcommand import WarmCommand

import distributor
from distributor import clock
from distributor.models import Audit
from distributor.moments import require_aware
from distributor.starter import make_workspace

_READERS = {
    ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time"),
    ("time", "monotonic"), ("time", "perf_counter"), ("time", "sleep"),
}  # fmt: skip


def test_now_is_aware_and_in_utc() -> None:
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()


def test_a_moment_is_kept_as_the_same_instant_in_utc() -> None:
    paris = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert require_aware(paris) == paris
    assert require_aware(paris).isoformat() == "2026-07-01T10:00:00+00:00"


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        require_aware(datetime(2026, 7, 1, 12))  # noqa: DTZ001 - that is what is refused


def test_nobody_else_reads_the_machines_clock() -> None:
    package = Path(distributor.__file__).parent
    found = [
        f"{file.relative_to(package)}:{node.lineno}"
        for file in package.rglob("*.py")
        if file.name != "clock.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in _READERS
    ]
    assert found == []


def test_a_tests_clock_stands_until_it_is_moved(moving_clock: MovingClock) -> None:
    """Whoever took `clock.now` along before, as a default or by name, reads it too."""
    first = clock.now()
    assert first == moving_clock.now() == datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert Audit(actor="", action="", subject="").at == first
    assert moving_clock.move(hours=-3) == clock.now() == first - timedelta(hours=3)


def test_who_sleeps_by_a_tests_clock_wakes_when_it_leaps(moving_clock: MovingClock) -> None:
    async def sleep_for_a_day() -> datetime:
        sleeping = asyncio.create_task(clock.sleep(86400))
        await asyncio.sleep(0)
        moving_clock.move(days=1)
        await sleeping
        return clock.now()

    assert asyncio.run(sleep_for_a_day()) == datetime(2026, 12, 2, 8, tzinfo=UTC)
    assert moving_clock.looked(os.getpid()) == datetime(2026, 12, 1, 8, tzinfo=UTC)


def test_nobody_wakes_before_their_time(moving_clock: MovingClock) -> None:
    is_over = lie_down(moving_clock.file, 3600)
    moving_clock.move(hours=1, seconds=-1)
    assert not is_over()
    moving_clock.move(seconds=1)
    assert is_over()


def test_a_command_has_the_time_of_a_tests_clock(tmp_path: Path) -> None:
    """Forked from the warm one, and as a process of its own."""
    moving = MovingClock(tmp_path / "clock", datetime(2031, 4, 1, tzinfo=UTC))
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8", **moving.env}
    env["DISTRIBUTOR_MAIL_FROM"] = "Service de presse <presse@organisation.example>"
    make_workspace(tmp_path / "press")
    keygen = ["--workspace", str(tmp_path / "press"), "dkim", "keygen"]
    warm = WarmCommand(keygen, env=env, cwd=tmp_path)
    said, trouble = warm.communicate(timeout=60)
    assert "press203104" in said, trouble
    moving.move(days=30)
    program = [sys.executable, movingclock.__file__]
    done = subprocess.run([*program, *keygen], env=env, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "press203105" in done.stdout

"""A clock that a test moves: commands in other processes, and code in this one, read the time from a file.

`distributor.clock` is the only reader of the machine's clock, so replacing what it reads is enough, and the product
knows nothing of it. The time stands still at what the test says, until it says otherwise, or runs on from there. Who
sleeps wakes when the seconds have passed by either clock, the test's or the machine's: a loop that looks every five
seconds goes on looking while the time stands, and a leap wakes it at once. `monotonic` stays the machine's, as it does
when somebody sets a real clock, and so do the leases of a PostgreSQL server.

A command follows the clock whose variables are in its environment (`MovingClock.env`): as `WarmCommand`, or started as
`python tests/movingclock.py ARGUMENTS` in place of `python -m distributor ARGUMENTS`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

VARIABLE = "TEST_CLOCK"
_STEP_S = 0.01
_STANDS = "-"


class MovingClock:
    """The test's hand on the clock that is kept in `file`; it begins at `moment`, and stands."""

    def __init__(self, file: Path, moment: datetime) -> None:
        self.file = file
        self.set(moment)

    @property
    def env(self) -> dict[str, str]:
        """What the environment of a command needs to follow it."""
        return {VARIABLE: str(self.file)}

    def set(self, moment: datetime, *, runs: bool = False) -> None:
        """From now on it is `moment`, later or earlier; with `runs` the time goes on from there."""
        assert moment.tzinfo is not None, "a naive time names no instant"
        since = repr(time.monotonic()) if runs else _STANDS
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{moment.astimezone(UTC).isoformat()} {since}")
        fresh.replace(self.file)

    def move(self, **by: float) -> datetime:
        """Move it, as by `hours=3` or `seconds=-1`; return what it shows then."""
        moment = self.now() + timedelta(**by)
        self.set(moment)
        return moment

    def now(self) -> datetime:
        """What it shows."""
        return _read(self.file)

    def looked(self, pid: int) -> datetime | None:
        """What it showed when that process last lay down to sleep; None for one that never did.

        When a command has looked at a moment, and sleeps, it has done whatever it does at that moment.
        """
        try:
            return datetime.fromisoformat(_bed(self.file, pid).read_text())
        except FileNotFoundError:
            return None


class _Days:
    """What `distributor.clock` finds under the name `datetime`."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self, zone: object) -> datetime:
        assert zone is UTC
        return _read(self._file)


class _Sleeper:
    """What `distributor.clock` finds under the names `time` and `asyncio`."""

    def __init__(self, file: Path, sleep: Callable[[float], object]) -> None:
        self._file = file
        self.sleep = sleep

    @staticmethod
    def monotonic() -> float:
        return time.monotonic()


def follow(file: Path) -> Callable[[], None]:
    """Let this process read the time from `file`; return what undoes it."""
    from distributor import clock

    names = {
        "datetime": _Days(file),
        "time": _Sleeper(file, lambda seconds: _pause(file, seconds)),
        "asyncio": _Sleeper(file, lambda seconds: _sleep(file, seconds)),
    }
    before = {name: getattr(clock, name) for name in names}
    vars(clock).update(names)
    return lambda: vars(clock).update(before)


def follow_environment() -> None:
    """Let this process follow the clock that its environment names, if it names one."""
    if file := os.environ.get(VARIABLE):
        follow(Path(file))


def _read(file: Path) -> datetime:
    shown, since = file.read_text().split()
    moment = datetime.fromisoformat(shown)
    return moment if since == _STANDS else moment + timedelta(seconds=time.monotonic() - float(since))


def _pause(file: Path, seconds: float) -> None:
    over = lie_down(file, seconds)
    while not over():
        time.sleep(min(_STEP_S, seconds))


async def _sleep(file: Path, seconds: float) -> None:
    over = lie_down(file, seconds)
    while not over():  # noqa: ASYNC110 - what it waits for is a file that another process writes
        await asyncio.sleep(min(_STEP_S, seconds))


def lie_down(file: Path, seconds: float) -> Callable[[], bool]:
    """Note that this process sleeps from now; return what says whether it has slept enough."""
    begun = _read(file)
    bed = _bed(file, os.getpid())
    fresh = bed.with_suffix(".new")
    fresh.write_text(begun.isoformat())
    fresh.replace(bed)
    ends, machine_ends = begun + timedelta(seconds=seconds), time.monotonic() + seconds
    return lambda: time.monotonic() >= machine_ends or _read(file) >= ends


def _bed(file: Path, pid: int) -> Path:
    return file.with_name(f"{file.name}-{pid}")


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])
    follow_environment()
    from distributor.__main__ import main

    main()

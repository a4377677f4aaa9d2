"""Waves: which lists leave when, and who is ahead of everybody else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from distributor.dispatch.hours.instants import read_instant
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.errors import BadInput
from distributor.models import Wave

EVERYBODY = "all"
"""The name of a wave for every press list there is, where no list is called so."""

_DURATION = re.compile(r"^(?:(?P<d>\d+)\s*[dj])?\s*(?:(?P<h>\d+)\s*h)?\s*(?:(?P<m>\d+)\s*(?:m|min)?)?$", re.IGNORECASE)
_LONGEST = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class PlannedWave:
    """A part of a dispatch: whom it means, and when it starts.

    It means who stands on one of `lists`, or the `contact_ids` of an exclusive. `after` counts from the start of the
    wave before; `starts_at` is None for what leaves as soon as the dispatch does.
    """

    number: int
    name: str
    lists: tuple[str, ...] = ()
    contact_ids: frozenset[int] = frozenset()
    after: timedelta | None = None
    starts_at: datetime | None = None

    @property
    def is_exclusive(self) -> bool:
        """Whether it is the one contact or outlet ahead of all others."""
        return bool(self.contact_ids)

    def means(self, planned: PlannedRecipient) -> bool:
        """Whether somebody leaves with it, if no wave before it means them."""
        return planned.contact_id in self.contact_ids or not set(self.lists).isdisjoint(planned.lists)

    def as_row(self, dispatch_id: int) -> Wave:
        """As the ledger keeps it."""
        return Wave(
            dispatch_id=dispatch_id,
            number=self.number,
            name=self.name,
            is_exclusive=self.is_exclusive,
            after_s=None if self.after is None else int(self.after.total_seconds()),
            starts_at=self.starts_at,
        )


def meant_by(waves: Sequence[PlannedWave], planned: PlannedRecipient) -> PlannedWave:
    """The first wave that means somebody; whoever none names comes with the last."""
    return next((wave for wave in waves if wave.means(planned)), waves[-1])


def read_wave(text: str, zone: ZoneInfo, now: datetime) -> PlannedWave:
    """Read «agences», «nationaux@+30m», «all@18:00» or «all@2026-12-01 18:00»; the number is for `in_order` to say.

    The hour is written as that of a start is (`instants`), so «all@tomorrow 18:00» is read too. Raises `BadInput` for
    one that cannot be read, is over, or that the clocks skip or repeat that night.
    """
    name, at, when = (part.strip() for part in text.partition("@"))
    if not name or (at and not when):
        raise _unreadable(text)
    if not when:
        return PlannedWave(0, name)
    if when.startswith("+"):
        return PlannedWave(0, name, after=read_duration(when[1:], "--wave"))
    return PlannedWave(0, name, starts_at=_hour(text, when, zone, now))


def read_duration(text: str, field: str) -> timedelta:
    """Read «30m», «2h», «1h30» or «1d»; `BadInput` for anything else, and for none or more than a month."""
    match = _DURATION.match(text.strip())
    parts = {name: int(value) for name, value in match.groupdict().items() if value} if match else {}
    if not parts or max(map(len, map(str, parts.values()))) > 5:
        raise BadInput(f"«{text}» is no length of time.", field=field, mend="Write it as 30m, 2h, 1h30 or 1d.")
    length = timedelta(days=parts.get("d", 0), hours=parts.get("h", 0), minutes=parts.get("m", 0))
    if not timedelta(0) < length <= _LONGEST:
        raise BadInput(f"«{text}» is not between a minute and a month.", field=field, mend="Write it as 30m, 2h or 1d.")
    return length


def _hour(text: str, when: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The instant at which a wave starts; in UTC, for what is counted from it counts real time."""
    moment = read_instant(when, zone, now, field="--wave")
    if moment <= now:
        raise BadInput(
            f"The wave «{text}» would start {moment.astimezone(zone):%Y-%m-%d %H:%M}, which is over.",
            field="--wave",
            mend=f"Write the day too, as: {text.partition('@')[0]}@2026-12-01 18:00",
        )
    return moment


def _unreadable(text: str) -> BadInput:
    return BadInput(
        f"«{text}» is no wave.", field="--wave", mend="Write: LIST, LIST@+30m, LIST@18:00 or LIST@2026-12-01 18:00."
    )


def in_order(waves: Iterable[PlannedWave], start: datetime) -> tuple[PlannedWave, ...]:
    """Number waves, and say when each starts if the first starts at `start`, or at its hour.

    Raises `BadInput` for one that has no time, would start before the one ahead of it, or begins with «+».
    """
    ordered: list[PlannedWave] = []
    begins = start
    for number, wave in enumerate(waves, start=1):
        if number == 1 and wave.after is not None:
            raise BadInput(
                f"There is no wave before «{wave.name}» to count from.", field="--wave", mend=f"Write: {wave.name}"
            )
        if number > 1 and wave.after is None and wave.starts_at is None:
            raise BadInput(
                f"It is not said when the wave «{wave.name}» starts.",
                field="--wave",
                mend=f"Write: {wave.name}@+30m, or {wave.name}@18:00",
            )
        if wave.starts_at is not None and wave.starts_at < begins:
            raise BadInput(
                f"The wave «{wave.name}» would start before the one ahead of it.",
                field="--wave",
                mend="Name the waves in the order in which they leave.",
            )
        begins = wave.starts_at or begins + (wave.after or timedelta(0))
        ordered.append(replace(wave, number=number, starts_at=wave.starts_at or (begins if number > 1 else None)))
    return tuple(ordered)

"""What a measurement is: two sides run in turn, pair by pair, and the ratio of their times."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

PAIRS = 5
PAIRS_WHEN_SLOW = 3
SLOW_S = 10.0
"""A side that takes longer is run less often, so that the whole stays within minutes; the table says how often."""

Side = Callable[[], float]
"""Does one side's work once and returns the seconds it took, leaving out what it needs to get ready."""


class Kind(Enum):
    """How two amounts make a ratio: of times or of megabytes (less is better), or of speeds (more is better)."""

    TIME = "time"
    MEMORY = "memory"
    SPEED = "speed"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: `ours` and `theirs` are seconds (or megabytes) for the same work, pair by pair.

    `aim` is the ratio to reach: at most for times, at least for speeds; None where none is set. `items`, how many
    messages or rows the work is, turns the medians into a rate for the reader.
    """

    name: str
    meaning: str
    kind: Kind
    ours: Sequence[float]
    theirs: Sequence[float]
    aim: float | None = None
    items: int = 0

    @property
    def ratios(self) -> list[float]:
        """The ratio of every pair."""
        pairs = list(zip(self.ours, self.theirs, strict=True))
        if self.kind is not Kind.SPEED:
            return [ours / theirs for ours, theirs in pairs]
        return [theirs / ours for ours, theirs in pairs]

    @property
    def median(self) -> float:
        """The median of the pairs' ratios: not the ratio of two medians, which may come from different moments."""
        return statistics.median(self.ratios)

    @property
    def meets_aim(self) -> bool | None:
        """Whether the median reaches the aim; None where there is none."""
        if self.aim is None:
            return None
        return self.median >= self.aim if self.kind is Kind.SPEED else self.median <= self.aim


@dataclass(frozen=True, slots=True)
class Skipped:
    """A line that could not be measured on this machine, and what it would take."""

    name: str
    reason: str


def timed(work: Callable[[], object]) -> float:
    """The wall-clock seconds that `work` takes."""
    gc.collect()  # one side's rubbish is not swept up on the other's time
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def interleave(*sides: Side, pairs: int = PAIRS, warm_up: bool = True, in_order: bool = False) -> list[list[float]]:
    """Run the sides in turn, `pairs` times over; return each side's seconds.

    Who goes first changes from round to round, so that a machine growing slower favours nobody; with `in_order` it does
    not, for a side that goes on from what the one before it left. `warm_up` runs one
    round that is not counted. When a side takes longer than `SLOW_S`, `PAIRS_WHEN_SLOW` rounds are enough.
    """
    if warm_up:
        for side in sides:
            side()
    seconds: list[list[float]] = [[] for _ in sides]
    for turn in range(pairs):
        for place in range(len(sides)):
            number = place if in_order else (turn + place) % len(sides)
            seconds[number].append(sides[number]())
        if turn + 1 == PAIRS_WHEN_SLOW and max(map(max, seconds)) > SLOW_S:
            break
    return seconds

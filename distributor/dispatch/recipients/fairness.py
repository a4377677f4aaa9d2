"""In which order people are sent to: every newsroom and every sector spread over the whole, none in a heap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

T = TypeVar("T")


def interleave(everyone: Iterable[T], *groupings: Callable[[T], Hashable]) -> list[T]:
    """The same people, each group spread evenly over the order; within a group they stay in theirs.

    The first grouping decides (the newsroom's domain, say); among those it puts on one place the next one does. Of a
    group of forty among a thousand every twenty-fifth is one, whichever way they came.
    """
    ordered = list(everyone)
    for grouping in reversed(groupings):
        ordered = _spread(ordered, grouping)
    return ordered


def _spread(everyone: list[T], grouping: Callable[[T], Hashable]) -> list[T]:
    keys = [grouping(one) for one in everyone]
    sizes = Counter(keys)
    # Groups begin one after another within their stretch: else all who are alone in theirs would meet in the middle.
    begins = {key: (number + 0.5) / len(sizes) for number, key in enumerate(sizes)}
    met: Counter[Hashable] = Counter()
    places = []
    for key in keys:
        places.append((met[key] + begins[key]) / sizes[key])
        met[key] += 1
    return [everyone[index] for index in sorted(range(len(everyone)), key=places.__getitem__)]

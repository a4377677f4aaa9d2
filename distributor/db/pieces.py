"""Long lists of values, in pieces that one statement can bind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

_PIECE = 500
"""Far from any database's limit of parameters."""


AS_ONE_LIST = 10_000
"""So many numbers at a time are bound as one value, a list (`prepared.among`)."""


def in_pieces(values: Iterable[T], at_most: int = _PIECE) -> Iterator[list[T]]:
    """The values in their order, some at a time; nothing where there are none."""
    rest = iter(values)
    while piece := list(islice(rest, at_most)):
        yield piece

"""A temporary database of SQLite's own: in memory while it is small, in a file that nobody else sees beyond that."""

from __future__ import annotations

import sqlite3
import weakref
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar, overload

from distributor.errors import StorageTrouble

T = TypeVar("T")

_PRAGMAS = (
    "PRAGMA journal_mode=OFF",
    "PRAGMA synchronous=OFF",
    # The system keeps the file in memory while there is room; SQLite's own 2 MB for each cost a `send` 7 MB more.
    "PRAGMA cache_size=-256",
    "PRAGMA temp.cache_size=-256",
)


def open_spool(holder: object, *tables: str) -> sqlite3.Connection:
    """A database with these tables, closed and gone with its holder."""
    connection = sqlite3.connect("", isolation_level=None, cached_statements=16, check_same_thread=False)
    for statement in (*_PRAGMAS, *tables, "BEGIN"):
        connection.execute(statement)
    weakref.finalize(holder, connection.close)
    return connection


class Spooled(Sequence[T], Generic[T]):
    """A sequence that lies in a spool, read from there as it is asked for, and equal to any that holds the same."""

    @abstractmethod
    def _at(self, place: int) -> T:
        """What stands at a place, from 0, that there is."""

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...

    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            return [self._at(place) for place in range(*index.indices(len(self)))]
        return self._at(range(len(self))[index])  # an index out of bounds is told as by any sequence

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(self) != len(other):
            return False
        return all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as every sequence that is compared by what it holds


@contextmanager
def on_a_disk(what: str, so: str) -> Iterator[None]:
    """Raise `StorageTrouble` where the disk for temporary files cannot take `what`; `so` is what that comes to."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StorageTrouble(
            f"The disk cannot take {what} ({error}); {so}.",
            mend="Free some space in the folder for temporary files and run the same command again.",
        ) from error

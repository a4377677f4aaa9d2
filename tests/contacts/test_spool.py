"""What an import notes of its file, when there is no room for it."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from distributor.contacts.intake.merging import KnownContact, Said
from distributor.contacts.intake.report import Result
from distributor.contacts.intake.spool import Spool
from distributor.errors import StorageTrouble


@contextmanager
def _full_disk() -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_disk_that_is_full_by_the_time_of_recalling_is_one_sentence() -> None:
    """What is read then wants the room of what is still to be written."""
    spool = Spool()
    spool._connection.execute("PRAGMA cache_size = 50")
    place = f"line {'1' * 1000}"
    spool.flush(
        KnownContact(f"a{number}@soir.example", f"a{number}@soir.example", number, said=Said(place, created=True))
        for number in range(1000)
    )
    with _full_disk(), pytest.raises(StorageTrouble, match="what an import notes of its file"):
        spool.recall(range(1000))


def test_a_disk_that_is_full_by_the_time_of_telling_is_one_sentence() -> None:
    spool = Spool()
    spool._connection.execute("PRAGMA cache_size = 50")
    for number in range(1000):
        spool.outcome(number, Result.REJECTED, reason="no address " * 100)
    spool.flush([])
    with _full_disk(), pytest.raises(StorageTrouble, match="what became of its rows cannot be told"):
        list(spool.outcomes)

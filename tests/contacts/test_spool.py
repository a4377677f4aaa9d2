"""What an import notes of its file, when there is no room for it."""

from __future__ import annotations

import resource

import pytest

from distributor.contacts.intake.merging import KnownContact, Said
from distributor.contacts.intake.spool import Spool
from distributor.errors import StorageTrouble


def test_a_disk_that_is_full_by_the_time_of_recalling_is_one_sentence() -> None:
    """What is read then wants the room of what is still to be written."""
    spool = Spool()
    spool._connection.execute("PRAGMA cache_size = 50")
    place = f"line {'1' * 1000}"
    spool.flush(
        KnownContact(f"a{number}@soir.example", f"a{number}@soir.example", number, said=Said(place, created=True))
        for number in range(1000)
    )
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
    try:
        with pytest.raises(StorageTrouble, match="what an import notes of its file"):
            spool.recall(range(1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

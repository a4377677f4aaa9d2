"""Statements are compiled once for the databases of a kind, and anew for those of another."""

from __future__ import annotations

import pytest
from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite

from distributor.db.prepared import once_for_a_kind


@pytest.fixture
def compiled() -> list[str]:
    """What was compiled, one after the other."""
    return []


def of_version(dialect: Dialect, *version: int) -> Dialect:
    dialect.server_version_info = version
    return dialect


def test_another_driver_version_or_option_is_another_kind(compiled: list[str]) -> None:
    @once_for_a_kind
    def make(dialect: Dialect, *, shared_clock: bool) -> str:
        compiled.append(f"{dialect.name} {dialect.server_version_info} {shared_clock}")
        return compiled[-1]

    for _ in range(2):
        for dialect in (
            of_version(sqlite.dialect(), 3, 40),
            of_version(sqlite.dialect(), 3, 45),
            of_version(postgresql.dialect(), 16, 2),
        ):
            for shared_clock in (False, True):
                said = make(dialect, shared_clock=shared_clock)
                assert said == f"{dialect.name} {dialect.server_version_info} {shared_clock}"
    assert len(compiled) == 6

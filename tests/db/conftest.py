"""A new database for each test: these tests change schemas."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import new_database

from distributor.db.engine import Database


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with our schema that nobody used before, once on SQLite and once on PostgreSQL."""
    with new_database(tmp_path, request.getfixturevalue("postgres_url") if request.param == "postgres" else "") as new:
        yield new

"""The schema: migrations and models agree, run twice they harm nothing, and a newer one is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import StatementError
from sqlmodel import SQLModel, select

import distributor.models
from distributor.db import migrate
from distributor.db.engine import Database
from distributor.errors import BadInput
from distributor.models import Audit


def test_migrations_make_the_tables_that_the_models_describe(database: Database) -> None:
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []


def test_the_known_head_is_alembics() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate._MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == migrate.SCHEMA_HEAD


def test_a_second_run_does_nothing(database: Database) -> None:
    assert migrate.ensure_schema(database) is False


def test_a_newer_schema_is_refused(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BadInput, match="newer Distributor"):
        migrate.ensure_schema(database)


def test_moments_come_back_aware_and_in_utc(database: Database) -> None:
    moment = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    with database.session() as session:
        session.add(Audit(at=moment, actor="a", action="b", subject="c"))
    with database.session() as session:
        found = session.exec(select(Audit)).one()
    assert found.at == moment
    assert found.at.tzinfo is UTC


def test_a_naive_moment_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="without a zone"), database.session() as session:  # noqa: PT012
        session.add(Audit(at=datetime(2026, 3, 29, 1, 30), actor="a", action="b", subject="c"))  # noqa: DTZ001
        session.flush()


def test_a_failed_block_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.session() as session:  # noqa: PT012
        session.add(Audit(actor="a", action="b", subject="c"))
        session.flush()
        raise ZeroDivisionError
    with database.session() as session:
        assert session.exec(select(Audit)).all() == []


def test_every_table_of_the_design_is_there() -> None:
    wanted = (
        "contact outlet affiliation sector contact_sector media_list media_list_member suppression release "
        "release_version attachment account dispatch delivery attempt feedback_event audit"
    )
    assert set(SQLModel.metadata.tables) >= set(wanted.split())
    assert distributor.models.Delivery.__tablename__ == "delivery"


def test_sqlite_runs_durably(tmp_path: object) -> None:
    database = Database(f"sqlite:///{tmp_path}/press.db")
    with database.reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    database.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}

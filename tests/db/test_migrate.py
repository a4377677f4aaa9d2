"""The schema: migrations and models agree, run twice they harm nothing, and a newer one is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from databases import forget_states, new_database
from sqlalchemy import text
from sqlalchemy.exc import StatementError
from sqlmodel import SQLModel, select

import distributor.models
from distributor.db import migrate
from distributor.db.engine import Database
from distributor.db.migrate import SCHEMA_HEAD, ensure_schema, schema_revision
from distributor.errors import BadInput
from distributor.models import Audit, Contact


def test_migrations_make_the_tables_that_the_models_describe(database: Database) -> None:
    with database.reading() as connection:
        found = compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)
    if database.is_sqlite:
        # A foreign key that came with ALTER TABLE is reflected without name and ON DELETE: the next test asks SQLite.
        found = [difference for difference in found if difference[0] not in {"add_fk", "remove_fk"}]
    assert found == []


def test_sqlite_has_the_foreign_keys_that_the_models_describe(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL's are compared by Alembic")
    with database.reading() as connection:
        for table in SQLModel.metadata.sorted_tables:
            rows = connection.execute(text(f"PRAGMA foreign_key_list({table.name})")).mappings()
            found = {(row["from"], row["table"], row["to"], row["on_delete"]) for row in rows}
            wanted = {
                (key.parent.name, key.column.table.name, key.column.name, key.ondelete or "NO ACTION")
                for key in table.foreign_keys
            }
            assert found == wanted, table.name


_OF_FEEDBACK = (
    "state", "address", "sender", "evidence", "handled_by", "subject", "said", "details", "handled_at",
    "forward_state", "forward_at",
)  # fmt: skip


def test_a_base_of_the_first_schema_keeps_its_contacts(database: Database) -> None:
    with database.transaction() as connection:
        if database.is_sqlite:
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        forget_states(connection)
        later = (
            "wave",
            "embargo_change",
            "embargo_acceptance",
            "left_out",
            "sign_off",
            "worker",
            "pace",
            "pace_share",
            "refused_login",
            "coverage",
        )
        for name in (*later, "media_list_departure", "contact_merge", "column_mapping", "domain_check"):
            connection.execute(text(f"DROP TABLE {name}"))
        for name in (
            "ix_contact_name_key",
            "ix_contact_same_as_id",
            "ix_delivery_dispatch_id_accepted_at",
            "ix_delivery_with_reason",
            "ix_delivery_that_waits",
            "ix_dispatch_state",
            "ix_release_translates_id",
            "ix_delivery_corrects_id",
            "ix_release_follows_up_id",
        ):
            connection.execute(text(f"DROP INDEX {name}"))
        for name in ("same_as_id", "name_key", "other_languages", "channel", "topics", "confirmed_at"):
            connection.execute(text(f"ALTER TABLE contact DROP COLUMN {name}"))
        later = [("attachment", "role"), ("attachment", "source"), ("release", "translates_id")]
        later += [("release", "follows_up_id"), ("delivery", "follows_up_id")]
        later += [
            ("dispatch", "files"),
            ("dispatch", "correction"),
            ("delivery", "corrects_id"),
            ("dispatch", "waits_until"),
            ("dispatch", "waits_for"),
            ("dispatch", "then_account_id"),
            ("dispatch", "takeover"),
            ("account", "config"),
            ("attempt", "account"),
            ("dispatch", "sign_offs"),
            ("release_version", "author"),
            ("dispatch", "not_after"),
            ("outlet", "deadline"),
            ("delivery", "wave"),
            ("delivery", "not_before"),
            ("delivery", "embargo_until"),
        ]
        for table, name in later:
            connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {name}"))
        for name in ("ix_feedback_event_state", "ix_feedback_event_address", "ix_feedback_event_forward_state"):
            connection.execute(text(f"DROP INDEX {name}"))
        for name in _OF_FEEDBACK:
            connection.execute(text(f"ALTER TABLE feedback_event DROP COLUMN {name}"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        values = "'Élise', 'Le Goff', 'elise@presse.example', 'elise@presse.example'"
        fields = '{"ville"\\: "Brest", "other_addresses"\\: "Elise@Perso.example, elise@presse.example ; au 3e"}'
        connection.execute(
            text(
                "INSERT INTO contact (first_name, last_name, address, address_key, civility, language, familiarity,"
                " phone, region, fields, attachments, embargo_trust, source, legal_basis, flag, created_at, updated_at)"
                f" VALUES ({values}, '', 'fr', '', '', '', '{fields}', 'yes', false, '', '', '',"
                " '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
            )
        )
    assert migrate.ensure_schema(database) is True
    with database.session() as session:
        elise, second = session.exec(select(Contact).order_by(Contact.id)).all()
        assert elise.name_key == "elise le goff"
        assert elise.fields == {"ville": "Brest", "other_addresses": "au 3e"}
        assert (second.same_as_id, second.address, second.address_key) == (
            elise.id,
            "Elise@perso.example",
            "elise@perso.example",
        )
        assert (second.created_at, second.fields, second.name_key) == (elise.created_at, {}, "")


def test_another_programs_tables_in_the_same_schema_are_left_as_they_are(postgres_url: str, tmp_path: Path) -> None:
    with new_database(tmp_path, postgres_url) as database:
        with database.transaction() as connection:
            connection.execute(
                text('CREATE TABLE "Visitor" (id integer PRIMARY KEY, host integer REFERENCES "Visitor")')
            )
            connection.execute(text("ALTER TABLE sector ALTER id TYPE integer, ALTER parent_id TYPE integer"))
            connection.execute(text("ALTER SEQUENCE sector_id_seq AS integer"))
            connection.execute(text("INSERT INTO sector (name, slug) VALUES ('Culture', 'culture')"))
            connection.execute(text("ALTER TABLE worker DROP COLUMN cannot"))
            connection.execute(text("UPDATE alembic_version SET version_num = '0021'"))
        assert ensure_schema(database) is True
        with database.transaction() as connection:
            types = text("SELECT data_type FROM information_schema.columns WHERE table_name = :name")
            assert "integer" not in connection.execute(types, {"name": "sector"}).scalars().all()
            assert connection.execute(types, {"name": "Visitor"}).scalars().all() == ["integer", "integer"]
            connection.execute(text("SELECT setval('sector_id_seq', 3000000000)"))
            number = text("INSERT INTO sector (name, slug) VALUES ('Santé', 'sante') RETURNING id")
            assert connection.execute(number).scalar_one() == 3000000001


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


def test_two_machines_that_start_at_once_make_one_schema(postgres_url: str, tmp_path: Path) -> None:
    with new_database(tmp_path, postgres_url) as database:
        with database.transaction() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(ensure_schema, [database, database])) == [True, True]
        assert schema_revision(database) == SCHEMA_HEAD

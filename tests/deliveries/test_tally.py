"""The tally agrees with the rows, whatever was done to them and by whom."""

from __future__ import annotations

from collections import Counter
from importlib import import_module

from alembic.migration import MigrationContext
from alembic.operations import Operations
from ledgerbase import (
    ACCEPTED,
    DEFERRED,
    DELIVERY,
    REJECTED,
    SILENT,
    HandClock,
    add_deliveries,
    record_of,
)
from sqlalchemy import delete, select, text, update

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import Batch
from distributor.deliveries.tally import Place, tally


def counted(database: Database) -> Counter[Place]:
    """What the rows say."""
    with database.reading() as connection:
        columns = (DELIVERY.c[name] for name in Place._fields)
        return Counter(Place(*row) for row in connection.execute(select(*columns)))


def told(database: Database, *dispatch_ids: int) -> Counter[Place]:
    """What the tally says."""
    with database.reading() as connection:
        return tally(connection, dispatch_ids)


def test_every_step_of_a_delivery_is_counted(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 12)
    other, _ = add_deliveries(database, 2)
    log = DeliveryLog(database, "w1", HandClock())
    assert told(database, dispatch_id, other) == counted(database)
    log.claim(dispatch_id, 8)
    assert told(database, dispatch_id, other) == counted(database)
    log.commit(Batch(begins=ids[:5]))
    assert told(database, dispatch_id, other) == counted(database)
    log.commit(
        Batch(records=[record_of(*pair) for pair in zip(ids, (ACCEPTED, SILENT, REJECTED, DEFERRED), strict=False)])
    )
    assert told(database, dispatch_id, other) == counted(database)
    log.abandon()
    log.withhold(dispatch_id, "cancelled")
    assert told(database, dispatch_id, other) == counted(database)


def test_it_does_not_depend_on_who_writes(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 6)
    with database.transaction() as connection:
        connection.execute(update(DELIVERY).where(DELIVERY.c.id == ids[0]).values(domain="", sector="Sport"))
        connection.execute(update(DELIVERY).where(DELIVERY.c.id == ids[1]).values(state="bounced"))
        connection.execute(delete(DELIVERY).where(DELIVERY.c.id == ids[2]))
    assert told(database, dispatch_id) == counted(database)


def test_a_transaction_that_fails_counts_nothing(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 3)
    before = told(database, dispatch_id)
    with database.engine.connect() as connection, connection.begin() as transaction:
        connection.execute(update(DELIVERY).where(DELIVERY.c.id == ids[0]).values(state="accepted"))
        transaction.rollback()
    assert told(database, dispatch_id) == before


def test_a_base_of_before_is_counted_when_it_is_brought_up_to_date(database: Database) -> None:
    dispatch_id, _ = add_deliveries(database, 5)
    with database.transaction() as connection:
        on = "" if database.is_sqlite else " ON delivery"
        for name in ("tally_planned", "tally_moved", "tally_gone"):
            connection.execute(text(f"DROP TRIGGER {name}{on}"))
            if not database.is_sqlite:
                connection.execute(text(f"DROP FUNCTION {name}()"))
        connection.execute(text("DROP TABLE tally"))
        with Operations.context(MigrationContext.configure(connection)):
            import_module("distributor.db.migrations.versions.v0004_tally").upgrade()
    assert told(database, dispatch_id) == counted(database)
    assert sum(told(database, dispatch_id).values()) == 5

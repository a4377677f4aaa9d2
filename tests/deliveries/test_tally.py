"""The tally agrees with the rows, whatever was done to them and by whom."""

from __future__ import annotations

from collections import Counter
from importlib import import_module

from alembic.migration import MigrationContext
from alembic.operations import Operations
from databases import forget_states
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
from distributor.deliveries.tally import KINDS, Place, tally

ONCE = text(
    "CREATE UNIQUE INDEX uq_delivery_follows_up_id_contact_id ON delivery (follows_up_id, contact_id)"
    " WHERE follows_up_id IS NOT NULL AND state <> 'withheld'"
)
"""An index that came between the first schema and the one that counts anew."""


def counted(database: Database) -> Counter[Place]:
    """What the rows say."""
    with database.reading() as connection:
        rows = connection.execute(select(*(DELIVERY.c[name] for name in ("dispatch_id", "state", *KINDS)))).all()
    return Counter(Place(row.dispatch_id, kind, getattr(row, kind), row.state) for row in rows for kind in KINDS)


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


def test_a_state_and_a_place_may_change_at_once(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 5)
    for state in ("accepted", "bounced", "queued"):
        with database.transaction() as connection:
            moved = update(DELIVERY).where(DELIVERY.c.id.in_(ids[:3])).values(state=state, domain=state, sector=state)
            connection.execute(moved)
        assert told(database, dispatch_id) == counted(database)
    with database.transaction() as connection:
        connection.execute(update(DELIVERY).where(DELIVERY.c.id == ids[4]).values(state="deferred"))
        connection.execute(delete(DELIVERY).where(DELIVERY.c.id.in_(ids[3:])))
    assert told(database, dispatch_id) == counted(database)


def test_the_database_keeps_who_is_withheld_whoever_writes(database: Database) -> None:
    _dispatch_id, ids = add_deliveries(database, 3)
    with database.transaction() as connection:
        connection.execute(update(DELIVERY).where(DELIVERY.c.id == ids[0]).values(state="withheld"))
        connection.execute(update(DELIVERY).where(DELIVERY.c.id == ids[1]).values(state="expired"))
    with database.reading() as connection:
        said = connection.execute(select(DELIVERY.c.is_withheld).order_by(DELIVERY.c.id)).scalars().all()
    assert said == [True, False, False]


def test_a_base_of_before_is_counted_when_it_is_brought_up_to_date(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 5)
    with database.transaction() as connection:
        for number, state in zip(ids, ("withheld", "accepted", "sending"), strict=False):
            connection.execute(update(DELIVERY).where(DELIVERY.c.id == number).values(state=state))
        forget_states(connection)
        connection.execute(ONCE)
        with Operations.context(MigrationContext.configure(connection)):
            for revision in ("v0004_tally", "v0018_lean_states"):
                import_module(f"distributor.db.migrations.versions.{revision}").upgrade()
    assert told(database, dispatch_id) == counted(database)
    assert sum(many for place, many in told(database, dispatch_id).items() if place.kind == "domain") == 5

"""What is asked while dispatches are carried or waited for is looked up: for none of it all deliveries are read."""

from __future__ import annotations

import pytest
from databases import query_plans
from ledgerbase import HandClock, add_deliveries

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import Batch
from distributor.dispatch.closing import close_left
from distributor.dispatch.company import at_work
from distributor.dispatch.due import find_due
from distributor.settings import InDoubtPolicy


def test_who_is_with_a_worker_and_what_is_due_are_looked_up(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("an empty PostgreSQL table is rightly read whole")
    clock = HandClock()
    dispatch_id, _ids = add_deliveries(database, 4)
    log, other, third = (DeliveryLog(database, name, clock) for name in ("here:1:1:a", "gone:1:1:b", "here:1:1:c"))
    for one in (log, other, third):
        one.commit(Batch(begins=[claimed.id for claimed in one.claim(dispatch_id, 1)]))
    with query_plans(database) as steps:
        log.renew()
        log.recover(lambda name: not name.startswith("gone"))
        log.hasten(["journal1.example"], "asked to slow down")
        third.abandon()
        log.abandon_all()
        for policy in InDoubtPolicy:
            with database.transaction() as connection:
                at_work(connection, but=log.worker)
                close_left(connection, policy, clock())
                find_due(connection, clock(), policy)
    assert any("ix_delivery_dispatch_id_state_id (dispatch_id=? AND state=?)" in step for step in steps)
    assert [step for step in steps if step.startswith("SCAN delivery")] == []

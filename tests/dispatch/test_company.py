"""Who else is at work: living processes with claims, and nobody who is gone."""

from __future__ import annotations

from datetime import timedelta

from ledgerbase import add_deliveries, put

from distributor import clock
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.workers import worker_name
from distributor.dispatch.company import at_work


def test_living_processes_are_seen_and_the_dead_are_not(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 6)
    mine = worker_name()
    DeliveryLog(database, mine).claim(dispatch_id, 2)
    put(database, ids[1], state="sending")
    elsewhere = "elsewhere:1:1:abcd"
    for number, until in ((2, clock.now() + timedelta(minutes=1)), (3, clock.now() - timedelta(minutes=1))):
        worker = elsewhere if number == 2 else "gone:1:1:abcd"
        put(database, ids[number], state="claimed", worker=worker, lease_until=until)
    with database.reading() as connection:
        found = {one.worker: (one.claimed, one.sending) for one in at_work(connection)}
        assert found == {mine: (1, 1), elsewhere: (1, 0)}
        assert [one.place for one in at_work(connection, dispatch_id, but=mine)] == ["process 1 on elsewhere"]
        assert at_work(connection, dispatch_id + 1) == []

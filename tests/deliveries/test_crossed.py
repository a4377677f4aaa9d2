"""Transactions on PostgreSQL that are in each other's way: crossed, or left open by a worker that is gone."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from comebacks import letter
from ledgerbase import KEYRING, add_deliveries, states
from sqlalchemy import text

from distributor.db import engine
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import Batch
from distributor.errors import StorageTrouble
from distributor.feedback.apply import Intake
from distributor.feedback.attribute import Attributor, Match
from distributor.feedback.events import Reading

LOCK = text("SELECT id FROM delivery WHERE id = :id FOR UPDATE")
WAITS = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


def test_a_commit_in_the_way_of_another_is_made_anew(server_database: Database) -> None:
    dispatch_id, ids = add_deliveries(server_database, 2)
    log = DeliveryLog(server_database, "w1")
    log.claim(dispatch_id, 2)
    with ThreadPoolExecutor(1) as pool, server_database.transaction() as other:
        other.execute(text("SET LOCAL deadlock_timeout = '60s'"))  # whoever looks first is taken back
        other.execute(LOCK, {"id": ids[1]})
        lost = pool.submit(log.commit, Batch(begins=ids))
        while not other.execute(WAITS).scalar():
            threading.Event().wait(0.01)
        other.execute(LOCK, {"id": ids[0]})
        other.commit()
        assert lost.result(30) == []
    assert states(server_database, ids) == ["sending", "sending"]


def test_whoever_is_gone_in_the_middle_of_a_transaction_holds_up_nobody(
    server_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its machine is off, or behind a cut line: the server would wait for it for hours."""
    monkeypatch.setattr(engine, "_LONGEST_IDLE_MS", 300)
    dispatch_id, ids = add_deliveries(server_database, 2)
    DeliveryLog(server_database, "gone:1:1:a").claim(dispatch_id, 2)
    with ThreadPoolExecutor(1) as pool:

        def leave() -> None:
            with server_database.transaction() as left:
                left.execute(LOCK, {"id": ids[0]})
                settled = pool.submit(DeliveryLog(server_database, "w1").recover, lambda _name: False)
                assert settled.result(30).requeued == 2

        with pytest.raises(StorageTrouble, match="has ended what we had begun"):
            leave()
    assert states(server_database, ids) == ["queued", "queued"]


def test_one_message_that_two_machines_take_in_at_once_is_taken_in_once(server_database: Database) -> None:
    """Each looks whether it is known, and finds nothing: the second to write it begins anew, and knows it then."""
    barrier = threading.Barrier(2)

    class AtOnce(Attributor):
        def match(self, reading: Reading, address: str, received_at: datetime) -> Match:
            with contextlib.suppress(threading.BrokenBarrierError):
                barrier.wait(5)
            return super().match(reading, address, received_at)

    raw = letter("anne@journal.example", "Bonjour", "Une question.")
    with ThreadPoolExecutor(2) as pool, pytest.MonkeyPatch.context() as patched:
        patched.setattr("distributor.feedback.apply.Attributor", AtOnce)
        intakes = [Intake(server_database, KEYRING, actor=name) for name in ("a", "b")]
        taken = [one.result(30) for one in [pool.submit(intake.take, raw, "mailbox") for intake in intakes]]
    assert sorted(one.is_new for (one,) in taken) == [False, True]

"""A database that another process holds for longer than we wait: sat out by a thread, with longer and longer pauses."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from databases import new_database
from ledgerbase import add_deliveries, put, states
from sqlalchemy import event

from distributor.cli.worker import outage
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.roster import Roster
from distributor.dispatch.scribe import SIGNALS
from distributor.errors import StorageTrouble


class Impatient(Roster):
    """A roster that finds the database held, and lets go of it at the third look."""

    def __init__(self, database: Database, holder: sqlite3.Connection) -> None:
        super().__init__(database, "w1")
        self.holder = holder
        self.looks = 0

    def beat(self, *what: Any) -> None:
        self.looks += 1
        if self.looks == 3:
            self.holder.rollback()
        super().beat(*what)


def test_what_was_on_the_wire_is_in_doubt_and_the_rest_queued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(outage, "_FIRST_PAUSE_S", 0.01)
    with new_database(tmp_path) as database:
        _dispatch, ids = add_deliveries(database, 3)
        put(database, ids[0], state="claimed", worker="w1")
        put(database, ids[1], state="sending", worker="w1")
        event.listen(database.engine, "connect", lambda line, _record: line.execute("PRAGMA busy_timeout=0"))
        database.engine.dispose()
        with closing(sqlite3.connect(tmp_path / "press.db", check_same_thread=False)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            roster = Impatient(database, holder)
            with pytest.raises(StorageTrouble, match="Another Distributor command") as trouble:
                Roster(database, "w1").beat(None, 0)
            carrier: Any = SimpleNamespace(
                database=database, require_right_clock=lambda: None, roster=roster, log=DeliveryLog(database, "w1")
            )
            outages = outage.Outages(carrier)
            outages.sit_out(trouble.value)
        assert roster.looks == 3
        assert not outages.lasts
        assert states(database, ids) == ["queued", "in_doubt", "queued"]
        assert outages._pause == 0.08
    said = capsys.readouterr()
    assert "In doubt: j1@journal1.example" in said.out
    assert said.err.count("goes on by itself") == 1
    assert "1 recipient queued again" in said.err


def test_whoever_looks_beside_takes_no_signal_away() -> None:
    """One that the thread took, as the work goes on, would be heard by nobody: the handlers of the look are gone."""

    def held() -> Any:
        return set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))

    async def look() -> Any:
        return await outage.beside(held)

    assert set(SIGNALS) <= asyncio.run(look())

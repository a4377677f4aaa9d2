"""Rows that another command holds for a moment on PostgreSQL are waited for, and not taken for nobody."""

from __future__ import annotations

import asyncio

from ledgerbase import DELIVERY, HandClock, add_deliveries, paced, states
from smtpserver import Script, ScriptedServer
from sqlalchemy import Connection, select

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import ClaimedDelivery
from distributor.dispatch.retry import RetryPolicy
from distributor.dispatch.runner import Runner
from distributor.transport.account import SmtpAccount
from distributor.transport.base import Envelope
from distributor.transport.smtp import SmtpTransport

PEOPLE = 60
"""More than one claim takes."""


class HeldMeanwhile(DeliveryLog):
    """A log whose waiting deliveries another command holds behind the first claim, until so many have found nobody."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "w1", HandClock())
        self._engine = database.engine
        self._other: Connection | None = None
        self.found: list[int] = []

    def claim(self, dispatch_id: int, limit: int) -> list[ClaimedDelivery]:
        if len(self.found) == 1:
            self._other = self._engine.connect()
            self._other.execute(select(DELIVERY.c.id).where(DELIVERY.c.state == "queued").with_for_update())
        if self._other is not None and self.found.count(0) == 3:
            self._other.close()
        claimed = super().claim(dispatch_id, limit)
        self.found.append(len(claimed))
        return claimed


def test_whoever_waits_is_sent_to_once_another_command_lets_go_of_them(server_database: Database) -> None:
    """Moving an embargo holds all who wait, however long it takes: a run that met it ended as if nobody waited."""
    dispatch_id, ids = add_deliveries(server_database, PEOPLE)
    log = HeldMeanwhile(server_database)

    async def scene() -> None:
        async with ScriptedServer(Script()) as server:
            runner = Runner(
                log=log,
                transport=SmtpTransport(SmtpAccount("127.0.0.1", server.port, security="plain")),
                compose=lambda one: Envelope("presse@halle.example", one.address, b"Subject: x\r\n\r\ny\r\n"),
                retry=RetryPolicy((5, 15), 24),
                connections=2,
                pacer=paced(server_database, HandClock()),
                now=HandClock(),
            )
            await asyncio.wait_for(runner.run(dispatch_id, asyncio.Event()), timeout=30)

    asyncio.run(scene())
    assert 0 in log.found
    assert states(server_database, ids) == ["accepted"] * PEOPLE

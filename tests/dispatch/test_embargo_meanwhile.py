"""An embargo that ends while a message that announces it waits for its turn: nobody reads «sous embargo» after it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from ledgerbase import START, HandClock, add_deliveries, paced, states
from smtpserver import Fault, Script, ScriptedServer
from sqlalchemy import update
from sqlmodel import col

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import ClaimedDelivery
from distributor.dispatch.retry import RetryPolicy
from distributor.dispatch.runner import Runner
from distributor.models import Dispatch
from distributor.transport.account import SmtpAccount
from distributor.transport.base import Envelope
from distributor.transport.smtp import SmtpTransport

END = START + timedelta(minutes=1)


class SlowServer(ScriptedServer):
    """A server before whose second 354 the embargo ends."""

    def __init__(self, at: HandClock, *, pipelining: bool) -> None:
        super().__init__(Script(pipelining=pipelining))
        self.at, self.bodies = at, 0

    def fault(self, phase: str, recipient: str) -> Fault | None:
        if phase == "data":
            self.bodies += 1
            if self.bodies == 2:
                self.at.moment = END
        return super().fault(phase, recipient)


def send(database: Database, dispatch_id: int, *, pipelining: bool) -> list[str]:
    """What the messages that the server took say of the embargo."""
    at = HandClock()

    def compose(claimed: ClaimedDelivery) -> Envelope:
        until = claimed.embargo_until
        says = "embargo" if isinstance(until, datetime) and until > at() else "now"
        return Envelope("presse@halle.example", claimed.address, f"Subject: {says}\r\n\r\n".encode())

    async def scene() -> list[str]:
        async with SlowServer(at, pipelining=pipelining) as server:
            runner = Runner(
                log=DeliveryLog(database, "w1", at),
                transport=SmtpTransport(SmtpAccount("127.0.0.1", server.port, security="plain")),
                compose=compose,
                retry=RetryPolicy((5, 15), 24),
                connections=1,
                pacer=paced(database, at, wish=1),
                now=at,
            )
            await asyncio.wait_for(runner.run(dispatch_id, asyncio.Event()), timeout=20)
            return [one.message.split()[1].decode() for one in server.accepted]

    return asyncio.run(scene())


def on_their_word(database: Database) -> tuple[int, list[int]]:
    """Three who may have it before the end: a test goes to one of us."""
    dispatch_id, ids = add_deliveries(database, 3, embargo_until=END)
    with database.transaction() as connection:
        connection.execute(update(Dispatch).where(col(Dispatch.id) == dispatch_id).values(is_test=True))
    return dispatch_id, ids


def test_a_message_that_was_announced_before_the_end_is_written_anew(database: Database) -> None:
    dispatch_id, ids = on_their_word(database)
    assert send(database, dispatch_id, pipelining=True) == ["embargo", "now", "now"]
    assert states(database, ids) == ["accepted"] * 3


def test_a_message_whose_server_took_its_time_is_written_anew(database: Database) -> None:
    dispatch_id, ids = on_their_word(database)
    assert send(database, dispatch_id, pipelining=False) == ["embargo", "now", "now"]
    assert states(database, ids) == ["accepted"] * 3

"""The database makes a commit, and its answer is lost: the run ends, and the next one sends the rest."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass

import pytest
from ledgerbase import HandClock, add_deliveries, attempts, paced, states
from smtpserver import Script, ScriptedServer

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import Batch, ClaimedDelivery
from distributor.dispatch.result import RunResult
from distributor.dispatch.retry import RetryPolicy
from distributor.dispatch.runner import Runner
from distributor.errors import StorageTrouble
from distributor.transport.account import SmtpAccount
from distributor.transport.base import Envelope
from distributor.transport.smtp import SmtpTransport

PEOPLE = 100
"""Three claims: the second and the third are asked for while messages leave."""
CONNECTIONS = 2


@dataclass
class Unanswered(DeliveryLog):
    """A delivery log that makes what it is asked for, and is not heard: the `lost`-th time of `what`."""

    database: Database
    what: str
    lost: int

    def __post_init__(self) -> None:
        super().__init__(self.database, "w1", HandClock())

    def _answer(self, what: str) -> None:
        self.lost -= what == self.what
        if what == self.what and self.lost == 0:
            raise StorageTrouble("The database does not answer: server closed the connection unexpectedly.")

    def claim(self, dispatch_id: int, limit: int) -> list[ClaimedDelivery]:
        claimed = super().claim(dispatch_id, limit)
        self._answer("claim")
        return claimed

    def commit(self, batch: Batch) -> list[int]:
        lost = super().commit(batch)
        self._answer("commit")
        return lost


async def carry(log: DeliveryLog, server: ScriptedServer, dispatch_id: int) -> RunResult:
    runner = Runner(
        log=log,
        transport=SmtpTransport(SmtpAccount("127.0.0.1", server.port, security="plain")),
        compose=lambda one: Envelope("presse@halle.example", one.address, b"Subject: x\r\n\r\ny\r\n"),
        retry=RetryPolicy((5, 15), 24),
        connections=CONNECTIONS,
        pacer=paced(log._database, HandClock(), wish=CONNECTIONS),
        now=HandClock(),
    )
    return await asyncio.wait_for(runner.run(dispatch_id, asyncio.Event()), timeout=30)


@pytest.mark.parametrize("what", ["claim", "commit"])
@pytest.mark.parametrize("lost", [1, 2, 3])
def test_the_run_ends_and_the_next_one_sends_the_rest(database: Database, what: str, lost: int) -> None:
    dispatch_id, ids = add_deliveries(database, PEOPLE)

    async def send() -> list[str]:
        async with ScriptedServer(Script(pipelining=True)) as server:
            with pytest.raises(StorageTrouble, match="does not answer"):
                await carry(Unanswered(database, what, lost), server, dispatch_id)
            assert set(states(database, ids)) <= {"queued", "accepted", "in_doubt"}
            await carry(DeliveryLog(database, "w2", HandClock()), server, dispatch_id)
            return [one.recipient for one in server.accepted]

    taken = Counter(asyncio.run(send()))
    ended = Counter(states(database, ids))
    assert set(taken.values()) == {1}
    assert set(ended) <= {"accepted", "in_doubt"}
    assert ended["in_doubt"] <= CONNECTIONS
    assert ended["accepted"] <= len(taken)
    assert sum(len(attempts(database, number)) for number in ids) == PEOPLE

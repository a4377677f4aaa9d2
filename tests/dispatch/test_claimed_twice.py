"""A claim that another command took back, made anew by the run that still has it in hand: one of the two counts."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from ledgerbase import DELIVERY, START, HandClock, add_deliveries, attempts, paced, states
from smtpserver import Conversation, Fault, Script, ScriptedServer
from sqlalchemy import select

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import ClaimedDelivery
from distributor.deliveries.steps import LEASE
from distributor.deliveries.timing import move_embargo
from distributor.dispatch.result import RunResult
from distributor.dispatch.retry import RetryPolicy
from distributor.dispatch.runner import Runner
from distributor.states import DeliveryState
from distributor.transport.account import SmtpAccount
from distributor.transport.base import Envelope
from distributor.transport.smtp import SmtpTransport

ENDED = START - timedelta(hours=1)
MOVED = START - timedelta(minutes=1)
SLOW = Script(
    pipelining=True,
    faults=(
        Fault("data", recipient="j1@*", nth=(1,), delay=0.2),
        Fault("body", recipient="j1@*", nth=(1,), delay=0.4),
    ),
)
"""The body of the second journalist is long asked for, and longer answered: two connections may have it at once."""


def compose(claimed: ClaimedDelivery) -> Envelope:
    """A message that tells which embargo it was written under."""
    text = f"Message-ID: {claimed.message_id}\r\n\r\n{claimed.embargo_until}\r\n"
    return Envelope("presse@halle.example", claimed.address, text.encode())


def move(database: Database) -> None:
    """What `releases embargo` does to the deliveries of a release, from another terminal."""
    with database.transaction() as connection:
        versions = connection.execute(select(DELIVERY.c.release_version_id).distinct()).scalars().all()
        move_embargo(connection, versions, MOVED)


async def run(log: DeliveryLog, server: ScriptedServer, dispatch_id: int) -> RunResult:
    """Carry the dispatch over two connections."""
    runner = Runner(
        log=log,
        transport=SmtpTransport(SmtpAccount("127.0.0.1", server.port, security="plain")),
        compose=compose,
        retry=RetryPolicy((5, 15), 24),
        connections=2,
        pacer=paced(log._database, HandClock()),
        now=HandClock(),
    )
    return await asyncio.wait_for(runner.run(dispatch_id, asyncio.Event()), timeout=20)


async def send(database: Database, dispatch_id: int, script: Script) -> ScriptedServer:
    """Send over two connections; the embargo moves when the first message has been taken."""
    async with ScriptedServer(script) as server:

        def move_once() -> None:
            if len(server.accepted) == 1:
                move(database)

        server.on_accepted = move_once
        await run(DeliveryLog(database, "w1", HandClock()), server, dispatch_id)
        return server


def test_whose_claim_was_taken_back_gets_one_message_and_the_new_one(database: Database) -> None:
    """One connection has announced the second journalist's message when the embargo moves; the other one claims anew.

    The former message says the former hour, and both would be ours by the worker's name.
    """
    dispatch_id, ids = add_deliveries(database, 2, embargo_until=ENDED)
    server = asyncio.run(send(database, dispatch_id, SLOW))
    assert [one.recipient for one in server.accepted] == ["j0@journal0.example", "j1@journal1.example"]
    assert str(MOVED).encode() in server.accepted[1].message
    assert states(database, ids) == ["accepted", "accepted"]


def test_who_lay_in_the_queue_is_sent_to_by_the_new_claim_alone(database: Database) -> None:
    """A former claim that came to its turn would be sent as it was written."""
    dispatch_id, ids = add_deliveries(database, 12, embargo_until=ENDED)
    server = asyncio.run(send(database, dispatch_id, Script(pipelining=True)))
    assert sorted(one.recipient for one in server.accepted) == sorted(f"j{n}@journal{n % 3}.example" for n in range(12))
    former = [one.recipient for one in server.accepted if str(MOVED).encode() not in one.message]
    assert len(former) <= 4, "only what was on the wire by then, or about to begin, says the former hour"
    assert states(database, ids) == ["accepted"] * 12
    assert server.violations == []


async def send_asleep(
    database: Database, dispatch_id: int, answer: Fault, monkeypatch: pytest.MonkeyPatch
) -> tuple[ScriptedServer, RunResult]:
    """Send over two connections, as a machine that sleeps beyond its lease while the second message is on the wire.

    Another machine, which is to send again whoever is in doubt, looks meanwhile; ours wakes, claims anew, and only then
    hears the `answer` to the second message.
    """
    settled, claimed_anew = asyncio.Event(), asyncio.Event()
    loop, obey = asyncio.get_running_loop(), Conversation.obey

    async def obey_in_turn(self: Conversation, fault: Fault, usual: str) -> bool:
        await (claimed_anew if fault is answer else settled).wait()
        return await obey(self, fault, usual)

    class Ours(DeliveryLog):
        def claim(self, dispatch_id: int, limit: int) -> list[ClaimedDelivery]:
            claimed = super().claim(dispatch_id, limit)
            if settled.is_set() and claimed:
                loop.call_soon_threadsafe(claimed_anew.set)
            return claimed

    monkeypatch.setattr(Conversation, "obey", obey_in_turn)
    async with ScriptedServer(Script(faults=(answer, Fault("body", recipient="j0@*")))) as server:
        other = DeliveryLog(database, "w2", HandClock(START + 2 * LEASE))

        def settle() -> None:
            if server.accepted[-1].recipient == "j1@journal1.example" and not settled.is_set():
                assert "j1@journal1.example" in other.recover(lambda _name: None).in_doubt
                with database.reading() as connection:
                    doubtful = select(DELIVERY.c.id).where(DELIVERY.c.state == DeliveryState.IN_DOUBT)
                    numbers = connection.execute(doubtful.where(DELIVERY.c.address.startswith("j1@"))).scalars().all()
                assert other.settle_doubt(numbers[0], DeliveryState.QUEUED, "to be sent again")
                settled.set()

        server.on_accepted = settle
        result = await run(Ours(database, "w1", HandClock()), server, dispatch_id)
        assert claimed_anew.is_set()
        return server, result


def test_who_is_on_our_own_wire_when_we_claim_them_anew_gets_it_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other machine has queued them again, for the setting says so; ours knows better before anything leaves."""
    dispatch_id, ids = add_deliveries(database, 2)
    answer = Fault("body", recipient="j1@*")
    server, result = asyncio.run(send_asleep(database, dispatch_id, answer, monkeypatch))
    assert sorted(one.recipient for one in server.accepted) == ["j0@journal0.example", "j1@journal1.example"]
    assert states(database, ids) == ["accepted", "accepted"]
    assert result.outcomes == {DeliveryState.ACCEPTED: 2}
    assert [one.state for one in attempts(database, ids[1])] == ["in_doubt", "accepted"]


def test_whose_answer_never_comes_on_our_own_wire_is_sent_to_again_as_the_setting_says(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatch_id, ids = add_deliveries(database, 2)
    silence = Fault("body", do="accept_then_drop", recipient="j1@*", nth=(1,))
    server, _result = asyncio.run(send_asleep(database, dispatch_id, silence, monkeypatch))
    first, second = states(database, ids)
    again = second == "accepted"  # by this run where its answer came before the new claim, else by whoever comes next
    assert (first, second) in {("accepted", "queued"), ("accepted", "accepted")}
    assert [one.state for one in attempts(database, ids[1])] == ["in_doubt", "in_doubt", *["accepted"] * again]
    assert len(server.accepted) == 2 + again

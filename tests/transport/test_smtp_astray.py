"""Servers that fall out of step in ways no script has: every reply is read for what it can be the answer to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from smtpclient import PATIENT, Begin, account, envelope, in_loop, in_person, until

from distributor.states import DeliveryState, Outcome, Phase, Verdict
from distributor.transport.account import Timeouts
from distributor.transport.smtp import SmtpTransport

S, V = DeliveryState, Verdict
HELLO = ["220 mx.server.example", "250-mx.server.example\r\n250 PIPELINING"]
ADA, BEA = envelope("ada@journal.example"), envelope("bea@journal.example")


async def two_messages(answers: Sequence[str], timeouts: Timeouts = PATIENT) -> tuple[list[Outcome], bool]:
    """Send to Ada, and to Bea announced behind; the server gives these answers, each to whatever it hears next.

    Returns what came of both, and whether the connection may be used for more.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in (*HELLO, *answers):
            writer.write(line.encode() + b"\r\n")
            await reader.read(2**16)
        while await reader.read(2**16):  # it says no more, and does not hang up
            pass

    async with in_person(talk) as server:
        connection = await SmtpTransport(account(server, timeouts=timeouts)).connect()
        outcomes = [await connection.deliver(ADA, Begin(), lambda: BEA)]
        if connection.is_usable:
            outcomes.append(await connection.deliver(BEA, Begin()))
        usable = connection.is_usable
        await connection.close()
        return outcomes, usable


@pytest.mark.parametrize("goodbye", ["421 4.3.2 Going down", "550 5.1.1 Unknown\r\n421 4.7.0 Too many errors"])
@in_loop
async def test_behind_a_421_no_other_reply_is_waited_for(goodbye: str) -> None:
    """It says that it hangs up, and then may not: the commands of the group that it has not answered stay so."""
    patient = Timeouts(command=300, data=300, quit=0.1)
    group = "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 Go on"
    outcomes, usable = await asyncio.wait_for(two_messages([group, f"250 2.0.0 Taken\r\n{goodbye}"], patient), 20)
    assert outcomes[0].state is S.ACCEPTED
    assert outcomes[1].code == int(goodbye[:3])
    assert not usable


@in_loop
async def test_a_refusal_in_a_group_that_is_out_of_step_is_nobodys() -> None:
    """One acceptance too many, and the true verdict on Ada's message would be Bea's refusal; a 2yz to DATA tells."""
    group = "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 Go on"
    outcomes, usable = await two_messages(
        [group, "250 2.0.0 Scanned\r\n550 5.7.1 Spam\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 Go on"]
    )
    assert (outcomes[1].state, outcomes[1].verdict, outcomes[1].phase) == (S.DEFERRED, V.CONNECTION, Phase.DATA)
    assert not usable


@in_loop
async def test_a_recipient_who_was_not_clearly_refused_gets_no_empty_message() -> None:
    """A 3yz to RCPT is neither yes nor no: who takes it for a yes hands on what a lone dot ends."""
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in (*HELLO, "250 2.1.0 Ok\r\n334 Go on\r\n354 Go on"):
            writer.write(line.encode() + b"\r\n")
            heard.append(await reader.read(2**16))

    async with in_person(talk) as server:
        connection = await SmtpTransport(account(server)).connect()
        outcome = await connection.deliver(ADA, Begin())
        await until(lambda: len(heard) == 3)
        await connection.close()
    assert (outcome.state, outcome.phase) == (S.DEFERRED, Phase.RCPT)
    assert heard[-1] == b""

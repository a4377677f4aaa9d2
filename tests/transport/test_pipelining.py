"""Commands ahead of their answers (RFC 2920): the next message is announced behind the end of the one before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from smtpclient import IMPATIENT, MESSAGE, PATIENT, Begin, account, envelope, in_loop
from smtpserver import Fault, Script, ScriptedServer

from distributor.states import DeliveryState, Outcome, Phase, Verdict
from distributor.transport.base import Envelope
from distributor.transport.smtp import SmtpConnection, SmtpTransport

S, V = DeliveryState, Verdict
AHEAD = Script(pipelining=True)
BIG = b"Subject: long\r\n\r\n" + (b"x" * 900 + b"\r\n") * 300
NAMES = ["ada", "bea", "cleo"]


@dataclass
class Run:
    """What a row of messages over one connection came to; `begun` are the recipients whose body may have left."""

    server: ScriptedServer
    outcomes: list[Outcome] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    asked: int = 0
    usable: bool = False

    @property
    def states(self) -> list[DeliveryState]:
        return [outcome.state for outcome in self.outcomes]

    @property
    def accepted(self) -> list[str]:
        return [one.recipient.partition("@")[0] for one in self.server.accepted]


@asynccontextmanager
async def connected(script: Script, **changes: object) -> AsyncIterator[tuple[ScriptedServer, SmtpConnection]]:
    async with ScriptedServer(script) as server:
        connection = await SmtpTransport(account(server, **changes)).connect()
        yield server, connection
        await connection.close()


async def send_row(*faults: Fault, script: Script = AHEAD, messages: Sequence[Envelope] = (), **changes: object) -> Run:
    """Deliver a row of messages, each announced behind the one before, until the connection can take no more."""
    row = list(messages) or [envelope(f"{name}@journal.example") for name in NAMES]
    silent = any(fault.do in {"stall", "accept_then_stall"} for fault in faults)
    changes.setdefault("timeouts", IMPATIENT if silent else PATIENT)
    async with connected(replace(script, faults=faults), **changes) as (server, connection):
        run = Run(server)
        for number, message in enumerate(row):

            async def begin(recipient: str = message.recipient) -> None:
                run.begun.append(recipient.partition("@")[0])

            def following(at: int = number + 1) -> Envelope | None:
                run.asked += 1
                return row[at] if at < len(row) else None

            run.outcomes.append(await connection.deliver(message, begin, following))
            run.usable = connection.is_usable
            if not run.usable:
                break
    return run


def follows_at_once(server: ScriptedServer) -> list[str]:
    """The commands, as words."""
    return [command.partition(" ")[0].partition(":")[0] for command in server.commands]


@in_loop
async def test_a_row_of_messages_arrives_each_with_its_own_bytes() -> None:
    run = await send_row(messages=[envelope(f"{n}@journal.example", MESSAGE + n.encode() + b"\r\n") for n in NAMES])
    assert run.states == [S.ACCEPTED] * 3
    assert run.begun == run.accepted == NAMES
    assert [one.message for one in run.server.accepted] == [MESSAGE + name.encode() + b"\r\n" for name in NAMES]
    assert run.server.violations == []
    assert follows_at_once(run.server) == ["EHLO", *["MAIL", "RCPT", "DATA"] * 3, "QUIT"]


@in_loop
async def test_the_next_is_announced_before_the_verdict_and_its_body_waits_for_its_own_begin() -> None:
    async with connected(replace(AHEAD, faults=(Fault("body", delay=0.05, nth=(1,)),))) as (server, connection):
        ada, bea = envelope("ada@journal.example"), envelope("bea@journal.example")
        await connection.deliver(ada, Begin(), lambda: bea)
        assert [one.recipient for one in server.accepted] == ["ada@journal.example"]
        may_go = asyncio.Event()
        second = asyncio.create_task(connection.deliver(bea, Begin(then=lambda: _wait(may_go))))
        for _ in range(200):
            await asyncio.sleep(0)
        assert follows_at_once(server).count("DATA") == 2
        assert len(server.accepted) == 1
        may_go.set()
        assert (await second).state is S.ACCEPTED


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


@in_loop
async def test_a_server_that_takes_nothing_ahead_is_told_nothing_ahead() -> None:
    run = await send_row(script=Script())
    assert (run.states, run.asked, run.server.violations) == ([S.ACCEPTED] * 3, 0, [])


@pytest.mark.parametrize(
    ("fault", "states", "accepted"),
    [
        (
            Fault("rcpt", reply="550 5.1.1 Unknown", recipient="bea@*"),
            [S.ACCEPTED, S.REJECTED, S.ACCEPTED],
            ["ada", "cleo"],
        ),
        (Fault("mail", reply="451 4.3.0 Later", nth=(2,)), [S.ACCEPTED, S.DEFERRED, S.ACCEPTED], ["ada", "cleo"]),
        (Fault("data", reply="451 4.3.0 Later", nth=(2,)), [S.ACCEPTED, S.DEFERRED, S.ACCEPTED], ["ada", "cleo"]),
        (
            Fault("body", reply="554 5.6.0 Spam", recipient="ada@*"),
            [S.REJECTED, S.ACCEPTED, S.ACCEPTED],
            ["bea", "cleo"],
        ),
    ],
    ids=["rcpt", "mail", "data", "body"],
)
@in_loop
async def test_a_refusal_is_that_recipients_and_no_other(fault: Fault, states: list[S], accepted: list[str]) -> None:
    run = await send_row(fault)
    assert (run.states, run.accepted) == (states, accepted)
    assert run.server.violations == []
    assert run.usable


@in_loop
async def test_a_body_that_nobody_is_to_get_is_a_lone_dot() -> None:
    refused = Fault("rcpt", reply="550 5.1.1 Unknown", recipient="bea@*")
    run = await send_row(refused, script=replace(AHEAD, always_354=True))
    assert run.states == [S.ACCEPTED, S.REJECTED, S.ACCEPTED]
    assert (run.begun, run.accepted, run.server.violations) == (["ada", "cleo"], ["ada", "cleo"], [])
    assert run.outcomes[1].phase is Phase.RCPT


@pytest.mark.parametrize("do", ["drop", "stall", "accept_then_drop", "accept_then_stall"])
@in_loop
async def test_silence_after_a_body_is_that_messages_doubt_and_the_announced_one_never_began(do: str) -> None:
    run = await send_row(Fault("body", do=do, recipient="bea@*"))  # type: ignore[arg-type]
    assert run.states == [S.ACCEPTED, S.IN_DOUBT]
    assert run.begun == ["ada", "bea"]
    assert not run.usable


@in_loop
async def test_a_recipient_who_was_taken_and_refused_in_one_reply_gets_no_empty_message() -> None:
    run = await send_row(Fault("rcpt", reply="250-Ok", also="421 4.3.2 Bye\r\n", times=1))
    assert [(outcome.state, outcome.verdict) for outcome in run.outcomes] == [(S.DEFERRED, V.CONNECTION)]
    assert (run.server.accepted, run.begun, run.usable) == ([], [], False)


@in_loop
async def test_a_421_behind_an_acceptance_is_no_answer_to_the_next() -> None:
    goodbye = Fault("body", also="421 4.3.2 Going down\r\n", then_drop=True, recipient="ada@*")
    run = await send_row(goodbye)
    assert run.states[0] is S.ACCEPTED
    assert run.begun == ["ada"]
    assert all((one.state, one.verdict) == (S.QUEUED, V.CONNECTION) for one in run.outcomes[1:])
    assert not run.usable


@in_loop
async def test_a_reply_too_many_shifts_no_verdict() -> None:
    """Two replies to one message: the second would pass for the MAIL's, the MAIL's for the RCPT's, and so on."""
    run = await send_row(Fault("body", also="250 2.0.0 And again\r\n", recipient="ada@*"))
    assert run.states[0] is S.ACCEPTED
    assert run.accepted == ["ada"]
    assert run.begun == ["ada"]
    assert not run.usable


@in_loop
async def test_a_connection_that_has_carried_its_share_announces_nothing_more() -> None:
    run = await send_row(messages_per_connection=2)
    assert (run.states, run.asked, run.usable) == ([S.ACCEPTED] * 2, 1, False)
    assert follows_at_once(run.server) == ["EHLO", *["MAIL", "RCPT", "DATA"] * 2, "QUIT"]


@in_loop
async def test_a_long_body_may_be_refused_before_its_end() -> None:
    messages = [envelope("ada@journal.example", BIG), envelope("bea@journal.example")]
    run = await send_row(Fault("body", do="early", reply="552 5.3.4 Too big", recipient="ada@*"), messages=messages)
    assert run.outcomes[0].code == 552
    assert "ada" not in run.accepted
    assert run.server.violations == []


@in_loop
async def test_what_no_wire_may_carry_is_told_in_its_turn_and_harms_nobody_before_it() -> None:
    bad = envelope("bea@journal.example", b"Subject: bare\n\r\n")
    async with connected(AHEAD) as (server, connection):
        first = await connection.deliver(envelope(), Begin(), lambda: bad)
        assert first.state is S.ACCEPTED
        with pytest.raises(ValueError, match="CRLF"):
            await connection.deliver(bad, Begin())
        assert len(server.accepted) == 1


@in_loop
async def test_closing_with_a_message_announced_sends_nothing_of_it() -> None:
    async with connected(AHEAD) as (server, connection):
        await connection.deliver(envelope(), Begin(), lambda: envelope("bea@journal.example"))
        await connection.close()
    assert len(server.accepted) == 1
    assert server.violations == []


@in_loop
async def test_another_message_than_the_announced_one_is_refused() -> None:
    async with connected(AHEAD) as (_, connection):
        await connection.deliver(envelope(), Begin(), lambda: envelope("bea@journal.example"))
        with pytest.raises(ValueError, match="announced"):
            await connection.deliver(envelope("cleo@journal.example"), Begin())


@pytest.mark.parametrize("pieces", [1, 7])
@in_loop
async def test_replies_may_come_in_any_packets(pieces: int) -> None:
    run = await send_row(Fault("rcpt", pieces=pieces), Fault("body", pieces=pieces))
    assert run.states == [S.ACCEPTED] * 3
    assert run.server.violations == []

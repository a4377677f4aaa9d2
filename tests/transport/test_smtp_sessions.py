"""One connection over many messages: reuse, RSET, replies that come oddly, bodies, cancellation, and the end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smtpclient import (
    IMPATIENT,
    MESSAGE,
    PATIENT,
    Begin,
    Session,
    account,
    deliver_once,
    envelope,
    in_loop,
    in_person,
    recite,
    until,
)
from smtpserver import Fault, Script, ScriptedServer

from distributor.states import DeliveryState, Phase, Verdict
from distributor.transport.base import Envelope
from distributor.transport.conversation import Conversation
from distributor.transport.smtp import SmtpConnection, SmtpTransport, check_envelope, stuffed

S, V = DeliveryState, Verdict

UP_TO_THE_BODY = ["220 hand.example", "250 hand.example", "250 ok", "250 ok", "354 go"]
TOO_BIG_TO_LEAVE = b"Subject: long\r\n\r\n" + (b"x" * 76 + b"\r\n") * 400_000
"""More than the buffers of two sockets hold."""


@contextlib.asynccontextmanager
async def session(*faults: Fault, script: Script | None = None, **changes: Any) -> AsyncIterator[Session]:
    """One open connection to a server with `faults`; at the end the server must have nothing to complain about."""
    async with ScriptedServer(replace(script or Script(), faults=faults)) as server:
        connection = await SmtpTransport(account(server, **changes)).connect()
        yield Session(server, connection)
        await connection.close()
        assert server.violations == []


# Reuse.


@in_loop
async def test_a_connection_carries_many_messages_one_recipient_a_transaction() -> None:
    async with session() as s:
        names = [f"r{number}@journal.example" for number in range(20)]
        outcomes = [await s.deliver(name) for name in names]
        assert {outcome.state for outcome in outcomes} == {S.ACCEPTED}
        assert [accepted.recipient for accepted in s.server.accepted] == names
        assert {accepted.connection for accepted in s.server.accepted} == {1}
        assert "RSET" not in s.server.commands


@in_loop
async def test_a_connection_is_used_up_by_messages_and_by_age(monkeypatch: pytest.MonkeyPatch) -> None:
    async with session(messages_per_connection=2) as s:
        await s.deliver()
        assert s.connection.is_usable
        await s.deliver()
        assert not s.connection.is_usable
    async with session(max_age=0) as s:
        assert not s.connection.is_usable


@in_loop
async def test_a_goodbye_that_is_cut_short_leaves_no_connection_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the other end takes its time over the last word, as TLS has one: half a minute, else."""
    async with session() as s:
        transport, said = s.connection._talk._transport, asyncio.Event()
        monkeypatch.setattr(transport, "close", said.set)
        closing = asyncio.create_task(s.connection.close())
        await said.wait()
        closing.cancel()
        await asyncio.wait([closing])
        assert transport.is_closing()


@in_loop
async def test_close_says_goodbye_once_and_may_be_repeated() -> None:
    async with session() as s:
        await s.connection.close()
        await s.connection.close()
        assert s.server.commands[-1] == "QUIT"
        assert s.server.commands.count("QUIT") == 1
        assert not s.connection.is_usable


@pytest.mark.parametrize("fault", [Fault("quit", do="stall"), Fault("quit", do="drop"), Fault("quit", reply="500 No")])
@in_loop
async def test_a_goodbye_that_is_not_answered_is_no_error(fault: Fault) -> None:
    async with session(fault, timeouts=IMPATIENT) as s:
        assert (await s.deliver()).state is S.ACCEPTED


@in_loop
async def test_cancelling_a_goodbye_drops_the_connection() -> None:
    async with session(Fault("quit", do="stall")) as s:
        task = asyncio.create_task(s.connection.close())
        await until(lambda: "QUIT" in s.server.commands)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: s.server.open_connections == 0)


# RSET: needed after a refusal halfway, never part of a verdict.


@in_loop
async def test_a_refused_recipient_is_cleared_away_before_the_next_mail() -> None:
    async with session(Fault("rcpt", reply="550 5.1.1 Unknown", recipient="gone@*")) as s:
        assert (await s.deliver("gone@journal.example")).verdict is V.HARD
        assert s.server.commands[-1].startswith("RCPT")
        assert (await s.deliver("here@journal.example")).state is S.ACCEPTED
        assert s.server.commands.count("RSET") == 1


@pytest.mark.parametrize("fault", [Fault("rset", do="stall"), Fault("rset", do="drop"), Fault("rset", reply="500 No")])
@in_loop
async def test_a_silent_rset_does_not_hide_the_verdict_before_it(fault: Fault) -> None:
    refuse = Fault("rcpt", reply="550 5.1.1 Unknown", recipient="gone@*")
    async with session(refuse, fault, timeouts=IMPATIENT) as s:
        gone = await s.deliver("gone@journal.example")
        assert (gone.state, gone.code) == (S.REJECTED, 550)
        after = await s.deliver("here@journal.example")
        assert (after.state, after.verdict, after.phase) == (S.DEFERRED, V.CONNECTION, Phase.MAIL)
        assert not s.connection.is_usable
        assert s.begin.calls == 0


@in_loop
async def test_a_refusal_at_the_dot_needs_no_rset() -> None:
    async with session(Fault("body", reply="554 5.6.0 Content", nth=(1,))) as s:
        assert (await s.deliver()).verdict is V.CONTENT
        assert (await s.deliver()).state is S.ACCEPTED
        assert "RSET" not in s.server.commands


# Replies that come oddly.


@pytest.mark.parametrize("phase", ["greeting", "ehlo", "mail", "rcpt", "data", "body"])
@in_loop
async def test_replies_split_over_many_packets_are_put_together(phase: str) -> None:
    delivered = await deliver_once(Fault(phase, pieces=12))
    assert delivered.outcome.state is S.ACCEPTED


@in_loop
async def test_a_reply_of_many_lines_is_kept_whole() -> None:
    reply = "550-5.1.1 The account does not exist.\r\n550-5.1.1 Check for typos or\r\n550 5.1.1 unnecessary spaces."
    delivered = await deliver_once(Fault("rcpt", reply=reply, pieces=3))
    assert delivered.outcome.enhanced_code == "5.1.1"
    assert delivered.outcome.reply.split("\n") == [
        "5.1.1 The account does not exist.",
        "5.1.1 Check for typos or",
        "5.1.1 unnecessary spaces.",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
@in_loop
async def test_replies_in_french_can_be_read(encoding: str) -> None:
    raw = "552 5.2.2 Boîte du destinataire pleine, désolé".encode(encoding).decode("latin-1")
    delivered = await deliver_once(Fault("rcpt", reply=raw))
    assert delivered.outcome.reply == "5.2.2 Boîte du destinataire pleine, désolé"
    assert delivered.outcome.verdict is V.FULL


@in_loop
async def test_a_421_in_the_same_packet_as_the_acceptance_leaves_the_message_accepted() -> None:
    delivered = await deliver_once(Fault("body", also="421 4.3.0 Closing\r\n", then_drop=True))
    assert (delivered.outcome.state, delivered.outcome.code) == (S.ACCEPTED, 250)
    assert not delivered.usable


@pytest.mark.parametrize("phase", ["mail", "rcpt"])
@in_loop
async def test_two_replies_to_one_command_are_never_paired_with_the_next(phase: str) -> None:
    delivered = await deliver_once(Fault(phase, also="250 2.0.0 Something else\r\n"))
    assert (delivered.outcome.state, delivered.outcome.verdict) == (S.DEFERRED, V.CONNECTION)
    assert delivered.begun == 0
    assert delivered.server.accepted == []


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data", "body"])
@in_loop
async def test_a_reply_that_comes_too_late_is_not_taken_for_the_next_one(phase: str) -> None:
    async with session(Fault(phase, delay=0.3, nth=(1,)), timeouts=IMPATIENT) as s:
        first = await s.deliver("slow@journal.example")
        doubt = (S.IN_DOUBT, V.NO_ANSWER) if phase == "body" else (S.DEFERRED, V.CONNECTION)
        assert (first.state, first.verdict) == doubt
        second = await s.deliver("next@journal.example")
        assert (second.state, second.verdict) == (S.DEFERRED, V.CONNECTION)
        assert [one.recipient for one in s.server.accepted] == ["slow@journal.example"] * (phase == "body")


@in_loop
async def test_a_421_to_nobody_makes_the_connection_unusable() -> None:
    """An idle connection is told that it is closed, in a packet of its own, and is not closed."""

    async def bored(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await recite(["220 bored.example"], reader, writer)
        writer.write(b"250 bored.example\r\n")
        await greeted.wait()
        await recite(["421 4.4.2 Idle for too long"], reader, writer)

    greeted = asyncio.Event()
    async with in_person(bored) as server:
        connection = await SmtpTransport(account(server)).connect()
        assert connection.is_usable
        greeted.set()
        await until(lambda: not connection.is_usable)
        outcome = await connection.deliver(envelope(), Begin())
        assert (outcome.state, outcome.verdict, outcome.phase) == (S.DEFERRED, V.CONNECTION, Phase.MAIL)
        await connection.close()


@in_loop
async def test_a_server_that_hangs_up_while_idle_makes_the_connection_unusable() -> None:
    async with session(Fault("body", then_drop=True)) as s:
        assert (await s.deliver()).state is S.ACCEPTED
        await until(lambda: not s.connection.is_usable)
        again = await s.deliver()
        assert (again.state, again.verdict, again.phase) == (S.QUEUED, V.CONNECTION, Phase.MAIL)


# Between 354 and the verdict.


@in_loop
async def test_a_refusal_on_the_heels_of_354_is_definite_and_no_body_is_sent() -> None:
    delivered = await deliver_once(Fault("data", also="554 5.7.1 Changed my mind\r\n"))
    outcome = delivered.outcome
    assert (outcome.state, outcome.verdict, outcome.phase, outcome.code) == (S.REJECTED, V.POLICY, Phase.BODY, 554)
    assert delivered.server.accepted == []
    assert not delivered.usable


@in_loop
async def test_an_acceptance_on_the_heels_of_354_accepts_nothing() -> None:
    delivered = await deliver_once(Fault("data", also="250 2.0.0 Thanks already\r\n"))
    assert (delivered.outcome.state, delivered.outcome.verdict) == (S.DEFERRED, V.CONNECTION)
    assert delivered.server.accepted == []


@in_loop
async def test_a_drop_while_the_intent_is_made_durable_is_before_the_body() -> None:
    async with ScriptedServer(Script(faults=(Fault("data", then_drop=True),))) as server:
        connection = await SmtpTransport(account(server)).connect()

        async def until_the_server_is_gone() -> None:
            await until(lambda: not connection.is_usable)

        outcome = await connection.deliver(envelope(), Begin(then=until_the_server_is_gone))
        await connection.close()
    assert (outcome.state, outcome.verdict, outcome.phase) == (S.DEFERRED, V.CONNECTION, Phase.DATA)


@pytest.mark.parametrize(
    ("reply", "state", "verdict"),
    [
        ("552 5.3.4 Too big", S.QUEUED, V.ACCOUNT),
        ("552 5.2.3 Too big for this mailbox", S.REJECTED, V.TOO_BIG),
        ("451 4.3.0 Trouble", S.DEFERRED, V.RETRY),
        ("250 2.0.0 Fine", S.IN_DOUBT, V.NO_ANSWER),
    ],
)
@in_loop
async def test_a_reply_while_the_body_is_written_is_read(reply: str, state: DeliveryState, verdict: Verdict) -> None:
    """The server stops reading after the first block, so that the rest cannot leave."""

    async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await recite([*UP_TO_THE_BODY, reply], reader, writer)
        await asyncio.Event().wait()

    async with in_person(hasty) as server:
        connection = await SmtpTransport(account(server)).connect()
        outcome = await connection.deliver(envelope(message=TOO_BIG_TO_LEAVE), Begin())
        assert (outcome.state, outcome.verdict, outcome.phase) == (state, verdict, Phase.BODY)
        assert not connection.is_usable
        await connection.close()


@pytest.mark.parametrize("goes", [False, True])
@in_loop
async def test_who_has_not_heard_the_end_of_a_body_has_nothing(*, goes: bool) -> None:
    """RFC 5321 §4.1.1.10: whoever is left in the middle forgets it. The last block, with its dot, never left us."""

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await recite(UP_TO_THE_BODY, reader, writer)
        if not goes:
            await asyncio.Event().wait()

    async with in_person(deaf) as server:
        connection = await SmtpTransport(account(server, timeouts=replace(PATIENT, block=0.1))).connect()
        outcome = await connection.deliver(envelope(message=TOO_BIG_TO_LEAVE), Begin())
        assert (outcome.state, outcome.verdict, outcome.phase) == (S.DEFERRED, V.CONNECTION, Phase.BODY)
        assert not connection.is_usable
        await connection.close()


@in_loop
async def test_the_verdict_on_the_body_has_a_timer_of_its_own() -> None:
    slow = Fault("body", delay=0.3)
    timeouts = replace(PATIENT, command=0.1, data=0.1, dot=2)
    delivered = await deliver_once(slow, timeouts=timeouts)
    assert delivered.outcome.state is S.ACCEPTED
    assert delivered.outcome.duration_ms >= 300


@in_loop
async def test_a_large_message_arrives_whole() -> None:
    big = b"Subject: long\r\n\r\n" + b"".join(b".%d%s\r\n" % (number, b"x" * 60) for number in range(60_000))
    async with session() as s:
        assert (await s.deliver(message=big)).state is S.ACCEPTED
        assert s.server.accepted[0].message == big


# Cancellation, and a begin that fails.


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data", "body"])
@in_loop
async def test_cancelling_drops_the_connection_at_once(phase: str) -> None:
    async with session(Fault(phase, do="stall")) as s:
        task = asyncio.create_task(s.deliver())
        verb = {"body": "DATA"}.get(phase, phase.upper())
        await until(lambda: any(command.startswith(verb) for command in s.server.commands))
        await until(lambda: phase != "body" or s.begin.calls == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not s.connection.is_usable
        assert s.begin.calls == (phase == "body")


@in_loop
async def test_when_begin_raises_no_byte_of_the_body_is_written() -> None:
    async def fail() -> None:
        raise RuntimeError("the log cannot be written")

    async with ScriptedServer() as server:
        connection = await SmtpTransport(account(server)).connect()
        with pytest.raises(RuntimeError, match="log"):
            await connection.deliver(envelope(), Begin(then=fail))
        assert not connection.is_usable
        await connection.close()
        assert server.accepted == []
        assert server.commands[-1] == "DATA"


# What the server's EHLO rules out, before a byte is sent.


@in_loop
async def test_a_message_over_the_servers_size_is_not_even_announced() -> None:
    async with session(script=Script(size=100)) as s:
        outcome = await s.deliver()
        assert (outcome.state, outcome.verdict, outcome.phase) == (S.QUEUED, V.ACCOUNT, Phase.MAIL)
        assert f"{len(MESSAGE)} bytes, the server takes at most 100:" in outcome.reply
        assert outcome.code is None
        assert [command for command in s.server.commands if not command.startswith("EHLO")] == []
        assert s.connection.is_usable


@pytest.mark.parametrize(("size", "said"), [(None, "the server takes less:"), (0, "less:"), (9999, "at most 9 999:")])
@in_loop
async def test_a_server_that_refuses_the_size_at_mail_refuses_it_for_everybody(size: int | None, said: str) -> None:
    refusal = Fault("mail", reply="552 5.3.4 Message size exceeds fixed limit")
    async with session(refusal, script=Script(size=size)) as s:
        outcome = await s.deliver()
        assert (outcome.state, outcome.verdict, outcome.code) == (S.QUEUED, V.ACCOUNT, 552)
        assert outcome.reply.startswith("5.3.4 Message size exceeds fixed limit (The message has ")
        assert said in outcome.reply
        assert s.connection.is_usable


@in_loop
async def test_what_a_server_repeats_of_an_address_says_nothing() -> None:
    """The recipient is on the wire, so the reply's words are read without it; the sender's address likewise."""
    replies = ("550 5.1.1 <{}>: User lookup failed", "550 no mailbox {0}, <bounce@office.example>")
    for reply, recipient in zip(replies, ("jean@spf-sante.example", "throttle.spf.fail@journal.example"), strict=True):
        async with session(Fault("rcpt", reply=reply.format(recipient))) as s:
            assert (await s.deliver(recipient)).state is S.REJECTED
            assert s.connection.is_usable


@pytest.mark.parametrize("size", [0, len(MESSAGE)])
@in_loop
async def test_a_message_within_the_servers_size_declares_its_own(size: int) -> None:
    async with session(script=Script(size=size)) as s:
        assert (await s.deliver()).state is S.ACCEPTED
        assert f"MAIL FROM:<bounce@office.example> SIZE={len(MESSAGE)}" in s.server.commands


@in_loop
async def test_an_address_outside_ascii_waits_for_a_server_that_takes_it() -> None:
    message = MESSAGE.replace(b"ada@", "émile@".encode())
    async with session(script=Script(smtputf8=False)) as s:
        outcome = await s.deliver("émile@journal.example", message, needs_smtputf8=True)
        assert (outcome.state, outcome.verdict) == (S.REJECTED, V.UNSUPPORTED)
        assert not any(command.startswith("MAIL") for command in s.server.commands)
    async with session() as s:
        assert (await s.deliver("émile@journal.example", message, needs_smtputf8=True)).state is S.ACCEPTED
        assert "MAIL FROM:<bounce@office.example> SMTPUTF8 BODY=8BITMIME" in s.server.commands
        assert "RCPT TO:<émile@journal.example>" in s.server.commands


@pytest.mark.parametrize("pipelining", [False, True])
@in_loop
async def test_one_command_one_reply_even_where_pipelining_is_offered(pipelining: bool) -> None:
    async with session(script=Script(pipelining=pipelining)) as s:
        assert (await s.deliver()).state is S.ACCEPTED


# Bodies and addresses that must never be on a wire.


@pytest.mark.parametrize(
    "bad",
    [
        b"a\nb\r\n",
        b"a\rb\r\n",
        b"a\r\r\nb\r\n",
        b"a\r\n.\nMAIL FROM:<x@y.example>\r\n",
        b"a\0b\r\n",
        "é\r\n".encode(),
        b"x" * 999 + b"\r\n",
        b"x" * 999,
    ],
)
def test_a_message_that_could_be_mangled_is_a_defect_of_ours(bad: bytes) -> None:
    with pytest.raises(ValueError, match="the message has"):
        check_envelope(envelope(message=bad))


@pytest.mark.parametrize(
    "bad",
    [
        "b@x.example>\r\nRCPT TO:<z@x.example",
        "b@x.example> SIZE=1",
        "a@b,c@d",
        "a@b@c",
        "a b@c",
        '"a"@x> FOO',
        "é@x.example",
        "a\N{LINE SEPARATOR}@x.example",
    ],
)
def test_an_address_that_could_be_a_command_is_a_defect_of_ours(bad: str) -> None:
    with pytest.raises(ValueError, match="the envelope has an address"):
        check_envelope(envelope(bad))


@pytest.mark.parametrize("good", ["a@b.example", '"a b"@c.example', '"a\\"b>"@c.example', "o'neil+x=y@c.example"])
def test_an_address_that_is_one_passes(good: str) -> None:
    check_envelope(envelope(good))
    check_envelope(Envelope("", good, MESSAGE))


@given(st.lists(st.sampled_from([b".", b"..", b"a", b"", b"\r\n", b".\r\n", b"\r\n.\r\n", b"x" * 998])).map(b"".join))
def test_stuffing_can_be_undone_and_never_ends_the_body_early(message: bytes) -> None:
    wire = stuffed(message)
    assert wire.endswith(b".\r\n")
    body = b"\r\n" + wire
    assert body.index(b"\r\n.\r\n") == len(body) - 5
    lines = wire[:-3].split(b"\r\n")
    assert b"\r\n".join(line.removeprefix(b".") for line in lines).removesuffix(b"\r\n") == message.removesuffix(
        b"\r\n"
    )


@given(st.integers(990, 1005), st.integers(0, 3), st.integers(0, 1200))
def test_line_length_is_counted_without_its_end(length: int, short_lines: int, tail: int) -> None:
    message = b"short\r\n" * short_lines + b"x" * length + b"\r\n" + b"y" * min(tail, 998)
    if length > 998:
        with pytest.raises(ValueError, match="998"):
            check_envelope(envelope(message=message))
    else:
        check_envelope(envelope(message=message))


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    "fault",
    [
        Fault("mail", do="drop"),
        Fault("mail", reply="421 4.3.2 Bye", then_drop=True),
        Fault("data", do="drop"),
        Fault("body", do="drop"),
        Fault("rcpt", reply="250 " + "x" * 100_000),
        Fault("rcpt", do="stall"),
    ],
)
def test_a_connection_that_ended_is_gone_from_memory_at_once(fault: Fault, pipelining: bool) -> None:
    """It keeps its last message, of megabytes where files are attached; many servers end it at each."""
    gc.collect()
    gc.disable()
    try:
        asyncio.run(deliver_once(fault, script=Script(pipelining=pipelining)))
        assert [one for one in gc.get_objects() if isinstance(one, SmtpConnection | Conversation)] == []
    finally:
        gc.enable()

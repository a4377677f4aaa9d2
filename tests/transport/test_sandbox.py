"""The sandbox: what it takes, under which names, what it refuses, what it puts off, and that it goes away."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smtpclient import MESSAGE, PATIENT, Begin, envelope, in_loop

from distributor.states import DeliveryState, Verdict
from distributor.transport.account import SmtpAccount
from distributor.transport.sandbox import Numbered, Sandbox, safe_name
from distributor.transport.smtp import SmtpConnection, SmtpTransport


async def connected(sandbox: Sandbox) -> SmtpConnection:
    account = SmtpAccount(sandbox.host, sandbox.port, security="plain", timeouts=PATIENT)
    return await SmtpTransport(account).connect()


@in_loop
async def test_it_keeps_what_it_takes_as_a_file_and_in_its_journal(tmp_path: Path) -> None:
    async with Sandbox(tmp_path / "mail") as sandbox:
        connection = await connected(sandbox)
        outcome = await connection.deliver(envelope("ada@journal.example"), Begin())
        await connection.deliver(envelope("émile@journal.example", needs_smtputf8=True), Begin())
        await connection.close()
    assert (outcome.state, outcome.server) == (DeliveryState.ACCEPTED, "sandbox.example")
    first, second = sandbox.kept
    assert (first.recipient, first.message_id) == ("ada@journal.example", "<one@office.example>")
    assert first.path.read_bytes() == MESSAGE
    assert [kept.path.name for kept in (first, second)] == [
        "0001-ada@journal.example.eml",
        "0002-émile@journal.example.eml",
    ]


@in_loop
async def test_it_refuses_for_good_whom_it_is_told_to(tmp_path: Path) -> None:
    refuse = {"Gone@journal.example": "", "big@journal.example": "552 5.3.4 Too big, {recipient}"}
    async with Sandbox(tmp_path, refuse=refuse) as sandbox:
        connection = await connected(sandbox)
        gone = await connection.deliver(envelope("gone@journal.example"), Begin())
        big = await connection.deliver(envelope("big@journal.example"), Begin())
        fine = await connection.deliver(envelope("fine@journal.example"), Begin())
        await connection.close()
    assert (gone.state, gone.verdict, gone.enhanced_code) == (DeliveryState.REJECTED, Verdict.HARD, "5.1.1")
    assert (big.verdict, big.reply) == (Verdict.TOO_BIG, "5.3.4 Too big, big@journal.example")
    assert fine.state is DeliveryState.ACCEPTED
    assert [kept.recipient for kept in sandbox.kept] == ["fine@journal.example"]


@in_loop
async def test_every_reply_it_has_of_its_own_is_a_refusal_for_good(tmp_path: Path) -> None:
    names = [f"r{number}@journal.example" for number in range(4)]
    async with Sandbox(tmp_path, refuse=names) as sandbox:
        connection = await connected(sandbox)
        outcomes = [await connection.deliver(envelope(name), Begin()) for name in names]
        await connection.close()
    assert [outcome.verdict for outcome in outcomes] == [Verdict.HARD, Verdict.FULL, Verdict.POLICY, Verdict.HARD]
    assert {outcome.state for outcome in outcomes} == {DeliveryState.REJECTED}


@in_loop
async def test_it_greylists_once(tmp_path: Path) -> None:
    async with Sandbox(tmp_path, greylist=["shy@journal.example"]) as sandbox:
        connection = await connected(sandbox)
        first = await connection.deliver(envelope("shy@journal.example"), Begin())
        second = await connection.deliver(envelope("shy@journal.example"), Begin())
        await connection.close()
    assert (first.state, first.verdict, first.retry_after) == (DeliveryState.DEFERRED, Verdict.RETRY, 300)
    assert second.state is DeliveryState.ACCEPTED


@in_loop
async def test_it_stops_with_a_client_still_there_and_says_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        sandbox = Sandbox(tmp_path)
        await sandbox.start()
        connection = await connected(sandbox)
        await connection.deliver(envelope(), Begin())
        await sandbox.stop()
        await sandbox.stop()
        outcome = await connection.deliver(envelope(), Begin())
        await connection.close()
    assert outcome.verdict is Verdict.CONNECTION
    assert [record for record in caplog.records if record.name == "mail.log"] == []


@in_loop
async def test_a_folder_that_is_gone_is_a_full_disk_to_the_client(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    async with Sandbox(folder) as sandbox:
        folder.rmdir()
        connection = await connected(sandbox)
        outcome = await connection.deliver(envelope(), Begin())
        await connection.close()
    assert (outcome.state, outcome.code) == (DeliveryState.DEFERRED, 452)


def test_numbers_go_on_from_what_lies_there(tmp_path: Path) -> None:
    (tmp_path / "0007-old@journal.example.eml").write_bytes(b"old")
    (tmp_path / "notes.eml").write_bytes(b"notes")
    names = Numbered(tmp_path)
    taken = [names.reserve("ada@journal.example") for _ in range(2)]
    assert [target.name for _, target in taken] == ["0008-ada@journal.example.eml", "0009-ada@journal.example.eml"]
    assert [part.read_bytes() for part, _ in taken] == [b"", b""]


def test_two_writers_of_one_folder_never_get_the_same_name(tmp_path: Path) -> None:
    writers = [Numbered(tmp_path), Numbered(tmp_path)]
    taken = [writer.reserve("ada@journal.example") for writer in writers * 3]
    assert len({target for _, target in taken}) == 6
    part, target = taken[0]
    part.rename(target)
    late = Numbered(tmp_path)
    late._last = 0  # it counted before the first message appeared
    assert late.reserve("ada@journal.example")[1] not in {target for _, target in taken}


@given(st.text())
def test_a_safe_name_is_one_visible_name_in_the_folder(recipient: str) -> None:
    name = safe_name(recipient)
    assert name
    assert os.path.basename(name) == name
    assert not name.startswith(".")
    assert not set('/\\:*?"<>|\0\n ') & set(name)
    assert len(name.encode()) <= 120

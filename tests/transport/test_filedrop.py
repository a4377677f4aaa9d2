"""The folder transport: exact bytes, safe names, nothing half-written, nothing overwritten."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smtpclient import MESSAGE, Begin, envelope, in_loop

from distributor.errors import AccountTrouble
from distributor.states import DeliveryState, Verdict
from distributor.transport.filedrop import FileDropTransport, Numbered, safe_name


@in_loop
async def test_a_message_becomes_a_file_byte_for_byte(tmp_path: Path) -> None:
    connection = await FileDropTransport(tmp_path / "out").connect()
    begin = Begin()
    outcome = await connection.deliver(envelope("ada@journal.example"), begin)
    assert (outcome.state, outcome.verdict, begin.calls) == (DeliveryState.ACCEPTED, Verdict.ACCEPTED, 1)
    assert outcome.reply == "0001-ada@journal.example.eml"
    assert (tmp_path / "out" / outcome.reply).read_bytes() == MESSAGE
    assert connection.is_usable
    await connection.close()
    assert not connection.is_usable


@in_loop
async def test_numbers_go_on_and_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "0007-old@journal.example.eml").write_bytes(b"old")
    (tmp_path / "notes.eml").write_bytes(b"notes")
    transport = FileDropTransport(tmp_path)
    connections = [await transport.connect(), await transport.connect()]
    names = [(await connection.deliver(envelope(), Begin())).reply for connection in connections * 2]
    assert names == [f"{number:04}-ada@journal.example.eml" for number in (8, 9, 10, 11)]
    assert (tmp_path / "0007-old@journal.example.eml").read_bytes() == b"old"


def test_two_writers_of_one_folder_never_get_the_same_name(tmp_path: Path) -> None:
    writers = [Numbered(tmp_path), Numbered(tmp_path)]
    taken = [writer.reserve("ada@journal.example") for writer in writers * 3]
    assert len({target for _, target in taken}) == 6
    part, target = taken[0]
    part.rename(target)
    late = Numbered(tmp_path)
    late._last = 0  # it counted before the first message appeared
    assert late.reserve("ada@journal.example")[1] not in {target for _, target in taken}


@in_loop
async def test_when_begin_raises_nothing_is_left(tmp_path: Path) -> None:
    async def fail() -> None:
        raise RuntimeError("the log cannot be written")

    connection = await FileDropTransport(tmp_path).connect()
    with pytest.raises(RuntimeError, match="log"):
        await connection.deliver(envelope(), Begin(then=fail))
    assert os.listdir(tmp_path) == []


@in_loop
async def test_a_folder_that_cannot_be_written_burns_nobody(tmp_path: Path) -> None:
    transport = FileDropTransport(tmp_path / "out")
    connection = await transport.connect()
    (tmp_path / "out").rmdir()
    outcome = await connection.deliver(envelope(), Begin())
    assert (outcome.state, outcome.verdict) == (DeliveryState.QUEUED, Verdict.ACCOUNT)
    (tmp_path / "out").write_bytes(b"in the way")
    with pytest.raises(AccountTrouble):
        await transport.connect()


@given(st.text())
def test_a_safe_name_is_one_visible_name_in_the_folder(recipient: str) -> None:
    name = safe_name(recipient)
    assert name
    assert os.path.basename(name) == name
    assert not name.startswith(".")
    assert not set('/\\:*?"<>|\0\n ') & set(name)
    assert len(name.encode()) <= 120

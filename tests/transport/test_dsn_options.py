"""What a server that offers DSN is asked for (RFC 3461), to the letter, and that no other server is asked."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smtpclient import MESSAGE, Begin, account, envelope, in_loop
from smtpserver import Script, ScriptedServer

from distributor.feedback.dsn import recipient, xtext_undone
from distributor.transport.dsn_options import mail_options, recipient_options
from distributor.transport.smtp import SmtpTransport


@pytest.mark.parametrize("pipelining", [False, True])
@in_loop
async def test_a_server_that_offers_it_is_told_what_to_name(pipelining: bool) -> None:
    async with ScriptedServer(Script(dsn=True, pipelining=pipelining)) as server:
        connection = await SmtpTransport(account(server)).connect()
        message = envelope("ada+presse@journal.example", envelope_id="a=1.7@office.example")
        assert (await connection.deliver(message, Begin())).code == 250
        await connection.close()
    assert "MAIL FROM:<bounce@office.example> RET=HDRS ENVID=a+3D1.7@office.example" in server.commands
    assert (
        "RCPT TO:<ada+presse@journal.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;ada+2Bpresse@journal.example"
        in server.commands
    )
    assert server.violations == []
    assert [one.message for one in server.accepted] == [MESSAGE]


@in_loop
async def test_another_server_is_asked_for_nothing() -> None:
    async with ScriptedServer() as server:
        connection = await SmtpTransport(account(server)).connect()
        await connection.deliver(envelope(envelope_id="1@office.example"), Begin())
        await connection.close()
    assert {"MAIL FROM:<bounce@office.example>", "RCPT TO:<ada@journal.example>"} <= set(server.commands)


def test_names_that_are_too_long_are_left_out() -> None:
    assert mail_options("a" * 101) == mail_options("") == b" RET=HDRS"
    assert recipient_options("a" * 490 + "@journal.example") == b" NOTIFY=FAILURE,DELAY"


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=33))
def test_an_envelope_id_comes_back_as_it_was(name: str) -> None:
    written = mail_options(name).decode().removeprefix(" RET=HDRS ENVID=")
    assert re.fullmatch(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+", written)
    assert xtext_undone(written) == name


@pytest.mark.parametrize(
    "address",
    ["ada+presse@journal.example", "émile@journal.example", "o'neil=x@journal.example", "é+a=b@journal.example"],
)
def test_a_recipient_comes_back_as_it_was(address: str) -> None:
    options = recipient_options(address)
    assert options.isascii()
    assert recipient(options.decode().partition(" ORCPT=")[2]) == address

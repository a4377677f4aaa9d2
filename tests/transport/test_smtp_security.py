"""TLS, STARTTLS and AUTH: what is verified, what is never sent, and how often a password is offered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtplib.auth import auth_login_encode, auth_plain_encode
from authority import Authority
from smtpclient import IMPATIENT, PATIENT, Begin, account, envelope, in_loop, until
from smtpserver import Fault, Script, ScriptedServer

from distributor import clock
from distributor.errors import AccountTrouble, CredentialsRefused, ServerUnavailable
from distributor.states import DeliveryState
from distributor.transport.account import SmtpAccount
from distributor.transport.probing import probe
from distributor.transport.smtp import SmtpTransport

USERS = {"presse": "s3cret-é"}
LOGIN = {"username": "presse", "password": "s3cret-é"}


def script(authority: Authority, **changes: Any) -> Script:
    return Script(certificate=str(authority.certificate), key=str(authority.key), **changes)


@pytest.mark.parametrize("security", ["tls", "starttls"])
@in_loop
async def test_a_message_goes_through_an_encrypted_connection(authority: Authority, security: str) -> None:
    offered = script(authority, implicit_tls=security == "tls", starttls=security == "starttls", users=USERS)
    async with ScriptedServer(offered) as server:
        own = account(server, security=security, ca_file=authority.ca_file, **LOGIN)
        connection = await SmtpTransport(own).connect()
        outcome = await connection.deliver(envelope(), Begin())
        await connection.close()
        assert outcome.state is DeliveryState.ACCEPTED
        assert outcome.tls == "TLSv1.3"
        assert server.clear_secrets == []
        assert server.violations == []
        assert len(server.accepted) == 1


@in_loop
async def test_a_large_message_goes_through_tls(authority: Authority) -> None:
    big = b"Subject: long\r\n\r\n" + (b"x" * 76 + b"\r\n") * 60_000
    async with ScriptedServer(script(authority, implicit_tls=True)) as server:
        connection = await SmtpTransport(account(server, security="tls", ca_file=authority.ca_file)).connect()
        outcomes = [await connection.deliver(envelope(message=big), Begin()) for _ in range(2)]
        await connection.close()
        assert {outcome.state for outcome in outcomes} == {DeliveryState.ACCEPTED}
        assert [accepted.message for accepted in server.accepted] == [big, big]


@in_loop
async def test_what_the_server_has_closed_is_not_closed_again(authority: Authority) -> None:
    """Under TLS, Python 3.11.2 (Debian 12's) cannot drop what was closed twice."""
    async with ScriptedServer(script(authority, implicit_tls=True)) as server:
        connection = await SmtpTransport(account(server, security="tls", ca_file=authority.ca_file)).connect()
        talk, closed = connection._talk, []
        talk._transport.close = lambda: closed.append(1)  # type: ignore[method-assign]
        talk.send(b"QUIT\r\n")
        await until(talk._transport.is_closing)
        await connection.close()
        assert not closed


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(
    ("wrong", "mended_by"),
    [
        ("another name", "SMTP_HOST"),
        ("unknown authority", "SMTP_CA_FILE"),
        ("over", "renew"),
    ],
)
@in_loop
async def test_a_certificate_that_proves_nothing_ends_it(
    authority: Authority, security: str, wrong: str, mended_by: str
) -> None:
    offered = script(authority, implicit_tls=security == "tls", starttls=security == "starttls", users=USERS)
    ca_file: Path | None = authority.ca_file
    if wrong == "another name":
        offered = replace(offered, certificate=str(authority.certificate_of_another))
    elif wrong == "over":
        offered = replace(offered, certificate=str(authority.certificate_of_before))
    else:
        ca_file = None
    async with ScriptedServer(offered) as server:
        with pytest.raises(AccountTrouble, match="certificate") as caught:
            await SmtpTransport(account(server, security=security, ca_file=ca_file, **LOGIN)).connect()
        assert not isinstance(caught.value, ServerUnavailable)
        assert mended_by in caught.value.mend
        assert ".." not in str(caught.value), "what OpenSSL says may end in a full stop"
        assert not any(command.startswith("AUTH") for command in server.commands)


@in_loop
async def test_a_server_that_hides_starttls_is_told_nothing() -> None:
    async with ScriptedServer(Script(starttls=False, users=USERS)) as server:
        with pytest.raises(AccountTrouble, match="STARTTLS") as caught:
            await SmtpTransport(account(server, security="starttls", **LOGIN)).connect()
        assert caught.value.mend
        assert server.clear_secrets == []
        assert [command.split()[0] for command in server.commands] == ["EHLO"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("starttls", reply="454 4.7.0 Not now"),
        Fault("starttls", reply="502 5.5.1 No"),
        Fault("starttls", do="drop"),
        Fault("starttls", do="stall"),
    ],
)
@in_loop
async def test_a_starttls_that_fails_ends_it(authority: Authority, fault: Fault) -> None:
    async with ScriptedServer(script(authority, starttls=True, users=USERS, faults=(fault,))) as server:
        own = account(server, security="starttls", ca_file=authority.ca_file, timeouts=IMPATIENT, **LOGIN)
        with pytest.raises(AccountTrouble):
            await SmtpTransport(own).connect()
        assert server.clear_secrets == []


@in_loop
async def test_what_is_injected_in_clear_behind_the_220_is_never_read(authority: Authority) -> None:
    injected = Fault("starttls", also="250 2.0.0 injected\r\n")
    async with ScriptedServer(script(authority, starttls=True, users=USERS, faults=(injected,))) as server:
        connection = await SmtpTransport(
            account(server, security="starttls", ca_file=authority.ca_file, **LOGIN)
        ).connect()
        outcome = await connection.deliver(envelope(), Begin())
        await connection.close()
        assert outcome.reply == "2.0.0 Accepted"
        assert server.violations == []


@in_loop
async def test_tls_to_a_port_that_speaks_in_clear_is_explained() -> None:
    async with ScriptedServer() as server:
        with pytest.raises(AccountTrouble, match="TLS") as caught:
            await SmtpTransport(account(server, security="tls")).connect()
        assert "starttls" in caught.value.mend


# Logging in.


@pytest.mark.parametrize(
    ("offered", "used"),
    [
        (("CRAM-MD5", "LOGIN", "PLAIN"), "AUTH PLAIN"),
        (("CRAM-MD5", "LOGIN"), "AUTH LOGIN"),
        (("XOAUTH2", "CRAM-MD5"), "AUTH CRAM-MD5"),
    ],
)
@in_loop
async def test_one_way_to_log_in_is_chosen(offered: tuple[str, ...], used: str) -> None:
    async with ScriptedServer(Script(users=USERS, auth=offered)) as server:
        connection = await SmtpTransport(account(server, **LOGIN)).connect()
        assert (await connection.deliver(envelope(), Begin())).state is DeliveryState.ACCEPTED
        await connection.close()
        assert [command[: len(used)] for command in server.commands if command.startswith("AUTH")] == [used]
        assert server.violations == []


@pytest.mark.parametrize("offered", [("PLAIN",), ("LOGIN",), ("CRAM-MD5",), ("PLAIN", "LOGIN", "CRAM-MD5")])
@in_loop
async def test_a_wrong_password_is_offered_in_one_way_only(offered: tuple[str, ...]) -> None:
    async with ScriptedServer(Script(users=USERS, auth=offered)) as server:
        transport = SmtpTransport(account(server, username="presse", password="wrong"))
        with pytest.raises(CredentialsRefused, match="535") as caught:
            await transport.connect()
        assert "wrong" not in str(caught.value)
        assert (server.failed_logins, server.connections) == (1, 1)


@pytest.mark.parametrize("code", ["535", "451", "what"])
@pytest.mark.parametrize("way", ["PLAIN", "LOGIN"])
@in_loop
async def test_a_server_that_repeats_the_login_is_quoted_without_it(way: str, code: str) -> None:
    """What is said of a refused login stands on the screen, in the dispatch's row and in the audit."""
    plain = auth_plain_encode("presse", "s3cret-w0rd").decode()
    _, encoded = (word.decode() for word in auth_login_encode("presse", "s3cret-w0rd"))
    said = f"{code} 5.7.8 Not good: {plain} {encoded}, which is s3cret-w0rd, of presse"
    fault = Fault("auth", reply=said)
    async with ScriptedServer(Script(users=USERS, auth=(way,), faults=(fault,))) as server:
        with pytest.raises(AccountTrouble) as caught:
            await SmtpTransport(account(server, username="presse", password="s3cret-w0rd")).connect()
    words = f"{caught.value} {caught.value.mend}"
    assert "of presse" in words or code == "what"
    assert not any(secret in words for secret in ("s3cret", plain[:12], encoded[:8]))


@in_loop
async def test_a_refusal_for_now_may_be_tried_again() -> None:
    fault = Fault("auth", reply="454 4.7.0 Temporary authentication failure", times=1)
    async with ScriptedServer(Script(users=USERS, faults=(fault,))) as server:
        transport = SmtpTransport(account(server, **LOGIN))
        with pytest.raises(ServerUnavailable, match="454"):
            await transport.connect()
        connection = await transport.connect()
        await connection.close()


@pytest.mark.parametrize("offered", [Script(), Script(users=USERS, auth=("XOAUTH2",))])
@in_loop
async def test_a_server_with_no_way_to_log_in_is_told_no_password(offered: Script) -> None:
    async with ScriptedServer(offered) as server:
        with pytest.raises(AccountTrouble, match="a user name is set"):
            await SmtpTransport(account(server, **LOGIN)).connect()
        assert server.clear_secrets == []


@in_loop
async def test_a_server_that_wants_a_login_we_do_not_have_pauses_the_account() -> None:
    async with ScriptedServer(Script(users=USERS)) as server:
        connection = await SmtpTransport(account(server)).connect()
        outcome = await connection.deliver(envelope(), Begin())
        await connection.close()
        assert (outcome.state, outcome.code) == (DeliveryState.QUEUED, 530)
        assert outcome.verdict.is_account_level


# The account itself.


def test_the_password_never_shows() -> None:
    assert "s3cret" not in repr(SmtpAccount("mail.example", 465, username="presse", password="s3cret"))


@pytest.mark.parametrize(
    "host", ["mail.example", "192.0.2.1", "10.0.0.1", "localhost.example", "2001:db8::1", "127.1x"]
)
def test_plain_text_over_a_network_cannot_even_be_set(host: str) -> None:
    with pytest.raises(AccountTrouble, match="in clear") as caught:
        SmtpAccount(host, 25, security="plain")
    assert "starttls" in caught.value.mend


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_plain_text_to_this_machine_may_be_set(host: str) -> None:
    assert SmtpAccount(host, 25, security="plain").host == host


@pytest.mark.parametrize(
    "changes", [{"host": ""}, {"host": "a\r\nb"}, {"security": "ssl"}, {"helo": "two words"}, {"helo": "caf\u00e9"}]
)
def test_an_account_that_cannot_be_one_says_what_to_mend(changes: dict[str, str]) -> None:
    with pytest.raises(AccountTrouble) as caught:
        SmtpAccount(**{"host": "mail.example", "port": 465, **changes})  # type: ignore[arg-type]  # parametrised
    assert caught.value.mend


@in_loop
async def test_a_server_that_is_not_there_is_one_sentence() -> None:
    async with ScriptedServer() as server:
        gone = account(server, timeouts=PATIENT)
    with pytest.raises(ServerUnavailable, match="Nothing answers") as caught:
        await SmtpTransport(gone).connect()
    assert str(gone.port) in caught.value.message


@in_loop
async def test_an_authority_file_that_cannot_be_used_is_said(authority: Authority) -> None:
    for ca_file in (authority.key, authority.ca_file.with_name("missing.pem")):
        with pytest.raises(AccountTrouble, match="certificate authority"):
            await SmtpTransport(SmtpAccount("127.0.0.1", 1, ca_file=ca_file)).connect()


@in_loop
async def test_cancelling_while_connecting_leaves_nothing_open() -> None:
    async with ScriptedServer(Script(faults=(Fault("greeting", do="stall"),))) as server:
        task = asyncio.create_task(SmtpTransport(account(server)).connect())
        await until(lambda: server.connections == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: server.open_connections == 0)


@in_loop
async def test_the_name_we_give_is_the_set_one_or_an_address_literal() -> None:
    async with ScriptedServer() as server:
        for helo in (None, "presse.office.example"):
            connection = await SmtpTransport(account(server, helo=helo)).connect()
            await connection.close()
        assert [line for line in server.commands if line.startswith("EHLO")] == [
            "EHLO [127.0.0.1]",
            "EHLO presse.office.example",
        ]


# Probing.


@in_loop
async def test_a_probe_logs_in_looks_around_and_leaves(authority: Authority) -> None:
    offered = script(authority, starttls=True, users=USERS, size=5000)
    async with ScriptedServer(offered) as server:
        report = await probe(account(server, security="starttls", ca_file=authority.ca_file, **LOGIN))
        assert report.greeting == "mx.server.example ESMTP ready"
        assert (report.tls, report.auth_method) == ("TLSv1.3", "PLAIN")
        assert report.size_limit == 5000
        assert report.certificate_expires is not None
        assert timedelta(days=1) < report.certificate_expires - clock.now() <= timedelta(days=2)
        assert "SIZE 5000" in report.extensions
        assert report.auth_methods == ("PLAIN", "LOGIN", "CRAM-MD5")
        assert server.commands[-1] == "QUIT"
        assert not any(command.startswith("MAIL") for command in server.commands)
        assert server.violations == []


@in_loop
async def test_a_probe_without_a_user_name_does_not_log_in() -> None:
    async with ScriptedServer() as server:
        report = await probe(account(server))
        assert (report.tls, report.auth_method, report.size_limit) == ("", "", None)
        assert report.certificate_expires is None

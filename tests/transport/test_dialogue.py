"""The dialogue shown to people: every line of one connection, no password, no message."""

from __future__ import annotations

import asyncio
import base64

import pytest
from authority import Authority
from smtpserver import Script, ScriptedServer

from distributor.transport.account import SmtpAccount
from distributor.transport.base import Envelope
from distributor.transport.dialogue import Dialogue
from distributor.transport.smtp import SmtpTransport

SECRET = "f0rt-sûr"


async def _nothing() -> None:
    return None


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN", "CRAM-MD5"])
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_one_connection_is_told_and_its_secrets_are_not(authority: Authority, method: str, security: str) -> None:
    told: list[str] = []
    script = Script(
        certificate=str(authority.certificate),
        key=str(authority.key),
        implicit_tls=security == "tls",
        starttls=security == "starttls",
        auth=(method,),
        users={"presse": SECRET},
    )

    async def scene() -> None:
        async with ScriptedServer(script) as server:
            account = SmtpAccount(
                "127.0.0.1",
                server.port,
                security,
                "presse",
                SECRET,
                ca_file=authority.ca_file,
                dialogue=Dialogue(told.append),
            )
            first, second = [await SmtpTransport(account).connect() for _ in range(2)]
            envelope = Envelope("presse@halle.example", "a@jour.example", b"Subject: under embargo\r\n\r\nWords\r\n")
            for connection in (second, first, first):
                await connection.deliver(envelope, _nothing)
                await asyncio.sleep(0)
            await first.close()
            await second.close()

    asyncio.run(scene())
    text = "\n".join(told)
    for hidden in (SECRET, base64.b64encode(SECRET.encode()).decode(), "under embargo", "Words", "AHByZXNzZ"):
        assert hidden not in text
    assert told[0].startswith("← 220 ")
    assert f"→ AUTH {method}" in text
    assert "→ MAIL FROM:<presse@halle.example>" in text
    assert text.count("→ RCPT TO:<a@jour.example>") == 2, "of the second connection nothing is told"
    assert text.count("→ (the message, ") == 2
    assert told[-2:] == ["→ QUIT", told[-1]]
    assert told[-1].startswith("← 221")


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"])
def test_what_a_server_repeats_of_a_login_is_hidden_too(method: str) -> None:
    """Some quote the command that they refuse, decoded or cut short."""
    plain = base64.b64encode(f"\0presse\0{SECRET}".encode()).decode()
    bearer = base64.b64encode(f"user=presse\x01auth=Bearer {SECRET}\x01\x01".encode()).decode()
    encoded = base64.b64encode(SECRET.encode()).decode()
    told: list[str] = []
    made = Dialogue(told.append)
    said = {"PLAIN": [plain], "XOAUTH2": [bearer], "LOGIN": ["", "cHJlc3Nl", encoded], "CRAM-MD5": ["", encoded]}
    first, *more = said[method]
    made.said(f"AUTH {method} {first}".strip().encode() + b"\r\n")
    for word in more:
        made.heard(b"334 eA==\r\n")
        made.said(word.encode() + b"\r\n")
    spoken = (first, *more)[-1]
    made.heard(f"535-5.7.8 Not good: AUTH {method} {spoken}, which is {SECRET}\r\n".encode())
    made.heard(f"535 5.7.8 Error at {spoken[: len(spoken) - 2]}...\r\n".encode())
    made.heard(f"421 4.7.0 {SECRET} and {spoken} again\r\n".encode())
    text = "\n".join(told)
    assert SECRET not in text
    assert spoken[: len(spoken) - 2] not in text
    assert "← 535-5.7.8 Not good: AUTH" in text
    assert told[-1] == "← 421 4.7.0 (hidden) and (hidden) again"


def test_whatever_is_no_command_is_hidden_even_when_the_server_is_out_of_step() -> None:
    told: list[str] = []
    made = Dialogue(told.append)
    made.said(b"AUTH LOGIN\r\n")
    made.heard(b"250 late\r\n334 VXNlcm5hbWU6\r\n")
    made.said(b"cHJlc3Nl\r\n")
    made.said(b"EHLO a.example\r\nAUTH PLAIN AHByZXNzZQBzM2NyZXQ=\r\nMAIL FROM:<a@b.example>\r\n")
    assert [line for line in told if line.startswith("→")] == [
        "→ AUTH LOGIN", "→ (hidden)", "→ EHLO a.example", "→ AUTH PLAIN (hidden)", "→ (hidden)",
    ]  # fmt: skip


def test_pipelined_commands_are_told_in_their_order() -> None:
    told: list[str] = []
    made = Dialogue(told.append)
    made.said(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n")
    made.heard(b"250 Ok\r\n250 Ok\r\n35")
    made.heard(b"4 Go on\r\n")
    made.sends_message(17, followed_by=b"MAIL FROM:<a@b.example>\r\nDATA\r\n")
    made.said(b"Subject: x\r\n\r\n.\r\nMAIL FROM:<a@b.example>\r\nDATA\r\n")
    made.heard(b"250-first\r\n250 2.0.0 queued\r\n")
    made.said(b"QUIT\r\n")
    assert told == [
        "→ MAIL FROM:<a@b.example>", "→ RCPT TO:<c@d.example>", "→ DATA",
        "← 250 Ok", "← 250 Ok", "← 354 Go on", "→ (the message, 17 bytes)",
        "→ MAIL FROM:<a@b.example>", "→ DATA", "← 250-first", "← 250 2.0.0 queued",
        "→ QUIT",
    ]  # fmt: skip


def test_what_a_server_says_steers_no_terminal() -> None:
    told: list[str] = []
    Dialogue(told.append).heard(b"220 \x1b[2J\xff mx\r\n")
    assert told == ["← 220 �[2J� mx"]

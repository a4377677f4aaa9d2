"""The oracle itself: what the scripted server holds against a client, and what it has written when it is killed."""

from __future__ import annotations

import json
import signal
import smtplib
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import smtpserver
from smtpclient import MESSAGE
from smtpserver import Fault, Script, read_journal, running


def talk(port: int, *packets: bytes) -> bytes:
    """Send each packet after something was said, and return all that was said until the server or we leave."""
    heard = b""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as wire:
        for packet in packets:
            heard += wire.recv(4096)
            wire.sendall(packet)
        wire.shutdown(socket.SHUT_WR)
        while data := wire.recv(4096):
            heard += data
    return heard


HELLO = b"EHLO client.example\r\n"
MAIL = b"MAIL FROM:<a@b.example>\r\n"
RCPT = b"RCPT TO:<c@d.example>\r\n"


@pytest.mark.parametrize(
    ("packets", "complaint"),
    [
        ((HELLO, b"RCPT TO:<c@d.example>\r\n"), "RCPT without MAIL"),
        ((MAIL,), "MAIL before EHLO"),
        ((HELLO, MAIL, MAIL), "MAIL inside a transaction"),
        ((HELLO, MAIL, RCPT, RCPT), "more than one RCPT"),
        ((HELLO, MAIL, b"DATA\r\n"), "DATA without a recipient"),
        ((HELLO, b"MAIL FROM: <a@b.example>\r\n"), "MAIL that cannot be read"),
        ((HELLO, b"MAIL FROM:<a@b.example> SIZE=5\r\n"), "SIZE=5 was not offered"),
        ((HELLO + MAIL,), "spoke before it was answered"),
        ((b"EHLO client.example\n",), "a bare CR, LF or NUL"),
        ((b"BDAT 5\r\n",), "unknown command"),
        ((HELLO, MAIL, RCPT, b"DATA\r\n", b"a\nb\r\n.\r\n"), "a bare CR or LF in the body"),
        ((HELLO, MAIL, RCPT, b"DATA\r\n", b"a\rb\r\n.\r\n"), "a bare CR or LF in the body"),
        ((HELLO, MAIL, RCPT, b"DATA\r\n", b"a\0b\r\n.\r\n"), "a NUL in the body"),
        ((HELLO, MAIL, RCPT, b"DATA\r\n", b"\xc3\xa9\r\n.\r\n"), "8-bit content"),
        ((HELLO, MAIL, RCPT, b"DATA\r\n", b"x" * 999 + b"\r\n.\r\n"), "a line of more than 998"),
        ((HELLO, MAIL, RCPT, b"DATA\r\n", b".x\r\n.\r\n"), "a dot that is not stuffed"),
        ((HELLO, MAIL, RCPT, b"DATA\r\n", b"x\r\n.\r\nQUIT\r\n"), "spoke before it was answered"),
        ((HELLO, MAIL, "RCPT TO:<é@d.example>\r\n".encode()), "outside ASCII without SMTPUTF8"),
    ],
)
def test_it_notes_what_a_client_must_not_do(packets: tuple[bytes, ...], complaint: str) -> None:
    with running() as server:
        talk(server.port, *packets)
        assert any(complaint in violation for violation in server.violations), server.violations


def test_a_client_that_is_not_ours_has_nothing_held_against_it(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with running(Script(size=10_000, smtputf8=False, users={"u": "p"}), journal) as server:
        with smtplib.SMTP("127.0.0.1", server.port) as client:
            client.login("u", "p")
            client.sendmail("a@b.example", ["c@d.example"], MESSAGE)
            client.sendmail("a@b.example", ["e@f.example"], MESSAGE)
        assert server.violations == []
        assert [accepted.message for accepted in server.accepted] == [MESSAGE, MESSAGE]
        assert server.clear_secrets  # smtplib does not mind
    lines = read_journal(journal)
    assert [(line.recipient, line.connection) for line in lines] == [("c@d.example", 1), ("e@f.example", 1)]
    assert lines[0].sha256 == server.accepted[0].sha256


def test_faults_choose_their_recipients_and_their_turns() -> None:
    faults = (
        Fault("rcpt", reply="450 4.2.0 Later", recipient="*@slow.example", times=2),
        Fault("rcpt", reply="550 5.1.1 No", nth=(2, 4)),
    )
    server = smtpserver.ScriptedServer(Script(faults=faults))
    recipients = ["a@slow.example", "b@x.example", "a@slow.example", "d@x.example", "a@slow.example"]
    chosen = [server.fault("rcpt", recipient) for recipient in recipients]
    assert [fault.reply[:3] if fault else None for fault in chosen] == ["450", "550", "450", "550", None]


def test_a_script_survives_the_command_line() -> None:
    script = Script(faults=(Fault("body", do="drop", nth=(1, 3)), Fault("rcpt")), users={"u": "p"}, auth=("LOGIN",))
    assert Script.from_json(script.to_json()) == script
    assert Script.from_json('{"size": 5}') == Script(size=5)


def test_a_line_cut_short_by_a_kill_is_not_in_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    entry = {"recipient": "a@b.example", "sender": "", "message_id": "<1@b>", "sha256": "", "connection": 1}
    path.write_text(json.dumps(entry) + "\n" + json.dumps(entry)[:20])
    assert [line.recipient for line in read_journal(path)] == ["a@b.example"]
    assert read_journal(tmp_path / "none") == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_as_a_process_it_has_written_what_it_accepted(tmp_path: Path, how: signal.Signals) -> None:
    journal, port_file, report = tmp_path / "journal", tmp_path / "port", tmp_path / "report"
    script = Script(faults=(Fault("body", do="accept_then_drop", recipient="last@*"),))
    command: list[str | Path] = [sys.executable, smtpserver.__file__, "--journal", journal, "--port-file", port_file]
    process = subprocess.Popen([*command, "--script", script.to_json(), "--report", report])
    try:
        deadline = time.monotonic() + 10
        while not port_file.exists() and process.poll() is None:
            assert time.monotonic() < deadline, "the server did not start"
        with smtplib.SMTP("127.0.0.1", int(port_file.read_text())) as client:
            client.sendmail("a@b.example", ["first@d.example"], MESSAGE)
            with pytest.raises(smtplib.SMTPServerDisconnected):
                client.sendmail("a@b.example", ["last@d.example"], MESSAGE)
    finally:
        process.send_signal(how)
        process.wait(10)
    assert [line.recipient for line in read_journal(journal)] == ["first@d.example", "last@d.example"]
    assert report.exists() == (how is signal.SIGTERM)

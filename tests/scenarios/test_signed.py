"""Signed messages on the wire: verified as they arrive, the same a second time, and the key nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dkimverifiers import dkimpy_passes
from office import BUREAU, SHORT_LIST, SLUG, Office, one_sentence
from smtpserver import Accepted, Fault, Script, running

DOUBTFUL = SHORT_LIST[8]
CUT = Script(faults=(Fault("body", do="accept_then_drop", recipient=DOUBTFUL.spec, times=1),))


@pytest.fixture
def signing(office: Office) -> tuple[Office, dict[str, str]]:
    """An office that signs, and what DNS says of its key."""
    made = office.json("dkim", "keygen", "--selector", "press2026")
    return office.at(9, dkim_key=made["file"]), {made["record_name"]: made["record"]}


def check_signed(accepted: list[Accepted], zone: dict[str, str]) -> None:
    for one in accepted:
        assert one.message.count(b"\nDKIM-Signature: ") + one.message.startswith(b"DKIM-Signature: ") == 1
        assert dkimpy_passes(one.message, zone)


def test_what_arrives_verifies_and_a_second_time_is_the_same(signing: tuple[Office, dict[str, str]]) -> None:
    office, zone = signing
    with running(CUT) as server:
        sending = office.at(server.port, public_url="https://presse.soignants-littoral.example")
        sending.send(SLUG, BUREAU, code=5)
        (secret,) = (sending.path / ".dkim").iterdir()
        kept = secret.read_bytes()
        secret.unlink()
        sending.run("dkim", "keygen", "--selector", "press2026")
        said = one_sentence(sending.run("dispatches", "resume", "1", "--in-doubt", "resend", code=3))
        assert "another one than this dispatch was planned with" in said
        secret.write_bytes(kept)
        sending.run("dispatches", "resume", "1", "--in-doubt", "resend")
        assert len(server.accepted) == len(SHORT_LIST) + 1
        check_signed(server.accepted, zone)
        first, second = (one for one in server.accepted if one.recipient == DOUBTFUL.spec)
        assert first.sha256 == second.sha256
        assert server.violations == []
    message = server.accepted[0].message
    for field in (b"List-Id: <press.soignants-littoral.example>", b"List-Unsubscribe-Post: List-Unsubscribe=One-Click"):
        assert message.count(b"\r\n" + field + b"\r\n") == 1
    assert b"\r\nFeedback-ID: urgences-de-nuit-1:release:" in message
    check_nothing_shows_the_key(sending, kept.decode("ascii"))


def check_nothing_shows_the_key(office: Office, pem: str) -> None:
    lines = [line for line in pem.splitlines() if not line.startswith("-")]
    said = office.run("report", "1", "--json").text + office.run("doctor", "--offline", "--json").text
    said += office.run("dkim", "check", "--offline").text + json.dumps(office.contents(), default=repr)
    for file in [*office.path.glob("press.db*"), *office.path.glob("*.log")]:
        said += file.read_bytes().decode("latin-1")
    assert not [line for line in lines if line in said]


def test_a_test_message_is_signed_too(signing: tuple[Office, dict[str, str]]) -> None:
    office, zone = signing
    with running(Script()) as server:
        office.at(server.port).run("send", SLUG, "--test", "moi@soignants-littoral.example")
        check_signed(server.accepted, zone)
    assert b"-1:test:" in server.accepted[0].message


def test_a_key_that_cannot_be_used_stops_the_send_before_anybody_is_asked(
    signing: tuple[Office, dict[str, str]],
) -> None:
    office, _ = signing
    (secret,) = (office.path / ".dkim").iterdir()
    secret.chmod(0o644)
    with running(Script()) as server:
        said = one_sentence(office.at(server.port).send(SLUG, BUREAU, code=2))
        assert f"chmod 600 {secret}" in said
        assert server.connections == 0
    assert office.deliveries() == []


def test_somebody_whom_no_ascii_can_name_is_refused_by_name_and_signed_where_it_is_possible(
    signing: tuple[Office, dict[str, str]], tmp_path: Path
) -> None:
    """RFC 6531: with SMTPUTF8 the address arrives as it is; without, the recipient is told and the rest go on."""
    office, zone = signing
    (tmp_path / "utf8.csv").write_text("Nom;E-mail\nÉva Ré;éva@écho.example\nJo Li;jo@echo.example\n", encoding="utf-8")
    office.run("contacts", "import", str(tmp_path / "utf8.csv"), "--list", "utf8")
    with running(Script(smtputf8=False)) as without:
        office.at(without.port).send(SLUG, "utf8", code=5)
        assert [one.recipient for one in without.accepted] == ["jo@echo.example"]
        assert without.violations == []
    (refused,) = office.deliveries("rejected")
    assert (refused["verdict"], refused["code"]) == ("unsupported", None)
    assert "SMTPUTF8" in refused["reply"]
    with running(Script()) as having:
        office.at(having.port).run("send", SLUG, "--test", "éva@écho.example")
        (only,) = having.accepted
        assert only.recipient == "éva@xn--cho-9la.example"
        assert "\r\nTo: éva@xn--cho-9la.example\r\n".encode() in only.message
        check_signed(having.accepted, zone)
        assert having.violations == []

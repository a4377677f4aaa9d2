"""Whose mail came back has not objected: at a new address they are written to, and an objection of theirs counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from office import BUREAU, SHORT_LIST, SLUG, Office, communique
from smtpserver import Script, running

ANNE, PAUL = SHORT_LIST[:2]
REPORT = """\
From: MAILER-DAEMON@mx.example
To: presse@soignants-littoral.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--b
Content-Type: text/rfc822-headers

Message-ID: {message_id}

--b--
"""
NEW = "nouvelle.adresse@ailleurs.example"


def comes_back(office: Office, spec: str) -> None:
    """Let a report be read that says of the first message to this address that there is no such mailbox."""
    sent = next(one for one in office.deliveries() if one["address"] == spec)
    report = REPORT.format(address=spec, message_id=sent["message_id"])
    file = office.path.parent / "report.eml"
    file.write_text(report, encoding="utf-8")
    assert "is not mailed again" in office.run("feedback", "read", str(file)).out


@pytest.fixture(scope="module")
def returned(prepared_office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A release that went out, and came back from one of its readers; not to be changed."""
    with running(Script()) as server:
        office = prepared_office.copied_to(tmp_path_factory.mktemp("returned")).at(server.port)
        office.send(SLUG, BUREAU)
        comes_back(office, ANNE.spec)
        yield office
        office.close()


@pytest.fixture
def own(returned: Office, tmp_path: Path) -> Iterator[Office]:
    """The same, of this test's own, with a second release that waits to be sent."""
    office = returned.copied_to(tmp_path)
    file = tmp_path / "suite.txt"
    file.write_text(communique(), encoding="utf-8")
    office.run("releases", "import", str(file), "--slug", "suite")
    yield office
    office.close()


def left_out(office: Office) -> dict[str, str]:
    """Whom the next release would leave out, and why."""
    plan = office.json("send", "suite", "--list", BUREAU, "--dry-run")
    return {one["name"]: one["because"] for one in plan["left_out"]}


def test_at_a_new_address_they_are_written_to(own: Office) -> None:
    assert left_out(own) == {ANNE.name: "mail to this address came back (unknown user)"}
    edited = own.run("contacts", "edit", ANNE.spec, "--address", NEW).out
    assert "objected" not in edited
    assert left_out(own) == {}
    assert own.json("suppressions", "check", NEW)["objected"] is False
    assert own.json("contacts", "list", "--state", "bounced") == []
    own.run("contacts", "edit", NEW, "--address", ANNE.spec)
    assert [one["address"] for one in own.json("contacts", "list", "--state", "bounced")] == [ANNE.spec]
    assert left_out(own) == {ANNE.name: "mail to this address came back (unknown user)"}


def test_a_merge_takes_what_came_back_to_no_other_address(own: Office) -> None:
    own.run("contacts", "merge", PAUL.spec, ANNE.spec, "--yes")
    assert left_out(own) == {}


@pytest.mark.parametrize("order", ["objected first", "moved first"])
def test_an_objection_counts_wherever_they_go(own: Office, order: str) -> None:
    if order == "moved first":
        own.run("contacts", "edit", ANNE.spec, "--address", NEW)
    assert "recorded." in own.run("suppressions", "add", ANNE.spec, "--source", "phone").out
    assert "recorded already" in own.run("suppressions", "add", ANNE.spec, "--source", "mail").out
    if order == "objected first":
        assert "objected, with every address" in own.run("contacts", "edit", ANNE.spec, "--address", NEW).out
    assert left_out(own) == {ANNE.name: "objected to our mail"}
    assert own.json("suppressions", "check", NEW)["objected"] is True


def test_nobody_is_said_to_have_objected(own: Office) -> None:
    checked = own.run("suppressions", "check", ANNE.spec).out
    assert checked == f"{ANNE.spec} is not mailed: mail to this address came back (unknown user).\n"
    assert own.json("contacts", "list", "--state", "objected") == []
    codes = {one["code"] for one in own.json("lists", "check", BUREAU, "--offline") if one["name"] == ANNE.name}
    assert "bounced" in codes
    assert "objected" not in codes
    file = own.path.parent / "liste.csv"
    own.run("contacts", "export", str(file), "--list", BUREAU)
    assert "Désinscrit" in file.read_text(encoding="utf-8-sig")
    # What a colleague has opened and saved comes in again: nobody becomes an objector by it.
    own.run("contacts", "import", str(file), "--list", BUREAU)
    own.run("contacts", "edit", ANNE.spec, "--address", NEW)
    assert left_out(own) == {}

"""Whose mail came back has not objected: at a new address they are written to, and an objection of theirs counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from office import BUREAU, SHORT_LIST, SLUG, Office, communique
from smtpserver import Fault, Script, running

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


def comes_back(office: Office, spec: str, dispatch_id: int = 1) -> None:
    """Let a report be read that says of a dispatch's message to this address that there is no such mailbox."""
    sent = next(one for one in office.deliveries() if (one["address"], one["dispatch_id"]) == (spec, dispatch_id))
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


def test_what_came_back_is_sent_again_to_the_address_that_was_mended(returned: Office, tmp_path: Path) -> None:
    retry = ("dispatches", "retry", "1", "--state", "bounced")
    with running(Script()) as server:
        office = returned.copied_to(tmp_path).at(server.port)
        (left,) = office.json(*retry, "--dry-run")["left_out"]
        assert left["why_not"] == "mail to this address came back (unknown user)"
        then = "distributor dispatches retry 1 --state bounced"
        office.run("contacts", "edit", ANNE.spec, "--address", NEW)
        again = office.run("send", SLUG, "--list", BUREAU, "--dry-run").out
        assert f"{ANNE.name}: came back (dispatch 1); to send again: {then}" in again
        office.run(*retry, "--yes")
        assert [one.recipient for one in server.accepted] == [NEW]
        report = office.json("report", SLUG)
        assert report["totals"]["accepted"] == len(SHORT_LIST) == sum(report["totals"].values())
        (anne,) = (one for one in report["recipients"] if one["name"] == ANNE.name)
        assert (anne["address"], anne["attempts"], anne["state"]) == (NEW, 2, "accepted")
        assert {one["verdict"] for one in anne["history"]} == {"accepted"}
        # What another server on the way still says of the former address is none of the new one's.
        file = office.path.parent / "again.eml"
        late = REPORT.replace("Undelivered Mail", "Still undelivered, and").format
        file.write_text(late(address=ANNE.spec, message_id=anne["message_id"]), encoding="utf-8")
        said = office.run("feedback", "read", str(file)).out
        assert f"said of {ANNE.spec}; it was sent again to {NEW} since" in said
        assert office.states() == {"accepted": len(SHORT_LIST)}
        assert office.json("suppressions", "check", NEW)["objected"] is False
        # The new one may come back as well.
        file.write_text(REPORT.format(address=NEW, message_id=anne["message_id"]), encoding="utf-8")
        assert f"{NEW} is not mailed again" in office.run("feedback", "read", str(file)).out
        assert office.states() == {"accepted": len(SHORT_LIST) - 1, "bounced": 1}
        office.close()


def test_nothing_is_to_be_mended_of_whoever_was_erased(own: Office) -> None:
    assert f"distributor contacts edit {ANNE.spec} --address NEW" in own.run("report", SLUG).out
    own.run("contacts", "forget", ANNE.spec, "--yes")
    report = own.run("report", SLUG).out
    assert "--address NEW" not in report
    assert own.json("report", SLUG)["totals"]["bounced"] == 1


def test_a_mailbox_that_was_full_is_sent_to_again_by_name(returned: Office, tmp_path: Path) -> None:
    retry = ("dispatches", "retry", "1", "--state", "bounced")
    with running(Script()) as server:
        office = returned.copied_to(tmp_path).at(server.port)
        sent = next(one for one in office.deliveries() if one["address"] == PAUL.spec)
        full = REPORT.replace("5.1.1 User unknown", "5.2.2 Mailbox full").replace("5.1.1", "5.2.2")
        file = office.path.parent / "full.eml"
        file.write_text(full.format(address=PAUL.spec, message_id=sent["message_id"]), encoding="utf-8")
        office.run("feedback", "read", str(file))
        shown = office.run("send", SLUG, "--list", BUREAU, "--dry-run").out
        mend = f"distributor contacts edit {PAUL.spec} --address NEW"
        assert f"{PAUL.name}: came back (dispatch 1); mend the address: {mend}; then: {' '.join(retry)}" in (
            shown.replace("then: distributor ", "then: ")
        )
        office.run(*retry, "--yes", code=3)
        office.run(*retry, "--contact", PAUL.spec, "--yes", code=5)
        assert [one.recipient for one in server.accepted] == [PAUL.spec]
        assert office.states() == {"accepted": len(SHORT_LIST) - 1, "bounced": 1}
        office.close()


def test_what_comes_back_of_a_message_that_waits_is_told_in_a_sentence(office: Office) -> None:
    """Its server said «later» and took it all the same, say: it is tried again, unless the mailbox is dead."""
    with running(Script(faults=(Fault("body", reply="451 4.3.0 Later", recipient=ANNE.spec),))) as server:
        own = office.at(server.port)
        own.send(SLUG, BUREAU, code=5)
        (sent,) = own.deliveries("deferred")
        file = own.path.parent / "report.eml"
        report = REPORT.format(address=ANNE.spec, message_id=sent["message_id"])
        file.write_text(report.replace("5.1.1", "5.2.2").replace("User unknown", "Mailbox full"), encoding="utf-8")
        said = own.run("feedback", "read", str(file)).out
        assert "an earlier attempt came back; it waits for the next one\n" in said
        file.write_text(report.replace("MAILER-DAEMON", "postmaster"), encoding="utf-8")
        said = own.run("feedback", "read", str(file)).out
        assert f"an earlier attempt came back; {ANNE.spec} is not mailed again\n" in said
        assert own.states() == {"accepted": len(SHORT_LIST) - 1, "deferred": 1}
        assert own.json("report", SLUG)["to_be_withheld"] == {"mail came back before": 1}


def test_what_comes_back_twice_is_told_once(returned: Office, tmp_path: Path) -> None:
    office = returned.copied_to(tmp_path)
    (sent,) = office.deliveries("bounced")
    file = tmp_path / "again.eml"
    report = REPORT.format(address=ANNE.spec, message_id=sent["message_id"])
    file.write_text(report.replace("MAILER-DAEMON", "postmaster"), encoding="utf-8")
    assert "it had come back already\n" in office.run("feedback", "read", str(file)).out

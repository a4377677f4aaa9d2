"""What is changed while a dispatch waits: who is mailed, at which address, and what whoever changes it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from office import BUREAU, EVERYBODY, SHORT_LIST, SLUG, Office, Person, one_sentence
from smtpserver import Fault, Script, ScriptedServer, running

HER, HIM = SHORT_LIST[9], SHORT_LIST[10]


@pytest.fixture
def waiting(office: Office) -> Iterator[tuple[Office, ScriptedServer]]:
    """A dispatch to twelve of whom two were put off, and a server that takes everybody from now on."""
    later = tuple(Fault("rcpt", reply="451 4.3.0 Later", recipient=one.spec, times=1) for one in (HER, HIM))
    with running(Script(faults=later)) as server:
        office = office.at(server.port)
        office.send(SLUG, BUREAU, code=5)
        assert office.states() == {"accepted": 10, "deferred": 2}
        yield office, server
        assert server.violations == []


def go_on(office: Office) -> None:
    """Let the time of those who were put off come."""
    office.change("UPDATE delivery SET next_attempt_at = '2020-01-01 00:00:00.000000' WHERE state = 'deferred'")
    office.run("work", "--once")


def reason_of(office: Office, person: Person) -> str:
    return next(str(one["reason"]) for one in office.deliveries("withheld") if one["address"] == person.spec)


def test_whose_mail_came_back_meanwhile_is_not_said_to_have_objected(waiting: tuple[Office, ScriptedServer]) -> None:
    office, server = waiting
    file = office.path.parent / "bounce.eml"
    message_id = next(one["message_id"] for one in office.deliveries() if one["address"] == HER.spec)
    file.write_text(
        "From: MAILER-DAEMON@mx.server.example\nTo: presse@soignants-littoral.example\nSubject: Undelivered\n"
        "Message-ID: <returned.1@mx.server.example>\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n--b\n\nNot delivered.\n--b\n'
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.server.example\n\n"
        f"Final-Recipient: rfc822; {HER.spec}\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 No such user\n\n--b\n"
        f"Content-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\nTo: {HER.spec}\n\n--b--\n"
    )
    office.run("feedback", "read", str(file))
    office.run("suppressions", "add", HIM.address)
    go_on(office)
    assert {one.recipient for one in server.accepted}.isdisjoint({HER.spec, HIM.spec})
    assert reason_of(office, HER) == "mail came back before"
    assert reason_of(office, HIM) == "objection"


@pytest.mark.parametrize("kept", [HER, EVERYBODY[0]])
def test_an_opt_out_of_a_list_holds_for_whoever_was_merged_meanwhile(
    waiting: tuple[Office, ScriptedServer], kept: Person
) -> None:
    office, server = waiting
    other = EVERYBODY[0] if kept is HER else HER
    office.run("contacts", "merge", kept.address, other.address, "--yes")
    file = office.path.parent / "opted-out.csv"
    file.write_text(f"E-mail;Désinscrit\n{EVERYBODY[0].address};oui\n", encoding="utf-8-sig")
    office.run("contacts", "import", str(file), "--list", "autres")
    go_on(office)
    assert HER.spec not in {one.recipient for one in server.accepted}
    assert reason_of(office, HER) == "objection"


def test_no_objection_is_recorded_under_a_key_that_what_waits_was_not_planned_with(
    waiting: tuple[Office, ScriptedServer],
) -> None:
    """A command that sends knows the former key only: it would not recognise who objected."""
    office, server = waiting
    other = office.at(server.port, secret_key="another key of thirty-two letters or more")
    said = one_sentence(other.run("suppressions", "add", HER.address, code=3))
    assert "Dispatch 1 was planned under another secret key" in said
    office.run("suppressions", "add", HER.address)
    go_on(office)
    assert HER.spec not in {one.recipient for one in server.accepted}

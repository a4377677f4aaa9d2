"""Looking before leaping: a dry run touches nothing, a test message is nobody's delivery."""

from __future__ import annotations

import email
import email.policy

from office import BUREAU, SHORT_LIST, SLUG, Office, one_sentence
from smtpserver import Script, running

DRY = ("send", SLUG, "--list", BUREAU, "--dry-run")


def test_a_dry_run_opens_no_connection_and_writes_nothing(office: Office) -> None:
    before = office.contents()
    shown = office.json(*DRY)  # nothing listens at its port
    assert sorted(one["address"] for one in shown["recipients"]) == sorted(person.address for person in SHORT_LIST)
    assert shown["total"] == 12
    with running(Script()) as server:
        said = office.at(server.port).run(*DRY).out
        assert server.connections == 0
    assert all(person.name in said for person in SHORT_LIST)
    assert office.contents() == before


def test_a_test_message_is_nobodys_delivery(office: Office) -> None:
    colleague, contact = "collegue@soignants-littoral.example", SHORT_LIST[4]
    with running(Script()) as server:
        sending = office.at(server.port)
        sending.run("send", SLUG, "--test", colleague, "--contact", contact.address)
        (test,) = server.accepted
        assert test.recipient == colleague
        message = email.message_from_bytes(test.message, policy=email.policy.default)
        assert "[TEST]" in message["Subject"]
        sending.send(SLUG, BUREAU)
        assert server.violations == []
        assert sorted(one.recipient for one in server.accepted[1:]) == sorted(person.spec for person in SHORT_LIST)
        real = next(one for one in server.accepted[1:] if one.recipient == contact.spec)
        again = email.message_from_bytes(real.message, policy=email.policy.default)
        assert "[TEST]" not in again["Subject"]
        assert real.message_id != test.message_id
    report = sending.json("report", SLUG)
    assert {name: many for name, many in report["totals"].items() if many} == {"accepted": 12}
    assert colleague not in {one["address"] for one in report["recipients"]}


def test_a_test_that_cannot_be_written_leaves_no_dispatch_behind(office: Office) -> None:
    office.rewrite("templates/press-release/message.txt.j2", "{{", "{{ contact.no_such_field }}{{")
    with running(Script()) as server:
        ran = office.at(server.port).run("send", SLUG, "--test", "collegue@soignants-littoral.example", code=3)
        assert "cannot be written" in one_sentence(ran)
        assert server.connections == 0
    assert office.query("SELECT count(*) FROM dispatch") == [(0,)]


def test_a_test_to_somebody_who_objected_is_refused(office: Office) -> None:
    objector = SHORT_LIST[0].address
    office.run("suppressions", "add", objector, "--reason", "asked by phone")
    with running(Script()) as server:
        said = one_sentence(office.at(server.port).run("send", SLUG, "--test", objector, code=3))
        assert "objected to our mail" in said
        assert server.connections == 0
    assert office.query("SELECT count(*) FROM dispatch") == [(0,)]

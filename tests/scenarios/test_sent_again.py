"""`dispatches retry` and `resolve`: the real command against a server that refuses, and cuts connections."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from office import BUREAU, SHORT_LIST, SLUG, Office, one_sentence, shared
from smtpserver import Accepted, Fault, Script, ScriptedServer, running

FULL, DEAD, KEPT, FORGOTTEN, OTHER = (SHORT_LIST[number] for number in (1, 2, 4, 6, 8))
TROUBLE = Script(
    faults=(
        Fault("rcpt", reply="552 5.2.2 Mailbox full", recipient=FULL.spec, times=1),
        Fault("rcpt", reply="550 5.1.1 No such user here", recipient=DEAD.spec, times=1),
        Fault("body", reply="554 5.7.1 Message refused", recipient=OTHER.spec, times=1),
        Fault("body", do="accept_then_drop", recipient=KEPT.spec, times=1),
        Fault("body", do="drop", recipient=FORGOTTEN.spec, times=1),
    )
)


@dataclass(frozen=True)
class Sent:
    """A dispatch with three refusals and two doubts."""

    office: Office
    server: ScriptedServer

    def to(self, address: str) -> list[Accepted]:
        return [one for one in self.server.accepted if one.recipient == address]

    def state_of(self, address: str) -> str:
        return next(str(one["state"]) for one in self.office.deliveries() if one["address"] == address)

    def attempts_of(self, address: str) -> list[str]:
        number = next(one["id"] for one in self.office.deliveries() if one["address"] == address)
        return [row[0] for row in self.office.query(f"SELECT state FROM attempt WHERE delivery_id = {number}")]


@pytest.fixture(scope="module")
def sent_once(prepared_office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    """What all tests here begin with; not to be changed."""
    with running(TROUBLE) as server:
        sending = prepared_office.copied_to(tmp_path_factory.mktemp("sent")).at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        assert sending.states() == {"accepted": 7, "rejected": 3, "in_doubt": 2}
        assert server.violations == []
        yield Sent(sending, server)


@pytest.fixture
def sent(sent_once: Sent, tmp_path: Path) -> Iterator[Sent]:
    """The same, in an office of the test's own."""
    own = sent_once.office.copied_to(tmp_path)
    with shared(sent_once.server) as server:
        yield Sent(own, server)
        own.close()


def test_who_was_refused_is_shown_and_sent_to_again_by_reason(sent: Sent) -> None:
    shown = sent.office.run("dispatches", "retry", "1", "--state", "rejected", "--dry-run").out
    assert all(one.spec in shown for one in (FULL, DEAD, OTHER))
    assert "the address is dead" in shown
    assert sent.office.states()["rejected"] == 3
    sent.office.run("dispatches", "retry", "1", "--state", "rejected", "--code", "5.2.2", "--yes", code=5)
    assert len(sent.to(FULL.spec)) == 1
    assert sent.attempts_of(FULL.spec) == ["rejected", "accepted"]
    assert not sent.to(OTHER.spec)
    sent.office.run("dispatches", "retry", "1", "--state", "rejected", "--reason", "message REFUSED", "--yes", code=5)
    assert len(sent.to(OTHER.spec)) == 1
    assert not sent.to(DEAD.spec)
    audited = sent.office.query("SELECT subject, details FROM audit WHERE action = 'dispatches.retry' ORDER BY id")
    assert [(subject, json.loads(details)["code"]) for subject, details in audited] == [("1", "5.2.2"), ("1", "")]
    assert sent.office.dispatch_state() == "done"


def test_a_dead_address_is_sent_to_again_only_by_name(sent: Sent) -> None:
    rehearsed = sent.office.json("dispatches", "retry", "1", "--state", "rejected", "--code", "550", "--dry-run")
    assert rehearsed["again"] == []
    assert "dead" in rehearsed["left_out"][0]["why_not"]
    refused = sent.office.run("dispatches", "retry", "1", "--state", "rejected", "--code", "550", "--yes", code=3)
    assert "Nobody of these is sent to again" in one_sentence(refused)
    name = DEAD.last_name.replace(" ", "").lower()
    sent.office.run(
        "dispatches", "retry", "1", "--state", "rejected", "--contact", f"{DEAD.first_name} {name}", "--yes", code=5
    )
    assert len(sent.to(DEAD.spec)) == 1


def test_a_doubt_sent_again_says_the_risk_and_is_the_same_message(sent: Sent) -> None:
    ran = sent.office.run("dispatches", "retry", "1", "--state", "in-doubt", "--yes", code=5)
    assert "may have the message already, and would get it twice" in ran.out
    first, second = sent.to(KEPT.spec)
    assert (first.sha256, first.message_id) == (second.sha256, second.message_id)
    assert sent.attempts_of(KEPT.spec) == ["in_doubt", "accepted"]
    assert sent.office.states() == {"accepted": 9, "rejected": 3}


def test_nobody_who_objected_is_sent_to_again(sent: Sent) -> None:
    sent.office.run("suppressions", "add", FULL.address)
    rehearsed = sent.office.json(
        "dispatches", "retry", "1", "--state", "rejected", "--contact", FULL.address, "--dry-run"
    )
    assert rehearsed["left_out"][0]["why_not"] == "objected to our mail"
    sent.office.run("dispatches", "retry", "1", "--state", "rejected", "--contact", FULL.address, "--yes", code=3)
    assert sent.state_of(FULL.spec) == "rejected"


@pytest.mark.parametrize("state", ["withheld", "accepted", "complained", "lost"])
def test_other_states_are_refused_in_words(office: Office, state: str) -> None:
    ran = office.run("dispatches", "retry", "1", "--state", state, "--yes", code=2)
    assert "--state" in one_sentence(ran)


def test_a_cancelled_dispatch_is_sent_no_more(sent: Sent) -> None:
    sent.office.change("UPDATE dispatch SET state = 'cancelled'")
    ran = sent.office.run("dispatches", "retry", "1", "--state", "rejected", "--yes", code=3)
    assert "was cancelled" in one_sentence(ran)


def test_who_has_a_newer_version_is_not_sent_the_older_one(sent: Sent) -> None:
    from office import communique

    newer = sent.office.path / "newer.txt"
    newer.write_text(communique().replace("urgences", "Urgences", 1), encoding="utf-8")
    sent.office.run("releases", "import", str(newer), "--slug", SLUG)
    sent.office.send(SLUG, BUREAU, more=("--again",))
    rehearsed = sent.office.json("dispatches", "retry", "1", "--state", "rejected", "--dry-run")
    assert not rehearsed["again"]
    assert {one["why_not"] for one in rehearsed["left_out"]} == {f"has «{SLUG}», version 2 (dispatch 2)"}


def test_a_paused_dispatch_stays_paused_with_its_people_queued(sent: Sent) -> None:
    sent.office.change("UPDATE dispatch SET state = 'paused', pause_reason = 'the password is refused'")
    ran = sent.office.run("dispatches", "retry", "1", "--state", "rejected", "--code", "5.2.2", "--yes")
    assert "paused: the password is refused — distributor dispatches resume 1" in ran.out
    assert sent.state_of(FULL.spec) == "queued"
    assert not sent.to(FULL.spec)
    sent.office.run("dispatches", "resume", "1", code=5)
    assert len(sent.to(FULL.spec)) == 1


def test_of_whom_no_name_is_known_stands_the_address_alone(sent: Sent) -> None:
    sent.office.change("UPDATE delivery SET name = ''")
    said = sent.office.run("dispatches", "show", "1").out
    assert f"In doubt: {KEPT.spec}, <" in said


def test_resolve_lists_what_to_look_for(sent: Sent) -> None:
    identifiers = {one["address"]: one["message_id"] for one in sent.office.deliveries()}
    said = sent.office.run("dispatches", "resolve", "1").out
    assert "2 recipients are in doubt" in said
    for one in (KEPT, FORGOTTEN):
        assert f"{one.name} <{one.spec}>\n  Message-ID {identifiers[one.spec]}\n  sent by " in said
    assert "to mx.server.example, between 20" in said
    (listed, _) = sent.office.json("dispatches", "resolve", "1")
    assert (listed["address"], listed["message_id"]) == (KEPT.spec, identifiers[KEPT.spec])


def test_work_is_not_said_to_go_on_with_what_is_paused(sent: Sent) -> None:
    sent.office.change("UPDATE dispatch SET state = 'paused', pause_reason = 'the password is refused'")
    ran = sent.office.run("dispatches", "resolve", "1", FORGOTTEN.address, "--as", "not-accepted")
    assert "paused: the password is refused — distributor dispatches resume 1\n" in ran.out
    assert "distributor work" not in ran.out


def test_a_person_says_who_has_it_and_who_has_not(sent: Sent) -> None:
    sent.office.run("dispatches", "resolve", "1", KEPT.address, "--as", "accepted", "--because", "seen in the log")
    assert sent.state_of(KEPT.spec) == "accepted"
    ran = sent.office.run("dispatches", "resolve", "1", FORGOTTEN.address, "--as", "not-accepted")
    assert "1 recipient waits to be sent to: distributor dispatches resume 1" in ran.out
    assert not sent.to(FORGOTTEN.spec)
    sent.office.run("work", "--once", code=5)
    assert len(sent.to(FORGOTTEN.spec)) == 1
    assert len(sent.to(KEPT.spec)) == 1
    again = sent.office.run("dispatches", "resolve", "1", KEPT.address, "--as", "accepted", code=2)
    assert "is accepted, not in doubt" in one_sentence(again)
    report = sent.office.json("report", SLUG)
    ((reason, many),) = report["assumed_sent"].items()
    assert (reason.startswith("assumed sent by "), reason.endswith(": seen in the log"), many) == (True, True, 1)
    audited = sent.office.query("SELECT details FROM audit WHERE action = 'dispatches.resolve' ORDER BY id")
    assert [json.loads(row[0])["as"] for row in audited] == ["accepted", "not-accepted"]


def test_a_doubt_of_a_cancelled_dispatch_is_ended_and_nothing_is_sent(sent: Sent) -> None:
    sent.office.change("UPDATE dispatch SET state = 'cancelled'")
    ran = sent.office.run("dispatches", "resolve", "1", FORGOTTEN.address, "--as", "not-accepted")
    assert "was cancelled, so nothing is sent; a new send of the release reaches them" in ran.out
    assert sent.state_of(FORGOTTEN.spec) == "withheld"
    sent.office.run("work", "--once")
    assert not sent.to(FORGOTTEN.spec)
    sent.office.send(SLUG, BUREAU)
    assert len(sent.to(FORGOTTEN.spec)) == 1
    assert sent.office.states()["in_doubt"] == 1


def test_newcomers_get_it_and_of_the_others_each_is_told_why_not(sent: Sent) -> None:
    """`send` again reaches those who have not had this version; whom it did not reach is named with what to do."""
    sent.office.run("contacts", "add", "nouvelle@agence-boreale.example", "--last-name", "Nouvelle", "--list", BUREAU)
    before = len(sent.server.accepted)
    shown = sent.office.run("send", SLUG, "--list", BUREAU, "--dry-run").out
    assert "1 recipient; left out: 12 on an earlier dispatch of this release" in shown
    retry = "distributor dispatches retry 1 --state rejected"
    assert f"{FULL.name}: was refused (dispatch 1); to send again: {retry}" in shown
    mend = f"distributor contacts edit {DEAD.address} --address NEW"
    assert f"{DEAD.name}: was refused (dispatch 1), the address is dead; mend it: {mend}; then: {retry}" in shown
    sent.office.run(*mend.replace("NEW", "nouveau@agence-boreale.example").split()[1:])
    assert (
        f"{DEAD.name}: was refused (dispatch 1); to send again: {retry}"
        in sent.office.run("send", SLUG, "--list", BUREAU, "--dry-run").out
    )
    assert f"{KEPT.name}: may have it (dispatch 1); to end the doubt: distributor dispatches resolve 1" in shown
    assert f"{SHORT_LIST[0].name}: has it (dispatch 1)" in shown
    sent.office.send(SLUG, BUREAU)
    assert [one.recipient for one in sent.server.accepted[before:]] == ["nouvelle@agence-boreale.example"]


def test_who_has_expired_is_sent_to_again_with_a_new_deadline(office: Office) -> None:
    later = Fault("rcpt", reply="450 4.2.0 Later", recipient=FULL.spec, times=1)
    with running(replace(TROUBLE, faults=(later,))) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        sending.change(
            "UPDATE delivery SET expires_at = '2026-01-02 03:04:05', next_attempt_at = '2026-01-03 03:04:05'"
            " WHERE state = 'deferred'"
        )
        sending.run("dispatches", "resume", "1", code=5)
        assert sending.states() == {"accepted": 11, "expired": 1}
        sending.run("dispatches", "retry", "1", "--state", "expired", "--yes")
        assert sending.states() == {"accepted": 12}
        ((attempts,),) = sending.query(f"SELECT attempts FROM delivery WHERE address = '{FULL.spec}'")
        assert attempts == 2

"""When the server refuses us rather than a recipient, or is not there: exit code 4, and nobody pays for it."""

from __future__ import annotations

import re
import socket
from collections import Counter

import pytest
from authority import Authority
from office import BUREAU, EVERYBODY, SHORT_LIST, SLUG, Office, one_sentence
from smtpserver import Fault, Script, running

SLOW = Fault("body", delay=0.03)
SOCIAL = [person for person in EVERYBODY if person.sector == "social"]


def free_port() -> int:
    """A port at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def check_untouched(sending: Office) -> None:
    """Nobody was tried: everyone waits as on the day of the plan."""
    rows = sending.query("SELECT state, attempts, refusals, code, expires_at, next_attempt_at FROM delivery")
    assert Counter(rows) == {("queued", 0, 0, None, None, None): len(SHORT_LIST)}
    assert sending.query("SELECT count(*) FROM attempt") == [(0,)]


def test_a_wrong_password_is_offered_once_and_nobody_is_touched(office: Office, authority: Authority) -> None:
    script = Script(
        certificate=str(authority.certificate), key=str(authority.key), implicit_tls=True, users={"presse": "right"}
    )
    with running(script) as server:
        sending = office.over_tls(server.port, authority, "presse", smtp_password="wrong", smtp_connections="5")
        ran = sending.send(SLUG, BUREAU, code=4)
        assert "refuses the user name or the password" in one_sentence(ran)
        assert "wrong" not in ran.text
        assert server.failed_logins == 1
        assert server.connections == 1
        assert server.violations == []
        check_untouched(sending)
        assert sending.dispatch_state() == "paused"
        sending.at(server.port, smtp_password="right").run("dispatches", "resume", "1")
        assert len(server.accepted) == len(SHORT_LIST)


def test_an_empty_password_is_never_offered(office: Office) -> None:
    """Providers count refused logins, and lock the account after a few."""
    with running(Script(users={"presse": "s3cret"})) as server:
        sending = office.at(server.port, smtp_username="presse")
        ran = sending.send(SLUG, BUREAU, code=4)
        assert "A user name is set, and no password." in one_sentence(ran)
        assert "DISTRIBUTOR_SMTP_PASSWORD" in ran.text
        assert server.connections == 0
        assert sending.query("SELECT count(*) FROM dispatch") == [(0,)]


def test_who_was_put_off_before_the_account_was_refused_is_not_left_to_work(office: Office) -> None:
    later = Fault("rcpt", reply="450 4.2.0 Greylisted", recipient=SHORT_LIST[0].spec)
    quota = Fault("data", reply="550 5.4.5 Daily user sending limit exceeded", nth=(3,))
    with running(Script(faults=(later, quota))) as server:
        sending = office.at(server.port, smtp_connections="1")
        sending.send(SLUG, BUREAU, code=4)
        assert sending.states()["deferred"] == 1
        for shown in (sending.run("dispatches", "show", "1").out, sending.run("report", SLUG).out):
            assert "distributor dispatches resume 1" in shown
            assert "distributor work" not in shown


@pytest.mark.parametrize("phase", ["mail", "data", "body"])
def test_a_quota_pauses_the_dispatch_and_counts_against_nobody(office: Office, phase: str) -> None:
    quota = Fault(phase, reply="550 5.4.5 Daily user sending limit exceeded", nth=(5, 6, 7, 8), times=4)
    with running(Script(faults=(quota,))) as server:
        sending = office.at(server.port)
        ran = sending.send(SLUG, BUREAU, code=4)
        said = one_sentence(ran)
        assert "Daily user sending limit exceeded." in said
        assert "dispatches resume 1" in said
        ((state, reason),) = sending.query("SELECT state, pause_reason FROM dispatch")
        assert state == "paused"
        assert "Daily user sending limit" in reason
        accepted = len(server.accepted)
        assert sending.states() == {"accepted": accepted, "queued": len(SHORT_LIST) - accepted}
        waiting = sending.query("SELECT refusals, expires_at, next_attempt_at FROM delivery WHERE state = 'queued'")
        assert set(waiting) == {(0, None, None)}
    with running(Script()) as server_next_day:
        sending.at(server_next_day.port).run("dispatches", "resume", "1")
        assert accepted + len(server_next_day.accepted) == len(SHORT_LIST)
    assert sending.states() == {"accepted": len(SHORT_LIST)}


@pytest.mark.parametrize(
    "reply",
    [
        "550 5.7.1 Quota exceeded",
        "550 Account presse@soignants-littoral.example is disabled",
        "550-Requested action not taken: mailbox unavailable\r\n550 Sender address is not allowed.",
        "421 Domain soignants-littoral.example is not allowed to send: Please activate your account",
        "550 5.7.0 The email limit is reached. Please upgrade your plan",
    ],
)
def test_what_ends_for_our_account_makes_no_mailbox_full_and_gives_nobody_up(office: Office, reply: str) -> None:
    """The words are those of a mailbox that is full or gone, and the whole list would have got them."""
    with running(Script(faults=(Fault("rcpt", reply=reply, nth=tuple(range(3, 60))),))) as server:
        sending = office.at(server.port, smtp_connections="1")
        said = one_sentence(sending.send(SLUG, BUREAU, code=4))
        assert "The mail server refuses us, not a recipient" in said
        assert sending.states() == {"accepted": 2, "queued": len(SHORT_LIST) - 2}
        waiting = sending.query("SELECT refusals, expires_at FROM delivery WHERE state = 'queued'")
        assert set(waiting) == {(0, None)}
        assert sending.dispatch_state() == "paused"


def test_a_refusal_in_words_nobody_knows_is_not_given_to_the_whole_list(office: Office) -> None:
    """Five newsrooms hear the same, and nobody gets through: the server means us, whatever it says."""
    plan_is_over = Fault("rcpt", reply="550 Renew the plan of this subscription", nth=tuple(range(3, 60)))
    with running(Script(faults=(plan_is_over,))) as server:
        sending = office.at(server.port, smtp_connections="2")
        said = one_sentence(sending.send(SLUG, "social", code=4))
        assert "550 Renew the plan of this subscription" in said
        assert "dispatches retry 1 --state rejected" in said
        assert len(server.accepted) == 2
    states = sending.states()
    assert 5 <= states["rejected"] <= 10, "some newsrooms are asked twice before the fifth is"
    assert states["accepted"] + states["queued"] + states["rejected"] == len(SOCIAL)
    assert sending.dispatch_state() == "paused"
    with running(Script()) as mended:
        sending.at(mended.port).run("dispatches", "retry", "1", "--state", "rejected", "--yes")
        sending.at(mended.port).run("dispatches", "resume", "1")
    assert sending.states() == {"accepted": len(SOCIAL)}


def test_a_refusal_that_some_are_given_is_theirs(office: Office) -> None:
    some = Fault("rcpt", reply="550 Not for this desk", nth=tuple(range(1, 40, 2)))
    with running(Script(faults=(some,))) as server:
        office.at(server.port).send(SLUG, BUREAU, code=5)
    assert office.states() == {"accepted": len(SHORT_LIST) // 2, "rejected": len(SHORT_LIST) // 2}


def test_a_message_over_the_servers_size_pauses_before_anybody_is_refused(office: Office) -> None:
    with running(Script(size=1500)) as server:
        sending = office.at(server.port)
        said = one_sentence(sending.send(SLUG, BUREAU, code=4))
        assert re.search(r"The message has \d \d{3} bytes, the server takes at most 1 500: send it with smaller", said)
        assert not any(command.startswith(("MAIL", "RCPT")) for command in server.commands)
    ((state, reason),) = sending.query("SELECT state, pause_reason FROM dispatch")
    assert state == "paused"
    assert "takes at most 1 500" in reason
    waiting = sending.query("SELECT state, refusals, expires_at, next_attempt_at FROM delivery")
    assert Counter(waiting) == {("queued", 0, None, None): len(SHORT_LIST)}


def test_a_size_refused_at_mail_pauses_as_well(office: Office) -> None:
    refusal = Fault("mail", reply="552 5.3.4 Message size exceeds fixed maximum message size")
    with running(Script(faults=(refusal,))) as server:
        sending = office.at(server.port)
        said = one_sentence(sending.send(SLUG, BUREAU, code=4))
        assert "552 5.3.4 Message size exceeds fixed maximum message size (The message has " in said
        assert server.violations == []
    assert sending.states() == {"queued": len(SHORT_LIST)}
    assert sending.dispatch_state() == "paused"


def test_a_server_that_is_not_there_is_said(office: Office) -> None:
    sending = office.at(free_port())
    ran = sending.send(SLUG, BUREAU, code=4)
    assert "Nothing answers at 127.0.0.1" in one_sentence(ran)
    check_untouched(sending)


def test_fewer_connections_than_asked_for_are_enough(office: Office) -> None:
    words = "421 4.7.0 Too many connections from you"
    refusal = Fault("greeting", reply=words, nth=tuple(range(3, 99)), then_drop=True)
    with running(Script(faults=(refusal, SLOW))) as server:
        sending = office.at(server.port, smtp_connections="5")
        ran = sending.send(SLUG, "social")
        assert "50 accepted" in ran.out
        assert server.violations == []
        assert len({one.connection for one in server.accepted}) == 2
        assert max(one.connection for one in server.accepted) == 2

"""What a server says of a recipient: refused for good, asked to come back, given up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from movingclock import MovingClock
from office import BUREAU, SHORT_LIST, SLUG, Office
from smtpserver import Fault, Script, running

GONE, LATER = SHORT_LIST[2], SHORT_LIST[-1]


@pytest.fixture
def clock(moving_clock: MovingClock) -> MovingClock:
    """It stands at this moment: the communiqué is of today."""
    moving_clock.set(datetime.now(UTC))
    return moving_clock


def until_due(clock: MovingClock, deferred: dict[str, Any]) -> None:
    """Let the time come at which a delivery is tried again."""
    clock.set(datetime.fromisoformat(deferred["next_attempt_at"]).replace(tzinfo=UTC))


def test_a_refusal_is_kept_in_the_servers_words(office: Office) -> None:
    words = "550 5.1.1 <who@example>: No such person here, ask the desk"
    with running(Script(faults=(Fault("rcpt", reply=words, recipient=GONE.spec),))) as server:
        sending = office.at(server.port)
        ran = sending.send(SLUG, BUREAU, code=5)
        assert GONE.spec in ran.out
        assert "No such person here" in ran.out
        assert server.violations == []
        assert len(server.accepted) == 11
    report = sending.json("report", SLUG)
    assert {name: many for name, many in report["totals"].items() if many} == {"accepted": 11, "rejected": 1}
    (refused,) = (one for one in report["recipients"] if one["state"] == "rejected")
    assert (refused["address"], refused["name"]) == (GONE.spec, GONE.name)
    assert (refused["code"], refused["enhanced_code"]) == (550, "5.1.1")
    assert refused["reply"] == words.removeprefix("550 ")
    assert "550 5.1.1" in sending.run("report", SLUG).out


def test_an_address_that_sounds_like_trouble_of_ours_is_only_an_address(office: Office) -> None:
    """`550 <jean@spf-sante.example>: User lookup failed` is about Jean, and pauses nothing."""
    odd = "jean.spf.dmarc@relay-denied-quota-exceeded.example"
    office.change(f"UPDATE contact SET address = '{odd}', address_key = '{odd}' WHERE address = '{GONE.address}'")
    refusal = Fault(
        "rcpt", reply=f"550 <{odd}>: User lookup failed, relay-denied-quota-exceeded.example", recipient=odd
    )
    with running(Script(faults=(refusal,))) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        assert len(server.accepted) == 11
    assert [one["address"] for one in sending.deliveries("rejected")] == [odd]
    assert sending.dispatch_state() == "done"


@pytest.mark.parametrize(
    "reply",
    [
        "550 5.7.1 Sender rejected by recipient",
        "550 5.7.1 This group requires authentication",
        "550 5.7.1 The recipient does not accept mail from unauthenticated senders",
    ],
)
def test_whom_one_recipient_wants_no_mail_from_is_no_trouble_of_the_account(office: Office, reply: str) -> None:
    with running(Script(faults=(Fault("rcpt", reply=reply, recipient=GONE.spec),))) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        assert len(server.accepted) == 11
    (refused,) = sending.deliveries("rejected")
    assert (refused["address"], refused["verdict"]) == (GONE.spec, "policy")
    assert sending.dispatch_state() == "done"


def test_one_address_too_many_that_is_not_there_gives_up_nobody_else(office: Office, clock: MovingClock) -> None:
    """Whoever happens to be next on a connection that named too many is as alive as before."""
    harvest = Fault("rcpt", reply="550 5.1.1 Too many unknown recipients", recipient=LATER.spec, times=1)
    with running(Script(faults=(harvest,))) as server:
        sending = office.at(server.port).by(clock)
        sending.send(SLUG, BUREAU, code=5)
        (deferred,) = sending.deliveries("deferred")
        assert (deferred["address"], deferred["verdict"]) == (LATER.spec, "throttled")
        until_due(clock, deferred)
        sending.run("work", "--once")
        assert len(server.accepted) == 12
    assert sending.states() == {"accepted": 12}


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize(
    "goes",
    [
        Fault("body", then_drop=True),
        Fault("mail", do="drop", nth=(4, 8, 12)),
        Fault("mail", reply="421 4.7.0 Too many messages in this session", nth=(4, 8, 12)),
    ],
    ids=["after each", "silently", "with a 421"],
)
def test_a_server_that_takes_its_share_and_leaves_keeps_nobody_waiting(
    office: Office, goes: Fault, pipelining: bool
) -> None:
    """Who comes next, or was announced already, is taken up by the next connection, and not a minute later."""
    with running(Script(faults=(goes,), pipelining=pipelining)) as server:
        sending = office.at(server.port, smtp_connections="1")
        sending.send(SLUG, BUREAU)
        assert server.violations == []
        assert len({one.recipient for one in server.accepted}) == len(server.accepted) == 12
    assert sending.states() == {"accepted": 12}


def test_a_deferral_is_listed_with_its_time_and_sent_when_due(office: Office, clock: MovingClock) -> None:
    words = "451 4.3.0 Come back later, please"
    with running(Script(faults=(Fault("rcpt", reply=words, recipient=LATER.spec, times=1),))) as server:
        sending = office.at(server.port, retry_minutes="30").by(clock)
        ran = sending.send(SLUG, BUREAU, code=5)
        assert "distributor work" in ran.err
        (deferred,) = sending.deliveries("deferred")
        assert (deferred["address"], deferred["code"]) == (LATER.spec, 451)
        assert "Come back later" in deferred["reply"]
        assert deferred["next_attempt_at"]
        until_due(clock, deferred)
        sending.run("work", "--once")
        assert server.violations == []
        assert [one.recipient for one in server.accepted].count(LATER.spec) == 1
        assert len(server.accepted) == 12
    assert sending.states() == {"accepted": 12}
    assert sending.dispatch_state() == "done"


def test_nobody_is_tried_before_the_time(office: Office) -> None:
    with running(Script(faults=(Fault("rcpt", reply="451 4.3.0 Later", recipient=LATER.spec),))) as server:
        sending = office.at(server.port, retry_minutes="30")
        sending.send(SLUG, BUREAU, code=5)
        tried = len(server.commands)
        ran = sending.run("dispatches", "resume", "1", code=5)
        assert "come back later" in ran.err
        assert len(server.commands) == tried
    assert [one["address"] for one in sending.deliveries("deferred")] == [LATER.spec]


def test_who_is_put_off_for_too_long_expires(office: Office, clock: MovingClock) -> None:
    with running(Script(faults=(Fault("rcpt", reply="451 4.3.0 Later", recipient=LATER.spec),))) as server:
        sending = office.at(server.port, retry_minutes="30", retry_hours="0.2").by(clock)
        sending.send(SLUG, BUREAU, code=5)
        (deferred,) = sending.deliveries("deferred")
        until_due(clock, deferred)
        ran = sending.run("work", "--once", code=5)
        assert "not reached" in ran.err
        assert len(server.accepted) == 11
    (expired,) = sending.deliveries("expired")
    assert expired["address"] == LATER.spec
    assert "Later" in expired["reply"]
    assert sending.dispatch_state() == "done"

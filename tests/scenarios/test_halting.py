"""Pausing and stopping from another terminal, on the real command: what had left is named, nothing more leaves."""

from __future__ import annotations

import json
import signal
import socket
from collections import Counter

import pytest
from movingclock import MovingClock
from office import (
    BUREAU,
    EVERYBODY,
    SHORT_LIST,
    SLUG,
    Office,
    finish,
    hold_after,
    one_sentence,
    send_arguments,
    until,
    until_looked,
)
from smtpserver import Fault, Script, running

SOCIAL = [person for person in EVERYBODY if person.sector == "social"]


def test_a_pause_from_another_terminal_finishes_what_is_on_the_wire_and_a_resume_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running() as server:
        go_on = hold_after(server, 5, monkeypatch)
        sending = office.at(server.port)
        process = sending.start(*send_arguments(SLUG, "social"))
        until(lambda: len(server.accepted) == 5, "five messages have left", process=process)
        said = sending.run("dispatches", "pause", "1", "--because", "wrong figure in the title").out
        assert "Dispatch 1 is paused" in said
        on_the_wire = len(sending.deliveries("sending"))
        assert on_the_wire <= 3
        go_on.set()
        ran = finish(process, 5)
        sentence = one_sentence(ran)
        assert "paused by " in sentence
        assert "wrong figure in the title" in sentence
        assert len(server.accepted) == 5 + on_the_wire
        assert sending.states() == {"accepted": len(server.accepted), "queued": len(SOCIAL) - len(server.accepted)}
        assert "wrong figure" in sending.run("dispatches", "show", "1").out
        assert sending.run("work", "--once").out == "Nothing is due.\n", "a pause is nothing that `work` ends"
        assert "not under way" in one_sentence(sending.run("dispatches", "pause", "1", code=2))
        sending.run("dispatches", "resume", "1")
        assert Counter(one.recipient for one in server.accepted) == Counter(person.spec for person in SOCIAL)


def test_a_pause_that_is_ended_before_the_run_is_was_none(
    office: Office, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that was sending goes on beside the one that resumed it, and tells of no cancellation."""
    with running() as server:
        gate = hold_after(server, 3, monkeypatch)
        sending = office.at(server.port, smtp_connections="1").by(moving_clock)
        process = sending.start(*send_arguments(SLUG, "social"))
        until(gate.reached.is_set, "a message is on the wire", process=process)
        sending.run("dispatches", "pause", "1")
        moving_clock.move(seconds=1)
        until_looked(process, moving_clock)
        resuming = sending.start("dispatches", "resume", "1")
        until(lambda: sending.dispatch_state() == "running", "it is resumed", process=resuming)
        gate.set()
        for one in (process, resuming):
            assert "cancelled" not in finish(one, 0).text
        assert sending.states() == {"accepted": len(SOCIAL)}
        assert len(server.accepted) == len(SOCIAL)


def test_stop_cuts_off_every_process_and_lists_what_left(office: Office) -> None:
    """Two commands send; what hangs at the final dot is dropped and in doubt by name; a resume sends to the rest."""
    office.send(SLUG, "social", code=4)  # nothing listens at its port: the dispatch is planned, and paused
    with running(Script(faults=(Fault("body", do="stall", nth=tuple(range(9, 15))),))) as server:
        sending = office.at(server.port)
        both = [sending.start("dispatches", "resume", "1") for _ in range(2)]
        until(lambda: len(sending.deliveries("sending")) == 6, "both wait for the server", process=both[0])
        ran = sending.run("dispatches", "stop", "--because", "embargo", "--json")
        (stopped,) = json.loads(ran.out)
        accepted = {one.recipient for one in server.accepted}
        assert {one["address"] for one in stopped["left"]} == accepted
        assert len(stopped["in_doubt"]) == 6, "one for each open connection"
        assert stopped["state"] == "paused"
        for process in both:
            finish(process, 5)
        states = sending.states()
        assert states == {"accepted": 8, "in_doubt": 6, "queued": len(SOCIAL) - 14}
        assert "Nothing is being sent" in sending.run("dispatches", "stop").out
        assert sending.run("work", "--once").out == "Nothing is due.\n"
        sending.run("dispatches", "resume", "1", code=5)
        assert sending.states() == {"accepted": len(SOCIAL) - 6, "in_doubt": 6}
    counts = Counter(one.recipient for one in server.accepted)
    assert max(counts.values()) == 1


def test_one_command_says_what_the_other_is_doing(office: Office) -> None:
    with running(Script(faults=(Fault("body", delay=60, nth=(6, 7, 8)),))) as server:
        sending = office.at(server.port)
        first = sending.start(*send_arguments(SLUG, "social"))
        until(lambda: len(server.accepted) >= 5, "five messages have left", process=first)
        second = sending.start("dispatches", "resume", "1")
        until(lambda: server.connections > 3, "the second one has connected", process=second)
        server.mend()
        ran = [finish(process, 0) for process in (first, second)]
        assert f"At work: process {first.pid} on {socket.gethostname()} sends dispatch 1 " in ran[1].out
        assert not any(word in one.text for one in ran for word in ("locked", "busy", "Traceback"))
    assert Counter(one.recipient for one in server.accepted) == Counter(person.spec for person in SOCIAL)


def test_what_a_day_allows_is_kept_over_commands_and_said(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port, smtp_per_day="7", log_file="events.jsonl")
        ran = sending.send(SLUG, BUREAU, code=5)
        assert "7 messages a day are used up" in one_sentence(ran)
        assert len(server.accepted) == 7
        events = [json.loads(line) for line in (office.path / "events.jsonl").read_text(encoding="utf-8").splitlines()]
        (waits,) = [one for one in events if one["event"] == "pace.waits"]
        assert (waits["dispatch_id"], waits["why"]) == (1, "7 messages a day are used up")
        sending.change("UPDATE delivery SET updated_at = strftime('%Y-%m-%d %H:%M:%f000', 'now', '-10 minutes')")
        shown = sending.json("dispatches", "show", "1")
        assert shown["stopped"] is False, "nobody stopped it: it waits"
        assert "waits: 7 messages a day are used up" in sending.run("dispatches", "list").out
        assert shown["waits_for"] == "7 messages a day are used up"
        assert shown["waits_until"] is not None
        assert [wait["what"] for wait in shown["waits"]] == ["account"]
        assert "7 messages a day are used up" in sending.run("dispatches", "show", "1").out
        assert sending.run("work", "--once").out == "Nothing is due.\n", "it does not knock before its time"
        sending.run("dispatches", "resume", "1", code=5)
        assert len(server.accepted) == 7
        office.at(server.port, smtp_per_day="100").run("dispatches", "resume", "1")
        assert len(server.accepted) == len(SHORT_LIST)


def test_what_one_domain_is_sent_in_an_hour_holds_up_nobody_else(office: Office) -> None:
    domain = "xn--cho-libre-93a.example"
    theirs = [person.spec for person in SOCIAL if person.spec.endswith(f"@{domain}")]
    with running() as server:
        sending = office.at(server.port, domain_limits="écho-libre.example 3/hour")
        ran = sending.send(SLUG, "social", code=5)
        got = [one.recipient for one in server.accepted]
        assert len(set(got)) == len(got) == len(SOCIAL) - len(theirs) + 3
        assert len(theirs) > 3 == len({*theirs} & {*got})
        assert "3 messages an hour are used up" in ran.text
        (wait,) = sending.json("dispatches", "show", "1")["waits"]
        assert (wait["what"], wait["why"]) == (domain, "3 messages an hour are used up")
        assert "Nothing to écho-libre.example until" in sending.run("dispatches", "show", "1").out
        assert "Limits of écho-libre.example: 3 an hour." in sending.run("accounts", "show").out
        assert "default: nothing to écho-libre.example until" in sending.run("accounts", "list").out
        unknown = sending.at(server.port, smtp_preset="gmial").json("dispatches", "show", "1")
        assert unknown["waits"] == [], "how it stands can be seen although its limits cannot be read"
        assert sending.run("work", "--once").out == "Nothing is due.\n", "it does not knock before its time"
        assert len(server.accepted) == len(got)


def test_what_one_domain_is_sent_in_a_minute_is_waited_for(office: Office, moving_clock: MovingClock) -> None:
    """As the account's own limit is, and once everybody else has it: who sends sees it to its end."""
    domain = "xn--cho-libre-93a.example"
    theirs = {person.spec for person in SOCIAL if person.spec.endswith(f"@{domain}")}
    with running() as server:
        sending = office.at(server.port, domain_limits="écho-libre.example 3/minute").by(moving_clock)
        process = sending.start(*send_arguments(SLUG, "social"))
        left = len(theirs) - 3
        until(lambda: _waiting(sending) == left, "all the others have it", process=process)
        shown = sending.run("dispatches", "show", "1").out
        assert "Nothing to écho-libre.example until" in shown
        assert "distributor work" not in shown, "the command that waits goes on by itself"
        with sending.on_a_terminal("dispatches", "watch", "1") as terminal:
            terminal.read_until("waits for the next attempt at ")
            terminal.process.send_signal(signal.SIGINT)
            terminal.process.wait(20)
        assert "Trouble with" not in terminal.shown, "no server refused anybody"
        while left > 0:
            left -= 3
            moving_clock.move(seconds=65)
            until(lambda: _waiting(sending) == max(0, left), "3 more have it", process=process)  # noqa: B023 - used at once
        finish(process, 0)
        assert sorted(one.recipient for one in server.accepted) == sorted(person.spec for person in SOCIAL)


def _waiting(office: Office) -> int:
    """How many wait while nobody is in hand; -1 while somebody is."""
    states = office.states()
    return states.get("deferred", 0) if states.keys() <= {"accepted", "deferred"} else -1


def test_a_pause_ends_the_wait_for_a_domain(office: Office, moving_clock: MovingClock) -> None:
    with running() as server:
        sending = office.at(server.port, domain_limits="écho-libre.example 1/minute").by(moving_clock)
        process = sending.start(*send_arguments(SLUG, "social"))
        until(lambda: sending.states().keys() == {"accepted", "deferred"}, "it waits for the domain", process=process)
        sending.run("dispatches", "pause", "1")
        assert "paused by " in one_sentence(finish(process, 5))
        assert len(server.accepted) == sending.states()["accepted"]


def test_two_commands_keep_one_limit(office: Office) -> None:
    office.send(SLUG, "social", code=4)
    with running() as server:
        sending = office.at(server.port, smtp_per_hour="20")
        for process in [sending.start("dispatches", "resume", "1") for _ in range(2)]:
            finish(process, 5)
        assert len(server.accepted) == 20


def test_a_limit_that_is_raised_is_gone_on_with(office: Office) -> None:
    with running() as server:
        office.at(server.port, smtp_per_day="5").send(SLUG, BUREAU, code=5)
        assert len(server.accepted) == 5
        assert "Nothing is due" in office.at(server.port, smtp_per_day="5").run("work", "--once").out
        raised = office.at(server.port, smtp_per_day="100")
        raised.run("work", "--once")
        assert len(server.accepted) == len(SHORT_LIST)
        assert raised.json("dispatches", "show", "1")["state"] == "done"


def test_an_account_that_is_lifted_is_sent_through(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, more=["--test", "claire@soignants-littoral.example"])
        sending.change(
            "INSERT OR REPLACE INTO pace (account_id, scope, state, until, reason, updated_at) SELECT id, '', '{}',"
            " strftime('%Y-%m-%d %H:%M:%f', 'now', '+1 hour'), 'asked to slow down', '2026-01-01 00:00:00' FROM account"
        )
        sending.send(SLUG, BUREAU, code=5)
        (waiting,) = [one for one in sending.json("dispatches", "list") if one["waits_until"]]
        assert waiting["waits_for"] == "asked to slow down"
        assert "sent to again" in sending.run("accounts", "lift", "account").out
        assert sending.json("dispatches", "show", str(waiting["id"]))["waits_until"] is None
        sending.run("work", "--once")
        assert len(server.accepted) == len(SHORT_LIST) + 1


def test_a_provider_that_refuses_is_left_alone_until_somebody_lifts_it(office: Office) -> None:
    domain = SOCIAL[0].spec.partition("@")[2]
    mine = [one for one in SOCIAL if one.spec.endswith(f"@{domain}")]
    refusing = Fault("rcpt", reply="554 5.7.1 blocked for policy", recipient=f"*@{domain}", times=3)
    with running(Script(faults=(refusing,))) as server:
        sending = office.at(server.port, smtp_connections="1")
        ran = sending.send(SLUG, "social", code=5)
        assert f"Nothing to {domain} until" in ran.out
        assert sending.states() == {"rejected": 3, "deferred": len(mine) - 3, "accepted": len(SOCIAL) - len(mine)}
        assert f"Nothing to {domain} until" in sending.run("dispatches", "show", "1").out
        assert f"default: nothing to {domain} until" in sending.run("accounts", "list").out
        assert "due now" in sending.run("accounts", "lift", domain).out
        sending.run("work", "--once", code=5)  # three were refused for good
        assert sending.states() == {"rejected": 3, "accepted": len(SOCIAL) - 3}

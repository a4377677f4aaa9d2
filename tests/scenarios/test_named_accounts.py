"""Several sending accounts by name: set, shown, sent through, taken over from once, and two at once in one `work`."""

from __future__ import annotations

import json
import signal
from collections import Counter

import pytest
from authority import Authority
from movingclock import MovingClock
from office import (
    BUREAU,
    SHORT_LIST,
    SLUG,
    Office,
    finish,
    hold_after,
    one_sentence,
    send_arguments,
    until,
)
from smtpserver import Fault, Script, ScriptedServer, running

SECOND = "relais"
REFUSED_LOGIN = Fault("mail", reply="535 5.7.8 Authentication credentials invalid")
QUOTA = Fault("mail", reply="550 5.4.5 Daily user sending limit exceeded")


def with_second(office: Office, first: ScriptedServer, second: ScriptedServer, *more: str) -> Office:
    """The office with an account beside that of the settings."""
    sending = office.at(first.port)
    sending.run(
        "accounts", "add", SECOND, "--host", "127.0.0.1", "--port", str(second.port), "--security", "plain", *more
    )
    return sending


def through(sending: Office) -> Counter[str]:
    """How many attempts went through which account."""
    return Counter(row[0] for row in sending.query("SELECT account FROM attempt WHERE state = 'accepted'"))


def test_an_account_is_added_shown_changed_and_removed(office: Office) -> None:
    added = office.run("accounts", "add", "service-redaction", "--preset", "exchange-online", "--login", "password",
                       "--username", "redaction@soignants-littoral.example",
                       "--from", "Rédaction <redaction@soignants-littoral.example>",
                       "--set", "smtp_per_hour=100")  # fmt: skip
    assert "DISTRIBUTOR_ACCOUNT_SERVICE_REDACTION_PASSWORD" in added.out
    with (office.path / ".env").open("a", encoding="utf-8") as env:
        env.write("\nDISTRIBUTOR_ACCOUNT_SERVICE_REDACTION_PASSWORD='p4ss word'\n")
    first, second = office.json("accounts", "list")
    assert (first["name"], first["host"], first["mail_from"]) == (
        "default", "127.0.0.1", "Soignants du littoral <presse@soignants-littoral.example>",
    )  # fmt: skip
    assert (second["host"], second["port"], second["security"]) == ("smtp.office365.com", 587, "starttls")
    assert second["limits"] == {"connections": 3, "per_minute": 30, "per_hour": 100, "per_day": 10_000}
    shown = office.run("accounts", "show", "service-redaction")
    whole = office.json("accounts", "show", "service-redaction")
    assert whole["password_set"] is True
    assert "p4ss" not in shown.text + json.dumps(whole) + office.run("doctor", "--offline", "--json").text
    assert not any("p4ss" in repr(rows) for rows in office.contents().values())
    office.run("accounts", "edit", "service-redaction", "--host", "smtp.example.org", "--set", "smtp_per_hour=")
    assert office.json("accounts", "show", "service-redaction")["limits"]["per_day"] == 10_000
    assert "per_hour" not in office.json("accounts", "show", "service-redaction")["limits"]
    assert "Take its secrets out of .env" in office.run("accounts", "remove", "service-redaction", "--yes").out
    assert [one["name"] for one in office.json("accounts", "list")] == ["default"]
    done = office.query("SELECT action FROM audit WHERE action LIKE 'accounts.%' ORDER BY id")
    assert [row[0] for row in done] == ["accounts.add", "accounts.edit", "accounts.remove"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "Rédaction", "--host", "h.example"], "cannot be an account's name"),
        (["add", "default", "--host", "h.example"], "the settings describe"),
        (["add", "a"], "--host"),
        (["add", "a", "--host", "h.example", "--port", "99999"], "account a: smtp_port"),
        (["add", "a", "--host", "h.example", "--security", "plain"], "in clear"),
        (["add", "a", "--host", "h.example", "--preset", "exchange"], "There is no preset «exchange»"),
        (["add", "a", "--host", "h.example", "--set", "secret_key=x"], "nothing that an account has"),
        (["add", "a", "--host", "h.example", "--set", "smtp_password=x"], "nothing that an account has"),
        (["add", "a", "--host", "h.example", "--from", "nobody"], "account a: mail_from"),
        (["edit", "a", "--host", "h.example"], "There is no account «a»"),
        (["check", "a"], "There is no account «a»"),
        (["remove", "default", "--yes"], "the settings describe"),
    ],
)
def test_what_cannot_be_an_account_is_said(office: Office, arguments: list[str], words: str) -> None:
    assert words in one_sentence(office.run("accounts", *arguments, code=2))
    assert office.query("SELECT count(*) FROM account") == [(0,)]


def test_what_is_typed_for_an_account_that_is_not_there_yet_is_typed_again(office: Office) -> None:
    """To edit it would need an account; of one that is there, the command that mends it is named."""
    wrong = one_sentence(office.run("accounts", "add", "a", "--host", "h.example", "--port", "abc", code=2))
    assert "account a: smtp_port: «abc» cannot be used" in wrong
    assert "accounts edit" not in wrong
    office.run("accounts", "add", "a", "--host", "h.example")
    office.change("""UPDATE account SET config = '{"smtp_host": "h.example", "smtp_port": "abc"}' WHERE name = 'a'""")
    wrong = one_sentence(office.run("accounts", "check", "a", code=2))
    assert "distributor accounts edit a --set smtp_port=…" in wrong


def test_a_release_goes_through_the_account_that_is_named_with_its_sender(office: Office, authority: Authority) -> None:
    script = Script(
        certificate=str(authority.certificate),
        key=str(authority.key),
        implicit_tls=True,
        users={"redaction": "its own"},
    )
    with running(Script()) as first, running(script) as second:
        sending = office.at(first.port)
        sending.run("accounts", "add", SECOND, "--host", "127.0.0.1", "--port", str(second.port),
                    "--username", "redaction", "--from", "Rédaction <redaction@soignants-littoral.example>",
                    "--reply-to", "claire@soignants.example",
                    "--bounce-address", "retours@soignants-littoral.example",
                    "--set", f"smtp_ca_file={authority.ca_file}")  # fmt: skip
        secret = {"DISTRIBUTOR_ACCOUNT_RELAIS_PASSWORD": "its own"}
        own = Office(sending.path, sending.settings | secret, sending.started)
        assert "takes us as redaction" in own.run("accounts", "check", SECOND).out
        own.send(SLUG, BUREAU, more=["--account", SECOND])
        assert (len(first.accepted), len(second.accepted)) == (0, len(SHORT_LIST))
        (one, *_) = second.accepted
        assert one.sender == "retours@soignants-littoral.example"
        assert b"redaction@soignants-littoral.example>\r\n" in one.message
        assert b"Reply-To: claire@soignants.example" in one.message
        assert through(own) == {SECOND: len(SHORT_LIST)}
        own.run("send", SLUG, "--account", SECOND, "--test", "claire@soignants.example")
        assert len(second.accepted) == len(SHORT_LIST) + 1
        wrong = Office(
            sending.path, sending.settings | {"DISTRIBUTOR_ACCOUNT_RELAIS_PASSWORD": "wrong"}, sending.started
        )
        said = one_sentence(wrong.run("accounts", "check", SECOND, code=4))
        assert "DISTRIBUTOR_ACCOUNT_RELAIS_PASSWORD" in said
        assert second.failed_logins == 1
        assert "goes through" not in one_sentence(own.run("accounts", "show", "nobody", code=2))


@pytest.mark.parametrize(
    "fault", [REFUSED_LOGIN, QUOTA, Fault("mail", reply="550 5.4.5 quota", nth=(5, 6, 7, 8, 9, 10))]
)
def test_a_second_account_takes_over_what_the_first_is_refused(office: Office, fault: Fault) -> None:
    with running(Script(faults=(fault,))) as first, running(Script()) as second:
        sending = with_second(office, first, second)
        ran = sending.send(SLUG, BUREAU, more=["--then", SECOND])
        assert f"«{SECOND}» takes over from «default»: The mail server refuses us" in ran.out
        together = [*first.accepted, *second.accepted]
        assert len({one.recipient for one in together}) == len(together) == len(SHORT_LIST)
        assert through(sending) == Counter({"default": len(first.accepted), SECOND: len(second.accepted)}) - Counter()
        assert sending.query("SELECT DISTINCT refusals FROM delivery") == [(0,)]
        assert {one.sender for one in together} == {"presse@soignants-littoral.example"}
        (audited,) = sending.query("SELECT details FROM audit WHERE action = 'dispatches.takeover'")
        assert json.loads(audited[0])["to"] == SECOND
        shown = sending.json("dispatches", "show", "1")
        assert (shown["account"], shown["then"], shown["takeover"]["from"]) == (SECOND, "", "default")
        assert f"Through «{SECOND}», which took over from «default»" in sending.run("dispatches", "show", "1").out


def test_a_server_that_is_not_there_is_taken_over_from(office: Office) -> None:
    with running(Script()) as second:
        sending = office.at(9)
        sending.run("accounts", "add", SECOND, "--host", "127.0.0.1", "--port", str(second.port), "--security", "plain")
        assert "takes over" in sending.send(SLUG, BUREAU, more=["--then", SECOND]).out
        assert len(second.accepted) == len(SHORT_LIST)


@pytest.mark.parametrize("personal", ["no", "yes"])
def test_the_event_of_a_takeover_has_no_servers_words(office: Office, personal: str) -> None:
    said = "553 5.7.1 <presse@soignants-littoral.example>: Sender address rejected: not owned by user yvonne"
    with running(Script(faults=(Fault("rcpt", reply=said),))) as first, running(Script()) as second:
        sending = with_second(office, first, second)
        logging = sending.at(first.port, log_file="events.jsonl", log_addresses=personal)
        logging.send(SLUG, BUREAU, more=["--then", SECOND])
        logging.run("dispatches", "show", "1")
    told = (office.path / "events.jsonl").read_text(encoding="utf-8")
    (event,) = [one for line in told.splitlines() if (one := json.loads(line))["event"] == "dispatch.taken_over"]
    assert (event["from"], event["to"]) == ("default", SECOND)
    assert ("yvonne" in told, "@" in told, "because" in event) == ((personal == "yes",) * 3)


def test_a_recipients_refusal_is_nobody_elses_to_take_over(office: Office) -> None:
    refusals = (Fault("rcpt", reply="550 5.1.1 No such user"), Fault("greeting", nth=(99,)))
    with running(Script(faults=refusals)) as first, running(Script()) as second:
        sending = with_second(office, first, second)
        sending.send(SLUG, BUREAU, code=5, more=["--then", SECOND])
        assert sending.states() == {"rejected": len(SHORT_LIST)}
        assert second.connections == 0
        assert sending.json("dispatches", "show", "1")["then"] == SECOND


def test_two_refusals_pause_and_nothing_goes_back_and_forth(office: Office) -> None:
    with running(Script(faults=(QUOTA,))) as first, running(Script(faults=(REFUSED_LOGIN,))) as second:
        sending = with_second(office, first, second)
        said = one_sentence(sending.send(SLUG, BUREAU, code=4, more=["--then", SECOND]))
        assert "sending limit" in said
        assert f"through «{SECOND}»" in said
        before = first.connections
        assert sending.dispatch_state() == "paused"
        assert sending.states() == {"queued": len(SHORT_LIST)}
        sending.run("dispatches", "resume", "1", code=4)
        assert first.connections == before, "what took over stays"
        blocked = one_sentence(sending.run("accounts", "remove", SECOND, "--yes", code=2))
        assert f"Dispatch 1 goes through «{SECOND}»" in blocked
    with running(Script()) as mended:
        sending.run("accounts", "add", "autre", "--host", "127.0.0.1", "--security", "plain",
                    "--from", "presse@autre.example")  # fmt: skip
        assert "sends for autre.example" in one_sentence(
            sending.run("dispatches", "resume", "1", "--account", "autre", code=3)
        )
        back = sending.at(mended.port)
        back.run("dispatches", "resume", "1", "--account", "default")
        assert len(mended.accepted) == len(SHORT_LIST)
        audited = sending.query("SELECT action FROM audit WHERE action LIKE 'dispatches.%' ORDER BY id")
        assert audited == [("dispatches.takeover",), ("dispatches.reroute",)]
    sending.run("accounts", "remove", SECOND, "--yes")
    assert f"Through «default», which took over from «{SECOND}»: by " in sending.run("dispatches", "show", "1").out


def test_what_took_over_goes_on_once_it_is_mended(office: Office) -> None:
    with running(Script(faults=(QUOTA,))) as first, running(Script(faults=(REFUSED_LOGIN,))) as second:
        sending = with_second(office, first, second)
        sending.send(SLUG, BUREAU, code=4, more=["--then", SECOND])
    with running(Script()) as mended:
        sending.run("accounts", "edit", SECOND, "--port", str(mended.port))
        sending.run("dispatches", "resume", "1")
        assert len(mended.accepted) == len(SHORT_LIST)
    sending.run("accounts", "remove", SECOND, "--yes")
    assert "took over from «default»" in sending.run("dispatches", "show", "1").out


def test_an_account_of_another_domain_takes_nothing_over(office: Office) -> None:
    with running(Script()) as first, running(Script()) as second:
        sending = with_second(office, first, second, "--from", "presse@autre.example")
        said = one_sentence(sending.send(SLUG, BUREAU, code=3, more=["--then", SECOND]))
        assert "sends for autre.example" in said
        sending.send(SLUG, BUREAU, code=3, more=["--then", "default"])
        sending.send(SLUG, BUREAU, code=2, more=["--then", "nobody"])
        assert sending.query("SELECT count(*) FROM dispatch") == [(0,)]


def test_two_accounts_send_at_once_in_one_work(office: Office) -> None:
    slow = (Fault("body", delay=0.05),)
    with running(Script(faults=slow)) as first, running(Script(faults=slow)) as second:
        sending = with_second(office, first, second).at(9)
        sending.run("accounts", "edit", SECOND, "--port", "9")
        sending.send(SLUG, "sante", code=4)
        sending.run(*send_arguments(SLUG, "social"), "--account", SECOND, code=4)
        sending.change("UPDATE dispatch SET state = 'running', pause_reason = ''")
        sending.run("accounts", "edit", SECOND, "--port", str(second.port))
        both = sending.at(first.port)
        alone = both.run("work", "--once", "--account", "nobody", code=2)
        assert "no account «nobody»" in one_sentence(alone)
        order: list[str] = []
        first.on_accepted = lambda: order.append("default")
        second.on_accepted = lambda: order.append(SECOND)
        ran = both.run("work", "--once")
        assert "Dispatch 1: 50 accepted" in ran.out
        assert "Dispatch 2: 50 accepted" in ran.out
        assert through(both) == {"default": 50, SECOND: 50}
        assert SECOND in order[:50]
        assert "default" in order[:50]
        assert both.query("SELECT count(*) FROM worker") == [(0,)]


def test_a_worker_may_keep_to_one_account_and_a_broken_one_holds_up_nobody(office: Office) -> None:
    with running(Script()) as first, running(Script()) as second:
        sending = with_second(office, first, second)
        other = sending.at(9)
        other.send(SLUG, "sante", code=4)
        other.run("accounts", "edit", SECOND, "--port", "9")
        other.run(*send_arguments(SLUG, "social"), "--account", SECOND, code=4)
        sending.change("UPDATE dispatch SET state = 'running', pause_reason = ''")
        sending.run("work", "--once", "--account", "default")
        assert sending.states() == {"accepted": 50, "queued": 50}
        said = one_sentence(sending.run("work", "--once", code=4))
        assert said.startswith("Dispatch 2: Nothing answers at 127.0.0.1 (port 9)")
        assert said.endswith("Then: distributor dispatches resume 2")
        assert sending.query("SELECT state FROM dispatch ORDER BY id") == [("done",), ("paused",)]


def test_killed_after_a_takeover_it_goes_on_through_the_second(office: Office) -> None:
    slow = Fault("body", delay=0.05)
    with running(Script(faults=(QUOTA,))) as first, running(Script(faults=(slow,))) as second:
        sending = with_second(office, first, second)
        process = sending.start(*send_arguments(SLUG, BUREAU), "--then", SECOND)
        until(lambda: len(second.accepted) >= 3, "the second account has sent", process=process)
        process.kill()
        process.communicate()
        knocked = first.connections
        finish(sending.start("work", "--once"), 0, 5)
        assert first.connections == knocked
        reached = Counter(one.recipient for one in second.accepted)
        assert set(reached.values()) == {1}
        assert len(reached) + sending.states()["in_doubt"] >= len(SHORT_LIST)
        assert sending.states().keys() <= {"accepted", "in_doubt"}


def test_stopped_in_order_while_two_accounts_send(office: Office) -> None:
    slow = (Fault("body", delay=0.05),)
    with running(Script(faults=slow)) as first, running(Script(faults=slow)) as second:
        sending = with_second(office, first, second).at(9)
        sending.run("accounts", "edit", SECOND, "--port", "9")
        sending.send(SLUG, "sante", code=4)
        sending.run(*send_arguments(SLUG, "social"), "--account", SECOND, code=4)
        sending.change("UPDATE dispatch SET state = 'running', pause_reason = ''")
        sending.run("accounts", "edit", SECOND, "--port", str(second.port))
        both = sending.at(first.port)
        process = both.start("work")
        until(lambda: first.accepted and second.accepted, "both have sent", process=process)
        process.send_signal(signal.SIGTERM)
        assert "Stopped; everything is saved" in finish(process, 130).err
        assert both.states().keys() <= {"accepted", "queued"}
        assert both.query("SELECT count(*) FROM worker") == [(0,)]
        for server in (first, second):
            server.mend()
        both.run("work", "--once")
        reached = Counter(one.recipient for one in [*first.accepted, *second.accepted])
        assert set(reached.values()) == {1}
        assert both.states() == {"accepted": 100}


def test_stopped_twice_while_two_accounts_send_it_ends_at_once(office: Office) -> None:
    slow = Script(faults=(Fault("body", delay=5),))
    with running(slow) as first, running(slow) as second:
        sending = with_second(office, first, second).at(9)
        sending.run("accounts", "edit", SECOND, "--port", "9")
        sending.send(SLUG, "social", code=4)
        sending.send(SLUG, "sante", code=4, more=["--account", SECOND])
        office.change("UPDATE dispatch SET state = 'planned', pause_reason = ''")
        sending.run("accounts", "edit", SECOND, "--port", str(second.port))
        process = sending.at(first.port).start("work")
        until(lambda: len({row["dispatch_id"] for row in office.deliveries("sending")}) == 2, "both send")
        process.send_signal(signal.SIGTERM)
        assert "Stopping" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        finish(process, 130)
        assert set(office.states()) <= {"queued", "in_doubt", "accepted"}


def test_a_limit_that_is_set_while_it_sends_is_kept(
    office: Office, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running() as first, running() as second:
        sending = with_second(office.by(moving_clock), first, second, "--set", "smtp_per_hour=100")
        go_on = hold_after(second, 4, monkeypatch)
        process = sending.start(*send_arguments(SLUG, BUREAU), "--account", SECOND)
        until(go_on.reached.is_set, "four have left", process=process)
        sending.run("accounts", "edit", SECOND, "--set", "smtp_per_hour=2")
        drawn = sending.query("SELECT state FROM pace")
        moving_clock.move(seconds=6)
        until(lambda: sending.query("SELECT state FROM pace") != drawn, "it has drawn anew", process=process)
        go_on.set()
        assert "2 messages an hour are used up" in one_sentence(finish(process, 5))
        assert len(second.accepted) <= 4 + 3, "nobody but who was on the wire"
        sending.run("accounts", "edit", SECOND, "--set", "smtp_per_hour=")
        finish(sending.start("work", "--once"), 0)
        assert Counter(one.recipient for one in second.accepted) == dict.fromkeys((one.spec for one in SHORT_LIST), 1)

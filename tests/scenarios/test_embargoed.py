"""An embargo kept by the real command line: who has agreed gets it before, the others at its end and not earlier."""

from __future__ import annotations

import signal
from collections import Counter
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

import pytest
from movingclock import MovingClock
from office import BUREAU, SHORT_LIST, SLUG, Office, communique, finish, one_sentence, until, until_looked
from smtpserver import Accepted, Fault, Script, ScriptedServer, running
from warmcommand import WarmCommand

PARIS = ZoneInfo("Europe/Paris")
MORNING = datetime.now(PARIS).replace(hour=10, minute=0, second=0, microsecond=0)
EVENING = MORNING.replace(hour=18)
AGREED = SHORT_LIST[:2]
PREVIEWED = (AGREED[0].address, SHORT_LIST[3].address)
SPECS = [one.spec for one in SHORT_LIST]


@pytest.fixture
def embargoed(office: Office, moving_clock: MovingClock) -> Office:
    """The office at ten in the morning, with a release under embargo until six in the evening."""
    moving_clock.set(MORNING)
    file = office.path / "embargo.txt"
    file.write_text(
        f"---\ntitle: L’hôpital rouvre\nembargo: {EVENING.isoformat()}\n---\n{communique()}", encoding="utf-8"
    )
    sending = office.by(moving_clock)
    sending.run("releases", "import", str(file), "--slug", SLUG)
    return sending


def agree(office: Office, *more: str) -> None:
    office.run("releases", "accept-embargo", SLUG, *(one.address for one in AGREED), "--how", "by telephone", *more)


def texts(accepted: list[Accepted]) -> list[str]:
    """What each message says to a reader of plain text."""
    parsed = [message_from_bytes(one.message, policy=policy.default) for one in accepted]
    return [str(one.get_body(("plain",)).get_content()) for one in parsed]  # type: ignore[union-attr]


def dates(accepted: list[Accepted]) -> set[datetime]:
    parsed = [message_from_bytes(one.message, policy=policy.default) for one in accepted]
    return {one["Date"].datetime for one in parsed}


def working(office: Office, clock: MovingClock) -> WarmCommand:
    """`work` in the background, once it has looked at this moment and waits."""
    process = office.start("work")
    asleep(process, clock)
    return process


def asleep(process: WarmCommand, clock: MovingClock) -> None:
    until_looked(process, clock)


def stop(process: WarmCommand) -> str:
    process.send_signal(signal.SIGTERM)
    return finish(process, 130).text


def test_who_agreed_gets_it_before_and_the_others_at_the_second_of_its_end(
    embargoed: Office, moving_clock: MovingClock
) -> None:
    with running() as server:
        sending = embargoed.at(server.port)
        agree(sending)
        shown = {one: sending.run("releases", "preview", SLUG, "--contact", one).out for one in PREVIEWED}
        assert [("SOUS EMBARGO" in text) for text in shown.values()] == [True, False], "what each would get"
        said = sending.send(SLUG, BUREAU).out
        assert "2 recipients have agreed to it and may have it before; 10 wait for it." in said
        assert "10 recipients wait for the end of the embargo, " in said
        assert f"{EVENING:%A} {EVENING.day} {EVENING:%B %Y} at 18:00 (Europe/Paris, UTC+" in said
        assert "leave running: distributor work" in said
        assert sorted(one.recipient for one in server.accepted) == sorted(one.spec for one in AGREED)
        assert all("SOUS EMBARGO JUSQU’AU" in text and "18 H 00" in text for text in texts(server.accepted))
        assert "waits: for the end of the embargo" in sending.run("dispatches", "show", "1").out
        (held,) = sending.json("dispatches", "show", "1")["held"]
        assert (held["total"], held["by_embargo"]) == (10, True)
        assert datetime.fromisoformat(held["until"]) == EVENING
        report = sending.run("report", SLUG).out
        assert report.count(f"not before {EVENING:%d %b} 18:00: the end of the embargo") == 10
        told = Counter((one["by_embargo"], one["held_until"]) for one in sending.json("report", SLUG)["recipients"])
        assert sorted(told.values()) == [2, 10]
        assert told[False, None] == 2
        process = working(sending, moving_clock)
        assert "distributor work is running" in sending.run("dispatches", "show", "1").out
        moving_clock.set(EVENING - timedelta(microseconds=1))
        asleep(process, moving_clock)
        assert len(server.accepted) == 2
        moving_clock.set(EVENING)
        until(lambda: len(server.accepted) == 12, "everybody has it", process=process)
        asleep(process, moving_clock)
        stop(process)
        at_the_end = server.accepted[2:]
        assert not any("EMBARGO" in text.upper() for text in texts(at_the_end))
        assert dates(at_the_end) == {EVENING}, "the message is of the hour at which it left"
        assert sorted(one.recipient for one in server.accepted) == sorted(SPECS)
        assert sending.dispatch_state() == "done"
        assert server.violations == []


def test_nothing_that_would_break_it_is_done(embargoed: Office) -> None:
    """Resuming, releasing, an hour before its end, a test to a journalist: each is refused, with 3."""
    with running() as server:
        sending = embargoed.at(server.port)
        hour = sending.run("send", SLUG, "--yes", "--wave", f"{BUREAU}@17:59", code=3)
        assert "12 recipients have not agreed to it" in one_sentence(hour)
        test = sending.run("send", SLUG, "--test", SHORT_LIST[3].address, code=3)
        assert "have not agreed to the embargo" in one_sentence(test)
        sending.send(SLUG, BUREAU)
        for command in (["dispatches", "resume", "1"], ["dispatches", "release", "1", "--yes"]):
            refused = sending.run(*command, code=3)
            assert f"distributor releases embargo {SLUG} --lift" in one_sentence(refused)
        sending.run("work", "--once")
        sending.run("dispatches", "pause", "1")
        sending.run("dispatches", "resume", "1")
        assert server.accepted == []
        assert sending.states() == {"queued": 12}
        sending.run("send", SLUG, "--test", "moi@soignants-littoral.example")
        assert "SOUS EMBARGO" in texts(server.accepted)[0], "one of us sees what they would see"


def test_it_is_moved_and_lifted_by_a_command(embargoed: Office, moving_clock: MovingClock) -> None:
    with running() as server:
        sending = embargoed.at(server.port)
        sending.send(SLUG, BUREAU)
        process = working(sending, moving_clock)
        later = EVENING + timedelta(hours=2)
        said = sending.run("releases", "embargo", SLUG, "--at", f"{later:%Y-%m-%dT%H:%M}", "--yes").out
        assert "at 20:00 (Europe/Paris, UTC+" in said
        assert "(in its words: " in " ".join(sending.run("releases", "show", SLUG).out.split())
        for shown in (sending.json("releases", "show", SLUG), *sending.json("releases", "list")):
            assert datetime.fromisoformat(shown["embargo_until"]) == later
            assert datetime.fromisoformat(shown["embargo_in_its_words"]) == EVENING
        agree(sending)
        moving_clock.set(EVENING)
        until(lambda: len(server.accepted) == 2, "who agreed meanwhile has it", process=process)
        asleep(process, moving_clock)
        assert all("20 H 00" in text for text in texts(server.accepted)), "the hour that is in force"
        shown = sending.run("releases", "embargo", SLUG).out
        assert f"The embargo of «{SLUG}» ends {later:%A} " in shown, "it is not over yet"
        assert "12 recipients" not in shown
        assert datetime.fromisoformat(sending.json("releases", "embargo", SLUG)["in_its_words"]) == EVENING
        sending.run("releases", "embargo", SLUG, "--lift", "--yes")
        moving_clock.move(seconds=5)
        until(lambda: len(server.accepted) == 12, "everybody has it", process=process)
        stop(process)
        assert not any("EMBARGO" in text.upper() for text in texts(server.accepted[2:]))
        audit = sending.query("SELECT action, count(*) FROM audit GROUP BY action ORDER BY action")
        assert dict(audit)["releases.embargo"] == 2
        assert dict(audit)["embargo.accept"] == 2


def test_those_who_have_it_are_told_under_the_message_that_they_got(
    embargoed: Office, moving_clock: MovingClock
) -> None:
    with running() as server:
        sending = embargoed.at(server.port)
        later = f"{EVENING + timedelta(hours=2):%Y-%m-%dT%H:%M}"
        sending.run("releases", "embargo", SLUG, "--at", f"{EVENING:%Y-%m-%dT%H:%M}", "--tell", "--yes")
        assert server.accepted == [], "nobody has it yet"
        agree(sending)
        sending.send(SLUG, BUREAU)
        sending.run("suppressions", "add", AGREED[1].address)
        sending.run("releases", "accept-embargo", SLUG, AGREED[0].address, "--withdraw")
        first = {one.recipient: one.message_id for one in server.accepted}
        sending.run("releases", "embargo", SLUG, "--at", later, "--tell", "--yes")
        shown = sending.run("releases", "preview", f"{SLUG}-embargo-1", "--contact", AGREED[0].address).out
        assert "SOUS EMBARGO" in shown, "a notice leaves at once, whoever has agreed"
        sending.run("releases", "embargo", SLUG, "--lift", "--tell", "--yes")
        moved, lifted = (message_from_bytes(one.message, policy=policy.default) for one in server.accepted[2:])
        assert [one.recipient for one in server.accepted[2:]] == [AGREED[0].spec] * 2, "who said no is told nothing"
        for message in (moved, lifted):
            assert message["In-Reply-To"] == message["References"] == f"<{first[AGREED[0].spec].strip('<>')}>"
        assert str(moved["Subject"]) == "Embargo modifié\N{NO-BREAK SPACE}: L’hôpital rouvre"
        assert str(lifted["Subject"]) == "Embargo levé\N{NO-BREAK SPACE}: L’hôpital rouvre"
        said, freed = (" ".join(text.split()) for text in texts(server.accepted[2:]))
        assert "SOUS EMBARGO JUSQU’AU" in said
        assert "20 h 00 (heure de Paris)" in said
        assert AGREED[0].greeting in said
        assert "SOUS EMBARGO" not in freed
        assert "vous pouvez le publier dès maintenant" in freed
        slugs = [one["release"] for one in sending.json("dispatches", "list")]
        assert slugs == [SLUG, f"{SLUG}-embargo-1", f"{SLUG}-embargo-2"]
        assert sending.json("report", SLUG)["totals"]["accepted"] == 2, "a notice is in a report of its own"
        assert "notice" in one_sentence(sending.send(f"{SLUG}-embargo-1", BUREAU, code=2))
        assert server.violations == []


def test_who_knows_it_already_is_told_nothing(embargoed: Office, moving_clock: MovingClock) -> None:
    """The same hour told twice, and told to who got the release with it: one journalist, one message."""
    later = EVENING + timedelta(hours=2)
    tell = ("releases", "embargo", SLUG, "--tell", "--yes", "--at", f"{later:%Y-%m-%dT%H:%M}")
    with running() as server:
        sending = embargoed.at(server.port)
        agree(sending)
        sending.send(SLUG, BUREAU)
        said = sending.run(*tell[:3], *tell[4:]).out
        assert "2 recipients have it already, under an embargo until " in said
        assert f"They have not been told. To tell them: distributor releases embargo {SLUG} --tell\n" in said
        assert "at 20:00 (Europe/Paris" in (said := sending.run(*tell[:3], *tell[4:]).out)
        assert " already.\n" in said, "nothing is changed twice"
        assert "dispatch 2." in sending.run(*tell).out, "the hour was moved before, and they do not know"
        sending.run("releases", "accept-embargo", SLUG, SHORT_LIST[3].address)
        sending.run("dispatches", "resume", "1")
        assert len(server.accepted) == 5, "two have it and were told, one has it with the hour in force"
        said = sending.run(*tell).out
        assert "3 recipients have it already, and know it." in said
        assert "already; nobody is told." in said
        assert [one["id"] for one in sending.json("dispatches", "list")] in ([1, 2], [2, 1])
        assert len(server.accepted) == 5
        sending.run("releases", "embargo", SLUG, "--lift", "--yes")
        assert "Telling those who have it" in sending.run("releases", "embargo", SLUG, "--lift", "--tell", "--yes").out
        assert {one.recipient for one in server.accepted[5:]} == {*(one.spec for one in AGREED), SHORT_LIST[3].spec}
        assert all("est levé" in " ".join(text.split()) for text in texts(server.accepted[5:]))
        assert "nobody is told" in sending.run("releases", "embargo", SLUG, "--lift", "--tell", "--yes").out
        assert len(server.accepted) == 8


def test_who_may_have_it_with_the_hour_of_before_is_told_too(embargoed: Office, moving_clock: MovingClock) -> None:
    """In doubt: what they may have said another hour, though what would be sent to them again says the new one."""
    silent = Script(faults=(Fault("body", do="drop", recipient=AGREED[0].spec),))
    with running(silent) as server:
        sending = embargoed.at(server.port)
        agree(sending)
        sending.send(SLUG, BUREAU, code=5)
        assert [one["address"] for one in sending.deliveries("in_doubt")] == [AGREED[0].address]
        moving_clock.move(minutes=1)
        at = f"{EVENING + timedelta(hours=2):%Y-%m-%dT%H:%M}"
        said = sending.run("releases", "embargo", SLUG, "--yes", "--at", at).out
        assert "2 recipients have it already, under an embargo until " in said
        server.mend()
        sending.run("dispatches", "resolve", "1", AGREED[0].address, "--as", "accepted")
        told = len(server.accepted)
        sending.run("releases", "embargo", SLUG, "--yes", "--tell", "--at", at)
        assert {one.recipient for one in server.accepted[told:]} == {one.spec for one in AGREED}


def test_an_embargo_that_comes_after_the_sending_is_told_as_a_new_one(
    office: Office, moving_clock: MovingClock
) -> None:
    moving_clock.set(MORNING)
    with running() as server:
        sending = office.by(moving_clock).at(server.port)
        sending.send(SLUG, BUREAU)
        move = ("releases", "embargo", SLUG, "--yes", "--at")
        later = f"{EVENING + timedelta(hours=2):%Y-%m-%dT%H:%M}"
        under_none = f"{len(SHORT_LIST)} recipients have it already, under no embargo: "
        assert under_none in sending.run(*move, f"{EVENING:%Y-%m-%dT%H:%M}").out
        assert under_none in sending.run(*move, later, "--tell").out, "the first hour was told to nobody"
        told = server.accepted[len(SHORT_LIST) :]
        assert sorted(one.recipient for one in told) == sorted(SPECS)
        subjects = {str(message_from_bytes(one.message, policy=policy.default)["Subject"]) for one in told}
        assert {one.partition("\N{NO-BREAK SPACE}:")[0] for one in subjects} == {"Sous embargo"}
        said = [" ".join(text.split()) for text in texts(told)]
        assert all("que vous avez reçu, est désormais sous embargo." in text for text in said)
        assert all("SOUS EMBARGO JUSQU’AU" in text and "20 h 00" in text for text in said)
        assert not any("diffusion immédiate" in text.lower() or "modifié" in text for text in said)
        assert "and know it." in sending.run(*move, later, "--tell").out


def test_what_waits_for_the_end_of_its_embargo_is_moved_with_that(embargoed: Office, moving_clock: MovingClock) -> None:
    with running() as server:
        sending = embargoed.at(server.port)
        sending.send(SLUG, BUREAU)
        assert server.accepted == [], "nobody has agreed"
        later = ("dispatches", "reschedule", "1", "--at", "19:00", "--yes")
        said = one_sentence(sending.run(*later, code=2))
        assert "Dispatch 1 has begun; 12 recipients wait for the end of its embargo." in said
        assert f"To move that: distributor releases embargo {SLUG} --at WHEN" in said
        sending.run("dispatches", "pause", "1")
        assert "releases embargo" in one_sentence(sending.run(*later, code=2))
        sending.run("dispatches", "resume", "1")
        sending.run("releases", "embargo", SLUG, "--at", f"{EVENING + timedelta(hours=1):%Y-%m-%dT%H:%M}", "--yes")
        moving_clock.set(EVENING + timedelta(minutes=59))
        sending.run("work", "--once")
        assert server.accepted == []
        moving_clock.set(EVENING + timedelta(hours=1))
        sending.run("work", "--once")
        assert len(server.accepted) == len(SHORT_LIST)


def test_the_report_of_a_start_says_the_hour_that_is_waited_for(embargoed: Office, moving_clock: MovingClock) -> None:
    """The later one, of the start and the end of the embargo; and none that has come."""
    sending = embargoed.at(1)
    sending.send(SLUG, BUREAU, more=["--at", "12:00"])
    sending.run("releases", "embargo", SLUG, "--lift", "--yes")
    moving_clock.move(seconds=5)
    report = sending.run("report", SLUG).out
    assert report.count("12:00: its start") == 12
    assert "the end of the embargo" not in report
    moving_clock.set(EVENING)
    assert "not before" not in sending.run("report", SLUG).out


def test_who_is_trusted_from_now_on_may_have_it_at_once(embargoed: Office) -> None:
    with running() as server:
        sending = embargoed.at(server.port)
        sending.send(SLUG, BUREAU)
        edit = ("contacts", "edit", AGREED[0].address)
        now = "Dispatch 1 goes on by itself where distributor work is running; or now, with:\n"
        assert now not in sending.run(*edit, "--embargo-trust", "yes", "--dry-run").out
        assert now not in sending.run(*edit, "--channel", "phone").out
        assert f"{now}  distributor dispatches resume 1\n" in sending.run(*edit, "--embargo-trust", "yes").out
        sending.run("dispatches", "resume", "1")
        assert [one.recipient for one in server.accepted] == [AGREED[0].spec]


def test_who_takes_their_word_back_waits(embargoed: Office) -> None:
    with running() as server:
        sending = embargoed.at(server.port)
        agree(sending)
        assert (
            "no longer holds it" in sending.run("releases", "accept-embargo", SLUG, AGREED[0].address, "--withdraw").out
        )
        sending.run("contacts", "edit", SHORT_LIST[5].address, "--embargo-trust", "yes")
        sending.send(SLUG, BUREAU)
        assert {one.recipient for one in server.accepted} == {AGREED[1].spec, SHORT_LIST[5].spec}


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(seconds=1)])
def test_a_clock_set_back_lets_nobody_go_early(embargoed: Office, moving_clock: MovingClock, back: timedelta) -> None:
    slow = Script(faults=(Fault("data", delay=0.05),))
    with running(slow) as server:
        sending = embargoed.at(server.port, smtp_connections="1")
        sending.send(SLUG, BUREAU)
        process = working(sending, moving_clock)
        moving_clock.set(EVENING)
        until(lambda: len(server.accepted) >= 2, "it has begun", process=process)
        moving_clock.set(EVENING - back)
        until(lambda: not sending.deliveries("claimed", "sending"), "what had begun is through", process=process)
        early = len(server.accepted)
        assert early < 12
        assert sending.states() == {"accepted": early, "queued": 12 - early}
        asleep(process, moving_clock)
        assert len(server.accepted) == early
        moving_clock.set(EVENING)
        until(lambda: len(server.accepted) == 12, "everybody has it", process=process)
        stop(process)
        assert sorted(one.recipient for one in server.accepted) == sorted(SPECS)


def test_killed_at_its_end_everybody_gets_it_once_and_nobody_early(
    embargoed: Office, moving_clock: MovingClock
) -> None:
    slow = Script(faults=(Fault("data", delay=0.03),))
    with running(slow) as server:
        sending = embargoed.at(server.port, smtp_connections="2")
        sending.send(SLUG, BUREAU)
        process = working(sending, moving_clock)
        moving_clock.set(EVENING)
        until(lambda: len(server.accepted) >= 3, "it has begun", process=process)
        process.kill()
        finish(process, -signal.SIGKILL)
        finish(sending.start("work", "--once"), 0, 5)
        check_once(sending, server)


def check_once(office: Office, server: ScriptedServer) -> None:
    """Nobody has it twice; who has not is in doubt, by name."""
    got = [one.recipient for one in server.accepted]
    assert len(got) == len(set(got))
    doubtful = {one["address"] for one in office.deliveries("in_doubt")}
    assert len(doubtful) <= 2
    assert set(got) | doubtful == set(SPECS)


def test_a_start_before_its_end_is_for_who_agreed(embargoed: Office, moving_clock: MovingClock) -> None:
    noon = MORNING.replace(hour=12)
    with running() as server:
        sending = embargoed.at(server.port)
        agree(sending)
        early = sending.run("send", SLUG, "--list", BUREAU, "--yes", "--at", "12:00", "--not-after", "17:00", code=2)
        assert "The cut-off comes before the embargo ends for 10 recipients" in one_sentence(early)
        said = sending.send(SLUG, BUREAU, more=["--at", "12:00"]).out
        assert "2 recipients have agreed to it and get it at its start; 10 wait for it." in said
        report = sending.run("report", SLUG).out
        assert report.count(f"not before {noon:%d %b} 12:00: its start") == 2
        assert report.count("not before ") == report.count("the end of the embargo") + 2 == 12
        process = working(sending, moving_clock)
        moving_clock.set(noon)
        until(lambda: len(server.accepted) == 2, "who agreed has it", process=process)
        asleep(process, moving_clock)
        told = sending.json("agenda")
        assert [(one["kind"], one["dispatch_id"]) for one in told] == [("embargo", None), ("embargo", 1)]
        moving_clock.set(EVENING)
        until(lambda: len(server.accepted) == 12, "everybody has it", process=process)
        asleep(process, moving_clock)
        stop(process)
        assert dates(server.accepted[:2]) == {noon}
        assert dates(server.accepted[2:]) == {EVENING}
        assert sending.dispatch_state() == "done"


def test_a_start_at_its_very_end_is_for_everybody(embargoed: Office, moving_clock: MovingClock) -> None:
    with running() as server:
        sending = embargoed.at(server.port)
        said = sending.send(SLUG, BUREAU, more=["--at", "18:00"]).text
        assert "embargo" not in said.lower()
        process = working(sending, moving_clock)
        moving_clock.set(EVENING)
        until(lambda: len(server.accepted) == 12, "everybody has it", process=process)
        asleep(process, moving_clock)
        stop(process)
        assert not any("EMBARGO" in text.upper() for text in texts(server.accepted))

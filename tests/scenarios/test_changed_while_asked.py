"""A command that asks acts on what it asked about: what was changed from another terminal meanwhile ends it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from movingclock import MovingClock
from office import BUREAU, SHORT_LIST, SLUG, Office, communique, finish
from smtpserver import Fault, Script, running
from test_corrections_sent import CORRECTION, RIGHT, WRONG, write
from test_embargoed import EVENING, MORNING, embargoed

__all__ = ["embargoed"]  # the fixture
HIM, HER = (one.address for one in SHORT_LIST[:2])
Command = tuple[str, ...]


def answered(office: Office, command: Command, *meanwhile: Command, code: int = 3, answer: str = "y") -> str:
    """What the command shows that is answered once these others have run; it ends with `code`."""
    with office.on_a_terminal(*command) as terminal:
        terminal.read_until("[y/N]" if answer == "y" else "Type ")
        for other in meanwhile:
            finish(office.start(*other), 0, 5)
        terminal.type(f"{answer}\n")
        if code == 3:
            terminal.read_until("Run the same command again.")
        return terminal.shown + finish(terminal.process, code).text


def state_of(office: Office) -> dict[str, Any]:
    shown: dict[str, Any] = office.json("dispatches", "show", "1")
    return shown


def named(address: str, last: str) -> Command:
    return ("contacts", "edit", address, "--first-name", "Odile", "--last-name", last)


def test_nobody_else_is_erased_than_was_asked_about(office: Office) -> None:
    office.run(*named(HIM, "Quillevéré"))
    by_name = ("contacts", "forget", "Odile Quillevéré")
    answered(office, by_name, named(HIM, "Trividic"), named(HER, "Quillevéré"))
    answered(office, ("contacts", "forget", HIM), ("contacts", "merge", HIM, HER, "--yes"))
    office.run("contacts", "show", HER)


def test_whoever_was_confirmed_meanwhile_is_not_erased_with_the_stale(office: Office) -> None:
    office.change(f"UPDATE contact SET created_at = '2019-01-01', collected_at = NULL WHERE address = '{HIM}'")
    answered(office, ("contacts", "stale", "--forget"), ("contacts", "edit", HIM, "--confirmed"), answer="1")
    office.run("contacts", "show", HIM)


def test_an_objection_made_meanwhile_is_not_taken_back(office: Office) -> None:
    office.run("suppressions", "add", HIM, "--sector", "sante", "--reason", "by phone")
    take_back = ("suppressions", "remove", HIM, "--reason", "asked for it")
    answered(office, take_back, ("suppressions", "add", HIM, "--reason", "by mail"))
    assert office.json("suppressions", "check", HIM)["scopes"] == ["", "sante"]


def test_that_nobody_objected_is_said_before_the_question(office: Office) -> None:
    assert "has not objected" in office.run("suppressions", "remove", HIM, "--reason", "asked for it", code=2).text


def test_what_is_merged_or_deleted_is_what_was_shown(office: Office) -> None:
    a, b, c = (one["name"] for one in office.json("outlets", "list")[:3])
    answered(office, ("outlets", "merge", a, b), ("outlets", "merge", b, c, "--yes"))
    answered(office, ("contacts", "merge", HIM, HER), ("contacts", "edit", HER, "--language", "en"))
    office.run("lists", "create", "Petite", "--sector", "sante")
    answered(office, ("lists", "delete", "petite"), ("lists", "add", "petite", HIM))
    answered(office, ("sectors", "delete", "sante"), ("lists", "edit", "petite", "--sector", ""))
    answered(office, ("lists", "delete", "petite"), code=0)


def at(hour: int) -> Command:
    return ("releases", "embargo", SLUG, "--at", f"{EVENING.replace(hour=hour):%Y-%m-%dT%H:%M}")


LIFT = ("releases", "embargo", SLUG, "--lift")


@pytest.mark.parametrize("other", [LIFT, at(21)])
def test_an_embargo_that_was_moved_or_lifted_meanwhile_stays_so(embargoed: Office, other: Command) -> None:
    answered(embargoed, (*at(20), "--tell"), (*other, "--yes"))


@pytest.mark.parametrize("asked", [LIFT, at(12)])
def test_an_embargo_is_neither_lifted_nor_moved_when_the_hour_has_come(
    embargoed: Office, moving_clock: MovingClock, asked: Command
) -> None:
    with embargoed.on_a_terminal(*asked) as terminal:
        terminal.read_until("[y/N]")
        moving_clock.set(EVENING.replace(hour=19))
        terminal.type("y\n")
        finish(terminal.process, 2)


@pytest.mark.parametrize(("other", "code"), [(("cancel", "1"), 2), (("release", "1"), 3)])
def test_no_wave_is_let_go_but_the_one_that_was_named(
    office: Office, moving_clock: MovingClock, other: Command, code: int
) -> None:
    moving_clock.set(MORNING)
    with running(Script()) as server:
        sending = office.by(moving_clock).at(server.port)
        sending.run("send", SLUG, "--wave", BUREAU, "--wave", "social@+30m", "--wave", "economie@+30m", "--yes")
        answered(sending, ("dispatches", "release", "1"), ("dispatches", *other, "--yes"), code=code)
        assert len(sending.query("SELECT id FROM audit WHERE action = 'dispatches.release'")) == code - 2


def test_an_hour_given_and_a_pause_made_meanwhile_stand(office: Office, moving_clock: MovingClock) -> None:
    moving_clock.set(MORNING)
    sending = office.by(moving_clock)
    sending.send(SLUG, BUREAU, more=("--at", "16:00"))
    earlier = ("dispatches", "reschedule", "1", "--at", "15:00")
    answered(sending, earlier, ("dispatches", "reschedule", "1", "--at", "17:00", "--not-after", "17:30", "--yes"))
    assert state_of(sending)["not_after"] is not None
    answered(sending, earlier, ("dispatches", "pause", "1", "--because", "a wrong figure"))
    assert state_of(sending)["state"] == "paused"


def test_a_log_read_for_one_doubt_does_not_end_the_next(office: Office) -> None:
    """Meanwhile they are sent to again by somebody's word, and again there is no answer."""
    with running(Script(faults=(Fault("body", "drop", recipient=SHORT_LIST[0].spec),))) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        ((message_id,),) = sending.query("SELECT message_id FROM delivery WHERE state = 'in_doubt'")
        log = office.path.parent / "mail.log"
        moment = datetime.now(UTC).isoformat()
        log.write_text(
            f"{moment} mail postfix/cleanup[21]: 4A1B2C3D4E: message-id=<{message_id.strip('<>')}>\n"
            f"{moment} mail postfix/smtp[22]: 4A1B2C3D4E: to=<{HIM}>, relay=mx[192.0.2.1]:25,"
            " delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok)\n",
            encoding="utf-8",
        )
        answered(
            sending,
            ("dispatches", "resolve", "1", "--from-maillog", str(log)),
            ("dispatches", "resolve", "1", HIM, "--as", "not-accepted"),
            ("work", "--once"),
            code=0,
        )
        assert list(sending.in_doubt()) == [HIM]


def test_no_other_text_is_sent_than_the_correction_that_was_shown(office: Office) -> None:
    """Meanwhile the wrong text reaches one more, so that all is proved again, and the correction is edited."""
    with running(
        Script(faults=(Fault("rcpt", reply="550 5.1.1 No", recipient=SHORT_LIST[0].spec, times=1),))
    ) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        sending.run("releases", "correct", SLUG, write(office, "first.txt", communique().replace(WRONG, RIGHT)))
        edited = write(office, "second.txt", communique().replace(WRONG, f"{RIGHT} environ"))
        answered(
            sending,
            ("send", CORRECTION),
            ("dispatches", "retry", "1", "--contact", HIM, "--yes"),
            ("dispatches", "resume", "1"),  # by name, knowing that it is being corrected
            ("releases", "import", edited, "--slug", CORRECTION),
        )
        assert len(server.accepted) == len(SHORT_LIST)

"""What a press officer reads on the day: a way out of every refusal, nothing missing from a dry run, no odd plural."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from movingclock import MovingClock
from office import BUREAU, SHORT_LIST, SLUG, Office, communique, finish, one_sentence
from smtpserver import Fault, Script, running
from test_corrections_sent import CORRECTION, corrected


@pytest.fixture
def told(office: Office) -> Iterator[Office]:
    """The office when the short list has the release, with its mistake."""
    with running() as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU)
        sending.run("releases", "correct", SLUG, corrected(sending))
        yield sending


def test_a_dry_run_of_a_correction_says_who_has_to_sign(told: Office) -> None:
    signing = told.at(int(told.settings["DISTRIBUTOR_SMTP_PORT"]), sign_offs="1")
    ran = signing.run("send", CORRECTION, "--dry-run")
    assert f"distributor releases sign-off {CORRECTION} --by NAME" in ran.out
    assert signing.json("send", CORRECTION, "--dry-run")["sign_off"]["missing"] == 1
    signing.run("releases", "sign-off", CORRECTION, "--by", "Anne Kerloc'h")
    assert "Signed off by Anne Kerloc'h" in signing.run("send", CORRECTION, "--dry-run").out


def test_a_correction_counts_nobody_who_is_not_there(told: Office) -> None:
    many = len(SHORT_LIST)
    said = told.run("send", CORRECTION, "--yes").out
    assert f"{many} recipients have the wrong text and get the correction." in said
    assert not re.search(r"\b0 ", said)
    again = told.run("send", CORRECTION, "--yes").out
    assert "Nobody is known to have the wrong text who was not told." in again
    assert not re.search(r"\b0 ", again)


FIRST, SECOND = SHORT_LIST[0], SHORT_LIST[1]


def test_who_is_in_doubt_is_named_at_the_end_with_the_way_to_find_out(office: Office) -> None:
    script = Script((Fault("body", "drop", recipient=FIRST.spec, times=1),))
    with running(script) as server:
        ran = office.at(server.port).send(SLUG, BUREAU, code=5)
    assert f"In doubt: {FIRST.spec}" in ran.out
    assert "distributor dispatches resolve 1" in ran.out
    assert "distributor dispatches resolve 1" in office.run("dispatches", "show", "1").out


def test_somebody_named_is_sent_to_again_without_a_state(office: Office) -> None:
    script = Script((Fault("rcpt", reply="550 5.1.1 No such user", recipient=FIRST.spec, times=1),))
    with running(script) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        refused = sending.run("dispatches", "retry", "1", "--state", "rejected", "--yes", code=3)
        assert "--contact" in refused.out
        sending.run("dispatches", "retry", "1", "--contact", FIRST.spec, "--yes")
        assert [one.recipient for one in server.accepted].count(FIRST.spec) == 1
        gone = sending.run("dispatches", "retry", "1", "--contact", FIRST.spec, "--yes", code=2)
        assert "expired or rejected" in one_sentence(gone)


def test_a_cancelled_dispatch_speaks_of_doubts_only_where_there_are_some(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, more=["--at", "tomorrow 9:00"])
        sending.run("dispatches", "cancel", "1", "--yes")
        said = one_sentence(sending.run("dispatches", "resume", "1", code=2))
    assert "doubt" not in said
    assert f"distributor send {SLUG}" in said


def embargoed(office: Office, slug: str = "sous-embargo") -> Office:
    """The office with a release under embargo until a year far away."""
    file = office.path / f"{slug}.txt"
    file.write_text(f"---\ntitle: L’hôpital rouvre\nembargo: 2199-12-01T18:00\n---\n{communique()}", encoding="utf-8")
    office.run("releases", "import", str(file), "--slug", slug)
    return office


def test_how_somebody_agreed_may_be_said_later(office: Office) -> None:
    waiting = embargoed(office)
    agree = ("releases", "accept-embargo", "sous-embargo", FIRST.address)
    waiting.run(*agree)
    assert "how it was agreed is noted" in waiting.run(*agree, "--how", "by telephone, 9:40").out
    (one,) = waiting.json("releases", "embargo", "sous-embargo")["acceptances"]
    assert one["how"] == "by telephone, 9:40"
    assert "had agreed already" in waiting.run(*agree).out
    (one,) = waiting.json("releases", "embargo", "sous-embargo")["acceptances"]
    assert one["how"] == "by telephone, 9:40"


def test_who_agrees_to_an_embargo_that_is_not_there_is_told_so(office: Office) -> None:
    said = office.run("releases", "accept-embargo", SLUG, FIRST.address, "--how", "by telephone").out
    assert f"«{SLUG}» is under no embargo now" in said
    assert f"distributor releases embargo {SLUG} --at" in said


def test_an_embargo_is_moved_in_the_words_of_a_send(office: Office) -> None:
    waiting = embargoed(office)
    waiting.run("releases", "embargo", "sous-embargo", "--at", "demain 19 h", "--yes")
    until = datetime.fromisoformat(waiting.json("releases", "embargo", "sous-embargo")["embargo_until"])
    assert 0 < (until - datetime.now(UTC)).total_seconds() < 2 * 24 * 60 * 60
    wrong = one_sentence(waiting.run("releases", "embargo", "sous-embargo", "--at", "demian 19:00", code=2))
    assert "«demian»" in wrong
    assert "front matter" not in wrong


def test_a_notice_of_an_embargo_is_not_on_the_agenda(office: Office) -> None:
    waiting = embargoed(office)
    waiting.run("releases", "accept-embargo", "sous-embargo", FIRST.address)
    with running() as server:
        sending = waiting.at(server.port)
        sending.send("sous-embargo", BUREAU)
        sending.run("releases", "embargo", "sous-embargo", "--at", "2199-12-02T18:00", "--tell", "--yes")
    embargoes = [
        one["release"] for one in sending.json("agenda") if one["kind"] == "embargo" and not one["dispatch_id"]
    ]
    assert embargoes == ["sous-embargo"]


def test_one_who_agreed_gets_it_and_one_waits(office: Office) -> None:
    waiting = embargoed(office)
    waiting.run("releases", "accept-embargo", "sous-embargo", FIRST.address)
    pair = ("--list", BUREAU, "--where", f"address:{FIRST.address} or address:{SECOND.address}", "--dry-run")
    said = waiting.run("send", "sous-embargo", *pair, "--at", "tomorrow 9:00").out
    assert "1 recipient has agreed to it and gets it at its start; 1 waits for it." in said
    alone = ("--list", BUREAU, "--where", f"address:{SECOND.address}", "--dry-run")
    assert ": nobody has agreed to it; 1 waits for it." in waiting.run("send", "sous-embargo", *alone).out


def test_an_exclusive_for_nobody_says_what_may_be_named(office: Office) -> None:
    said = one_sentence(
        office.run("send", SLUG, "--list", BUREAU, "--exclusive", "Agence Oust", "--for", "2h", "--dry-run", code=2)
    )
    assert "No contact and no outlet" in said
    assert "distributor outlets list" in said


def test_the_manifest_of_a_recalled_dispatch_misses_nobody_who_was_on_it(office: Office) -> None:
    """What differs is what differed when it was planned: a cancel leaves nobody out of it."""
    with running() as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU)
        file = office.path / "autre.txt"
        file.write_text(f"---\ntitle: Une autre nouvelle\n---\n{communique()}", encoding="utf-8")
        sending.run("releases", "import", str(file), "--slug", "autre")
        sending.run("suppressions", "add", FIRST.address, "--source", "phone")
        sending.send("autre", BUREAU, more=["--at", "tomorrow 9:00"])
        planned = sending.json("dispatches", "manifest", "2")["difference"]
        sending.run("dispatches", "cancel", "2", "--yes")
    assert planned["missing"] == [FIRST.name]
    assert sending.json("dispatches", "manifest", "2")["difference"] == planned


def test_the_doctor_shows_quiet_hours_as_they_are_written(office: Office) -> None:
    shown = {one["name"]: one["value"] for one in _examined(office)}
    assert shown["DISTRIBUTOR_QUIET_HOURS"] == ""
    quiet = "21:00-07:00, weekends, french-holidays"
    with (office.path / ".env").open("a", encoding="utf-8") as settings:
        settings.write(f"DISTRIBUTOR_QUIET_HOURS={quiet}\n")
    shown = {one["name"]: one["value"] for one in _examined(office)}
    assert shown["DISTRIBUTOR_QUIET_HOURS"] == quiet


def _examined(office: Office) -> list[dict[str, str]]:
    process = office.start("doctor", "--offline", "--json")
    return list(json.loads(finish(process, 0, 2).out)["settings"])


def test_a_log_that_is_not_there_is_named_with_a_way_out(office: Office) -> None:
    script = Script((Fault("body", "drop", recipient=FIRST.spec, times=1),))
    with running(script) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
    said = one_sentence(sending.run("dispatches", "resolve", "1", "--from-maillog", "mial.log", code=2))
    assert said == "mial.log: There is no such file. Check the name."


def test_a_pause_by_a_server_that_is_not_there_ends_in_one_full_stop(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port)
    sending.send(SLUG, BUREAU, code=4)
    said = sending.run("agenda").out
    assert "recipients waiting: Nothing answers at" in said
    assert ".." not in said


def test_a_retry_goes_to_the_address_that_was_mended(office: Office) -> None:
    script = Script((Fault("rcpt", reply="550 5.1.1 No such user", recipient=FIRST.spec),))
    with running(script) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        named = ("dispatches", "retry", "1", "--contact", FIRST.spec, "--dry-run")
        assert "another address by now" not in sending.run(*named).out
        sending.run("contacts", "edit", FIRST.spec, "--address", "mended@example.com")
        said = sending.run("dispatches", "retry", "1", "--state", "rejected", "--dry-run").out
        assert f"{FIRST.name} has another address by now: mended@example.com. It goes there." in said
        sending.run("dispatches", "retry", "1", "--state", "rejected", "--yes")
        journal = [one.recipient for one in server.accepted]
    assert journal.count("mended@example.com") == 1
    assert FIRST.spec not in journal
    (one,) = sending.query("SELECT state, attempts, domain FROM delivery WHERE address = 'mended@example.com'")
    assert one == ("accepted", 2, "example.com")
    ((details,),) = sending.query("SELECT details FROM audit WHERE action = 'dispatches.retry'")
    assert [FIRST.spec, "mended@example.com"] in json.loads(details)["moved"].values()


def test_who_may_have_it_is_sent_to_again_where_it_may_lie(office: Office) -> None:
    with running(Script((Fault("body", do="accept_then_drop", recipient=FIRST.spec),))) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        sending.run("contacts", "edit", FIRST.spec, "--address", "mended@example.com")
        said = sending.run("dispatches", "retry", "1", "--state", "in_doubt", "--dry-run").out
    assert "It goes to the former one, where it may lie already." in said


def test_a_dispatch_without_a_doubt_says_so(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU)
    assert "Dispatch 1: nobody is in doubt." in sending.run("dispatches", "resolve", "1").out


def test_a_dispatch_that_is_done_stays_done_at_its_hour(office: Office, moving_clock: MovingClock) -> None:
    with running() as server:
        sending = office.at(server.port).by(moving_clock)
        sending.send(SLUG, BUREAU)
        ended = sending.json("dispatches", "show", "1")["finished_at"]
        moving_clock.move(minutes=5)
        sending.run("dispatches", "resume", "1")
    assert sending.json("dispatches", "show", "1")["finished_at"] == ended


def test_a_server_that_wants_a_login_is_told_of_with_what_to_set(office: Office) -> None:
    with running(Script(users={"presse": "geheim"})) as server:
        sending = office.at(server.port)
        assert "takes us without a login: no user name is set" in sending.run("accounts", "check").out
        said = one_sentence(sending.send(SLUG, BUREAU, code=4))
    assert "530" in said
    assert "Set the user name and the password that it wants (distributor accounts show default)." in said
    assert "Then: distributor dispatches resume 1" in said


def test_a_log_of_events_is_none_of_the_files_of_the_workspace(office: Office) -> None:
    before = (office.path / "press.db").read_bytes()
    spoilt = office.at(1, log_file="press.db")
    said = one_sentence(spoilt.send(SLUG, BUREAU, code=2))
    assert said.startswith("DISTRIBUTOR_LOG_FILE: press.db is one of the workspace's own files.")
    assert b'"event"' not in (office.path / "press.db").read_bytes()[len(before) :]


def test_an_address_to_copy_to_is_not_taken_for_the_setting(office: Office) -> None:
    for address in ("nonsense", "postgresql://press@127.0.0.1:1/press", "sqlite:///no-folder/press.db"):
        said = one_sentence(office.run("db", "copy", address, code=2))
        assert "DATABASE_URL" not in said
        assert "URL" in said


def test_a_preset_that_is_not_there_is_told_before_the_server_it_would_have_named(office: Office) -> None:
    said = one_sentence(office.run("accounts", "add", "relais", "--preset", "gmial", code=2))
    assert said == "--preset: There is no preset «gmial». Did you mean gmail? See: distributor accounts presets"


def test_a_dispatch_that_waits_for_its_account_has_not_stopped(office: Office, moving_clock: MovingClock) -> None:
    """Nothing but time lets it go on: no command is named that would."""
    with running() as server:
        sending = office.at(server.port, smtp_per_hour="4").by(moving_clock)
        sending.send(SLUG, BUREAU, code=5)
        moving_clock.move(minutes=5)
        said = sending.run("report", SLUG).out
        assert "distributor work goes on by itself" in said
        assert "dispatches resume" not in said
        lift = one_sentence(sending.run("accounts", "lift", "account", code=2))
        assert "What is used up comes back by itself" in lift
        assert "nothing leaves" in sending.run("agenda").err

"""A release day from the signature to the follow-up, by the real command line and a clock that the test moves."""

from __future__ import annotations

import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from movingclock import MovingClock
from office import BUREAU, SHORT_LIST, SLUG, Office, communique, finish, hold_after, one_sentence, until, until_looked
from smtpserver import Accepted, running
from warmcommand import WarmCommand

PARIS = ZoneInfo("Europe/Paris")
MORNING = datetime(2026, 12, 1, 9, tzinfo=UTC)
EVENING = datetime(2026, 12, 1, 17, tzinfo=UTC)
AGENCIES, OTHERS = SHORT_LIST[:2], SHORT_LIST[2:]
THIRD = len(SHORT_LIST) // 3
WRONG, RIGHT = "depuis quatorze mois", "depuis dix-sept mois"
CORRECTION = f"{SLUG}-rectificatif"
FOLLOW_UP = f"{CORRECTION}-relance"


def body(one: Accepted) -> str:
    parsed = message_from_bytes(one.message, policy=policy.default)
    return " ".join(str(parsed.get_body(("plain",)).get_content()).split())  # type: ignore[union-attr]


def release_file(office: Office, name: str, text: str) -> str:
    path = office.path / name
    head = f"---\ntitle: L’hôpital rouvre ses urgences\nembargo: {EVENING.isoformat()}\n---\n"
    path.write_text(head + text, encoding="utf-8")
    return str(path)


def at_work(office: Office, clock: MovingClock) -> WarmCommand:
    process = office.start("work")
    until_looked(process, clock)
    return process


@pytest.mark.parametrize("is_killed", [False, True], ids=["undisturbed", "killed"])
def test_a_release_day(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_killed: bool) -> None:
    clock = MovingClock(tmp_path / "clock", MORNING)
    text = communique(MORNING.astimezone(PARIS).date())
    with running() as server:
        own = office.at(server.port, sign_offs="1", smtp_connections="2").by(clock)
        own.run("releases", "import", release_file(own, "a.txt", text), "--slug", SLUG)
        assert "Nobody has signed" in one_sentence(own.send(SLUG, BUREAU, code=3))

        # Signed, edited: the signature is void, and it is said why.
        own.run("releases", "sign-off", SLUG, "--by", "Anne Kerloc'h", "--list", BUREAU)
        edited = text.replace("L’hôpital", "L’hôpital public", 1)
        own.run("releases", "import", release_file(own, "a.txt", edited), "--slug", SLUG)
        refused = own.send(SLUG, BUREAU, code=3)
        assert "was edited" in refused.text
        assert not server.accepted
        own.run("releases", "sign-off", SLUG, "--by", "Anne Kerloc'h", "--list", BUREAU)

        # Two agencies have agreed to the embargo, and have it before; the others wait for its end.
        own.run("releases", "accept-embargo", SLUG, *(one.address for one in AGENCIES), "--how", "by telephone")
        own.send(SLUG, BUREAU)
        assert sorted(one.recipient for one in server.accepted) == sorted(one.spec for one in AGENCIES)
        work = at_work(own, clock)
        clock.set(EVENING - timedelta(seconds=1))
        until_looked(work, clock)
        assert len(server.accepted) == len(AGENCIES)

        # The lift; a mistake is seen while a third of the list still waits.
        many = len(SHORT_LIST) - THIRD
        go_on = hold_after(server, many, monkeypatch)
        clock.set(EVENING)
        until(lambda: len(server.accepted) >= many, "most have it", process=work)
        if is_killed:
            work.kill()
            finish(work, -signal.SIGKILL)
        own.run("releases", "correct", SLUG, release_file(own, "b.txt", edited.replace(WRONG, RIGHT)))
        go_on.set()
        if not is_killed:
            work.terminate()
            finish(work, 130)
        assert "Nobody has signed" in one_sentence(own.run("send", CORRECTION, "--yes", code=3))
        own.run("releases", "sign-off", CORRECTION, "--by", "Paul Le Bris")
        finish(own.start("send", CORRECTION, "--yes"), 0, 5)
        for doubtful in own.in_doubt():  # killed in the middle: the journal says who has it
            has_it = any(one.recipient == doubtful for one in server.accepted)
            own.run("dispatches", "resolve", "1", doubtful, "--as", "accepted" if has_it else "not-accepted")
        finish(own.start("send", CORRECTION, "--yes"), 0, 5)

        texts = Counter((one.recipient, RIGHT in body(one)) for one in server.accepted)
        assert set(texts.values()) == {1}, "nobody got one text twice"
        assert {who for who, is_right in texts if is_right} == {one.spec for one in SHORT_LIST}, (
            "all have the right one"
        )
        wrong = {who for who, is_right in texts if not is_right}
        assert {one.spec for one in AGENCIES} <= wrong < {one.spec for one in SHORT_LIST}

        # Who has which text; who signed; the next day, the right people are reminded, once.
        chain = own.json("report", SLUG)["chain"]
        assert [step["release"] for step in chain["steps"]] == [SLUG, CORRECTION]
        assert sum(one["recipients"] for one in chain["who_has"]) == len(SHORT_LIST)
        assert "Paul Le Bris" in own.run("report", CORRECTION).out
        clock.set(MORNING + timedelta(days=1))
        own.run("suppressions", "add", OTHERS[0].address, "--source", "phone")
        own.run("releases", "follow-up", CORRECTION)
        own.run("releases", "sign-off", FOLLOW_UP, "--by", "Anne Kerloc'h")
        before = len(server.accepted)
        finish(own.start("send", FOLLOW_UP, "--yes"), 0, 5)
        reminded = {one.recipient for one in server.accepted[before:]}
        assert OTHERS[0].spec not in reminded
        assert reminded == {one.spec for one in SHORT_LIST} - {OTHERS[0].spec}
        done = {action for (action,) in own.query("SELECT DISTINCT action FROM audit")}
        assert {"releases.sign-off", "send.correction"} <= done
        assert server.violations == []

"""Follow-ups that wait for their hour: whoever answers meanwhile, or no longer should get one, is withheld first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from movingclock import MovingClock
from office import SHORT_LIST, SLUG, Office, communique, finish, hold_after, one_sentence, until
from smtpserver import ScriptedServer
from test_release_hours import press_day
from test_release_hours import schedule as schedule_first

NAME = f"{SLUG}-relance"
ANSWERED, BOUNCED, AWAY, OBJECTED, WRITTEN, DESK = SHORT_LIST[:6]
REST = SHORT_LIST[6:11]
COLLEAGUE = SHORT_LIST[11]
"""Of the same outlet as who has written."""
NINE = datetime(2026, 12, 2, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Reminding:
    """A release that was sent on Tuesday, with a follow-up that waits for Wednesday, nine o'clock."""

    office: Office
    server: ScriptedServer
    clock: MovingClock

    def reminded(self) -> set[str]:
        """Who got the follow-up."""
        return {one.recipient for one in self.server.accepted[len(SHORT_LIST) :]}

    def withheld(self) -> dict[str, str]:
        """Who of the follow-up was withheld, and why."""
        return {one["address"]: one["reason"] for one in self.office.deliveries("withheld") if one["dispatch_id"] == 2}


@pytest.fixture
def clock(tmp_path: Path) -> MovingClock:
    """Tuesday 1 December 2026, nine in the morning in Paris."""
    return MovingClock(tmp_path / "clock", datetime(2026, 12, 1, 8, tzinfo=UTC))


@pytest.fixture
def waiting(office: Office, clock: MovingClock) -> Iterator[Reminding]:
    with press_day(office, clock) as (own, server):
        schedule_first(own, "9:30")
        clock.set(datetime(2026, 12, 1, 8, 30, tzinfo=UTC))
        own.run("work", "--once")
        clock.move(hours=1)
        own.run("releases", "follow-up", SLUG)
        own.run("send", NAME, "--at", "2026-12-02 09:00", "--yes")
        assert {one["state"] for one in own.deliveries() if one["dispatch_id"] == 2} == {"queued"}
        clock.move(hours=1)
        yield Reminding(own, server, clock)
        assert server.violations == []


def test_whoever_answered_bounced_is_away_or_wrote_meanwhile_is_withheld_with_the_reason(waiting: Reminding) -> None:
    own = waiting.office
    waiting.office.reads(ANSWERED, "Re: urgences", "Merci, pouvez-vous me donner le nombre de postes ?")
    waiting.office.reads(
        AWAY, "Absence du bureau", "Je suis absent du bureau, de retour le 07/12/2026.", automatic=True
    )
    own.change(f"UPDATE delivery SET state = 'bounced' WHERE address = '{BOUNCED.spec}' AND dispatch_id = 1")
    own.run("suppressions", "add", OBJECTED.address)
    own.change(f"UPDATE contact SET flag = 'desk' WHERE address = '{DESK.spec}'")
    outlet = own.query(f"SELECT outlet FROM delivery WHERE address = '{WRITTEN.spec}'")[0][0]
    own.run("coverage", "add", "https://tele-garonne.example/urgences", "--release", SLUG, "--outlet", outlet)
    waiting.clock.set(NINE)
    ran = own.run("work", "--once")
    assert waiting.reminded() == {person.spec for person in REST}
    reasons = waiting.withheld()
    assert reasons == {
        ANSWERED.spec: "not followed up: answered on 2026-12-01",
        BOUNCED.spec: "not followed up: it came back (dispatch 1)",
        AWAY.spec: "not followed up: is out of office until 2026-12-07",
        OBJECTED.spec: "objection",
        COLLEAGUE.spec: "not followed up: the outlet has written about it",
        WRITTEN.spec: "not followed up: the outlet has written about it",
        DESK.spec: "not followed up: is a desk's address: nobody there was written to in person",
    }
    assert "7 recipients are not followed up after all; why: distributor dispatches manifest 2" in ran.text
    report = own.json("report", "2")
    told = {one["address"]: one["reason"] for one in report["recipients"] if one["state"] == "withheld"}
    assert told[ANSWERED.spec] == "not followed up: answered on 2026-12-01"
    assert "answered on 2026-12-01" in " ".join(own.run("report", "2").out.split())
    frozen = own.json("dispatches", "manifest", "2")
    left_out = {one["address"]: (one["reason"], one["because"]) for one in frozen["left_out"]}
    assert left_out[ANSWERED.spec] == ("not followed up", "answered on 2026-12-01")
    assert ANSWERED.spec not in {one["address"] for one in frozen["recipients"]}
    assert own.query("SELECT count(*) FROM audit WHERE action = 'dispatches.withhold'") == [(1,)]


def test_a_start_that_is_moved_to_the_day_of_the_release_reminds_nobody(waiting: Reminding) -> None:
    waiting.office.run("dispatches", "reschedule", "2", "--at", "now", "--yes")
    waiting.office.run("work", "--once")
    assert waiting.reminded() == set()
    assert set(waiting.withheld().values()) == {"not followed up: has had it since today: from tomorrow on"}


def test_a_follow_up_of_what_was_corrected_or_withdrawn_meanwhile_never_leaves(waiting: Reminding) -> None:
    own = waiting.office
    own.run("releases", "retract", SLUG, "--because", "Les urgences ne rouvriront pas.")
    own.run("send", f"{SLUG}-annulation", "--yes")
    before = len(waiting.server.accepted)
    waiting.clock.set(NINE)
    own.run("work", "--once")
    assert len(waiting.server.accepted) == before
    assert set(waiting.withheld().values()) == {f"withdrawn by «{SLUG}-annulation»"}
    assert own.query("SELECT state FROM dispatch WHERE id = 2") == [("cancelled",)]
    said = one_sentence(own.run("send", NAME, "--yes", code=3))
    assert f"was withdrawn by «{SLUG}-annulation»" in said


def test_an_answer_that_comes_while_it_is_sent_counts(waiting: Reminding, monkeypatch: pytest.MonkeyPatch) -> None:
    own, server = waiting.office, waiting.server
    waiting.clock.set(NINE, runs=True)
    go_on = hold_after(server, len(server.accepted) + 1, monkeypatch)
    work = own.at(server.port, smtp_connections="1").start("work", "--once")
    until(lambda: len(server.accepted) == len(SHORT_LIST) + 1, "one has left", process=work)
    waits = [one for one in own.deliveries("queued", "claimed") if one["dispatch_id"] == 2]
    person = next(one for one in SHORT_LIST if one.spec == waits[-1]["address"])
    waiting.office.reads(person, "Re: urgences", "Oui, appelez-moi.")
    until(lambda: person.spec in waiting.withheld(), "they are withheld", process=work)
    go_on.set()
    finish(work, 0)
    assert waiting.reminded() == {one.spec for one in SHORT_LIST} - {person.spec}


def test_whoever_answered_the_text_that_was_corrected_is_not_reminded_of_the_correction(waiting: Reminding) -> None:
    own = waiting.office
    waiting.office.reads(ANSWERED, "Re: urgences", "Merci, je vous appelle.")
    file = own.path / "corrige.txt"
    said = communique(waiting.clock.now().date())
    file.write_text(said.replace("depuis quatorze mois", "depuis dix-sept mois"), encoding="utf-8")
    own.run("releases", "correct", SLUG, str(file))
    waiting.clock.move(minutes=5)
    own.run("send", f"{SLUG}-rectificatif", "--yes")
    waiting.clock.set(NINE)
    shown = own.json("releases", "follow-up", f"{SLUG}-rectificatif", "--dry-run")
    assert {one["address"]: one["because"] for one in shown["left_out"]} == {ANSWERED.address: "answered on 2026-12-01"}

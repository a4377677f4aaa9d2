"""Follow-ups by the real command: who is reminded and who is not, in which words, and never twice."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from office import BUREAU, SHORT_LIST, SLUG, Office, finish, one_sentence, shared
from smtpserver import Accepted, Fault, Script, ScriptedServer, running

REFUSED, ANSWERED, AWAY, BACK, OBJECTED, BOUNCED, DESK, VAGUE = SHORT_LIST[:8]
REST = SHORT_LIST[8:]
NAME = f"{SLUG}-relance"
TROUBLE = Script(faults=(Fault("rcpt", reply="552 5.2.2 Mailbox full", recipient=REFUSED.spec, times=1),))


@dataclass(frozen=True)
class Sent:
    """A release that went out yesterday, and what came back since."""

    office: Office
    server: ScriptedServer

    def a_day_passes(self) -> None:
        for column in ("accepted_at", "updated_at"):
            self.office.change(f"UPDATE delivery SET {column} = datetime({column}, '-1 day')")
        self.office.change("UPDATE feedback_event SET received_at = datetime(received_at, '-1 hour')")

    def why(self) -> dict[str, str]:
        """Who is not followed up, and why."""
        shown = self.office.json("releases", "follow-up", SLUG, "--dry-run")
        return {one["name"]: one["because"] for one in shown["left_out"]}


@pytest.fixture(scope="module")
def sent_once(prepared_office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    """What all tests here begin with; not to be changed."""
    with running(TROUBLE) as server:
        sending = prepared_office.copied_to(tmp_path_factory.mktemp("sent")).at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        assert server.violations == []
        yield Sent(sending, server)


@pytest.fixture(scope="module")
def a_day_later(sent_once: Sent, tmp_path_factory: pytest.TempPathFactory) -> Sent:
    """A day later, with an answer, two absences, an objection, a bounce and a desk; not to be changed."""
    office = sent_once.office.copied_to(tmp_path_factory.mktemp("later"))
    later = Sent(office, sent_once.server)
    later.a_day_passes()
    today = datetime.now(ZoneInfo("Europe/Paris")).date()
    office.reads(ANSWERED, "Re: urgences", "Merci, pouvez-vous me donner le nombre de postes ?")
    back = f"{today + timedelta(days=3):%d/%m/%Y}"
    office.reads(AWAY, "Absence du bureau", f"Je suis absent du bureau, de retour le {back}.", automatic=True)
    gone = f"{today:%d/%m/%Y}"
    office.reads(BACK, "Absence du bureau", f"Je suis absente du bureau, de retour le {gone}.", automatic=True)
    office.reads(VAGUE, "Absence du bureau", "Je suis absent du bureau.", automatic=True)
    office.run("suppressions", "add", OBJECTED.address)
    office.change(f"UPDATE delivery SET state = 'bounced' WHERE address = '{BOUNCED.spec}'")
    office.change(f"UPDATE contact SET flag = 'desk' WHERE address = '{DESK.spec}'")
    return later


@contextmanager
def copied(sent: Sent, folder: Path) -> Iterator[Sent]:
    """The same, in an office of a test's own."""
    own = sent.office.copied_to(folder)
    with shared(sent.server) as server:
        yield Sent(own, server)
        own.close()


@pytest.fixture
def sent(sent_once: Sent, tmp_path: Path) -> Iterator[Sent]:
    with copied(sent_once, tmp_path) as own:
        yield own


@pytest.fixture
def later(a_day_later: Sent, tmp_path: Path) -> Iterator[Sent]:
    with copied(a_day_later, tmp_path) as own:
        yield own


def test_on_the_same_day_nobody_is_followed_up(sent: Sent) -> None:
    why = sent.why()
    assert len(why) == len(SHORT_LIST)
    assert why[REFUSED.name] == "was refused (dispatch 1)"
    others = {words for name, words in why.items() if name != REFUSED.name}
    assert others == {"has had it since today: from tomorrow on"}
    sent.office.run("releases", "follow-up", SLUG)
    ran = sent.office.run("send", NAME, "--yes", code=2)
    assert "There is nobody to send to" in one_sentence(ran)


def test_everybody_is_listed_with_the_reason(later: Sent) -> None:
    day = datetime.now(ZoneInfo("Europe/Paris")).date() + timedelta(days=3)
    why = later.why()
    assert why.pop(ANSWERED.name).startswith("answered on 20")
    assert why == {
        REFUSED.name: "was refused (dispatch 1)",
        AWAY.name: f"is out of office until {day}",
        VAGUE.name: "was out of office, and did not say until when",
        OBJECTED.name: "objected to our mail",
        BOUNCED.name: "it came back (dispatch 1)",
        DESK.name: "is a desk's address: nobody there was written to in person",
    }
    assert later.office.query("SELECT count(*) FROM release") == [(1,)]


def test_who_says_only_the_month_is_away_until_it_is_over(later: Sent) -> None:
    """No day is made up: the first of the month would be too early, and of one that has begun nobody knows."""
    today = datetime.now(ZoneInfo("Europe/Paris")).date()
    months = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
              "novembre", "décembre")  # fmt: skip
    past = today.replace(day=1) - timedelta(days=1)
    for person, day in ((REST[0], today), (REST[1], past)):
        words = f"En congé, de retour en {months[day.month - 1]} {day.year}."
        later.office.reads(person, "Absence du bureau", words, automatic=True)
    why = later.why()
    assert why[REST[0].name] == f"is out of office until some day in {today:%Y-%m}"
    assert REST[1].name not in why
    waiting = {one["address"]: one["details"] for one in later.office.json("feedback", "list", "--waiting")}
    assert f"back in {today:%Y-%m}" in waiting[REST[0].spec]["note"]


def read(accepted: Accepted) -> EmailMessage:
    return email.message_from_bytes(accepted.message, policy=email.policy.default)  # type: ignore[return-value]


def test_the_right_people_get_a_short_word_above_the_release_in_its_thread(later: Sent) -> None:
    made = later.office.run("releases", "follow-up", SLUG).out
    assert f"The follow-up of «{SLUG}» is «{NAME}», version 1. Nothing was sent." in made
    shown = later.office.run("send", NAME, "--dry-run").out
    assert "5 recipients; left out: 6 not to be followed up, 1 for an objection" in shown
    assert f"{ANSWERED.name}: answered on" in shown
    before = len(later.server.accepted)
    later.office.run("send", NAME, "--yes")
    messages = later.server.accepted[before:]
    assert {one.recipient for one in messages} == {person.spec for person in (BACK, *REST)}
    first = next(one for one in messages if one.recipient == BACK.spec)
    message = read(first)
    original = next(one for one in later.server.accepted[:before] if one.recipient == BACK.spec)
    assert message["Subject"] == "Re : L’hôpital de Kerlann rouvre ses urgences de nuit"
    assert message["In-Reply-To"] == message["References"] == original.message_id
    assert message["Message-ID"] != original.message_id
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert text.startswith(BACK.greeting)
    places = [
        text.index(words)
        for words in (
            BACK.greeting, "Je me permets de revenir vers vous", "Bien à vous,", "Maëlle Quéméneur",
            "COMMUNIQUÉ DE PRESSE", "Brest, le ", "L’hôpital de Kerlann rouvre", "salue la réouverture",
            "CONTACT PRESSE", "Ne plus recevoir",
        )
    ]  # fmt: skip
    assert places == sorted(places)
    assert "RELANCE" not in text
    assert "Pour diffusion immédiate" not in text
    html = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "Re : " not in html.partition("<body")[2].replace("preheader", "")
    assert "<hr" in html


def test_nobody_is_followed_up_twice_whatever_the_words(later: Sent) -> None:
    later.office.run("releases", "follow-up", SLUG)
    later.office.run("send", NAME, "--yes")
    sent_so_far = len(later.server.accepted)
    words = later.office.path / "mots.txt"
    words.write_text("Avez-vous pu voir notre communiqué ?\n\nMaëlle Quéméneur", encoding="utf-8")
    again = later.office.run("releases", "follow-up", SLUG, str(words)).out
    assert "version 2" in again
    assert f"{BACK.name}: was followed up on 20" in again
    later.office.run("send", NAME, "--yes", code=2)
    later.office.run("send", NAME, "--again", "--yes", code=2)
    assert len(later.server.accepted) == sent_so_far
    assert "is itself a follow-up" in one_sentence(later.office.run("releases", "follow-up", NAME, code=2))


def test_two_commands_at_once_follow_up_once(later: Sent) -> None:
    later.office.run("releases", "follow-up", SLUG)
    before = len(later.server.accepted)
    both = [later.office.start("send", NAME, "--yes") for _ in range(2)]
    codes = sorted(finish(one, 0, 2, 3).code for one in both)
    assert codes[0] == 0
    assert codes[1] in {2, 3}
    reached = [one.recipient for one in later.server.accepted[before:]]
    assert sorted(reached) == sorted(person.spec for person in (BACK, *REST))


def test_own_words_and_a_narrower_choice(later: Sent) -> None:
    words = later.office.path / "mots.md"
    words.write_text("Avez-vous pu voir **notre communiqué** ?\n\nMaëlle Quéméneur", encoding="utf-8")
    later.office.run("releases", "follow-up", SLUG, str(words))
    one = REST[0]
    later.office.run("lists", "create", "rappel")
    later.office.run("lists", "add", "rappel", one.address)
    before = len(later.server.accepted)
    later.office.run("send", NAME, "--list", "rappel", "--yes")
    (only,) = later.server.accepted[before:]
    assert only.recipient == one.spec
    assert "Avez-vous pu voir" in read(only).get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_the_report_of_the_release_says_who_was_followed_up_and_what_came_of_it(later: Sent) -> None:
    later.office.run("releases", "follow-up", SLUG)
    later.office.run("send", NAME, "--yes")
    number = next(one["message_id"] for one in later.office.deliveries() if one["dispatch_id"] == 2)
    who = next(one for one in later.office.deliveries() if one["message_id"] == number)
    person = next(one for one in SHORT_LIST if one.spec == who["address"])
    message = EmailMessage()
    message["From"], message["Subject"], message["In-Reply-To"] = person.spec, "Re: Re : urgences", number
    message["To"], message["Message-ID"] = "presse@soignants-littoral.example", "<answer@journal.example>"
    message.set_content("Oui, appelez-moi demain matin.")
    file = later.office.path.parent / "answer.eml"
    file.write_bytes(message.as_bytes())
    later.office.run("feedback", "read", str(file))
    said = later.office.run("report", SLUG).out
    assert f"Followed up by «{NAME}» (dispatch 2)" in said
    assert "5 accepted, 1 withheld; 1 has answered since" in said
    (shown,) = later.office.json("report", SLUG)["follow_ups"]
    assert (shown["release"], shown["dispatch"], shown["totals"]) == (NAME, 2, {"accepted": 5, "withheld": 1})
    answered = [one["address"] for one in shown["recipients"] if one["answered_at"]]
    assert answered == [person.spec]
    assert later.office.json("report", NAME)["totals"]["accepted"] == 5
    page = later.office.path.parent / "report.html"
    later.office.run("report", SLUG, "--html", str(page), "--language", "fr")
    section = page.read_text(encoding="utf-8").partition("<h2>Relances</h2>")[2].partition("</section>")[0]
    assert f"<td>{NAME}</td>" in section
    (hidden,) = later.office.json("report", SLUG, "--redact")["follow_ups"]
    assert (hidden["answered"], hidden["recipients"]) == (1, [])


def test_a_follow_up_of_nothing_is_not_sent(office: Office) -> None:
    file = office.path / "relance.md"
    file.write_text("---\ntitle: Re urgences\nkind: relance\n---\nAvez-vous vu ?\n", encoding="utf-8")
    office.run("releases", "import", str(file), "--slug", "loose")
    assert "it is not known of which release" in one_sentence(
        office.run("send", "loose", "--list", BUREAU, "--yes", code=3)
    )
    assert "has reached nobody yet" in one_sentence(office.run("releases", "follow-up", SLUG, code=2))


def test_what_was_written_is_in_the_audit_and_the_json(later: Sent) -> None:
    shown = json.loads(later.office.run("releases", "follow-up", SLUG, "--json").out)
    assert (shown["release"], shown["follows_up"], shown["version"], shown["total"]) == (NAME, SLUG, 1, 5)

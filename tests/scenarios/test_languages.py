"""One release in several languages: each journalist gets theirs, once, whatever is sent again and whoever is killed."""

from __future__ import annotations

import json
import signal
from collections import Counter
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path

import pytest
from movingclock import MovingClock
from office import SLUG, Office, finish, journaling_server, one_sentence, send_arguments, until
from smtpserver import Fault, Script, running

ENGLISH, DESK = "night-ward", "desk"
READERS = {
    "fr1": "fr", "fr2": "fr-CA", "fr3": "", "en1": "en", "en2": "en-GB", "de1": "de", "de2": "de, en",
}  # fmt: skip
"""Who reads what; German is no language of the release, and the last reader gets it in English."""
IN_ENGLISH = {"en1", "en2", "de2"}
HEADLINE = "The hospital of Kerlann opens its night ward again"


def translated(office: Office, extra: str = "") -> Office:
    """The office with a list of readers of several languages, and the communiqué's translation."""
    rows = [f"{name.title()} Leser;{name}@monde.example;{lang}" for name, lang in READERS.items()]
    readers = office.path / "desk.csv"
    readers.write_text("\n".join(["name;email;languages", *rows, ""]), encoding="utf-8")
    office.run("contacts", "import", str(readers), "--list", DESK)
    return importing(office, extra)


def importing(office: Office, extra: str = "", *, code: int = 0) -> Office:
    """The same with the translation, or its next version, imported."""
    file = office.path / "ward.md"
    contact = "contact: {name: Maëlle Quéméneur, email: presse@soignants-littoral.example, phone: +33 2 98 00 00 31}"
    file.write_text(f"---\nlang: en\n{contact}\n---\n# {HEADLINE}\n\nIt opens on Monday. {extra}\n", encoding="utf-8")
    office.run("releases", "import", str(file), "--slug", ENGLISH, "--translates", SLUG, code=code)
    return office


def name_of(address: str) -> str:
    return address.partition("@")[0]


def subjects(accepted: list[bytes]) -> Counter[str]:
    return Counter(str(make_header(decode_header(message_from_bytes(one)["Subject"]))) for one in accepted)


def test_each_reader_gets_their_language_once(office: Office) -> None:
    with running() as server:
        sending = translated(office.at(server.port))
        shown = sending.json("releases", "show", SLUG)
        assert shown["languages"] == {"fr": SLUG, "en": ENGLISH}
        dry = sending.json("send", SLUG, "--list", DESK, "--dry-run")
        assert dry["total"] == len(READERS)
        assert [(one["release"], one["total"]) for one in dry["versions"]] == [(SLUG, 4), (ENGLISH, 3)]
        assert server.connections == 0
        ran = sending.run(*send_arguments(SLUG, DESK))
        assert f"By version: fr 4, en 3 («{ENGLISH}»)" in ran.out
        assert "In all: 7 accepted." in ran.out
        english = {name_of(one.recipient) for one in server.accepted if HEADLINE.encode() in one.message}
        assert english == IN_ENGLISH
        assert Counter(name_of(one.recipient) for one in server.accepted) == Counter(list(READERS))
        for slug in (SLUG, ENGLISH):
            assert "Nothing to send" in sending.run(*send_arguments(slug, DESK)).out
        assert len(server.accepted) == len(READERS)
        report = sending.json("report", SLUG)
        assert report["totals"]["accepted"] == len(READERS)
        assert {name_of(one["address"]) for one in report["recipients"] if one["release"] == ENGLISH} == IN_ENGLISH
        assert sending.json("report", ENGLISH)["totals"]["accepted"] == len(IN_ENGLISH)


def test_a_limit_that_is_used_up_is_told_of_several_versions_as_of_one(office: Office) -> None:
    """Both dispatches wait for the next day: the command does not end as if everybody had it."""
    with running() as server:
        sending = translated(office.at(server.port, smtp_per_day="2"))
        ran = sending.run(*send_arguments(SLUG, DESK), code=5)
        assert "2 messages a day are used up. 5 recipients waiting" in one_sentence(ran)
        assert "distributor work" in one_sentence(ran)
        assert len(server.accepted) == 2
        assert [one["state"] for one in sending.json("dispatches", "list")] == ["running", "running"]


def test_a_domains_limit_of_a_minute_is_waited_for_in_every_version(office: Office, moving_clock: MovingClock) -> None:
    with running() as server:
        sending = translated(office.at(server.port, domain_limits="monde.example 2/minute")).by(moving_clock)
        process = sending.start(*send_arguments(SLUG, DESK))
        until(lambda: sending.states() == {"accepted": 2, "deferred": 5}, "both versions wait", process=process)
        for reached in (4, 6, 7):
            moving_clock.move(seconds=65)
            until(lambda: len(server.accepted) == reached, f"{reached} have it", process=process)  # noqa: B023 - used at once
        assert "In all: 7 accepted." in finish(process, 0).out
        assert Counter(name_of(one.recipient) for one in server.accepted) == Counter(list(READERS))


def test_the_translation_sent_by_itself_is_remembered_too(office: Office) -> None:
    with running() as server:
        sending = translated(office.at(server.port))
        sending.run("send", ENGLISH, "--list", DESK, "--where", "language:en", "--yes")
        first = {name_of(one.recipient) for one in server.accepted}
        assert first >= {"en1", "en2"}
        sending.run(*send_arguments(SLUG, DESK))
        assert Counter(name_of(one.recipient) for one in server.accepted) == Counter(list(READERS))


def test_nothing_leaves_while_one_version_is_unfit_and_an_override_is_for_that_version(office: Office) -> None:
    with running() as server:
        sending = translated(office.at(server.port), "Lorem ipsum.")
        ran = sending.run(*send_arguments(SLUG, DESK), code=3)
        assert f"Proof of «{ENGLISH}»" in ran.out
        assert "The proof stops this release" in one_sentence(ran)
        assert server.connections == 0
        findings = json.loads(sending.run("releases", "proof", SLUG, "--list", DESK, "--json", code=3).out)
        (stop,) = (one for one in findings if one["level"] == "stop")
        assert stop["release"] == ENGLISH
        sending.run(*send_arguments(SLUG, DESK), "--override", stop["code"], "--because", "it is meant")
        assert len(server.accepted) == len(READERS)
        assert [one["code"] for one in sending.json("releases", "show", ENGLISH)["overrides"]] == [stop["code"]]
        assert sending.json("releases", "show", SLUG)["overrides"] == []


def test_a_preview_and_a_test_are_in_the_readers_language(office: Office) -> None:
    with running() as server:
        sending = translated(office.at(server.port))
        for name in READERS:
            shown = sending.run("releases", "preview", SLUG, "--contact", f"{name}@monde.example").out
            assert (HEADLINE in " ".join(shown.split())) == (name in IN_ENGLISH)
        sending.run("send", SLUG, "--test", "me@soignants.example", "--as", "en1@monde.example")
        (test,) = server.accepted
        assert HEADLINE.encode() in test.message
        sending.run(*send_arguments(SLUG, DESK))
        assert len(server.accepted) == 1 + len(READERS)


@pytest.mark.parametrize("messages", [1, 5])
def test_killed_in_either_language_nobody_is_lost_or_mailed_twice(
    office: Office, tmp_path: Path, messages: int
) -> None:
    script = Script(faults=(Fault("rcpt", delay=0.05),))
    with journaling_server(tmp_path, script) as server:
        sending = translated(office.at(server.port, smtp_connections="1"))
        process = sending.start(*send_arguments(SLUG, DESK))
        until(lambda: len(server.journal()) >= messages, "some were sent", seconds=30)
        process.kill()
        finish(process, -signal.SIGKILL)
        finish(sending.start("work", "--once"), 0, 5)
        journal = Counter(name_of(one.recipient) for one in server.journal())
        assert set(journal.values()) <= {1}
        rows = sending.json("report", SLUG)["recipients"]
        assert sorted(name_of(one["address"]) for one in rows) == sorted(READERS)
        lost = {name_of(one["address"]) for one in rows if one["state"] != "in_doubt"} - set(journal)
        assert not lost
        assert sum(one["state"] == "in_doubt" for one in rows) <= 1


@pytest.mark.parametrize("has_it", ["fr1", ""])
def test_two_contacts_made_one_get_it_in_one_language(office: Office, has_it: str) -> None:
    """Whoever has it in French does not get it in English as well; while they wait for both they are not made one."""
    waiting = [f"{name}@monde.example" for name in ("en1", "fr1") if name != has_it]
    later = tuple(Fault("rcpt", reply="451 4.3.0 Later", recipient=one, times=1) for one in waiting)
    with running(Script(faults=later)) as server:
        sending = translated(office.at(server.port))
        sending.run(*send_arguments(SLUG, DESK), code=5)
        merge = "contacts", "merge", "fr1@monde.example", "en1@monde.example", "--yes"
        if has_it:
            assert f"en1@monde.example is not sent «{ENGLISH}»" in sending.run(*merge).out
        else:
            assert "Both wait for the same release" in one_sentence(sending.run(*merge, code=3))
        withheld = [one["address"] for one in sending.deliveries("withheld")]
        assert withheld == (["en1@monde.example"] if has_it else [])
        assert server.violations == []

"""A release in two languages is corrected in both, or says that one is missing; and what people see of a chain."""

from __future__ import annotations

import csv
import json
import os
import stat
from pathlib import Path

from office import BUREAU, SHORT_LIST, SLUG, Office, communique, one_sentence, send_arguments
from smtpserver import Accepted, running
from test_corrections_sent import CORRECTION, RIGHT, WRONG, corrected, identifiers, read, subject, text, write
from test_languages import DESK, ENGLISH, IN_ENGLISH, READERS, name_of, translated

ENGLISH_RIGHT = """---
lang: en
contact: {name: Maëlle Quéméneur, email: presse@soignants-littoral.example, phone: +33 2 98 00 00 31}
---
# The hospital of Kerlann opens its night ward again

It opens on Tuesday.
"""


def test_each_reader_gets_the_correction_in_the_language_of_the_text_they_have(office: Office) -> None:
    with running() as server:
        sending = translated(office.at(server.port))
        sending.run(*send_arguments(SLUG, DESK))
        sent = identifiers(server.accepted)
        sending.run("releases", "correct", SLUG, corrected(sending))
        ran = sending.run("send", CORRECTION, "--yes", code=3)
        assert "correction-language" in ran.out
        assert f"{len(IN_ENGLISH)} ont reçu le texte en «en»" in ran.out
        assert one_sentence(ran) == "The proof stops this correction; nothing was sent."
        assert len(server.accepted) == len(READERS)
        said = sending.run("releases", "correct", ENGLISH, write(sending, "right.md", ENGLISH_RIGHT)).out
        assert f"It is the translation of «{CORRECTION}»" in said
        assert "read “It opens on Tuesday.” instead of “It opens on Monday.”" in said
        sending.run("send", CORRECTION, "--yes")
        told = server.accepted[len(READERS) :]
        assert {one.recipient for one in told} == {one.recipient for one in server.accepted[: len(READERS)]}
        for one in told:
            is_english = name_of(one.recipient) in IN_ENGLISH
            assert read(one)["In-Reply-To"] == sent[one.recipient]
            assert subject(one).startswith("Correction: The hospital" if is_english else "Rectificatif : L’hôpital")
            assert ("This message corrects our release" in text(one)) is is_english
        chain = sending.json("report", SLUG)["chain"]
        assert [(one["release"], one["corrects"]) for one in chain["steps"]] == [
            (SLUG, ""),
            (ENGLISH, ""),
            (CORRECTION, SLUG),
            (f"{ENGLISH}-correction", ENGLISH),
        ]


def test_a_mistake_in_the_translation_alone_concerns_its_readers_alone(office: Office) -> None:
    with running() as server:
        sending = translated(office.at(server.port))
        sending.run(*send_arguments(SLUG, DESK))
        sending.run("releases", "correct", ENGLISH, write(sending, "right.md", ENGLISH_RIGHT))
        sending.run("send", f"{ENGLISH}-correction", "--yes")
        assert {name_of(one.recipient) for one in server.accepted[len(READERS) :]} == IN_ENGLISH


def test_a_language_that_is_missing_may_be_let_pass_by_name(office: Office) -> None:
    with running() as server:
        sending = translated(office.at(server.port))
        sending.run(*send_arguments(SLUG, DESK))
        sending.run("releases", "replace", SLUG, corrected(sending))
        slug = f"{SLUG}-annule-et-remplace"
        sending.run("send", slug, "--yes", "--override", "correction-language", "--because", "nobody to translate")
        told = server.accepted[len(READERS) :]
        assert {name_of(one.recipient) for one in told} == set(READERS)
        assert {subject(one).partition(" :")[0] for one in told} == {"Annule et remplace"}


def test_the_statement_is_the_authors_to_write_and_the_editor_opens_on_the_old_text(office: Office) -> None:
    editor = office.path / "editor.py"
    editor.write_text(
        "import sys, pathlib\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "text = path.read_text(encoding='utf-8')\n"
        f"assert {WRONG!r} in text and 'kind: correction' in text\n"
        f"text = text.replace({WRONG!r}, {RIGHT!r})\n"
        "changes = 'changes: [La fermeture a duré dix-sept mois., Pas quatorze.]'\n"
        "path.write_text(text.replace('---\\n', '---\\n' + changes + '\\n', 1), encoding='utf-8')\n"
    )
    runner = office.path / "editor.sh"
    runner.write_text(f'#!/bin/sh\nexec {os.sys.executable} {editor} "$1"\n')  # type: ignore[attr-defined]  # the interpreter
    runner.chmod(runner.stat().st_mode | stat.S_IXUSR)
    with running() as server:
        sending = office.at(server.port)
        sending.settings["EDITOR"] = str(runner)
        sending.run(*send_arguments(SLUG, BUREAU))
        said = sending.run("releases", "correct", SLUG).out
        assert "- Pas quatorze." in said
        assert not (sending.path / f"{CORRECTION}.md").exists()
        sending.run("send", CORRECTION, "--yes")
        assert "La fermeture a duré dix-sept mois." in text(server.accepted[-1])
        assert "au lieu de" not in text(server.accepted[-1])
        shown = sending.json("releases", "show", CORRECTION)
        assert (shown["kind"], shown["corrects"], shown["corrected_by"]) == ("correction", SLUG, None)
        assert sending.json("releases", "show", SLUG)["corrected_by"] == CORRECTION


def test_reports_in_every_format_show_the_chain_and_the_phone_list_is_kept(office: Office, tmp_path: Path) -> None:
    with running() as server:
        sending = office.at(server.port)
        sending.run(*send_arguments(SLUG, BUREAU))
        sending.run("releases", "correct", SLUG, corrected(sending))
        objector = SHORT_LIST[0]
        sending.run("contacts", "edit", objector.spec, "--phone", "+33 2 98 00 00 77")
        sending.run("suppressions", "add", objector.spec, "--source", "phone")
        said = sending.run("send", CORRECTION, "--yes").out
        assert "To ring up: 1 journalist has the wrong text" in said
        assert objector.name in said
        assert "+33298000077" in said.replace(" ", "")
        many = len(SHORT_LIST) - 1
        chain = sending.json("report", SLUG)["chain"]
        assert [(len(one["texts"]), one["recipients"]) for one in chain["who_has"]] == [(2, many), (1, 1)]
        shown = sending.run("report", SLUG).out
        assert f"«{CORRECTION}» corrects «{SLUG}» (dispatch 2) — distributor report {CORRECTION}" in shown
        assert f"{many} have «{SLUG}» version 1 and «{CORRECTION}» version 1 only." in shown
        names = {kind: tmp_path / f"report.{kind}" for kind in ("html", "csv", "pdf", "xlsx")}
        for kind, path in names.items():
            sending.run("report", SLUG, f"--{kind}", str(path), "--language", "en")
        assert f"«{CORRECTION}» corrects «{SLUG}» (dispatch 2)" in names["html"].read_text(encoding="utf-8")
        with names["csv"].open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter=";"))
        assert {one["corrected_by"] for one in rows} == {"dispatch 2: accepted", "dispatch 2: withheld (objection)"}
        assert names["pdf"].read_bytes().startswith(b"%PDF")
        assert {one["corrects"] for one in sending.json("report", CORRECTION)["recipients"]} == {
            f"{SLUG}, version 1 (dispatch 1)"
        }
        listed = tmp_path / "phone.csv"
        sending.run("dispatches", "phone-list", "2", "--csv", str(listed))
        assert objector.name in listed.read_text(encoding="utf-8-sig")


def test_what_cannot_be_corrected_says_so(office: Office) -> None:
    sending = office
    assert "has not been sent" in one_sentence(sending.run("releases", "correct", SLUG, corrected(sending), code=2))
    with running() as server:
        sending = office.at(server.port)
        sending.run(*send_arguments(SLUG, BUREAU))
        same = write(sending, "same.txt", communique())
        assert "Not a word differs" in one_sentence(sending.run("releases", "correct", SLUG, same, code=2))
        sending.run("releases", "correct", SLUG, corrected(sending))
        assert "correction-begun" in sending.run(*send_arguments(SLUG, "sante"), code=3).out
        sending.run("releases", "retract", SLUG, "--because", "Tout est faux.", "--slug", "retrait")
        ran = sending.run(*send_arguments("retrait", BUREAU), code=2)
        assert "to nobody else" in one_sentence(ran)
        assert len(server.accepted) == len(SHORT_LIST)
        sending.run("send", "retrait", "--yes")
        said = one_sentence(sending.run("send", CORRECTION, "--yes", code=3))
        assert "was corrected by «retrait» meanwhile" in said
        assert len(server.accepted) == 2 * len(SHORT_LIST)


def test_a_second_correction_of_one_text_is_told_of_the_first_when_it_is_prepared(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port)
        sending.run(*send_arguments(SLUG, BUREAU))
        assert "too" not in sending.run("releases", "correct", SLUG, corrected(sending)).out
        assert "too" not in sending.run("releases", "correct", SLUG, corrected(sending, new="depuis un an")).out, (
            "its 2nd"
        )
        said = sending.run("releases", "replace", SLUG, corrected(sending), "--slug", "autre").out
        assert f"«{CORRECTION}» corrects «{SLUG}» too, and is not sent yet: once one of them is sent" in said
        assert f"distributor releases show {CORRECTION}" in said
        ran = sending.run("releases", "correct", SLUG, corrected(sending), "--slug", "tiers", "--json")
        assert f"«{CORRECTION}» and «autre» correct «{SLUG}» too, and are not sent yet" in ran.err
        assert json.loads(ran.out)["corrects"] == SLUG
        sending.run("send", "autre", "--yes")
        ran = sending.run("releases", "correct", SLUG, corrected(sending, new="depuis deux ans"))
        assert f"«autre» corrects «{SLUG}» too, and was sent: «tiers» will be refused." in ran.out
        assert "distributor releases correct autre FILE" in ran.out


def test_newcomers_get_the_right_text_as_if_it_were_the_first(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port)
        sending.run(*send_arguments(SLUG, BUREAU))
        sending.run("releases", "correct", SLUG, corrected(sending))
        sending.run(
            "contacts", "add", "neuve@monde.example", "--last-name", "Neuve", "--source", "annuaire", "--list", BUREAU
        )
        ran = sending.run(*send_arguments(CORRECTION, BUREAU))
        assert "1 more of the lists, who have no text of it" in ran.out
        told = server.accepted[len(SHORT_LIST) :]
        assert len(told) == len(SHORT_LIST) + 1
        (new,) = [one for one in told if one.recipient == "neuve@monde.example"]
        assert read(new)["References"] is None
        assert "RECTIFICATIF" not in text(new)
        assert RIGHT in text(new)
        sending.run(
            "contacts", "add", "neuf@monde.example", "--last-name", "Neuf", "--source", "annuaire", "--list", BUREAU
        )
        sending.run(*send_arguments(CORRECTION, BUREAU))
        assert [one.recipient for one in server.accepted[2 * len(SHORT_LIST) + 1 :]] == ["neuf@monde.example"]


def test_files_go_with_the_correction_the_corrected_ones(office: Office) -> None:
    """What the new text does not say is taken over, files included; one that changed is told and sent."""
    front = "---\ntitle: Les urgences rouvrent\nlang: fr\nattachments: [plan.txt]\n---\n\nElles rouvrent {day}.\n"
    (office.path / "plan.txt").write_text("Le vieux plan.\n")
    with running() as server:
        sending = office.at(server.port)
        sending.run("releases", "import", write(sending, "plan.md", front.format(day="lundi")), "--slug", "plan")
        passing = ["--override", "contact-missing", "--because", "a test"]
        sending.send("plan", BUREAU, more=passing)
        kept = write(sending, "kept.md", "---\ntitle: Les urgences rouvrent\nlang: fr\n---\n\nElles rouvrent mardi.\n")
        said = sending.run("releases", "correct", "plan", kept).out
        assert "As before, since the file does not say: attachments." in said
        sending.run("send", "plan-rectificatif", "--yes", *passing)
        assert b"Le vieux plan." in attached(server.accepted[-1])
        (sending.path / "plan.txt").write_text("Le plan juste.\n")
        new = write(sending, "new.md", front.format(day="mardi"))
        said = sending.run("releases", "correct", "plan-rectificatif", new).out
        assert "- Fichier remplacé : plan.txt." in said
        assert "Paragraphe" not in said
        sending.run("send", "plan-rectificatif-2", "--yes", *passing)
        assert b"Le plan juste." in attached(server.accepted[-1])


def attached(one: Accepted) -> bytes:
    part = next(part for part in read(one).walk() if part.get_filename() == "plan.txt")
    return bytes(part.get_payload(decode=True))

"""Files with a release, through the real command: pictures, a PDF made at planning, and who wants no attachments."""

from __future__ import annotations

import email
import email.policy
import io
import os
import re
import shutil
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pypdf
import pytest
from office import BUREAU, SHORT_LIST, Office, finish, one_sentence
from pictures import png
from smtpserver import Fault, Script, running

FRUGAL, LATE = SHORT_LIST[3], SHORT_LIST[7]
RELEASE = """\
---
title: L’hôpital de Kerlann rouvre ses urgences de nuit
dateline: {place: Brest}
attachments: Dossier – été.pdf
contact: {name: Maëlle Quéméneur, phone: "02 98 00 00 31", email: presse@soignants-littoral.example}
---
La Coordination des soignants du littoral salue la réouverture des urgences de nuit.

![Le plan d’accès](<plan d’accès.png> "Le plan. © Coordination")

Elle demande que les douze postes promis soient pourvus avant l’été.
"""


@pytest.fixture(scope="module")
def prepared(prepared_office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The office, with a logo, and a release with a picture and an attachment; one journalist wants no attachments."""
    office = prepared_office.copied_to(tmp_path_factory.mktemp("pictured"))
    folder = office.path / "releases"
    folder.mkdir(exist_ok=True)
    (office.path / "logo.png").write_bytes(png(300, 80))
    (folder / "plan d’accès.png").write_bytes(png(1200, 400, (30, 90, 160)))
    (folder / "Dossier – été.pdf").write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 20)
    (folder / "urgences.md").write_text(RELEASE, encoding="utf-8")
    office.settings["DISTRIBUTOR_LOGO"] = "logo.png"
    office.run("releases", "import", str(folder / "urgences.md"), "--slug", "urgences")
    office.run("contacts", "edit", FRUGAL.address, "--attachments", "no")
    yield office
    office.close()


@pytest.fixture
def pictured(prepared: Office, tmp_path: Path) -> Iterator[Office]:
    """A workspace of this test's own, as `prepared`."""
    own = prepared.copied_to(tmp_path)
    yield own
    own.close()


def read(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def attached(message: EmailMessage) -> dict[str, bytes]:
    parts = [part for part in message.walk() if part.get_content_disposition() == "attachment"]
    return {str(part.get_filename()): part.get_content() for part in parts}


def test_everybody_gets_the_files_and_who_wants_none_is_told(pictured: Office) -> None:
    """The retry of the one who was put off has the very bytes of the others' files, though logo and layout changed."""
    fault = Fault("rcpt", reply="450 4.2.0 Later", recipient=LATE.spec, times=1)
    with running(Script(faults=(fault,))) as server:
        sending = pictured.at(server.port, retry_minutes="0.01")
        sending.send("urgences", BUREAU, more=["--attach-pdf"], code=5)
        (pictured.path / "logo.png").write_bytes(png(10, 10))
        pictured.rewrite("templates/press-release/release.typ", "#7a1f2b", "#000000")
        (pictured.path / "releases" / "plan d’accès.png").unlink()
        sending.change("UPDATE delivery SET next_attempt_at = '2026-01-01 00:00:00' WHERE state = 'deferred'")
        sending.run("work", "--once")
        messages = {one.recipient: read(one.message) for one in server.accepted}
        assert server.violations == []
    assert len(messages) == len(SHORT_LIST)
    frugal = messages.pop(FRUGAL.spec)
    assert attached(frugal) == {}
    assert frugal.get_content_type() == "multipart/related"
    body = frugal.get_body(("plain",))
    assert body is not None
    assert "(urgences.pdf, Dossier – été.pdf)" in " ".join(body.get_content().split())
    first = attached(messages[SHORT_LIST[0].spec])
    assert list(first) == ["urgences.pdf", "Dossier – été.pdf"]
    assert all(attached(message) == first for message in messages.values())
    pictures = {
        number: [part.get_content() for part in message.walk() if part.get_content_type() == "image/png"]
        for number, message in enumerate([frugal, *messages.values()])
    }
    assert all(found == [png(300, 80), png(1200, 400, (30, 90, 160))] for found in pictures.values())
    page = " ".join(pypdf.PdfReader(io.BytesIO(first["urgences.pdf"])).pages[0].extract_text().split())
    assert "L’hôpital de Kerlann rouvre ses urgences de nuit" in page
    assert "Elle demande que les douze postes promis soient pourvus avant l’été." in page


def test_the_pdf_is_what_was_planned_or_nothing_leaves(pictured: Office) -> None:
    with running(Script(faults=(Fault("rcpt", reply="450 4.2.0 Later"),))) as server:
        pictured.at(server.port).send("urgences", BUREAU, more=["--attach-pdf"], code=5)
        digest = re.findall(r'"sha256": "(\w+)"', str(pictured.query("SELECT files FROM dispatch")[0][0]))[0]
        copy = pictured.path / "attachments" / digest
        copy.write_bytes(copy.read_bytes() + b"\n")
        pictured.change("UPDATE delivery SET next_attempt_at = '2026-01-01 00:00:00'")
        pictured.change("UPDATE dispatch SET state = 'planned'")
        said = pictured.at(server.port).run("work", "--once", code=3).err
        assert "urgences.pdf" in said
        assert "has changed since it was kept" in said
        assert server.accepted == []


def test_lost_copies_that_no_import_brings_back_are_told_apart(pictured: Office) -> None:
    """A workspace put back without its attachments: logo and PDF are the dispatch's own, and no release has them."""
    pictured.send("urgences", BUREAU, code=4)  # nothing listens: planned, and paused
    shutil.rmtree(pictured.path / "attachments")
    source = str(pictured.path / "releases" / "urgences.md")
    with running() as server:
        sending = pictured.at(server.port)
        sending.run("releases", "import", source, "--slug", "urgences")
        said = one_sentence(sending.run("dispatches", "resume", "1", code=3))
        assert "logo.png" in said
        assert "Import the release again" not in said
        assert "or cancel the dispatch and send the release again" in said
        assert server.accepted == []
        sending.run("dispatches", "cancel", "1", "--yes")
        sending.send("urgences", BUREAU)
        assert {one.recipient for one in server.accepted} == {person.spec for person in SHORT_LIST}


@pytest.mark.parametrize("command", ["resume", "import", "correct"])
def test_a_pipe_in_the_place_of_a_copy_holds_nobody_up(pictured: Office, command: str) -> None:
    pictured.send("urgences", BUREAU, code=4)
    folder = pictured.path / "releases"
    for copy in (pictured.path / "attachments").iterdir():
        copy.unlink()
        os.mkfifo(copy)
    corrected = folder / "corrected.md"
    corrected.write_text(RELEASE.replace("douze", "treize"), encoding="utf-8")
    with running() as server:
        sending = pictured.at(server.port)
        if command == "resume":
            said = one_sentence(finish(sending.start("dispatches", "resume", "1"), 3, seconds=20))
            assert "has changed since it was kept" in said
        elif command == "import":
            finish(
                sending.start("releases", "import", str(folder / "urgences.md"), "--slug", "urgences"), 0, seconds=20
            )
            assert "logo.png" in one_sentence(sending.run("dispatches", "resume", "1", code=3))
        else:
            finish(sending.start("releases", "correct", "urgences", str(corrected)), 0, seconds=20)
        assert server.accepted == []


def test_a_test_message_carries_the_pdf_too(pictured: Office) -> None:
    with running() as server:
        sending = pictured.at(server.port)
        sending.run("send", "urgences", "--test", "moi@soignants-littoral.example", "--attach-pdf")
        sending.run("send", "urgences", "--test", "moi@soignants-littoral.example", "--contact", FRUGAL.address)
        with_pdf, frugal = (read(one.message) for one in server.accepted)
    assert list(attached(with_pdf)) == ["urgences.pdf", "Dossier – été.pdf"]
    assert attached(frugal) == {}


def test_a_message_over_the_servers_size_stops_before_anybody_gets_it(pictured: Office) -> None:
    with running(Script(size=9_000)) as server:
        said = pictured.at(server.port).send("urgences", BUREAU, code=4)
        assert "9 000" in said.text
        assert "smaller attachments" in said.text
        assert server.accepted == []


def test_releases_pdf_writes_the_same_file_all_day(pictured: Office, tmp_path: Path) -> None:
    first, second = tmp_path / "un.pdf", tmp_path / "deux.pdf"
    pictured.run("releases", "pdf", "urgences", str(first), "--at", "2026-03-02 18:00")
    pictured.run("releases", "pdf", "urgences", str(second), "--at", "2026-03-02 09:00")
    assert first.read_bytes() == second.read_bytes()
    assert pypdf.PdfReader(first).pages[0].extract_text().count("Brest, le 2 mars 2026") == 1
    taken = tmp_path / "texte.txt"
    taken.write_text("mine")
    assert "already" in one_sentence(pictured.run("releases", "pdf", "urgences", str(taken), code=2))


def test_a_logo_that_may_not_leave_is_refused_before_anything(pictured: Office) -> None:
    for name, said in (("../secret.png", "outside"), ("absent.png", "not a file")):
        pictured.settings["DISTRIBUTOR_LOGO"] = name
        assert said in one_sentence(pictured.send("urgences", BUREAU, code=2))
    assert pictured.query("SELECT count(*) FROM dispatch") == [(0,)]

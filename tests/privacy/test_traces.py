"""The files of a workspace after the real command: database, journal, copies of messages, lists, all other files."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from databases import put_database
from ledgerbase import START
from people import ADDRESS, LAST, bytes_of

from distributor.addresses import parse_address
from distributor.cli.app import run as cli
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.sources.csvfile import read_csv
from distributor.privacy.traces import Tracer
from distributor.starter import make_workspace
from distributor.wiring import open_workspace

LIST = (
    "Prénom;Nom;E-mail;Média;Notes\n"
    f'Hélène;{LAST};{ADDRESS};Voix d’Iroise;"vue\nen mai"\n'
    "Paul;Abgrall;paul@voix.example;;\n"
)
HERS = ("helene.quemere", "Quéméré", "H. Quéméré")


@dataclass
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """The command line as a press officer types it, in this process."""

    def run_it(folder: Path, *arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["distributor", "--workspace", str(folder), *arguments])
        capfd.readouterr()
        code = cli()
        return Ran(code, *capfd.readouterr())

    return run_it


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose base holds her, with free pages that held her before, and files of all kinds."""
    folder = tmp_path_factory.mktemp("prepared") / "press"
    make_workspace(folder)
    put_database(folder)
    workspace = open_workspace(folder)
    list_file = folder / "lists" / "sante.csv"
    list_file.write_text(LIST, encoding="utf-8")
    import_contacts(
        workspace.database,
        read_csv(list_file.read_bytes(), name="sante.csv"),
        list_name="sante",
        keyring=workspace.keyring,
    )
    workspace.database.close()
    with closing(sqlite3.connect(folder / "press.db")) as connection, connection:
        connection.execute("UPDATE contact SET notes = ? WHERE last_name = ?", (f"{ADDRESS} " * 2000, LAST))
        connection.execute("UPDATE contact SET notes = '' WHERE last_name = ?", (LAST,))
    (folder / "messages").mkdir()
    (folder / "messages" / "0001-x.eml").write_text(f"To: =?utf-8?q?H?= <{ADDRESS}>\n\nBonjour", encoding="utf-8")
    (folder / "messages" / "0002-y.eml").write_text("To: <paul@voix.example>\n\nBonjour", encoding="utf-8")
    (folder / "export-utf16.csv").write_bytes(LIST.encode("utf-16"))
    (folder / "plan.txt.bak").write_text(f"appeler {ADDRESS.upper()}", encoding="utf-8")
    return folder


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    """A copy of it for this test."""
    shutil.copytree(prepared, tmp_path / "press")
    return tmp_path / "press"


def test_her_address_and_name_are_in_no_file_we_answer_for(folder: Path, run: Callable[..., Ran]) -> None:
    assert b"helene.quemere" in bytes_of(folder)["press.db"]
    done = run(folder, "contacts", "forget", ADDRESS, "--yes")
    assert done.code == 0, done.err
    after = bytes_of(folder)
    assert "messages/0001-x.eml" not in after
    assert "messages/0002-y.eml" in after
    holding = {
        name
        for name, content in after.items()
        for encoding in ("utf-8", "utf-16-le", "cp1252")
        if any(word.encode(encoding).lower() in content.lower() for word in HERS)
    }
    assert holding == {"plan.txt.bak"}
    assert "yours to change: plan.txt.bak" in done.out
    rows = list(csv.reader((folder / "lists" / "sante.csv").read_text("utf-8").splitlines(), delimiter=";"))
    assert [row[1] for row in rows] == ["Nom", "Abgrall"]
    assert "Abgrall" in (folder / "export-utf16.csv").read_text("utf-16")


def test_without_a_yes_nothing_is_done(folder: Path, run: Callable[..., Ran]) -> None:
    before = bytes_of(folder)["lists/sante.csv"]
    assert run(folder, "contacts", "forget", ADDRESS).code == 2
    assert bytes_of(folder)["lists/sante.csv"] == before


def test_a_message_is_known_by_its_number_and_a_mention_of_her_is_left(tmp_path: Path) -> None:
    (tmp_path / "1.eml").write_text("Message-ID: <77.1@halle.example>\nTo: undisclosed\n\nx")
    (tmp_path / "2.eml").write_text(f"To: a@x.example\n\nEcrire à {ADDRESS}")
    (tmp_path / "3.eml").write_text("Message-ID: <78.1@halle.example>\nTo: a@x.example\n\nx")
    tracer = Tracer([parse_address(ADDRESS)], ["<77.1@halle.example>"], None)
    found = tracer.find(tmp_path)
    assert [path.name for path in found.copies] == ["1.eml"]
    assert [path.name for path in found.others] == ["2.eml"]


def test_everything_held_is_told_and_readable(folder: Path, run: Callable[..., Ran]) -> None:
    done = run(folder, "contacts", "data", LAST, "--json", "--html", str(folder / "elle.html"))
    assert done.code == 0, done.err
    held = json.loads(done.out)
    assert held["contact"][0]["address"] == ADDRESS
    assert held["affiliation"][0]["outlet"] == "Voix d’Iroise"
    assert held["lists"] == ["sante"]
    page = (folder / "elle.html").read_text("utf-8")
    assert "Données conservées – Hélène Quéméré" in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_old_are_listed_and_erased_by_number(folder: Path, run: Callable[..., Ran]) -> None:
    with closing(sqlite3.connect(folder / "press.db")) as connection, connection:
        old = START.replace(year=2019, tzinfo=None).isoformat(sep=" ")
        connection.execute("UPDATE contact SET collected_at = ? WHERE last_name = ?", (old, LAST))
    found = json.loads(run(folder, "contacts", "stale", "--json").out)
    assert [(one["address"], one["sign"]) for one in found] == [(ADDRESS, "collected")]
    assert run(folder, "contacts", "stale", "--forget").code == 2
    done = run(folder, "contacts", "stale", "--forget", "--yes")
    assert done.code == 0, done.err
    assert json.loads(run(folder, "contacts", "stale", "--json").out) == []
    assert b"helene.quemere" not in bytes_of(folder)["press.db"]


def test_exports_of_ours_lose_her_and_a_page_about_her_goes(folder: Path, run: Callable[..., Ran]) -> None:
    for name in ("tous.vcf", "tous.xlsx", "tous.csv"):
        assert run(folder, "contacts", "export", str(folder / name)).code == 0
    assert run(folder, "contacts", "data", ADDRESS, "--html", str(folder / "elle.html")).code == 0
    shutil.copy(folder / "tous.xlsx", folder / "recu.xlsx")
    done = run(folder, "contacts", "forget", ADDRESS, "--yes")
    assert done.code == 0, done.err
    assert not (folder / "elle.html").exists()
    assert not (folder / "tous.xlsx").exists()
    assert "yours to change: recu.xlsx" in done.out
    for name in ("tous.vcf", "tous.csv"):
        left = (folder / name).read_text("utf-8")
        assert "quemere" not in left.lower()
        assert "Abgrall" in left
    assert (folder / "tous.vcf").read_text("utf-8").count("END:VCARD") == 1


def test_a_folded_card_is_known_and_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    card = f"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:X\r\nEMAIL:{ADDRESS[:9]}\r\n {ADDRESS[9:]}\r\nEND:VCARD\r\n"
    other = card.replace(ADDRESS[:9], "paul.abg")
    (tmp_path / "a.vcf").write_bytes((card + other).encode())
    (tmp_path / "b.pdf").write_bytes(b"%PDF")
    (tmp_path / "c.xlsx").write_bytes(b"no zip")
    tracer = Tracer([parse_address(ADDRESS)], [], None)
    traces = tracer.find(tmp_path)
    assert [path.name for path in traces.closed] == ["b.pdf", "c.xlsx"]
    tracer.clear(traces)
    assert (tmp_path / "a.vcf").read_bytes() == other.encode()

"""The lists that ship with the program, and the shared files with their expectations."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from ledgerbase import KEYRING

from distributor.addresses import BadAddress, parse_address
from distributor.contacts.cleaning.columns import map_columns
from distributor.contacts.cleaning.mailboxes import read_address_cell
from distributor.contacts.cleaning.row import CleanRow, RowCleaner
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.intake.report import Result
from distributor.contacts.lists.press_lists import list_members
from distributor.contacts.sources.csvfile import read_csv
from distributor.contacts.sources.reading import read_source
from distributor.contacts.sources.rows import RejectedRow, SourceRow
from distributor.db.engine import Database

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "lists").glob("*.csv"))
SHARED = ROOT.parent / "shared" / "data"
shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared samples are not on this machine")

MENDED_ON_PURPOSE = {
    "my@trailingdot.com.",
    "presse@journal,example",
    "presse@@journal.example",
    "presse(at)journal.example",
}
"""Addresses that the parser refuses and a cell may still hold: mended and told, as an import's other cleanings."""


@pytest.fixture
def database(file_database: Database) -> Database:
    """A SQLite file: the base only takes what was read."""
    return file_database


def test_the_sample_lists_import_with_one_bad_row(database: Database) -> None:
    assert len(SAMPLES) == 5
    reports = {
        file.stem: import_contacts(
            database, read_csv(file.read_bytes(), name=file.name), list_name=file.stem, keyring=KEYRING
        )
        for file in SAMPLES
    }
    assert {report.encoding for report in reports.values()} == {"UTF-8", "Windows-1252"}
    assert {report.delimiter for report in reports.values()} == {";", ","}
    assert sum(report.counts[Result.REJECTED] for report in reports.values()) == 1
    assert reports["sante"].kept == {"Spécialité": "specialite"}
    with database.session() as session:
        on = {stem: list(list_members(session, stem, KEYRING)) for stem in reports}
    everyone = [member for found in on.values() for member in found]
    people = {member.address_key for member in everyone}
    assert 38 <= len(people) <= 45
    assert all(key.endswith(".example") for key in people)
    assert sum(member.name == "Clémence Vidal" for member in everyone) == 3
    assert {member.outlet for member in everyone if member.name == "Camille Rousselot"} == {
        "L’Atelier du matin",
        "Scènes, le mensuel",
    }
    assert {member.language for member in everyone} == {"fr", "en", "de"}
    assert [member.address for member in everyone if member.is_desk] == ["redaction@courrier-marches.example"]
    assert not any(member.opted_out for member in everyone)


@shared
@pytest.mark.parametrize("file", sorted((SHARED / "contacts").glob("*.[cv][sc][vf]")), ids=lambda file: file.name)
def test_shared_files_become_what_is_expected(file: Path) -> None:
    with (SHARED / "contacts" / "expected.tsv").open(newline="", encoding="utf-8") as lines:
        expected = [row for row in csv.DictReader(lines, delimiter="\t") if row["file"] == file.name]
    (table,) = read_source(file.read_bytes(), name=file.name)
    rows = list(table.rows)
    assert len(rows) == len(expected)
    columns = map_columns(table.header, [row.cells for row in rows if isinstance(row, SourceRow)])
    knows_languages = "language" in columns.recognised
    for row, want in zip(rows, expected, strict=True):
        assert isinstance(row, SourceRow)
        found = RowCleaner(columns).clean(row)
        if "-.example" in want["email"]:  # no host name: a label must not end in a hyphen (RFC 1123 §2.1)
            assert isinstance(found, RejectedRow)
            continue
        assert isinstance(found, CleanRow)
        (draft,) = found.drafts
        assert draft.post is not None
        assert (draft.address.spec, draft.values["first_name"], draft.values["last_name"], draft.post.outlet) == (
            want["email"],
            want["first"],
            want["last"],
            want["outlet"],
        )
        assert draft.flag == ""
        if want["why"].startswith("second"):
            assert [str(other) for other in draft.others] == [word for word in want["why"].split() if "@" in word]
        if knows_languages:
            assert draft.values["language"] == want["lang"]


@shared
def test_shared_addresses_are_judged_as_wanted() -> None:
    with (SHARED / "addresses.tsv").open(newline="", encoding="utf-8") as lines:
        cases = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(cases) > 100
    for case in cases:
        cell = case["address_escaped"].replace("\\r", "\r").replace("\\n", "\n").replace("\\\\", "\\")
        verdict = case["verdict"]
        if verdict.startswith("reject"):
            with pytest.raises(BadAddress):
                parse_address(cell) if len(cell) < 66 else read_address_cell(cell)
            if cell not in MENDED_ON_PURPOSE and "<me@example.com>" not in cell.replace(">>", ""):
                with pytest.raises(BadAddress):
                    read_address_cell(cell)
            elif cell in MENDED_ON_PURPOSE:
                assert read_address_cell(cell).changes
        elif verdict == "split":
            assert len(read_address_cell(cell).found) == 2
        elif verdict != "optional":
            assert len(read_address_cell(cell).found) == 1

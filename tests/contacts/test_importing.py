"""Rows into the base, on both engines: one journalist once, nothing erased, nothing half-written, nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from databases import LONG, empty
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledgerbase import KEYRING
from sqlalchemy import select, text

from distributor.contacts.intake import importing
from distributor.contacts.intake.importing import IMPORT_LOCK, LEGAL_BASIS, import_contacts
from distributor.contacts.intake.report import ImportReport, Result
from distributor.contacts.lists.press_lists import list_members
from distributor.contacts.people.members import Member, search_contacts
from distributor.contacts.sources.csvfile import read_csv
from distributor.contacts.sources.rejects import make_rejects
from distributor.contacts.sources.rows import RejectedRow, SourceRow, SourceTable
from distributor.db.engine import Database
from distributor.errors import BadInput
from distributor.models import Contact

HEADER = "Civilité;Prénom;Nom;Média;Fonction;Rubrique;E-mail;Téléphone;Langue;Secteur;Notes;Ville\n"
ANNE = "Mme;Anne;Martin;Le Journal;Journaliste;Économie;anne@journal.example;01 02;fr;Économie;;Brest\n"
PAUL = "M.;Paul;Dœuvre;Radio Été;Reporter;;paul@radio.example;;fr;Social;;\n"


def load(database: Database, *lines: str, name: str = "liste.csv", **options: Any) -> ImportReport:
    """Import these lines under the usual header."""
    table = read_csv((HEADER + "".join(lines)).encode(), name=name)
    return import_contacts(database, table, **({"list_name": "Presse"} | options), keyring=KEYRING)


def results(report: ImportReport) -> list[str]:
    """The outcome of each line, as words."""
    return [outcome.result.value for outcome in report.outcomes]


def members(database: Database, slug: str = "presse") -> list[Member]:
    """The list's members."""
    with database.session() as session:
        return list(list_members(session, slug, KEYRING))


def dump(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the base except the audit."""
    tables = [table for name, table in Contact.metadata.tables.items() if name != "audit"]
    with database.reading() as connection:
        return {table.name: sorted(map(tuple, connection.execute(select(table))), key=str) for table in tables}


def test_rows_become_contacts_with_all_they_say(database: Database) -> None:
    when = datetime(2026, 3, 1, tzinfo=UTC)
    report = load(database, ANNE, PAUL, sector="Presse nationale", collected_at=when)
    assert results(report) == ["new", "new"]
    assert report.list_slug == "presse"
    assert report.new_sectors == ("Presse nationale", "Économie", "Social")
    assert report.kept == {"Ville": "ville"}
    anne, _ = members(database)
    assert (anne.civility, anne.name, anne.language, anne.phone) == ("Mme", "Anne Martin", "fr", "01 02")
    assert (anne.outlet, anne.role, anne.desk) == ("Le Journal", "Journaliste", "Économie")
    assert anne.sectors == ("economie", "presse-nationale")
    assert anne.sector_names == ("Économie", "Presse nationale")
    assert anne.fields == {"ville": "Brest"}
    assert (anne.source, anne.legal_basis, anne.collected_at) == ("liste.csv", LEGAL_BASIS, when)


def test_the_same_file_again_changes_nothing(database: Database) -> None:
    lines = (ANNE, PAUL, ANNE.replace("Le Journal", "L’Autre"), ANNE.replace("01 02", "09 09"), "M.;X;Y;;;;nul;;;;;\n")
    assert results(load(database, *lines)) == ["new", "new", "merged", "merged", "rejected"]
    before = dump(database)
    assert results(load(database, *lines)) == ["unchanged"] * 4 + ["rejected"]
    assert dump(database) == before


def test_one_address_in_one_file_is_one_contact_with_two_outlets(database: Database) -> None:
    report = load(database, ANNE, ANNE.replace("Le Journal", "Télé Sud").replace("anne@", "ANNE@"))
    assert results(report) == ["new", "merged"]
    assert report.outcomes[1].changes[0] == "same address as line 2: one contact"
    (anne,) = members(database)
    assert anne.outlet == "Le Journal"


def test_each_list_uses_the_outlet_it_was_imported_with(database: Database) -> None:
    load(database, ANNE, list_name="Un")
    report = load(database, ANNE.replace("Le Journal", "Télé Sud"), list_name="Deux")
    assert results(report) == ["updated"]
    assert [member.outlet for member in members(database, "un")] == ["Le Journal"]
    assert [member.outlet for member in members(database, "deux")] == ["Télé Sud"]
    with database.session() as session:
        assert [member.outlet for member in search_contacts(session, "anne martin")] == ["Le Journal"]


def test_an_empty_cell_never_erases(database: Database) -> None:
    load(database, ANNE)
    report = load(database, ";;;;;;anne@journal.example;;;;;\n")
    assert results(report) == ["unchanged"]
    assert members(database)[0].phone == "01 02"


def test_the_newer_file_wins_and_says_so(database: Database) -> None:
    load(database, ANNE.replace(";;Brest", ";vue en mai;Brest"))
    report = load(database, ANNE.replace("01 02", "05 05").replace(";;Brest", ";vue en juin;Lyon"), name="juin.csv")
    assert results(report) == ["updated"]
    assert "phone: «01 02» → «05 05»" in report.outcomes[0].changes
    assert "fields.ville: «Brest» → «Lyon»" in report.outcomes[0].changes
    (anne,) = members(database)
    assert (anne.phone, anne.fields["ville"], anne.source) == ("05 05", "Lyon", "liste.csv")
    assert anne.notes == "vue en mai\nvue en juin"


def test_letters_lost_to_a_wrong_encoding_never_replace_whole_ones(database: Database) -> None:
    load(database, ANNE.replace("Anne;", "Ayşe;"))
    report = load(database, ANNE.replace("Anne;", "Ay?e;"), name="autre.csv")
    assert "first_name: «Ay?e» left aside, it has lost letters that «Ayşe» has" in next(iter(report.outcomes)).changes
    assert [one.first_name for one in members(database)] == ["Ayşe"]
    load(database, PAUL.replace("Dœuvre", "D?uvre"))
    load(database, PAUL, name="autre.csv")
    assert [one.last_name for one in members(database)] == ["Martin", "Dœuvre"]


def test_within_a_file_the_first_row_leads_and_the_second_fills_up(database: Database) -> None:
    report = load(database, ANNE.replace("01 02", ""), ANNE.replace("Martin", "Martins"))
    assert "last_name: «Martins» left aside, line 2 of this file says «Martin»" in report.outcomes[1].changes
    (anne,) = members(database)
    assert (anne.last_name, anne.phone) == ("Martin", "01 02")


def test_a_new_role_replaces_the_old_one_and_a_new_desk_is_one_more_post(database: Database) -> None:
    load(database, ANNE)
    report = load(database, ANNE.replace("Journaliste", "Rédactrice en chef"))
    assert "at Le Journal: «Journaliste, Économie» → «Rédactrice en chef, Économie»" in report.outcomes[0].changes
    load(database, ANNE.replace("Économie;anne", "Santé;anne"), list_name="Santé")
    assert [(one.role, one.desk) for one in members(database)] == [("Rédactrice en chef", "Économie")]
    assert [(one.role, one.desk) for one in members(database, "sante")] == [("Journaliste", "Santé")]


def test_outlets_are_one_whatever_their_spelling(database: Database) -> None:
    load(database, ANNE, PAUL.replace("Radio Été", "LE JOURNAL"))
    assert {member.outlet for member in members(database)} == {"Le Journal"}


def test_an_objection_in_a_file_is_never_taken_back_by_another(database: Database) -> None:
    load(database, ANNE.replace(";;Brest", ";ne plus envoyer;Brest"))
    load(database, ANNE)
    assert members(database)[0].opted_out


def test_a_dry_run_says_the_same_and_writes_nothing(database: Database) -> None:
    before = dump(database)
    dry = load(database, ANNE, PAUL, "M.;X;Y;;;;nul;;;;;\n", sector="Santé", dry_run=True)
    assert dump(database) == before
    wet = load(database, ANNE, PAUL, "M.;X;Y;;;;nul;;;;;\n", sector="Santé")
    assert dry.outcomes == wet.outcomes
    assert dry.counts == wet.counts
    assert dry.dry_run
    assert dump(database) != before


def test_a_file_of_bad_rows_only_makes_no_list(database: Database) -> None:
    before = dump(database)
    report = load(database, "M.;X;Y;;;;nul;;;;;\n")
    assert report.counts[Result.REJECTED] == 1
    assert dump(database) == before


def test_an_import_cut_short_leaves_the_base_as_it_was(database: Database) -> None:
    load(database, ANNE)
    before = dump(database)

    def rows() -> Iterator[SourceRow | RejectedRow]:
        for number in range(2500):  # two batches are written before the third is asked for
            yield SourceRow(number + 2, {"E-mail": f"n{number}@x.example", "Média": "Nouveau"})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_contacts(database, SourceTable("x.csv", ("E-mail", "Média"), rows()), list_name="Autre", keyring=KEYRING)
    assert dump(database) == before


def test_an_import_waits_for_another_and_says_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_SILENT_S", 0.05)
    other = database.engine.connect()
    if database.is_sqlite:
        other.execute(text("SELECT 1"))  # it begins by taking the write lock
    else:
        other.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": IMPORT_LOCK})
    said = []

    def end_it() -> None:
        said.append("waiting")
        other.close()

    assert results(load(database, ANNE, on_wait=end_it)) == ["new"]
    assert said == ["waiting"]


def test_several_batches_merge_as_one(database: Database) -> None:
    lines = [PAUL.replace("paul@", f"p{number}@") for number in range(1100)]
    report = load(database, ANNE, *lines, ANNE.replace("Le Journal", "Télé Sud"))
    assert report.counts == {
        Result.NEW: 1101,
        Result.MERGED: 1,
        Result.UPDATED: 0,
        Result.UNCHANGED: 0,
        Result.SPLIT: 0,
        Result.REJECTED: 0,
    }


def test_the_rejects_file_comes_back_mended_and_is_imported(database: Database) -> None:
    report = load(database, ANNE, 'M.;Jean;"Du;pont";;;;jean chez x;;;;=1+1;Brest\n', "a;b;c;d;e;f;g;h;i;j;k;l;m\n")
    rejects = make_rejects(report).content.decode("utf-8-sig")
    header, first, second = rejects.splitlines()
    assert header == HEADER.strip() + ";Motif du rejet"
    assert first.startswith('M.;Jean;"Du;pont";;;;jean chez x;;;;=1+1;Brest;E-mail: ')
    assert second.endswith(";m")
    again = import_contacts(
        database, read_csv(rejects.encode(), name="rejects.csv"), list_name="Presse", keyring=KEYRING
    )
    assert again.header[-1] == "Motif du rejet"
    assert results(again) == ["rejected", "rejected"]
    assert make_rejects(again).content.decode("utf-8-sig").splitlines()[:2] == [header, first]
    mended = first.replace("jean chez x", "jean@x.example")
    last = import_contacts(database, read_csv(f"{header}\n{mended}\n".encode()), list_name="Presse", keyring=KEYRING)
    assert results(last) == ["new"]
    assert last.kept == {"Ville": "ville"}
    assert [one.notes for one in members(database) if one.first_name == "Jean"] == ["=1+1"]


def test_no_rejects_no_file(database: Database) -> None:
    assert make_rejects(load(database, ANNE)).content == b""


def test_a_list_changes_its_sector_aloud(database: Database) -> None:
    load(database, ANNE, sector="Santé")
    report = load(database, ANNE, sector="Culture")
    assert any("now of the sector Culture" in remark for remark in report.remarks)


def test_a_header_without_rows_and_a_list_without_a_name_are_refused(database: Database) -> None:
    with pytest.raises(BadInput, match="no contact"):
        load(database)
    with pytest.raises(BadInput, match="cannot name a list"):
        load(database, ANNE, list_name=" ?! ")
    with pytest.raises(BadInput, match="it has 300 characters"):
        load(database, ANNE, list_name="x" * 300)
    assert load(database, ANNE, list_name="deux\nlignes").list_name == "deux lignes"


WORD = st.sampled_from(["", "A", "B"])
ROW = st.tuples(WORD, st.sampled_from(["", "X", "Y"]), WORD, WORD, st.sampled_from("ab"), WORD, WORD, WORD, WORD)


@settings(max_examples=10 * LONG, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(ROW, min_size=1, max_size=7), st.lists(ROW, max_size=4))
def test_whatever_a_file_says_it_changes_nothing_twice(
    database: Database, rows: list[tuple[str, ...]], earlier: list[tuple[str, ...]]
) -> None:
    def lines(table: list[tuple[str, ...]]) -> list[str]:
        return [
            f";{name};;{outlet};{role};{desk};{address}@x.example;{phone};;{sector};{note};{city}\n"
            for name, outlet, role, desk, address, phone, sector, note, city in table
        ]

    empty(database)
    if earlier:
        load(database, *lines(earlier), name="earlier.csv")
    load(database, *lines(rows))
    before = dump(database)
    assert set(results(load(database, *lines(rows)))) == {"unchanged"}
    assert dump(database) == before


SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "contacts"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared samples are not on this machine")
def test_real_exports_make_one_base(database: Database) -> None:
    for file in sorted(SHARED.glob("*.csv")):
        report = import_contacts(
            database, read_csv(file.read_bytes(), name=file.name), list_name=file.stem, keyring=KEYRING
        )
        assert report.counts[Result.REJECTED] <= 1
        again = import_contacts(
            database, read_csv(file.read_bytes(), name=file.name), list_name=file.stem, keyring=KEYRING
        )
        assert again.counts[Result.UNCHANGED] == len(again.outcomes) - again.counts[Result.REJECTED]

"""Exports: every format imports back into the same base without a change, whatever people are called."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from typing import Any

import pytest
from databases import new_database
from hypothesis import given
from hypothesis import strategies as st
from ledgerbase import KEYRING
from sqlalchemy import select, update
from sqlmodel import Session

from distributor.addresses import parse_address
from distributor.contacts.exports.exportfiles import write_csv, write_vcards, write_xlsx
from distributor.contacts.exports.exporting import export_contacts
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.intake.report import ImportReport
from distributor.contacts.objections import suppression
from distributor.contacts.sources.csvfile import read_csv
from distributor.contacts.sources.reading import read_source
from distributor.db.engine import Database
from distributor.errors import BadInput
from distributor.formulas import defused, restored, shielded
from distributor.models import Contact, MediaListMember, Sector, Suppression
from distributor.tokens import Keyring

KEYS = Keyring(b"a key for these tests, of some length")
FIRST = (
    "Anne", "=cmd|' /C calc'!A0", "+33", "-dupont", "@sum", "'t", "''", "'=x", "\u05d0\u05e0\u05d4", "محمد", "明",
    "Zoë", "Jean-Marie", "José 🦊", "Đặng", "J.-P.", "", "Ÿ" * 100, "o’", "Duval, fils", "A;B", "back\\slash",
    "＝1+1",
)  # fmt: skip
LAST = (
    "O'Brien", "d’Estrées", 'dit «"Le Grand"»', "van der Meer", "=1+1", "Müller-Weiß", "Nguyễn", "-", "Le Goff",
    "x" * 200, "Bond\\n007", "Smith; John", "Ben, Ali", "山田", "+",
)  # fmt: skip
NOTES = (
    "", "=HYPERLINK(1)\n-deuxième ligne\nfin;avec \"guillemets\", virgule", "simple", "\\; \\n \\\\", "appelle-moi 😀",
)  # fmt: skip
OUTLETS = ("Le Jour", "=Soir;", "Radio, Été", 'Web "X"', "+ Canal", "")
SECTORS = ("Santé", "Sport > Cyclisme", "Économie", "=Calcul", "Culture")

EVERY_NAME = len(FIRST) * len(LAST)


def nasty_list(count: int, seed: int = 7) -> bytes:
    """A press list as CSV, of that many people with the nastiest names, some with two outlets, aliases, objections."""
    chance = random.Random(seed)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerow(
        ["Prénom", "Nom", "E-mail", "Autre e-mail", "Média", "Type de média", "Fonction", "Rubrique", "Secteurs",
         "Langue", "Autres langues", "Téléphone", "Région", "Sujets", "Canal préféré", "Pièces jointes",
         "Confiance embargo", "Notes", "Note d'envoi", "Désinscrit", "Ville d'origine", "Dans ce média depuis",
         "Civilité", "Tutoiement"]
    )  # fmt: skip
    for number in range(count):
        first, last = FIRST[number % len(FIRST)], LAST[number // len(FIRST) % len(LAST)]
        local = chance.choice(("j{}", "=j{}", "-j{}", "+j{}", "o'j{}", "redaction-{}", "'{}")).format(number)
        other = f"autre{number}@perso.example" if number % 5 == 0 and last else ""
        row = [
            first, last, f"{local}@journal{number % 9}.example", other, chance.choice(OUTLETS), "PQR",
            chance.choice(("Reporter", "", "=Chef")), chance.choice(("Éco", "")),
            "; ".join(chance.sample(SECTORS, chance.randrange(3))), chance.choice(("fr", "en", "")),
            chance.choice(("", "de; es")), chance.choice(("+33 6 00 00 00 00", "", "01 02")),
            chance.choice(("Île-de-France", "")),
            chance.choice(("rails; ponts", "")), chance.choice(("", "téléphone", "mail")), chance.choice(("non", "")),
            chance.choice(("oui", "")), chance.choice(NOTES), chance.choice(("", "Voici,\nune note")),
            "oui" if number % 97 == 0 else "", chance.choice(("Brest", "=Brest", "")),
            chance.choice(("", "2024-01-01")),
            chance.choice(("Mme", "M.", "")), chance.choice(("tu", "")),
        ]  # fmt: skip
        writer.writerow(row)
        if number % 7 == 0:
            row[4], row[6] = "Deuxième Média", "Pigiste"
            writer.writerow(row)
    return out.getvalue().encode()


def load(database: Database, data: bytes, **options: Any) -> ImportReport:
    """Import a file of any kind."""
    return import_contacts(database, *read_source(data, name="fichier"), keyring=KEYS, **options)


def dump(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the base except the audit."""
    tables = [table for name, table in Contact.metadata.tables.items() if name != "audit"]
    with database.reading() as connection:
        return {table.name: sorted(map(tuple, connection.execute(select(table))), key=str) for table in tables}


def exported(session: Session, kind: str, **options: str) -> bytes:
    """The base in one of the formats."""
    found = export_contacts(session, KEYS, **options)
    if kind == "csv":
        return write_csv(found.header, found.rows)
    return write_xlsx(found.header, found.rows) if kind == "xlsx" else write_vcards(found.rows)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def nasty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """People with the nastiest names, each first one with each last one; on SQLite more than one batch of an import.

    Some objected.
    """
    server = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    with new_database(tmp_path_factory.mktemp("nasty"), server) as database:
        report = load(database, nasty_list(3 * EVERY_NAME if database.is_sqlite else EVERY_NAME), list_name="Tous")
        assert not report.counts["rejected"]
        with database.session() as session:
            for address in ("autre0@perso.example", "autre35@perso.example"):
                suppression.add(session, KEYS, parse_address(address), reason="asked", actor="anne")
            session.add(Sector(slug="arts", name="Arts, lettres"))
        yield database


@pytest.mark.parametrize("kind", ["csv", "xlsx", "vcard"])
def test_every_nasty_name_comes_back_without_a_change(nasty: Database, kind: str) -> None:
    before = dump(nasty)
    with nasty.session() as session:
        data = exported(session, kind, list_name="tous")
    again = load(nasty, data, list_name="Tous")
    changed = [(one.address, one.result, one.changes) for one in again.outcomes if one.result != "unchanged"]
    assert changed[:3] == []
    assert len(again.outcomes) > len(before["contact"]) * 0.8
    assert dump(nasty) == before


def test_nothing_in_a_csv_export_runs(nasty: Database) -> None:
    with nasty.session() as session:
        rows = list(csv.reader(io.StringIO(exported(session, "csv").decode("utf-8-sig")), delimiter=";"))
    assert [cell for row in rows for cell in row if cell[:1] in set("=+-@\t\r\n＝＋－＠")] == []


def test_a_list_and_a_filter_choose_and_a_list_leads_with_its_own_outlet(database: Database) -> None:
    head = "Prénom;Nom;E-mail;Média;Langue\n"
    load(database, f"{head}Anne;Un;a@x.example;Le Jour;fr\nPaul;Deux;p@x.example;Le Soir;en\n".encode(), list_name="Un")
    load(database, f"{head}Anne;Un;a@x.example;La Nuit;fr\n".encode(), list_name="Deux")
    with database.session() as session:
        one = export_contacts(session, KEYS, list_name="deux")
        assert [row["Média"] for row in one.rows] == ["La Nuit", "Le Jour"]
        assert (one.contacts, len(one.rows)) == (1, 2)
        assert [row["Nom"] for row in export_contacts(session, KEYS, where="language:en").rows] == ["Deux"]
        both = export_contacts(session, KEYS, list_name="Un", where="language:fr")
        assert both.contacts == 1
        with pytest.raises(BadInput):
            export_contacts(session, KEYS, list_name="trois")
        with pytest.raises(BadInput):
            export_contacts(session, KEYS, where="language:")


def test_who_objected_is_marked_and_a_reimport_says_it_once(database: Database) -> None:
    load(database, b"Nom;E-mail\nUn;a@x.example\n", list_name="L")
    with database.session() as session:
        suppression.add(session, KEYS, parse_address("a@x.example"), reason="asked", actor="anne")
        data = exported(session, "csv")
        assert export_contacts(session, KEYS).rows[0]["Désinscrit"] == "oui"
    assert load(database, data).counts["unchanged"] == 1
    with database.session() as session:
        suppression.remove(session, KEYS, parse_address("a@x.example"), reason="asked again", actor="anne")
        assert "Désinscrit" not in export_contacts(session, KEYS).rows[0]
        assert session.scalars(select(Suppression)).all() == []


def test_a_second_address_is_no_row_and_a_contact_without_one_is_told(database: Database) -> None:
    load(database, b"Nom;E-mail;Autre e-mail\nUn;a@x.example;b@x.example\n")
    with database.session() as session:
        session.add(Contact(last_name="Sans"))
        found = export_contacts(session, KEYS)
    assert [row["Autre e-mail"] for row in found.rows] == ["b@x.example"]
    assert found.without_address == 1


def test_a_member_put_on_a_list_by_hand_stays_as_it_is(database: Database) -> None:
    load(database, b"Nom;E-mail;M\xc3\xa9dia\nUn;a@x.example;Le Jour\nUn;a@x.example;Le Soir\n", list_name="Un")
    with database.session() as session:
        session.execute(update(MediaListMember).values(affiliation_id=None))
        data = exported(session, "csv", list_name="un")
    assert load(database, data, list_name="Un").counts["unchanged"] == 2


@given(st.text())
def test_what_is_defused_is_restored_exactly(text: str) -> None:
    assert restored(defused(text)) == text
    assert restored(shielded(text)) == text
    assert defused(text)[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n"}


@pytest.mark.parametrize("text", ["'t Hooft", "O'Brien", "'", "''", "d’x", "«=x»"])
def test_an_apostrophe_of_a_name_is_left_alone(text: str) -> None:
    assert defused(text) == restored(text) == text


@pytest.mark.parametrize("cell", ["'+33 6 00", "'=1+1", "'-x"])
def test_the_apostrophe_of_a_spreadsheet_goes_in_any_list(database: Database, cell: str) -> None:
    import_contacts(database, read_csv(f"Nom;E-mail;Téléphone\nUn;a@x.example;{cell}\n".encode()), keyring=KEYRING)
    with database.session() as session:
        assert session.scalars(select(Contact)).one().phone == cell[1:]

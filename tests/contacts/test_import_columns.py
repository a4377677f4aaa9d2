"""What columns mean: every field under its canonical name, the user's own word, and mappings that are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgerbase import KEYRING
from sqlmodel import select
from test_importing import dump, members, results

from distributor.contacts.cleaning.cells import clean_text, is_clean
from distributor.contacts.cleaning.codes import OUTLET_KINDS, read_day, read_moment, read_outlet_kind
from distributor.contacts.cleaning.columns import map_columns, read_target
from distributor.contacts.cleaning.particulars import CANONICAL, Field, field_of
from distributor.contacts.intake.importing import Columns, import_contacts
from distributor.contacts.intake.mappings import forget_mapping, mappings, read_choices
from distributor.contacts.intake.report import ImportReport
from distributor.contacts.sources.csvfile import read_csv
from distributor.contacts.sources.rows import SourceRow
from distributor.db.engine import Database
from distributor.errors import BadInput
from distributor.models import Contact, Outlet, Sector

ODD = "Courrier;Patronyme;Petit nom;Remarque;Matricule\nanne@journal.example;Martin;Anne;vue;12\n"
CHOICES = {"courrier": "address", "Patronyme": "last_name", "Petit nom": "first_name", "Matricule": "fields.numero"}


@pytest.fixture
def database(file_database: Database) -> Database:
    """A SQLite file: the base only takes what was read."""
    return file_database


def load(database: Database, text: str, **options: Any) -> ImportReport:
    """Import a file given as text."""
    table = read_csv(text.encode(), name="source.csv", columns=tuple(options.pop("named", ())))
    return import_contacts(database, table, **({"list_name": "Presse"} | options), keyring=KEYRING)


def contact(database: Database) -> Contact:
    """The one contact there is."""
    with database.session() as session:
        return session.exec(select(Contact).where(Contact.same_as_id == None)).one()  # noqa: E711 - SQL's IS NULL


def test_every_field_has_a_canonical_name_that_is_recognised() -> None:
    assert set(CANONICAL) == set(Field)
    assert {field_of(name) for name in CANONICAL.values()} == set(Field)
    assert [read_target(name) for name in CANONICAL.values()] == [field.value for field in CANONICAL]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (
            "Nom du support;Nom contact;Prénom contact;E-mail contact;E-mail support",
            "Mensuel;Martin;Anne;anne@m.example;redac@m.example",
        ),
        (
            "Nom Prénom;Rédaction;Adresse mail pro;Adresse mail perso",
            "MARTIN Anne;Mensuel;anne@m.example;a@perso.example",
        ),
        ("Organe de presse;Contact;Mail", "Mensuel;Mme Anne Martin;anne@m.example"),
        ("Titre;Journaliste;Mail", "Mensuel;Anne MARTIN;anne@m.example"),
        (
            "Prénom;Nom de famille;Adresse électronique principale;Adresse électronique secondaire;Société",
            "Anne;Martin;anne@m.example;a@perso.example;Mensuel",
        ),
        ("Média;Prénom Nom;Courrier électronique", "Mensuel;Anne Martin;anne@m.example"),
        (";;;;Média\nNom;Prénom;Mail;Tél.;", "Martin;Anne;anne@m.example;;Mensuel"),
    ],
)
def test_columns_as_press_offices_and_their_databases_name_them(database: Database, header: str, row: str) -> None:
    load(database, f"{header}\n{row}\n")
    found = [(one.first_name, one.last_name, one.outlet, one.address) for one in members(database)]
    assert found == [("Anne", "Martin", "Mensuel", "anne@m.example")]


def test_where_no_person_is_named_the_outlet_s_address_is_used(database: Database) -> None:
    load(database, "Outlet Name,Contact Name,Contact Email,Outlet Email\nMonthly,,,desk@m.example\n")
    assert [(one.outlet, one.address) for one in members(database)] == [("Monthly", "desk@m.example")]


def test_all_that_can_be_said_of_a_contact_is_read(database: Database) -> None:
    said = {
        Field.ADDRESS: "anne@journal.example",
        Field.FIRST_NAME: "Anne",
        Field.LAST_NAME: "Martin",
        Field.LANGUAGE: "Français / anglais",
        Field.OTHER_LANGUAGES: "de; it",
        Field.TOPICS: "retraites, hôpital",
        Field.CHANNEL: "Téléphone",
        Field.ATTACHMENTS: "pas de PJ",
        Field.EMBARGO_TRUST: "oui",
        Field.OUTLET: "Ouest Rivage",
        Field.OUTLET_KIND: "PQR",
        Field.OUTLET_REGION: "Bretagne",
        Field.SECTOR: "Sport > Cyclisme; Social",
        Field.SOURCE: "annuaire",
        Field.LEGAL_BASIS: "consent",
        Field.COLLECTED_AT: "12/03/2025",
        Field.CONFIRMED_AT: "2026-01-05T10:00:00+01:00",
    }
    text = ";".join(CANONICAL[field] for field in said) + "\n" + ";".join(f'"{value}"' for value in said.values())
    load(database, text)
    anne = contact(database)
    assert (anne.language, anne.other_languages, anne.topics) == ("fr", "en; de; it", "retraites; hôpital")
    assert (anne.channel, anne.attachments, anne.embargo_trust, anne.name_key) == ("phone", "no", True, "anne martin")
    assert (anne.source, anne.legal_basis, anne.collected_at) == (
        "annuaire",
        "consent",
        datetime(2025, 3, 12, tzinfo=UTC),
    )
    assert anne.confirmed_at == datetime(2026, 1, 5, 9, tzinfo=UTC)
    with database.session() as session:
        outlet = session.exec(select(Outlet)).one()
        sectors = {row.slug: row for row in session.exec(select(Sector))}
    assert (outlet.kind, outlet.region) == ("regional-daily", "Bretagne")
    assert sectors["cyclisme"].parent_id == sectors["sport"].id
    assert members(database)[0].sectors == ("cyclisme", "social")
    before = dump(database)
    assert results(load(database, text)) == ["unchanged"]
    assert dump(database) == before


def test_what_cannot_be_read_is_kept_and_told(database: Database) -> None:
    report = load(database, "E-mail;Confirmé le;Pièces jointes\na@x.example;bientôt;parfois\n")
    assert contact(database).fields == {"attachments_as_written": "parfois", "confirmed_at_as_written": "bientôt"}
    assert len(report.outcomes[0].changes) == 2


def test_a_sector_that_a_list_puts_under_itself_is_one_sector(database: Database) -> None:
    load(database, "E-mail;Secteur\na@x.example;Sport > Sport\n")
    with database.session() as session:
        assert [(one.name, one.parent_id) for one in session.exec(select(Sector))] == [("Sport", None)]


def test_a_sector_that_stood_alone_finds_its_parent_and_the_tree_stays_two_deep(database: Database) -> None:
    load(database, "E-mail;Secteur\na@x.example;Cyclisme\n")
    load(database, "E-mail;Secteur\na@x.example;Sport > Cyclisme\n")
    report = load(database, "E-mail;Secteur\na@x.example;Loisirs > Sport, Culture > Cyclisme\n")
    assert sum("stays as it is" in remark for remark in report.remarks) == 2
    with database.session() as session:
        sectors = {row.slug: row for row in session.exec(select(Sector))}
    assert sectors["cyclisme"].parent_id == sectors["sport"].id
    assert sectors["sport"].parent_id is None
    assert set(sectors) == {"sport", "cyclisme"}


def test_an_import_without_a_list_puts_nobody_on_one(database: Database) -> None:
    report = load(database, "E-mail\na@x.example\n", list_name="")
    assert (report.list_slug, results(report)) == ("", ["new"])
    assert contact(database).address == "a@x.example"


def test_provenance_of_the_file_fills_up_and_never_replaces(database: Database) -> None:
    day = datetime(2025, 5, 1, tzinfo=UTC)
    load(database, "E-mail\na@x.example\n", legal_basis="consent", collected_at=day, source="salon")
    load(database, "E-mail\na@x.example\n", legal_basis="other", source="other")
    kept = contact(database)
    assert (kept.source, kept.legal_basis, kept.collected_at) == ("salon", "consent", day)


def test_a_note_that_may_not_be_kept_is_warned_of(database: Database) -> None:
    report = load(database, "E-mail;Notes\na@x.example;membre du SNJ\n")
    assert "union membership" in report.outcomes[0].changes[0]


def test_the_users_word_beats_ours(database: Database) -> None:
    report = load(database, ODD, columns=Columns({**CHOICES, "Remarque": ""}), named=CHOICES)
    assert report.ignored == ("Remarque",)
    anne = contact(database)
    assert (anne.first_name, anne.last_name, anne.notes, anne.fields) == ("Anne", "Martin", "", {"numero": "12"})


def test_a_saved_mapping_is_used_by_itself_for_the_same_header(database: Database) -> None:
    load(database, ODD, columns=Columns(CHOICES, save_as="Annuaire"), named=CHOICES)
    with database.session() as session:
        (saved,) = mappings(session)
        assert (saved.name, saved.columns) == ("annuaire", CHOICES)
    report = load(database, ODD.replace("vue", "revue"), named=CHOICES)
    assert "Columns read by the saved mapping «annuaire»." in report.remarks
    assert contact(database).fields == {"numero": "12"}
    before = dump(database)
    load(database, ODD.replace("vue", "revue"), columns=Columns(CHOICES, save_as="annuaire"), named=CHOICES)
    assert dump(database) == before
    mended = ODD.replace("Matricule\n", "Matricule;Motif du rejet\n").replace("12\n", "12;x\n")
    assert "Columns read by the saved mapping «annuaire»." in load(database, mended, named=CHOICES).remarks
    with database.session() as session:
        forget_mapping(session, "annuaire", actor="a")
        assert mappings(session) == []


def test_a_dry_run_saves_no_mapping(database: Database) -> None:
    load(database, ODD, columns=Columns(CHOICES, save_as="annuaire"), named=CHOICES, dry_run=True)
    with database.session() as session:
        assert mappings(session) == []


def test_what_names_no_column_field_or_mapping_is_refused_with_those_there_are(database: Database) -> None:
    with pytest.raises(BadInput, match="no field") as refused:
        read_choices(["Courrier=adress"])
    assert "outlet_region" in str(refused.value.mend)
    with pytest.raises(BadInput, match="does not say"):
        read_choices(["Courrier"])
    with pytest.raises(BadInput, match="no column «Nope»") as refused:
        load(database, ODD, columns=Columns({"Nope": "notes"}))
    assert "«Petit nom»" in str(refused.value.mend)
    with pytest.raises(BadInput, match="No column mapping"):
        load(database, ODD, columns=Columns(mapping="nope"))


def test_extra_fields_have_columns_of_their_own() -> None:
    found = map_columns(("E-mail", "fields.role", "fields.phone", "Role"), [])
    assert found.kept == {"fields.role": "role", "fields.phone": "phone"}
    assert found.recognised[Field.ROLE] == ("Role",)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("PQN", "national-daily"),
        ("Quotidien régional", "regional-daily"),
        ("Agence de presse", "agency"),
        ("TV", "television"),
        ("Pure player", "web"),
        ("Hebdomadaire", "magazine"),
        ("presse professionnelle", "trade"),
        ("Presse syndicale", "union-press"),
        ("Pigiste", "freelance"),
        ("trade press", "trade"),
        ("fanzine", "fanzine"),
    ],
)
def test_kinds_of_outlets_become_codes(written: str, code: str) -> None:
    assert read_outlet_kind(written) == code
    assert all(read_outlet_kind(kind) == kind for kind in OUTLET_KINDS)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-03-01", "2026-03-01"),
        ("2026-03-01T10:00:00", "2026-03-01"),
        ("1/3/2026", "2026-03-01"),
        ("01.03.2026", "2026-03-01"),
        ("1er mars 2026", "2026-03-01"),
        ("août 2025", "2025-08-01"),
        ("31/02/2026", "None"),
        ("bientôt", "None"),
        ("", "None"),
    ],
)
def test_days_are_read_as_the_french_write_them(written: str, day: str) -> None:
    assert str(read_day(written)) == day


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_comes_back_as_it_was_written(moment: datetime) -> None:
    assert read_moment(moment.isoformat()) == moment


@given(st.lists(st.text(max_size=12) | st.sampled_from(["Ã©", "a  b", "é", " x", "=?", "e\u0301"]), max_size=5))
def test_a_clean_row_is_one_that_cleaning_leaves_alone(cells: list[str]) -> None:
    if is_clean(cells):
        assert [clean_text(cell) for cell in cells] == [(cell, ()) for cell in cells]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("E-Mail-Adresse", Field.ADDRESS),
        ("E-mail(s)", Field.ADDRESS),
        ("E-mail *", Field.ADDRESS),
        ("E-Mail 2: Adresse", Field.OTHER_ADDRESS),
        ("Sekundäre E-Mail-Adresse", Field.OTHER_ADDRESS),
        ("E-Mail: Angezeigter Name", None),
        ("Tél. (bureau)", Field.PHONE),
        ("Telefon geschäftlich", Field.PHONE),
        ("Fax geschäftlich", None),
        ("Firma", Field.OUTLET),
        ("Outlet Name", Field.OUTLET),
        ("Contact Title", Field.ROLE),
        ("Contact Topics", Field.TOPICS),
        ("Ressort", Field.DESK),
        ("Notizen", Field.NOTES),
        ("Nachname, Vorname", Field.FULL_NAME_LAST_FIRST),
        ("Website 1 - Label", None),
        ("Journal / Radio", Field.OUTLET),
        ("Radio, TV ou journal", Field.OUTLET),
        ("Média/Support", Field.OUTLET),
        ("Mél / Courriel", Field.ADDRESS),
        ("Fixe / Portable", Field.PHONE),
        ("Mail / Tél.", None),
        ("Correo electrónico", Field.ADDRESS),
        ("Apellidos", Field.LAST_NAME),
        ("Baja", Field.OPTED_OUT),
        ("Anv-bihan", Field.FIRST_NAME),
        ("Organisme / Média", Field.OUTLET),
        ("Secteurs d'activité", Field.SECTOR),
        ("Mails", Field.ADDRESS),
        ("Mail2", Field.OTHER_ADDRESS),
        ("Obs.", Field.NOTES),
        ("Adresse / Ville", None),
        ("Radio", None),
        ("Rubrique / Secteur", None),
    ],
)
def test_columns_of_other_programs_are_recognised(name: str, field: Field | None) -> None:
    assert field_of(name) == field


def test_a_column_that_speaks_of_mail_and_holds_addresses_will_do() -> None:
    table = read_csv(b"Fichier 2026\nNom;Mail direct;Mail envoye\nAnne Martin;anne@journal.example;oui\n")
    assert table.header == ("Nom", "Mail direct", "Mail envoye")
    columns = map_columns(table.header, [row.cells for row in table.rows if isinstance(row, SourceRow)])
    assert columns.recognised[Field.ADDRESS] == ("Mail direct",)
    assert list(columns.kept) == ["Mail envoye"]


def test_a_column_of_numbers_is_no_spanish_first_name() -> None:
    assert map_columns(("Nombre", "E-mail"), [{"Nombre": "12"}]).kept == {"Nombre": "nombre"}
    assert Field.FIRST_NAME in map_columns(("Nombre", "E-mail"), [{"Nombre": "José"}]).recognised


def test_a_column_of_a_newsrooms_addresses_is_no_column_of_outlets() -> None:
    header = ("Titre", "Rédaction (mail)", "Mail 1")
    rows = [
        {"Titre": "Le Mensuel", "Rédaction (mail)": "redac@mensuel.example", "Mail 1": "lea@mensuel.example"},
        {"Titre": "Radio Mer", "Rédaction (mail)": "", "Mail 1": "anne@mer.example"},
    ]
    columns = map_columns(header, rows)
    assert columns.recognised[Field.OUTLET] == ("Titre",)
    assert columns.recognised[Field.ADDRESS] + columns.recognised[Field.OTHER_ADDRESS] == header[1:]


def test_numbered_columns_of_addresses_name_the_header() -> None:
    assert read_csv(b"Presse\n\nNom;Mail 1;Mail 2\nAnne;a@b.example;\n").header == ("Nom", "Mail 1", "Mail 2")


def test_lines_that_are_neither_columns_nor_recipients_are_told_how_to_be_written() -> None:
    line = "Anne, Martin, Le Mensuel : anne@journal.example"
    with pytest.raises(BadInput, match=r"Neither columns nor single .* one recipient a line"):
        map_columns(("Bonjour Paul,",), [{"Bonjour Paul,": line}])


def test_the_column_to_map_is_named_after_what_it_holds() -> None:
    with pytest.raises(BadInput, match="--map 'Joindre=address'"):
        map_columns(("Nom", "Joindre"), [{"Nom": "Anne", "Joindre": "anne@journal.example"}])

"""Whatever address books and spreadsheets export comes in by one door, without a mapping; rejects come back."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from databases import LONG
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgerbase import KEYRING
from workbooks import ods, row, xlsx

from distributor.contacts.cleaning.columns import map_columns
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.intake.report import ImportReport, Result
from distributor.contacts.lists.press_lists import list_members
from distributor.contacts.sources.pasted import as_table
from distributor.contacts.sources.reading import read_source
from distributor.contacts.sources.rejects import Rejects, make_rejects
from distributor.contacts.sources.rows import RejectedRow, SourceRow, place
from distributor.db.engine import Database
from distributor.errors import BadInput

SAMPLES = sorted((Path(__file__).parents[1] / "data" / "contacts").iterdir())
PEOPLE = [
    ("zoe.loeuillet@oeil.example", "Zoé", "Lœuillet", "L’Œil du Midi", "Cheffe de rubrique"),
    ("jerome.vandermeer@garrigue.example", "Jérôme", "Van der Meer", "Radio Garrigue", "Journaliste"),
    ("anais.obrien@lefil.example", "Anaïs", "O’Brien", "Le Fil, agence", "Correspondante"),
]


@pytest.fixture
def database(file_database: Database) -> Database:
    """A SQLite file: the base only takes what was read."""
    return file_database


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.name)
def test_every_exporter_s_file_comes_in_without_a_mapping(file: Path, database: Database) -> None:
    report = import_contacts(
        database, *read_source(file.read_bytes(), name=file.name), list_name="Presse", keyring=KEYRING
    )
    assert (report.counts[Result.NEW], report.counts[Result.REJECTED]) == (3, 0)
    with database.session() as session:
        members = list(list_members(session, "presse", KEYRING))
    found = {(one.address, one.first_name, one.last_name, one.outlet, one.role) for one in members}
    assert found == set(PEOPLE)
    again = import_contacts(
        database, *read_source(file.read_bytes(), name=file.name), list_name="Presse", keyring=KEYRING
    )
    assert again.counts[Result.UNCHANGED] == 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            '"Martin, Anne" <anne@x.example>; Luc Roy <luc@x.example>; redac@y.example;\r\nZoé <zoe@x.example>',
            ["Anne Martin", "Luc Roy", "redac@y.example", "Zoé"],
        ),
        ("Cci : Anne Martin <anne@x.example>, luc@x.example", ["Anne Martin", "luc@x.example"]),
        ("a@x.example;b@x.example;c@x.example", ["a@x.example", "b@x.example", "c@x.example"]),
        (
            "Bonjour Karine, voici :\n\nAnne Martin <anne@x.example>; luc@x.example\n\nBonne journée\nPaul\n",
            ["Anne Martin", "luc@x.example"],
        ),
        (
            "Bonjour Karine,\nvoici :\n- Anne Martin <anne@x.example>\n- luc@x.example\n• Zoé <zoe@x.example>\n",
            ["Anne Martin", "luc@x.example", "Zoé"],
        ),
        ("À : Anne Martin <anne@x.example>\nCc : luc@x.example\nObjet : contacts\n", ["Anne Martin", "luc@x.example"]),
        (
            "De : Karine <k@y.example>\nEnvoyé : lundi\nÀ : Martin, Anne <anne@x.example>; luc@x.example\n\nBonjour,\n",
            ["Anne Martin", "luc@x.example"],
        ),
        ("Martin, Anne <anne@x.example>, Le Roy, Luc <luc@x.example>", ["Anne Martin", "Luc Le Roy"]),
        ("Martin, Anne <anne@x.example>\nLe Roy, Luc <luc@x.example>\n", ["Anne Martin", "Luc Le Roy"]),
    ],
)
def test_recipients_pasted_out_of_a_mail_program_are_a_list(text: str, found: list[str], database: Database) -> None:
    (table,) = read_source(text.encode())
    assert import_contacts(database, table, list_name="Presse", keyring=KEYRING).counts[Result.NEW] == len(found)
    with database.session() as session:
        members = list(list_members(session, "presse", KEYRING))
    assert sorted(f"{one.first_name} {one.last_name}".strip() or one.address for one in members) == sorted(found)


def test_what_stands_around_pasted_recipients_is_told() -> None:
    (table,) = read_source(b"Bonjour Karine, voici :\nAnne <anne@x.example>; luc@x.example\n\nPaul\n")
    assert "line 1 «Bonjour Karine, voici :», line 4 «Paul»" in table.remarks[-1]


@pytest.mark.parametrize(
    "text", ["Annuaire\nE-mail\nanne@x.example\nluc@x.example\n", "Qui;Joindre\nanne@x.example;luc@x.example\n"]
)
def test_a_table_with_a_title_is_no_pasted_block(text: str) -> None:
    (table,) = read_source(text.encode())
    assert not any("as a mail program writes them" in remark for remark in table.remarks)


def test_two_addresses_in_each_row_under_a_title_are_not_taken_for_so_many_people() -> None:
    (table,) = read_source(b"Annuaire 2026\nanne@x.example,a@perso.example\nluc@x.example,l@perso.example\n")
    assert table.header == ("E-mail", "E-mail 2")


DOCUMENTS = (
    "Presse\n\n- Anne, Le Roy, Le Phare <anne.leroy@phare.example>\n- Luc, Petit, Radio Mer <l.petit@mer.example>\n",
    "Anne Le Roy – Le Phare – anne@phare.example – 02 98 00 00 01\nRadio\nLuc Petit – Radio Mer – luc@mer.example\n",
    "•\tAnne Le Roy, Le Phare, anne@phare.example\n•\tLuc Petit, Radio Mer, luc@mer.example\n",
    "1. Anne Le Roy (Le Phare), Le Phare, anne@phare.example\n2. Luc Petit, Radio Mer, luc@mer.example\n",
    "Le Phare : anne@phare.example (Anne Le Roy)\nRadio Mer : luc@mer.example (Luc Petit)\n",
    "Anne Le Roy\tLe Phare\tanne@phare.example\nLuc Petit\tRadio Mer\tluc@mer.example\n",
    "Le Roy Anne;Le Phare;aleroy@phare.example\nPetit Luc;Radio Mer;lpetit@mer.example\n",
    "Le Phare\nAnne Le Roy\nanne@phare.example\n\nRadio Mer\nLuc Petit\nluc@mer.example\n",
    "Radio Mer\nLuc Petit <luc@mer.example>\n\nLe Phare\nAnne Le Roy <anne@phare.example>\n",
    "Média      Contact      Mail\nLe Phare   Anne Le Roy  anne@phare.example\nRadio Mer  Luc Petit  luc@mer.example\n",
)


@pytest.mark.parametrize("text", DOCUMENTS)
def test_lines_out_of_a_document_are_rows(text: str, database: Database) -> None:
    (table,) = read_source(text.encode())
    import_contacts(database, table, list_name="Presse", keyring=KEYRING)
    with database.session() as session:
        members = list(list_members(session, "presse", KEYRING))
    found = sorted((one.first_name, one.last_name, one.outlet) for one in members)
    assert found == [("Anne", "Le Roy", "Le Phare"), ("Luc", "Petit", "Radio Mer")]


def test_a_name_and_an_address_on_a_line_are_a_recipient(database: Database) -> None:
    text = "Anne Le Roy anne@x.example\nLuc Petit luc@x.example\n"
    import_contacts(database, *read_source(text.encode()), list_name="Presse", keyring=KEYRING)
    with database.session() as session:
        assert {one.name for one in list_members(session, "presse", KEYRING)} == {"Anne Le Roy", "Luc Petit"}


def test_blocks_of_lines_are_a_row_each_with_the_line_they_begin_on() -> None:
    text = (
        "Le Phare\r\nAnne Le Roy\r\nanne@phare.example\r\n\r\nRADIOS\r\n\r\n"
        "Radio Mer\r\nLuc Petit\r\nTél. : 02 98 00 00 01\r\nMail : lpetit@mer.example\r\n"
    )
    (table,) = read_source(text.encode())
    assert table.header == ("Outlet", "Full name", "E-mail", "Phone")
    assert table.remarks[0].endswith("), its lines put into 4 columns.")
    rows = [(row.line, *row.cells.values()) for row in table.rows if isinstance(row, SourceRow)]
    assert rows == [
        (1, "Le Phare", "Anne Le Roy", "anne@phare.example", ""),
        (5, "RADIOS", "", "", ""),
        (7, "Radio Mer", "Luc Petit", "lpetit@mer.example", "02 98 00 00 01"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Le Phare\nAnne Le Roy\nanne@phare.example\n\nRadio Mer\nluc@mer.example\n",
        "Le Phare\nanne@phare.example\nluc@phare.example\n\nRadio Mer\nLuc Petit\nluc@mer.example\n",
        "Bonjour,\nvoici la liste.\n\nLe Phare\nAnne\nanne@phare.example\n\nMer\nLuc\nluc@mer.example\n",
    ],
)
def test_blocks_that_are_not_alike_are_no_rows(text: str) -> None:
    assert as_table(text) is None


def test_titles_between_lines_of_a_document_are_told_and_heeded(database: Database) -> None:
    text = "Radio\nAnne Le Roy – anne@x.example\nZoé – zoe@x.example\nDésinscrits\nLuc Petit – luc@x.example\n"
    report = import_contacts(database, *read_source(text.encode()), list_name="Presse", keyring=KEYRING)
    assert [(one.line, one.result) for one in report.outcomes if one.result == Result.REJECTED] == [
        (1, Result.REJECTED),
        (4, Result.REJECTED),
    ]
    told = {one.address: " ".join(one.changes) for one in report.outcomes}
    assert "never mailed" in told["luc@x.example"]
    assert "never mailed" not in told["anne@x.example"]


def test_lines_that_are_no_rows_are_none() -> None:
    (table,) = read_source(b"Le Phare\nAnne Le Roy\nanne@x.example\nRadio Mer\nluc@x.example\n")
    with pytest.raises(BadInput, match="Neither columns nor single recipients"):
        map_columns(table.header, [row.cells for row in table.rows if isinstance(row, SourceRow)])


def test_a_slip_among_pasted_recipients_is_rejected_alone(database: Database) -> None:
    (table,) = read_source(b"anne@x.example; luc@x.example;\nzoe@x@y; max@x.example; eva@y.example\n")
    report = import_contacts(database, table, list_name="Presse", keyring=KEYRING)
    assert (report.counts[Result.NEW], report.counts[Result.REJECTED]) == (4, 1)


def test_two_addresses_in_each_row_are_a_table() -> None:
    (table,) = read_source(b"anne@x.example;a@perso.example\nluc@x.example;l@perso.example\n")
    assert table.header == ("E-mail", "E-mail 2")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blank_lines_by_the_ten_thousand_cost_nothing(end: str) -> None:
    data = f"E-mail{end}{end * 60_000}a@x.example{end}".encode()
    (table,) = read_source(data)
    assert len(list(table.rows)) == 1


def test_an_ldif_file_is_told_what_to_do_instead() -> None:
    with pytest.raises(BadInput, match="LDIF"):
        read_source(b"dn: cn=Anne,mail=anne@x.example\nmail: anne@x.example\n")


@pytest.mark.parametrize(
    ("text", "header"),
    [
        (
            "Mme;Zoé;Petit;zoe.petit@x.example;0467000102;fr;Midi\nM.;Luc;Roy;luc.roy@x.example;0612345678;en;Est\n",
            ("Prefix", "First name", "Last name", "E-mail", "Phone", "Language", "Column 7"),
        ),
        ("PETIT,Jérôme,jpetit@x.example\nMARTIN,Anne,amartin@x.example\n", ("Last name", "First name", "E-mail")),
        ("a@x.example\nb@x.example\n", ("E-mail",)),
        ("Anne Martin\tanne.martin@x.example\nBruno Petit\tbruno.petit@x.example\n", ("Full name", "E-mail")),
        ("Anne,anne@x.example,secours@x.example\n", ("Full name", "E-mail", "E-mail 2")),
    ],
)
def test_a_list_without_column_names_is_read_by_what_it_holds(text: str, header: tuple[str, ...]) -> None:
    (table,) = read_source(text.encode())
    assert table.header == header
    assert "No row names the columns" in table.remarks[1]
    lines = [one.line for one in table.rows]
    assert lines == list(range(1, text.count("\n") + 1))


@pytest.mark.parametrize("name", ["lists/~$presse.xlsx", ".~lock.presse.xlsx#"])
def test_the_mark_of_a_list_that_is_open_in_a_spreadsheet_is_told_from_the_list(name: str) -> None:
    with pytest.raises(BadInput, match="the mark that a spreadsheet leaves") as caught:
        read_source(b"\x05Claire\0\0\0", name=name)
    assert "presse.xlsx itself" in caught.value.mend


@pytest.mark.parametrize(
    "text",
    [
        "Anne Le Goff <anne@x.example>; Théo Hébert <theo@x.example>; luc@y.example\n",
        "Anne Le Goff <anne@x.example>, Théo Hébert <theo@x.example>, luc@y.example\n",
        '"Le Goff, Anne" <anne@x.example>; "Hébert, Théo" <theo@x.example>; <luc@y.example>\n',
        "Anne Le Goff <anne@x.example>;\nThéo Hébert <theo@x.example>; luc@y.example\n",
        "luc@y.example;\nAnne Le Goff <anne@x.example>; Théo Hébert <theo@x.example>\n",
        "E-mail\nAnne Le Goff <anne@x.example>, Théo Hébert <theo@x.example>, luc@y.example\n",
        "Média;E-mail;E-mail 2\nLe Fil;Anne Le Goff <anne@x.example>, luc@y.example;Théo Hébert <theo@x.example>\n",
    ],
)
def test_who_a_message_went_to_pasted_into_a_file_is_as_many_people(text: str, database: Database) -> None:
    report = import_contacts(database, *read_source(text.encode()), list_name="Presse", keyring=KEYRING)
    assert report.counts[Result.REJECTED] == 0
    with database.session() as session:
        found = {(one.address, one.first_name, one.last_name) for one in list_members(session, "presse", KEYRING)}
    assert found == {
        ("anne@x.example", "Anne", "Le Goff"),
        ("theo@x.example", "Théo", "Hébert"),
        ("luc@y.example", "", ""),
    }


def test_two_pasted_addresses_under_one_name_are_one_persons(database: Database) -> None:
    pasted = b"Anne Le Goff <anne@x.example>; Anne LE GOFF <anne@foyer.example>; Luc Roy <luc@y.example>\n"
    report = import_contacts(database, *read_source(pasted), list_name="Presse", keyring=KEYRING)
    assert "E-mail: 2 addresses, named one by one: 1 contact" in report.outcomes[0].changes
    with database.session() as session:
        assert {one.address for one in list_members(session, "presse", KEYRING)} == {"anne@x.example", "luc@y.example"}


def test_a_list_without_column_names_whose_shape_is_not_clear_is_refused() -> None:
    with pytest.raises(BadInput, match="No row names the columns") as caught:
        read_source(b"Anne;anne@x.example;Nimes\nBruno;Ales;bruno@x.example\n", name="liste.csv")
    assert "Nom;" in caught.value.mend


def test_column_names_the_user_spoke_of_are_the_header_under_titles() -> None:
    (table,) = read_source(b"Fichier;@nous\n;\nWer;Elektropost\nAnne;anne@x.example\n", columns=["Elektropost"])
    assert table.header == ("Wer", "Elektropost")
    assert [one.line for one in table.rows] == [4]


@pytest.mark.parametrize("delimiter", ["^", "~", "¦", "§", ":", "#", "!", "\x1f"])
def test_a_rare_delimiter_is_found(delimiter: str) -> None:
    text = "Nom|E-mail|Média\nAnne|anne@x.example|Le Fil ; agence\n".replace("|", delimiter)
    (table,) = read_source(text.encode())
    (only,) = table.rows
    assert isinstance(only, SourceRow)
    assert only.cells == {"Nom": "Anne", "E-mail": "anne@x.example", "Média": "Le Fil ; agence"}


def test_a_place_is_said_with_its_sheet() -> None:
    assert (place(12, "Sport"), place(12)) == ("sheet Sport, line 12", "line 12")


def rejects(database: Database, data: bytes) -> tuple[ImportReport, Rejects]:
    report = import_contacts(database, *read_source(data, name="presse"), list_name="Presse", keyring=KEYRING)
    return report, make_rejects(report)


HEADER = ("Nom", "E-mail", "Téléphone", "Notes")
BAD = ("Anne", "anne chez x", "0102", "=1+1")


@pytest.mark.parametrize(
    "data",
    [
        xlsx({"Sport": [HEADER, ("B", "b@x.example"), BAD], "Vide": [], "Art": [["Titre"], HEADER, BAD[:2]]}),
        ods({"Sport": row(*HEADER) + row("B", "b@x.example") + row(*BAD), "Art": row(*HEADER) + row(*BAD[:2])}),
    ],
    ids=["xlsx", "ods"],
)
def test_rejects_of_a_workbook_are_a_workbook_of_text_that_comes_back(database: Database, data: bytes) -> None:
    report, written = rejects(database, data)
    assert report.counts[Result.REJECTED] == 2
    assert written.ending == ".xlsx"
    tables = read_source(written.content, name="presse-rejects.xlsx")
    assert [(table.sheet, table.header) for table in tables] == [
        ("Sport", (*HEADER, "Motif du rejet")),
        ("Art", (*HEADER, "Motif du rejet")),
    ]
    (only,) = tables[0].rows
    assert isinstance(only, SourceRow)
    assert tuple(only.cells.values())[:4] == BAD
    assert only.cells["Motif du rejet"].startswith("E-mail: ")
    again, twice = rejects(database, written.content)
    assert again.counts[Result.REJECTED] == 2
    assert [table.header for table in read_source(twice.content)] == [(*HEADER, "Motif du rejet")] * 2
    mended = xlsx({"Sport": [(*HEADER, "Motif du rejet"), (BAD[0], "anne@x.example", *BAD[2:], "E-mail: …")]})
    last, nothing = rejects(database, mended)
    assert (last.counts[Result.NEW], last.kept, nothing.content) == (1, {}, b"")


def test_rejects_of_cards_are_the_cards_as_they_stood(database: Database) -> None:
    good = b"BEGIN:VCARD\r\nVERSION:3.0\r\nEMAIL:b@x.example\r\nEND:VCARD\r\n"
    bad = b"BEGIN:VCARD\nVERSION:3.0\nFN:L\xe9a \x8cil\nEMAIL:lea chez x\nPHOTO;ENCODING=b:AAAA\nEND:VCARD\n"
    nobody = b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Personne\r\nEND:VCARD\r\n"
    cut = b"BEGIN:VCARD\r\nVERSION:3.0\r\nEMAIL:c@x.exam"
    report, written = rejects(database, b"Liste\n" + good + bad + nobody + cut)
    assert (report.counts[Result.NEW], report.counts[Result.REJECTED], written.ending) == (1, 4, ".vcf")
    reason = b"X-DISTRIBUTOR-REJECTED"
    assert written.content.count(reason) == 4
    assert written.content.startswith(b"Liste\n" + reason)
    assert bad.removesuffix(b"END:VCARD\n") + reason in written.content
    assert all(len(line) <= 76 for line in written.content.splitlines())
    again, twice = rejects(database, written.content)
    assert again.counts[Result.REJECTED] == 4
    assert twice.content == written.content
    mended = written.content.replace(b"Liste", b"").replace(b"lea chez x", b"lea@x.example")
    mended = mended.replace(b"FN:Personne", b"EMAIL:d@x.example").replace(b".exam", b".example\r\nEND:VCARD")
    last, nothing = rejects(database, mended)
    assert (last.counts[Result.NEW], last.kept, nothing.content) == (3, {}, b"")
    with database.session() as session:
        assert "Léa" in {one.first_name for one in list_members(session, "presse", KEYRING)}


SHEETS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=40)
CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn")), max_size=10)


@settings(max_examples=20 * LONG)
@given(st.lists(SHEETS, min_size=1, max_size=3, unique_by=str.casefold), st.lists(CELLS, min_size=1, max_size=3))
def test_any_rejected_cells_of_any_sheet_come_back(sheets: list[str], cells: list[str]) -> None:
    headers = dict.fromkeys(sheets, ("E-mail", "Notes"))
    (table,) = read_source(xlsx({"A": [["E-mail"], ["x"]]}))
    rejected = [RejectedRow(2, "", "", "Non.", ("x", cell), sheet) for sheet in sheets for cell in cells]
    report = ImportReport(
        file="x", list_name="", list_slug="", headers=headers, format=table.format, delimiter="", encoding="",
        recognised={}, kept={}, ignored=(), outcomes=(), rejected=rejected, counts={}, new_sectors=(), remarks=(),
    )  # fmt: skip
    found = read_source(make_rejects(report).content)
    assert [len(one.sheet) <= 31 for one in found] == [True] * len(sheets)
    rows = [one.cells["Notes"] for table in found for one in table.rows if isinstance(one, SourceRow)]
    assert rows == cells * len(sheets)


@given(
    st.sampled_from([b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"BEGIN:VCARD\r\n", b"\xff\xfe", b""]), st.binary(max_size=300)
)
def test_any_bytes_are_rows_or_one_sentence(start: bytes, data: bytes) -> None:
    found = read_or_refuse(start + data)
    assert found.message.endswith(".") if isinstance(found, BadInput) else all(one.line >= 1 for one in found)


def read_or_refuse(data: bytes) -> list[SourceRow | RejectedRow] | BadInput:
    """All rows, or the refusal; anything else that is raised fails the test."""
    try:
        return [one for table in read_source(data) for one in table.rows]
    except BadInput as refusal:
        return refusal


def test_rejects_of_csv_keep_their_delimiter(database: Database) -> None:
    _, written = rejects(database, b"Nom^E-mail\nAnne;^anne chez x\n")
    header, first = csv.reader(io.StringIO(written.content.decode("utf-8-sig")), delimiter="^")
    assert (written.ending, header) == (".csv", ["Nom", "E-mail", "Motif du rejet"])
    assert first[:2] == ["Anne;", "anne chez x"]

"""CSV as spreadsheets write it: encodings, delimiters, quotation marks, headers, and what is no CSV at all."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.contacts.cleaning.columns import map_columns
from distributor.contacts.cleaning.particulars import Field
from distributor.contacts.sources.csvfile import MAX_CELL, read_csv
from distributor.contacts.sources.rows import RejectedRow, SourceRow, SourceTable
from distributor.decoding import decode
from distributor.errors import BadInput

FRENCH = (
    "Civilité;Nom;Prénom;Média;E-mail\r\n"
    "Mme;Lœuillet;Zoé;L’Œil du Midi;zoe@oeil.example\r\n"
    "M.;Perçin;Jérôme;Île-Été « hebdo »;jp@ile.example\r\n"
)


def rows(table: SourceTable) -> list[SourceRow]:
    """All rows, none rejected."""
    found = list(table.rows)
    assert all(isinstance(row, SourceRow) for row in found)
    return [row for row in found if isinstance(row, SourceRow)]


def test_a_ligature_tells_latin_9_from_windows() -> None:
    text = "Média;Nom;E-mail\nL'Œil du cœur;Bœuf;b@oeil.example\nÉcho;Noël à 2½ €;n@echo.example\n"
    latin = read_csv(text.replace("½", "1/2").encode("iso8859-15"), name="liste.csv")
    assert latin.encoding == "ISO-8859-15"
    assert rows(latin)[0].cells["Média"] == "L'Œil du cœur"
    windows = read_csv(text.encode("cp1252"), name="liste.csv")
    assert (windows.encoding, rows(windows)[1].cells["Nom"]) == ("Windows-1252", "Noël à 2½ €")


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (FRENCH.encode(), "UTF-8"),
        (FRENCH.encode("utf-8-sig"), "UTF-8"),
        (FRENCH.encode("utf-16"), "UTF-16"),
        (FRENCH.encode("utf-16-le"), "UTF-16"),
        (FRENCH.encode("utf-16-be"), "UTF-16"),
        (FRENCH.encode("cp1252"), "Windows-1252"),
        (FRENCH.encode("mac_roman"), "Mac Roman"),
        (FRENCH.replace("\r\n", "\r").encode("mac_roman"), "Mac Roman"),
    ],
)
def test_every_encoding_of_excel_gives_the_same_rows(data: bytes, encoding: str) -> None:
    table = read_csv(data, name="liste.csv")
    first, second = rows(table)
    assert table.encoding == encoding
    assert encoding in table.remarks[0]
    assert first.cells["Média"] == "L’Œil du Midi"
    assert second.cells == {
        "Civilité": "M.",
        "Nom": "Perçin",
        "Prénom": "Jérôme",
        "Média": "Île-Été « hebdo »",
        "E-mail": "jp@ile.example",
    }


@pytest.mark.parametrize("name", ["François Léger", "Élodie Bérénger, Là-haut", "Jürgen Größl", "Noël Forêt-Île"])
def test_what_excel_calls_ms_dos_is_read(name: str) -> None:
    table = read_csv(f"Nom;E-mail\n{name};a@b.example\n".encode("cp850"))
    assert (table.encoding, rows(table)[0].cells["Nom"]) == ("CP850", name)


def test_an_encoding_no_rule_knows_is_guessed_and_told() -> None:
    text = "Имя;Почта;E-mail\n" + "Мария Иванова;Новости недели сегодня;m@news.example\n" * 20
    table = read_csv(text.encode("cp1251"))
    assert rows(table)[0].cells[table.header[0]] == "Мария Иванова"
    assert "statistics" in table.remarks[0]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    text = FRENCH.replace(";", delimiter)
    assert rows(read_csv(text.encode()))[0].cells["E-mail"] == "zoe@oeil.example"


def test_a_sep_line_decides_even_against_the_looks() -> None:
    table = read_csv(b"sep=^\r\nName^E-mail\r\nDupont, Jean; Paris^j@x.example\r\n")
    (row,) = rows(table)
    assert (row.line, row.cells) == (3, {"Name": "Dupont, Jean; Paris", "E-mail": "j@x.example"})


def test_lines_are_physical_and_quoted_newlines_stay_in_their_cell() -> None:
    text = 'Nom;E-mail;Notes\r\nA;a@x.example;"un ""mot""\r\nsur deux lignes"\r\n\r\n;;\r\nB;b@x.example;fin\r\n'
    first, second = rows(read_csv(text.encode()))
    assert (first.line, first.cells["Notes"]) == (2, 'un "mot"\nsur deux lignes')
    assert second.line == 6


def test_titles_above_the_header_are_passed_over() -> None:
    text = "Fichier presse 2026;;\n;;\nContact : service de presse;;\nNom;Média;Courriel\nA;X;a@x.example\n"
    table = read_csv(text.encode())
    assert table.header == ("Nom", "Média", "Courriel")
    assert rows(table)[0].line == 5


def test_twin_and_nameless_columns_get_names_of_their_own() -> None:
    table = read_csv(b"E-mail;Notes;Notes;;Ville;;;\na@x.example;un;deux;trois;Brest;;;\n")
    assert table.header == ("E-mail", "Notes", "Notes (2)", "Column 4", "Ville")
    assert list(rows(table)[0].cells.values()) == ["a@x.example", "un", "deux", "trois", "Brest"]


def test_a_row_with_too_many_cells_is_rejected_with_its_cells() -> None:
    text = "Nom;E-mail\nA;a@x.example;\nB;B2;b@x.example\nC\n"
    first, second, third = list(read_csv(text.encode()).rows)
    assert isinstance(first, SourceRow)
    assert isinstance(second, RejectedRow)
    assert (second.line, second.row) == (3, ("B", "B2", "b@x.example"))
    assert "3 cells for 2 columns" in second.reason
    assert isinstance(third, SourceRow)
    assert third.cells == {"Nom": "C", "E-mail": ""}


def test_a_row_without_end_is_one_row_and_does_not_hold_the_import_up() -> None:
    table = read_csv(b"E-mail,Nom\na@x.example,Martin" + b"," * 3_000_000 + b"\nb@x.example,Deux\n")
    assert [row.cells["E-mail"] for row in table.rows if isinstance(row, SourceRow)] == ["a@x.example", "b@x.example"]


def test_a_quotation_mark_never_closed_costs_one_row_not_the_file() -> None:
    text = 'Nom;E-mail\nA;a@x.example\n"B;b@x.example\nC;c@x.example\nD;d@x.example\n'
    found = list(read_csv(text.encode()).rows)
    assert [type(row) for row in found] == [SourceRow, RejectedRow, SourceRow, SourceRow]
    assert ["never closed" in row.reason for row in found if isinstance(row, RejectedRow)] == [True]


def test_a_quotation_mark_never_closed_in_a_long_file_costs_one_row() -> None:
    lines = [f"N{i};n{i}@x.example" for i in range(12_000)]
    lines[3] = '"' + lines[3]
    found = list(read_csv("\n".join(["Nom;E-mail", *lines]).encode()).rows)
    assert len(found) == 12_000
    assert sum(isinstance(row, RejectedRow) for row in found) == 1


def test_a_monstrous_cell_is_rejected_and_told() -> None:
    (row,) = read_csv(f"E-mail;Notes\na@x.example;{'x' * (MAX_CELL + 1)}\n".encode()).rows
    assert isinstance(row, RejectedRow)
    assert row.column == "Notes"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n;;\r\n", "empty"),
        (b"\x00\x01\x02\x00\x00\x05" * 50, "not text"),
        (b"a;b\x00;c\nE-mail;x\n", "not text"),
        (b"PK\x03\x04 and so on", "spreadsheet"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"E-mail;" + b";".join(b"c%d" % i for i in range(250)), "columns"),
        (b"x" * 50_000_001, "too big"),
    ],
)
def test_what_is_no_list_is_refused_in_one_sentence(data: bytes, says: str) -> None:
    with pytest.raises(BadInput, match=says) as caught:
        list(read_csv(data, name="liste.csv").rows)
    assert caught.value.mend
    assert caught.value.file == "liste.csv"


def test_a_file_without_addresses_names_the_columns_it_has() -> None:
    table = read_csv("Nom;Ville;Téléphone\nA;Brest;01\n".encode(), name="x.csv")
    with pytest.raises(BadInput, match="«Nom», «Ville», «Téléphone»") as caught:
        map_columns(table.header, [row.cells for row in rows(table)], file="x.csv")
    assert "E-mail" in caught.value.mend


def read_or_refuse(data: bytes) -> list[SourceRow | RejectedRow] | BadInput:
    """All rows, or the refusal; anything else that is raised fails the test."""
    try:
        return list(read_csv(data).rows)
    except BadInput as refusal:
        return refusal


@given(st.binary(max_size=600))
def test_random_bytes_are_rows_or_bad_input(data: bytes) -> None:
    found = read_or_refuse(data)
    assert found.message.endswith(".") if isinstance(found, BadInput) else all(row.line >= 1 for row in found)


@given(st.text(max_size=300))
def test_random_text_under_a_header_never_fails(text: str) -> None:
    found = read_or_refuse(("E-mail;Nom\n" + text).encode(errors="ignore"))
    if isinstance(found, BadInput):
        assert "not text" in found.message or "quotation" in found.message
    else:
        assert all(row.line >= 2 for row in found)


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")) | st.just("\n"), max_size=20)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=8), st.sampled_from([";", ",", "\t", "|"]))
def test_any_text_survives_from_a_csv_writer_to_rows(cells: list[tuple[str, str]], delimiter: str) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["E-mail", "Prénom", "Notes"])
    writer.writerows([["a@x.example", *pair] for pair in cells])
    found = [tuple(row.cells.values())[1:] for row in rows(read_csv(out.getvalue().encode("utf-8-sig")))]
    assert found == cells


@pytest.mark.parametrize("codec", ["cp1252", "mac_roman"])
@pytest.mark.parametrize(
    "text",
    [
        "André", "Élodie", "HÉLÈNE LEFÈVRE", "ÎLE-DE-FRANCE", "L’Obs", "Dœuvre", "Garçon", "GARÇON", "Çelik",
        "« Culture » — arts", "Aït-Ahmed", "Müller", "MÜLLER", "Nuñez", "Søren", "à côté", "Haÿ", "Noël…", "50 € net",
        "Forêt d’Orléans, où l’on naît", "Ångström",
    ],
)  # fmt: skip
def test_one_accented_word_tells_windows_from_mac(text: str, codec: str) -> None:
    decoded = decode(f"Nom;E-mail\r\n{text};a@x.example\r\n".encode(codec))
    assert decoded.text.splitlines()[1] == f"{text};a@x.example"


def test_decoding_says_by_which_rule() -> None:
    assert decode(b"plain").chosen_by == "being valid UTF-8"
    assert decode("\ufeffé".encode()).chosen_by == "its byte-order mark"


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("E-mail", Field.ADDRESS),
        ("ADRESSE  ÉLECTRONIQUE :", Field.ADDRESS),
        ("Adresse de messagerie", Field.ADDRESS),
        ("E-mail 1 - Value", Field.ADDRESS),
        ("Prenom", Field.FIRST_NAME),
        ("Surname", Field.LAST_NAME),
        ("Type de média", Field.OUTLET_KIND),
        ("Société", Field.OUTLET),
        ("Job Title", Field.ROLE),
        ("rubrique", Field.DESK),
        ("Thème", Field.SECTOR),
        ("Tél.", Field.PHONE),
        ("Note d'envoi", Field.NOTE_TO_SEND),
        ("Ne plus contacter", Field.OPTED_OUT),
    ],
)
def test_columns_are_recognised_in_both_languages(name: str, field: Field) -> None:
    others = ("Nom", "Prénom") if field is Field.ADDRESS else ("E-mail", "First name")
    columns = map_columns((name, *others), [])
    assert name in columns.recognised[field]


def test_a_title_is_a_civility_or_a_role_by_its_values() -> None:
    header = ("Titre", "E-mail")
    assert Field.CIVILITY in map_columns(header, [{"Titre": "Mme"}, {"Titre": "M."}]).recognised
    assert Field.ROLE in map_columns(header, [{"Titre": "Rédactrice"}, {"Titre": "Pigiste"}]).recognised


def test_a_postal_address_is_not_the_address() -> None:
    columns = map_columns(("Adresse", "E-mail"), [{"Adresse": "1 rue du Port", "E-mail": "a@x.example"}])
    assert columns.recognised[Field.ADDRESS] == ("E-mail",)
    assert columns.kept == {"Adresse": "adresse"}


def test_unknown_columns_are_kept_under_a_key_for_templates() -> None:
    columns = map_columns(("E-mail", "Spécialité", "1er contact", "Specialite !"), [])
    assert columns.kept == {
        "Spécialité": "specialite",
        "1er contact": "column_1er_contact",
        "Specialite !": "specialite_2",
    }


def test_column_names_of_a_wrong_encoding_are_mended_as_cells_are() -> None:
    assert read_csv("PrÃ©nom;MÃ©dia;E-mail\nAnne;Mer;a@b.example\n".encode()).header == ("Prénom", "Média", "E-mail")


def test_column_names_that_were_read_wrongly_twice_are_mended() -> None:
    text = "Nom;Prénom;E-mail\nPetit;Zoé;zoe@x.example\n".encode().decode("cp1252").encode().decode("cp1252")
    assert read_csv(text.encode(), name="liste.csv").header == ("Nom", "Prénom", "E-mail")


def test_rows_that_stand_in_one_cell_are_told_apart() -> None:
    """A spreadsheet opened commas as semicolons, and saved each row that holds a quotation mark as one cell."""
    whole = '"Nom,Média,E-mail"\n"Petit,""Le Phare, Brest"",zoe@x.example"\n'
    some = 'Nom,Média,E-mail\n"Petit,""Le Phare, Brest"",zoe@x.example"\n'
    for text in (whole, some):
        table = read_csv(text.encode(), name="liste.csv")
        assert rows(table)[0].cells == {"Nom": "Petit", "Média": "Le Phare, Brest", "E-mail": "zoe@x.example"}
    alone = read_csv(b'E-mail\n"a@x.example, b@x.example"\n', name="liste.csv")
    assert rows(alone)[0].cells == {"E-mail": "a@x.example, b@x.example"}


def test_a_number_that_is_kept_as_text_by_a_formula_is_that_number() -> None:
    table = read_csv(b'E-mail;Portable\na@x.example;"=""0612345678"""\n', name="liste.csv")
    (row,) = rows(table)
    assert (row.cells["Portable"], len(row.told)) == ("0612345678", 1)

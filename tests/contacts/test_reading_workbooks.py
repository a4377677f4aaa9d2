"""Workbooks as people keep them: several sheets, links for addresses, numbers for telephones; and bombs."""

from __future__ import annotations

import datetime
import io
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from workbooks import altered, archive, cell, ods, row, xlsx

from distributor.contacts.sources import unpacking
from distributor.contacts.sources.reading import read_source
from distributor.contacts.sources.rows import Format, RejectedRow, SourceRow, SourceTable
from distributor.errors import BadInput
from distributor.unpacking import MAX_MEMBERS

DATA = Path(__file__).parents[1] / "data" / "contacts"
HEADER = ("Nom", "E-mail", "Téléphone")
ANNE = ("Anne Martin", "anne@x.example", "01 02 03 04 05")
SHEET = "xl/worksheets/sheet1.xml"


def rows(table: SourceTable) -> list[SourceRow]:
    """All rows, none rejected."""
    found = list(table.rows)
    assert all(isinstance(one, SourceRow) for one in found)
    return [one for one in found if isinstance(one, SourceRow)]


def test_every_sheet_with_addresses_is_a_table_and_the_others_are_named() -> None:
    sheets = {"Sport": [HEADER, ANNE], "Lisez-moi": [["Mise à jour en mars"]], "Vide": [], "Culture": [HEADER, ANNE]}

    def hide(book: xlsxwriter.Workbook) -> None:
        hidden = book.add_worksheet("Anciens")
        hidden.hide()
        hidden.write_row(0, 0, HEADER)

    sport, culture = read_source(xlsx(sheets, finish=hide), name="presse.xlsx")
    assert (sport.name, sport.sheet, sport.format, sport.header) == ("presse.xlsx", "Sport", Format.WORKBOOK, HEADER)
    assert sport.remarks[0] == "Read as an Excel workbook (XLSX)."
    assert ["Anciens" in sport.remarks[1], "Lisez-moi" in sport.remarks[2], len(sport.remarks)] == [True, True, 3]
    assert culture.remarks == ()
    (anne,) = rows(sport)
    assert (anne.line, anne.sheet, anne.told) == (2, "Sport", ())
    assert anne.cells == dict(zip(HEADER, ANNE, strict=True))
    assert rows(culture)[0].sheet == "Culture"


def test_lines_are_those_of_the_sheet_under_titles_and_blanks() -> None:
    (table,) = read_source(xlsx({"A": [["Fichier presse"], [], ["", *HEADER], [], ["", *ANNE], [], ["", *ANNE]]}))
    assert [one.line for one in rows(table)] == [5, 7]
    assert table.header == ("Column 1", *HEADER)


def test_cells_beyond_the_last_name_are_kept_under_numbered_columns() -> None:
    (table,) = read_source(xlsx({"A": [HEADER, (*ANNE, "", "à rappeler")]}))
    assert table.header == (*HEADER, "Column 4", "Column 5")
    assert rows(table)[0].cells["Column 5"] == "à rappeler"


def test_numbers_dates_and_logical_values_become_what_a_person_wrote() -> None:
    header = ("E-mail", "Téléphone", "Portable", "Fixe", "Code postal", "Né en", "Confirmé", "Heure", "Oui", "Part")

    def fill(book: xlsxwriter.Workbook) -> None:
        page = book.get_worksheet_by_name("A")
        for column, value in enumerate((612345678, 33612345678, 1, 1300, 1970)):
            page.write_number(1, column + 1, value)
        page.write_datetime(1, 6, datetime.date(2026, 3, 4), book.add_format({"num_format": "dd/mm/yyyy"}))
        page.write_datetime(1, 7, datetime.time(9, 30), book.add_format({"num_format": "hh:mm"}))
        page.write_boolean(1, 8, True)
        page.write_number(1, 9, 0.25)

    (table,) = read_source(xlsx({"A": [header, ["a@x.example"]]}, finish=fill))
    (only,) = rows(table)
    assert list(only.cells.values())[1:] == [
        "0612345678", "+33612345678", "1", "01300", "1970", "2026-03-04", "09:30:00", "true", "0.25",
    ]  # fmt: skip
    assert only.told == (
        "Téléphone: the number 612345678 read as «0612345678»",
        "Portable: the number 33612345678 read as «+33612345678»",
        "Code postal: the number 1300 read as «01300»",
    )


def test_a_number_written_as_text_is_left_alone() -> None:
    (table,) = read_source(xlsx({"A": [HEADER, ("A", "a@x.example", "612345678")]}))
    assert rows(table)[0].cells["Téléphone"] == "612345678"


def test_addresses_behind_links_are_found_and_told() -> None:
    def link(book: xlsxwriter.Workbook) -> None:
        page = book.get_worksheet_by_name("A")
        page.write_url(1, 1, "mailto:anne%2Bpresse@x.example?subject=Bonjour", string="écrire")
        page.write_formula(2, 1, '=HYPERLINK("mailto:b@x.example","Bruno Petit")', None, "Bruno Petit")
        page.write_url(3, 1, "mailto:autre@x.example", string="c@x.example")
        page.write_url(4, 1, "https://x.example/", string="site")

    (table,) = read_source(xlsx({"A": [HEADER, ["Anne"], ["B"], ["C"], ["D"]]}, finish=link))
    found = rows(table)
    assert [one.cells["E-mail"] for one in found] == [
        "anne+presse@x.example", "Bruno Petit <b@x.example>", "c@x.example", "site",
    ]  # fmt: skip
    assert [len(one.told) for one in found] == [1, 1, 0, 0]
    assert found[0].told == ("E-mail: «anne+presse@x.example» taken from the link behind «écrire»",)


def test_a_list_whose_only_addresses_are_behind_its_names_comes_in() -> None:
    def link(book: xlsxwriter.Workbook) -> None:
        page = book.get_worksheet_by_name("A")
        for index, name in enumerate(("anne", "bruno"), start=3):
            page.write_url(index, 0, f"mailto:{name}@x.example", string=name.title())

    sheet = [["Fichier presse"], [], ["Journaliste", "Ville"], ["", "Nîmes"], ["", "Alès"]]
    (table,) = read_source(xlsx({"A": sheet}, finish=link))
    assert table.header == ("Journaliste", "Ville", "E-mail")
    assert [tuple(one.cells.values()) for one in rows(table)] == [
        ("Anne", "Nîmes", "anne@x.example"),
        ("Bruno", "Alès", "bruno@x.example"),
    ]


def test_failed_formulas_are_empty_and_merged_cells_are_in_every_row() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        page = book.get_worksheet_by_name("A")
        page.write_formula(1, 0, "=NA()", None, "#N/A")
        page.merge_range("C2:C4", "Radio Garrigue")

    header = ("Nom", "E-mail", "Média")
    (table,) = read_source(
        xlsx(
            {"A": [header, ["", "a@x.example"], ["B", "b@x.example"], [], ["C", "c@x.example", "Le Fil"]]}, finish=fill
        )
    )
    first, second, third = rows(table)
    assert [one.cells["Média"] for one in (first, second, third)] == ["Radio Garrigue", "Radio Garrigue", "Le Fil"]
    assert first.told == ("Nom: a formula that fails, left empty",)
    assert second.told == ("Média: «Radio Garrigue», of a cell merged over several rows",)


def test_ods_is_read_as_xlsx_is() -> None:
    error = cell("#N/A", 'office:value="0" table:formula="of:=NA()"', kind="float")
    merged = cell("Radio Garrigue", 'table:number-rows-spanned="2"')
    number = cell("612345678", 'office:value="612345678"', kind="float")
    far = '<table:table-cell table:number-columns-repeated="1000"/>'
    table = (
        row("Nom", "E-mail", "Téléphone", "Média")
        + row("Anne", cell("écrire", link="mailto:anne@x.example"), number, merged, far)
        + row(far, attributes='table:number-rows-repeated="20"')
        + row("Bruno", cell("b@x.example"), error, "Le Fil")
        + row(far, attributes='table:number-rows-repeated="1048000"')
    )
    data = ods({"Sport": table, "Anciens": row("E-mail")}, hidden=["Anciens"])
    (sport,) = read_source(data, name="presse.ods")
    assert sport.remarks[0] == "Read as an OpenDocument spreadsheet (ODS)."
    assert "Anciens" in sport.remarks[1]
    anne, bruno = rows(sport)
    assert list(anne.cells.values()) == ["Anne", "anne@x.example", "0612345678", "Radio Garrigue"]
    assert list(bruno.cells.values()) == ["Bruno", "b@x.example", "", "Le Fil"]
    assert (anne.line, bruno.line, len(anne.told), len(bruno.told)) == (2, 23, 2, 1)


def test_the_old_excel_format_is_read_as_well() -> None:
    (table,) = read_source((DATA / "excel-97.xls").read_bytes(), name="excel-97.xls")
    assert [one.cells["Portable"] for one in rows(table)] == ["0612345678", "", "0700112233"]
    assert "«Archive»" in table.remarks[1]


def test_columns_the_user_named_make_a_sheet_a_list() -> None:
    sheets = {"A": [["Titre"], ["Wer", "Elektropost"], ["Anne", "a@x.example"]], "B": [["Rien"]]}
    with pytest.raises(BadInput, match="No sheet holds a list"):
        read_source(xlsx(sheets))
    (table,) = read_source(xlsx(sheets), columns=["elektropost"])
    assert (table.header, rows(table)[0].line) == (("Wer", "Elektropost"), 3)


def test_one_sheet_without_addresses_shows_what_it_has() -> None:
    (table,) = read_source(xlsx({"A": [["Nom", "Ville"], ["Anne", "Nîmes"]]}))
    assert table.header == ("Nom", "Ville")


def test_a_cell_longer_than_any_is_rejected() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        book.get_worksheet_by_name("A").write_string(1, 2, "x" * 32_767)

    data = xlsx({"A": [HEADER, ["A", "a@x.example"], ANNE]}, finish=fill)
    long = altered(data, "xl/sharedStrings.xml", lambda part: part.replace(b"x" * 32_767, b"x" * 40_000))
    (table,) = read_source(long)
    first, second = table.rows
    assert isinstance(first, RejectedRow)
    assert (first.sheet, first.line, first.column) == ("A", 2, "Téléphone")
    assert isinstance(second, SourceRow)


def far_cell(reference: str) -> bytes:
    return altered(
        xlsx({"A": [HEADER, ANNE]}),
        SHEET,
        lambda part: part.replace(
            b"</sheetData>", f'<row r="{reference[3:]}"><c r="{reference}"><v>1</v></c></row></sheetData>'.encode()
        ),
    )


def lying(workbook: bytes, member: str, size: int) -> bytes:
    """The workbook with one member's size falsified, in the directory and before the member itself."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as read:
        info = read.getinfo(member)
    honest, false = struct.pack("<I", info.file_size), struct.pack("<I", size)
    name = member.encode()
    data = bytearray(workbook)
    central = data.rfind(name) - 46
    assert data[central + 24 : central + 28] == honest
    data[central + 24 : central + 28] = false
    data[info.header_offset + 22 : info.header_offset + 26] = false
    return bytes(data)


def inflating(size: int) -> bytes:
    return altered(
        xlsx({"A": [HEADER, ANNE]}), SHEET, lambda part: part.replace(b"</sheetData>", b" " * size + b"</sheetData>")
    )


def shared_bomb() -> bytes:
    many = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(3, 12_000)).encode()
    data = altered(
        xlsx({"A": [HEADER, ANNE]}), SHEET, lambda part: part.replace(b"</sheetData>", many + b"</sheetData>")
    )
    return altered(data, "xl/sharedStrings.xml", lambda part: part.replace(b"<t>Nom", b"<t>" + b"N" * 30_000))


GAP = '<table:table-cell table:number-columns-repeated="99999999"/>'
LONG = 'office:string-value="{}"'.format("x" * 9_999)
SMALL = row("E-mail") + row("a@x.example")


def xlsb(*records: tuple[int, bytes]) -> bytes:
    """The parts of an XLSB that matter to its survey: one sheet of these records, and one text of 30,000 letters."""
    sheet = b"".join(bytes([kind, len(body)]) + body for kind, body in ((1, b""), *records))
    sheet = b"\x81\x01\x00" + sheet
    text = b"\x00" + struct.pack("<I", 30_000) + b"N\0" * 30_000
    texts = b"\x9f\x01\x00" + b"\x13" + bytes([len(text) & 0x7F | 0x80, len(text) >> 7 & 0x7F | 0x80, len(text) >> 14])
    return archive({
        "[Content_Types].xml": "<Types/>", "xl/workbook.bin": b"", "xl/worksheets/sheet1.bin": sheet,
        "xl/sharedStrings.bin": texts + text,
    })  # fmt: skip


def announcing(texts: int) -> bytes:
    """A workbook that says how many shared texts it has."""
    return altered(
        xlsx({"A": [HEADER, ANNE]}),
        "xl/sharedStrings.xml",
        lambda part: re.sub(rb'uniqueCount="\d+"', b'uniqueCount="%d"' % texts, part),
    )


BOMBS: dict[str, Callable[[], bytes]] = {
    "announces more texts than fit": lambda: announcing(1_000_000_000),
    "announces texts without end": lambda: announcing(2**64 - 1),
    "far corner": lambda: far_cell("XFD1048576"),
    "beyond all rows": lambda: far_cell("AAA9999999"),
    "inflates 200 times": lambda: inflating(30_000_000),
    "many members": lambda: archive({f"m{number}.xml": b"" for number in range(MAX_MEMBERS + 1)}),
    "one text, many cells": shared_bomb,
    "xlsb: far corner": lambda: xlsb((0, struct.pack("<I", (1 << 20) - 1)), (2, struct.pack("<III", 16_383, 0, 0))),
    "xlsb: one text, many cells": lambda: xlsb((0, bytes(4)), *[(7, struct.pack("<III", 0, 0, 0))] * 10_000),
    "ods: repeated rows": lambda: ods({"A": SMALL + row("x", attributes='table:number-rows-repeated="999999999"')}),
    "ods: repeated columns": lambda: ods({"A": SMALL + row(cell("x", 'table:number-columns-repeated="99999999"'))}),
    "ods: gap before a cell": lambda: ods({"A": SMALL + row(GAP, "x")}),
    "ods: repeated text": lambda: ods({"A": SMALL + row(cell("x" * 9_999, 'table:number-columns-repeated="99999"'))}),
    "ods: spaces": lambda: ods({"A": SMALL + row("@").replace("@", '<text:s text:c="4000000000"/>')}),
    "ods: long value": lambda: ods({"A": SMALL + row(cell("", LONG + ' table:number-columns-repeated="99999"'))}),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_bombs_are_refused_before_they_go_off(bomb: Callable[[], bytes]) -> None:
    data = bomb()
    assert len(data) < 2_000_000
    with pytest.raises(unpacking.TooLarge, match="too large to be a press list") as caught:
        read_source(data, name="presse.xlsx")
    assert caught.value.file == "presse.xlsx"
    assert "import that file" in caught.value.mend


def test_what_inflates_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_UNPACKED", 1_000_000)
    with pytest.raises(unpacking.TooLarge, match="unpacks to more than 1 MB"):
        read_source(inflating(1_000_000))


def test_a_directory_that_lies_about_sizes_gains_nothing() -> None:
    bomb = inflating(30_000_000)
    with pytest.raises(BadInput, match=r"damaged|too large"):
        read_source(lying(bomb, SHEET, 1_000))
    with pytest.raises(BadInput, match=r"damaged|too large"):
        read_source(lying(xlsx({"A": [HEADER, ANNE]}), SHEET, 4_000_000_000))


def with_entity(part: bytes) -> bytes:
    doctype = b'<!DOCTYPE s [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><sst'
    return part.replace(b"<sst", doctype, 1).replace(b"<t>Nom", b"<t>&b;")


def flagged_as_encrypted(data: bytes) -> bytes:
    changed = bytearray(data)
    at = -1
    while (at := changed.find(b"PK\x01\x02", at + 1)) >= 0:
        changed[at + 8] |= 1
    return bytes(changed)


def compound(*streams: str) -> bytes:
    """An OLE file with a directory of these names and nothing in them."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<HHHHH", header, 24, 62, 3, 0xFFFE, 9, 6)
    struct.pack_into("<II", header, 44, 1, 1)
    struct.pack_into("<IIIII", header, 56, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    struct.pack_into("<109I", header, 76, 0, *[0xFFFFFFFF] * 108)
    fat = struct.pack("<128I", 0xFFFFFFFD, 0xFFFFFFFE, *[0xFFFFFFFF] * 126)
    entries = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<HBB", len(name) * 2 + 2, 2, 1).ljust(52, b"\0")
        + struct.pack("<IQ", 0xFFFFFFFE, 0)
        for name in ("Root Entry", *streams)
    )  # fmt: skip
    return bytes(header) + fat + entries.ljust(512, b"\0")


HONEST = xlsx({"A": [HEADER, ANNE]})
XLS = (DATA / "excel-97.xls").read_bytes()
UNREADABLE = {
    "cut off": (HONEST[:2000], "damaged"),
    "no archive at all": (b"PK\x03\x04 and so on", "damaged"),
    "entities": (altered(HONEST, "xl/sharedStrings.xml", with_entity), "damaged"),
    "nested": (
        altered(
            HONEST, SHEET, lambda part: part.replace(b"<sheetData>", b"<a>" * 500 + b"</a>" * 500 + b"<sheetData>")
        ),
        "damaged",
    ),
    "impossible cell": (altered(HONEST, SHEET, lambda part: part.replace(b'"A1"', b'"A0"')), "damaged"),
    "two parts of one name": (
        archive({SHEET: "<a/>", "xl/worksheets/sheet2.xml": "<b/>"}).replace(b"sheet2.xml", b"sheet1.xml"),
        "damaged",
    ),
    "password": (flagged_as_encrypted(HONEST), "password"),
    "password of Excel": (compound("EncryptedPackage", "EncryptionInfo"), "password"),
    "password of LibreOffice": (
        ods({"A": SMALL}, **{"META-INF/manifest.xml": "<manifest:encryption-data/>"}),
        "password",
    ),
    "a Word document": (archive({"word/document.xml": "<w/>"}), "Word"),
    "an archive": (archive({"liste.csv": "E-mail\na@x.example"}), "archive"),
    "rows out of order": (xlsb((0, struct.pack("<I", 9)), (0, bytes(4))), "damaged"),
    "rows beyond the last": (xlsb((0, struct.pack("<I", 1 << 20))), "damaged"),
    "old and without a book": (compound(), "damaged"),
    "old and cut off": (XLS[:1024], "damaged"),
    "old and in circles": (XLS[:512] + bytes(512) + XLS[1024:], "damaged|password"),
}


@pytest.mark.parametrize(("data", "says"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_said_in_one_sentence(data: bytes, says: str) -> None:
    with pytest.raises(BadInput, match=says) as caught:
        read_source(data, name="presse.xlsx")
    assert caught.value.mend
    assert caught.value.file == "presse.xlsx"


def with_merged(count: int) -> bytes:
    """The old workbook with two merged ranges, of which it says that they are `count`."""
    at = XLS.index(struct.pack("<HH", 0x23E, 18))  # the window's place is of no use here
    ranges = struct.pack("<8H", 3, 4, 3, 3, 3, 5, 9, 9)
    return XLS[:at] + struct.pack("<HHH", 0xE5, 18, count) + ranges + XLS[at + 22 :]


def test_an_old_workbook_that_announces_merged_ranges_it_does_not_have_is_refused(
    capfd: pytest.CaptureFixture[str],
) -> None:
    (table,) = read_source(with_merged(2))
    assert len(rows(table)) == 3
    with pytest.raises(BadInput, match="damaged"):
        read_source(with_merged(60_000))
    assert "panicked" not in capfd.readouterr().err


def test_an_old_workbook_that_announces_a_far_corner_is_refused() -> None:
    at = XLS.index(struct.pack("<HH", 0x0200, 14))
    far = XLS[: at + 8] + struct.pack("<IHH", 65_536, 0, 256) + XLS[at + 16 :]
    with pytest.raises(unpacking.TooLarge, match="IV65536"):
        read_source(far)


def test_the_rows_of_a_sheet_are_limited() -> None:
    many = '<row r="600000"><c r="A600000" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    data = altered(xlsx({"A": [["E-mail"]]}), SHEET, lambda part: part.replace(b"</sheetData>", many.encode()))
    (table,) = read_source(data)
    assert [one.line for one in rows(table)] == [600_000]  # blank rows are none
    wide = xlsx({"A": [["E-mail", *[f"c{number}" for number in range(250)]]]})
    with pytest.raises(BadInput, match="251 columns; 200"):
        read_source(wide)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn")), max_size=15)


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=5))
def test_any_text_survives_a_workbook(cells: list[tuple[str, str, str]]) -> None:
    (table,) = read_source(
        xlsx({"A": [("E-mail", "Nom", "Notes", "Ville"), *(("a@x.example", *one) for one in cells)]})
    )
    assert [tuple(one.cells.values())[1:] for one in rows(table)] == cells


@given(st.data())
def test_a_workbook_with_bytes_changed_is_read_or_refused(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([HONEST, XLS, ods({"A": SMALL})]))
    broken = bytearray(whole)
    for at in data.draw(st.lists(st.integers(4, len(whole) - 1), min_size=1, max_size=4)):
        broken[at] = data.draw(st.integers(0, 255))
    read = read_or_refuse(bytes(broken))
    assert read.message.endswith(".") if isinstance(read, BadInput) else len(read) < 100


def read_or_refuse(data: bytes) -> list[SourceRow | RejectedRow] | BadInput:
    """All rows, or the refusal; anything else that is raised fails the test."""
    try:
        return [one for table in read_source(data) for one in table.rows]
    except BadInput as refusal:
        return refusal

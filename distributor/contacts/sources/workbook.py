"""Reading workbooks (XLSX, XLSM, XLSB, XLS, ODS): each visible sheet that holds addresses, cells as a person sees them.

calamine reads the cells. What it does not give (how far a sheet reaches, links, errors, merged cells) the survey of the
parts has found before; and what a spreadsheet did to the words of a list is undone here, and told.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from distributor.contacts.sources.csvfile import MAX_BYTES
from distributor.contacts.sources.rows import Format, SourceTable
from distributor.contacts.sources.sheets import OpenSheet, open_sheet
from distributor.contacts.sources.surveybinary import survey_xls, survey_xlsb
from distributor.contacts.sources.surveyods import survey_ods
from distributor.contacts.sources.surveys import SheetSurvey
from distributor.contacts.sources.surveyxlsx import survey_xlsx
from distributor.contacts.sources.unpacking import TooLarge, damaged, encrypted, unpack
from distributor.errors import BadInput
from distributor.unpacking import repack

_COMPOUND = b"\xd0\xcf\x11\xe0"
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument.spreadsheet"
_OTHER_ARCHIVES = {
    "word/document.xml": "It is a Word document, not a workbook.",
    "ppt/presentation.xml": "It is a presentation, not a workbook.",
    "Index/Document.iwa": "It is an Apple document, which only Apple's programs read.",
}


@dataclass(frozen=True, slots=True)
class _Book:
    """A workbook that was found fit to read: what to call it, and the surveys of its sheets by their names."""

    content: CalamineWorkbook
    kind: str
    surveys: Mapping[str, SheetSurvey]


def read_workbook(data: bytes, *, name: str = "", columns: Collection[str] = ()) -> tuple[SourceTable, ...]:
    """Open a workbook given as bytes: a table for each visible sheet that holds addresses, `line` the sheet's row.

    Cells come as text: dates in ISO 8601, whole numbers without a point, a failed formula empty, a cell merged over
    several rows in each of them. A telephone number or postal code whose first zero the spreadsheet ate gets it back;
    an address that stands only behind a link is taken from there. All this is in the row's `told`. Sheets that are
    hidden or hold no addresses are named in the first table's remarks. `columns` are names that the user spoke of.

    Raises `BadInput` for a workbook that is damaged, encrypted or too large, or that holds no addresses; while rows are
    read, for too many of them.
    """
    if len(data) > MAX_BYTES:
        raise TooLarge(f"it has {len(data) // 1_000_000} MB", file=name)
    book = _open(data, name)
    visible, remarks = _visible_sheets(book, name)
    sheets: list[OpenSheet] = []
    refusals: list[BadInput] = []
    for sheet in visible:
        try:
            with _reading(name):
                opened = open_sheet(
                    book.content.get_sheet_by_name(sheet), book.surveys.get(sheet, SheetSurvey()), columns, name
                )
        except TooLarge:
            raise
        except BadInput as refusal:
            refusals.append(refusal)
            remarks.append(f"The sheet «{sheet}» was passed over: {refusal.message}")
        else:
            sheets += [opened] if opened is not None else []
    chosen = _choose(sheets, refusals, remarks, name)
    remarks.insert(0, f"Read as {book.kind}.")
    return tuple(_source(sheet, remarks if index == 0 else (), name) for index, sheet in enumerate(chosen))


def _open(data: bytes, name: str) -> _Book:
    surveys: Mapping[str, SheetSurvey] = {}
    if data.startswith(_COMPOUND):
        survey_xls(data, file=name)
        kind = "an Excel workbook (XLS)"
    else:
        parts = unpack(data, file=name)
        kind, surveys = _survey(parts, name)
        data = repack(parts)
        del parts
    with _reading(name):
        return _Book(CalamineWorkbook.from_filelike(io.BytesIO(data)), kind, surveys)


def _survey(parts: Mapping[str, bytes], name: str) -> tuple[str, Mapping[str, SheetSurvey]]:
    """What kind of workbook these parts are, and what its sheets hold."""
    for part, what in _OTHER_ARCHIVES.items():
        if part in parts:
            raise BadInput(what, file=name or None, mend="Save the list as XLSX or CSV and import that file.")
    if "content.xml" in parts and parts.get("mimetype", _OPEN_DOCUMENT).startswith(_OPEN_DOCUMENT):
        if b"encryption-data" in parts.get("META-INF/manifest.xml", b""):
            raise encrypted(name)
        return "an OpenDocument spreadsheet (ODS)", survey_ods(parts, file=name)
    if any(part.casefold().endswith("workbook.bin") for part in parts):
        survey_xlsb(parts, file=name)
        survey_xlsx(parts, file=name)  # its relations are XML, and as little to be trusted
        return "an Excel workbook (XLSB)", {}
    if "[Content_Types].xml" in parts:
        return "an Excel workbook (XLSX)", survey_xlsx(parts, file=name)
    raise BadInput(
        "It is an archive (ZIP), not a workbook.", file=name or None, mend="Unpack it and import the list inside."
    )


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Turn whatever calamine raises into one plain sentence."""
    try:
        yield
    except PasswordError:
        raise encrypted(name) from None
    except CalamineError:
        raise damaged(name) from None
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # how a panic in Rust arrives: no Exception, and of no public name
            raise damaged(name) from None
        raise


def _visible_sheets(book: _Book, name: str) -> tuple[list[str], list[str]]:
    """The names of the sheets that a person sees, and a remark on each of the others."""
    visible, remarks = [], []
    with _reading(name):
        for sheet in book.content.sheets_metadata:
            if sheet.typ != SheetTypeEnum.WorkSheet:
                continue
            if sheet.visible == SheetVisibleEnum.Visible:
                visible.append(sheet.name)
            else:
                remarks.append(
                    f"The hidden sheet «{sheet.name}» was passed over: show it in the workbook to import it."
                )
    return visible, remarks


def _choose(
    sheets: Sequence[OpenSheet], refusals: Sequence[BadInput], remarks: list[str], name: str
) -> Sequence[OpenSheet]:
    """The sheets to read: those with addresses, or the only one there is; the others are added to `remarks`."""
    chosen = [sheet for sheet in sheets if sheet.holds_addresses]
    if not chosen and len(sheets) == 1 and not refusals:
        return sheets  # the user may have named its columns, or is shown what they are
    remarks += [
        f"The sheet «{sheet.name}» was passed over: no column of it holds addresses."
        for sheet in sheets
        if not sheet.holds_addresses
    ]
    if chosen:
        return chosen
    if refusals:
        raise refusals[0]
    raise BadInput(
        " ".join(["No sheet holds a list of addresses.", *remarks]),
        file=name or None,
        mend="Name the column of addresses «E-mail» in the sheet's first row and import it again.",
    )


def _source(sheet: OpenSheet, remarks: Sequence[str], name: str) -> SourceTable:
    remarks = [*remarks, *([sheet.remark] if sheet.remark else [])]
    return SourceTable(
        name, sheet.header, sheet.rows(), remarks=tuple(remarks), sheet=sheet.name, format=Format.WORKBOOK
    )

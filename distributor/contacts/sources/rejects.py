"""The rejects file: the rows that could not be used as they stood, each with the reason, to be mended and imported."""

from __future__ import annotations

import binascii
import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from distributor.contacts.cleaning.columns import REJECTION_COLUMN
from distributor.contacts.intake.report import ImportReport
from distributor.contacts.sources.rows import Format, RejectedRow
from distributor.contacts.sources.vcard import REASON

MAX_CELL = 32_767
"""What a cell of a workbook can hold."""

_BOM = b"\xef\xbb\xbf"
_END = re.compile(rb"^[ \t]*END[ \t]*:[ \t]*VCARD", re.IGNORECASE | re.MULTILINE)
_OLD_REASON = re.compile(
    rb"^%s(?:;[^\r\n]*QUOTED-PRINTABLE:(?:[^\r\n]*=(?:\r\n|\r|\n))*)?[;:]?[^\r\n]*(?:\r\n|\r|\n|\Z)"
    rb"(?:[ \t][^\r\n]*(?:\r\n|\r|\n|\Z))*" % REASON.encode(),
    re.IGNORECASE | re.MULTILINE,
)
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f\ufffe\uffff]|^'|'$")
_NOT_IN_XML = re.compile("[\ufffe\uffff]")
_FOLD_AT = 73  # bytes; RFC 6350 §3.2 allows 75 with the blank that begins the next line


@dataclass(frozen=True, slots=True)
class Rejects:
    """The content of a rejects file and the ending of its name; nothing (b"") when no row was rejected."""

    content: bytes
    ending: str


def make_rejects(report: ImportReport) -> Rejects:
    """The rejected rows in the format of their file, with the reason in one more column, «Motif du rejet».

    CSV (UTF-8 with BOM, the source's delimiter) for CSV; XLSX for every kind of workbook, a sheet for each that had
    rejects; for vCards the cards as they stood, with a property for the reason. Cells stand as they stood, as text:
    the mended file must import as the original would, and nothing in it is a formula.
    """
    endings = {Format.CSV: ".csv", Format.WORKBOOK: ".xlsx", Format.VCARD: ".vcf"}
    ending = endings[report.format]
    if not report.rejected:
        return Rejects(b"", ending)
    if report.format is Format.VCARD:
        return Rejects(b"".join(_card(rejected) for rejected in report.rejected), ending)
    if report.format is Format.WORKBOOK:
        return Rejects(_workbook(report.headers, report.rejected), ending)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=report.delimiter or ";", lineterminator="\r\n")
    writer.writerows(_table(report.header, report.rejected))
    return Rejects(_BOM + out.getvalue().encode(), ending)


def _table(header: Sequence[str], rejected: Iterable[RejectedRow]) -> Iterable[Sequence[str]]:
    """Column names and rows with the reason in the last column; that of an earlier round gives way."""
    earlier = header.index(REJECTION_COLUMN) if REJECTION_COLUMN in header else None
    names = [name for name in header if name != REJECTION_COLUMN]
    yield [*names, REJECTION_COLUMN]
    for row in rejected:
        cells = [cell for index, cell in enumerate(row.row) if index != earlier]
        cells += [""] * (len(names) - len(cells))
        # Cells beyond the last column stay in sight, after the reason.
        yield [*cells[: len(names)], _reason(row), *cells[len(names) :]]


def _reason(row: RejectedRow) -> str:
    return f"{row.column}: {row.reason}" if row.column else row.reason


def _workbook(headers: Mapping[str, Sequence[str]], rejected: Sequence[RejectedRow]) -> bytes:
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - ships no types; slow to import, seldom needed

    out = io.BytesIO()
    taken: set[str] = set()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for sheet, header in headers.items():
            rows = [row for row in rejected if row.sheet == sheet]
            if rows:
                page = book.add_worksheet(_sheet_name(sheet, taken))
                for index, cells in enumerate(_table(header, rows)):
                    for column, cell in enumerate(cells):
                        page.write_string(index, column, _NOT_IN_XML.sub("", cell)[:MAX_CELL])
                page.freeze_panes(1, 0)
    return out.getvalue()


def _sheet_name(name: str, taken: set[str]) -> str:
    """The name as Excel allows it: 31 characters, some never, and no two alike."""
    base = _cut(_NOT_IN_SHEET_NAMES.sub(" ", name), 31) or "Rejets"
    free, copy = base, 1
    while free.casefold() in taken:
        copy += 1
        free = f"{_cut(base, 26)} ({copy})"
    taken.add(free.casefold())
    return free


def _cut(name: str, length: int) -> str:
    """The beginning of a name; Excel counts in UTF-16, where some letters are two."""
    return name.encode("utf-16-le")[: 2 * length].decode("utf-16-le", "ignore").strip(" '")


def _card(row: RejectedRow) -> bytes:
    card = _OLD_REASON.sub(b"", row.raw)
    if card and not card.endswith((b"\r", b"\n")):
        card += b"\r\n"
    ends = list(_END.finditer(card))
    at = ends[-1].start() if ends else len(card)
    return card[:at] + _reason_line(_reason(row), card) + card[at:]


def _reason_line(reason: str, card: bytes) -> bytes:
    """The property that says why; quoted-printable beside text that is not UTF-8, which is told by its letters."""
    try:
        card.decode("utf-8")
    except UnicodeDecodeError:
        quoted = binascii.b2a_qp(reason.encode(), istext=False).replace(b"\n", b"\r\n")
        return b"%s;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=\r\n%s\r\n" % (REASON.encode(), quoted)
    escaped = reason.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;").replace("\n", "\\n")
    return _folded(f"{REASON}:{escaped}")


def _folded(line: str) -> bytes:
    """A property on lines of 75 bytes at most, no letter torn apart."""
    lines, current = [], b""
    for letter in line:
        if len(current) + len(letter.encode()) > _FOLD_AT:
            lines.append(current)
            current = b""
        current += letter.encode()
    return b"\r\n ".join([*lines, current]) + b"\r\n"

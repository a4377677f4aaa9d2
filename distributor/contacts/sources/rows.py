"""What every reader of a press list gives, whatever its format: tables of named columns, and rows with their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Format(StrEnum):
    """The kinds of file that are read; a rejects file is of the same kind as the file it comes from."""

    CSV = "csv"
    WORKBOOK = "workbook"
    VCARD = "vcard"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row as it stands in the file: column name → cell, nothing cleaned.

    `line` is where its first character is: the row of the sheet `sheet` ("" where a file has no sheets), the line of a
    card's BEGIN. `told` is what the reader itself had to mend in this row (a zero that a spreadsheet had eaten, an
    address found behind a link), to be told with the cleanings. `raw` is a vCard as it stood, b"" in other formats.
    """

    line: int
    cells: Mapping[str, str]
    sheet: str = ""
    told: tuple[str, ...] = ()
    raw: bytes = b""

    def rejected(self, reason: str, *, column: str = "", value: str = "") -> RejectedRow:
        """This row as one that cannot be used, at the same place, with all that a rejects file needs."""
        return RejectedRow(self.line, column, value, reason, tuple(self.cells.values()), self.sheet, self.raw)


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that cannot be used: where, which column and value ("" when it is the whole row), why, and its cells."""

    line: int
    column: str
    value: str
    reason: str
    row: tuple[str, ...]
    sheet: str = ""
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table that was opened: its column names (all different), its rows (to be read once), and how it was read.

    A CSV file and a file of vCards are one table, a workbook is one per sheet that holds addresses. `name` is the
    file's, `sheet` the sheet's or "". `encoding` and `delimiter` are "" in formats that have none; `remarks` are
    sentences for the user about what was guessed or passed over, those about the whole file with its first table.
    """

    name: str
    header: tuple[str, ...]
    rows: Iterator[SourceRow | RejectedRow]
    encoding: str = ""
    delimiter: str = ""
    remarks: tuple[str, ...] = field(default=())
    sheet: str = ""
    format: Format = Format.CSV


def place(line: int, sheet: str = "") -> str:
    """Where a row stands, in words: `line 12`, `sheet Sport, line 12`."""
    return f"sheet {sheet}, line {line}" if sheet else f"line {line}"

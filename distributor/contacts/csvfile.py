"""Reading CSV and its cousins, as spreadsheets and address books really write them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from distributor.contacts.columns import field_of, find_header, unique_header
from distributor.contacts.rows import RejectedRow, SourceRow, SourceTable
from distributor.decoding import decode
from distributor.errors import BadInput

MAX_BYTES = 50_000_000
MAX_ROWS = 500_000
MAX_COLUMNS = 200
MAX_CELL = 32_768  # what a spreadsheet's cell can hold

_DELIMITERS = (";", ",", "\t", "|")
_DELIMITER_NAMES = {";": "semicolon", ",": "comma", "\t": "tabulation", "|": "bar"}
_HEADER_WITHIN = 30  # titles, dates and blank lines above the column names
_MAX_REPAIRS = 100
_SEP_LINE = re.compile(r'\ufeff?"?sep=(.)"?\n?', re.IGNORECASE)
_BINARY_STARTS = {
    b"PK\x03\x04": "It is a spreadsheet (XLSX or ODS) or an archive, not CSV.",
    b"\xd0\xcf\x11\xe0": "It is an old Excel workbook (XLS), not CSV.",
    b"%PDF": "It is a PDF document, not CSV.",
    b"\x1f\x8b": "It is a compressed file, not CSV.",
}
_SAVE_AS = "In Excel or LibreOffice, save the sheet as «CSV UTF-8» and import that file."


def read_csv(data: bytes, *, name: str = "") -> SourceTable:
    """Open a CSV file given as bytes; its rows come one by one, with the physical line of their first character.

    Encoding, delimiter (or the `sep=` line) and the row of column names are found and told. A row with more cells than
    columns, a cell beyond 32 kB or a quotation mark never closed is a `RejectedRow`; one with fewer cells is filled up.
    Raises `BadInput` for a file that is empty, binary or too big, or has too many columns; while rows are read, for too
    many of them.
    """
    text, encoding, told = _text(data, name)
    lines = list(io.StringIO(text, newline=None))  # any of CRLF, LF, CR ends a line
    start = 0
    sep = _SEP_LINE.fullmatch(lines[0])
    if sep:
        start = 1
    delimiter = sep[1] if sep and sep[1] != '"' else _find_delimiter(lines)
    header, start = _find_header(lines, start, delimiter)
    if len(header) > MAX_COLUMNS:
        raise BadInput(
            f"It has {len(header)} columns; {MAX_COLUMNS} are the most we read.",
            file=name or None,
            mend="Delete the columns that are not about journalists.",
        )
    shown = _DELIMITER_NAMES.get(delimiter, f"«{delimiter}»")
    remarks = (f"Read as {encoding} (chosen by {told}), columns separated by a {shown}.",)
    return SourceTable(name, header, _rows(lines, start, delimiter, header, name), encoding, delimiter, remarks)


def _text(data: bytes, name: str) -> tuple[str, str, str]:
    file = name or None
    if len(data) > MAX_BYTES:
        raise BadInput(
            f"The file is too big ({len(data) // 1_000_000} MB; {MAX_BYTES // 1_000_000} are the most we read).",
            file=file,
            mend="Split it in two and import both.",
        )
    for start, what in _BINARY_STARTS.items():
        if data.startswith(start):
            raise BadInput(what, file=file, mend=_SAVE_AS)
    decoded = decode(data)
    text = decoded.text.removeprefix("\ufeff")
    if not text.strip("\ufeff \t\r\n;,|\0"):
        raise BadInput("The file is empty.", file=file, mend="Export the list again and import that file.")
    sample = text[:65536]
    odd = sum(char < " " and char not in "\t\r\n\x0b\x0c" for char in sample)
    if "\0" in text or odd * 50 > len(sample):
        raise BadInput("The file is not text: it holds zero bytes or control codes.", file=file, mend=_SAVE_AS)
    return text, decoded.encoding, decoded.chosen_by


def _find_delimiter(lines: Sequence[str]) -> str:
    """The delimiter under which most column names are recognised; between equals, that which makes most cells."""

    def merit(delimiter: str) -> tuple[int, int]:
        rows = [cells for _, cells in islice(_parse(lines[:200], 0, delimiter), _HEADER_WITHIN) if cells is not None]
        index = find_header(rows)
        recognised = 0 if index is None else sum(field_of(cell) is not None for cell in rows[index])
        return recognised, min((len(cells) for cells in rows[:5] if any(cells)), default=0)

    return max(_DELIMITERS, key=merit)


def _find_header(lines: Sequence[str], start: int, delimiter: str) -> tuple[tuple[str, ...], int]:
    """The column names and the index of the line after them."""
    records = list(islice(_parse(lines, start, delimiter), _HEADER_WITHIN + 1))
    rows = [cells or [] for _, cells in records]
    index = find_header(rows)
    if index is None:
        # No row names an address: the first that holds anything is shown to the user as the one we saw.
        index = next((i for i, cells in enumerate(rows) if any(cell.strip() for cell in cells)), 0)
    cells = rows[index]
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    after = records[index + 1][0] - 1 if index + 1 < len(records) else len(lines)
    return unique_header(cells), after


def _rows(
    lines: Sequence[str], start: int, delimiter: str, header: tuple[str, ...], name: str
) -> Iterator[SourceRow | RejectedRow]:
    count = 0
    for line, cells in _parse(lines, start, delimiter):
        if cells is None:
            yield _never_closed(line, lines[line - 1], delimiter)
        elif any(cells) and any(cell.strip() for cell in cells):
            count += 1
            if count > MAX_ROWS:
                many = f"It has more than {MAX_ROWS:,} rows."
                raise BadInput(many, file=name or None, line=line, mend="Split it and import the parts.")
            yield _row(line, cells, header)


def _row(line: int, cells: list[str], header: tuple[str, ...]) -> SourceRow | RejectedRow:
    width = len(header)
    if any(cell.strip() for cell in cells[width:]):
        reason = f"{len(cells)} cells for {width} columns: a cell that holds the delimiter wants quotation marks."
        return RejectedRow(line, "", "", reason, tuple(cells))
    row = cells[:width] + [""] * (width - len(cells))
    longest = max(row, key=len)
    if len(longest) > MAX_CELL:
        reason = f"The cell is longer than {MAX_CELL:,} characters; a quotation mark may be missing."
        cut = tuple(cell[:MAX_CELL] for cell in row)
        return RejectedRow(line, header[row.index(longest)], longest[:80] + "…", reason, cut)
    return SourceRow(line, dict(zip(header, row, strict=True)))


def _never_closed(line: int, text: str, delimiter: str) -> RejectedRow:
    cells = text.rstrip("\n")[:MAX_CELL].replace('"', "").split(delimiter)
    return RejectedRow(line, "", "", "A quotation mark opens in this row and is never closed.", tuple(cells))


def _parse(lines: Sequence[str], start: int, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """(physical line, cells) for each record from line index `start`; None for a line whose quotation never closes.

    After such a line reading goes on at the next one: one stray mark must not swallow the rest of the file.
    """
    for _ in range(_MAX_REPAIRS):
        reader = csv.reader(islice(lines, start, None), delimiter=delimiter)
        read = 0
        try:
            for cells in reader:
                first = start + read + 1
                read = reader.line_num
                if start + read == len(lines) and _is_open(lines, first - 1, delimiter):
                    break
                yield first, cells
            else:
                return
        except csv.Error:  # a cell beyond the reader's own limit: a mark that opened and ran on
            first = start + read + 1
        yield first, None
        start = first
        if start >= len(lines):
            return
    raise BadInput("Its quotation marks cannot be made sense of.", line=start + 1, mend=_SAVE_AS)


def _is_open(lines: Sequence[str], start: int, delimiter: str) -> bool:
    """Whether the last record, from line index `start` to the end, stops inside quotation marks."""
    try:
        for _ in csv.reader(islice(lines, start, None), delimiter=delimiter, strict=True):
            pass
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False

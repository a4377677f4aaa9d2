"""Reading CSV and its cousins, as spreadsheets and address books really write them."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator
from itertools import islice
from textwrap import shorten

from distributor.contacts.sources.headers import HEADER_WITHIN, Header, count_recognised, locate_header
from distributor.contacts.sources.pasted import as_table, has_bullets, read_pasted
from distributor.contacts.sources.rows import RejectedRow, SourceRow, SourceTable
from distributor.decoding import decode
from distributor.errors import BadInput

MAX_BYTES = 50_000_000
MAX_ROWS = 500_000
MAX_CELL = 32_768  # what a spreadsheet's cell can hold
_WIDEST = 16_384  # the columns that a spreadsheet can have: of a row with more, no more are looked at for column names

_ADDRESS = "E-mail"
_DELIMITERS = (";", ",", "\t", "|")
_RARE_DELIMITERS = "^~¦§:#!$\x1f"
_DELIMITER_NAMES = {";": "semicolon", ",": "comma", "\t": "tabulation", "|": "bar", "\x1f": "unit separator"}
_MAX_REPAIRS = 100
_SEP_LINE = re.compile(r'\ufeff?"?sep=(.)"?[;,\t]*\n?', re.IGNORECASE)
_SHIELDED = re.compile(r'="([^"]*)"')  # `="0612345678"`, which keeps a spreadsheet from eating the zero
_SOMETHING = re.compile("[^\ufeff \t\r\n;,|\0]")
_LINE_END = re.compile(r"[\r\n]")
_BINARY_STARTS = {
    b"PK\x03\x04": "It is a spreadsheet (XLSX or ODS) or an archive, not CSV.",
    b"\xd0\xcf\x11\xe0": "It is an old Excel workbook (XLS), not CSV.",
    b"%PDF": "It is a PDF document, not CSV.",
    b"\x1f\x8b": "It is a compressed file, not CSV.",
}
_SAVE_AS = "In Excel or LibreOffice, save the sheet as «CSV UTF-8» and import that file."


def read_csv(data: bytes, *, name: str = "", columns: Collection[str] = ()) -> SourceTable:
    """Open a CSV file given as bytes; its rows come one by one, with the physical line of their first character.

    A list of recipients pasted out of a mail program is a table of one column.

    Encoding, delimiter (or the `sep=` line) and the row of column names are found and told; `columns` are names the
    user spoke of, to know that row by. A row with more cells than columns, a cell beyond 32 kB or a quotation mark
    never closed is a `RejectedRow`; one with fewer cells is filled up. Raises `BadInput` for a file that is empty,
    binary or too big, or has too many columns; while rows are read, for too many of them.
    """
    text, encoding, told = read_text(data, name)
    pasted = read_pasted(_with_line_feeds(text))
    if pasted is not None:
        count = len(pasted.people)
        remarks = [f"Read as {encoding} (chosen by {told}): {count} recipients, as a mail program writes them."]
        if pasted.around:
            around = ", ".join(f"line {line} «{shorten(text, 60, placeholder='…')}»" for line, text in pasted.around)
            remarks.append(f"Passed over, around the recipients: {around}.")
        people = (SourceRow(line, {_ADDRESS: piece}) for line, piece in pasted.people)
        return SourceTable(name, (_ADDRESS,), people, encoding, ";", tuple(remarks))
    start = _Lines(text)
    sep = _SEP_LINE.fullmatch(next(start))
    if not sep or sep[1] == '"':
        start = _Lines(text)
    delimiter = sep[1] if sep and sep[1] != '"' else _find_delimiter(text, columns)
    header, start, delimiter = _open(start, delimiter, columns, name)
    how = f"columns separated by a {_DELIMITER_NAMES.get(delimiter, f'«{delimiter}»')}"
    if start.text is not text:
        how = f"its lines put into {len(header.names)} columns"
    remarks = [f"Read as {encoding} (chosen by {told}), {how}."]
    if header.remark:
        remarks.append(header.remark)
    rows = _rows(start, delimiter, header.names, name)
    return SourceTable(name, header.names, rows, encoding, delimiter, tuple(remarks))


def read_text(data: bytes, name: str) -> tuple[str, str, str]:
    """A list's text, its encoding and how that was found; `BadInput` for what is empty, binary or too big."""
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
    if not _SOMETHING.search(text):
        raise BadInput("The file is empty.", file=file, mend="Export the list again and import that file.")
    sample = text[:65536]
    odd = sum(char < " " and char not in "\t\r\n\x0b\x0c\x1f" for char in sample)
    if "\0" in text or odd * 50 > len(sample):
        raise BadInput("The file is not text: it holds zero bytes or control codes.", file=file, mend=_SAVE_AS)
    return text, decoded.encoding, decoded.chosen_by


class _Lines:
    """The lines of a text one by one, CRLF, LF or CR at their end given as LF, without a copy of the whole.

    `offset` is where the next line begins, `number` how many were given: reading can begin again at any line.
    """

    __slots__ = ("_has_returns", "number", "offset", "text")

    def __init__(self, text: str, offset: int = 0, number: int = 0) -> None:
        self.text = text
        self.offset = offset
        self.number = number
        self._has_returns = "\r" in text

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        text, start = self.text, self.offset
        if start >= len(text):
            raise StopIteration
        self.number += 1
        if not self._has_returns:
            end = text.find("\n", start)
            self.offset = len(text) if end < 0 else end + 1
            return text[start : self.offset]
        found = _LINE_END.search(text, start)
        if not found:
            self.offset = len(text)
            return text[start:]
        end = found.start()
        self.offset = end + (2 if text.startswith("\r\n", end) else 1)
        return text[start:end] + "\n"

    @property
    def is_over(self) -> bool:
        """Whether no line is left."""
        return self.offset >= len(self.text)

    def again(self, offset: int, number: int) -> _Lines:
        """The same lines from another place on."""
        return _Lines(self.text, offset, number)


def _find_delimiter(text: str, columns: Collection[str]) -> str:
    """The delimiter under which most column names are recognised; between equals, that which makes most cells."""
    head = "".join(islice(_Lines(text), 200))

    def merit(delimiter: str) -> tuple[int, bool, int, int]:
        rows = [
            _unwrapped(cells or [], delimiter)[:_WIDEST]
            for _, _, cells in islice(_parse(_Lines(head), delimiter), HEADER_WITHIN)
        ]
        width = min((len(cells) for cells in rows[:5] if any(cells)), default=0)
        known = count_recognised(rows, columns)
        return known, delimiter in _DELIMITERS, width, 0 if known else sum(map(len, rows))

    return max((*_DELIMITERS, *(rare for rare in _RARE_DELIMITERS if rare in head)), key=merit)


def _open(start: _Lines, delimiter: str, columns: Collection[str], name: str) -> tuple[Header, _Lines, str]:
    """The column names, the lines under them, and their delimiter; lines out of a document are made a table first."""
    try:
        header, rows = _find_header(start, delimiter, columns, name)
        if header.is_named and not (header.remark and has_bullets(start.text)):
            return header, rows, delimiter
        table = as_table(_with_line_feeds(start.text))
    except BadInput:
        table = as_table(_with_line_feeds(start.text))
        if table is None:
            raise
    if table is None:
        return header, rows, delimiter
    return *_find_header(_Lines(table), "\t", columns, name), "\t"


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _find_header(start: _Lines, delimiter: str, columns: Collection[str], name: str) -> tuple[Header, _Lines]:
    """The column names, and the lines under them."""
    records = list(islice(_parse(start.again(start.offset, start.number), delimiter), HEADER_WITHIN + 1))
    rows = [_unwrapped(cells or [], delimiter)[:_WIDEST] for _, _, cells in records]
    header = locate_header(rows, columns=columns, file=name)
    if header.first >= len(records):
        return header, start.again(len(start.text), 0)
    line, offset, _ = records[header.first]
    return header, start.again(offset, line - 1)


def _rows(start: _Lines, delimiter: str, header: tuple[str, ...], name: str) -> Iterator[SourceRow | RejectedRow]:
    count = 0
    for line, offset, cells in _parse(start, delimiter):
        if cells is None:
            yield _never_closed(line, next(start.again(offset, 0)), delimiter)
        elif any(cells) and any(cell.strip() for cell in cells):
            count += 1
            if count > MAX_ROWS:
                many = f"It has more than {MAX_ROWS:,} rows."
                raise BadInput(many, file=name or None, line=line, mend="Split it and import the parts.")
            yield _row(line, _unwrapped(cells, delimiter, of_names=False) if len(header) > 1 else cells, header)


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
    told = []
    if '="' in "~".join(row):  # hardly any row: each cell of every one is not looked at
        for at, cell in enumerate(row):
            if found := _SHIELDED.fullmatch(cell):
                row[at] = found[1]
                told.append(f"{header[at]}: «{cell}» read as «{found[1]}»")
    return SourceRow(line, dict(zip(header, row, strict=True)), told=tuple(told))


def _unwrapped(cells: list[str], delimiter: str, *, of_names: bool = True) -> list[str]:
    """The cells of a row that stands in one cell, in quotation marks: a spreadsheet saved what it had not told apart.

    Of a row of column names (`of_names`) only where it holds no address: a cell may hold several of them.
    """
    if len(cells) != 1 or delimiter not in cells[0] or (of_names and "@" in cells[0]):
        return cells
    return next(csv.reader([cells[0].replace("\n", " ")], delimiter=delimiter), cells)


def _never_closed(line: int, text: str, delimiter: str) -> RejectedRow:
    cells = text.rstrip("\n")[:MAX_CELL].replace('"', "").split(delimiter)
    return RejectedRow(line, "", "", "A quotation mark opens in this row and is never closed.", tuple(cells))


def _parse(start: _Lines, delimiter: str) -> Iterator[tuple[int, int, list[str] | None]]:
    """(physical line, offset, cells) for each record; None for a line whose quotation never closes.

    After such a line reading goes on at the next one: one stray mark must not swallow the rest of the file.
    """
    lines = start
    for _ in range(_MAX_REPAIRS):
        reader = csv.reader(lines, delimiter=delimiter)
        while True:
            line, offset = lines.number + 1, lines.offset
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:  # a cell beyond the reader's own limit: a mark that opened and ran on
                break
            if lines.is_over and _is_open(lines.again(offset, 0), delimiter):
                break
            yield line, offset, cells
        yield line, offset, None
        lines = lines.again(offset, line - 1)
        next(lines)
        if lines.is_over:
            return
    raise BadInput("Its quotation marks cannot be made sense of.", line=lines.number + 1, mend=_SAVE_AS)


def _is_open(lines: _Lines, delimiter: str) -> bool:
    """Whether the last record stops inside quotation marks."""
    try:
        for _ in csv.reader(lines, delimiter=delimiter, strict=True):
            pass
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False

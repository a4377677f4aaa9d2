"""One sheet of a workbook: its column names, its cells as text, and what a spreadsheet did to them undone and told."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from urllib.parse import unquote

from python_calamine import CalamineSheet

from distributor.contacts.cleaning.columns import unique_header
from distributor.contacts.cleaning.particulars import Field, field_of
from distributor.contacts.sources.csvfile import MAX_CELL, MAX_ROWS
from distributor.contacts.sources.headers import HEADER_WITHIN, check_width, locate_header
from distributor.contacts.sources.rows import RejectedRow, SourceRow
from distributor.contacts.sources.surveys import SheetSurvey
from distributor.errors import BadInput
from distributor.folding import fold

_Value = int | float | str | bool | time | date | datetime | timedelta

_ADDRESS_FIELDS = frozenset({Field.ADDRESS, Field.OTHER_ADDRESS})
_POSTAL_CODES = frozenset({"code postal", "cp", "zip", "zip code", "postal code", "postcode"})
_NAME = re.compile(r"[^\W\d_][\w'’.-]*(?: [^\W\d_][\w'’.-]*){1,3}")
_WHOLE = 1e15  # beyond, a float is no number that somebody typed
_MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class OpenSheet:
    """A sheet that holds something, ready to be read once.

    `holds_addresses` says whether a column for them was recognised, or links lead to them; `remark` is a sentence for
    the user about its column names, or "". `first` is the index of its first row under these, `link_column` the last of
    them where addresses stand behind the words of other columns, else "".
    """

    file: str
    name: str
    header: tuple[str, ...]
    holds_addresses: bool
    remark: str
    values: CalamineSheet
    survey: SheetSurvey
    first: int
    link_column: str

    def rows(self) -> Iterator[SourceRow | RejectedRow]:
        """Its rows under the column names, blank ones left out; raises `BadInput` for too many."""
        reader = _Rows(self)
        count = 0
        for index, values in enumerate(self.values.iter_rows()):
            row = reader.read(index, values) if index >= self.first else None
            if row is not None:
                count += 1
                if count > MAX_ROWS:
                    many = f"The sheet «{self.name}» has more than {MAX_ROWS:,} rows."
                    raise BadInput(many, file=self.file or None, mend="Split it and import the parts.")
                yield row


def open_sheet(sheet: CalamineSheet, survey: SheetSurvey, columns: Collection[str], file: str) -> OpenSheet | None:
    """Find the column names of a sheet; None when it holds nothing. Raises `BadInput` as `locate_header` does."""
    if sheet.start is None:
        return None
    check_width(sheet.width, file, sheet.name)
    head = [[as_text(value) for value in values] for values in islice(sheet.iter_rows(), HEADER_WITHIN + 1)]
    header = locate_header(head, columns=columns, file=file, sheet=sheet.name)
    names, first = header.names, header.first
    # Cells to the right of the last name are no reason to refuse a row: their columns are numbered.
    names = unique_header([*names, *[""] * (sheet.width - len(names))])
    linked = {column - sheet.start[1] for (row, column) in survey.links if row >= first}
    addresses = {index for index, name in enumerate(names) if field_of(name) in _ADDRESS_FIELDS}
    link_column = ""
    if linked - addresses:
        if not header.is_named:
            names, first = _above_links(head, survey, first, len(names))
        link_column = "Other email" if header.is_named else "E-mail"
        names = unique_header([*names, link_column])
        link_column = names[-1]
    is_named = header.is_named or bool(link_column)
    return OpenSheet(file, sheet.name, names, is_named, header.remark, sheet, survey, first, link_column)


def _above_links(
    head: Sequence[Sequence[str]], survey: SheetSurvey, first: int, width: int
) -> tuple[tuple[str, ...], int]:
    """The column names of a sheet whose addresses stand behind links only: the last row above the first of them."""
    until = min(row for row, _ in survey.links if row >= first)
    index = max((row for row in range(min(until, len(head))) if any(map(str.strip, head[row]))), default=first - 1)
    cells = head[index] if 0 <= index < len(head) else ()
    return unique_header([*cells, *[""] * (width - len(cells))]), index + 1


class _Rows:
    """Turns the values of one sheet into rows of text, row by row from the top."""

    def __init__(self, sheet: OpenSheet) -> None:
        self._sheet = sheet
        self._survey = sheet.survey
        start = sheet.values.start
        self._offset = start[1] if start else 0
        own = sheet.header[:-1] if sheet.link_column else sheet.header
        fields = [field_of(name) for name in own]
        self._addresses = frozenset(index for index, field in enumerate(fields) if field in _ADDRESS_FIELDS)
        self._numbers: dict[int, Callable[[str], str]] = {}
        for index, name in enumerate(own):
            if fields[index] is Field.PHONE:
                self._numbers[index] = _mend_phone
            elif fold(name) in _POSTAL_CODES:
                self._numbers[index] = _mend_postal_code
        self._spans = dict(self._survey.merged)
        for (top, left), (bottom, _) in sheet.values.merged_cell_ranges or ():
            if bottom > top:
                self._spans[top, left] = bottom - top + 1
        self._open: dict[int, tuple[int, str]] = {}
        self._linked: Mapping[int, Sequence[int]] = _by_row(self._survey.links)
        self._failed: Mapping[int, Sequence[int]] = _by_row(self._survey.errors)

    def read(self, index: int, values: Sequence[_Value]) -> SourceRow | RejectedRow | None:
        """One row, or None when it is blank."""
        sheet = self._sheet
        texts = [value if type(value) is str else as_text(value) for value in values]
        if not any(texts) and index not in self._linked:
            return None
        told: list[str] = []
        for at, mend in self._numbers.items():
            if at < len(values) and type(values[at]) in {int, float}:
                mended = mend(texts[at])
                if mended != texts[at]:
                    told.append(f"{sheet.header[at]}: the number {texts[at]} read as «{mended}»")
                    texts[at] = mended
        for column in self._failed.get(index, ()):
            at = column - self._offset
            if 0 <= at < len(texts):
                texts[at] = ""
                told.append(f"{sheet.header[at]}: a formula that fails, left empty")
        behind = self._follow_links(index, texts, told)
        if not behind and not any(map(str.strip, texts)):
            return None
        self._fill_merged(index, texts, told)
        if sheet.link_column:
            texts.append(behind)
        row = SourceRow(index + 1, dict(zip(sheet.header, texts, strict=False)), sheet.name, tuple(told))
        longest = max(texts, key=len)
        if len(longest) > MAX_CELL:
            name = sheet.header[texts.index(longest)]
            return row.rejected(f"The cell is longer than {MAX_CELL:,} characters.", column=name, value=longest[:80])
        return row

    def _fill_merged(self, index: int, texts: list[str], told: list[str]) -> None:
        """Give every row what stands in a cell merged over several."""
        for at, (until, text) in list(self._open.items()):
            if index > until:
                del self._open[at]
            elif at < len(texts) and not texts[at]:
                texts[at] = text
                told.append(f"{self._sheet.header[at]}: «{text}», of a cell merged over several rows")
        if self._spans:
            for at, text in enumerate(texts):
                rows = self._spans.get((index, at + self._offset))
                if rows and text:
                    self._open[at] = (index + rows - 1, text)

    def _follow_links(self, index: int, texts: list[str], told: list[str]) -> str:
        """Put the addresses behind links in their cells; return one that stands behind another column's words."""
        behind = ""
        columns = self._linked.get(index, ())
        for column in sorted(columns, key=lambda column: column - self._offset not in self._addresses):
            at = column - self._offset
            address = mailbox(self._survey.links[index, column])
            if not 0 <= at < len(texts) or not address:
                continue
            shown = texts[at].strip()
            if at not in self._addresses:
                if behind or any(address.casefold() in texts[one].casefold() for one in self._addresses):
                    continue
                behind = address
            elif "@" in shown:
                continue
            else:
                is_name = _NAME.fullmatch(shown) and sum(word[0].isupper() for word in shown.split()) > 1
                texts[at] = f"{shown} <{address}>" if is_name else address
            told.append(f"{self._sheet.header[at]}: «{address}» taken from the link behind «{shown}»")
        return behind


def as_text(value: _Value) -> str:
    """A cell as text: dates in ISO 8601, whole numbers without a point, logical values as `true` and `false`."""
    text = str(value)
    if isinstance(value, bool):
        text = text.lower()
    elif isinstance(value, float) and value.is_integer() and abs(value) < _WHOLE:
        text = str(int(value))
    elif isinstance(value, datetime):
        text = value.date().isoformat() if value.time() == _MIDNIGHT else value.isoformat(" ")
    elif isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        text = f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return text


def mailbox(link: str) -> str:
    """The address that a `mailto:` link leads to (RFC 6068), "" when it leads to none."""
    scheme, _, rest = link.partition(":")
    return unquote(rest.partition("?")[0]).strip() if scheme.casefold() == "mailto" else ""


def _mend_phone(number: str) -> str:
    """A number's digits with what a spreadsheet takes from a telephone number: the zero of a French one, a plus."""
    if len(number) == 9 and number.isdecimal() and number[0] != "0":
        return f"0{number}"
    return f"+{number}" if len(number) == 11 and number.isdecimal() and number.startswith("33") else number


def _mend_postal_code(number: str) -> str:
    return f"0{number}" if len(number) == 4 and number.isdecimal() else number


def _by_row(places: Collection[tuple[int, int]]) -> Mapping[int, Sequence[int]]:
    found: dict[int, list[int]] = {}
    for row, column in sorted(places):
        found.setdefault(row, []).append(column)
    return found

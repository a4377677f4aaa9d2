"""The survey of an OpenDocument spreadsheet, where a cell or a row may say that it stands many times."""

from __future__ import annotations

import re
from collections.abc import Mapping

from distributor.contacts.sources.surveys import (
    LINK_FORMULA,
    MAX_NOTED,
    MAX_TEXT,
    SheetSurvey,
    check_spans,
    run,
    too_much_text,
)
from distributor.unpacking import PartReader

_ERRORS = re.compile(r"#(N/?A|NA|REF!|VALUE!|VALEUR !|DIV/0!|NAME\?|NOM \?|NUM!|NOMBRE !|NULL!|NUL !)|Err:\d+")
_VALUES = ("value", "string-value", "date-value", "time-value", "boolean-value", "formula")


def survey_ods(parts: Mapping[str, bytes], *, file: str = "") -> dict[str, SheetSurvey]:
    """Survey every table of an OpenDocument spreadsheet given as its parts, by its name; raises as `survey_xlsx`."""
    reader = _Tables(file)
    run(parts.get("content.xml", b""), reader, file)
    check_spans(list(reader.surveys.values()), file)
    return reader.surveys


class _Tables(PartReader):
    """The tables of an OpenDocument spreadsheet, where a cell or a row may say that it stands many times."""

    wants_text = True

    def __init__(self, file: str) -> None:
        super().__init__()
        self.surveys: dict[str, SheetSurvey] = {}
        self._file = file
        self._survey = SheetSurvey()
        self._row = self._column = self._rows = self._columns = 0
        self._written = self._attributes = 0
        self._held: list[str] = []
        self._is_cell = self._has_formula = False
        self._link = ""

    def enter(self, tag: str, attributes: dict[str, str]) -> None:
        said = {name.rpartition(":")[2]: value for name, value in attributes.items()}
        if tag == "table":
            self._survey = self.surveys.setdefault(said.get("name", ""), SheetSurvey())
            self._row = 0
        elif tag == "table-row":
            self._rows, self._column = int(said.get("number-rows-repeated", 1)), 0
        elif tag in {"table-cell", "covered-table-cell"}:
            self._columns = int(said.get("number-columns-repeated", 1))
            self._is_cell, self._has_formula = True, "formula" in said
            self._held, self._link = [], ""
            self._attributes = sum(len(said.get(name, "")) for name in _VALUES)
            if self._attributes or "value-type" in said:
                self._reach()
            formula = LINK_FORMULA.match(said.get("formula", ""))
            self._link = formula[1] if formula else ""
            if int(said.get("number-rows-spanned", 1)) > 1 and len(self._survey.merged) < MAX_NOTED:
                self._survey.merged.append(((self._row, self._column), int(said["number-rows-spanned"])))
        elif tag == "s" and self._is_cell:
            spaces = int(said.get("c", 1))
            if spaces > MAX_TEXT:
                raise too_much_text(self._file)
            self._held.append(" " * spaces)
        elif tag == "a" and self._is_cell and said.get("href", "")[:7].lower() == "mailto:":
            self._link = said["href"]

    def _reach(self) -> None:
        self._survey.reach(self._row + self._rows - 1, self._column + self._columns - 1)

    def leave(self, tag: str) -> None:
        if tag == "table-row":
            self._row += self._rows
        elif tag in {"table-cell", "covered-table-cell"}:
            self._leave_cell("".join(self._held))
            self._column += self._columns
            self._is_cell = False

    def _leave_cell(self, held: str) -> None:
        if held:
            self._reach()
        self._written += (len(held) + self._attributes) * self._rows * self._columns
        if self._written > MAX_TEXT:
            raise too_much_text(self._file)
        if self._link and len(self._survey.links) < MAX_NOTED:
            self._survey.links[self._row, self._column] = self._link
        if self._has_formula and _ERRORS.fullmatch(held.strip()) and len(self._survey.errors) < MAX_NOTED:
            self._survey.errors.add((self._row, self._column))

    def text(self, text: str) -> None:
        if self._is_cell:
            self._held.append(text)

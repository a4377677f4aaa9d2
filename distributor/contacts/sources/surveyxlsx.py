"""The survey of an XLSX or XLSM workbook: how far its sheets reach, links, errors, and how much text they repeat."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache

from distributor.contacts.sources.surveys import (
    LINK_FORMULA,
    MAX_CELLS,
    MAX_NOTED,
    MAX_TEXT,
    Place,
    SheetSurvey,
    check_spans,
    run,
    too_much_text,
)
from distributor.contacts.sources.unpacking import TooLarge
from distributor.unpacking import PartReader

_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")


def survey_xlsx(parts: Mapping[str, bytes], *, file: str = "") -> dict[str, SheetSurvey]:
    """Survey every sheet of an XLSX or XLSM workbook given as its parts, by the sheet's name.

    Raises `TooLarge` for sheets that span or hold more than we read, `BadInput` for XML that is damaged, has a document
    type (and so entities), or is nested too deeply.
    """
    sheets: dict[str, _Worksheet] = {}
    strings: list[int] = []
    names: dict[str, str] = {}
    workbook = ""
    relations: dict[str, dict[str, str]] = {}
    for part, xml in parts.items():
        if part.casefold().endswith((".xml", ".rels")):
            reader = _read_part(xml, file)
            if isinstance(reader, _Worksheet):
                sheets[part] = reader
            elif isinstance(reader, _SharedStrings):
                strings = reader.lengths
                if not 0 <= reader.announced <= MAX_CELLS:  # calamine makes room for as many as are announced
                    raise TooLarge(f"it announces over {MAX_CELLS:,} texts", file=file)
            elif isinstance(reader, _Workbook):
                names |= {identifier: name for name, identifier in reader.sheets}
                workbook = part
            elif isinstance(reader, _Relations):
                relations[part] = reader.targets
    check_spans([reader.survey for reader in sheets.values()], file)
    _check_strings(parts, sheets, strings, file)
    found: dict[str, SheetSurvey] = {}
    if names:
        for identifier, target in relations.get(_relations_of(workbook), {}).items():
            part = _resolve(workbook, target)
            if identifier in names and part in sheets:
                sheets[part].resolve_links(relations.get(_relations_of(part), {}))
                found[names[identifier]] = sheets[part].survey
    return found


def _check_strings(parts: Mapping[str, bytes], sheets: Mapping[str, _Worksheet], lengths: list[int], file: str) -> None:
    """Refuse a workbook whose cells point at long texts again and again."""
    used = sum(reader.shared for reader in sheets.values())
    if used * max(lengths, default=0) <= MAX_TEXT:
        return
    total = 0
    for part in sheets:
        counter = _SharedUses(lengths)
        run(parts[part], counter, file)
        total += counter.total
    if total > MAX_TEXT:
        raise too_much_text(file)


class _Worksheet(PartReader):
    """A sheet of an XLSX workbook."""

    def __init__(self, *, has_link_formulas: bool) -> None:
        super().__init__()
        self.survey = SheetSurvey()
        self.shared = 0
        self.wants_text = has_link_formulas
        self._row = self._column = -1
        self._kind = ""
        self._is_counted = True
        self._formula: list[str] | None = None
        self._hyperlinks: list[tuple[str, str]] = []

    def enter(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self._enter_cell(attributes)
        elif tag in {"v", "is", "f"}:
            if not self._is_counted:
                self._is_counted = True
                self.survey.reach(self._row, self._column)
                self.shared += self._kind == "s"
                if self._kind == "e" and len(self.survey.errors) < MAX_NOTED:
                    self.survey.errors.add((self._row, self._column))
            if tag == "f" and self.wants_text:
                self._formula = []
        elif tag == "row":
            self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
            self._column = -1
        elif tag == "hyperlink":
            target = next((value for name, value in attributes.items() if name.rpartition(":")[2] == "id"), "")
            if target and len(self._hyperlinks) < MAX_NOTED:
                self._hyperlinks.append((attributes.get("ref", ""), target))

    def _enter_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        if reference:
            self._row, self._column = _place(reference)
        else:
            self._column += 1
        self._kind = attributes.get("t", "")
        self._is_counted = False

    def leave(self, tag: str) -> None:
        if tag == "f" and self._formula is not None:
            found = LINK_FORMULA.match("".join(self._formula))
            self._formula = None
            if found and len(self.survey.links) < MAX_NOTED:
                self.survey.links[self._row, self._column] = found[1]

    def text(self, text: str) -> None:
        if self._formula is not None:
            self._formula.append(text)

    def resolve_links(self, targets: Mapping[str, str]) -> None:
        """Put the addresses that the sheet's relations tell behind their cells."""
        for reference, identifier in self._hyperlinks:
            target = targets.get(identifier, "")
            if target[:7].lower() == "mailto:":
                first, _, last = reference.partition(":")
                try:
                    row, column = _place(first)
                    until = _place(last)[0] if last else row
                except ValueError:
                    continue  # a link to no cell
                for one in range(row, min(until + 1, self.survey.rows)):
                    if len(self.survey.links) < MAX_NOTED:
                        self.survey.links[one, column] = target


class _SharedStrings(PartReader):
    """The texts that an XLSX workbook's cells point at: how long each is."""

    wants_text = True

    def __init__(self) -> None:
        super().__init__()
        self.lengths: list[int] = []
        self.announced = 0

    def enter(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "si":
            self.lengths.append(0)
        elif tag == "sst":
            self.announced = int(attributes.get("uniqueCount") or 0)

    def text(self, text: str) -> None:
        if self.lengths:
            self.lengths[-1] += len(text)


class _SharedUses(PartReader):
    """How many characters of shared texts the cells of one sheet hold."""

    wants_text = True

    def __init__(self, lengths: list[int]) -> None:
        super().__init__()
        self.total = 0
        self._lengths = lengths
        self._index: list[str] | None = None
        self._is_shared = False

    def enter(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self._is_shared = attributes.get("t") == "s"
        elif tag == "v" and self._is_shared:
            self._index = []

    def leave(self, tag: str) -> None:
        if tag == "v" and self._index is not None:
            index = int("".join(self._index))
            self.total += self._lengths[index] if 0 <= index < len(self._lengths) else 0
            self._index = None

    def text(self, text: str) -> None:
        if self._index is not None:
            self._index.append(text)


class _Workbook(PartReader):
    """The sheets of an XLSX workbook: names, and the identifiers that relations give parts to."""

    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[tuple[str, str]] = []

    def enter(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet":
            identifier = next((value for name, value in attributes.items() if name.rpartition(":")[2] == "id"), "")
            self.sheets.append((attributes.get("name", ""), identifier))


class _Relations(PartReader):
    """Which part, or which address outside, each identifier of a part stands for."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: dict[str, str] = {}

    def enter(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship":
            self.targets[attributes.get("Id", "")] = attributes.get("Target", "")


_ROOTS: Mapping[str, Callable[[], PartReader]] = {
    "sst": _SharedStrings,
    "workbook": _Workbook,
    "Relationships": _Relations,
}


def _read_part(xml: bytes, file: str) -> PartReader:
    """Go through one part of an XLSX workbook, with the reader that its first element asks for."""
    root = _Root()
    with suppress(_Found):
        run(xml, root, file)
    if root.name == "worksheet":
        reader: PartReader = _Worksheet(has_link_formulas=b"HYPERLINK(" in xml)
    else:
        reader = _ROOTS.get(root.name, PartReader)()
    run(xml, reader, file)
    return reader


class _Found(Exception):
    """The first element was seen, and no more is wanted."""


class _Root(PartReader):
    """What a part is: its first element."""

    name = ""

    def enter(self, tag: str, _attributes: dict[str, str]) -> None:
        self.name = tag
        raise _Found


def _place(reference: str) -> Place:
    found = _REFERENCE.fullmatch(reference)
    if not found:
        raise ValueError(reference)
    return int(found[2]) - 1, _number(found[1])


@lru_cache(maxsize=1024)
def _number(letters: str) -> int:
    """`A` → 0, `AA` → 26."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def _relations_of(part: str) -> str:
    folder, _, name = part.rpartition("/")
    return f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"


def _resolve(part: str, target: str) -> str:
    if target.startswith("/"):
        return target[1:]
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), target))

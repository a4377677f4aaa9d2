"""What every reader of a press list gives, whatever its format: a header, and rows with their line numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row as it stands in the file: column name → cell, nothing cleaned. `line` is where its first character is."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that cannot be used: where, which column and value ("" when it is the whole row), why, and its cells."""

    line: int
    column: str
    value: str
    reason: str
    row: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A file that was opened: its column names (all different), its rows (to be read once), and how it was read.

    `name` is the file's; `encoding` and `delimiter` are "" in formats that have none; `remarks` are sentences for the
    user about what was guessed or passed over.
    """

    name: str
    header: tuple[str, ...]
    rows: Iterator[SourceRow | RejectedRow]
    encoding: str = ""
    delimiter: str = ""
    remarks: tuple[str, ...] = field(default=())

"""What became of a file: one outcome per row, and the counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from distributor.contacts.sources.rows import Format, RejectedRow


class Result(StrEnum):
    """What became of a row."""

    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    MERGED = "merged"
    SPLIT = "split"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """What became of one contact of one row: the contact as told, each cleaning and change, or why it was refused.

    `merged` means: an earlier row of the same file is about the same contact; `split`: the row holds several addresses
    and no name, and this is one of the contacts it became. `sheet` is "" in files that have none.
    """

    line: int
    result: Result
    address: str = ""
    name: str = ""
    changes: tuple[str, ...] = ()
    reason: str = ""
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """All that is to be said about an import; a dry run gives the same report and writes nothing.

    `recognised` maps fields to columns, `kept` columns that no field of ours fits to their key in `fields`, `ignored`
    columns passed over, all of them over every table of the file. `list_slug` is the list the contacts now stand on, ""
    when they were put on none. `headers` are the column names of each sheet ("" is the one of a file without sheets).
    `outcomes` and `rejected` may be long: they are read from disk as they are asked for.
    """

    file: str
    list_name: str
    list_slug: str
    headers: Mapping[str, tuple[str, ...]]
    format: Format
    delimiter: str
    encoding: str
    recognised: Mapping[str, tuple[str, ...]]
    kept: Mapping[str, str]
    ignored: tuple[str, ...]
    outcomes: Sequence[LineOutcome]
    rejected: Sequence[RejectedRow]
    counts: Mapping[Result, int]
    new_sectors: tuple[str, ...]
    remarks: tuple[str, ...]
    dry_run: bool = False

    @property
    def header(self) -> tuple[str, ...]:
        """The column names of the file, or of its first sheet."""
        return next(iter(self.headers.values()))

"""What became of a file: one outcome per row, the counts, and the rejects file to mend and import again."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from distributor.contacts.columns import REJECTION_COLUMN
from distributor.contacts.rows import RejectedRow


class Result(StrEnum):
    """What became of a row."""

    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    MERGED = "merged"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """What became of one contact of one row: the contact as told, each cleaning and change, or why it was refused.

    `merged` means: an earlier row of the same file is about the same address, and both are one contact.
    """

    line: int
    result: Result
    address: str = ""
    name: str = ""
    changes: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """All that is to be said about an import; a dry run gives the same report and writes nothing.

    `recognised` maps fields to columns, `kept` columns that no field of ours fits to their key in `fields`, `ignored`
    columns passed over. `list_slug` is the list the contacts now stand on.
    """

    file: str
    list_name: str
    list_slug: str
    header: tuple[str, ...]
    delimiter: str
    encoding: str
    recognised: Mapping[str, tuple[str, ...]]
    kept: Mapping[str, str]
    ignored: tuple[str, ...]
    outcomes: tuple[LineOutcome, ...]
    rejected: tuple[RejectedRow, ...]
    new_sectors: tuple[str, ...]
    remarks: tuple[str, ...]
    dry_run: bool = False

    @property
    def counts(self) -> dict[Result, int]:
        """How many outcomes of each kind, every kind named."""
        found = Counter(outcome.result for outcome in self.outcomes)
        return {result: found[result] for result in Result}


def rejects_csv(report: ImportReport) -> bytes:
    """The rejected rows as CSV (UTF-8 with BOM, the source's delimiter) with the reason in one more column.

    Cells stand as they stood, formulas too: the mended file must import as the original would. b"" when there are none.
    """
    if not report.rejected:
        return b""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=report.delimiter or ";", lineterminator="\r\n")
    header = list(report.header)
    if REJECTION_COLUMN in header:
        header.remove(REJECTION_COLUMN)
    writer.writerow([*header, REJECTION_COLUMN])
    again = report.header.index(REJECTION_COLUMN) if REJECTION_COLUMN in report.header else None
    for rejected in report.rejected:
        cells = [cell for index, cell in enumerate(rejected.row) if index != again]
        cells += [""] * (len(header) - len(cells))
        reason = f"{rejected.column}: {rejected.reason}" if rejected.column else rejected.reason
        # Cells beyond the last column stay in sight, after the reason.
        writer.writerow([*cells[: len(header)], reason, *cells[len(header) :]])
    return b"\xef\xbb\xbf" + out.getvalue().encode()

"""What the sheets of a workbook hold that its reader does not tell, found before that is let loose on them.

calamine makes room for every cell between the first and the last of a sheet: one stray cell in the farthest corner ends
the process. It gives errors as empty cells, and of a hyperlink only the words. So each part is gone through once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from distributor.contacts.sources.unpacking import TooLarge, damaged
from distributor.unpacking import Damaged, PartReader, walk

MAX_CELLS = 10_000_000
"""The most cells that the sheets of a workbook may span, empty ones included."""

MAX_TEXT = 256_000_000
"""The most characters that its cells may hold: one long text may stand in a million of them."""

MAX_NOTED = 200_000
"""The most links, errors and merged ranges that are noted of a sheet."""

LINK_FORMULA = re.compile(r'\s*(?:of:)?=?\s*HYPERLINK\(\s*"(mailto:[^"]*)"', re.IGNORECASE)
"""A formula that shows a text and leads to a mailbox."""

Place = tuple[int, int]
"""A cell: row and column, both from 0."""


@dataclass(slots=True)
class SheetSurvey:
    """How far one sheet reaches, and what stands where in it.

    `rows` and `columns` reach to the last cell that holds anything. `links` are the `mailto:` addresses behind cells,
    `errors` the cells whose formula failed. `merged` are the cells that span several rows, and how many: in ODS only,
    of the others calamine tells itself.
    """

    rows: int = 0
    columns: int = 0
    links: dict[Place, str] = field(default_factory=dict)
    errors: set[Place] = field(default_factory=set)
    merged: list[tuple[Place, int]] = field(default_factory=list)

    def reach(self, row: int, column: int) -> None:
        """Take note of a cell that holds something."""
        self.rows = max(self.rows, row + 1)
        self.columns = max(self.columns, column + 1)


def check_spans(surveys: Sequence[SheetSurvey], file: str) -> None:
    """Raise `TooLarge` when the sheets together span more cells than we read, naming the farthest corner."""
    if sum(survey.rows * survey.columns for survey in surveys) > MAX_CELLS:
        widest = max(surveys, key=lambda survey: survey.rows * survey.columns)
        corner = f"{_letters(widest.columns)}{widest.rows}"
        raise TooLarge(f"a sheet reaches from A1 to {corner}, over {MAX_CELLS:,} cells", file=file)


def too_much_text(file: str) -> TooLarge:
    """What to say of a workbook whose cells repeat long texts."""
    return TooLarge(f"its cells hold more than {MAX_TEXT // 1_000_000} million characters", file=file)


def run(xml: bytes, reader: PartReader, file: str) -> None:
    """Hand a part's elements to `reader`; `BadInput` for what cannot be made sense of."""
    try:
        walk(xml, reader)
    except Damaged:
        raise damaged(file) from None


def _letters(columns: int) -> str:
    letters = ""
    while columns:
        columns, rest = divmod(columns - 1, 26)
        letters = chr(65 + rest) + letters
    return letters

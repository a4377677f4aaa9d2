"""The report as CSV that Excel opens: UTF-8 with BOM, formulas defused, one row per recipient."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from distributor.errors import BadInput

COLUMNS = (
    "address", "name", "outlet", "sector", "domain", "lists", "state", "reason", "code", "enhanced_code", "reply",
    "attempts", "accepted_at", "next_attempt_at", "message_id", "dispatch_id",
)  # fmt: skip

# The wide ones too: a spreadsheet set to Japanese or Chinese reads them as the narrow.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]], *, delimiter: str = ";") -> int:
    """Write the recipients to `path` and return how many; `BadInput` when the file cannot be written."""
    count = 0
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, delimiter=delimiter)
            writer.writerow(COLUMNS)
            for row in rows:
                writer.writerow([_cell(row[name]) for name in COLUMNS])
                count += 1
    except OSError as error:
        raise BadInput(
            f"The report cannot be written: {error.strerror}.", file=path, mend="Choose another place."
        ) from None
    return count


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return defused(", ".join(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat(sep=" ", timespec="seconds"))
    return defused(str(value))


def defused(text: str) -> str:
    """`text` so that a spreadsheet shows it instead of running it: an apostrophe before what could start a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text

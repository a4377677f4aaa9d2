"""The report as CSV that Excel opens: UTF-8 with BOM, formulas defused, one row per recipient."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from distributor.files import Output
from distributor.formulas import defused

COLUMNS = (
    "address", "name", "outlet", "sector", "domain", "lists", "state", "reason", "code", "enhanced_code", "reply",
    "attempts", "accepted_at", "next_attempt_at", "message_id", "version", "dispatch_id",
    "release", "signed_off_by", "corrects", "corrected_by", "wave", "wave_name", "not_before", "to_be_withheld",
)  # fmt: skip


def write_csv(output: Output, rows: Iterable[Mapping[str, Any]], zone: ZoneInfo, *, delimiter: str = ";") -> int:
    """Write the recipients and return how many; raises what `Output.opened` raises, and then nothing is written.

    Times are ISO 8601 in `zone`, with their offset.
    """
    count = 0
    with output.opened() as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        writer = csv.writer(text, delimiter=delimiter)
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow([_cell(row[name], zone) for name in COLUMNS])
            count += 1
        text.detach()  # flushed; the file itself is closed by whoever opened it
    return count


def _cell(value: Any, zone: ZoneInfo) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return defused(", ".join(value))
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="seconds")
    return defused(str(value))

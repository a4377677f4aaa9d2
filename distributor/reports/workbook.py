"""The report as a workbook: recipients and attempts, typed columns, a frozen and filtered header; memory stays flat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from distributor.errors import BadInput
from distributor.files import Output
from distributor.formulas import shielded
from distributor.reports.csvfile import COLUMNS

ATTEMPT_COLUMNS = (
    "delivery_id", "address", "number", "started_at", "duration_ms", "phase", "verdict", "state", "code",
    "enhanced_code", "reply", "server", "tls",
)  # fmt: skip
_LONGEST_CELL = 32_767
_MOST_ROWS = 1_048_575
_WIDE = {
    "address": 34,
    "name": 26,
    "outlet": 26,
    "reply": 60,
    "reason": 30,
    "message_id": 40,
    "corrects": 40,
    "corrected_by": 34,
}
_MOMENTS = frozenset({"accepted_at", "next_attempt_at", "started_at", "not_before"})


def write_xlsx(output: Output, rows: Iterable[Mapping[str, Any]], zone: ZoneInfo) -> int:
    """Write the recipients and their attempts, and return how many recipients; times are those of `zone`.

    Text cells are never run as formulas. Raises what `Output.opened` raises, `BadInput` for more than a sheet holds.
    """
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - ships no types; slow to import

    with output.opened() as file:
        # Each row is written out as it comes; two sheets grow side by side in files of their own.
        book = xlsxwriter.Workbook(
            file, {"constant_memory": True, "strings_to_urls": False, "strings_to_formulas": False}
        )
        recipients = _Sheet(book, "Recipients", COLUMNS, zone)
        attempts = _Sheet(book, "Attempts", ATTEMPT_COLUMNS, zone)
        for row in rows:
            recipients.add(row)
            for attempt in row["history"]:
                attempts.add({**attempt, "delivery_id": row["id"], "address": row["address"]})
        recipients.close()
        attempts.close()
        book.close()
    return recipients.count


class _Sheet:
    def __init__(self, book: Any, name: str, columns: Sequence[str], zone: ZoneInfo) -> None:
        self.count = 0
        self._columns = columns
        self._zone = zone
        self._sheet = book.add_worksheet(name)
        self._moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        bold = book.add_format({"bold": True})
        for number, column in enumerate(columns):
            self._sheet.set_column(number, number, _WIDE.get(column, 20 if column in _MOMENTS else 14))
            self._sheet.write_string(0, number, column, bold)
        self._sheet.freeze_panes(1, 1)

    def add(self, row: Mapping[str, Any]) -> None:
        self.count += 1
        if self.count > _MOST_ROWS:
            raise BadInput("A sheet of a workbook holds no more than a million rows.", mend="Use --csv or --jsonl.")
        for number, column in enumerate(self._columns):
            self._write(number, row[column])

    def close(self) -> None:
        self._sheet.autofilter(0, 0, max(self.count, 1), len(self._columns) - 1)

    def _write(self, column: int, value: Any) -> None:
        if isinstance(value, datetime):
            local = value.astimezone(self._zone).replace(tzinfo=None)  # cells know no zones
            self._sheet.write_datetime(self.count, column, local, self._moment)
        elif isinstance(value, int):
            self._sheet.write_number(self.count, column, value)
        elif value:
            text = shielded(", ".join(value) if isinstance(value, list) else str(value))
            self._sheet.write_string(self.count, column, text[:_LONGEST_CELL])

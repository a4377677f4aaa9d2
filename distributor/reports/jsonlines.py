"""The recipients as JSON Lines: one object a line, each with its attempts; written as they are read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from distributor.files import Output


def write_jsonl(output: Output, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write the recipients in the shape that `report --json` gives them, and return how many."""
    count = 0
    with output.opened() as file:
        for row in rows:
            file.write(as_line(row))
            count += 1
    return count


def as_line(row: Mapping[str, Any]) -> bytes:
    """One row as a line of ASCII JSON: no character in it can end the line or steer a terminal."""
    return json.dumps(row, default=_jsonable, separators=(",", ":")).encode("ascii") + b"\n"


def _jsonable(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)

"""A change as people read it: what it was about, the old value and the new one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One value that gave way to another; "" is none."""

    what: str
    old: str
    new: str

    def __str__(self) -> str:
        what = self.what.replace("_", " ")
        if not self.old:
            return f"{what}: «{self.new}»"
        return f"{what}: «{self.old}» → " + (f"«{self.new}»" if self.new else "none")


def shown(value: Any) -> str:
    """A value of the base as text: yes and no, days, "" for nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)

"""The state of one reading: the sheet that recognisers take lines from, and what they found so far."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeGuard

from distributor.releases.draft import PressContact, Remark, Signatory
from distributor.releases.kinds import ReleaseKind
from distributor.releases.readers.datelines import Dateline
from distributor.releases.readers.sheet import Line, Sheet


@dataclass(slots=True)
class Found:
    """What was recognised so far; `lines` as in the draft, `notices` the embargoes as written, with their lines."""

    headline: str = ""
    kind: ReleaseKind | None = None
    standfirst: str = ""
    dateline: Dateline | None = None
    dateline_place: str = ""
    dateline_date: date | None = None
    embargo_until: datetime | None = None
    contacts: tuple[PressContact, ...] = ()
    signatory: Signatory = field(default_factory=Signatory)
    boilerplate: str = ""
    changes: str = ""
    notes: tuple[str, ...] = ()
    remarks: list[Remark] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    notices: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reading:
    """One text being read. `given` are the fields that the front matter already fills: nothing is recognised for them.

    `is_markdown` narrows recognition to what is unmistakable: a headline or a signature is then never guessed.
    `is_rich` is for Markdown that we made of formatted text, whose author knew of no marks: recognised like plain text,
    kept as it is.
    """

    sheet: Sheet
    given: Collection[str] = ()
    is_markdown: bool = False
    is_rich: bool = False
    found: Found = field(default_factory=Found)

    def wants(self, name: str) -> bool:
        """Whether this field is still to be recognised in the text."""
        return name not in self.given

    def first(self) -> Line | None:
        """The first line that nobody took."""
        lines = self.sheet.lines()
        return lines[0] if lines else None

    def after(self, line: Line) -> Line | None:
        """The line that follows, blank lines aside."""
        lines = self.sheet.lines()
        position = lines.index(line) + 1
        return lines[position] if position < len(lines) else None

    def takes_dateline(self, dateline: Dateline | None) -> TypeGuard[Dateline]:
        """Whether this dateline is wanted: the first one, or the place to a date already found without one."""
        if dateline is None or not self.wants("dateline"):
            return False
        held = self.found.dateline
        if held is None:
            return True
        is_same_day = (held.found.day, held.found.month) == (dateline.found.day, dateline.found.month)
        return bool(dateline.place) and not held.place and is_same_day

    def set_dateline(self, dateline: Dateline, number: int) -> None:
        """Note the dateline that stands at this line; its year may be settled later."""
        self.found.dateline = dateline
        self.found.lines["dateline_date"] = number
        if dateline.place:
            self.found.dateline_place = dateline.place
            self.found.lines["dateline_place"] = number

    def remark(self, number: int, text: str) -> None:
        """Say something to the user about this line."""
        self.found.remarks.append(Remark(number, text))

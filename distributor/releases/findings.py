"""What a proof is given, and what it finds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from distributor.releases.draft import ReleaseDraft

_EXCERPT = 100


class Level(StrEnum):
    """How much a finding weighs: a stop holds the send back until mended or overridden by name."""

    STOP = "stop"
    WARN = "warn"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the proof says: a stable `code`, where it stands, the words as written, and how to mend it."""

    code: str
    level: Level
    message: str
    line: int | None = None
    excerpt: str = ""
    mend: str = ""


@dataclass(frozen=True, slots=True)
class RenderFailure:
    """A recipient whose message could not be made, and why, from a strict rendering of every recipient."""

    recipient: str
    message: str
    line: int | None = None
    template: str = ""


@dataclass(frozen=True, slots=True)
class ProofSubject:
    """A release about to be sent: its draft, its source text (for lines and excerpts), and when it is to leave."""

    draft: ReleaseDraft
    source: str
    send_at: datetime
    timezone: ZoneInfo
    render_failures: Sequence[RenderFailure] = ()

    def __post_init__(self) -> None:
        if self.send_at.tzinfo is None:
            raise ValueError("a time without a zone names no instant")

    def source_line(self, number: int | None) -> str:
        """The source line with this number, without its outer spaces; "" where there is none."""
        rows = self.source.split("\n")
        return rows[number - 1].strip() if number and number <= len(rows) else ""

    def texts(self) -> list[tuple[str, str]]:
        """Every text that a recipient will read, each with the name of its field; Markdown escapes undone."""
        draft = self.draft
        people = [draft.signatory.name, draft.signatory.role, draft.signatory.sector]
        contacts = [part for one in draft.contacts for part in (one.name, one.role, one.sector, one.email, one.phone)]
        return [
            ("headline", draft.headline),
            ("standfirst", draft.standfirst),
            ("dateline_place", draft.dateline_place),
            ("sector", draft.sector),
            *(("signatory", part) for part in people),
            *(("contacts", part) for part in contacts if part not in people),
            ("body", _unescape(draft.body)),
            ("boilerplate", _unescape(draft.boilerplate)),
        ]

    def line_of(self, hit: str, field: str, after: int = 0) -> int | None:
        """The first source line, at or after the field's own and beyond `after`, that holds `hit`."""
        start = max(self.draft.lines.get(field, 1), after)
        for number, row in enumerate(self.source.split("\n")[start - 1 :], start=start):
            if hit in row:
                return number
        return self.draft.lines.get(field)


def around(text: str, start: int, end: int) -> str:
    """The words around a hit, on its own line, as an excerpt."""
    left = text.rfind("\n", 0, start) + 1
    right = text.find("\n", end)
    line = text[left : right if right >= 0 else len(text)]
    if len(line) <= _EXCERPT:
        return line.strip()
    margin = max(0, (_EXCERPT - (end - start)) // 2)
    first, last = max(0, start - left - margin), min(len(line), end - left + margin)
    return f"{'…' if first else ''}{line[first:last].strip()}{'…' if last < len(line) else ''}"


def _unescape(markdown: str) -> str:
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown)

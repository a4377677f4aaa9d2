"""What a proof is given, and what it finds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from distributor.quiet import NEVER, QuietHours
from distributor.releases.draft import ReleaseDraft

_EXCERPT = 100


class Level(StrEnum):
    """How much a finding weighs: a stop holds the send back until mended or overridden by name."""

    STOP = "stop"
    WARN = "warn"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the proof says: a stable `code`, where it stands, how to mend it, and why it matters."""

    code: str
    level: Level
    message: str
    line: int | None = None
    excerpt: str = ""
    mend: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class RenderFailure:
    """A recipient whose message could not be made, and why, from a strict rendering of every recipient."""

    recipient: str
    message: str
    line: int | None = None
    template: str = ""


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that goes with the message: `promised` is the type its name promises and its content is not, or "".

    `text` is what a PDF says; None where it is no PDF or was not read, and `unread` then says why, or is "".
    """

    name: str
    media_type: str
    size: int
    promised: str = ""
    text: str | None = None
    unread: str = ""


@dataclass(frozen=True, slots=True)
class SentMessage:
    """The message of one recipient as it would leave: both bodies, its size, whether its headers offer objection."""

    html: str
    text: str
    size: int
    has_list_unsubscribe: bool


class LinkState(StrEnum):
    """What came of following a link."""

    FINE = "fine"
    BROKEN = "broken"
    UNREACHABLE = "unreachable"
    PRIVATE = "private"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class LinkAnswer:
    """What the web said of one link, in `said` in its own words (`404 Not Found`)."""

    url: str
    state: LinkState
    said: str = ""


@dataclass(frozen=True, slots=True)
class SenderAnswer:
    """What the DNS says of the sender's domain: `faults` are (name of the check, what is wrong); or why nothing."""

    domain: str
    faults: Sequence[tuple[str, str]] = ()
    silent: str = ""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who would get it, as far as the proof looks: in which languages, who without provenance, and who is missing.

    `missing_outlets` got the last comparable dispatch, `compared_with`, and would not get this one; `missing_agencies`
    are those of them that are news agencies. `deadlines` are outlets, or people, with the hour of the day after which
    they take nothing more.
    """

    languages: Mapping[str, int] = field(default_factory=dict)
    unproven: Sequence[str] = ()
    missing_outlets: Sequence[str] = ()
    missing_agencies: Sequence[str] = ()
    compared_with: str = ""
    deadlines: Sequence[tuple[str, time]] = ()


@dataclass(frozen=True, slots=True)
class Corrects:
    """What a correction says, as far as the proof looks; each text that it corrects in words («marees», version 1).

    To those who have one of `unstated` it does not say what changed; for `computed` nobody wrote that, it was worked
    out; to those who have one of `unnamed` it does not name what it corrects. `foreign` is language → how many have a
    wrong text in it, and would get the correction in another; `is_same` says that the text is word for word the old.
    """

    unstated: Sequence[str] = ()
    computed: Sequence[str] = ()
    unnamed: Sequence[str] = ()
    foreign: Mapping[str, int] = field(default_factory=dict)
    is_same: bool = False


@dataclass(frozen=True, slots=True)
class ProofSubject:
    """A release about to be sent: its draft, its source text (for lines and excerpts), and when it is to leave.

    What else is known of the sending stands below that; a rule keeps silent about what it was not given. `send_at` is
    aware; `organisation` is who sends; `being_corrected` is the short name of a correction of it that waits to be sent.
    """

    draft: ReleaseDraft
    source: str
    send_at: datetime
    timezone: ZoneInfo
    render_failures: Sequence[RenderFailure] = ()
    organisation: str = ""
    files: Sequence[SentFile] = ()
    message: SentMessage | None = None
    links: Sequence[LinkAnswer] = ()
    sender: SenderAnswer | None = None
    audience: Audience = Audience()
    corrects: Corrects | None = None
    being_corrected: str = ""
    quiet: QuietHours = NEVER
    _kept: dict[str, list[tuple[str, str]]] = field(init=False, default_factory=dict, repr=False, compare=False)
    """Texts that were worked out once, for the many rules that read them."""

    def __post_init__(self) -> None:
        if self.send_at.tzinfo is None:
            raise ValueError("a time without a zone names no instant")

    @property
    def send_day(self) -> date:
        """The day of sending, where the sender lives."""
        return self.send_at.astimezone(self.timezone).date()

    @property
    def day(self) -> date:
        """The day that the release speaks from: its dateline's, or that of sending."""
        return self.draft.dateline_date or self.send_day

    @property
    def is_french(self) -> bool:
        """Whether the release says that it is in French."""
        return self.draft.lang.startswith("fr")

    def source_line(self, number: int | None) -> str:
        """The source line with this number, without its outer spaces; "" where there is none."""
        rows = self.source.split("\n")
        return rows[number - 1].strip() if number and number <= len(rows) else ""

    def texts(self) -> list[tuple[str, str]]:
        """Every text that a recipient will read, each with the name of its field; Markdown escapes undone."""
        if "texts" not in self._kept:
            self._kept["texts"] = self._texts()
        return self._kept["texts"]

    def _texts(self) -> list[tuple[str, str]]:
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

    def prose(self) -> list[tuple[str, str]]:
        """Headline, standfirst, body and boilerplate, each with its field; code, link targets and URLs blanked out.

        Every character keeps its place, so that a hit here is a hit in `texts`.
        """
        if "prose" not in self._kept:
            wanted = {"headline", "standfirst", "body", "boilerplate"}
            self._kept["prose"] = [(name, _blank(text)) for name, text in self.texts() if name in wanted and text]
        return self._kept["prose"]

    def line_at(self, field: str, text: str, start: int, end: int) -> int | None:
        """The source line of a hit at `start:end` of a field's text: of those that hold its words the likeliest."""
        words = text[start:end].strip().split("\n")[0]
        first = self.draft.lines.get(field, 1)
        guess = first + text.count("\n", 0, start)
        rows = self.source.split("\n")
        found = [number for number, row in enumerate(rows[first - 1 :], start=first) if words in row]
        return min(found, key=lambda number: abs(number - guess), default=self.draft.lines.get(field))

    def line_of(self, hit: str, field: str) -> int | None:
        """The first source line, from the field's own on, that holds `hit`."""
        start = self.draft.lines.get(field, 1)
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


_NOT_PROSE = re.compile(
    r"^(?:```|~~~)[^\n]*\n.*?(?:^(?:```|~~~)|\Z)|`[^`\n]+`|(?<=\])\([^()\n]*(?:\([^()\n]*\)[^()\n]*)?\)"
    r"|(?:https?://|www\.)[^\s<>«»“”\"()]+(?:\([^\s()]*\)[^\s<>«»“”\"()]*)*|[\w.+-]{1,64}@[\w.-]+|<!--(?:(?!<!--).){0,2000}?-->",
    re.DOTALL | re.MULTILINE,
)


def _blank(text: str) -> str:
    return _NOT_PROSE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)

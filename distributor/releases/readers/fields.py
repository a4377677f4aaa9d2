"""The fields of a release as its front matter gives them: each checked for its type, and read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from yaml.nodes import MappingNode, Node, SequenceNode

from distributor.decoding import CONTROLS
from distributor.errors import BadInput
from distributor.folding import slugify
from distributor.releases.draft import PressContact, Remark, Signatory
from distributor.releases.extra import ATTACHMENTS_LINK, CHANGES, CHANGES_SINCE, CONTACT_NOTES, EVENT, NOTES
from distributor.releases.kinds import WRITTEN_KINDS, ReleaseKind
from distributor.releases.readers.contactblock import whole_address
from distributor.releases.readers.datelines import read_dateline
from distributor.releases.readers.dates import find_date
from distributor.releases.readers.embargo import read_embargo
from distributor.releases.readers.frontmatter import Entry, as_value, is_empty, is_text, mapping

_LANGUAGE = re.compile(r"^[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*$")
_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_KINDS = {kind.value: kind for kind in WRITTEN_KINDS} | {
    "communiqué": ReleaseKind.RELEASE,
    "invitation presse": ReleaseKind.ADVISORY,
    "rectificatif": ReleaseKind.CORRECTION,
    "annule et remplace": ReleaseKind.REPLACEMENT,
    "annulation": ReleaseKind.RETRACTION,
    "relance": ReleaseKind.FOLLOW_UP,
}
_PERSON = ("name", "role", "sector")
_CONTACT = ("name", "role", "email", "phone", "sector")


@dataclass(slots=True)
class Fields:
    """What the front matter says; `given` names the keys that hold something, `lines` where each field stands."""

    title: str = ""
    lang: str = ""
    kind: ReleaseKind | None = None
    standfirst: str = ""
    place: str = ""
    day: date | None = None
    embargo_until: datetime | None = None
    sector: str = ""
    signatory: Signatory | None = None
    contacts: tuple[PressContact, ...] = ()
    boilerplate: str = ""
    attachments: tuple[str, ...] = ()
    logo: str = ""
    translation_of: str = ""
    extra: dict[str, object] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)


class FieldReader:
    """Reads entries into `Fields`; raises `BadInput` with line and field for a value of the wrong type or sense."""

    def __init__(self, *, first_line: int, zone: ZoneInfo) -> None:
        self._first_line = first_line
        self._zone = zone
        self.fields = Fields()
        self._readers: dict[str, Callable[[Entry], None]] = {
            "title": self._title,
            "lang": self._lang,
            "kind": self._kind,
            "standfirst": self._standfirst,
            "dateline": self._dateline,
            "embargo": self._embargo,
            "sector": self._sector,
            "signatory": self._signatory,
            "contact": self._contact,
            "boilerplate": self._boilerplate,
            "attachments": self._attachments,
            "attachments_link": self._attachments_link,
            "logo": self._logo,
            "translation_of": self._translation_of,
            "format": self._format,
            CHANGES: self._changes,
            CHANGES_SINCE: self._changes_since,
            EVENT: self._event,
            NOTES: self._notes,
        }

    def read(self, entries: dict[str, Entry]) -> Fields:
        """Read all entries; unknown keys go to `extra`, each named in a remark."""
        for key, entry in entries.items():
            reader = self._readers.get(key)
            if reader is None:
                self._keep_extra(key, entry.node, entry.line)
            elif not is_empty(entry.node):
                self.fields.given.add(key)
                reader(entry)
        return self.fields

    def _keep_extra(self, key: str, node: Node, line: int) -> None:
        value = self.fields.extra[key] = as_value(node, first_line=self._first_line)
        if key == CONTACT_NOTES:  # written by ourselves
            return
        shown = value if isinstance(value, str | int | float) else type(value).__name__
        self.fields.remarks.append(
            Remark(line, f"`{key}` is not a field of a release; it is kept beside it: «{shown}».")
        )

    def _text(self, node: Node, name: str, line: int) -> str:
        if not is_text(node):
            raise BadInput(
                f"`{name}` must be a text.",
                mend="Write it on one line, in quotes when it begins with a bracket or brace.",
                line=line,
                field=name,
            )
        text = unicodedata.normalize("NFC", str(node.value))
        kept = CONTROLS.sub("", text)  # an escape of YAML's can bring in what the file's own text was cleaned of
        if kept != text:
            codes = ", ".join(sorted({f"U+{ord(char):04X}" for char in CONTROLS.findall(text)}))
            self.fields.remarks.append(Remark(line, f"Control characters removed from `{name}` ({codes})."))
        return kept.strip()

    def _found(self, name: str, line: int) -> None:
        self.fields.lines[name] = line

    def _title(self, entry: Entry) -> None:
        self.fields.title = " ".join(self._text(entry.node, "title", entry.line).split())
        self._found("headline", entry.line)

    def _lang(self, entry: Entry) -> None:
        text = self._text(entry.node, "lang", entry.line)
        if not _LANGUAGE.match(text):
            raise BadInput(
                f"«{text}» is not a language code.", mend="Write `fr` or `en`.", line=entry.line, field="lang"
            )
        first, *rest = text.replace("_", "-").split("-")
        self.fields.lang = "-".join([first.lower(), *rest])
        self._found("lang", entry.line)

    def _kind(self, entry: Entry) -> None:
        text = self._text(entry.node, "kind", entry.line)
        if text.lower() not in _KINDS:
            known = ", ".join(WRITTEN_KINDS)
            raise BadInput(
                f"«{text}» is not a kind of release.", mend=f"Write one of {known}.", line=entry.line, field="kind"
            )
        self.fields.kind = _KINDS[text.lower()]
        self._found("kind", entry.line)

    def _standfirst(self, entry: Entry) -> None:
        self.fields.standfirst = self._text(entry.node, "standfirst", entry.line)
        self._found("standfirst", entry.line)

    def _sector(self, entry: Entry) -> None:
        self.fields.sector = self._text(entry.node, "sector", entry.line)
        self._found("sector", entry.line)

    def _boilerplate(self, entry: Entry) -> None:
        self.fields.boilerplate = self._text(entry.node, "boilerplate", entry.line)
        self._found("boilerplate", entry.line)

    def _embargo(self, entry: Entry) -> None:
        text = self._text(entry.node, "embargo", entry.line)
        try:
            embargo = read_embargo(text, zone=self._zone)
        except BadInput as error:
            error.line, error.field = entry.line, "embargo"
            raise
        self.fields.embargo_until = embargo.until
        self._found("embargo_until", entry.line)
        if embargo.assumed:
            self.fields.remarks.append(
                Remark(entry.line, f"The embargo «{text}» is read as {embargo.until.isoformat()}. {embargo.assumed}")
            )

    def _dateline(self, entry: Entry) -> None:
        if is_text(entry.node):
            text = self._text(entry.node, "dateline", entry.line)
            dateline = read_dateline(text)
            if dateline is None:
                raise BadInput(
                    f"The dateline «{text}» is not a place and a date.",
                    mend="Write `dateline: {place: Paris, date: 2026-03-12}`.",
                    line=entry.line,
                    field="dateline",
                )
            self._set_dateline(dateline.place, entry.line)
            self._set_day(text, entry.line)
            return
        parts = self._parts(entry.node, "dateline", ("place", "date"), entry.line)
        for name, (text, line) in parts.items():
            if name == "place":
                self._set_dateline(text, line)
            elif text:
                self._set_day(text, line)

    def _set_dateline(self, place: str, line: int) -> None:
        self.fields.place = place
        if place:
            self._found("dateline_place", line)

    def _set_day(self, text: str, line: int) -> None:
        try:
            self.fields.day = datetime.fromisoformat(text).date()
        except ValueError:
            try:
                found = find_date(text)
                self.fields.day = found.in_year() if found else None
            except ValueError:
                self.fields.day = None
        if self.fields.day is None:
            raise BadInput(
                f"«{text}» is not a date with its year.",
                mend="Write it as 2026-03-12 or «12 mars 2026».",
                line=line,
                field="dateline.date",
            )
        self._found("dateline_date", line)

    def _parts(self, node: Node, field_name: str, names: tuple[str, ...], line: int) -> dict[str, tuple[str, int]]:
        """The texts of a mapping with these keys, with their lines; other keys go to `extra` under a dotted name."""
        if not isinstance(node, MappingNode):
            raise BadInput(
                f"`{field_name}` must hold {', '.join(names[:-1])} and {names[-1]}.",
                mend=f"Write `{field_name}: {{{names[0]}: …, {names[1]}: …}}`.",
                line=line,
                field=field_name,
            )
        parts: dict[str, tuple[str, int]] = {}
        for key, entry in mapping(node, first_line=self._first_line, field=field_name).items():
            if key not in names:
                self._keep_extra(f"{field_name}.{key}", entry.node, entry.line)
            elif not is_empty(entry.node):
                parts[key] = (self._text(entry.node, f"{field_name}.{key}", entry.line), entry.line)
        return parts

    def _signatory(self, entry: Entry) -> None:
        self._found("signatory", entry.line)
        if is_text(entry.node):
            self.fields.signatory = Signatory(self._text(entry.node, "signatory", entry.line))
            return
        parts = self._parts(entry.node, "signatory", _PERSON, entry.line)
        self.fields.signatory = Signatory(**{name: text for name, (text, _) in parts.items()})

    def _contact(self, entry: Entry) -> None:
        self._found("contacts", entry.line)
        nodes = entry.node.value if isinstance(entry.node, SequenceNode) else [entry.node]
        contacts = []
        for position, node in enumerate(nodes, start=1):
            name = "contact" if len(nodes) == 1 else f"contact[{position}]"
            parts = self._parts(node, name, _CONTACT, self._first_line + node.start_mark.line)
            if "email" in parts:
                address, line = parts["email"]
                parts["email"] = (whole_address(address), line)
            if parts:
                contacts.append(PressContact(**{key: text for key, (text, _) in parts.items()}))
        self.fields.contacts = tuple(contacts)
        if not contacts:
            self.fields.given.discard("contact")

    def _attachments(self, entry: Entry) -> None:
        self._found("attachments", entry.line)
        nodes = entry.node.value if isinstance(entry.node, SequenceNode) else [entry.node]
        paths = [self._text(node, "attachments", self._first_line + node.start_mark.line) for node in nodes]
        if "" in paths:
            raise BadInput(
                "`attachments` names an empty path.", mend="Remove it.", line=entry.line, field="attachments"
            )
        self.fields.attachments = tuple(paths)

    def _attachments_link(self, entry: Entry) -> None:
        """Where the files lie on the web, for those who take no attachments; kept beside the fields, for templates."""
        text = self._text(entry.node, ATTACHMENTS_LINK, entry.line)
        if not _WEB_ADDRESS.fullmatch(text):
            raise BadInput(
                f"«{text}» is not an address on the web.",
                mend="Write it whole: https://…",
                line=entry.line,
                field=ATTACHMENTS_LINK,
            )
        self.fields.extra[ATTACHMENTS_LINK] = text

    def _format(self, entry: Entry) -> None:
        """What the text below is written in; HTML is made into Markdown before it comes here (`intake`)."""
        if self._text(entry.node, "format", entry.line).lower() != "markdown":
            raise BadInput(
                "A release is written in Markdown or in HTML.",
                mend="Write `format: html`, or leave it out.",
                line=entry.line,
                field="format",
            )

    def _changes(self, entry: Entry) -> None:
        """What a correction corrects: a text, or one for each point."""
        if isinstance(entry.node, SequenceNode):
            points = [self._text(node, CHANGES, self._first_line + node.start_mark.line) for node in entry.node.value]
            self.fields.extra[CHANGES] = "\n".join(f"- {' '.join(point.split())}" for point in points if point)
        else:
            self.fields.extra[CHANGES] = self._text(entry.node, CHANGES, entry.line)

    def _changes_since(self, entry: Entry) -> None:
        """What a correction corrects for who has an older text than the last: «name number» → a text."""
        if not isinstance(entry.node, MappingNode):
            raise BadInput(
                f"`{CHANGES_SINCE}` must hold a text for each version.",
                mend=f"Write `{CHANGES_SINCE}: {{name-of-the-release 1: the text}}`.",
                line=entry.line,
                field=CHANGES_SINCE,
            )
        self.fields.extra[CHANGES_SINCE] = {
            " ".join(key.split()): self._text(said.node, f"{CHANGES_SINCE}.{key}", said.line)
            for key, said in mapping(entry.node, first_line=self._first_line, field=CHANGES_SINCE).items()
            if not is_empty(said.node)
        }

    def _event(self, entry: Entry) -> None:
        """When and where what an advisory invites to is, and how to answer."""
        parts = self._parts(entry.node, EVENT, ("date", "place", "rsvp"), entry.line)
        if parts:
            self.fields.extra[EVENT] = {name: text for name, (text, _) in parts.items()}

    def _notes(self, entry: Entry) -> None:
        """A personal line above the release, for the readers of a press list."""
        if not isinstance(entry.node, MappingNode):
            raise BadInput(
                "`notes` must hold a text for each press list.",
                mend="Write `notes: {name-of-the-list: the text}`.",
                line=entry.line,
                field=NOTES,
            )
        self.fields.extra[NOTES] = {
            slugify(key): self._text(note.node, f"{NOTES}.{key}", note.line)
            for key, note in mapping(entry.node, first_line=self._first_line, field=NOTES).items()
            if not is_empty(note.node)
        }

    def _logo(self, entry: Entry) -> None:
        self.fields.logo = self._text(entry.node, "logo", entry.line)
        self._found("logo", entry.line)

    def _translation_of(self, entry: Entry) -> None:
        self.fields.translation_of = self._text(entry.node, "translation_of", entry.line)
        self._found("translation_of", entry.line)

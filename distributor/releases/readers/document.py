"""Reading a release: from the bytes of a Markdown or plain text file to one draft, with nothing lost on the way."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import date
from pathlib import PurePath
from typing import TypeVar
from zoneinfo import ZoneInfo

from distributor.errors import BadInput
from distributor.releases.draft import PressContact, ReleaseDraft, Remark, Signatory
from distributor.releases.extra import CHANGES, CONTACT_NOTES
from distributor.releases.kinds import ReleaseKind
from distributor.releases.readers.decoding import SourceText, decode_source
from distributor.releases.readers.fields import FieldReader, Fields
from distributor.releases.readers.frontmatter import FrontMatter, split_front_matter
from distributor.releases.readers.hyphenation import rejoin
from distributor.releases.readers.language import UNSURE, guess_language, tell_language
from distributor.releases.readers.paragraphs import to_markdown
from distributor.releases.readers.plaintext import recognise
from distributor.releases.readers.reading import Found, Reading
from distributor.releases.readers.richtext import read_line
from distributor.releases.readers.sheet import Sheet, Taken, quote, words

__all__ = [
    "EXCERPT",
    "PressContact",
    "ReleaseDraft",
    "ReleaseKind",
    "Remark",
    "Signatory",
    "SourceText",
    "decode_source",
    "read_release",
    "read_rich_text",
]

_MARKDOWN_NAMES = frozenset({".md", ".markdown", ".mkd"})
_SAME_RUN = 2  # lines with one blank line between them are quoted together
EXCERPT = re.compile("«(.*)»", re.DOTALL)
"""The words of the text that a remark quotes."""
_FIRST_LINES = 3  # how far down a text without front matter may have the `# Heading` that makes it Markdown
_GIVEN = {"title": "headline"}  # front matter keys whose field goes by another name when recognised
_NO_HEADLINE = {
    True: "Add `title:` to the front matter, or a first line `# Heading`.",
    False: "Put the headline on top, on a line of its own, with an empty line below it.",
}


def read_release(
    raw: bytes, *, file: str, timezone: ZoneInfo, default_lang: str = "fr", today: date | None = None
) -> ReleaseDraft:
    """Read a release, Markdown with front matter or plain text as press offices write it.

    `file` is the name shown in errors; its ending tells Markdown from text. A local embargo is taken in `timezone`.
    `today` only helps a date written without its year; without it such a dateline stays empty, with a remark.
    Every non-blank source line ends in a field, in the body, or in a remark that quotes it.

    Raises `BadInput`, with file, line and field, for what `decode_source` and `split_front_matter` refuse, a value of
    the wrong type, an unknown kind, a date or embargo that names no moment, and a release without headline or body.
    """
    try:
        source = decode_source(raw)
        return _read(source, PurePath(file).suffix.lower(), timezone, default_lang, today)
    except BadInput as error:
        error.file = file
        raise


def read_rich_text(
    text: str, *, file: str, timezone: ZoneInfo, default_lang: str = "fr", today: date | None = None
) -> ReleaseDraft:
    """Read a release from the Markdown that was made of a formatted document, its parts recognised as in plain text.

    Raises `BadInput` as `read_release` does.
    """
    try:
        return _read(SourceText(text, "UTF-8"), "", timezone, default_lang, today, is_rich=True)
    except BadInput as error:
        error.file, error.line = file, None  # the line is none that the user has seen
        raise


def _read(
    source: SourceText, suffix: str, zone: ZoneInfo, default_lang: str, today: date | None, *, is_rich: bool = False
) -> ReleaseDraft:
    rows = source.text.split("\n")
    front = None if is_rich else split_front_matter(rows)
    fields = _read_fields(front, zone)
    first = front.body_line if front else 1
    numbered = list(enumerate(rows[first - 1 :], start=first))
    is_markdown = not is_rich and (
        front is not None or suffix in _MARKDOWN_NAMES or _has_heading(row for _, row in numbered)
    )
    divided: list[Remark] = []
    if not is_markdown and not is_rich:
        whole, joined = rejoin([row for _, row in numbered])
        numbered = [(number, row) for (number, _), row in zip(numbered, whole, strict=True)]
        divided = [Remark(first + at, f"Divided at the end of a line, and joined: «{word}».") for at, word in joined]
    sheet = Sheet(numbered)
    given = {_GIVEN.get(key, key) for key in fields.given}
    reading = Reading(sheet, given, is_markdown, is_rich)
    recognise(reading, zone=zone, near=fields.day or today, title=fields.title)
    found = _as_read(reading.found) if is_rich else reading.found
    body = _markdown_body(sheet) if is_markdown or is_rich else to_markdown(sheet.blocks())
    remaining = sheet.lines()
    headline = fields.title or found.headline
    if not headline:
        raise BadInput("The release has no headline.", mend=_NO_HEADLINE[is_markdown], field="headline", line=1)
    if not any(map(str.isalnum, body)):
        raise BadInput("The release has no text below its headline.", mend="Write it, or check the file.", field="body")
    told = fields.lang or guess_language(f"{headline}\n{body}")
    lang = told or default_lang
    draft = _compose(fields, found, headline=headline, body=body, lang=lang)
    remarks = [*source.remarks, *divided, *fields.remarks, *found.remarks]
    if not told:
        other = tell_language(body)
        why = f"the text reads as `{other}`, which is not ours" if other else "too little in the text tells it"
        remarks.append(Remark(None, f"The language is taken as `{lang}`: {why}.", UNSURE))
    remarks += _account_for(sheet.taken, draft, remarks)
    return replace(
        draft,
        remarks=tuple(sorted(remarks, key=lambda remark: remark.line or 0)),
        lines={"body": remaining[0].number, **found.lines, **fields.lines},
    )


def _read_fields(front: FrontMatter | None, zone: ZoneInfo) -> Fields:
    if front is None:
        return Fields()
    return FieldReader(first_line=front.first_line, zone=zone).read(front.entries)


def _has_heading(rows: Iterable[str]) -> bool:
    """Whether a first-level heading stands near the top: then a text without front matter is Markdown."""
    filled = (row for row in rows if row.strip())
    return any(re.match(r"# +\S", row) for row, _ in zip(filled, range(_FIRST_LINES), strict=False))


def _as_read(found: Found) -> Found:
    """What was recognised, its plain texts without the marks of the Markdown they stood in."""
    return replace(
        found,
        headline=read_line(found.headline),
        standfirst=read_line(found.standfirst),
        contacts=tuple(_without_marks(contact) for contact in found.contacts),
        signatory=_without_marks(found.signatory),
        notes=tuple(read_line(note) for note in found.notes),
    )


_Person = TypeVar("_Person", PressContact, Signatory)


def _without_marks(person: _Person) -> _Person:
    return type(person)(**{name: read_line(text) for name, text in asdict(person).items()})


def _markdown_body(sheet: Sheet) -> str:
    """What is left of a Markdown text, as the user wrote it."""
    return "\n".join(text for _, text in sheet.rows()).strip("\n")


def _compose(fields: Fields, found: Found, *, headline: str, body: str, lang: str) -> ReleaseDraft:
    """The draft: what the front matter gives, and where it is silent, what was recognised."""
    return ReleaseDraft(
        headline=headline,
        body=body,
        lang=lang,
        kind=fields.kind or found.kind or ReleaseKind.RELEASE,
        standfirst=fields.standfirst or found.standfirst,
        dateline_place=fields.place or found.dateline_place,
        dateline_date=fields.day or found.dateline_date,
        embargo_until=fields.embargo_until or found.embargo_until,
        sector=fields.sector,
        signatory=fields.signatory or found.signatory,
        contacts=fields.contacts or found.contacts,
        boilerplate=fields.boilerplate or found.boilerplate,
        attachments=fields.attachments,
        logo=fields.logo,
        translation_of=fields.translation_of,
        extra=({CHANGES: found.changes} if found.changes else {})
        | fields.extra
        | ({CONTACT_NOTES: list(found.notes)} if found.notes else {}),
    )


def _account_for(taken: Iterable[Taken], draft: ReleaseDraft, remarks: list[Remark]) -> list[Remark]:
    """A remark for every run of lines that left the body with words that no field or remark holds.

    This is what keeps the promise that nothing is dropped silently, whatever a recogniser made of its lines.
    """
    kept = set(words(" ".join(_field_texts(draft))))
    said = {word for remark in remarks for excerpt in EXCERPT.findall(remark.text) for word in words(excerpt)}
    runs: list[list[Taken]] = []
    for piece in sorted(taken, key=lambda one: one.number):
        if piece.text.strip():
            if runs and runs[-1][-1].label == piece.label and piece.number - runs[-1][-1].number <= _SAME_RUN:
                runs[-1].append(piece)
            else:
                runs.append([piece])
    return [
        Remark(run[0].number, f"Read as {run[0].label}: {quote([piece.text for piece in run])}.")
        for run in runs
        if not all(set(words(piece.text)) <= kept | said for piece in run)
    ]


def _field_texts(draft: ReleaseDraft) -> Iterable[str]:
    yield from (draft.headline, draft.standfirst, draft.boilerplate, draft.dateline_place, *_notes(draft))
    yield str(draft.extra.get(CHANGES, ""))
    yield draft.dateline_date.isoformat() if draft.dateline_date else ""
    yield from (draft.signatory.name, draft.signatory.role, draft.signatory.sector)
    for contact in draft.contacts:
        yield from (contact.name, contact.role, contact.sector, contact.email, contact.phone)


def _notes(draft: ReleaseDraft) -> list[str]:
    notes = draft.extra.get(CONTACT_NOTES, [])
    return [str(note) for note in notes] if isinstance(notes, list) else []

"""Taking in the file of a release, whatever wrote it: Markdown, plain text, Word, a web page or a saved mail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from zoneinfo import ZoneInfo

from distributor.errors import BadInput
from distributor.releases.draft import ReleaseDraft, Remark
from distributor.releases.readers import docx, html, mailfile
from distributor.releases.readers.document import EXCERPT, decode_source, read_release, read_rich_text
from distributor.releases.readers.embargo import read_embargo, sentences_on_one
from distributor.releases.readers.frontmatter import is_text, split_front_matter
from distributor.releases.readers.richtext import RichText
from distributor.releases.readers.source import write_source


@dataclass(frozen=True, slots=True)
class Intake:
    """A release as read from a file: the draft, its text as it is kept and edited, and pictures the file brought along.

    `pictures` are the bytes of each, by the name that the text gives it. The lines of `draft` are those of `source`.
    """

    draft: ReleaseDraft
    source: str
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def read_file(
    raw: bytes,
    *,
    file: str,
    timezone: ZoneInfo,
    default_lang: str = "fr",
    today: date | None = None,
    beside: Callable[[str], bytes | None] = lambda _path: None,
) -> Intake:
    """Read the file of a release; `beside` gives the bytes of a picture that lies beside it, by its relative path.

    Of a saved mail its text is read. A document of Word or a web page becomes Markdown with front matter, in which
    every part that was recognised has its place: that text is the release's source from then on. The other arguments,
    and the errors, are `read_release`'s.
    """
    around: tuple[Remark, ...] = ()
    try:
        if mailfile.is_mail(raw):
            mail = mailfile.read_mail(raw)
            raw, around = mail.content, mail.remarks
        if docx.is_document(raw):
            rich = docx.read_document(raw)
        elif html.is_page(raw):
            rich = html.read_page(raw, beside)
        else:
            below = _written_in_html(raw, beside)
            kept = below.text.encode() if below else raw
            draft = read_release(kept, file=file, timezone=timezone, default_lang=default_lang, today=today)
            if below is None:
                return Intake(replace(draft, remarks=(*around, *draft.remarks)), decode_source(raw).text)
            return Intake(replace(draft, remarks=(*below.remarks, *draft.remarks)), below.text, below.pictures)
        if not rich.text.strip():
            raise BadInput("This document holds no text.", mend="Check that the right file was saved and chosen.")
    except BadInput as error:
        error.file = file
        raise
    recognised = read_rich_text(rich.text, file=file, timezone=timezone, default_lang=default_lang, today=today)
    if recognised.embargo_until is None:
        recognised = _with_embargo_left_out(recognised, rich.remarks, file, timezone, today)
    source = write_source(recognised)
    draft = read_release(source.encode(), file=file, timezone=timezone, default_lang=default_lang, today=today)
    told = [*around, *rich.remarks, *(Remark(None, remark.text, remark.code) for remark in recognised.remarks)]
    said = {remark.text for remark in told}
    more = [remark for remark in draft.remarks if remark.text not in said]
    return Intake(replace(draft, remarks=(*dict.fromkeys(told), *more)), source, rich.pictures)


def _with_embargo_left_out(
    draft: ReleaseDraft, remarks: Iterable[Remark], file: str, timezone: ZoneInfo, today: date | None
) -> ReleaseDraft:
    """The draft with the embargo that a page's header, or a box, tells: it was left out of the text, and holds."""
    for remark in remarks:
        excerpt = EXCERPT.search(remark.text)
        for said in sentences_on_one(excerpt[1]) if excerpt and not remark.code else ():
            try:
                embargo = read_embargo(said, zone=timezone, near=draft.dateline_date or today)
            except BadInput as error:
                error.file, error.field = file, "embargo"
                raise
            told = Remark(
                None, f"The embargo «{said}» is read as {embargo.until.isoformat()}. {embargo.assumed}".rstrip()
            )
            return replace(draft, embargo_until=embargo.until, remarks=(*draft.remarks, told))
    return draft


def _written_in_html(raw: bytes, beside: Callable[[str], bytes | None]) -> RichText | None:
    """The same release in Markdown, where its front matter says `format: html`: cleaned as a web page is."""
    rows = decode_source(raw).text.split("\n")
    front = split_front_matter(rows)
    said = front.entries.get("format") if front else None
    if front is None or said is None or not is_text(said.node) or str(said.node.value).lower() != "html":
        return None
    rich = html.read_page("\n".join(rows[front.body_line - 1 :]).encode(), beside)
    head = [row for number, row in enumerate(rows[: front.body_line - 1], start=1) if number != said.line]
    return replace(rich, text="\n".join([*head, "", rich.text, ""]))

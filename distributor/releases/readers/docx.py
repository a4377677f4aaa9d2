"""Reading a release written in Word: its text as Markdown, its pictures, and all that the page did not show, told."""

from __future__ import annotations

import html
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import mammoth

from distributor.errors import BadInput
from distributor.releases.draft import Remark
from distributor.releases.media import read_picture
from distributor.releases.readers.richtext import RichText, write_markdown
from distributor.unpacking import Damaged, Encrypted, PartReader, TooLarge, repack, unpack, walk

MAX_UNPACKED = 100_000_000
MAX_TEXT = 8_000_000
"""The most bytes of XML that the text itself may have; a hundred pages have one million."""

_OLD_FORMAT = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED = "EncryptedPackage".encode("utf-16-le")  # how a document with a password begins to say so
_BODY = re.compile(r"word/document\d*\.xml")
_MARGIN = re.compile(r"word/(header|footer)\d*\.xml")
_COMMENTS = re.compile(r"word/comments\d*\.xml")
_KEPT = (".xml", ".rels")
_PICTURES = "word/media/"
_STYLE_MAP = """
p[style-name='Title'] => h1:fresh
p[style-name='Titre'] => h1:fresh
p[style-name='Subtitle'] => p:fresh > strong:fresh
p[style-name='Sous-titre'] => p:fresh > strong:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
p[style-name='Citation'] => blockquote > p:fresh
highlight => mark
"""
_BACK_FROM_NOTE = re.compile(r"(?:<p>)?\s*<a href=\"#[^\"]*\">↑</a>(?:</p>)?")
_CHANGES_SHOWN = 12
_EXCERPT = 300
_THINGS = {
    "chart": "a chart", "relIds": "a diagram (SmartArt)", "OLEObject": "an embedded object",
    "altChunk": "an embedded document",
}  # fmt: skip
_SAVE_AGAIN = "Open it in Word or LibreOffice, save it again as .docx, and import that file."


def is_document(raw: bytes) -> bool:
    """Whether a file is a Word document: the present format, or one that a password locks."""
    return (raw.startswith(b"PK\x03\x04") and b"word/" in raw) or (raw.startswith(_OLD_FORMAT) and _LOCKED in raw)


def read_document(raw: bytes) -> RichText:
    """The text of a Word document as Markdown, tracked changes as if accepted, its pictures under new names.

    Told by a remark: tracked changes, comments and hidden text (each with its code), headers and footers of the pages,
    highlighted words, pictures and drawings that a message cannot carry, and any paragraph that did not come through.

    Raises `BadInput` for a document that is damaged, locked, or so large that it cannot be a release.
    """
    parts = _unpack(raw)
    survey = _survey(parts)
    pictures = _Pictures()
    try:
        made = mammoth.convert_to_html(
            io.BytesIO(repack(parts)),
            style_map=_STYLE_MAP,
            include_embedded_style_map=False,
            convert_image=mammoth.images.img_element(pictures.take),
        ).value
    except (Exception, RecursionError):  # noqa: BLE001 - it raises whatever a damaged document makes it stumble over
        raise _damaged() from None
    made = _BACK_FROM_NOTE.sub("", made.replace("\N{SOFT HYPHEN}", ""))
    written = write_markdown(made, lambda source, _alt: source if source in pictures.taken else "", keeps_tabs=True)
    remarks = [
        *survey.remarks(),
        *(Remark(None, f"Highlighted in the document: «{_short(text)}».") for text in written.marked),
        *(
            Remark(None, f"A link that a message cannot carry is now its words alone: «{to}».")
            for to in written.unlinked
        ),
        *pictures.remarks,
        *_lost(survey, written.text),
    ]
    return RichText(written.text, tuple(remarks), pictures.taken)


def _unpack(raw: bytes) -> Mapping[str, bytes]:
    if raw.startswith(_OLD_FORMAT):
        raise _locked()
    try:
        parts = unpack(raw, _is_kept, most=MAX_UNPACKED)
        for name, part in parts.items():
            if name.endswith(_KEPT):
                walk(part, PartReader())
    except TooLarge as error:
        raise _too_large(str(error)) from None
    except Encrypted:
        raise _locked() from None
    except Damaged:
        raise _damaged() from None
    text = sum(len(part) for name, part in parts.items() if _BODY.fullmatch(name))
    if not text:
        raise _damaged()
    if text > MAX_TEXT:
        raise _too_large(f"its text takes {text // 1_000_000} MB")
    return parts


def _is_kept(name: str) -> bool:
    return name.endswith(_KEPT) or name.startswith(_PICTURES)


def _damaged() -> BadInput:
    return BadInput("The Word document is damaged.", mend=_SAVE_AGAIN)


def _locked() -> BadInput:
    return BadInput(
        "The Word document is protected by a password.",
        mend="Open it, save it without a password, and import that file.",
    )


def _too_large(what: str) -> BadInput:
    return BadInput(
        f"The Word document is too large to be a release: {what}.",
        mend="Copy the text alone into a new document, and import that.",
    )


class _Pictures:
    """The pictures of a document that mail programs show, with their bytes under the names that the text gives them."""

    def __init__(self) -> None:
        self.taken: dict[str, bytes] = {}
        self.remarks: list[Remark] = []

    def take(self, image: Any) -> dict[str, str]:
        """What mammoth writes into the `<img>` of one picture."""
        named = f" «{image.alt_text}»" if image.alt_text else ""
        try:
            with image.open() as file:
                content = file.read()
        except (KeyError, ValueError):  # it lies outside the document
            self.remarks.append(Remark(None, f"A picture{named} was left out: it is not in the document."))
            return {"src": ""}
        picture = read_picture(content)
        if picture is None:
            self.remarks.append(
                Remark(
                    None, f"A picture{named} ({image.content_type}) was left out: no mail program shows that format."
                )
            )
            return {"src": ""}
        name = next((name for name, held in self.taken.items() if held == content), "")
        if not name:
            ending = picture.media_type.removeprefix("image/").replace("jpeg", "jpg")
            name = f"picture-{len(self.taken) + 1}.{ending}"
            self.taken[name] = content
        return {"src": name}


@dataclass(slots=True)
class _Change:
    """One run of words that somebody inserted or deleted with changes tracked, or wrote as a comment."""

    kind: str
    author: str
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


class _Survey(PartReader):
    """What a part holds beside its plain text; of the text, each paragraph's words."""

    wants_text = True

    def __init__(self) -> None:
        super().__init__()
        self.paragraphs: list[str] = []
        self.changes: list[_Change] = []
        self.hidden: list[str] = []
        self.things: list[str] = []
        self._open: list[list[str]] = []
        self._inside: list[_Change] = []
        self._runs: list[bool] = []
        self._is_text = False

    def enter(self, tag: str, attributes: dict[str, str]) -> None:
        said = {name.rpartition(":")[2]: value for name, value in attributes.items()}
        if tag == "p":
            self._open.append([])
        elif tag == "r":
            self._runs.append(False)
        elif tag == "vanish" and self._runs:
            self._runs[-1] = said.get("val", "1") not in {"0", "false"}
        elif tag in {"ins", "moveTo", "del", "moveFrom", "comment"}:
            kind = {"ins": "inserted", "moveTo": "inserted", "comment": "comment"}.get(tag, "deleted")
            self._inside.append(_Change(kind, said.get("author", "")))
            self.changes.append(self._inside[-1])
        elif tag in {"t", "delText"}:
            self._is_text = True
        elif tag in {"tab", "br", "cr"} and self._open:
            self._open[-1].append(" ")
        elif tag in _THINGS:
            self.things.append(_THINGS[tag])

    def leave(self, tag: str) -> None:
        if tag == "p" and self._open:
            self.paragraphs.append("".join(self._open.pop()))
            for change in self._inside:
                change.words.append(" ")
        elif tag == "r" and self._runs:
            self._runs.pop()
        elif tag in {"ins", "moveTo", "del", "moveFrom", "comment"} and self._inside:
            self._inside.pop()
        elif tag in {"t", "delText"}:
            self._is_text = False

    def text(self, text: str) -> None:
        if not self._is_text:
            return
        for change in self._inside:
            change.words.append(text)
        if any(change.kind == "deleted" for change in self._inside):
            return
        if self._open:
            self._open[-1].append(text)
        if self._runs and self._runs[-1]:
            self.hidden.append(text)


@dataclass(frozen=True, slots=True)
class _Surveyed:
    body: _Survey
    comments: _Survey
    margins: Mapping[str, list[str]]

    def remarks(self) -> Iterator[Remark]:
        """What of the document is not in its plain text, or should not be."""
        changes = [one for one in (*self.body.changes, *self.comments.changes) if one.text]
        for kind, wording, code in (
            ("inserted", "A tracked change is taken as accepted: {author} inserted «{text}».", "tracked-change"),
            ("deleted", "A tracked change is taken as accepted: {author} deleted «{text}».", "tracked-change"),
            ("comment", "A comment of the document, by {author}: «{text}».", "document-comment"),
        ):
            these = [one for one in changes if one.kind == kind]
            for one in these[:_CHANGES_SHOWN]:
                said = wording.format(author=one.author or "somebody", text=_short(one.text))
                yield Remark(None, said, code)
            if len(these) > _CHANGES_SHOWN:
                yield Remark(None, f"… and {len(these) - _CHANGES_SHOWN} more of them ({kind}).", code)
        if hidden := " ".join("".join(self.body.hidden).split()):
            yield Remark(None, f"Hidden in the document, and now to be seen: «{_short(hidden)}».", "hidden-text")
        for name, paragraphs in self.margins.items():
            yield Remark(None, f"The {name} of the pages was left out: «{' / '.join(paragraphs)}».")
        for thing in dict.fromkeys(self.body.things):
            yield Remark(None, f"The document holds {thing}, which was left out.")


def _survey(parts: Mapping[str, bytes]) -> _Surveyed:
    body, comments = _Survey(), _Survey()
    margins: dict[str, list[str]] = {}
    for name, part in parts.items():
        if _BODY.fullmatch(name):
            walk(part, body)
        elif _COMMENTS.fullmatch(name):
            walk(part, comments)
        elif match := _MARGIN.fullmatch(name):
            margin = _Survey()
            walk(part, margin)
            body.changes += margin.changes
            said = [text for one in margin.paragraphs if any(map(str.isalpha, text := " ".join(one.split())))]
            margins.setdefault(match[1], []).extend(one for one in said if one not in margins.get(match[1], []))
    return _Surveyed(body, comments, {name: said for name, said in margins.items() if said})


def _lost(survey: _Surveyed, markdown: str) -> Iterator[Remark]:
    """A remark on each paragraph whose words did not all come through: whatever the reason, it is never silent."""
    held = set(_words(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", html.unescape(markdown))))
    for paragraph in dict.fromkeys(survey.body.paragraphs):
        if not set(_words(paragraph)) <= held:
            yield Remark(None, f"This did not come through, or not whole; check it: «{' '.join(paragraph.split())}».")


def _words(text: str) -> Iterable[str]:
    plain = unicodedata.normalize("NFKC", text.replace("\N{SOFT HYPHEN}", ""))
    return (word.casefold() for word in re.findall(r"[^\W_]+", plain))


def _short(text: str) -> str:
    return text if len(text) <= _EXCERPT else text[:_EXCERPT].rstrip() + "…"

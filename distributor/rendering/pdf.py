"""The communiqué as a PDF of the same record: tagged, titled, in its language, its fonts inside (PDF/A-2a, PDF/UA-1).

The words reach Typst as JSON, never as markup: whatever stands in a release is data. The layout is `release.typ` of the
templates; it can read no file and load no package.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from distributor.errors import BadInput
from distributor.rendering import body, phones
from distributor.rendering.boilerplate import without_about
from distributor.rendering.texts import Texts
from distributor.rendering.typography import is_right_to_left, typeset
from distributor.rendering.values import InlineImage, PressContact, Release

if TYPE_CHECKING:
    from typst import PDFStandard, TypstError

LAYOUT = "release.typ"

_Value = Mapping[str, Any]

_STANDARDS: list[PDFStandard] = ["a-2a", "ua-1"]
_NO_FILES = "/dev/null"  # as the root of every path, so that no path leads to a file
# What fetches a package or another file, and what could build such a word: a layout has no need of either.
_REACHING_OUT = re.compile(r"\b(?:import|include|eval|plugin|read)\b")
_MISSING = re.compile(r'the text `"(.*?)"` could not be displayed')
_ESCAPED = re.compile(r"\\u\{(\w+)\}")
_WHERE = re.compile(r"\.typ:(\d+):\d+")


@dataclass(frozen=True, slots=True)
class Pdf:
    """A PDF; `borrowed` says that some of its letters came from this machine's fonts, as Typst's own lack them."""

    content: bytes
    borrowed: bool = False


def make_pdf(
    release: Release,
    texts: Texts,
    layout: str,
    *,
    moment: datetime,
    timezone: ZoneInfo,
    organisation: str,
    images: Iterable[InlineImage] = (),
) -> Pdf:
    """The release as it reads on the day of `moment`; the same values give the same bytes.

    `layout` is the source of `release.typ`. Raises `BadInput` where Typst is not installed, where the layout has a
    mistake, and for letters that no font here can show.
    """
    day = moment.astimezone(timezone).date()
    pictures = {image.source: image for image in images}
    is_embargoed = release.embargo_until is not None and moment < release.embargo_until
    words = texts.words
    tree = _Tree(pictures.values())
    boilerplate, is_headed = without_about(release.boilerplate, str(words["about"]))

    def written(markdown: str) -> list[_Value]:
        return tree.blocks(body.tokens(markdown, release.lang, pictures.values()))

    record: dict[str, Any] = {
        "lang": release.lang.partition("-")[0].lower(),
        "dir": "rtl" if is_right_to_left(release.lang) else "ltr",
        "date": [day.year, day.month, day.day],
        "kind": words["kinds"][release.kind],
        "notice": texts.embargo(release.embargo_until, timezone)
        if is_embargoed and release.embargo_until is not None
        else texts.immediate,
        "is_embargoed": is_embargoed,
        "headline": typeset(release.headline, release.lang),
        "dateline": texts.dateline(release.dateline_place, release.dateline_date or day),
        "standfirst": typeset(release.standfirst, release.lang),
        "changes_label": words["changes"],
        "changes": written(release.changes),
        "event": [
            {"label": words[f"event_{name}"], "words": written(markdown)}
            for name in ("date", "place", "rsvp")
            if (markdown := getattr(release.event, name))
        ],
        "body": written(release.body),
        "signatory": [
            typeset(part, release.lang)
            for part in (release.signatory_name, release.signatory_role, release.signatory_sector)
            if part
        ],
        "contacts_label": words["press_contacts" if len(release.contacts) > 1 else "press_contact"],
        "contacts": [_contact(one, str(words["phone"])) for one in release.contacts],
        "about": "" if is_headed else words["about"],
        "boilerplate": written(boilerplate),
        "organisation": organisation,
        "logo": _picture(pictures[""], organisation) if "" in pictures else None,
    }
    return _compile(layout, json.dumps(record, ensure_ascii=False), moment)


def _compile(layout: str, record: str, moment: datetime) -> Pdf:
    if found := _REACHING_OUT.search(layout):
        line = layout.count("\n", 0, found.start()) + 1
        raise BadInput(f"The layout uses «{found[0]}», which reaches out of it.", file=LAYOUT, line=line)
    try:
        import typst  # noqa: PLC0415 - an extra, and 50 MB that only a PDF needs
    except ImportError:
        raise BadInput(
            "PDFs are made by Typst, which is not installed.", mend="pip install 'distributor[pdf]'"
        ) from None
    missing = ""
    # First with the fonts inside Typst alone, so that every machine makes the same file; then with this machine's too.
    for borrowed in (False, True):
        try:
            compiler = typst.Compiler(
                layout.encode(), root=_NO_FILES, ignore_system_fonts=not borrowed, sys_inputs={"record": record}
            )
            content = compiler.compile(format="pdf", pdf_standards=_STANDARDS, timestamp=int(moment.timestamp()))
        except typst.TypstError as error:
            missing = _ESCAPED.sub(r"U+\1", " ".join(dict.fromkeys(_MISSING.findall(error.diagnostic))))
            if not missing:
                raise _mistake(error) from None
            continue
        assert isinstance(content, bytes), "one file, since none was named to be written"
        return Pdf(content, borrowed)
    raise BadInput(
        f"No font on this machine can show «{missing[:40]}», so no PDF can be made.",
        mend="Install one that can (Noto has fonts for every script), or leave them out.",
    )


def _mistake(error: TypstError) -> BadInput:
    where = _WHERE.search(error.diagnostic)
    return BadInput(
        f"The PDF's layout has a mistake: {error.message.rstrip('.')}.",
        file=LAYOUT,
        line=int(where[1]) if where else None,
        mend="Mend it, or copy it anew from where `distributor init` puts it.",
    )


def _contact(one: PressContact, label: str) -> _Value:
    return {
        "name": one.name,
        "role": one.role,
        "email": one.email,
        "phone": one.phone,
        "phone_label": label,
        "tel": phones.tel_target(one.phone) if one.phone else "",
    }


def _picture(image: InlineImage, alternative: str) -> _Value:
    """A picture as text that JSON can carry: a drawing that holds nothing else."""
    content = base64.b64encode(image.content).decode("ascii")
    size = f'width="{image.width}" height="{image.height}"'
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
        f'<image {size} href="data:{image.media_type};base64,{content}"/></svg>'
    )
    return {
        "type": "image",
        "drawing": drawing,
        "alt": alternative or image.name,
        "width": image.width,
        "height": image.height,
    }


class _Tree:
    """Markdown's tree as the plain values that the layout walks."""

    def __init__(self, pictures: Iterable[InlineImage]) -> None:
        self._pictures = {f"cid:{image.cid}": image for image in pictures}
        self._level = 0
        self._blocks: dict[str, Callable[[SyntaxTreeNode], _Value]] = {
            "paragraph": lambda node: {"type": "paragraph", "children": self._inlines(node)},
            "heading": self._heading,
            "bullet_list": self._list,
            "ordered_list": self._list,
            "blockquote": lambda node: {"type": "quote", "children": [self._block(child) for child in node.children]},
            "fence": lambda node: {"type": "code", "text": node.content.rstrip("\n")},
            "code_block": lambda node: {"type": "code", "text": node.content.rstrip("\n")},
            "hr": lambda _: {"type": "rule"},
            "table": self._table,
        }

    def blocks(self, tokens: list[Token]) -> list[_Value]:
        """The blocks of a text; headings begin at the first level and skip none (PDF/UA-1 §7.4)."""
        self._level = 0
        return [self._block(node) for node in SyntaxTreeNode(tokens).children]

    def _block(self, node: SyntaxTreeNode) -> _Value:
        if node.type in self._blocks:
            return self._blocks[node.type](node)
        # A block of a kind unknown here still gives its text: nothing is lost.
        if node.children:
            return {"type": "group", "children": [self._block(child) for child in node.children]}
        return {"type": "paragraph", "children": [{"type": "text", "text": node.content}]}

    def _heading(self, node: SyntaxTreeNode) -> _Value:
        self._level = min(int(node.tag[1:]), self._level + 1)
        return {"type": "heading", "level": self._level, "children": self._inlines(node)}

    def _list(self, node: SyntaxTreeNode) -> _Value:
        items = [[self._block(child) for child in item.children] for item in node.children]
        return {"type": node.type, "start": int(node.attrs.get("start", 1)), "items": items}

    def _table(self, node: SyntaxTreeNode) -> _Value:
        rows = [row for part in node.children for row in part.children]
        cells = [[self._inlines(cell) for cell in row.children] for row in rows]
        sides = [str(cell.attrs.get("style", "")).rpartition(":")[2] or "start" for cell in rows[0].children]
        return {"type": "table", "sides": sides, "head": cells[0], "rows": cells[1:]}

    def _inlines(self, node: SyntaxTreeNode) -> list[_Value]:
        return [self._inline(child) for holder in node.children for child in holder.children]

    def _inline(self, node: SyntaxTreeNode) -> _Value:
        if node.type == "image":
            alternative = "".join(child.content for child in node.children)
            return _picture(self._pictures[str(node.attrs["src"])], alternative)
        if node.children:
            children = [self._inline(child) for child in node.children]
            return {"type": node.type, "href": str(node.attrs.get("href", "")), "children": children}
        if node.type == "hardbreak":
            return {"type": "break"}
        return {
            "type": "code" if node.type == "code_inline" else "text",
            "text": " " if node.type == "softbreak" else node.content,
        }

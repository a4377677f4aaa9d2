"""CSS put into the `style` attributes of template source, once, its Jinja tags kept out of the HTML parser's hands.

Mail readers that drop `<style>` still show the layout; what cannot be inlined (media queries) stays in a `<style>`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

import css_inline
from jinja2 import Environment

from distributor.errors import BadInput

# Plain lexing: no trimming, so that the pieces joined are the source again.
_LEXER = Environment(autoescape=True, keep_trailing_newline=True)
_TAG_ENDS = {"variable_begin": "variable_end", "block_begin": "block_end", "raw_begin": "raw_end"}
_TAG_ENDS["comment_begin"] = "comment_end"

_RAW_TEXT = re.compile(r"<(title|style|textarea|script)\b", re.IGNORECASE)
_START_TAG = re.compile(r"<([a-zA-Z][\w:-]*+)((?:[^\"'<>]++|\"[^\"]*+\"|'[^']*+')*+)>")
_ROWS_IN_TABLE = re.compile(
    r"(<table\b(?:[^\"'<>]|\"[^\"]*\"|'[^']*')*>)(?=(?:\s|<!--[^>]*-->)*<tr\b)|<!--.*?-->", re.IGNORECASE | re.DOTALL
)
_ATTRIBUTE = re.compile(r"([^\s\"'<>/=]+)(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))?")
# What an HTML parser adds or moves by itself, lawfully.
_IMPLIED = {"html", "head", "body", "tbody", "style"}


@dataclass(frozen=True, slots=True)
class Inlined:
    """Template source with its CSS inlined; `lines` pairs a line where a Jinja tag now begins with the source's own."""

    source: str
    lines: tuple[tuple[int, int], ...] = ()

    def original_line(self, line: int) -> int:
        """The line of the user's file that line `line` of the inlined source came from."""
        now, then = max((pair for pair in self.lines if pair[0] <= line), default=(line, line))
        return then + line - now


def inline_fragment(html: str, css: str) -> str:
    """A piece of HTML without Jinja in it, such as a release's body, with `css` inlined. Nothing is ever fetched."""
    return css_inline.inline_fragment(html, css, load_remote_stylesheets=False)


def inline_source(source: str, css: str, file: str) -> Inlined:
    """The template `source` with `css` inlined, every Jinja tag where it was.

    A whole page (it holds `<html`) keeps the at-rules of `css` in a `<style>`; a partial is inlined as a fragment.
    Raises `BadInput` with the file and line for a Jinja tag or element that would not survive an HTML parser.
    """
    masked = _mask(source, file)
    _refuse_twins(masked.html, file)
    try:
        if "<html" in source.lower():
            inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False, extra_css=css)
            html = inliner.inline(masked.html)
        else:
            html = inline_fragment(masked.html, css)
    except css_inline.InlineError as error:
        raise BadInput(
            f"The styles cannot be put in place: {error}.", file=file, mend="Look at style.css and style attributes."
        ) from None
    _refuse_lost(masked, html, file)
    return masked.restored(html)


@dataclass(slots=True)
class _Masked:
    mark: str
    html: str = ""
    tags: list[tuple[str, int]] = field(default_factory=list)

    @property
    def token(self) -> re.Pattern[str]:
        return re.compile(rf"<!--{self.mark}(\d+)z-->|{self.mark}(\d+)z")

    def restored(self, html: str) -> Inlined:
        pieces: list[str] = []
        lines: list[tuple[int, int]] = []
        line, end = 1, 0
        for found in self.token.finditer(html):
            tag, source_line = self.tags[int(found[1] or found[2])]
            between = html[end : found.start()]
            line += between.count("\n")
            lines.append((line, source_line))
            pieces += [between, tag]
            line += tag.count("\n")
            end = found.end()
        return Inlined("".join([*pieces, html[end:]]), tuple(lines))


def _mask(source: str, file: str) -> _Masked:
    """Each Jinja tag as a comment where text may stand, and as a word inside attribute values, titles and comments."""
    mark = "jinja"
    while mark in source.lower():
        mark += "j"
    masked = _Masked(mark)
    place = _Place()
    html: list[str] = []
    for text, line, is_tag in _pieces(source):
        if not is_tag:
            place.read(text)
            html.append(text)
            continue
        if place.is_inside_tag:
            raise BadInput(
                f"The Jinja tag {text[:40]!r} stands inside an HTML tag, but not inside quotes.",
                file=file,
                line=line,
                mend='Write attribute="{{ … }}", or set the whole element under the condition.',
            )
        word = f"{mark}{len(masked.tags)}z"
        html.append(word if place.is_literal else f"<!--{word}-->")
        masked.tags.append((text, line))
    # Where an author writes <table>{% for … %}<tr>, the parser would open a <tbody> inside the loop.
    masked.html = _ROWS_IN_TABLE.sub(lambda hit: f"{hit[1]}<tbody>" if hit[1] else hit[0], "".join(html))
    return masked


def _pieces(source: str) -> list[tuple[str, int, bool]]:
    """The source cut into text and whole Jinja tags: (piece, line, is a tag). A raw block is one tag."""
    pieces: list[tuple[str, int, bool]] = []
    ends = ""
    for line, kind, value in _LEXER.lex(source):
        if ends:
            text, begun, _ = pieces[-1]
            pieces[-1] = (text + value, begun, True)
            ends = "" if kind == ends else ends
        else:
            ends = _TAG_ENDS.get(kind, "")
            pieces.append((value, line, bool(ends)))
    return pieces


class _Place:
    """Where in an HTML page the text read so far ends: between tags, in a tag, in quotes, in a comment, in a title."""

    def __init__(self) -> None:
        self._within = ""  # what ends the present state; "" between tags, ">" in a tag
        self._raw = ""  # the end tag of the title, style… that the present start tag opens

    @property
    def is_inside_tag(self) -> bool:
        return self._within == ">"

    @property
    def is_literal(self) -> bool:
        return self._within != ""

    def read(self, text: str) -> None:
        at = 0
        while at < len(text):
            at = self._step(text, at)

    def _step(self, text: str, at: int) -> int:
        if self._within == "":
            return self._between(text, at)
        if self._within == ">":
            if text[at] in "\"'":
                self._within = text[at]
            elif text[at] == ">":
                self._within, self._raw = self._raw, ""
            return at + 1
        end = text.lower().find(self._within, at)
        if end < 0:
            return len(text)
        after = end + len(self._within)
        # After quotes the tag goes on; after </title the rest of the end tag does.
        self._within = "" if self._within == "-->" else ">"
        return after

    def _between(self, text: str, at: int) -> int:
        opening = text.find("<", at)
        if opening < 0:
            return len(text)
        if text.startswith("<!--", opening):
            self._within = "-->"
            return opening + 4
        if not re.match(r"</?[a-zA-Z]|<!", text[opening:]):
            return opening + 1
        self._within = ">"
        raw = _RAW_TEXT.match(text, opening)
        self._raw = f"</{raw[1].lower()}" if raw else ""
        return opening + 1


def _refuse_twins(html: str, file: str) -> None:
    """HTML keeps only the first of two attributes of one name; say so rather than lose the second."""
    for tag in _START_TAG.finditer(html):
        names = Counter(found[1].lower() for found in _ATTRIBUTE.finditer(tag[2]))
        for name, count in names.items():
            if count > 1:
                raise BadInput(f"The tag <{tag[1]}> has the attribute {name} twice.", file=file, mend="Keep one.")


def _refuse_lost(masked: _Masked, html: str, file: str) -> None:
    found = Counter(int(hit[1] or hit[2]) for hit in masked.token.finditer(html))
    for number, (tag, line) in enumerate(masked.tags):
        if found[number] != 1:
            raise BadInput(
                f"The Jinja tag {tag[:40]!r} stands where HTML does not keep it.", file=file, line=line, mend="Move it."
            )
    before, after = (Counter(tag[1].lower() for tag in _START_TAG.finditer(page)) for page in (masked.html, html))
    for name in before | after:
        if before[name] != after[name] and name not in _IMPLIED:
            raise BadInput(
                f"The element <{name}> stands where HTML does not allow it, and would be moved or dropped.",
                file=file,
                mend="Close what is open before it; a table's rows belong inside <table>.",
            )

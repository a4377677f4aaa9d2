"""Formatted text, given as clean HTML, to Markdown that reads the same: every word, and the form that mail knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser
from itertools import zip_longest
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from distributor.releases.draft import Remark
from distributor.releases.readers.contactblock import has_details
from distributor.releases.readers.paragraphs import escape_signs, escape_start

_SPACE = re.compile(r"[ \n\r\f]+")
_BLOCKS = frozenset(
    {
        *("p", "div", "section", "article", "main", "header", "footer", "aside", "nav", "figure", "figcaption", "body"),
        *("address", "center", "dl", "dt", "dd", "fieldset", "form", "details", "summary", "hgroup", "caption", "html"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "thead", "tbody", "tfoot", "colgroup"),
    }
)
_BOXES = frozenset({"ul", "ol", "li", "blockquote", "table", "tr", "td", "th"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_STYLES = {
    "b": "**", "strong": "**", "i": "*", "em": "*", "cite": "*", "s": "~~", "strike": "~~", "del": "~~",
}  # fmt: skip
_ORDER = ("~~", "**", "*")  # from the outside inwards
_LINK = re.compile(r"(?:https?://|mailto:|tel:)\S", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:px)?\s*(?:;|$)", re.IGNORECASE)
_DELIMITER_ROW = re.compile(r"[\s:|-]*-[\s:|-]*")
_RAISED = dict(zip("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", strict=True))
_LOWERED = dict(zip("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋", strict=True))
_SAFE = "%/:?#[]@!$&'*+,;=~-._"  # parentheses, spaces and angle brackets would end a link
_DEEPEST = 12
_WIDEST = 60


@dataclass(frozen=True, slots=True)
class RichText:
    """A document as Markdown of our own making, with its pictures' bytes by the names that the text gives them."""

    text: str
    remarks: tuple[Remark, ...] = ()
    pictures: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """What `write_markdown` made: the text, and what it left out or could not carry over, each as a person saw it.

    `marked` was highlighted, `inserted` marked as an insertion, `hidden` not to be seen; `unlinked` are targets that a
    message cannot link to.
    """

    text: str
    marked: tuple[str, ...]
    inserted: tuple[str, ...]
    hidden: tuple[str, ...]
    unlinked: tuple[str, ...]


def write_markdown(html: str, picture: Callable[[str, str], str], *, keeps_tabs: bool = False) -> Written:
    """Markdown of well-formed HTML: paragraphs on one line each, an empty line between them.

    `picture` gets the source and alternative text of each picture and gives the path that the Markdown shows it by, or
    "" for one that is left out. Tables that only lay out a page, or that hold telephone numbers and addresses, become
    paragraphs. Lines that break inside a paragraph end in two spaces. With `keeps_tabs` a tab within a line stays one.
    """
    writer = _Writer(picture, keeps_tabs=keeps_tabs)
    writer.feed(html)
    writer.close()
    return writer.written()


@dataclass(frozen=True, slots=True)
class _Piece:
    """Text with its styles and the link it stands in; with a `source` it is a picture's alternative text."""

    text: str
    styles: frozenset[str] = frozenset()
    link: str = ""
    source: str = ""


@dataclass(slots=True)
class _Box:
    """What an element that holds blocks has so far; a list's or table's parts are in `parts`."""

    tag: str
    blocks: list[str] = field(default_factory=list)
    parts: list[list[str]] = field(default_factory=list)
    rows: list[list[_Cell]] = field(default_factory=list)
    start: int = 1
    across: int = 1


@dataclass(frozen=True, slots=True)
class _Cell:
    blocks: Sequence[str]
    across: int = 1


class _Writer(HTMLParser):
    """Goes through the elements once; boxes (lists, quotations, tables) are stacked, so that depth is no recursion."""

    def __init__(self, picture: Callable[[str, str], str], *, keeps_tabs: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._picture = picture
        self._keeps_tabs = keeps_tabs
        self._boxes = [_Box("root")]
        self._run: list[_Piece] = []
        self._styles: list[str] = []
        self._links: list[str] = []
        self._script: list[str] = []
        self._heading = 0
        self._verbatim = 0
        self._hidden: list[str] = []
        self._noted: dict[str, list[list[str]]] = {"mark": [], "ins": [], "hidden": []}
        self._unlinked: list[str] = []
        self._noting: list[str] = []

    def written(self) -> Written:
        self._flush()
        while len(self._boxes) > 1:
            self._close_box(self._boxes[-1].tag)
        marked, inserted, hidden = (
            tuple(text for words in self._noted[name] if (text := _plain("".join(words))))
            for name in ("mark", "ins", "hidden")
        )
        text = "\n\n".join(self._boxes[0].blocks)
        return Written(text, marked, inserted, hidden, tuple(dict.fromkeys(self._unlinked)))

    # Elements

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if self._hidden:
            if tag == self._hidden[-1]:
                self._hidden.append(tag)
            return
        if tag not in {"br", "img", "hr"} and ("hidden" in said or _HIDDEN.search(said.get("style", ""))):
            self._hidden.append(tag)
            self._noted["hidden"].append([])
            return
        if tag == "br":
            self._add("\n")
        elif tag == "img":
            self._add_picture(said)
        elif tag == "a":
            self._links.append(self._target(said.get("href", "").strip()))
        elif tag in _STYLES:
            self._styles.append(_STYLES[tag])
        elif tag in {"sup", "sub"}:
            self._script.append(tag)
        elif tag in {"mark", "ins"}:
            self._noted[tag].append([])
            self._noting.append(tag)
        elif tag == "code":
            self._styles.append("`")
        else:
            self._open_block(tag, said)

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            if tag == self._hidden[-1]:
                self._hidden.pop()
        elif tag in _STYLES or tag == "code":
            _forget(self._styles, _STYLES.get(tag, "`"))
        elif tag in {"mark", "ins"}:
            _forget(self._noting, tag)
        elif tag in {"sup", "sub"}:
            _forget(self._script, tag)
        elif tag == "a" and self._links:
            self._links.pop()
        else:
            self._close_block(tag)

    def _close_block(self, tag: str) -> None:
        if tag == "pre":
            self._close_verbatim()
        elif tag in _BOXES:
            self._flush()
            self._close_box(tag)
        elif tag in _BLOCKS:
            self._flush()
            if tag in _HEADINGS:
                self._heading = 0

    def _open_block(self, tag: str, said: dict[str, str]) -> None:
        if tag == "pre":
            self._flush()
            self._verbatim += 1
        elif tag == "hr":
            self._flush()
            self._boxes[-1].blocks.append("* * *")
        elif tag in _HEADINGS:
            self._flush()
            self._heading = int(tag[1])
        elif tag in _BOXES:
            self._flush()
            if tag == "li" and not any(box.tag in {"ul", "ol"} for box in self._boxes):
                self._boxes.append(_Box("ul"))
            if len(self._boxes) <= _DEEPEST:
                start, across = _number(said.get("start"), 1), _number(said.get("colspan"), 1)
                self._boxes.append(_Box(tag, start=start, across=across))
        elif tag in _BLOCKS:
            self._flush()

    # Text

    def handle_data(self, data: str) -> None:
        if self._hidden:
            self._noted["hidden"][-1].append(data)
        elif self._verbatim:
            self._run.append(_Piece(data))
        else:
            spaced = _SPACE.sub(" ", data if self._keeps_tabs else data.replace("\t", " "))
            self._add(spaced)

    def _add(self, text: str) -> None:
        for name in set(self._noting):
            self._noted[name][-1].append(text)
        if self._script:
            table = _RAISED if self._script[-1] == "sup" else _LOWERED
            if text and all(char in table for char in text):
                text = "".join(table[char] for char in text)
        link = self._links[-1] if self._links else ""
        self._run.append(_Piece(text, frozenset(self._styles), link))

    def _add_picture(self, said: dict[str, str]) -> None:
        alt = " ".join(said.get("alt", "").split())
        source = self._picture(said.get("src", ""), alt)
        if source:
            self._run.append(_Piece(alt, link=self._links[-1] if self._links else "", source=source))

    def _target(self, href: str) -> str:
        if _LINK.match(href):
            return href
        if href and not href.startswith("#"):
            self._unlinked.append(href)
        return ""

    def _flush(self) -> None:
        """The text since the last block, as a block of its own."""
        if self._verbatim:
            return
        run, self._run = self._run, []
        lines = [line for line in _lines(run) if line]
        if not lines:
            return
        if self._heading:
            text = " ".join(_inline(line) for line in lines)
            closed = re.sub(r"#$", r"\\#", text)  # a heading may end in such marks, which are not its text
            self._boxes[-1].blocks.append(f"{'#' * self._heading} {closed}")
        else:
            self._boxes[-1].blocks.append("  \n".join(_at_line_start(_inline(line)) for line in lines))

    def _close_verbatim(self) -> None:
        self._verbatim = max(0, self._verbatim - 1)
        if self._verbatim:
            return
        text = "".join(piece.text for piece in self._run).strip("\n")
        self._run = []
        if text.strip():
            fence = "`" * (max([2, *(len(run) for run in re.findall(r"`+", text))]) + 1)
            self._boxes[-1].blocks.append("\n".join([fence, *(row.rstrip() for row in text.split("\n")), fence]))

    # Boxes

    def _close_box(self, tag: str) -> None:
        """Close the innermost box of this element, and what was left open inside it."""
        if all(box.tag != tag for box in self._boxes[1:]):
            return
        while True:
            box = self._boxes.pop()
            self._hand_up(box, self._boxes[-1])
            if box.tag == tag:
                return

    def _hand_up(self, box: _Box, parent: _Box) -> None:
        if box.tag == "li" and parent.tag in {"ul", "ol"}:
            parent.parts.append(box.blocks)
        elif box.tag in {"td", "th"} and parent.tag == "tr":
            parent.rows.append([_Cell(box.blocks, min(box.across, _WIDEST))])
        elif box.tag == "tr" and parent.tag == "table":
            parent.rows.append([cell for row in box.rows for cell in row])
            parent.blocks += box.blocks
        elif box.tag in {"ul", "ol"}:
            parent.blocks += [*_list(box), *box.blocks]
        elif box.tag == "blockquote":
            parent.blocks += [_prefixed("\n\n".join(box.blocks), "> ", "> ")] if box.blocks else []
        elif box.tag == "table":
            parent.blocks += [*box.blocks, *_table(box.rows)]
        else:  # a cell without its row, a row without its table
            parent.blocks += box.blocks + [block for row in box.rows for cell in row for block in cell.blocks]


def _forget(held: list[str], one: str) -> None:
    if one in held:
        held.remove(one)


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 6 else default


def _list(box: _Box) -> list[str]:
    items = [item for item in box.parts if item]
    marks = [f"{box.start + number}. " if box.tag == "ol" else "- " for number in range(len(items))]
    is_tight = all(not _is_loose(item) for item in items)
    rendered = [
        _prefixed(("\n" if is_tight else "\n\n").join(item), mark, " " * len(mark))
        for item, mark in zip(items, marks, strict=True)
    ]
    return [("\n" if is_tight else "\n\n").join(rendered)] if rendered else []


def _is_loose(item: Sequence[str]) -> bool:
    """Whether an item holds more than a line of text and the lists below it."""
    return any(not re.match(r"(?:-|\d+\.) ", block) for block in item[1:])


def _prefixed(text: str, first: str, following: str) -> str:
    """Text with `first` before its first line and `following` before the others, but for trailing blanks of ours."""
    rows = text.split("\n")
    marks = [first, *[following] * (len(rows) - 1)]
    return "\n".join(mark + row if row.strip() else mark.rstrip() for mark, row in zip(marks, rows, strict=True))


def _table(rows: Sequence[Sequence[_Cell]]) -> list[str]:
    """A table as Markdown; as paragraphs when it lays out the page or tells whom to ring."""
    rows = [row for row in rows if any(cell.blocks for cell in row)]
    width = max((sum(cell.across for cell in row) for row in rows), default=0)
    texts = [[" ".join(_one_line(block) for block in cell.blocks) for cell in row] for row in rows]
    is_layout = (
        len(rows) < 2
        or not 2 <= width <= _WIDEST
        or any(len(cell.blocks) > 1 or "\n" in "".join(cell.blocks) for row in rows for cell in row)
    )
    if is_layout:
        return [block for row in rows for cell in row for block in cell.blocks]
    if any(sum("@" in text for text in row) > 1 for row in texts):  # people side by side, not one in each row
        columns = zip_longest(*texts, fillvalue="")
        return ["  \n".join(filter(None, column)) for column in columns]
    if any(has_details(text) for row in texts for text in row):
        return ["  \n".join(" – ".join(filter(None, row)) for row in texts)]
    lines = [_row(row, texts[number], width) for number, row in enumerate(rows)]
    return ["\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])]


def _row(cells: Sequence[_Cell], texts: Sequence[str], width: int) -> str:
    filled: list[str] = []
    for cell, text in zip(cells, texts, strict=True):
        filled += [re.sub(r"(?<!\\)\|", r"\\|", text), *[""] * (cell.across - 1)]
    return "| " + " | ".join([*filled, *[""] * (width - len(filled))]) + " |"


def _one_line(block: str) -> str:
    return re.sub(r"^#{1,6} ", "", block.replace("  \n", " ").replace("\n", " "))


# Inline text


def _lines(run: Iterable[_Piece]) -> list[list[_Piece]]:
    """The pieces of a paragraph by its lines, neighbours of one style joined, outer spaces gone."""
    lines: list[list[_Piece]] = [[]]
    for piece in run:
        for number, text in enumerate(piece.text.split("\n") if not piece.source else [piece.text]):
            if number:
                lines.append([])
            line = lines[-1]
            one = _Piece(text, piece.styles, piece.link, piece.source)
            if line and not (line[-1].source or one.source) and _look(line[-1]) == _look(one):
                line[-1] = _Piece(line[-1].text + text, one.styles, one.link)
            elif text or one.source:
                line.append(one)
    return [_trimmed(line) for line in lines]


def _look(piece: _Piece) -> tuple[frozenset[str], str]:
    return piece.styles, piece.link


def _trimmed(line: list[_Piece]) -> list[_Piece]:
    while line and not line[0].source and not line[0].text.strip(" \t"):
        line = line[1:]
    while line and not line[-1].source and not line[-1].text.strip(" \t"):
        line = line[:-1]
    return line


def _inline(line: Sequence[_Piece]) -> str:
    """One line as CommonMark that reads as these pieces; what would not is written with less form, never less text."""
    wanted = _plain("".join(piece.text for piece in line))
    for write in (_styled, _linked, _bare):
        text = re.sub(r" {2,}", " ", "".join(write(piece) for piece in line)).strip(" \t")
        if _reads_as(_at_line_start(text)) == wanted:
            return text
    return _escape_all("".join(piece.text for piece in line).strip(" \t"))


def _styled(piece: _Piece) -> str:
    if piece.source or not piece.text.strip():
        return _linked(piece)
    core = piece.text.strip(" \t\N{NO-BREAK SPACE}\u202f")
    before, _, after = piece.text.partition(core)
    if "`" in piece.styles and not piece.link and "`" not in core:
        return f"{before}`{core}`{after}"
    marks = [mark for mark in _ORDER if mark in piece.styles]
    inner = _linked(_Piece(core, link=piece.link))
    return f"{before}{''.join(marks)}{inner}{''.join(reversed(marks))}{after}"


def _linked(piece: _Piece) -> str:
    text = _bare(piece)
    target = piece.link
    if not target or not (piece.text.strip() or piece.source):
        return text
    shown = piece.text.strip()
    if target.removeprefix("mailto:") == shown or target.rstrip("/") == shown.rstrip("/"):
        return text  # addresses are linked wherever they stand
    target = quote(target, safe=_SAFE)
    core = text.strip(" ")
    before, _, after = text.partition(core)
    return f"{before}[{core}]({target}){after}"


def _bare(piece: _Piece) -> str:
    if piece.source:
        return f"![{escape_signs(piece.text)}]({quote(piece.source, safe=_SAFE)})"
    return escape_signs(piece.text)


def _escape_all(text: str) -> str:
    return re.sub(r"[!-/:-@\[-`{-~]", r"\\\g<0>", text)


def _at_line_start(text: str) -> str:
    if _DELIMITER_ROW.fullmatch(text):
        return "\\" + text
    return escape_start(text)


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def read_line(markdown: str) -> str:
    """A line of our Markdown as plain text: what it shows."""
    shown = _reads_as(markdown.replace("  \n", " "))
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown) if shown is None else shown


def _reads_as(markdown: str) -> str | None:
    """The words that a line of Markdown shows; None where it is no single paragraph."""
    tokens = _parser().parse(markdown)
    if [token.type for token in tokens] != ["paragraph_open", "inline", "paragraph_close"]:
        return None if tokens else ""
    return _plain("".join(_shown(child) for child in tokens[1].children or []))


def _shown(token: Token) -> str:
    if token.type == "image":
        return "".join(_shown(child) for child in token.children or [])
    return token.content if token.type in {"text", "code_inline"} else ""


def _plain(text: str) -> str:
    return " ".join(text.split())

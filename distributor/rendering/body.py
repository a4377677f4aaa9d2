"""The body of a release: Markdown (CommonMark, tables, strikethrough, footnotes) into safe HTML and plain text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import unquote

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from distributor.rendering import plaintext
from distributor.rendering.typography import base_language, quotes, typeset
from distributor.rendering.values import InlineImage

_TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code"),
    *("em", "strong", "s", "del", "sub", "sup", "a", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "th": {"style"}, "td": {"style"}}
_SCHEMES = {"http", "https", "mailto", "tel"}
_PICTURE = {"img": {"src", "alt", "width", "height"}}

COLUMN = 560
"""How wide the text stands in the layout, in pixels, and so a picture at most."""
_ALLOWED_TARGET = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)

# Bare addresses that press offices type: linked, as every mail program would. A match begins where a word begins: tried
# from every letter of a long word, the search would take the square of its length.
_BARE = re.compile(r"https?://[^\s<>«»“”\"]+|(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)+")
_FOOTNOTE = re.compile(r" {0,3}\[\^([^\]\s]+)\]:\s*")
_NOTED = re.compile(r"\[\^([^\]\s]+)\]")
_AFTER_ADDRESS = ".,;:!?)'’]…"


def to_html(markdown: str, language: str, images: Iterable[InlineImage] = ()) -> str:
    """Safe HTML of a release's body: no raw HTML, only the links that are allowed, and of pictures only `images`.

    Those are shown from inside the message; for any other picture, which a reader's machine would have to fetch, stands
    a link.
    """
    known = {image.source: image for image in images if image.source}
    parser = _parser(base_language(language), frozenset(known))
    html: str = parser.renderer.render(tokens(markdown, language, known.values()), parser.options, {})
    inside = {f"cid:{image.cid}" for image in known.values()}
    return nh3.clean(
        html,
        tags=_TAGS | ({"img"} if known else set()),
        attributes=_ATTRIBUTES | (_PICTURE if known else {}),
        attribute_filter=lambda tag, name, value: (
            None if (tag, name) == ("img", "src") and value not in inside else value
        ),
        url_schemes=_SCHEMES | ({"cid"} if known else set()),
        filter_style_properties={"text-align"},
        url_relative="deny",
        link_rel=None,
    ).strip()


def to_text(markdown: str, language: str, width: int = plaintext.WIDTH, *, images: Iterable[InlineImage] = ()) -> str:
    """The same body as plain text of `width` columns (see `plaintext`)."""
    return plaintext.render(tokens(markdown, language, images), width)


def tokens(markdown: str, language: str, images: Iterable[InlineImage] = ()) -> list[Token]:
    """The body as markdown-it's tokens, everything set in them as it is to be read."""
    known = {image.source: image for image in images if image.source}
    return _parser(base_language(language), frozenset(known)).parse(_with_footnotes(markdown), {"images": known})


def _with_footnotes(markdown: str) -> str:
    """«[^insee]» as «[1]», and «[^insee]: …» as a paragraph that begins so, where it stands.

    CommonMark knows no footnotes: some were shown with their signs, and some taken for the target of a link, unseen.
    """
    lines = markdown.split("\n")
    notes = {at: found for at, line in enumerate(lines) if (found := _FOOTNOTE.match(line))}
    defined = {found[1] for found in notes.values()}
    if not defined:
        return markdown
    numbers: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        known = found[1] in defined
        return f"\\[{numbers.setdefault(found[1], len(numbers) + 1)}\\]" if known else found[0]

    lines = [line if at in notes else _NOTED.sub(number, line) for at, line in enumerate(lines)]
    for at, found in notes.items():
        lines[at] = f"\n{number(found)} {_NOTED.sub(number, lines[at][found.end() :])}"
    return "\n".join(lines)


@lru_cache(maxsize=32)
def _parser(language: str, pictures: frozenset[str]) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "typographer": True, "quotes": quotes(language)})
    parser.enable(["table", "strikethrough", "smartquotes"])
    # Every target is a link first, so that the text part shows it whole; the allow-list then drops the HTML link.
    parser.validateLink = lambda url: _is_allowed(url) or unquote(url) in pictures  # type: ignore[method-assign]  # the library's own documented way to replace it

    def finish(state: StateCore) -> None:
        for token in state.tokens:
            if token.type == "inline" and token.children is not None:
                token.children = list(_finished(token.children, language, state.env.get("images", {})))
        state.tokens = _without_empty_headings(state.tokens)

    parser.core.ruler.push("press_office", finish)
    return parser


def _without_empty_headings(tokens: list[Token]) -> list[Token]:
    """A `#` alone says nothing, and a heading without words is a fault in a PDF and to a screen reader."""
    empty = {
        place
        for number, token in enumerate(tokens)
        if token.type == "heading_open" and not tokens[number + 1].content.strip()
        for place in range(number, number + 3)  # heading_open, inline, heading_close
    }
    return [token for number, token in enumerate(tokens) if number not in empty]


def _is_allowed(url: str) -> bool:
    return bool(_ALLOWED_TARGET.match(url.strip()))


def _finished(children: list[Token], language: str, images: Mapping[str, InlineImage]) -> Iterator[Token]:
    """Bare addresses linked, pictures shown or as links, no-break spaces set."""
    depth = 0
    before = None
    for token in children:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if before is not None and before.type == "link_open" and token.type == "link_close":
            yield _text(str(before.attrs.get("href", "")))  # a link without a word would be seen by nobody
        before = token
        if token.type == "image" and (image := images.get(unquote(str(token.attrs.get("src", ""))))):
            yield from _shown(token, image, language)
        elif token.type == "image":
            yield from _image_as_link(token, in_link=depth > 0)
        elif token.type != "text":
            yield token
        elif depth:
            yield _text(typeset(token.content, language))
        else:
            yield from _linked(token.content, language)


def _shown(token: Token, image: InlineImage, language: str) -> Iterator[Token]:
    """A picture from inside the message, its title below it: where agencies look for caption and credit."""
    width, height = image.shown(COLUMN)
    caption = str(token.attrs.get("title", ""))
    token.attrs = {"src": f"cid:{image.cid}", "alt": "", "width": width, "height": height}
    yield token
    if caption:
        yield Token("hardbreak", "br", 0)
        yield Token("em_open", "em", 1, markup="*")
        yield _text(typeset(caption, language))
        yield Token("em_close", "em", -1, markup="*")


def _image_as_link(image: Token, *, in_link: bool) -> Iterator[Token]:
    """No image is ever fetched from a reader's machine: its alternative text links to it."""
    alternative = "".join(child.content for child in image.children or [])
    source = str(image.attrs.get("src", ""))
    if in_link:
        yield _text(alternative or source)
    else:
        yield from _link(source, alternative or source)


def _linked(text: str, language: str) -> Iterator[Token]:
    end = 0
    for found in _BARE.finditer(text):
        address = found[0].rstrip(_AFTER_ADDRESS)
        if "(" in address and found[0].startswith(address + ")"):
            address += ")"
        yield _text(typeset(text[end : found.start()], language))
        yield from _link(address if "://" in address else f"mailto:{address}", address)
        end = found.start() + len(address)
    yield _text(typeset(text[end:], language))


def _link(target: str, shown: str) -> Iterator[Token]:
    yield Token("link_open", "a", 1, attrs={"href": target})
    yield _text(shown)
    yield Token("link_close", "a", -1)


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)

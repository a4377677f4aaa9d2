"""Markdown as it reads: the words alone, as a newsroom sees them, without the signs that set them."""

from __future__ import annotations

from collections.abc import Container, Iterator
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_PARSER.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005 - nothing is opened here
_BREAKS = frozenset({"softbreak", "hardbreak"})


def plain_words(markdown: str, untold: Container[str] = ()) -> str:
    """A paragraph's words on one line; a link or picture is told with its target, unless that is among `untold`."""
    tokens = _PARSER.parse(markdown)
    parts = ["".join(_pieces(token.children or [], untold)) for token in tokens if token.type == "inline"]
    blocks = [token.content for token in tokens if token.type in {"code_block", "fence"}]
    # What CommonMark takes for the target of a link (a footnote of one word) is seen by nobody in its tokens.
    return " ".join(" ".join(parts + blocks).split()) or " ".join(markdown.split())


def targets(markdown: str) -> set[str]:
    """Where the links and pictures of a paragraph lead."""
    children = [child for token in _PARSER.parse(markdown) for child in token.children or []]
    return {target for child in children if (target := _target(child))}


def _target(token: Token) -> str:
    return unquote(str(token.attrs.get("href") or token.attrs.get("src") or "")).removeprefix("mailto:")


def _pieces(children: list[Token], untold: Container[str]) -> Iterator[str]:
    opened: list[str] = []
    words = ""
    for child in children:
        said = " " if child.type in _BREAKS else child.content
        if child.type == "link_open":
            opened, words = [_target(child)], ""
        elif child.type == "link_close" and opened:
            yield from _with_target(words, opened.pop(), untold)
        elif child.type == "image":
            said = "".join(_with_target(child.content, _target(child), untold))
        if opened:
            words += said
        elif child.type != "link_close":
            yield said


def _with_target(words: str, target: str, untold: Container[str]) -> Iterator[str]:
    yield words or target
    if words and target not in untold and unquote(words) != target:
        yield f" ({target})"

"""Which pictures a release's Markdown shows, and which of them are files of the user's own."""

from __future__ import annotations

import re
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")

_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
_PARSER.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005 - whether a target may stay is for the renderer to say


def image_files(markdown: str) -> list[str]:
    """The paths of the pictures in a text that are no URLs, each once, in their order: `![alt](map.png)` gives map.png.

    They are as the renderer compares them: with `%20` and the like undone.
    """
    sources = [
        unquote(str(image.attrs.get("src", ""))) for token in _PARSER.parse(markdown) for image in _images(token)
    ]
    return list(dict.fromkeys(source for source in sources if source and not _SCHEME.match(source)))


def _images(token: Token) -> list[Token]:
    return [child for child in token.children or [] if child.type == "image"]

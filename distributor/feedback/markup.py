"""The words of an HTML part: enough to read what a mail server or a person says in it."""

from __future__ import annotations

import html
import re

# A tag is a name and then a space, «/» or «>»: `<user@journal.example>` is none, and stays.
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)(?:[\s/][^<>]*)?>")
_LINE_ENDS = frozenset({"br", "p", "div", "tr", "li", "table", "h1", "h2", "h3", "blockquote", "pre", "hr", "td", "th"})
_SILENT = ("style", "script", "head", "title")
_BLANK = re.compile(r"\n[ \t\xa0]*(?=\n)")


def text_of_html(source: str) -> str:
    """`source` without tags, comments, styles and scripts; block elements end a line."""
    for name in _SILENT:
        source = _without(source, f"<{name}", f"</{name}>")
    source = _without(source, "<!--", "-->")
    text = html.unescape(_TAG.sub(_line_end, source)).replace("\xa0", " ")
    return _BLANK.sub("\n", text)


def _line_end(found: re.Match[str]) -> str:
    return "\n" if found[1].lower() in _LINE_ENDS else ""


def _without(source: str, opening: str, closing: str) -> str:
    """`source` without what stands between two marks; an opening that is never closed stays."""
    low = source.lower()
    if len(low) != len(source):  # a few letters change their length with their case
        return source
    kept, place = [], 0
    while (start := low.find(opening, place)) >= 0 and (end := low.find(closing, start)) >= 0:
        kept.append(source[place:start])
        place = end + len(closing)
    return "".join([*kept, source[place:]])

"""The quotes and no-break spaces of a language, put into running text without touching addresses, times or code."""

from __future__ import annotations

import re

NARROW = "\u202f"
"""Narrow no-break space: before ; ! ? and between the thousands, in French."""

NO_BREAK = "\u00a0"
"""No-break space: before : and %, and inside « »."""

_QUOTES = {
    "fr": ["«\u00a0", "\u00a0»", "“", "”"],
    "de": ["„", "“", "‚", "‘"],
    "es": ["«", "»", "“", "”"],
    "it": ["«", "»", "“", "”"],
    "pt": ["«", "»", "“", "”"],
}
_ENGLISH_QUOTES = ["“", "”", "‘", "’"]

ADDRESSES = re.compile(
    r"(?:https?|mailto|tel|ftp):[^\s<>«»“”\"]+|www\.[^\s<>«»“”\"]+|(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)+"
)
"""What must never be altered inside a text: URLs and e-mail addresses."""

_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")

# A run of blanks from its first one on: tried from each of them, a search would take the square of their number.
_BLANKS = "(?<![ \u00a0\u202f])[ \u00a0\u202f]++"

_FRENCH = (
    (re.compile(r"«[ \u00a0\u202f]*"), f"«{NO_BREAK}"),
    (re.compile(rf"(?:{_BLANKS})?»"), f"{NO_BREAK}»"),
    # After a word, or a blank that is there already; never in the middle of something such as "18:00" or "?page=2".
    (re.compile(rf"(?:(?<=[\w.…)\]»’%€])|{_BLANKS})([;!?]+)(?=[\s)»\]]|$)"), NARROW + r"\1"),
    (re.compile(rf"(?:(?<=[\w.…)\]»’%€])|{_BLANKS}):(?=\s|$)"), f"{NO_BREAK}:"),
    (re.compile(r"(?<=\d)[ \u00a0\u202f]*([%€‰])"), NO_BREAK + r"\1"),
    (re.compile(r"(?<![\d.,])(\d{1,3})((?: \d{3})+)(?![\d])"), lambda m: m[1] + m[2].replace(" ", NARROW)),
    (re.compile(r"(?<=\d) h(?: (?=\d\d\b)|\b)"), lambda m: f"{NO_BREAK}h" + (NO_BREAK if m[0].endswith(" ") else "")),
    (re.compile(r"\b(M\.|MM\.|Mme|Mmes|Dr|n°|nos) (?=[\w])"), rf"\1{NO_BREAK}"),
    (re.compile(r"(?<=\w) –(?= )"), f"{NO_BREAK}–"),
)


def base_language(tag: str) -> str:
    """The language of a tag: "fr" of "fr-CA"."""
    return tag.replace("_", "-").partition("-")[0].lower()


def is_right_to_left(tag: str) -> bool:
    """Whether the language is written from right to left."""
    return base_language(tag) in {"ar", "fa", "he", "ur", "ps", "yi"}


def quotes(language: str) -> list[str]:
    """Opening and closing quotes, outer then inner, as markdown-it's `quotes` option takes them."""
    return _QUOTES.get(base_language(language), _ENGLISH_QUOTES)


def typeset(text: str, language: str) -> str:
    """`text` with the apostrophes (French, English) and no-break spaces (French) that the language wants."""
    is_french = base_language(language) == "fr"
    if not is_french and base_language(language) != "en":
        return text
    pieces: list[str] = []
    end = 0
    for address in ADDRESSES.finditer(text):
        pieces += [_set(text[end : address.start()], is_french=is_french), address[0]]
        end = address.end()
    pieces.append(_set(text[end:], is_french=is_french))
    return "".join(pieces)


def _set(text: str, *, is_french: bool) -> str:
    text = _APOSTROPHE.sub("’", text)
    for pattern, replacement in _FRENCH if is_french else ():
        text = pattern.sub(replacement, text)
    return text

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
    "pl": ["„", "”", "«", "»"],
    "ro": ["„", "”", "«", "»"],
    "ru": ["«", "»", "„", "“"],
    "uk": ["«", "»", "„", "“"],
    "el": ["«", "»", "“", "”"],
    "ar": ["«", "»", "“", "”"],
    "fa": ["«", "»", "“", "”"],
    "sv": ["”", "”", "’", "’"],
    "fi": ["”", "”", "’", "’"],
    "ja": ["「", "」", "『", "』"],
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
    (re.compile(r"(?<=\d) (?=(?:millions?|milliards?|euros?|km|kg|m²)\b)"), NO_BREAK),
    (re.compile(r"(?<=\w) (?=[–—] )"), NO_BREAK),
)


def base_language(tag: str) -> str:
    """The language of a tag: "fr" of "fr-CA"."""
    return tag.replace("_", "-").partition("-")[0].lower()


def is_right_to_left(tag: str) -> bool:
    """Whether the language is written from right to left."""
    return base_language(tag) in {"ar", "fa", "he", "ur", "ps", "yi"}


def has_italics(tag: str) -> bool:
    """Whether the script of the language has slanted letters: Arabic, Hebrew and those of East Asia have none."""
    return not is_right_to_left(tag) and base_language(tag) not in {"zh", "ja", "ko", "th", "km", "lo", "my"}


def quotes(language: str) -> list[str]:
    """Opening and closing quotes, outer then inner, as markdown-it's `quotes` option takes them."""
    return _QUOTES.get(base_language(language), _ENGLISH_QUOTES)


# Letters written from the left, with the digits and signs that belong to them: a name, an acronym, a title.
_FROM_LEFT = "A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff"
_LEFT_RUN = re.compile(rf"[\d+]*[{_FROM_LEFT}](?:[{_FROM_LEFT}\d&+’'./ \u00a0\u202f–-]*[{_FROM_LEFT}\d+])?")
_RIGHT_LETTER = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"  # first strong isolate, pop directional isolate


def isolate(text: str) -> str:
    """Plain text written from the right, each run of Latin, Greek or Cyrillic letters isolated (UAX #9 §2.4).

    So the punctuation beside a name stays on its side. Addresses stay bare: mail programs would take the mark for a
    part of the link. Lines without a letter from the right are left alone.
    """
    return "\n".join(_isolated(line) if _RIGHT_LETTER.search(line) else line for line in text.split("\n"))


def _isolated(line: str) -> str:
    pieces: list[str] = []
    end = 0
    for address in ADDRESSES.finditer(line):
        pieces += [_LEFT_RUN.sub(_marked, line[end : address.start()]), address[0]]
        end = address.end()
    return "".join([*pieces, _LEFT_RUN.sub(_marked, line[end:])])


def _marked(run: re.Match[str]) -> str:
    return f"{_ISOLATE}{run[0]}{_END_ISOLATE}"


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

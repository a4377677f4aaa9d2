"""One cell's text made clean: what must never reach a header taken out, what an encoding broke mended or flagged."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from distributor.folding import fold, words

# Invisible characters: they reorder or hide text, or come along from a web page. Joiners stay where scripts need them.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]|[\u200c\u200d](?![\u0600-\u0fff])"
)
_BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]")
# From the first of several blanks only: tried from each, the search would take the square of their number.
_LINE_BREAK = re.compile("(?:(?<![ \t])[ \t]++)?(?:\r\n|[\r\n\u2028\u2029\x0b\x0c\x85])++[ \t]*+")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_SPACES = re.compile("[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_ENCODED_WORD = re.compile(r"=\?[^?\s]*\?[^?\s]?\?[^?]*\?=|=\?|\?=")
_MOJIBAKE = re.compile("[ÂÃÅÄÐÑâ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")
# Anything at all that one of the steps might change; most cells hold none of it.
_SUSPECT = re.compile(
    "^ | $|  |=[?]|[?]=|[\x00-\x1f\x7f-\xa0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2069\u3000\ufeff]"
    f"|{_MOJIBAKE.pattern}"
)
_LOST_LETTER = re.compile(r"[^\W\d_]\?[^\W\d_]|^\?[^\W\d_]|\ufffd")
_ROUNDS = 6
_C1_BYTES = {ord(char): byte for byte in range(0x80, 0xA0) if (char := bytes([byte]).decode("cp1252", "ignore"))}


def clean_text(text: str, *, multiline: bool = False) -> tuple[str, tuple[str, ...]]:
    """The cell as it may be kept, and what was done to it, in a few words each.

    The result is NFC, trimmed, without control characters, bidirectional overrides, invisible characters or
    encoded-words (RFC 2047); line breaks remain only where `multiline` allows them, as line feeds.
    """
    if not _SUSPECT.search(text) and unicodedata.is_normalized("NFC", text):
        return text, ()
    return _clean_slowly(text, multiline=multiline)


def is_clean(cells: Iterable[str]) -> bool:
    """Whether `clean_text` would leave every one of these cells as it is: one look at a whole row of a good file."""
    row = "~".join(cells)
    return (
        row.isprintable()  # no control, bidirectional or invisible character, and no space but the common one
        and "  " not in row
        and "~ " not in row
        and " ~" not in row
        and row[:1] != " " != row[-1:]
        and "=?" not in row
        and "?=" not in row
        and (row.isascii() or (unicodedata.is_normalized("NFC", row) and not _maybe_mojibake(row)))
    )


def _maybe_mojibake(text: str) -> bool:
    # Most rows hold none of the letters it begins with, and `in` sees that sooner than a search.
    return any(map(text.__contains__, "ÂÃÅÄÐÑâ")) and bool(_MOJIBAKE.search(text))


def _clean_slowly(text: str, *, multiline: bool) -> tuple[str, tuple[str, ...]]:
    changes: list[str] = []
    clean = text
    # What one step takes away may have hidden something from an earlier one: a wrong encoding, a space at a line's end.
    for _ in range(_ROUNDS):
        clean, more = _clean_once(before := clean, multiline=multiline)
        changes += more
        if clean == before:
            break
    return clean, tuple(dict.fromkeys(changes))


def _clean_once(text: str, *, multiline: bool) -> tuple[str, list[str]]:
    changes = []
    clean = repair_mojibake(text)
    if clean != text:
        changes.append(f"mended from a wrong encoding: «{_shown(text)}» → «{_shown(clean)}»")
    normal = unicodedata.normalize("NFC", clean)
    if normal != clean:
        changes.append("accents composed (NFC)")
    steps = (
        (_ENCODED_WORD, " ", "encoded-word removed"),
        (_BIDI, "", "text-direction override removed"),
        (_INVISIBLE, "", "invisible character removed"),
        (_LINE_BREAK, "\n" if multiline else " ", "line break replaced by a space"),
        (_CONTROL, "", "control character removed"),
        (_SPACES, " ", "spaces trimmed"),
    )
    for pattern, replacement, told in steps:
        after = pattern.sub(replacement, normal)
        if after != normal and not (multiline and pattern is _LINE_BREAK):
            changes.append(told)
        normal = after
    stripped = unicodedata.normalize("NFC", normal.strip())
    if stripped != normal and "spaces trimmed" not in changes:
        changes.append("spaces trimmed")
    return stripped, changes


def repair_mojibake(text: str) -> str:
    """`FranÃ§ois` → `François`, only when certain: the whole text is UTF-8 that was read as Windows-1252, or twice."""
    for _ in range(_ROUNDS):
        if text.isascii() or not _MOJIBAKE.search(text):
            break
        try:
            text = bytes(_C1_BYTES.get(ord(char), ord(char)) for char in text).decode("utf-8")
        except ValueError:  # a character outside one byte, or bytes that are not UTF-8: it was no such accident
            break
    return text


def looks_damaged(text: str) -> bool:
    """Whether letters seem lost to a wrong encoding (`Ay?e`, `Fran�ois`); they cannot be brought back from here."""
    return bool(_LOST_LETTER.search(text))


def _shown(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


_LANGUAGES = {
    name: code
    for code, names in {
        "fr": "français|francais|french|fra|fre|francophone|französisch|vf",
        "en": "anglais|english|eng|anglophone|englisch|us|gb",
        "de": "allemand|german|deutsch|ger|deu",
        "es": "espagnol|spanish|español|esp|spa|castellano|castillan",
        "it": "italien|italian|italiano|ita",
        "pt": "portugais|portuguese|português|por",
        "nl": "néerlandais|dutch|nederlands|flamand|dut|nld",
        "ar": "arabe|arabic|ara",
        "ru": "russe|russian|rus|русский",
        "pl": "polonais|polish|polski|pol",
        "ro": "roumain|romanian|română|ron|rum",
        "tr": "turc|turkish|türkçe|tur",
        "zh": "chinois|chinese|mandarin|zho|chi",
        "ja": "japonais|japanese|jpn",
        "el": "grec|greek|ell|gre",
        "uk": "ukrainien|ukrainian|ukr",
        "ca": "catalan|català|cat",
        "eu": "basque|euskara|eus|baq",
        "br": "breton|brezhoneg|bre",
        "sv": "suédois|swedish|svenska|swe",
        "da": "danois|danish|dansk|dan",
        "no": "norvégien|norwegian|norsk|nor",
        "fi": "finnois|finlandais|finnish|suomi|fin",
        "cs": "tchèque|czech|ces|cze",
        "hu": "hongrois|hungarian|magyar|hun",
        "kk": "kazakh|kaz",
        "fa": "persan|persian|farsi|fas|per",
        "he": "hébreu|hebrew|heb",
    }.items()
    for name in map(fold, names.split("|"))
}
_ISO_639_1 = words(
    "aa ab af am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz"
    " ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig"
    " ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg"
    " mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn"
    " ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt"
    " tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)


def normal_language(text: str) -> str | None:
    """The ISO 639-1 code that a cell means (`Français`, `fr-FR`, `FR / EN` → `fr`); "" for none, None for riddles."""
    folded = fold(text)
    if not folded:
        return ""
    if folded in _LANGUAGES and folded not in _ISO_639_1:
        return _LANGUAGES[folded]
    first = folded.split()[0]
    return first if first in _ISO_639_1 else _LANGUAGES.get(first)

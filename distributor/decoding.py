"""From bytes to text: of a file, which encoding, and why that one; of a mail, declared charsets and encoded words."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header

_BOMS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)

# What each encoding makes of the other's French: a letter it would have, a sign that no word holds.
# Kept as text: they take long to compile, and most files are UTF-8.
_LETTERS = (
    r"[éèêëàâçîïôùûüœæñöäáíóúøåßšžÿ]|\b[ÉÈÊËÀÂÇÎÏÔÙÛŒÖÜÄÁØÅŠŽÑ](?=\w)|(?<=[A-Z])[ÉÈÊËÀÂÇÎÏÔÙÛŒÖÜÄÁØŠŽÑ](?![a-z])|\bÀ\b"
    r"|(?<=\w)’(?=\w)|(?<=\w)–(?=[A-Z])|(?<!\w)[«“€–—](?!\w)|(?<!\w)[«“](?=\w)|[»”…](?!\w)"
)
_STRANGE = (
    r"(?<=[a-zà-ÿ])[A-ZÀ-ÖØ-ÞŸŽŠƒ]|(?<=[A-Z])(?:[à-ÿ](?=[A-Z])|[À-ÖØ-Þ](?=[a-z]))|(?<=[a-z])–(?=[a-z])|(?<!\w)[Á-ÖØ-Þ](?!\w)"
    r"|(?<=\w)[«»“”…‘‚„](?=\w)|(?<!\w)[»‚„ƒ](?=\w)"
    r"|[‡†‰ˆ˜™•¶®©¬±≤≥∂∑∏πΩ∫√≈∆◊¸˝˛ˇ¢£¥¤¦¿¡](?=\w)|(?<=\w)[‡†‰ˆ˜™•¶®©¬±≤≥∂∑∏πΩ∫√≈∆◊¸˝˛ˇ¢£¥¤¦¿¡]"
    r"|(?<=[A-Za-z])[¼½¾]|[¼½](?=[a-z])|\ufffd"
)
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What no text needs and what deceives: codes that steer a terminal (all but tab and line feed), and those that turn
the direction of the text around them (Unicode's Bidi_Control but for the marks that Arabic and Hebrew are typed with).
"""
_WESTERN = (
    ("cp1252", "Windows-1252"),
    ("iso8859-15", "ISO-8859-15"),
    ("mac_roman", "Mac Roman"),
    ("cp850", "CP850"),
)
"""What Excel calls «CSV», «CSV (Macintosh)» and «CSV (MS-DOS)», and what older programs of Unix write; between equals
the first counts."""
_RUN = re.compile(rb"[\x80-\xff]{3,}")

MAX_HEADER = 20_000
"""So much of a mail's header field is read."""
_SLOW_CODECS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The text, the encoding's everyday name, and the rule that chose it."""

    text: str
    encoding: str
    chosen_by: str


def decode(data: bytes) -> DecodedText:
    """Decode a text file; never raises: what no rule and no statistics can name is read as Windows-1252.

    The order is: byte-order mark, NUL bytes in every other place (UTF-16), valid UTF-8, Windows-1252, ISO-8859-15,
    Mac Roman or MS-DOS by their French letters, and only then a statistical guess.
    """
    for mark, codec, name in _BOMS:
        if data.startswith(mark):
            return DecodedText(data.decode(codec, errors="replace"), name, "its byte-order mark")
    utf16 = _utf16_without_mark(data)
    if utf16:
        return DecodedText(data.decode(utf16, errors="replace"), "UTF-16", "its zero bytes")
    try:
        return DecodedText(data.decode("utf-8"), "UTF-8", "being valid UTF-8")
    except UnicodeDecodeError:
        return _eight_bit(data)


def _utf16_without_mark(data: bytes) -> str | None:
    sample = data[: 1 << 16]
    zeros = sample.count(0)
    if len(sample) < 4 or zeros < len(sample) * 0.3:
        return None
    odd = sample[1::2].count(0)
    if odd > zeros * 0.9:
        return "utf-16-le"
    return "utf-16-be" if zeros - odd > zeros * 0.9 else None


def _eight_bit(data: bytes) -> DecodedText:
    # A legacy list shows its accents early; a sample of the lines that hold any is enough to tell.
    sample = b"\n".join(line for line in data[: 1 << 20].splitlines() if not line.isascii())[: 1 << 16]
    # Western words are ASCII letters with an accent here and there; whole words beyond ASCII are another alphabet.
    whole_words = sum(map(len, _RUN.findall(sample)))
    if whole_words * 2 > sum(byte > 0x7F for byte in sample):
        return _statistical(data, sample)
    codec, name = max(_WESTERN, key=lambda one: _score(sample.decode(one[0], errors="replace")))
    if _score(sample.decode(codec, errors="replace")) > 0:
        return DecodedText(data.decode(codec, errors="replace"), name, "its accented letters")
    return _statistical(data, sample)


def _score(text: str) -> int:
    return len(re.findall(_LETTERS, text)) - 2 * len(re.findall(_STRANGE, text))


def _statistical(data: bytes, sample: bytes) -> DecodedText:
    import charset_normalizer  # noqa: PLC0415 - slow to import, and few files come this far

    best = charset_normalizer.from_bytes(sample).best()
    codec = best.encoding if best else "cp1252"
    chosen_by = "statistics: check the accents" if best else "nothing better: check the accents"
    return DecodedText(data.decode(codec, errors="replace"), codec, chosen_by)


def decode_declared(data: bytes, charset: str) -> str:
    """Text of a mail in the charset that it declares, "" for none, or in what fits; never raises."""
    try:
        codec = codecs.lookup(charset.strip("\"' ")).name.replace("-", "_") if charset.isascii() and charset else ""
        if codec and codec not in _SLOW_CODECS:
            return data.decode(codec, "replace").replace("\r", "")
    except (LookupError, ValueError, TypeError):
        pass
    if b"\x1b$" in data:  # Japanese, whatever it calls itself
        return data.decode("iso2022_jp", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def readable(value: str) -> str:
    """A mail header's value with its encoded words decoded, on one line; as it stands where they are broken."""
    value = " ".join(value[:MAX_HEADER].split())
    if "=?" not in value:
        return from_escapes(value)
    try:
        pieces = [
            piece if isinstance(piece, str) else decode_declared(piece, charset or "")
            for piece, charset in decode_header(value)
        ]
    except (MessageError, ValueError, LookupError, RecursionError):
        return from_escapes(value)
    return " ".join("".join(pieces).split())


def from_escapes(text: str) -> str:
    """Text of compat32, which keeps bytes beyond ASCII as surrogates, as characters."""
    if text.isascii():
        return text
    return decode_declared(text.encode("utf-8", "surrogateescape"), "") if _is_escaped(text) else text


def _is_escaped(text: str) -> bool:
    return any("\udc80" <= char <= "\udcff" for char in text) and not any("\ud800" <= char < "\udc80" for char in text)

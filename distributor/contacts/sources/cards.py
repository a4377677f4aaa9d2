"""The syntax of vCards, 2.1 to 4.0: cards in a file, properties in a card, and their values as text."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_PREFERENCE = 100
"""What `PREF=` may say at most (RFC 6350 §5.3); a property without it comes after all that have it."""

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_START = re.compile(rb"[\w.-]+[;:]")
_AGENT = re.compile(rb"(?:[\w-]+\.)?AGENT(?:;[^:]*)?:\s*", re.IGNORECASE)
_BULKY = re.compile(rb"(?:[\w-]+\.)?(?:PHOTO|LOGO|SOUND|KEY|X-MS-CARDPICTURE)[;:]", re.IGNORECASE)
_PROPERTY = re.compile(rb'(?:([\w-]+)\.)?([A-Za-z0-9-]+)((?:;[^":;]*(?:"[^"]*"[^":;]*)*)*)\s*:(.*)', re.DOTALL)
_PARAMETER = re.compile(r';([^":;]*(?:"[^"]*"[^":;]*)*)')
_QUOTED_PRINTABLE = re.compile(rb"[^:]*QUOTED-PRINTABLE", re.IGNORECASE)
_IS_2_1 = re.compile(rb"^\s*VERSION\s*:\s*2\.1\s*$", re.IGNORECASE | re.MULTILINE)
_ESCAPE = re.compile(r"\\([\\;,:nN])")
_ESCAPE_2_1 = re.compile(r"\\([\\;,:])")
_CARET = re.compile(r"\^([n^'])")
_CARETS = {"n": "\n", "^": "^", "'": '"'}
_CHARSETS = re.compile(r"(utf|iso|latin|windows|cp|us-ascii|ascii|mac|x-mac|koi|big5|gb|euc|shift)[\w.:-]*", re.ASCII)
_ENCODINGS = frozenset({"QUOTED-PRINTABLE", "BASE64", "B", "8BIT", "7BIT"})


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a file: from line `line` on, the bytes from `start` to `end`.

    `is_card` tells a card from lines that stand outside any; `is_closed` whether an END closes it, `is_last` whether
    the file ends with it.
    """

    line: int
    start: int
    end: int
    is_card: bool = True
    is_closed: bool = True
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a card: its value as it stands, still escaped.

    `group` ties properties of a card together (`item1`), "" for none; `types` are its TYPE parameters in capitals;
    `preference` is from 1 (first) to 100, 101 where nothing is said.
    """

    name: str
    value: str
    group: str = ""
    types: frozenset[str] = frozenset()
    preference: int = MAX_PREFERENCE + 1
    is_2_1: bool = False

    @property
    def text(self) -> str:
        """The value as one text."""
        return self._unescape(self.value)

    def parts(self, separator: str) -> list[str]:
        """The texts of a value of several, which `;` or `,` separates where no backslash stands before it."""
        hidden = self.value.replace("\0", "").replace("\\\\", "\0").replace(f"\\{separator}", "\1")
        return [
            self._unescape(part.replace("\1", f"\\{separator}").replace("\0", "\\\\")).strip()
            for part in hidden.split(separator)
        ]

    def _unescape(self, value: str) -> str:
        if "\\" not in value:
            return value
        pattern = _ESCAPE_2_1 if self.is_2_1 else _ESCAPE
        return pattern.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def spans(data: bytes, passed_over: bytes) -> Iterator[Span]:
    """The cards of a file, and the lines between them but for those that begin with `passed_over`.

    A card within a card (AGENT, in 2.1) is part of it; anywhere else a BEGIN also ends the card that forgot its END.
    """
    opened = start = nested = 0
    stray: tuple[int, int] | None = None
    is_open = after_agent = is_passed_over = False
    for line, found in enumerate(_LINE.finditer(data), start=1):
        text = found[0].strip()
        word = text.replace(b" ", b"").upper() if text[:1] in b"BbEe" and len(text) < 40 else b""
        if stray and (word == b"BEGIN:VCARD" or not text):
            yield Span(stray[0], stray[1], found.start(), is_card=False)
            stray = None
        if word == b"BEGIN:VCARD":
            if is_open and after_agent:
                nested += 1
            else:
                if is_open:
                    yield Span(opened, start, found.start(), is_closed=False)
                is_open, opened, start, nested = True, line, found.start(), 0
        elif not is_open:
            is_passed_over = text.upper().startswith(passed_over) or (is_passed_over and found[0][:1] in {b" ", b"\t"})
            if text and stray is None and not is_passed_over:
                stray = line, found.start()
        elif word == b"END:VCARD":
            if not nested:
                yield Span(opened, start, found.end())
                is_open = False
            nested = max(nested - 1, 0)
        after_agent = bool(_AGENT.fullmatch(text))
    if stray:
        yield Span(stray[0], stray[1], len(data), is_card=False)
    if is_open:
        yield Span(opened, start, len(data), is_closed=False, is_last=True)


def properties(card: bytes, fallback: str) -> Iterator[Property]:
    """The properties of one card; those that make no sense are left out.

    Text is in the charset its property names, else UTF-8 where it is valid, else in the codec `fallback`.
    """
    is_2_1 = bool(_IS_2_1.search(card))
    for logical in _unfold(card, is_2_1=is_2_1):
        found = _PROPERTY.fullmatch(logical)
        if found:
            group, name, parameters, value = found.groups(b"")
            read = _read(name, group, parameters.decode("utf-8", "replace"), value, fallback, is_2_1=is_2_1)
            if read is not None:
                yield read


def _unfold(card: bytes, *, is_2_1: bool) -> Iterator[bytes]:
    """Whole properties, of however many lines (RFC 6350 §3.2, RFC 2425 §5.8.1, vCard 2.1 §2.1.3), but no pictures."""
    chunks: list[bytes] = []
    is_bulky = is_quoted = False
    depth = 0
    for found in _LINE.finditer(card):
        line = found[0].rstrip(b"\r\n")
        if is_quoted and chunks and chunks[-1].endswith(b"="):
            chunks.append(b"\n" + line)  # a soft line break: the decoder joins them (RFC 2045 §6.7)
        elif line[:1] in {b" ", b"\t"} and chunks:
            if not is_bulky:
                chunks.append(line if is_2_1 else line[1:])
        elif _START.match(line):
            depth += (line.upper() == b"BEGIN:VCARD") - (line.upper() == b"END:VCARD")
            if chunks:
                yield b"".join(chunks)
            is_bulky = bool(_BULKY.match(line)) or depth > 1
            is_quoted = not is_bulky and bool(_QUOTED_PRINTABLE.match(line))
            chunks = [] if is_bulky else [line]
        elif line.strip() and chunks:
            chunks.append(b"\n" + line)  # a text whose line was broken and not folded
    if chunks:
        yield b"".join(chunks)


def _read(name: bytes, group: bytes, parameters: str, value: bytes, fallback: str, *, is_2_1: bool) -> Property | None:
    types: set[str] = set()
    encoding = charset = ""
    preference = MAX_PREFERENCE + 1
    for said in _PARAMETER.findall(parameters):
        key, equals, content = said.partition("=")
        key = key.strip().upper()
        words = [_unquote(word) for word in (content if equals else key).split(",")]
        if key == "CHARSET":
            charset = words[0]
        elif key == "ENCODING":
            encoding = words[0].upper()
        elif key == "PREF" and words[0].isdecimal() and len(words[0]) < 4:
            preference = int(words[0])
        elif not equals and key in _ENCODINGS:
            encoding = key
        elif not equals or key == "TYPE":
            types.update(word.upper() for word in words)
    if "PREF" in types:
        preference = min(preference, 1)
    text = _text(value, encoding, charset, fallback)
    if text is None:
        return None
    named = name.decode("ascii").upper()
    return Property(named, text, group.decode("ascii", "replace").lower(), frozenset(types), preference, is_2_1)


def _unquote(word: str) -> str:
    return _CARET.sub(lambda found: _CARETS[found[1]], word.strip().strip('"')).strip()


def _text(value: bytes, encoding: str, charset: str, fallback: str) -> str | None:
    if encoding == "QUOTED-PRINTABLE":
        value = binascii.a2b_qp(value)
    elif encoding in {"BASE64", "B"}:
        try:
            value = binascii.a2b_base64(value)
            value.decode("utf-8")
        except ValueError:
            return None  # no text: a picture, or a key
    text = _decode(value, [charset.casefold(), "utf-8"]) or value.decode(fallback, errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")


def _decode(value: bytes, charsets: Sequence[str]) -> str:
    for charset in charsets:
        if _CHARSETS.fullmatch(charset):
            try:
                return value.decode(charset)
            except (LookupError, UnicodeError):
                continue
    return ""

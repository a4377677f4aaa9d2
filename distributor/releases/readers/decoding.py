"""From a file's bytes to clean text: kind of file, encoding, line ends, stray characters."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

from distributor.decoding import CONTROLS, decode
from distributor.errors import BadInput
from distributor.releases.draft import Remark

MAX_BYTES = 2_000_000

_SAVE_AS = "Save it as a Word document (.docx), as plain text (.txt) or Markdown (.md), and import that."

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Word or Office document (.doc)"),
    (b"{\\rtf", "an RTF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a WebP image or a recording"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"\x1f\x8b", "a compressed file (gzip)"),
    (b"7z\xbc\xaf", "a compressed file (7z)"),
    (b"Rar!", "a compressed file (RAR)"),
)

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028]")


@dataclass(frozen=True, slots=True)
class SourceText:
    """A file's text: NFC, line feeds only, none of `CONTROLS`; `remarks` say what was repaired."""

    text: str
    encoding: str
    remarks: tuple[Remark, ...] = ()


def decode_source(raw: bytes) -> SourceText:
    """Read the bytes of a release file.

    UTF-8 with or without a byte order mark, UTF-16 and UTF-32 with one; otherwise Windows-1252, or Mac Roman where it
    gives clearly better prose, with a remark. Raises `BadInput` for an empty, binary, oversized or damaged file.
    """
    if not raw.strip(b" \t\r\n\0" + codecs.BOM_UTF8):
        raise BadInput("This file is empty.", mend="Check that the right file was saved and chosen.")
    if len(raw) > MAX_BYTES:
        raise BadInput(
            f"This file is {len(raw) / 1e6:.1f} MB long; a release is at most {MAX_BYTES // 1_000_000} MB of text.",
            mend="Keep pictures and annexes out of it: name them under `attachments:`.",
        )
    _refuse_known_binaries(raw)
    text, encoding, remarks = _decode(raw)
    text, cleaned = clean_text(text)
    if not text.strip():
        raise BadInput("This file holds no text.", mend="Check that the right file was saved and chosen.")
    return SourceText(text, encoding, (*remarks, *cleaned))


def _refuse_known_binaries(raw: bytes) -> None:
    looks_like = next((name for magic, name in _SIGNATURES if raw.startswith(magic)), "")
    if raw.startswith(b"PK\x03\x04"):
        looks_like = _zip_kind(raw)
    if re.match(rb"\s*<(?:!doctype\s+html|html)\b", raw[:200], re.IGNORECASE):
        looks_like = "a web page (HTML)"
    if looks_like:
        raise BadInput(f"This file is {looks_like}, not text.", mend=_SAVE_AS)


def _zip_kind(raw: bytes) -> str:
    if b"opendocument.text" in raw[:200]:
        return "an OpenDocument text (.odt)"
    if b"word/" in raw:
        return "a Word document (.docx)"
    return "a compressed file (ZIP) or an office document"


def _decode(raw: bytes) -> tuple[str, str, tuple[Remark, ...]]:
    found = decode(raw)
    if "\0" in found.text:
        raise BadInput("This file is binary, not text: it holds NUL bytes.", mend=_SAVE_AS)
    if found.encoding.startswith("UTF-"):
        if "\N{REPLACEMENT CHARACTER}" in found.text:
            raise _damaged(found.text)
        return found.text, found.encoding, ()
    lossy = raw.decode("utf-8", errors="replace")
    bad = lossy.count("\N{REPLACEMENT CHARACTER}")
    if sum(not char.isascii() for char in lossy) > 4 * bad:
        raise _damaged(lossy)  # nearly all of it is UTF-8: a damaged file, not one of Windows-1252
    rows = found.text.split("\n")
    number, excerpt = next(((n, row) for n, row in enumerate(rows, 1) if not row.isascii()), (1, rows[0]))
    if "\N{REPLACEMENT CHARACTER}" in found.text:
        raise BadInput("The encoding of this file was not recognised.", mend="Save it again as UTF-8.", line=number)
    told = f"Not UTF-8: read as {found.encoding}. Check the accents: «{_short(excerpt.strip())}»."
    return found.text, found.encoding, (Remark(number, told),)


def _damaged(text: str) -> BadInput:
    return BadInput(
        "Some bytes of this file are damaged.",
        mend="Open it, mend the characters of this line, and save it again as UTF-8.",
        line=text.count("\n", 0, text.index("\N{REPLACEMENT CHARACTER}")) + 1,
    )


_LIGATURES = re.compile("[\ufb00-\ufb06]")


def clean_text(text: str) -> tuple[str, tuple[Remark, ...]]:
    """One kind of line end, NFC, no control characters or turns of direction (each removal told with its line).

    Soft hyphens go too, untold: they only say where a program may break a word, and some mail programs show them. So do
    the ligatures of a PDF («ﬁ»): who searches for «fin» does not find them.
    """
    text = _LINE_ENDS.sub("\n", text).replace("\u2029", "\n\n").removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    text = _LIGATURES.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text.replace("\N{SOFT HYPHEN}", ""))
    remarks = []
    rows = unicodedata.normalize("NFC", text).split("\n")
    for number, row in enumerate(rows, start=1):
        kept = CONTROLS.sub("", row)
        if kept != row:
            codes = ", ".join(sorted({f"U+{ord(char):04X}" for char in CONTROLS.findall(row)}))
            remarks.append(Remark(number, f"Control characters removed ({codes}): «{_short(kept.strip())}»."))
            rows[number - 1] = kept
    return "\n".join(rows), tuple(remarks)


def _short(text: str, width: int = 80) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"

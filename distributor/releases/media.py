"""What a file is, by its first bytes and its name; how large a picture is, and how large a file is in a message."""

from __future__ import annotations

import re
from dataclasses import dataclass

UNKNOWN = "application/octet-stream"

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_ENDINGS = {
    "application/pdf": ("pdf",),
    "application/rtf": ("rtf",),
    "application/zip": ("zip",),
    "application/epub+zip": ("epub",),
    "application/msword": ("doc",),
    "application/vnd.ms-excel": ("xls",),
    "application/vnd.ms-powerpoint": ("ppt",),
    f"{_OFFICE}wordprocessingml.document": ("docx",),
    f"{_OFFICE}spreadsheetml.sheet": ("xlsx",),
    f"{_OFFICE}presentationml.presentation": ("pptx",),
    f"{_OPEN}text": ("odt",),
    f"{_OPEN}spreadsheet": ("ods",),
    f"{_OPEN}presentation": ("odp",),
    "application/postscript": ("eps",),
    "application/json": ("json",),
    "application/xml": ("xml",),
    "text/plain": ("txt",),
    "text/markdown": ("md",),
    "text/csv": ("csv",),
    "text/html": ("html", "htm"),
    "text/calendar": ("ics",),
    "text/vcard": ("vcf",),
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "image/tiff": ("tif", "tiff"),
    "image/bmp": ("bmp",),
    "image/svg+xml": ("svg",),
    "image/heic": ("heic",),
    "image/avif": ("avif",),
    "image/vnd.adobe.photoshop": ("psd",),
    "audio/mpeg": ("mp3",),
    "audio/mp4": ("m4a",),
    "audio/x-wav": ("wav",),
    "audio/ogg": ("ogg",),
    "audio/flac": ("flac",),
    "video/mp4": ("mp4",),
    "video/quicktime": ("mov",),
    "video/webm": ("webm",),
    "video/x-msvideo": ("avi",),
}
_TYPES = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings}
"""By the ending of a name: our own list, since the system's differs from machine to machine."""

# What Gmail and Outlook refuse, the whole message with it (Gmail: "File types blocked in Gmail").
_PROGRAMS = frozenset(
    {
        *("ade", "adp", "apk", "app", "appx", "appxbundle", "bat", "cab", "chm", "cmd", "com", "cpl", "diagcab"),
        *("diagcfg", "diagpkg", "dll", "dmg", "ex", "ex_", "exe", "hta", "img", "ins", "iso", "isp", "jar", "jnlp"),
        *("js", "jse", "lib", "lnk", "mde", "mjs", "msc", "msi", "msix", "msixbundle", "msp", "mst", "nsh", "pif"),
        *("ps1", "scr", "sct", "shb", "sys", "vb", "vbe", "vbs", "vhd", "vhdx", "vxd", "wsc", "wsf", "wsh", "xll"),
    }
)

# (where, first bytes, type). A container says only what family a file is of: its name says the rest.
_SIGNATURES = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/x-wav"),
    (8, b"AVI ", "video/x-msvideo"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"8BPS", "image/vnd.adobe.photoshop"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"%!PS", "application/postscript"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"PK\x03\x04", "zip"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (4, b"ftyp", "iso"),
)
_FAMILIES = {
    "zip": frozenset({_TYPES[name] for name in ("zip", "epub", "docx", "xlsx", "pptx", "odt", "ods", "odp")}),
    "ole": frozenset({_TYPES[name] for name in ("doc", "xls", "ppt")}),
    "iso": frozenset({_TYPES[name] for name in ("mp4", "mov", "m4a", "heic", "avif")}),
}
_FAMILY_TYPES = {"zip": "application/zip", "ole": UNKNOWN, "iso": UNKNOWN}
_PROGRAM_STARTS = (b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"#!")
_SVG = re.compile(rb"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg[\s/>]", re.DOTALL)
_HEAD = 2048

SHOWN_EVERYWHERE = frozenset({"image/png", "image/jpeg", "image/gif"})
"""The pictures that every mail program shows (caniemail.com); WebP is missing from Outlook on Windows."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's type, and its size in pixels."""

    media_type: str
    width: int
    height: int


def media_type(name: str, content: bytes) -> str:
    """The media type of a file: what its first bytes say, as its name spells it out where they leave it open.

    A name whose ending nobody knows, with content that nobody knows, is `application/octet-stream`.
    """
    by_name = _TYPES.get(_ending(name), UNKNOWN)
    by_content = _by_content(content)
    if not by_content or by_name in _FAMILIES.get(by_content, ()):
        return by_name
    return _FAMILY_TYPES.get(by_content, by_content)


def promised_type(name: str, content: bytes) -> str:
    """The type that a name promises and the content does not keep; "" where they agree, or one says nothing."""
    by_name = _TYPES.get(_ending(name), "")
    if not by_name or not _by_content(content):
        return ""
    return by_name if media_type(name, content) != by_name else ""


def is_program(name: str, content: bytes) -> bool:
    """Whether a file is a program or script, by name or content: large providers refuse a message that holds one."""
    return _ending(name) in _PROGRAMS or content.startswith(_PROGRAM_STARTS)


def is_svg(name: str, content: bytes) -> bool:
    """Whether a picture is SVG, which no large mail program shows, and which may hold scripts."""
    return _ending(name) == "svg" or _SVG.match(content[:_HEAD]) is not None


def encoded_size(size: int) -> int:
    """How many bytes a file of `size` has in a message: base64 in lines of 76 and CRLF (RFC 2045 §6.8)."""
    letters = -(-size // 3) * 4
    return letters + -(-letters // 76) * 2


def read_picture(content: bytes) -> Picture | None:
    """The type and size of a PNG, JPEG, GIF or WebP picture; None for anything else, a broken one included."""
    kind = _by_content(content)
    size = _READERS[kind](content) if kind in _READERS else None
    return Picture(kind, *size) if size is not None and all(1 <= side <= 100_000 for side in size) else None


def _ending(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    return ending.lower() if dot and stem else ""


def _by_content(content: bytes) -> str:
    """The type, or the family of types, that the first bytes are a sign of; "" if of none."""
    for where, start, kind in _SIGNATURES:
        if content.startswith(start, where):
            return kind
    return "image/svg+xml" if _SVG.match(content[:_HEAD]) else ""


def _png(content: bytes) -> tuple[int, int] | None:
    # Signature, length, "IHDR", width, height (PNG specification §11.2.2).
    if content[12:16] != b"IHDR" or len(content) < 24:
        return None
    return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])


def _gif(content: bytes) -> tuple[int, int] | None:
    if len(content) < 10:
        return None
    return int.from_bytes(content[6:8], "little"), int.from_bytes(content[8:10], "little")


def _jpeg(content: bytes) -> tuple[int, int] | None:
    """Marker by marker to the frame header (ITU-T T.81 §B.2.2)."""
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            return int.from_bytes(content[at + 7 : at + 9]), int.from_bytes(content[at + 5 : at + 7])
        else:
            at += 2 + max(2, int.from_bytes(content[at + 2 : at + 4]))
    return None


def _webp(content: bytes) -> tuple[int, int] | None:
    """The three forms of RFC 9649: lossy, lossless, extended."""
    match content[12:16]:
        case b"VP8 " if content[23:26] == b"\x9d\x01\x2a" and len(content) >= 30:
            sides = int.from_bytes(content[26:28], "little"), int.from_bytes(content[28:30], "little")
            return sides[0] & 0x3FFF, sides[1] & 0x3FFF
        case b"VP8L" if len(content) >= 25:
            bits = int.from_bytes(content[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X" if len(content) >= 30:
            return int.from_bytes(content[24:27], "little") + 1, int.from_bytes(content[27:30], "little") + 1
    return None


_READERS = {"image/png": _png, "image/gif": _gif, "image/jpeg": _jpeg, "image/webp": _webp}

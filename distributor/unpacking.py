"""Unpacking an archive that nobody vouches for: nothing inflates beyond limits, and only what was measured is read.

A zip file says itself how large it is, in two places that may disagree with each other and with the truth. So the parts
are inflated here, against a budget of real bytes, and whoever reads the document gets a new archive made of those
parts. Workbooks and word processors' documents alike are such archives of XML.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from xml.parsers import expat

MAX_MEMBERS = 5_000
MAX_RATIO = 200
"""How many times its size a part may unpack to: documents stay under 50, bombs reach 1,000."""

_SMALL = 10_000_000  # below this any ratio will do
_DIRECTORY_ENTRY = b"PK\x01\x02"
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_CHUNK = 1 << 20
_MAX_DEPTH = 100


class Unreadable(ValueError):
    """An archive that is not to be read; each room says it in the words of what it reads."""


class Damaged(Unreadable):
    """It is broken, or no archive at all."""


class Encrypted(Unreadable):
    """It wants a password."""


class TooLarge(Unreadable):
    """It would fill the memory; the text says what is too large about it."""


def unpack(data: bytes, keeps: Callable[[str], bool], *, most: int) -> dict[str, bytes]:
    """The parts of an archive whose names `keeps` wants, by name; `most` bytes in all.

    Raises `Damaged`, `Encrypted`, or `TooLarge` for one that says, or turns out, to be larger than we read: in parts,
    in bytes, or in bytes for what it weighs.
    """
    if data.count(_DIRECTORY_ENTRY) > MAX_MEMBERS:  # before the directory is read: it may be all there is
        raise TooLarge(f"it has more than {MAX_MEMBERS:,} parts")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [member for member in archive.infolist() if keeps(member.filename)]
            _check(members, len(data), most)
            return _inflate(archive, members, most)
    except Unreadable:
        raise
    except (
        zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, NotImplementedError, OverflowError,
    ):  # fmt: skip
        raise Damaged from None


def repack(parts: Mapping[str, bytes]) -> bytes:
    """An archive of these parts and nothing else, not compressed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part)
    return out.getvalue()


def _check(members: list[zipfile.ZipInfo], size: int, most: int) -> None:
    """Refuse what the directory itself gives away."""
    if any(member.flag_bits & 1 for member in members):
        raise Encrypted
    if len({member.filename for member in members}) < len(members):
        raise Damaged  # two parts of one name: which of them would be read?
    if any(member.compress_type not in _METHODS for member in members):
        raise Damaged
    _check_size(sum(member.file_size for member in members), size, most)


def _check_size(unpacked: int, size: int, most: int) -> None:
    if unpacked > most:
        raise TooLarge(f"it unpacks to more than {most // 1_000_000} MB")
    if unpacked > _SMALL and unpacked > size * MAX_RATIO:
        raise TooLarge(f"it unpacks to more than {MAX_RATIO} times its size")


def _inflate(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], most: int) -> dict[str, bytes]:
    parts: dict[str, bytes] = {}
    total = 0
    for member in members:
        chunks = []
        with archive.open(member) as part:
            while chunk := part.read(_CHUNK):
                total += len(chunk)
                _check_size(total, most, most)
                chunks.append(chunk)
        _check_size(sum(map(len, chunks)), max(member.compress_size, 1), most)
        parts[member.filename] = b"".join(chunks)
    return parts


class PartReader:
    """What goes through one part: elements by their local names, nesting counted."""

    wants_text = False

    def __init__(self) -> None:
        self.depth = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise ValueError(tag)
        self.enter(tag.rpartition(":")[2] if ":" in tag else tag, attributes)

    def end(self, tag: str) -> None:
        self.depth -= 1
        self.leave(tag.rpartition(":")[2] if ":" in tag else tag)

    def enter(self, tag: str, attributes: dict[str, str], /) -> None:
        """An element begins."""

    def leave(self, tag: str, /) -> None:
        """An element ends."""

    def text(self, text: str, /) -> None:
        """Characters between."""


def walk(xml: bytes, reader: PartReader) -> None:
    """Hand a part's elements to `reader`; document types are refused, and with them every entity of its own.

    Raises `Damaged` for what is no XML, nested deeper than anybody's, or says what `reader` cannot make sense of.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    if reader.wants_text:
        parser.CharacterDataHandler = reader.text

    def refuse(*_: object) -> None:
        raise Damaged

    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(xml, True)
    except Unreadable:
        raise
    except (expat.ExpatError, ValueError, LookupError):  # the last: an encoding of no name
        raise Damaged from None

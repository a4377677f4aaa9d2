"""Small pictures of one colour, made here: PNG, and the heads of JPEG, GIF and WebP."""

from __future__ import annotations

import struct
import zlib


def png(width: int = 4, height: int = 3, colour: tuple[int, int, int] = (122, 31, 43)) -> bytes:
    """A whole PNG."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes(colour) * width) * height
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def jpeg(width: int, height: int) -> bytes:
    """A JPEG as far as its frame header, behind a comment and a fill byte."""
    frame = b"\x08" + struct.pack(">HH", height, width) + b"\x03" + b"\x01\x11\0" * 3
    return b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xfe\x00\x06wxyz\xff\xc2" + struct.pack(">H", len(frame) + 2) + frame


def gif(width: int, height: int) -> bytes:
    """A GIF as far as its screen descriptor."""
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0;"


def webp(kind: str, width: int, height: int) -> bytes:
    """A WebP of one of its three kinds, as far as its size (RFC 9649)."""
    match kind:
        case "VP8 ":
            head = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height)
        case "VP8L":
            head = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14)
        case _:
            head = b"\0\0\0\0" + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    body = b"WEBP" + kind.encode() + struct.pack("<I", len(head)) + head
    return b"RIFF" + struct.pack("<I", len(body)) + body

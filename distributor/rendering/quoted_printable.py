"""Quoted-printable (RFC 2045 §6.7), one line at a time, so that what every message shares is encoded once."""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from functools import lru_cache

from distributor.lines import fit

_MEMO_LINES = 4096
_MEMO_LINE_LENGTH = 4096
_MEMO_PIECES = 1024
_MEMO_PIECE_LENGTH = 65536


def encode(text: str) -> bytes:
    """Encode `text` as 7-bit lines of at most 76 characters, joined and ended by CRLF.

    Any line end (CRLF, CR, LF) of `text` is a line end of the result; an unpaired surrogate becomes "?".
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.removesuffix("\n").split("\n")
    return b"\r\n".join(map(_line, lines)) + b"\r\n"


def encode_pieces(pieces: Sequence[str]) -> list[bytes]:
    """What `encode` gives for the pieces put together, as parts of whole lines.

    What the pieces hold of whole lines is encoded once, and found fit for the wire once.
    """
    if len(pieces) == 1 or "\r" in "".join(pieces):
        return [encode("".join(pieces))]
    encoded: list[bytes] = []
    begun: list[str] = []  # the line that the next piece goes on with
    for piece in pieces:
        if "\n" not in piece:
            begun.append(piece)
            continue
        cut = _remembered_cut if len(piece) <= _MEMO_PIECE_LENGTH else _cut
        end, whole, begins = cut(piece, bool(begun))
        if begun:
            begun.append(end)
            encoded.append(_encode("".join(begun)) + b"\r\n")  # a recipient's own, and not remembered
        if whole:
            encoded.append(whole)
        begun = [begins] if begins else []
    if any(begun) or not encoded:
        encoded.append(_encode("".join(begun)) + b"\r\n")
    return encoded


def _cut(piece: str, is_begun: bool) -> tuple[str, bytes, str]:
    """The end of the line that a piece before it has begun, if one has; whole lines, encoded; what begins a line."""
    end, _, rest = piece.partition("\n") if is_begun else ("", "", piece)
    lines, newline, begins = rest.rpartition("\n")
    return str(end), fit(encode(lines + newline)) if newline else b"", str(begins)


def _line(line: str) -> bytes:
    return _remembered(line) if len(line) <= _MEMO_LINE_LENGTH else _encode(line)


def _encode(line: str) -> bytes:
    raw = line.encode("utf-8", "replace")
    if not raw.startswith(b"From "):
        return binascii.b2a_qp(raw, istext=True).replace(b"=\n", b"=\r\n")
    # mbox mailboxes alter a line that begins with "From ", which breaks signatures: its F is encoded, as rule 1 allows.
    # Two letters before it hold the room that "=46" takes.
    return b"=46" + binascii.b2a_qp(b"--" + raw, istext=True).replace(b"=\n", b"=\r\n")[3:]


# The least recently used goes first: lines that all messages share stay, a recipient's own lines pass through.
_remembered = lru_cache(maxsize=_MEMO_LINES)(_encode)
_remembered_cut = lru_cache(maxsize=_MEMO_PIECES)(_cut)

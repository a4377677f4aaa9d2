"""Quoted-printable (RFC 2045 §6.7), one line at a time, so that what every message shares is encoded once."""

from __future__ import annotations

import binascii
from functools import lru_cache

_MEMO_LINES = 4096
_MEMO_LINE_LENGTH = 4096


def encode(text: str) -> bytes:
    """Encode `text` as 7-bit lines of at most 76 characters, joined and ended by CRLF.

    Any line end (CRLF, CR, LF) of `text` is a line end of the result; an unpaired surrogate becomes "?".
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.removesuffix("\n").split("\n")
    encoded = [_remembered(line) if len(line) <= _MEMO_LINE_LENGTH else _encode(line) for line in lines]
    return b"\r\n".join(encoded) + b"\r\n"


def _encode(line: str) -> bytes:
    raw = line.encode("utf-8", "replace")
    if not raw.startswith(b"From "):
        return binascii.b2a_qp(raw, istext=True).replace(b"=\n", b"=\r\n")
    # mbox mailboxes alter a line that begins with "From ", which breaks signatures: its F is encoded, as rule 1 allows.
    # Two letters before it hold the room that "=46" takes.
    return b"=46" + binascii.b2a_qp(b"--" + raw, istext=True).replace(b"=\n", b"=\r\n")[3:]


# The least recently used goes first: lines that all messages share stay, a recipient's own lines pass through.
_remembered = lru_cache(maxsize=_MEMO_LINES)(_encode)

"""A journalist's answer inside a message of ours: enclosed byte for byte, and answered to its author."""

from __future__ import annotations

import re
from base64 import encodebytes
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr

_LONGEST_LINE = 998
_LONE = re.compile(rb"\r(?!\n)")
_WORDS = {
    "fr": ("Réponse de {sender} à un communiqué. Elle est jointe telle qu'elle est arrivée.", "reponse.eml"),
    "en": ("An answer of {sender} to a release. It is enclosed as it came.", "answer.eml"),
}
_CUT = {
    "fr": "Elle est trop longue pour être jointe en entier : la suite est dans la boîte où elle est arrivée.",
    "en": "It is too long to be enclosed whole: the rest is in the mailbox where it arrived.",
}


def enclosing(
    raw: bytes,
    *,
    sent_by: tuple[str, str],
    to: str,
    sender: str,
    subject: str,
    message_id: str,
    date: datetime,
    language: str,
    is_cut: bool = False,
) -> bytes:
    """A message to `to` that encloses `raw`; an answer to it goes to `sender`.

    An answer that is resent (RFC 5322 §3.6.6) would leave our server in its author's name, and fail the DMARC check of
    their domain; enclosed, it passes, and nothing of it is changed. It says that a program sent it (RFC 3834).
    """
    words, name = _WORDS.get(language, _WORDS["en"])
    text = words.format(sender=sender) + (f"\r\n{_CUT.get(language, _CUT['en'])}" if is_cut else "")
    whole = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    boundary = _boundary(raw)
    headers = [
        f"From: {formataddr(sent_by, 'utf-8')}",
        f"To: {to}",
        *([f"Reply-To: {sender}"] if sender.isascii() and sender else []),
        f"Subject: {Header(' '.join(subject.split()) or '-', 'utf-8', maxlinelen=60).encode(linesep=_FOLD)}",
        f"Date: {format_datetime(date)}",
        f"Message-ID: {message_id}",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/mixed; boundary="{boundary}"',
    ]
    note = ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "", _base64(text.encode())]
    if is_seven_bit(whole):
        kind = ["Content-Type: message/rfc822", f'Content-Disposition: attachment; filename="{name}"', ""]
        part = "\r\n".join(kind).encode() + b"\r\n" + whole
    else:  # RFC 2046 §5.2.1 lets a message part not be encoded: what cannot go as it is goes as a file
        kind = [f'Content-Type: application/octet-stream; name="{name}"', "Content-Transfer-Encoding: base64"]
        kind += [f'Content-Disposition: attachment; filename="{name}"', "", _base64(raw)]
        part = "\r\n".join(kind).encode()
    first = "\r\n".join([*headers, "", f"--{boundary}", *note, f"--{boundary}", ""]).encode("ascii")
    return first + part + f"\r\n--{boundary}--\r\n".encode()


_FOLD = "\r\n"


def is_seven_bit(message: bytes) -> bool:
    """Whether a message with CRLF line ends may stand on any wire as it is."""
    if not message.isascii() or b"\0" in message or _LONE.search(message):
        return False
    return max(map(len, message.split(b"\r\n")), default=0) <= _LONGEST_LINE


def _boundary(raw: bytes) -> str:
    number = 0
    while f"=_enclosed_{number}".encode() in raw:
        number += 1
    return f"=_enclosed_{number}"


def _base64(data: bytes) -> str:
    return encodebytes(data).decode("ascii").replace("\n", "\r\n").removesuffix("\r\n")

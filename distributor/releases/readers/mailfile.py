"""Reading a release saved as a mail (.eml): the text that the mail holds, and in words what else it holds."""

from __future__ import annotations

import email
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.message import Message
from email.policy import compat32
from html import escape

from distributor.decoding import decode, readable
from distributor.errors import BadInput
from distributor.releases.draft import Remark
from distributor.releases.readers import html
from distributor.releases.readers.embargo import sentences_on_one

MAX_BYTES = 40_000_000

_HEADER = re.compile(rb"\A(?:[!-9;-~]{1,60}:[ \t][^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n){2,}\r?\n")
_ONLY_A_MAILER_WRITES = re.compile(rb"^(?:MIME-Version|Message-ID|Received|Return-Path):", re.IGNORECASE | re.MULTILINE)
_LOOKED_AT = 60_000
_FLOWED = re.compile(r"(?<=\S)(?<!^--) \r?\n(?=[^\s>])", re.MULTILINE)  # RFC 3676 §4.1: the line goes on


@dataclass(frozen=True, slots=True)
class Mail:
    """The text of a mail, as the bytes of a file of its own, and remarks on where it stood and what else was there."""

    content: bytes
    remarks: tuple[Remark, ...]


def is_mail(raw: bytes) -> bool:
    """Whether a file is a mail as a mail program saves it; the words «From: … Sent: …» of a pasted one are not."""
    header = _HEADER.match(raw[:_LOOKED_AT])
    return header is not None and _ONLY_A_MAILER_WRITES.search(header[0]) is not None


def read_mail(raw: bytes) -> Mail:
    """The first plain text of a mail, else its first page; raises `BadInput` for one too big or without either."""
    if len(raw) > MAX_BYTES:
        raise BadInput(
            f"This mail is too big ({len(raw) // 1_000_000} MB; {MAX_BYTES // 1_000_000} are the most we read).",
            mend="Save its text as a file, and import that.",
        )
    try:
        taken = _take_apart(raw)
    except (MessageError, RecursionError, ValueError, LookupError, AttributeError, TypeError, AssertionError) as error:
        # What the standard library raises on malformed headers and nesting has changed with every version.
        raise BadInput(
            f"This mail cannot be taken apart ({type(error).__name__}).",
            mend="Save its text as a file, and import that.",
        ) from None
    content, around, attached = taken
    if not content:
        raise BadInput(
            "This mail holds no text of its own.",
            mend="Save what is attached to it as a file, and import that.",
        )
    remarks = [Remark(None, around)]
    if attached:
        names = ", ".join(f"«{name}»" for name in attached)
        remarks.append(Remark(None, f"Attached to the mail, and left out: {names}."))
    return Mail(content, tuple(remarks))


def _take_apart(raw: bytes) -> tuple[bytes, str, list[str]]:
    """The text that is read, or b""; in words which mail it is; and the names of what is attached."""
    message = email.message_from_bytes(raw, policy=compat32)
    parts = [part for part in message.walk() if not part.is_multipart()]
    texts = [part for part in parts if part.get_content_maintype() == "text" and not part.get_filename()]
    wanted = sorted(texts, key=lambda part: part.get_content_subtype() != "plain")
    subject, sender = (" ".join(readable(str(message.get(name, ""))).split()) for name in ("Subject", "From"))
    # An embargo that only the subject tells holds as well: it is read where a mail's header is pasted above a text.
    above = [f"De : {sender}", f"Objet : {subject}"] if sentences_on_one(subject) else []
    content = next((found for part in wanted if (found := _content(part, above)).strip()), b"")
    attached = [readable(name) for part in parts if (name := part.get_filename())]
    return content, f"Read as the text of the mail «{subject}» of {sender}.", attached


def _content(part: Message, above: Sequence[str]) -> bytes:
    """A part's text as a file would hold it, below the lines `above`: plain text in UTF-8, a page as it came."""
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    is_html = part.get_content_subtype() == "html"
    if is_html and not above and html.is_page(data):
        return data
    text = _text(data, part.get_content_charset())
    if not text.strip():
        return b""
    if part.get_param("format") == "flowed":
        text = _FLOWED.sub(" ", text)
    if is_html:
        lines = "".join(f"<p>{escape(line)}</p>" for line in above)
        text = f'<html><head><meta charset="utf-8"></head><body>{lines}{text}</body></html>'
    elif above:
        text = "\n".join([*above, "", text])
    return text.encode("utf-8", "replace")


def _text(data: bytes, charset: str | None) -> str:
    try:
        return data.decode(charset or "utf-8")
    except (LookupError, ValueError):
        return decode(data).text

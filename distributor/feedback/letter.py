"""Taking a message that a stranger wrote apart: bounded in size, parts and time, and never an exception."""

from __future__ import annotations

import email
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

from distributor.decoding import MAX_HEADER, decode_declared, from_escapes, readable
from distributor.feedback.markup import text_of_html

MAX_BYTES = 1_000_000
MAX_PARTS = 100
MAX_TEXT = 100_000
MAX_LINES = 3_000
"""What is read of a message, of its parts, of its text: what a bounce says stands at its beginning."""

_DECLARED = re.compile(rb"^content-type:[ \t]*\n?[ \t]*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)
_MAX_DECLARED = 60  # deeper nesting is no mail, and costs the parser more than its length
_MAX_BOUNDARIES = 3_000
_MAX_FIELDS = 2_000
_MAX_ENCODED = 200_000
_FROM_LINE = re.compile(rb"\A(?:>?From [^\n]*\n)+")
_MIME_FIELD = re.compile(r"(?:content-[\w-]+:|\s+\S)", re.IGNORECASE)
RETURNED = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
)
"""Types of a part that holds the message itself that came back, or its headers (RFC 6522 §3, RFC 6533 §5)."""


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf or report part: its type in small letters, and its text."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A message taken apart. `parts` in order, down to the first message that it carries; `trouble` says what was cut.

    `returned` is the text (headers first) of the message that came back with it, or ""; `nested` the same, unread.
    """

    fields: Mapping[str, list[str]]
    parts: tuple[Part, ...]
    returned: str
    trouble: str = ""
    nested: Message | None = None

    def header(self, name: str) -> str:
        """The first field of that name, decoded and on one line, or ""."""
        return readable(self.raw(name))

    def raw(self, name: str) -> str:
        """The first field of that name as it was written, or ""."""
        return next(iter(self.fields.get(name.lower(), ())), "")

    def all(self, *names: str) -> list[str]:
        """Every field of these names, as written."""
        return [value for name in names for value in self.fields.get(name.lower(), ())]

    def first(self, *kinds: str) -> Part | None:
        """The first part of one of these types."""
        return next((part for part in self.parts if part.kind in kinds), None)

    @property
    def text(self) -> str:
        """What it says in words: its plain parts, or its HTML where it has no plain one."""
        plain = [part.text for part in self.parts if part.kind == "text/plain" and part.text.strip()]
        text = "\n\n".join(plain or [part.text for part in self.parts if part.kind == "text/html"])[:MAX_TEXT]
        return "\n".join(text.split("\n", MAX_LINES)[:MAX_LINES])


def read_letter(raw: bytes) -> Letter:
    """Take `raw` apart, whatever it is. Lone carriage returns end a line, as they did for whoever wrote them."""
    trouble = "only its first megabyte was read" if len(raw) > MAX_BYTES else ""
    data = raw[:MAX_BYTES].replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
    data = _FROM_LINE.sub(b"", data)
    try:
        if len(_DECLARED.findall(data)) <= _MAX_DECLARED and data.count(b"\n--") <= _MAX_BOUNDARIES:
            return _take_apart(email.message_from_bytes(data, policy=compat32), trouble)
        trouble = "it has too many parts within parts"
    except (RecursionError, ValueError, LookupError, AttributeError, TypeError, AssertionError) as error:
        # What the standard library raises on malformed headers and nesting has changed with every version.
        trouble = f"it cannot be taken apart ({type(error).__name__})"
    return _headers_only(data, trouble)


def _fields(headers: Message) -> dict[str, list[str]]:
    """The fields by their names in small letters. `Message.get` would spoil what is not ASCII."""
    fields: dict[str, list[str]] = {}
    for name, value in itertools.islice(headers.raw_items(), _MAX_FIELDS):
        fields.setdefault(name.lower(), []).append(from_escapes(str(value)))
    return fields


def _take_apart(message: Message, trouble: str) -> Letter:
    parts: list[Part] = []
    returned = ""
    nested: Message | None = None
    waiting = [message]
    while waiting and len(parts) < MAX_PARTS:
        one = waiting.pop()
        kind = one.get_content_type()
        if kind in RETURNED and one is not message:
            returned = returned or _returned_text(one)
            nested = nested or _inner(one)
        elif kind.startswith("message/") and one is not message and kind not in RETURNED:
            parts.append(Part(kind, _status_text(one)))
        elif one.is_multipart():
            inner = one.get_payload()
            assert isinstance(inner, list)
            waiting.extend(
                inner_one for inner_one in reversed(inner[: MAX_PARTS + 1]) if isinstance(inner_one, Message)
            )
        elif kind.startswith("multipart/"):
            parts.append(Part("text/plain", _without_boundaries(part_text(one))))
        else:
            parts.append(Part(kind, part_text(one)))
    if waiting:
        trouble = trouble or "it has more parts than are read"
    return Letter(_fields(message), tuple(parts), returned, trouble, nested)


def inner_letter(letter: Letter) -> Letter | None:
    """The message that a letter carries, taken apart in its turn; None where it carries none."""
    return None if letter.nested is None else _take_apart(letter.nested, letter.trouble)


def _inner(part: Message) -> Message | None:
    payload = part.get_payload()
    return payload[0] if isinstance(payload, list) and payload and isinstance(payload[0], Message) else None


def _headers_only(data: bytes, trouble: str) -> Letter:
    head, _, body = data.partition(b"\n\n")
    try:
        headers: Message = BytesHeaderParser(policy=compat32).parsebytes(head[: MAX_BYTES // 4])
    except (ValueError, RecursionError):
        headers = Message()
    return Letter(_fields(headers), (Part("text/plain", decode_declared(body[:MAX_TEXT], "")),), "", trouble)


def _returned_text(part: Message) -> str:
    """The message that a part carries, as text; of a real one the headers, and the beginning of its body."""
    inner = part.get_payload()
    if not isinstance(inner, list):
        return part_text(part)
    lines: list[str] = []
    for message in inner[:1]:
        if isinstance(message, Message):
            lines += [f"{name}: {from_escapes(str(value)[:MAX_HEADER])}" for name, value in message.raw_items()]
            lines.append("")
            if not message.is_multipart():
                lines.append(part_text(message)[:MAX_HEADER])
    return "\n".join(lines)[:MAX_TEXT]


def _without_boundaries(text: str) -> str:
    """The text of a multipart whose boundary cannot be known: each piece without its first headers."""
    kept: list[str] = []
    in_headers = False
    for line in text.split("\n"):
        if line.startswith("--") and len(line) > 8 and " " not in line.strip():
            in_headers = True
        elif in_headers and not line.strip():
            in_headers = False
        elif not in_headers or not _MIME_FIELD.match(line):
            kept.append(line)
    return "\n".join(kept)


def _status_text(part: Message) -> str:
    """The fields of a delivery status: the parser makes messages of its blocks, unless it was encoded."""
    inner = part.get_payload()
    if not isinstance(inner, list):
        return part_text(part)
    blocks = []
    for block in inner[: MAX_PARTS * 10]:
        if isinstance(block, Message):
            fields = [f"{name}: {from_escapes(str(value))}" for name, value in block.raw_items()]
            rest = block.get_payload()
            blocks.append("\n".join(fields) + (f"\n{from_escapes(rest)}" if isinstance(rest, str) and rest else ""))
    text = "\n\n".join(blocks)[:MAX_TEXT]
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    if encoding in {"base64", "quoted-printable"} and ":" not in text.partition("\n")[0]:
        whole = Message()
        whole["Content-Transfer-Encoding"] = encoding
        whole.set_payload("\n".join(str(block.get_payload()) for block in inner if isinstance(block, Message)))
        return part_text(whole)
    return text


def part_text(part: Message) -> str:
    """A part's text, decoded by its own charset, or by what fits; HTML without its tags. Never raises."""
    try:
        written = part.get_payload()
        if isinstance(written, str) and len(written) > _MAX_ENCODED:
            part.set_payload(written[:_MAX_ENCODED])
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError, AttributeError, RecursionError):
        data = None
    if not isinstance(data, bytes):
        return ""
    try:
        charset = str(part.get_param("charset") or "")
    except (ValueError, LookupError, TypeError):
        charset = ""
    text = decode_declared(data[: MAX_TEXT * 2], charset)[:MAX_TEXT]
    return text_of_html(text) if part.get_content_type() == "text/html" else text

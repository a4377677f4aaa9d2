"""Header fields as bytes: checked, encoded (RFC 2047), folded (RFC 5322 §2.2.3), never able to hold a second field.

Written here because the standard library's writer encodes `List-Unsubscribe`, emits empty encoded-words and, on
several Python versions, lets an encoded-word in a display name turn into a header line of its own.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

from distributor.addresses import Address
from distributor.errors import BadInput
from distributor.lines import fit

_LINE = 78  # RFC 5322 §2.1.1, should
_HARD_LINE = 998  # RFC 5322 §2.1.1, must
_WORD_LINE = 76  # RFC 2047 §2, a line that holds an encoded-word
WORD = 75  # RFC 2047 §2, an encoded-word
_WORD_FRAME = len("=?utf-8?q??=")

_PLAIN_Q = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")  # RFC 2047 §5 (3)
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOT_ATOM = re.compile(r"[^\s\x00-\x20\x7f()<>\[\]:;@\\,.\"]+(?:\.[^\s\x00-\x20\x7f()<>\[\]:;@\\,.\"]+)*")
_QUOTED_LOCAL = re.compile(r'"(?:[^\x00-\x1f"\\\x7f]|\\[\x20-\x7e])*"')
_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9A-Za-z:.]+\]")
# Where no encoded-word may stand (RFC 2047 §5), some programs decode what looks like one, line ends included.
_MESSAGE_ID = re.compile(r"(?!.*=\?)[!-;=?A-Z^-~]+@[!-;=?A-Z^-~]+")
_URL = re.compile(r"(?!.*=\?)(?:https|mailto):[!-;=?-~]+")
_LIST_ID = 255  # RFC 2919 §2
_FEEDBACK_ID = re.compile(r"[A-Za-z0-9._-]{1,60}(?::[A-Za-z0-9._-]{1,60}){0,2}:[A-Za-z0-9._-]{5,15}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")


class BadHeader(BadInput):
    """A value that cannot stand in a header field; says which field and why."""


def text_header(name: str, value: str) -> bytes:
    """An unstructured field such as Subject, with its CRLF; encoded only when the value asks for it."""
    check_text(name, value)
    if not _needs_encoding(value):
        folded = _fold_words(len(name) + 2, value)
        if folded is not None:
            return f"{name}: {folded}\r\n".encode("ascii")
    return f"{name}: {encoded_words(value, len(name) + 2)}\r\n".encode("ascii")


def mailbox_header(name: str, display: str, address: Address, *, allow_utf8: bool = False) -> bytes:
    """A From, To or Reply-To field with one mailbox (RFC 5322 §3.4).

    With `allow_utf8`, a local part that is not ASCII is written as it is (RFC 6532 §3.2): such a message may leave only
    under SMTPUTF8. Without it, it is a `BadHeader`. An encoded-word in `display` is shown as it stands, never decoded.
    """
    spec = _address(name, address, allow_utf8=allow_utf8)
    phrase = _phrase(name, display, len(name) + 2)
    if not phrase:
        # Whoever has no name is written as the bare address: an empty phrase before <…> confuses some readers.
        return f"{name}: {spec}\r\n".encode()
    last_line = phrase.rpartition("\r\n")[2]
    room = _WORD_LINE if last_line.lstrip().startswith("=?") else _LINE
    used = len(last_line) + (0 if "\r\n" in phrase else len(name) + 2)
    gap = " " if used + len(spec) + 3 <= room else "\r\n "
    return f"{name}: {phrase}{gap}<{spec}>\r\n".encode()


def message_id_header(message_id: str) -> bytes:
    """The Message-ID field (RFC 5322 §3.6.4); never folded, never encoded."""
    return f"Message-ID: <{bare_message_id(message_id)}>\r\n".encode("ascii")


def thread_headers(references: Sequence[str]) -> bytes:
    """In-Reply-To and References (RFC 5322 §3.6.4) of a message that follows these, the last one above all; or b""."""
    if not references:
        return b""
    wrapped = [f"<{bare_message_id(one)}>" for one in references]
    listed = "\r\n ".join(wrapped)
    return f"In-Reply-To: {wrapped[-1]}\r\nReferences: {listed}\r\n".encode("ascii")


def bare_message_id(message_id: str) -> str:
    """The message identifier without its brackets; `BadHeader` if it is not one."""
    bare = message_id[1:-1] if message_id.startswith("<") and message_id.endswith(">") else message_id
    if not _MESSAGE_ID.fullmatch(bare) or len(bare) > _HARD_LINE - 20:
        raise BadHeader(f"{message_id[:60]!r} is no message identifier.", field="Message-ID")
    return bare


def date_header(moment: datetime) -> bytes:
    """The Date field (RFC 5322 §3.3) of an aware time."""
    if moment.tzinfo is None:
        raise BadHeader("A time without a zone names no instant.", field="Date")
    return _date_field(moment, moment.utcoffset())


@lru_cache(maxsize=64)  # a dispatch has one date; equal instants in two zones are written differently
def _date_field(moment: datetime, _offset: timedelta | None) -> bytes:
    return fit(f"Date: {format_datetime(moment)}\r\n".encode("ascii"))


def unsubscribe_headers(mailto: str, url: str) -> bytes:
    """List-Unsubscribe (RFC 2369 §3.2), https first; with an https URL, List-Unsubscribe-Post too (RFC 8058 §3.1).

    The URLs are never encoded nor broken, however long: mailbox providers ignore the field otherwise. No URL, no field.
    """
    targets = []
    for scheme, target in (("https:", url), ("mailto:", mailto)):
        if not target:
            continue
        if not target.startswith(scheme) or not _URL.fullmatch(target) or len(target) > _HARD_LINE - 24:
            raise BadHeader(f"This is no plain ASCII {scheme} address: {target[:60]!r}.", field="List-Unsubscribe")
        targets.append(f"<{target}>")
    if not targets:
        return b""
    field = "List-Unsubscribe: " + ",\r\n ".join(targets) + "\r\n"
    if url:
        field += "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    return field.encode("ascii")


def language_header(language: str) -> bytes:
    """Content-Language (RFC 3282), a language tag."""
    if not _LANGUAGE.fullmatch(language):
        raise BadHeader(
            f"{language!r} is no language tag.", field="Content-Language", mend="Write fr or en, for example."
        )
    return f"Content-Language: {language}\r\n".encode("ascii")


def list_id_header(list_id: str) -> bytes:
    """List-Id (RFC 2919 §2): `<label.domain>`, without the phrase, which no reader shows and some would not decode."""
    if not _DOMAIN.fullmatch(list_id) or "." not in list_id or len(list_id) > _LIST_ID:
        raise BadHeader(f"{list_id!r} is no list identifier.", field="List-Id", mend="Write it as press.example.org.")
    return f"List-Id: <{list_id}>\r\n".encode("ascii")


def feedback_id_header(feedback_id: str) -> bytes:
    """Feedback-ID, as Gmail and others read it: up to three labels and the sender's, with colons between them."""
    if not _FEEDBACK_ID.fullmatch(feedback_id):
        raise BadHeader(f"{feedback_id[:60]!r} is no feedback identifier.", field="Feedback-ID")
    return f"Feedback-ID: {feedback_id}\r\n".encode("ascii")


def check_text(name: str, value: str) -> None:
    """Raise `BadHeader` if `value` holds a line end, a control character or half a character."""
    if value.isascii() and value.isprintable():
        return
    for char in value:
        # Cc: C0, DEL, C1. Zl, Zp: line ends that some software obeys. Cs: cannot be written as UTF-8.
        if unicodedata.category(char) in {"Cc", "Zl", "Zp", "Cs"}:
            raise BadHeader(
                f"The text holds the character U+{ord(char):04X}, which no header may hold.",
                mend="Take the line end or control character out.",
                field=name,
            )


def _needs_encoding(value: str) -> bool:
    # "=?" would be read as an encoded-word, blanks at an end or in a row would be lost on the way.
    return not value.isascii() or "=?" in value or value != value.strip(" ") or "  " in value


def _fold_words(used: int, value: str) -> str | None:
    """`value` with CRLF before blanks so that lines fit; None if a single word cannot."""
    lines = [""]
    room = _LINE - used
    for word in value.split(" "):
        line = f"{lines[-1]} {word}" if lines[-1] else word
        if len(line) <= room or not lines[-1]:
            lines[-1] = line
        else:
            lines.append(word)
            room = _LINE - 1
        if len(word) > _LINE - used:
            return None
    return "\r\n ".join(lines)


@lru_cache(maxsize=1024)
def _phrase(name: str, display: str, used: int) -> str:
    """A display name as atoms, a quoted-string or encoded-words, whichever is the first that can hold it."""
    check_text(name, display)
    text = " ".join(word for word in display.split(" ") if word)
    if text.isascii() and "=?" not in text and len(text) <= _LINE - used - 4:
        if not text or _ATOMS.fullmatch(text):
            return text
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        if len(escaped) <= _LINE - used - 4:
            return f'"{escaped}"'
    return encoded_words(text, used)


def _address(name: str, address: Address, *, allow_utf8: bool) -> str:
    local, domain = address.local, address.domain
    check_text(name, local)
    is_local = (_DOT_ATOM.fullmatch(local) or _QUOTED_LOCAL.fullmatch(local)) and "=?" not in local
    if not is_local or not _DOMAIN.fullmatch(domain):
        raise BadHeader(f"{local}@{domain} is not an address.", field=name)
    if not local.isascii() and not allow_utf8:
        raise BadHeader(
            f"The part before the @ of {address} is not ASCII.", field=name, mend="Use an address in ASCII."
        )
    return f"{local}@{domain}"


def encoded_words(text: str, used: int, most: int = WORD) -> str:
    """`text` as encoded-words, folded; B or Q, whichever is shorter. A character is never split (RFC 2047 §5).

    `used` is what stands before it on its line; no word is longer than `most`.
    """
    encode, cost = (_q_word, _q_cost) if _q_cost(text) <= _b_cost(text) else (_b_word, _b_cost)
    words: list[str] = []
    chunk, room = "", min(most, _WORD_LINE - used) - _WORD_FRAME
    for char in text:
        if chunk and cost(chunk + char) > room:
            words.append(encode(chunk))
            chunk, room = "", most - _WORD_FRAME
        chunk += char
    words.append(encode(chunk))
    return "\r\n ".join(words)


def _q_cost(chunk: str) -> int:
    return sum(1 if byte in _PLAIN_Q or byte == 0x20 else 3 for byte in chunk.encode())


def _b_cost(chunk: str) -> int:
    return -(-len(chunk.encode()) // 3) * 4


def _q_word(chunk: str) -> str:
    letters = "".join(
        chr(byte) if byte in _PLAIN_Q else "_" if byte == 0x20 else f"={byte:02X}" for byte in chunk.encode()
    )
    return f"=?utf-8?q?{letters}?="


def _b_word(chunk: str) -> str:
    return f"=?utf-8?b?{binascii.b2a_base64(chunk.encode(), newline=False).decode('ascii')}?="

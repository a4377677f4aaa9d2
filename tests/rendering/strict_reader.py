"""A reader that forgives nothing: each rule of RFC 5322, 2045, 2046 and 2047 for our messages is an assertion."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field

ENCODED_WORD = re.compile(r"=\?([A-Za-z0-9-]+)\?([bqBQ])\?([!->@-~]+)\?=")
ENCODED = {"from", "sender", "to", "reply-to", "subject"}
ONCE = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type")


@dataclass
class Part:
    """One MIME part as read: fields in order, decoded content, children."""

    headers: list[tuple[str, str]]
    content: bytes = b""
    parts: list[Part] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(found) == 1, (name, found)
        return found[0]


def read_message(raw: bytes) -> Part:
    """The message, or an AssertionError."""
    assert all(byte < 128 for byte in raw), "not 7-bit"
    assert b"\0" not in raw
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert raw.endswith(b"\r\n")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    message = _read_part(raw)
    names = [name.lower() for name, _ in message.headers]
    for name in ONCE:
        assert names.count(name) == 1, name
    assert len(names) == len(set(names)), names
    assert not {"cc", "bcc"} & set(names)
    return message


def _read_part(raw: bytes) -> Part:
    head, _, body = raw.partition(b"\r\n\r\n")
    part = Part(read_headers(head))
    content_type = part["Content-Type"]
    if content_type.startswith("multipart/"):
        found = re.search(r'; boundary="([^"]{1,70})"$', content_type)
        assert found
        line = b"--" + found[1].encode()
        pieces = (b"\r\n" + body).split(b"\r\n" + line)
        assert pieces[0] == b""
        assert pieces[-1] == b"--\r\n"
        for piece in pieces[1:-1]:
            assert piece.startswith(b"\r\n")
            part.parts.append(_read_part(piece[2:]))
        assert len(part.parts) >= 2
        return part
    encoding = part["Content-Transfer-Encoding"]
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))
    part.content = {"base64": _base64, "quoted-printable": read_quoted_printable}[encoding](body)
    return part


def read_headers(head: bytes) -> list[tuple[str, str]]:
    """Fields in their order, unfolded and decoded; each line's and word's length checked."""
    fields: list[list[str]] = []
    for line in head.decode("ascii").split("\r\n"):
        assert line.strip(), "a line of blanks"
        if line[0] in " \t":
            fields[-1].append(line)
        else:
            assert re.match(r"[A-Za-z][A-Za-z-]*: ", line), line
            fields.append([line])
        if "=?" in line:
            assert len(line) <= 76, line
        if not line.lstrip().startswith(("<", "List-Unsubscribe:", "Message-ID:")):
            assert len(line) <= 78, line
    read = []
    for lines in fields:
        name, _, value = "".join(lines).partition(": ")
        # Beside RFC 2231's `filename*`, the name is repeated as an encoded-word, as Thunderbird and Gmail do.
        is_name = name.lower() == "content-type" and re.fullmatch(r'[^?]*; name="=\?[^"]*\?="', value)
        assert name.lower() in ENCODED or is_name or "=?" not in value, name
        read.append((name, decode_words(value)))
    return read


def decode_words(value: str) -> str:
    """Encoded-words decoded, the blanks between two of them dropped (RFC 2047 §6.2)."""
    pieces: list[str] = []
    end = 0
    after_word = False
    for word in ENCODED_WORD.finditer(value):
        between = value[end : word.start()]
        pieces.append("" if after_word and between.strip() == "" else between)
        assert len(word[0]) <= 75
        assert word[1] == "utf-8"
        letters = word[3].encode()
        raw = base64.b64decode(letters, validate=True) if word[2] == "b" else _q(letters)
        pieces.append(raw.decode("utf-8"))  # each word whole characters
        end, after_word = word.end(), True
    rest = value[end:]
    assert "=?" not in rest, rest
    return "".join([*pieces, rest])


def _q(letters: bytes) -> bytes:
    assert not re.search(rb"=(?![0-9A-F]{2})|[ ?]", letters)
    return re.sub(rb"=([0-9A-F]{2})", lambda hit: binascii.unhexlify(hit[1]), letters.replace(b"_", b" "))


def read_quoted_printable(body: bytes) -> bytes:
    """RFC 2045 §6.7, strictly."""
    out = []
    for line in body.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.endswith((b" ", b"\t"))
        soft = line.endswith(b"=")
        text = line[:-1] if soft else line
        assert not re.search(rb"=(?![0-9A-F]{2})", text), line
        assert re.fullmatch(rb"[\t -~]*", text)
        out.append(
            re.sub(rb"=([0-9A-F]{2})", lambda hit: binascii.unhexlify(hit[1]), text) + (b"" if soft else b"\r\n")
        )
    return b"".join(out)[:-2]


def _base64(body: bytes) -> bytes:
    return base64.b64decode(body.replace(b"\r\n", b""), validate=True)

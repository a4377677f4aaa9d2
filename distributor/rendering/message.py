"""The whole message as bytes: MIME structure (RFC 2045, 2046), attachments, the fields in their order."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote

from distributor.errors import BadInput
from distributor.rendering import headers, quoted_printable
from distributor.rendering.values import AttachmentFile, Recipient, Sender, Stamp

_TEST_PREFIX = "[TEST] "
_MEDIA_TYPE = re.compile(r"(?!multipart/|message/)[a-z]+/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_SEGMENT = 60  # of a long file name (RFC 2231 §3), so that its line stays under 78


class MessageWriter:
    """Writes the messages of one dispatch; whatever they share is built here, once.

    `subject` gets "[TEST] " before it when `test`; `language` is the tag of the release's language; `list_id`, if any,
    becomes List-Id. Raises `BadInput` (`headers.BadHeader` among them) for a value that no message may carry.
    """

    def __init__(
        self,
        sender: Sender,
        subject: str,
        *,
        language: str,
        attachments: Iterable[AttachmentFile] = (),
        list_id: str = "",
        test: bool = False,
    ) -> None:
        if not subject.strip():
            raise BadInput("The release has no headline, so the message would have no subject.", field="Subject")
        reply_to = sender.reply_to
        self._from = headers.mailbox_header("From", *sender.mail_from)
        self._reply_and_subject = (
            (headers.mailbox_header("Reply-To", *reply_to) if reply_to else b"")
            + headers.text_header("Subject", (_TEST_PREFIX if test else "") + subject)
        )  # fmt: skip
        self._mime = b"MIME-Version: 1.0\r\n" + headers.language_header(language)
        self._list_id = headers.list_id_header(list_id) if list_id else b""
        self._attachments = [_attachment(file) for file in attachments]

    def write(self, recipient: Recipient, text: str, html: str, stamp: Stamp) -> bytes:
        """The message for one recipient: CRLF line ends, 7-bit, the same bytes for the same values.

        One exception to 7-bit: a recipient whose local part is not ASCII (`Address.needs_smtputf8`) has it in To as
        UTF-8 (RFC 6532 §3.2), since no other form names the mailbox; it may leave only under SMTPUTF8 (RFC 6531).
        """
        message_id = headers.bare_message_id(stamp.message_id)
        # "=_" occurs neither in quoted-printable nor in base64, so no boundary can occur in a part (RFC 2045 §6.7).
        mark = hashlib.sha256(message_id.encode("ascii")).hexdigest()[:24]
        alternative = f"=_a{mark}".encode("ascii")
        head = [
            self._from,
            headers.mailbox_header("To", recipient.name, recipient.address, allow_utf8=True),
            self._reply_and_subject,
            headers.date_header(stamp.date),
            headers.message_id_header(message_id),
            self._mime,
            self._list_id,
            headers.unsubscribe_headers(stamp.unsubscribe_mailto, stamp.unsubscribe_url),
        ]
        body = _alternative(alternative, text, html)
        if not self._attachments:
            return b"".join([*head, body])
        mixed = f"=_m{mark}".encode("ascii")
        opening = b"\r\n--" + mixed + b"\r\n"
        parts = [opening + part for part in (body, *self._attachments)]
        return b"".join([*head, _multipart(b"mixed", mixed), *parts, b"\r\n--" + mixed + b"--\r\n"])


def _multipart(subtype: bytes, boundary: bytes) -> bytes:
    return b"Content-Type: multipart/" + subtype + b';\r\n boundary="' + boundary + b'"\r\n'


def _alternative(boundary: bytes, text: str, html: str) -> bytes:
    """The plain text first, the HTML last: readers show the last they understand (RFC 2046 §5.1.4)."""
    pieces = [_multipart(b"alternative", boundary)]
    for subtype, content in ((b"plain", text), (b"html", html)):
        pieces += [
            b"\r\n--" + boundary + b"\r\nContent-Type: text/" + subtype,
            b"; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
            quoted_printable.encode(content),
        ]
    pieces.append(b"\r\n--" + boundary + b"--\r\n")
    return b"".join(pieces)


def _attachment(file: AttachmentFile) -> bytes:
    if not _MEDIA_TYPE.fullmatch(file.media_type):
        raise BadInput(f"{file.media_type!r} is no type of a file that can be attached.", field=file.name)
    name = _file_name(file.name)
    ascii_name = _ascii_name(name)
    # An ASCII fallback for old readers stands as Content-Type's `name`; a second `filename` beside `filename*` would be
    # preferred by some parsers and called a defect by others.
    lines = [
        f'Content-Type: {file.media_type};\r\n name="{ascii_name}"',
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment;\r\n " + _filename_parameter(name, ascii_name),
    ]
    head = "\r\n".join(lines).encode("ascii")
    content = base64.encodebytes(file.content).replace(b"\n", b"\r\n")
    return head + b"\r\n\r\n" + content


def _file_name(name: str) -> str:
    headers.check_text("attachment", name)
    if not name.strip(" .") or "/" in name or "\\" in name:
        raise BadInput(f"{name!r} is no file name.", field="attachment", mend="Give the file a name without a path.")
    if len(name.encode()) > 255:
        raise BadInput(f"The file name {name[:40]!r}… is too long.", field="attachment", mend="Give it a shorter name.")
    return unicodedata.normalize("NFC", name)


def _ascii_name(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    plain = [
        re.sub(r"[^A-Za-z0-9._ -]+", "_", unicodedata.normalize("NFKD", part).encode("ascii", "ignore").decode())
        for part in (stem, suffix)
    ]
    return (plain[0].strip()[:50] or "file") + dot + plain[1][:12] if dot else (plain[1].strip()[:60] or "file")


def _filename_parameter(name: str, ascii_name: str) -> str:
    """`filename`, or RFC 2231's `filename*` where the name is not plain, continued where it is long."""
    if name == ascii_name:
        return f'filename="{name}"'
    encoded = "utf-8''" + quote(name, safe="")
    if len(encoded) <= _SEGMENT:
        return f"filename*={encoded}"
    segments: list[str] = []
    while encoded:
        cut = _SEGMENT
        while cut < len(encoded) and "%" in encoded[cut - 2 : cut]:
            cut -= 1  # not inside a %XX
        segments.append(encoded[:cut])
        encoded = encoded[cut:]
    return ";\r\n ".join(f"filename*{number}*={segment}" for number, segment in enumerate(segments))

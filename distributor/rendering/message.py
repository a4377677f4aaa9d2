"""The whole message as bytes: MIME structure (RFC 2045, 2046, 2387), and the fields in their order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from distributor.errors import BadInput
from distributor.lines import fit, put_together
from distributor.rendering import headers, quoted_printable
from distributor.rendering.attachments import attachment_part, image_part
from distributor.rendering.values import AttachmentFile, InlineImage, Recipient, Sender, Stamp

_TEST_PREFIX = "[TEST] "


class MessageWriter:
    """Writes the messages of one dispatch; whatever they share is built here, once.

    `subject` gets "[TEST] " before it when `test`; `language` is the tag of the release's language; `feedback_id`, if
    any, becomes Feedback-ID. Raises `BadInput` (`headers.BadHeader` among them) for a value that no message may carry.
    """

    def __init__(
        self,
        sender: Sender,
        subject: str,
        *,
        language: str,
        attachments: Iterable[AttachmentFile] = (),
        images: Iterable[InlineImage] = (),
        feedback_id: str = "",
        test: bool = False,
    ) -> None:
        if not subject.strip():
            raise BadInput("The release has no headline, so the message would have no subject.", field="Subject")
        reply_to = sender.reply_to
        self._from = fit(headers.mailbox_header("From", *sender.mail_from) + _sent_by(sender))
        self._reply_and_subject = fit(
            (headers.mailbox_header("Reply-To", *reply_to) if reply_to else b"")
            + headers.text_header("Subject", (_TEST_PREFIX if test else "") + subject)
        )
        self._mime_and_bulk = fit(
            b"MIME-Version: 1.0\r\n"
            + headers.language_header(language)
            + (headers.list_id_header(sender.list_id) if sender.list_id else b"")
            + (headers.feedback_id_header(feedback_id) if feedback_id else b"")
        )
        shown, enclosed = [image_part(image) for image in images], [attachment_part(file) for file in attachments]
        fixed = (self._from, self._reply_and_subject, self._mime_and_bulk, *shown, *enclosed)
        mark = hashlib.sha256(b"".join(fixed)).hexdigest()[:24].encode("ascii")
        self._bare = _structure(mark, shown, [])
        self._with_files = _structure(mark, shown, enclosed) if enclosed else self._bare
        self._checked: Stamp | None = None

    def write(self, recipient: Recipient, text: str | Sequence[str], html: str | Sequence[str], stamp: Stamp) -> bytes:
        """The message for one recipient: CRLF line ends, 7-bit, the same bytes for the same values.

        The bodies may come in pieces, as the templates give them: what is the same in every message is encoded once.
        One exception to 7-bit: a recipient whose local part is not ASCII (`Address.needs_smtputf8`) has it in To as
        UTF-8 (RFC 6532 §3.2), since no other form names the mailbox; it may leave only under SMTPUTF8 (RFC 6531).
        """
        opening, between, closing = self._with_files if recipient.takes_attachments else self._bare
        return put_together(
            [
                *self._head(recipient, stamp),
                opening,
                *quoted_printable.encode_pieces([text] if isinstance(text, str) else text),
                between,
                *quoted_printable.encode_pieces([html] if isinstance(html, str) else html),
                closing,
            ]
        )

    def check(self, recipient: Recipient, stamp: Stamp) -> None:
        """Raise what `write` would raise; a proof looks at many recipients under one stamp, and at that once."""
        if stamp is self._checked:
            _to(recipient)
        else:
            self._head(recipient, stamp)
            self._checked = stamp

    def _head(self, recipient: Recipient, stamp: Stamp) -> list[bytes]:
        """The fields, without those of the MIME structure: what can be wrong with a message is in here."""
        return [
            self._from,
            _to(recipient),
            self._reply_and_subject,
            headers.date_header(stamp.date),
            headers.message_id_header(stamp.message_id),
            headers.thread_headers(stamp.references),
            self._mime_and_bulk,
            headers.unsubscribe_headers(stamp.unsubscribe_mailto, stamp.unsubscribe_url),
        ]


def _to(recipient: Recipient) -> bytes:
    return headers.mailbox_header("To", recipient.name, recipient.address, allow_utf8=True)


def _sent_by(sender: Sender) -> bytes:
    """Sender, where it is another mailbox than From (RFC 5322 §3.6.2)."""
    if sender.sent_by is None or sender.sent_by[1].key == sender.mail_from[1].key:
        return b""
    return headers.mailbox_header("Sender", *sender.sent_by)


def _structure(mark: bytes, images: Sequence[bytes], files: Sequence[bytes]) -> tuple[bytes, bytes, bytes]:
    """What stands before the plain text, between it and the HTML, which readers prefer (RFC 2046 §5.1.4), and after it.

    "=_" occurs neither in quoted-printable nor in base64, so no boundary can occur in a part (RFC 2045 §6.7).
    """
    boundary = b"=_a" + mark
    opening = _multipart(b"alternative", boundary) + _delimiter(boundary) + _text_part(b"plain")
    closing = _delimiter(boundary, b"--")
    if images:
        subtype = b'related;\r\n type="multipart/alternative"'
        opening, closing = _around(subtype, b"=_r" + mark, opening, closing, images)
    if files:
        opening, closing = _around(b"mixed", b"=_m" + mark, opening, closing, files)
    return fit(opening), fit(_delimiter(boundary) + _text_part(b"html")), fit(closing)


def _around(
    subtype: bytes, boundary: bytes, opening: bytes, closing: bytes, parts: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """The same with a multipart around it, in which ready parts follow."""
    following = [piece for part in parts for piece in (_delimiter(boundary), part)]
    closed = b"".join([closing, *following, _delimiter(boundary, b"--")])
    return _multipart(subtype, boundary) + _delimiter(boundary) + opening, closed


def _multipart(subtype: bytes, boundary: bytes) -> bytes:
    return b"Content-Type: multipart/" + subtype + b';\r\n boundary="' + boundary + b'"\r\n'


def _delimiter(boundary: bytes, end: bytes = b"") -> bytes:
    return b"\r\n--" + boundary + end + b"\r\n"


def _text_part(subtype: bytes) -> bytes:
    fields = b"Content-Type: text/" + subtype + b"; charset=utf-8\r\n"
    return fields + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"

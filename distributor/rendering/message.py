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
        self._mime = fit(b"MIME-Version: 1.0\r\n" + headers.language_header(language))
        self._bulk = fit(
            (headers.list_id_header(sender.list_id) if sender.list_id else b"")
            + (headers.feedback_id_header(feedback_id) if feedback_id else b"")
        )
        self._attachments = [fit(attachment_part(file)) for file in attachments]
        self._images = [fit(image_part(image)) for image in images]

    def write(self, recipient: Recipient, text: str | Sequence[str], html: str | Sequence[str], stamp: Stamp) -> bytes:
        """The message for one recipient: CRLF line ends, 7-bit, the same bytes for the same values.

        The bodies may come in pieces, as the templates give them: what is the same in every message is encoded once.
        One exception to 7-bit: a recipient whose local part is not ASCII (`Address.needs_smtputf8`) has it in To as
        UTF-8 (RFC 6532 §3.2), since no other form names the mailbox; it may leave only under SMTPUTF8 (RFC 6531).
        """
        head = self.head(recipient, stamp)
        # "=_" occurs neither in quoted-printable nor in base64, so no boundary can occur in a part (RFC 2045 §6.7).
        mark = hashlib.sha256(headers.bare_message_id(stamp.message_id).encode("ascii")).hexdigest()[:24]
        body = _alternative(f"=_a{mark}".encode("ascii"), text, html)
        if self._images:
            body = _enclosed(b'related;\r\n type="multipart/alternative"', f"=_r{mark}", body, self._images)
        if self._attachments and recipient.takes_attachments:
            body = _enclosed(b"mixed", f"=_m{mark}", body, self._attachments)
        return put_together([*head, *body])

    def head(self, recipient: Recipient, stamp: Stamp) -> list[bytes]:
        """The fields of `write`, without those of the MIME structure: what can be wrong with a message is in here."""
        return [
            self._from,
            headers.mailbox_header("To", recipient.name, recipient.address, allow_utf8=True),
            self._reply_and_subject,
            headers.date_header(stamp.date),
            headers.message_id_header(stamp.message_id),
            headers.thread_headers(stamp.references),
            self._mime,
            self._bulk,
            headers.unsubscribe_headers(stamp.unsubscribe_mailto, stamp.unsubscribe_url),
        ]


def _sent_by(sender: Sender) -> bytes:
    """Sender, where it is another mailbox than From (RFC 5322 §3.6.2)."""
    if sender.sent_by is None or sender.sent_by[1].key == sender.mail_from[1].key:
        return b""
    return headers.mailbox_header("Sender", *sender.sent_by)


def _multipart(subtype: bytes, boundary: bytes) -> bytes:
    return b"Content-Type: multipart/" + subtype + b';\r\n boundary="' + boundary + b'"\r\n'


def _enclosed(subtype: bytes, mark: str, body: list[bytes], parts: list[bytes]) -> list[bytes]:
    """The message's body with ready parts after it: no part is copied before the whole message is put together."""
    boundary = mark.encode("ascii")
    opening = b"\r\n--" + boundary + b"\r\n"
    following = [piece for part in parts for piece in (opening, part)]
    return [_multipart(subtype, boundary), opening, *body, *following, b"\r\n--" + boundary + b"--\r\n"]


def _alternative(boundary: bytes, text: str | Sequence[str], html: str | Sequence[str]) -> list[bytes]:
    """The plain text first, the HTML last: readers show the last they understand (RFC 2046 §5.1.4)."""
    pieces = [_multipart(b"alternative", boundary)]
    for subtype, content in ((b"plain", text), (b"html", html)):
        pieces += [
            b"\r\n--%b\r\nContent-Type: text/%b; charset=utf-8\r\n" % (boundary, subtype),
            b"Content-Transfer-Encoding: quoted-printable\r\n\r\n",
            *quoted_printable.encode_pieces([content] if isinstance(content, str) else content),
        ]
    pieces.append(b"\r\n--" + boundary + b"--\r\n")
    return pieces

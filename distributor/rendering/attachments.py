"""Files as MIME parts, encoded once for all messages: base64, names that every mail program reads, inline pictures."""

from __future__ import annotations

import base64
import re
import unicodedata
from urllib.parse import quote

from distributor.errors import BadInput
from distributor.rendering import headers
from distributor.rendering.values import AttachmentFile, InlineImage

_MEDIA_TYPE = re.compile(r"(?!multipart/|message/)[a-z]+/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_CID = re.compile(r"[A-Za-z0-9._-]+@[A-Za-z0-9.-]+")
_SEGMENT = 60  # of a long file name (RFC 2231 §3), so that its line stays under 78
_LINE = 78
# What stands in quotes as it is (RFC 5322 §3.2.4), but for the semicolon: there are readers that end the name there.
_PLAIN_NAME = re.compile(r"(?!.*=\?)[ !#-:<-\[\]-~]+")


def attachment_part(file: AttachmentFile) -> bytes:
    """A file as the part that mail programs offer to save; `BadInput` for a type or a name that cannot be sent."""
    return _part(file, f"Content-Disposition: attachment;\r\n {_filename(_checked_name(file.name))}")


def image_part(image: InlineImage) -> bytes:
    """A picture as the part that the HTML shows by `cid:` (RFC 2392); `BadInput` as for an attachment."""
    if not _CID.fullmatch(image.cid):
        raise BadInput(f"{image.cid!r} is no Content-ID.", field=image.name)
    file = AttachmentFile(image.name, image.media_type, image.content)
    disposition = f"Content-Disposition: inline;\r\n {_filename(_checked_name(file.name))}"
    return _part(file, f"Content-ID: <{image.cid}>\r\n{disposition}")


def as_data_urls(html: str, images: tuple[InlineImage, ...]) -> str:
    """The HTML of a message as a browser can show it: each picture in the page itself, as no message may hold it."""
    for image in images:
        content = base64.b64encode(image.content).decode("ascii")
        html = html.replace(f'"cid:{image.cid}"', f'"data:{image.media_type};base64,{content}"')
    return html


def _part(file: AttachmentFile, disposition: str) -> bytes:
    if not _MEDIA_TYPE.fullmatch(file.media_type):
        raise BadInput(f"{file.media_type!r} is no type of a file that can be attached.", field=file.name)
    name = _checked_name(file.name)
    lines = [
        f"Content-Type: {file.media_type}{_charset(file)};\r\n {_name(name)}",
        "Content-Transfer-Encoding: base64",
        disposition,
    ]
    content = base64.encodebytes(file.content).replace(b"\n", b"\r\n")
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + content


def _charset(file: AttachmentFile) -> str:
    """A text without a charset is ASCII (RFC 2046 §4.1.2): accents would come out as question marks."""
    if not file.media_type.startswith("text/") or file.content.isascii():
        return ""
    try:
        file.content.decode()
    except UnicodeDecodeError:
        return ""
    return "; charset=utf-8"


def _checked_name(name: str) -> str:
    headers.check_text("attachment", name)
    if not name.strip(" .") or "/" in name or "\\" in name:
        raise BadInput(f"{name!r} is no file name.", field="attachment", mend="Give the file a name without a path.")
    if len(name.encode()) > 255:
        raise BadInput(f"The file name {name[:40]!r}… is too long.", field="attachment", mend="Give it a shorter name.")
    return unicodedata.normalize("NFC", name)


def _name(name: str) -> str:
    """Content-Type's `name`: for the readers that know no RFC 2231, which do decode an encoded-word here.

    RFC 2047 §5 has none inside quotes; Thunderbird and Gmail write it all the same, since Outlook and several
    webmails show «Untitled attachment» otherwise. Whoever knows RFC 2231 reads `filename*`, and never looks here.
    """
    if _is_plain(name, len(' name=""')):
        return f'name="{name}"'
    return f'name="{headers.encoded_words(name, len(" name=?"), headers.WORD - 1)}"'  # its last line ends in a quote


def _filename(name: str) -> str:
    """`filename`, or RFC 2231's `filename*` where the name is not plain, continued where it is long."""
    if _is_plain(name, len(' filename=""')):
        return f'filename="{name}"'
    encoded = "utf-8''" + quote(name, safe="")
    if len(encoded) <= _SEGMENT:
        return f"filename*={encoded}"
    # Never cut inside a character: there are readers that decode each segment by itself.
    segments = ["utf-8''"]
    for char in name:
        piece = quote(char, safe="")
        if len(segments[-1]) + len(piece) > _SEGMENT:
            segments.append("")
        segments[-1] += piece
    return ";\r\n ".join(f"filename*{number}*={segment}" for number, segment in enumerate(segments))


def _is_plain(name: str, used: int) -> bool:
    return _PLAIN_NAME.fullmatch(name) is not None and name == name.strip() and used + len(name) <= _LINE

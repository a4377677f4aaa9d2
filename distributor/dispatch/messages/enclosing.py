"""What a dispatch encloses: files attached and shown, each compared with its hash; the PDF made of the release."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from distributor.errors import Refused
from distributor.releases import media
from distributor.releases.attachments import FileRole, LooseFile, loose_file, read_copy
from distributor.rendering.pdf import LAYOUT, make_pdf
from distributor.rendering.templates import TemplateSet
from distributor.rendering.values import AttachmentFile, InlineImage, Release


class Kept(Protocol):
    """A copy in the workspace, as a table's row or a dispatch's own record names it."""

    @property
    def path(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def source(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Enclosed:
    """The files of one dispatch, read: those attached, and those shown in the message."""

    attachments: tuple[AttachmentFile, ...] = ()
    images: tuple[InlineImage, ...] = ()

    def __add__(self, other: Enclosed) -> Enclosed:
        return Enclosed(self.attachments + other.attachments, self.images + other.images)


def enclose_kept(
    workspace: Path,
    files: Sequence[Kept],
    domain: str,
    *,
    mend: str = "Import the release again, or put the copy back.",
) -> Enclosed:
    """Read copies in the workspace; `Refused`, with `mend`, if one is not what it was when it was kept.

    `domain` is the sender's: Content-IDs end in it (RFC 2045 §7).
    """
    return _enclosed([(file, _read(workspace, file, mend)) for file in files], domain)


def enclose_loose(files: Sequence[LooseFile], domain: str) -> Enclosed:
    """Files of which no copy is kept yet."""
    return _enclosed([(file.kept, file.content) for file in files], domain)


def pdf_file(
    release: Release,
    templates: TemplateSet,
    *,
    moment: datetime,
    timezone: ZoneInfo,
    organisation: str,
    images: Iterable[InlineImage],
) -> tuple[LooseFile, bool]:
    """The release as a PDF, named after it; and whether this machine's own fonts were needed (`Pdf.borrowed`)."""
    made = make_pdf(
        release,
        templates.texts(release.lang),
        templates.layout(LAYOUT),
        moment=moment,
        timezone=timezone,
        organisation=organisation,
        images=images,
    )
    return loose_file(f"{release.slug}.pdf", made.content), made.borrowed


def _read(workspace: Path, file: Kept, mend: str) -> bytes:
    content = read_copy(workspace / file.path, file.sha256)
    if content is None:
        raise Refused(
            f"The file «{file.name}» is gone from attachments/, cannot be read, or has changed since it was kept.",
            mend=mend,
        )
    return content


def _enclosed(read: Iterable[tuple[Kept, bytes]], domain: str) -> Enclosed:
    attachments: list[AttachmentFile] = []
    images: dict[str, InlineImage] = {}
    for file, content in read:
        if file.role == FileRole.ATTACHMENT:
            attachments.append(AttachmentFile(file.name, file.media_type, content))
            continue
        picture = media.read_picture(content)
        assert picture is not None, "only pictures that could be read were kept as such"
        cid = f"{hashlib.sha256(f'{file.sha256} {file.source}'.encode()).hexdigest()[:24]}@{domain}"
        images[file.source] = InlineImage(
            file.source, cid, file.name, picture.media_type, content, picture.width, picture.height
        )
    return Enclosed(tuple(attachments), tuple(images.values()))

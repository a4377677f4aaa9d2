"""The files that go with a release, attached or shown in it: which may, and their copies, each under its own hash."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath
from types import MappingProxyType

from distributor.decoding import CONTROLS
from distributor.errors import BadInput
from distributor.files import read_bytes, real_path, write_bytes
from distributor.releases import media
from distributor.releases.draft import ReleaseDraft, Remark

ATTACHMENTS_FOLDER = "attachments"
_LISTS_FOLDER = "lists"
_MAX_MB = 25  # with base64's third more, about the most that large providers take in one message

_HEAVY_PICTURE = 500_000  # bytes: what a telephone on a train still loads

_DATABASE_NAME = re.compile(r".*\.(?:db|sqlite3?)(?:-\w+)?", re.IGNORECASE)
_DATABASE_STARTS = (b"SQLite format 3\0", b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")  # and its write-ahead log
_PRIVATE_KEY = re.compile(rb"^-----BEGIN [A-Z ]*PRIVATE KEY-----", re.MULTILINE)
_NOT_IN_A_NAME = re.compile(rf"{CONTROLS.pattern}|[\t\n\u2028\u2029\\]")
_KEPT_NAME = re.compile(r"[0-9a-f]{64}")


class FileRole(StrEnum):
    """What a file is to the message."""

    ATTACHMENT = "attachment"
    IMAGE = "image"
    LOGO = "logo"


_FIELDS = {FileRole.ATTACHMENT: "attachments", FileRole.IMAGE: "body", FileRole.LOGO: "logo"}


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file copied into the workspace, under its own hash; `source` is how the text names a picture."""

    path: str
    name: str
    media_type: str
    size: int
    sha256: str
    role: str = FileRole.ATTACHMENT
    source: str = ""


@dataclass(frozen=True, slots=True)
class LooseFile:
    """A file that has been looked at and may leave, with its bytes; `keep` makes the copy that `kept` names."""

    kept: KeptFile
    content: bytes

    def keep(self, workspace: Path) -> KeptFile:
        """Copy it into the workspace, under its hash; a damaged copy is healed. Raises `StorageTrouble`."""
        copy = workspace / self.kept.path
        if read_copy(copy, self.kept.sha256) is None:
            with contextlib.suppress(OSError):  # what is wrong with the folder is said when the file is written
                copy.parent.mkdir()
            write_bytes(copy, self.content)
        return self.kept


def read_copy(copy: Path, digest: str) -> bytes | None:
    """What stands in a copy that was kept; None where it is gone, or is not what it was."""
    try:
        content = b"" if copy.is_symlink() else read_bytes(copy)
    except BadInput:
        return None
    return content if hashlib.sha256(content).hexdigest() == digest else None


def keep_attachments(
    draft: ReleaseDraft, folder: Path, workspace: Path, brought: Mapping[str, bytes] = MappingProxyType({})
) -> list[KeptFile]:
    """Copy the files a release names into the workspace, each under its SHA-256, so that nothing can change later.

    They are its attachments, the pictures in its text and its logo. `folder` is where the release file lies: paths are
    read from there, but for those in `brought`, whose bytes are given by their name in the release. Raises `BadInput`
    for a file that is missing, a link, outside `folder` and the workspace, or not for journalists (hidden, a database,
    a press list, a program), for a name that no message can carry, for a picture that mail programs do not show, and
    for more than 25 MB in all. Nothing is copied before all have been looked at.

    A picture of the web site that the text was taken from (`/media/plan.png`) is none of these: `remarks_on` names it.
    """
    pictures = [name for name in _pictures(draft) if not _is_of_a_site(name)]
    named = [
        *((FileRole.ATTACHMENT, name) for name in draft.attachments),
        *((FileRole.IMAGE, name) for name in pictures),
        *((FileRole.LOGO, name) for name in [draft.logo] if name),
    ]
    found = [(role, name, None if name in brought else _find(name, folder, workspace, role)) for role, name in named]
    sizes = (path.stat().st_size if path else len(brought[name]) for _, name, path in found)
    megabytes = sum(sizes) / (1024 * 1024)
    if megabytes > _MAX_MB:
        subject = f"«{PurePath(found[0][1]).name}» is" if len(found) == 1 else "Together they are"
        raise BadInput(
            f"{subject} {megabytes:.0f} MB; {_MAX_MB} MB is the most a message can carry.",
            field=_FIELDS[found[0][0]],
            mend="Put what is heavy on the web, and link to it.",
        )
    loose = []
    for role, name, path in found:
        source = name if role is FileRole.IMAGE else ""
        one = _read(path, role, source) if path else loose_file(PurePath(name).name, brought[name], role, source)
        loose.append(one)
    return [one.keep(workspace) for one in loose]


def remarks_on(files: Sequence[KeptFile], draft: ReleaseDraft) -> list[Remark]:
    """What there is to say of the pictures: those that are not here, that some mail programs lack, and heavy ones."""
    kept = {file.source for file in files}
    remarks = [
        Remark(draft.lines.get("body"), f"«{name}» is a picture of a web site, and no file here: it is left out.")
        for name in _pictures(draft)
        if name not in kept and _is_of_a_site(name)
    ]
    for file in files:
        if file.role == FileRole.ATTACHMENT:
            continue
        line = draft.lines.get(_FIELDS[FileRole(file.role)])
        if file.media_type not in media.SHOWN_EVERYWHERE:
            said = "Outlook on Windows does not show WebP pictures; PNG or JPEG is shown everywhere."
            remarks.append(Remark(line, f"«{file.name}»: {said}"))
        if file.size > _HEAVY_PICTURE:
            told = f"{file.size / 1_000_000:.1f} MB, in every message; save it smaller, or link to it."
            remarks.append(Remark(line, f"«{file.name}» is a heavy picture: {told}"))
    return remarks


def _pictures(draft: ReleaseDraft) -> list[str]:
    from distributor.releases.images import image_files  # noqa: PLC0415 - who keeps no draft needs no Markdown

    return image_files(f"{draft.body}\n\n{draft.boilerplate}")


def _is_of_a_site(name: str) -> bool:
    return name.startswith("/") and not os.path.lexists(name)


def house_logo(name: str, workspace: Path) -> LooseFile:
    """The logo that the settings name, a file of the workspace; raises `BadInput` as `keep_attachments` does."""
    return _read(_find(name, workspace, workspace, FileRole.LOGO), FileRole.LOGO)


def loose_file(name: str, content: bytes, role: FileRole = FileRole.ATTACHMENT, source: str = "") -> LooseFile:
    """A file of these bytes, under the name that journalists see; `BadInput` for what may not leave."""
    if content.startswith(_DATABASE_STARTS):
        raise _refused(f"«{name}» is a database: not for journalists.", "Leave it out.", role)
    if _PRIVATE_KEY.search(content, 0, 4096):
        raise _refused(f"«{name}» is a private key: not for journalists.", "Leave it out.", role)
    if media.is_program(name, content):
        raise _refused(f"«{name}» is a program: mail servers refuse a message with it.", "Leave it out.", role)
    if role is not FileRole.ATTACHMENT:
        _require_picture(name, content, role)
    digest = hashlib.sha256(content).hexdigest()
    kind = media.media_type(name, content)
    return LooseFile(
        KeptFile(f"{ATTACHMENTS_FOLDER}/{digest}", name, kind, len(content), digest, role.value, source), content
    )


def _require_picture(name: str, content: bytes, role: FileRole) -> None:
    if media.is_svg(name, content):
        raise _refused(f"«{name}» is an SVG drawing, which mail programs do not show.", "Save it as PNG.", role)
    if media.read_picture(content) is None:
        raise _refused(f"«{name}» is no picture that mail programs show.", "Save it as PNG, JPEG or GIF.", role)


def _find(name: str, folder: Path, workspace: Path, role: FileRole) -> Path:
    """The file that a release names, once it is sure that it may leave."""
    if _NOT_IN_A_NAME.search(name):
        shown = _NOT_IN_A_NAME.sub("\N{REPLACEMENT CHARACTER}", name)
        said = f"The name «{shown}» holds a character that cannot be seen, or a backslash."
        raise _refused(said, "Rename the file.", role)
    path = Path(os.path.normpath(real_path(folder) / name))
    # Where the path leads once `..` and links are followed, not what it looks like.
    real = real_path(path)
    home = real_path(workspace)
    root = next((root for root in (real_path(folder), home) if real.is_relative_to(root)), None)
    if root is None:
        raise _refused(f"«{name}» lies outside the release's folder.", "Put it beside the release.", role)
    if any(part.startswith(".") for part in real.relative_to(root).parts) or _DATABASE_NAME.fullmatch(real.name):
        raise _refused(f"«{name}» is a hidden file or a database: not for journalists.", "Leave it out.", role)
    if real.is_relative_to(home / _LISTS_FOLDER):
        raise _refused(f"«{name}» is one of your press lists: not for journalists.", "Leave it out.", role)
    if _KEPT_NAME.fullmatch(real.name) and real.parent == home / ATTACHMENTS_FOLDER:
        raise _refused(f"«{name}» is a copy that was kept of an attachment.", "Name the original.", role)
    if real != path or not os.path.isfile(path):  # not Path's own: it raises for a name that is too long
        raise _refused(
            f"«{name}» is not a file in {real_path(folder)}.", "Check its name, put it there, or leave it out.", role
        )
    return path


def _read(path: Path, role: FileRole, source: str = "") -> LooseFile:
    return loose_file(path.name, read_bytes(path), role, source)


def _refused(message: str, mend: str, role: FileRole) -> BadInput:
    return BadInput(message, field=_FIELDS[role], mend=mend)

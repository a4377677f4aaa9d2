"""The files that go with a release: which may, and their copies in the workspace, each under its own hash."""

from __future__ import annotations

import contextlib
import hashlib
import mimetypes
import os
import re
from dataclasses import dataclass
from pathlib import Path

from distributor.decoding import CONTROLS
from distributor.errors import BadInput
from distributor.files import read_bytes, real_path, write_bytes
from distributor.releases.draft import ReleaseDraft

ATTACHMENTS_FOLDER = "attachments"
_LISTS_FOLDER = "lists"
_MAX_MB = 25  # with base64's third more, about the most that large providers take in one message

_DATABASE_NAME = re.compile(r".*\.(?:db|sqlite3?)(?:-\w+)?", re.IGNORECASE)
_DATABASE_STARTS = (b"SQLite format 3\0", b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")  # and its write-ahead log
_NOT_IN_A_NAME = re.compile(rf"{CONTROLS.pattern}|[\t\n\u2028\u2029\\]")
_KEPT_NAME = re.compile(r"[0-9a-f]{64}")
# Not `message/` or `multipart/`: those may not be base64 (RFC 2045 §6.4), as every attachment of ours is.
_MEDIA_TYPE = re.compile(r"(?:application|audio|font|image|model|text|video)/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file copied into the workspace, under its own hash."""

    path: str
    name: str
    media_type: str
    size: int
    sha256: str


def keep_attachments(draft: ReleaseDraft, folder: Path, workspace: Path) -> list[KeptFile]:
    """Copy the files a release names into the workspace, each under its SHA-256, so that nothing can change later.

    `folder` is where the release file lies: paths are read from there. Raises `BadInput` for a file that is missing, a
    link, outside `folder` and the workspace, or not for journalists (hidden, a database, a press list), for a name that
    no message can carry, and for more than 25 MB in all. Nothing is copied before all of them have been looked at.
    """
    found = [_find(name, folder, workspace) for name in draft.attachments]
    megabytes = sum(path.stat().st_size for path in found) / (1024 * 1024)
    if megabytes > _MAX_MB:
        subject = f"«{found[0].name}» is" if len(found) == 1 else "Together they are"
        raise BadInput(
            f"{subject} {megabytes:.0f} MB; {_MAX_MB} MB is the most a message can carry.",
            field="attachments",
            mend="Put what is heavy on the web, and link to it.",
        )
    return [_keep(path, workspace) for path in found]


def _find(name: str, folder: Path, workspace: Path) -> Path:
    """The file that a release names, once it is sure that it may leave."""
    if _NOT_IN_A_NAME.search(name):
        shown = _NOT_IN_A_NAME.sub("\N{REPLACEMENT CHARACTER}", name)
        raise _refused(f"The name «{shown}» holds a character that cannot be seen, or a backslash.", "Rename the file.")
    path = Path(os.path.normpath(real_path(folder) / name))
    # Where the path leads once `..` and links are followed, not what it looks like.
    real = real_path(path)
    home = real_path(workspace)
    root = next((root for root in (real_path(folder), home) if real.is_relative_to(root)), None)
    if root is None:
        raise _refused(f"«{name}» lies outside the release's folder.", "Put it beside the release.")
    if any(part.startswith(".") for part in real.relative_to(root).parts) or _DATABASE_NAME.fullmatch(real.name):
        raise _refused(f"«{name}» is a hidden file or a database: not for journalists.", "Leave it out.")
    if real.is_relative_to(home / _LISTS_FOLDER):
        raise _refused(f"«{name}» is one of your press lists: not for journalists.", "Leave it out.")
    if _KEPT_NAME.fullmatch(real.name) and real.parent == home / ATTACHMENTS_FOLDER:
        raise _refused(f"«{name}» is a copy that was kept of an attachment.", "Name the original.")
    if real != path or not os.path.isfile(path):  # not Path's own: it raises for a name that is too long
        raise _refused(f"«{name}» is not a file there.", "Check the name and the place.")
    return path


def _keep(path: Path, workspace: Path) -> KeptFile:
    content = read_bytes(path)
    if content.startswith(_DATABASE_STARTS):
        raise _refused(f"«{path.name}» is a database: not for journalists.", "Leave it out.")
    digest = hashlib.sha256(content).hexdigest()
    kept = workspace / ATTACHMENTS_FOLDER / digest
    if not _holds(kept, digest):
        with contextlib.suppress(OSError):  # what is wrong with the folder is said when the file is written
            kept.parent.mkdir()
        write_bytes(kept, content)
    return KeptFile(f"{ATTACHMENTS_FOLDER}/{digest}", path.name, _media_type(path.name), len(content), digest)


def _holds(kept: Path, digest: str) -> bool:
    """Whether a copy is there and whole: a damaged one is healed by importing the release again."""
    try:
        return not kept.is_symlink() and hashlib.sha256(kept.read_bytes()).hexdigest() == digest
    except OSError:
        return False


def _media_type(name: str) -> str:
    """The type by the name's ending, where it is one that an attachment can have as it is."""
    guessed, encoding = mimetypes.guess_type(name)
    return guessed if guessed and encoding is None and _MEDIA_TYPE.fullmatch(guessed) else "application/octet-stream"


def _refused(message: str, mend: str) -> BadInput:
    return BadInput(message, field="attachments", mend=mend)

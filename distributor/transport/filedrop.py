"""Names for messages in a folder: each an `.eml` file under a number of its own, which replaces nothing."""

from __future__ import annotations

import re
from pathlib import Path


class Numbered:
    """Names for the files of one folder: `NNNN-recipient.eml`, going on from what lies there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._last: int | None = None

    def reserve(self, recipient: str) -> tuple[Path, Path]:
        """A name that is nobody else's, as (the empty part file that holds it, the name itself); raises `OSError`.

        The part file is made with O_EXCL and only then is the name looked for: two writers never get the same.
        """
        if self._last is None:
            self._last = max((_number(path) for path in self.folder.glob("*.eml")), default=0)
        while True:
            self._last += 1
            target = self.folder / f"{self._last:04}-{safe_name(recipient)}.eml"
            part = self.folder / f".{target.stem}.part"
            try:
                part.touch(exist_ok=False)
            except FileExistsError:
                continue
            if not target.exists():
                return part, target
            part.unlink()


def safe_name(recipient: str) -> str:
    """An address as part of a file name: on any file system, in no other folder, never hidden, never too long."""
    name = re.sub(r"[^\w.@+-]+", "_", recipient).strip(".")
    return name.encode()[:120].decode(errors="ignore") or "nobody"  # file systems count bytes


def _number(path: Path) -> int:
    digits = path.name.partition("-")[0]
    return int(digits) if digits.isascii() and digits.isdigit() else 0

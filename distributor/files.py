"""Reading what a user names and writing what a user asked for: whole files, one plain sentence when that fails."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from distributor.errors import BadInput, StorageTrouble

_MAX_BYTES = 60 * 1024 * 1024


def read_bytes(path: Path) -> bytes:
    """The whole file; `BadInput` if it is missing, a folder, unreadable, or far too large to be what was meant."""
    try:
        if path.is_dir():
            raise BadInput("It is a folder.", file=path, mend="Name a file.")
        if path.stat().st_size > _MAX_BYTES:
            raise BadInput("It is over 60 MB.", file=path, mend="Split it, or check that it is the right file.")
        return path.read_bytes()
    except FileNotFoundError:
        raise BadInput("There is no such file.", file=path, mend="Check the name.") from None
    except OSError as error:
        raise BadInput(f"It cannot be read: {error.strerror}.", file=path) from None


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file or nothing: under another name first, then in place."""
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):  # the folder itself may be what is wrong
            partial.unlink(missing_ok=True)
        raise StorageTrouble(f"{path} cannot be written: {error.strerror}.", mend="Choose another place.") from None

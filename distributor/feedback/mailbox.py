"""Where what came back lies as files: messages, mbox, folders, Maildir, standard input. The mailbox is in `imap`."""

from __future__ import annotations

import contextlib
import mailbox
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from distributor.errors import BadInput
from distributor.files import reading

_SEVERAL = re.compile(rb"\n\n+From \S+ [^\n]*\d{4}[^\n]*\n")
_MOST = 32 * 1024 * 1024
"""How many bytes of one message are taken into memory: more than are ever read or handed on of one."""


def read_files(paths: list[Path]) -> Iterator[tuple[str, bytes]]:
    """Every message in files, folders, Maildirs and mbox files, each with its name; `BadInput` for what is none."""
    for path in files_of(paths):
        yield from read_file(path)


def files_of(paths: list[Path]) -> Iterator[Path]:
    """The files named, and those within the folders named, as far as they are still there when it is their turn."""
    for path in paths:
        if not os.path.isdir(path):  # unlike that of a Path, never an error
            yield path
            continue
        try:
            found = sorted(_files_of(path))
        except OSError as error:
            raise BadInput(f"It cannot be read: {error.strerror}.", file=path) from None
        yield from (one for one in found if one.exists())  # a mail program moves messages while others are read


def read_file(path: Path) -> Iterator[tuple[str, bytes]]:
    """The message in a file, or the messages of an mbox."""
    data = read_raw(path)
    if not (data.startswith(b"From ") and (len(data) == _MOST or _SEVERAL.search(data))):
        yield str(path), data
        return
    del data
    try:
        box = mailbox.mbox(path, create=False)
        try:
            for key in box.iterkeys():
                yield f"{path}#{key}", box.get_bytes(key)
        finally:
            box.close()
    except (OSError, mailbox.Error) as error:
        raise BadInput(f"It cannot be read: {error}.", file=path, mend="Try again.") from None


def read_raw(path: Path) -> bytes:
    """A file's bytes, as many as are read of one; `BadInput` says why not. «-» is standard input."""
    if str(path) == "-":
        return sys.stdin.buffer.read(_MOST)
    with reading(path) as file:
        return file.read(_MOST)


def _files_of(folder: Path) -> Iterator[Path]:
    if (folder / "new").is_dir() and (folder / "cur").is_dir():
        for name in ("new", "cur"):
            yield from (path for path in (folder / name).iterdir() if path.is_file())
        return
    yield from (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def fetch_maildir(folder: Path, take: Callable[[bytes, str], object]) -> int:
    """Hand every new message of a Maildir to `take`, then move it to `cur`; return how many.

    A message that `take` fails on stays new. Killed between the two, it is handed over again, and known. What cannot be
    read holds up nothing else: `BadInput` names it at the end.
    """
    new, current = folder / "new", folder / "cur"
    if not (new.is_dir() and current.is_dir()):
        raise BadInput(f"{folder} is no Maildir (it has no new and cur).", field="DISTRIBUTOR_FEEDBACK_MAILDIR")
    count = 0
    trouble: BadInput | None = None
    for path in sorted(one for one in new.iterdir() if one.is_file()):
        try:
            raw = read_raw(path)
        except BadInput as error:
            if path.exists():  # else a mail program has looked at it meanwhile, and moved it
                trouble = error
            continue
        take(raw, f"maildir:{path.name}")
        with contextlib.suppress(FileNotFoundError):
            os.replace(path, current / f"{path.name.partition(':')[0]}:2,S")
        count += 1
    if trouble is not None:
        raise trouble
    return count

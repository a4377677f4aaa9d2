"""Where what came back lies as files: messages, mbox, folders, Maildir, standard input. The mailbox is in `imap`."""

from __future__ import annotations

import contextlib
import mailbox
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from distributor.errors import BadInput
from distributor.files import reading

STANDARD_INPUT = "standard input"
_SEVERAL = re.compile(rb"\n\n+From \S+ [^\n]*\d{4}[^\n]*\n")
_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:>?From [^\n]*\n)?[!-9;-~]+[ \t]*:")
_TELLS = re.compile(rb"(?im)^(?:from|sender|message-id|received|return-path|(?:x-)?delivered-to)[ \t]*:")
_HEADER = 256 * 1024
"""Within so many bytes a header has said by one of these fields that it is a mail's (RFC 5322 §3.6)."""
_MOST = 32 * 1024 * 1024
"""How many bytes of one message are taken into memory: more than are ever read or handed on of one."""


def read_files(paths: list[Path]) -> Iterator[tuple[str, bytes]]:
    """Every message in files, folders, Maildirs and mbox files, each with its name.

    «-» is standard input. What is no message, or cannot be read, holds up nothing else: `BadInput` names the first at
    the end.
    """
    trouble: BadInput | None = None
    for path in files_of(paths):
        try:
            yield from read_input() if str(path) == "-" else read_file(path)
        except BadInput as error:
            trouble = trouble or error
    if trouble is not None:
        raise trouble


def files_of(paths: list[Path]) -> Iterator[Path]:
    """The files named, and those within the folders named, as far as they are still there when it is their turn."""
    for path in paths:
        if str(path) == "-" or not os.path.isdir(path):  # unlike that of a Path, never an error
            yield path
            continue
        try:
            found = sorted(_files_of(path))
        except OSError as error:
            raise BadInput(f"It cannot be read: {error.strerror}.", file=path) from None
        yield from (one for one in found if one.exists())  # a mail program moves messages while others are read


def read_input() -> Iterator[tuple[str, bytes]]:
    """As `read_file`, of standard input."""
    data = sys.stdin.buffer.read(_MOST)
    if not _is_mbox(data):
        _require_mail(data, STANDARD_INPUT)
        yield STANDARD_INPUT, data
        return
    with tempfile.NamedTemporaryFile(prefix="distributor-") as copy:  # an mbox is gone through twice; 0600
        copy.write(data)
        del data
        shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.flush()
        yield from _messages_of(Path(copy.name), STANDARD_INPUT)


def read_file(path: Path) -> Iterator[tuple[str, bytes]]:
    """The message in a file, or the messages of an mbox."""
    data = read_raw(path)
    if _is_mbox(data):
        del data
        yield from _messages_of(path, str(path))
    else:
        _require_mail(data, path)
        yield str(path), data


def _require_mail(data: bytes, name: Path | str) -> None:
    """Raise `BadInput` for what has no mail's header: a `.env` or a picture would be kept as a letter of nobody."""
    head = data[:_HEADER].replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n").partition(b"\n\n")[0]
    if not (_BEGINS.match(head) and _TELLS.search(head)):
        raise BadInput("It is no mail: it has no header.", file=name, mend="Save the message as .eml, and name that.")


def _is_mbox(data: bytes) -> bool:
    """Whether a file that begins so holds several messages."""
    return data.startswith(b"From ") and (len(data) == _MOST or _SEVERAL.search(data) is not None)


def _messages_of(mbox: Path, name: str) -> Iterator[tuple[str, bytes]]:
    try:
        box = mailbox.mbox(mbox, create=False)
        try:
            for key in box.iterkeys():
                yield f"{name}#{key}", box.get_bytes(key)
        finally:
            box.close()
    except (OSError, mailbox.Error) as error:
        raise BadInput(f"It cannot be read: {error}.", file=name, mend="Try again.") from None


def read_raw(path: Path) -> bytes:
    """A file's bytes, as many as are read of one; `BadInput` says why not."""
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

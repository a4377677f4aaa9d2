"""Reading what a user names and writing what a user asked for: whole files, one plain sentence when that fails."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from itertools import count
from pathlib import Path
from typing import BinaryIO

from distributor.errors import BadInput, StorageTrouble

_MAX_BYTES = 60 * 1024 * 1024
_KEPT_FOLDERS = (["attachments"], ["templates"])
_DATABASE_SUFFIXES = ("", "-wal", "-shm", "-journal")
_ELSEWHERE = "Choose another place."


@contextmanager
def reading(path: Path) -> Iterator[BufferedReader]:
    """A file to read piece by piece, however large; `BadInput` if it is missing, no regular file, or unreadable.

    Devices and pipes are refused: one that never ends, or never begins, would hold the command for ever.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise BadInput("It is a folder.", file=path, mend="Name a file.")
        if not stat.S_ISREG(mode):
            raise BadInput("It is a device or a pipe.", file=path, mend="Save it as a file first, and name that.")
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise BadInput("There is no such file.", file=path, mend="Check the name.") from None
    except OSError as error:
        raise BadInput(f"It cannot be read: {error.strerror}.", file=path) from None


def read_bytes(path: Path) -> bytes:
    """The whole file; `BadInput` as `reading` raises it, or if it is far too large to be what was meant."""
    with reading(path) as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise BadInput("It is over 60 MB.", file=path, mend="Split it, or check that it is the right file.")
    return content


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """The files of a workspace that no output may take the place of.

    They are the `database` with its journals (None: on a server), whatever is hidden in the folder `workspace` (`.env`
    and its key), and what stands in `attachments/` and `templates/`.
    """

    workspace: Path
    database: Path | None = None

    def hold(self, path: Path) -> bool:
        """Whether `path`, which need not exist, is one of them, by whatever way it is named."""
        place, home = real_path(path), real_path(self.workspace)
        if self.database is not None:
            database = real_path(self.database)
            own = (database.with_name(database.name + suffix) for suffix in _DATABASE_SUFFIXES)
            if any(is_same_file(place, one) for one in own):
                return True
        if not place.is_relative_to(home):
            return False
        # Lower case throughout: on some disks the case of letters does not tell files apart.
        parts = [part.lower() for part in place.relative_to(home).parts]
        return any(part.startswith(".") for part in parts) or parts[:1] in _KEPT_FOLDERS


def real_path(path: Path) -> Path:
    """Where a path leads, links followed; unlike `Path.resolve` never an error: links in a circle stay links."""
    return Path(os.path.realpath(path))


def is_same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file, whatever links or letters they are written with."""
    return one == other or (one.exists() and other.exists() and one.samefile(other))


@dataclass(frozen=True, slots=True)
class Output:
    """A file that a user names for something to be written to, in a workspace with its `own` files.

    A file of that name is replaced only when its name ends in one of `endings`, that is, when it may well be an earlier
    output; with no endings, never. `inputs` are the files being read.
    """

    path: Path
    own: OwnFiles
    endings: tuple[str, ...] = ()
    inputs: tuple[Path, ...] = ()

    def check(self) -> None:
        """Raise `BadInput` where writing would destroy something, or could not be undone."""
        try:
            self._check(real_path(self.path))
        except OSError as error:  # a name too long, a folder that may not be looked into
            raise _cannot_write(self.path, error) from None

    def write(self, content: bytes) -> None:
        """Write the whole file, or nothing; raises as `check` and `replacing` do."""
        with self.opened() as file:
            file.write(content)

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The file to be written piece by piece: it appears under its name only when it is whole."""
        self.check()
        with replacing(real_path(self.path)) as file:
            yield file

    def _check(self, place: Path) -> None:
        if any(is_same_file(place, real_path(one)) for one in self.inputs):
            raise self._refused("It is the file that is being read.")
        if self.own.hold(place):
            raise self._refused("It is one of the workspace's own files, or would stand among them.")
        if place.is_symlink():
            raise self._refused("It is a link that leads in a circle.")
        if not place.parent.is_dir():
            raise BadInput("There is no such folder.", file=self.path.parent, mend="Make it, or name another one.")
        if not place.exists():
            return
        mode = place.stat().st_mode
        if stat.S_ISDIR(mode):
            raise BadInput("It is a folder.", file=self.path, mend="Name a file in it.")
        if not stat.S_ISREG(mode):
            raise BadInput("It is a device or a pipe.", file=self.path, mend="Name a file.")
        if place.suffix.casefold() not in self.endings:
            raise self._refused("There is a file of that name already.")
        if not os.access(place, os.W_OK):
            raise self._refused("It is write-protected.")

    def _refused(self, why: str) -> BadInput:
        return BadInput(f"{why} Nothing was written.", file=self.path, mend="Name another file.")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file of the program's own, or nothing; `StorageTrouble` says why it cannot be written."""
    with replacing(path) as file:
        file.write(content)


def write_beside(path: Path, content: bytes) -> Path:
    """Write a new file `path`, or where that name is taken `path-2`, `path-3` …; return the one it became."""
    for free in _names(path):
        try:
            # Taken before it is filled: two commands at once never choose the same name.
            os.close(os.open(free, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        except FileExistsError:
            continue
        except OSError as error:
            raise _cannot_write(free, error) from None
        try:
            write_bytes(free, content)
        except BaseException:
            free.unlink(missing_ok=True)
            raise
        return free
    raise AssertionError("there is always another number")


def _names(path: Path) -> Iterable[Path]:
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when the block ends well, and leaves no trace when it does not.

    The new file gets the permissions of the old one, or those of any new file. Raises `StorageTrouble`.
    """
    partial = path.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            with os.fdopen(descriptor, "wb") as file:
                with contextlib.suppress(FileNotFoundError):
                    os.fchmod(descriptor, stat.S_IMODE(path.stat().st_mode))
                yield file
                file.flush()
                os.fsync(descriptor)
            partial.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):  # the folder itself may be what is wrong
                partial.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _cannot_write(path, error) from None


def _cannot_write(path: Path, error: OSError) -> StorageTrouble:
    return StorageTrouble(f"{path} cannot be written: {error.strerror}.", mend=_ELSEWHERE)

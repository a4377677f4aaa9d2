"""Every error a user can meet, each with the exit code its class stands for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar


def sentence(text: str) -> str:
    """`text` with a full stop where it ends in a word or a bracket: what a server says at its end may have none."""
    return f"{text}." if text[-1:].isalnum() or text.endswith(("»", "”", ")", "]")) else text


def did_you_mean(names: Sequence[str]) -> str:
    """The question that names what was perhaps meant; "" for nothing like it."""
    return f"Did you mean {' or '.join(f'«{one}»' for one in names)}?" if names else ""


ONCE_MORE = "Run the same command again."
"""The part of a mend that is meant for a command that has ended; one that waits by itself leaves it out."""


class DistributorError(Exception):
    """A plain sentence for the user, and the way to mend what it says.

    `message` says what is wrong; `mend` names the command or the edit that puts it right. `exit_code` is the
    process's exit status when the error reaches the command line (1: a defect of ours). Where it does not say
    `has_lines`, a line break in it is of something that it quotes.
    """

    exit_code: ClassVar[int] = 1
    has_lines: ClassVar[bool] = False

    def __init__(self, message: str, *, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend

    def __str__(self) -> str:
        return f"{sentence(self.message)} {self.mend}" if self.mend else self.message

    @property
    def complaint(self) -> str:
        """What is wrong, and where, without the way to mend it."""
        return str(self).removesuffix(self.mend).rstrip()


class BadInput(DistributorError):
    """A file, an argument or a setting that cannot be used; says where, as `file:line: field: …`."""

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        mend: str = "",
        file: Path | str | None = None,
        line: int | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(message, mend=mend)
        self.file = None if file is None else str(file)
        self.line = line
        self.field = field

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        where = ": ".join(part for part in (place, self.field) if part)
        return f"{where}: {super().__str__()}" if where else super().__str__()


class StorageTrouble(DistributorError):
    """The disk or the database server cannot take what must be written; nothing half-done was kept."""

    exit_code = 2


class Crossed(StorageTrouble):
    """Two transactions waited for each other, and the database has taken this one back: it may be made anew."""


class StoppedInTrouble(StorageTrouble):
    """The same, after the user had stopped the work: nobody wants it to be tried again."""


class FileReplaced(StorageTrouble):
    """The file that is open is not the one that others open: what is written to it would be known to nobody."""


class Outdated(FileReplaced):
    """A newer version has brought the database up to date: of what is new there this process knows nothing."""


class Refused(DistributorError):
    """A guard (proof, sign-off, embargo, suppression) said no."""

    exit_code = 3


class AccountTrouble(DistributorError):
    """The mail server cannot be reached, or refuses the account rather than a recipient."""

    exit_code = 4


class ServerUnavailable(AccountTrouble):
    """The server cannot be reached now, or asks to come back later: worth another try after a while."""


class TooManyConnections(ServerUnavailable):
    """The server takes no further connection: others stand, of ours or of whoever else uses the account."""


class CredentialsRefused(AccountTrouble):
    """The server refuses the user name or the password: another try would be refused too, and may lock the account."""


class NotAllReached(DistributorError):
    """The work is done, but some recipients were not reached; they are listed."""

    exit_code = 5


class Interrupted(DistributorError):
    """The user stopped the work; its state is saved."""

    exit_code = 130


def require_as_asked(asked: object, found: object, what: str) -> None:
    """Raise `Refused` when `what` is not any more as it was when somebody was asked: the yes was to something else."""
    if found != asked:
        raise Refused(f"Another command has changed {what} meanwhile; nothing was done.", mend=ONCE_MORE)

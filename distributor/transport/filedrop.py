"""A transport that ends in a folder: each message becomes one `.eml` file, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from distributor import clock
from distributor.errors import AccountTrouble
from distributor.states import DeliveryState, Outcome, Phase, Verdict
from distributor.transport.base import Envelope, Following, nobody

SERVER_NAME = "folder"


class FileDropTransport:
    """The way to a folder; for dry runs, previews and tests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = Numbered(folder)

    async def connect(self) -> FileDropConnection:
        """Make the folder if need be; raise `AccountTrouble` if it cannot be written to."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AccountTrouble(
                f"Messages cannot be written to {self._folder} ({error.strerror}).", mend="Choose another folder."
            ) from error
        return FileDropConnection(self._names)


class FileDropConnection:
    """One writer to the folder; several may write at once, each message under a number of its own."""

    def __init__(self, names: Numbered) -> None:
        self._names = names
        self._closed = False

    @property
    def is_usable(self) -> bool:
        """Whether another message may be written: always, until it is closed."""
        return not self._closed

    async def deliver(
        self,
        envelope: Envelope,
        begin: Callable[[], Awaitable[None]],
        following: Following = nobody,  # noqa: ARG002 - a folder is quick
    ) -> Outcome:
        """Write the message as `NNNN-recipient.eml`, which appears whole or not at all and replaces nothing.

        A disk that is full is the account's fault, not the recipient's: the delivery goes back to the queue.
        """
        started = clock.monotonic()
        try:
            part, target = self._names.reserve(envelope.recipient)
        except OSError as error:
            return self._failed(error)
        try:
            part.write_bytes(envelope.message)
            await begin()
            part.rename(target)
        except OSError as error:
            return self._failed(error)
        finally:
            part.unlink(missing_ok=True)
        duration_ms = round((clock.monotonic() - started) * 1000)
        return Outcome(
            DeliveryState.ACCEPTED,
            Verdict.ACCEPTED,
            Phase.BODY,
            reply=target.name,
            server=SERVER_NAME,
            duration_ms=duration_ms,
        )

    async def close(self) -> None:
        """Nothing is left open."""
        self._closed = True

    def _failed(self, error: OSError) -> Outcome:
        said = f"The message cannot be written to {self._names.folder}: {error.strerror}."
        return Outcome(DeliveryState.QUEUED, Verdict.ACCOUNT, Phase.BODY, reply=said, server=SERVER_NAME)


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

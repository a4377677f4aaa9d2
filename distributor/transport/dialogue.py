"""The SMTP dialogue as a person may read it: who said what, without passwords and without the message itself."""

from __future__ import annotations

import re
from collections.abc import Callable

from distributor.transport.secrecy import HIDDEN, revealed_by, without_secrets

_RETURN = b"\r"
_COMMAND = re.compile(rb"(?:EHLO|STARTTLS|MAIL|RCPT|DATA|RSET|QUIT|\.)(?: .*)?")
_AUTH = re.compile(rb"AUTH +([A-Z0-9-]+)( +\S.*)?", re.IGNORECASE)


class Dialogue:
    """Tells one connection's dialogue to `tell`, a line at a time: «→» is ours, «←» the server's.

    What follows AUTH is hidden until the server has decided, and whatever is no command always; what was hidden is so
    too where the server repeats it. Of the body only the size is told.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._taken = False
        self._heard = b""
        self._secret = False
        self._hidden: frozenset[str] = frozenset()
        self._message: tuple[int, bytes] | None = None

    def take(self) -> bool:
        """Claim it for a connection; only the first one gets it, until it is given back."""
        taken, self._taken = self._taken, True
        return not taken

    def give_back(self) -> None:
        """The connection is over; the next one may be told."""
        self._taken = self._secret = False
        self._hidden = frozenset()
        self._heard, self._message = b"", None

    def sends_message(self, size: int, followed_by: bytes) -> None:
        """What is said next is the end of a message of that size, and these commands behind it."""
        self._message = size, followed_by

    def said(self, data: bytes) -> None:
        """We wrote `data`: whole lines."""
        if self._message is not None:
            (size, data), self._message = self._message, None
            self._tell(f"→ (the message, {size} bytes)")
        for line in filter(None, data.split(b"\r\n")):
            found = _AUTH.fullmatch(line)
            if found:
                self._secret = True
                self._hide(found[2] or b"")
                self._tell(f"→ AUTH {found[1].decode()}" + (f" {HIDDEN}" if found[2] else ""))
            elif self._secret or not _COMMAND.fullmatch(line):
                self._hide(line)
                self._tell(f"→ {HIDDEN}")
            else:
                self._tell(f"→ {_shown(line)}")

    def heard(self, data: bytes) -> None:
        """The server said `data`."""
        self._heard += data
        *lines, self._heard = self._heard.split(b"\n")
        for line in lines:
            if self._secret and line.startswith(b"334"):
                self._tell(f"← 334 {HIDDEN}")  # a challenge is half of an answer
                continue
            self._tell(f"← {without_secrets(_shown(line.removesuffix(_RETURN)), self._hidden)}")
            self._secret = self._secret and line[3:4] == b"-"

    def _hide(self, words: bytes) -> None:
        self._hidden |= revealed_by(words.split())


def _shown(line: bytes) -> str:
    text = line.decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)

"""The SMTP dialogue as a person may read it: who said what, without passwords and without the message itself."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

_AUTH = re.compile(rb"AUTH +([A-Z0-9-]+)( +\S.*)?", re.IGNORECASE)


class Dialogue:
    """Tells one connection's dialogue to `tell`, a line at a time: «→» is ours, «←» the server's.

    What follows AUTH is hidden until the server has decided; of the body only the size is told.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._taken = False
        self._heard = b""
        self._asked: deque[bytes] = deque()
        self._in_body = False
        self._secret = False
        self._body = 0

    def take(self) -> bool:
        """Claim it for a connection; only the first one gets it, until it is given back."""
        taken, self._taken = self._taken, True
        return not taken

    def give_back(self) -> None:
        """The connection is over; the next one may be told."""
        self._taken = self._in_body = self._secret = False
        self._heard = b""
        self._asked.clear()

    def said(self, data: bytes) -> None:
        """We wrote `data`."""
        if self._in_body:
            self._body += len(data)
            return
        for line in data.rstrip(b"\r\n").split(b"\r\n"):
            found = _AUTH.fullmatch(line)
            if found:
                self._secret = True
                hidden = " (hidden)" if found[2] else ""
                self._tell(f"→ AUTH {found[1].decode()}{hidden}")
            elif self._secret:
                self._tell("→ (hidden)")
            else:
                self._tell(f"→ {_shown(line)}")
            self._asked.append(line.upper())

    def heard(self, data: bytes) -> None:
        """The server said `data`."""
        self._heard += data
        *lines, self._heard = self._heard.split(b"\n")
        for line in lines:
            self._answer(line.rstrip(b"\r"))

    def _answer(self, line: bytes) -> None:
        if self._in_body:
            self._tell(f"→ (the message, {self._body} bytes)")
            self._in_body, self._body = False, 0
        if self._secret and line.startswith(b"334"):
            self._asked.popleft()
            self._tell("← 334 (hidden)")  # a challenge is half of an answer
            return
        self._tell(f"← {_shown(line)}")
        if line[3:4] == b"-":
            return
        self._secret = False
        asked = self._asked.popleft() if self._asked else b""  # pipelined commands are answered in their order
        self._in_body = asked == b"DATA" and line.startswith(b"354")


def _shown(line: bytes) -> str:
    text = line.decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)

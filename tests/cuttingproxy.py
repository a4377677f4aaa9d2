"""A connection that breaks between us and a mail server, at the end of the message to one address."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

Cut = Literal["after_the_dot", "within", "unheard"]
"""The server gets the whole message and its answer is lost; or gets a part of it; or hears nothing of the body."""

_RCPT = re.compile(rb"RCPT TO:<([^>]*)>", re.IGNORECASE)
_END = b"\r\n.\r\n"


@contextmanager
def cutting(port: int, cuts: Mapping[str, Cut]) -> Iterator[int]:
    """Stand before the server at `port`; yield the port to connect to. Each address is cut off once."""
    listener = socket.create_server(("127.0.0.1", 0))
    left = dict(cuts)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", port), timeout=20)
                threading.Thread(target=_carry, args=(client, server, left), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def _carry(client: socket.socket, server: socket.socket, left: dict[str, Cut]) -> None:
    """Hand on what either side says, line by line of the dialogue: the server offers no groups of commands."""
    with client, server, contextlib.suppress(OSError):
        ours, theirs = client.makefile("rb"), server.makefile("rb")
        recipient = ""
        client.sendall(_reply(theirs))
        while line := ours.readline():
            if found := _RCPT.match(line):
                recipient = found[1].decode()
            server.sendall(line)
            answer = _reply(theirs)
            client.sendall(answer)
            if line.upper().startswith(b"DATA") and answer.startswith(b"354"):
                body = b"\r\n"
                while not body.endswith(_END):
                    body += ours.readline()
                if not _hand_on(server, theirs, client, body[2:], left.pop(recipient, None)):
                    return


def _hand_on(server: socket.socket, theirs: object, client: socket.socket, body: bytes, cut: Cut | None) -> bool:
    """Hand the body on, or what the cut lets through of it; return whether the connection still stands."""
    server.sendall({"within": body[: -len(_END)], "unheard": b""}.get(cut or "", body))
    if cut in {None, "after_the_dot"}:
        answer = _reply(theirs)
        if cut is None:
            client.sendall(answer)
    return cut is None


def _reply(file: object) -> bytes:
    lines = b""
    while line := file.readline():  # type: ignore[attr-defined]
        lines += line
        if line[3:4] != b"-":
            break
    return lines

"""A mailbox on this machine that takes nothing but access tokens: as much of IMAP as reading it wants, over TLS."""

from __future__ import annotations

import base64
import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from authority import Authority


@dataclass
class Mailbox:
    """Its messages, and what was offered to it."""

    user: str
    messages: list[bytes]
    valid_tokens: set[str] = field(default_factory=set)
    challenges: bool = False
    done: set[int] = field(default_factory=set)
    refused: int = 0
    port: int = 0


class _Session(socketserver.StreamRequestHandler):
    """One client's connection."""

    server: _Server

    def handle(self) -> None:
        """Greet, and answer until the client leaves."""
        self.say("* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] ready")
        verb = ""
        while verb != "LOGOUT" and (line := self.rfile.readline().decode().strip()):
            tag, _, command = line.partition(" ")
            verb = " ".join(command.upper().split()[: 2 if command.upper().startswith("UID") else 1])
            self.say(f"{tag} {self.answer(verb, command)}")

    def say(self, line: str) -> None:
        """Send a line."""
        self.wfile.write(f"{line}\r\n".encode())

    def answer(self, verb: str, command: str) -> str:
        """Say what a command asks for, and give the words that end it."""
        mailbox = self.server.mailbox
        uid = int(next(iter(re.findall(r"\d+", command)), 0))
        if verb == "CAPABILITY":
            self.say("* CAPABILITY IMAP4rev1 AUTH=XOAUTH2")
        elif verb == "AUTHENTICATE" and not self.is_good_token():
            return "NO AUTHENTICATE failed."
        elif verb == "SELECT":
            self.say(f"* {len(mailbox.messages)} EXISTS")
        elif verb == "UID SEARCH":
            left = [str(one) for one in range(1, len(mailbox.messages) + 1) if one not in mailbox.done]
            self.say(f"* SEARCH {' '.join(left)}".rstrip())
        elif verb == "UID FETCH":
            raw = mailbox.messages[uid - 1]
            self.wfile.write(f"* {uid} FETCH (UID {uid} BODY[]<0> {{{len(raw)}}}\r\n".encode() + raw + b")\r\n")
        elif verb == "LOGOUT":
            self.say("* BYE")
        elif verb == "UID STORE":
            mailbox.done.add(uid)
        return "OK done"

    def is_good_token(self) -> bool:
        """Hear a token; refuse it as Microsoft does, or as Google does, who explains before."""
        mailbox = self.server.mailbox
        self.say("+ ")
        user, _, rest = base64.b64decode(self.rfile.readline()).decode().partition("\x01auth=Bearer ")
        if user == f"user={mailbox.user}" and rest.removesuffix("\x01\x01") in mailbox.valid_tokens:
            return True
        mailbox.refused += 1
        if mailbox.challenges:
            self.say("+ " + base64.b64encode(b'{"status":"400"}').decode())
            self.rfile.readline()
        return False


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    mailbox: Mailbox

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # the other side went


@contextmanager
def mailbox_server(authority: Authority, mailbox: Mailbox) -> Iterator[Mailbox]:
    """The mailbox, listening on 127.0.0.1 under the certificate of `authority`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.certificate, authority.key)
    server = _Server(("127.0.0.1", 0), _Session)
    server.mailbox = mailbox
    server.socket = context.wrap_socket(server.socket, server_side=True)
    mailbox.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield mailbox
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

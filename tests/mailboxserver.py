"""A mailbox on this machine, over TLS: as much of IMAP as reading it wants, by password or token; it can misbehave."""

from __future__ import annotations

import base64
import re
import socketserver
import ssl
import threading
import time
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
    password: str = ""
    says: dict[str, str] = field(default_factory=dict)
    """What it says instead of what a command asks for, with {tag} and {uid} in it; "" hangs up."""
    greeting: str = "* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] ready"
    babbles: str = ""
    """The command, or GREETING, behind which it tells of what nobody asked, and comes to no end."""
    pause: float = 0.0
    """How long it waits within each line of that."""
    shown: int = 0
    """How often somebody logged in, or tried to."""
    comes: list[bytes] = field(default_factory=list)
    """Messages that come, one each time that somebody waits (IDLE), and are told in one breath with «+»."""
    refuses: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)
    refused: int = 0
    port: int = 0


class _Session(socketserver.StreamRequestHandler):
    """One client's connection."""

    server: _Server

    def handle(self) -> None:
        """Greet, and answer until the client leaves."""
        self.say(self.server.mailbox.greeting)
        verb = "GREETING"
        self.babble(verb)
        while verb != "LOGOUT" and (line := self.rfile.readline().decode().strip()):
            tag, _, command = line.partition(" ")
            verb = " ".join(command.upper().split()[: 2 if command.upper().startswith("UID") else 1])
            self.server.mailbox.shown += verb in {"LOGIN", "AUTHENTICATE"}
            self.babble(verb)
            instead = self.server.mailbox.says.get(verb)
            if instead == "":
                return
            if instead is not None:
                self.say(instead.format(tag=tag, uid=(command.split() * 2)[-2]))
                continue
            self.say(f"{tag} {self.answer(verb, command)}")

    def babble(self, verb: str) -> None:
        """Go on for ever, if this is where; whoever hangs up ends it."""
        while verb == self.server.mailbox.babbles:
            if not self.server.mailbox.pause:
                # In long lines: to read forty megabytes of short ones is all that a test would take its time for.
                self.wfile.write(b"* OK Still here%s\r\n" % (b", and so is everything else" * 1000))
                continue
            for piece in (b"* OK ", b"Still here", b"\r\n"):
                self.wfile.write(piece)
                time.sleep(self.server.mailbox.pause)

    def say(self, line: str) -> None:
        """Send a line."""
        self.wfile.write(f"{line}\r\n".encode())

    def answer(self, verb: str, command: str) -> str:
        """Say what a command asks for, and give the words that end it."""
        mailbox = self.server.mailbox
        uid = int(next(iter(re.findall(r"\d+", command)), 0))
        if verb == "CAPABILITY":
            self.say("* CAPABILITY IMAP4rev1 AUTH=XOAUTH2")
        elif verb == "AUTHENTICATE" and not (self.is_good_token() if "XOAUTH2" in command else self.is_good_password()):
            return "NO AUTHENTICATE failed."
        elif verb == "LOGIN" and command != f'LOGIN "{mailbox.user}" "{mailbox.password}"':
            mailbox.refused += 1
            return "NO LOGIN failed."
        elif verb == "SELECT":
            self.say(f"* {len(mailbox.messages)} EXISTS")
        elif verb == "UID SEARCH":
            left = [str(one) for one in range(1, len(mailbox.messages) + 1) if one not in mailbox.done]
            self.say(f"* SEARCH {' '.join(left)}".rstrip())
        elif verb == "UID FETCH" and uid in mailbox.refuses:
            return "NO That one is broken."
        elif verb == "UID FETCH":
            raw = mailbox.messages[uid - 1]
            self.wfile.write(f"* {uid} FETCH (UID {uid} BODY[]<0> {{{len(raw)}}}\r\n".encode() + raw + b")\r\n")
        elif verb == "IDLE":
            mailbox.messages += mailbox.comes[:1]
            told = f"\r\n* {len(mailbox.messages)} EXISTS" if mailbox.comes else ""
            del mailbox.comes[:1]
            self.say(f"+ idling{told}")
            return "OK done" if self.rfile.readline().strip() == b"DONE" else "BAD What?"
        elif verb == "LOGOUT":
            self.say("* BYE")
        elif verb == "UID STORE":
            mailbox.done.add(uid)
        return "OK done"

    def is_good_password(self) -> bool:
        """Hear a user name and a password in one (RFC 4616)."""
        mailbox = self.server.mailbox
        self.say("+ ")
        return base64.b64decode(self.rfile.readline()).decode() == f"\0{mailbox.user}\0{mailbox.password}"

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
def mailbox_server(authority: Authority, mailbox: Mailbox, *, in_clear: bool = False) -> Iterator[Mailbox]:
    """The mailbox, listening on 127.0.0.1 under the certificate of `authority`, or in clear."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.certificate, authority.key)
    server = _Server(("127.0.0.1", 0), _Session)
    server.mailbox = mailbox
    if not in_clear:
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

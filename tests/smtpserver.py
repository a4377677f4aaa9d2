"""A scripted SMTP server: it can fail in every phase, journals what it accepts, and is strict about what it hears.

In a test:      `async with ScriptedServer(Script(faults=(Fault("rcpt", reply="550 5.1.1 No"),))) as server: …`
For sync code:  `with running(Script()) as server: …` (its own thread and loop)
As a process:   `python tests/smtpserver.py --journal FILE --port-file FILE [--script JSON]`, for tests that kill.

The journal has one JSON line per accepted message, written and fsynced before the 250 is sent: what is in it was
accepted, whatever happened to either side afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import fnmatch
import hashlib
import hmac
import json
import os
import re
import signal
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, Self

Groups = Literal[
    "kept", "first only", "losing one", "none behind a body", "lagging", "objecting", "hanging up", "blind to the dot"
]
Action = Literal["reply", "drop", "stall", "early", "accept_then_drop", "accept_then_stall"]


@dataclass(frozen=True)
class Fault:
    """One deviation from good behaviour; the first fault that fits an event is acted on.

    `phase` is greeting, ehlo, starttls, auth, mail, rcpt, data, body, rset or quit. `recipient` is a glob; it fits only
    events that belong to a recipient (rcpt, data, body) unless it is `*`. `nth` counts the events of that phase that
    the recipient fits, over all connections, from 1; `times` is how often the fault acts at all.

    `do`: `reply` answers `reply` (or the usual reply, when empty); `drop` closes without answering, a message being
    forgotten; `stall` never answers; `early` (body) answers `reply` while the body still comes;
    `accept_then_drop` and `accept_then_stall` (body) journal the message and never answer.
    `delay` seconds pass before the answer, or less when the server is mended; it is sent in `pieces` packets; `also` is
    raw text sent in the same packet behind it; `then_drop` closes after it.
    """

    phase: str
    do: Action = "reply"
    reply: str = ""
    recipient: str = "*"
    nth: tuple[int, ...] = ()
    times: int | None = None
    delay: float = 0
    pieces: int = 1
    also: str = ""
    then_drop: bool = False


@dataclass(frozen=True)
class Script:
    """What the server offers, and where it fails. `users` maps names to passwords; any at all makes it ask for AUTH.

    With XOAUTH2 in `auth`, the passwords count for nothing: a token has to be among the server's `valid_tokens`, and to
    stay there for as long as the session lasts. `challenges`: a token is refused as Google does, by a 334 first.

    `always_354`: it asks for a body even where no recipient was taken, as RFC 2920 §3.1 allows.

    `groups`: what it makes of commands that came together, where it does not keep PIPELINING: it forgets all but the
    first, one in the middle, or only what comes behind a body; takes up the next when something more has come; objects
    or hangs up; or misses the end of a body that something stands behind.
    """

    faults: tuple[Fault, ...] = ()
    name: str = "mx.server.example"
    size: int | None = None
    smtputf8: bool = True
    eightbitmime: bool = True
    pipelining: bool = False
    groups: Groups = "kept"
    dsn: bool = False
    always_354: bool = False
    starttls: bool = False
    implicit_tls: bool = False
    certificate: str = ""
    key: str = ""
    users: dict[str, str] = field(default_factory=dict)
    auth: tuple[str, ...] = ("PLAIN", "LOGIN", "CRAM-MD5")
    challenges: bool = False

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `json.dumps(asdict(script))` writes; every key may be missing."""
        values: dict[str, Any] = json.loads(text)
        values["faults"] = tuple(
            Fault(**{**fault, "nth": tuple(fault.get("nth", ()))}) for fault in values.get("faults", ())
        )
        values |= {"auth": tuple(values["auth"])} if "auth" in values else {}
        return cls(**{f.name: values[f.name] for f in fields(cls) if f.name in values})

    def to_json(self) -> str:
        """The script as `--script` takes it."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Accepted:
    """One message the server took responsibility for; `message` is without dot-stuffing and not in the journal file."""

    recipient: str
    sender: str
    message_id: str
    sha256: str
    connection: int
    message: bytes = b""


def read_journal(path: Path) -> list[Accepted]:
    """The accepted messages of a journal file, in order; a last line cut short by a kill was never acknowledged."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [Accepted(**json.loads(line)) for line in lines]


class _HangUp(Exception):
    """The server leaves the conversation."""


class ScriptedServer:
    """The server itself, on 127.0.0.1 and a port of its own; what it saw is in its public attributes."""

    def __init__(self, script: Script | None = None, journal: Path | None = None) -> None:
        self.script = script or Script()
        self.accepted: list[Accepted] = []
        self.commands: list[str] = []
        """Every command line as it came, those of AUTH exchanges included."""
        self.violations: list[str] = []
        """What a client must never do; a test of good behaviour asserts that this is empty."""
        self.clear_secrets: list[str] = []
        """AUTH commands that came over an unencrypted connection."""
        self.failed_logins = 0
        self.valid_tokens: set[str] = set()
        self.on_accepted: Callable[[], None] = lambda: None
        self.faults = 0
        """How often it failed."""
        self.connections = 0
        self.open_connections = 0
        self.together = 0
        """How often commands came with others behind them, or behind a body."""
        self.port = 0
        self._journal = journal
        self._events: Counter[tuple[int, str]] = Counter()
        self._acted: Counter[int] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.mended = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        context = self.tls_context() if self.script.implicit_tls else None
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context, limit=2**20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def mend(self) -> None:
        """From now on be good and quick, and let who waits for a delay wait no more; from any thread."""
        assert self._loop is not None
        self.script = replace(self.script, faults=())
        self._loop.call_soon_threadsafe(self.mended.set)

    def turn(self, *faults: Fault) -> None:
        """From now on have these faults, whose events are counted from here; from any thread."""
        self._events.clear()
        self._acted.clear()
        self.script = replace(self.script, faults=faults)

    def tls_context(self) -> ssl.SSLContext:
        """The server's side of TLS, from the script's certificate and key."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.script.certificate, self.script.key)
        return context

    def fault(self, phase: str, recipient: str) -> Fault | None:
        """The fault to act on at this event, which is hereby counted."""
        found = None
        for number, fault in enumerate(self.script.faults):
            if fault.phase != phase or not fnmatch.fnmatch(recipient, fault.recipient):
                continue
            self._events[number, phase] += 1
            due = not fault.nth or self._events[number, phase] in fault.nth
            left = fault.times is None or self._acted[number] < fault.times
            if found is None and due and left:
                self._acted[number] += 1
                self.faults += 1
                found = fault
        return found

    def accept(self, recipient: str, sender: str, message: bytes, connection: int) -> None:
        """Take responsibility for a message: in the journal, and on the disk, before anybody is told."""
        found = re.search(rb"(?im)^Message-ID:\s*(<[^>\r\n]*>)", message.split(b"\r\n\r\n", 1)[0])
        message_id = found.group(1).decode() if found else ""
        sha256 = hashlib.sha256(message).hexdigest()
        entry = Accepted(recipient, sender, message_id, sha256, connection, message)
        if self._journal is not None:
            line = {name: value for name, value in asdict(entry).items() if name != "message"}
            descriptor = os.open(self._journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            try:
                os.write(descriptor, json.dumps(line).encode() + b"\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        self.accepted.append(entry)
        self.on_accepted()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open_connections += 1
        try:
            await Conversation(self, reader, writer, self.connections).run()
        except (_HangUp, ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        except asyncio.CancelledError:
            pass  # the server stops: asyncio would log the cancellation of its own callback as an error
        finally:
            self.open_connections -= 1
            self._tasks.discard(task)
            writer.transport.abort() if task.cancelling() else writer.close()


class Conversation:
    """One client's connection."""

    def __init__(
        self, server: ScriptedServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        self.server = server
        self.script = server.script
        self.reader = reader
        self.writer = writer
        self.number = number
        self.buffer = b""
        self.command = ""
        self.encrypted = self.script.implicit_tls
        self.greeted = False
        self.logged_in = not self.script.users
        self.token = ""
        self.sender: str | None = None
        self.recipient: str | None = None
        self.utf8 = False
        self.eightbit = False
        self.objects = False

    async def run(self) -> None:
        """Greet, and answer until one side leaves."""
        await self.act("greeting", f"220 {self.script.name} ESMTP ready")
        while True:
            self.command = await self.line()
            self.server.commands.append(self.command)
            if self.objects:
                self.objects = False
                await self.say("503 5.5.0 Improper use of SMTP command pipelining")
                continue
            verb = self.command.split(" ", 1)[0].upper()
            handler = getattr(self, f"do_{verb.lower()}", None)
            if handler is None:
                self.violation(f"unknown command {self.command!r}")
                await self.say("500 5.5.2 What?")
            else:
                await handler()

    # What the client says.

    async def do_ehlo(self) -> None:
        """EHLO: starts afresh."""
        if len(self.command.split()) != 2:
            self.violation(f"EHLO without one name: {self.command!r}")
        script = self.script
        offers = [script.name, "ENHANCEDSTATUSCODES"]
        offers += [f"SIZE {script.size}"] if script.size is not None else []
        offers += ["8BITMIME"] if script.eightbitmime else []
        offers += ["SMTPUTF8"] if script.smtputf8 else []
        offers += ["PIPELINING"] if script.pipelining else []
        offers += ["DSN"] if script.dsn else []
        offers += ["STARTTLS"] if script.starttls and not self.encrypted else []
        offers += ["AUTH " + " ".join(script.auth)] if script.users else []
        lines = [f"250-{offer}" for offer in offers[:-1]] + [f"250 {offers[-1]}"]
        if await self.act("ehlo", "\r\n".join(lines)):
            self.greeted = True
            self.forget()

    async def do_starttls(self) -> None:
        """STARTTLS: everything heard before is forgotten (RFC 3207 §4.2)."""
        if not self.script.starttls or self.encrypted:
            self.violation("STARTTLS that was not offered")
        if await self.act("starttls", "220 2.0.0 Go ahead"):
            self.buffer = b""
            await self.writer.start_tls(self.server.tls_context())
            self.encrypted = True
            self.greeted = False

    async def do_auth(self) -> None:
        """AUTH PLAIN, LOGIN and CRAM-MD5 (RFC 4954)."""
        if not self.encrypted:
            self.server.clear_secrets.append(self.command)
        words = self.command.split()
        if len(words) < 2 or words[1] not in self.script.auth or not self.greeted or self.sender is not None:
            self.violation(f"AUTH out of place or not offered: {words[:2]}")
        fault = self.server.fault("auth", "")
        if fault is not None:
            await self.obey(fault, "235 2.7.0 Welcome")
            return
        good = await self.credentials_are_good(words)
        self.logged_in |= good
        self.server.failed_logins += not good
        await self.say(
            "235 2.7.0 Welcome"
            if good
            else "535 5.7.3 Authentication unsuccessful"
            if self.token
            else "535 5.7.8 Error: authentication failed"
        )

    async def credentials_are_good(self, words: list[str]) -> bool:
        """Go through the exchange that `words` began."""
        users = self.script.users
        if words[1] == "PLAIN":
            _, username, password = base64.b64decode(words[2]).decode().split("\0")
        elif words[1] == "XOAUTH2":
            return await self.token_is_good(words[2])
        elif words[1] == "LOGIN":
            username = await self.challenge(b"Username:")
            password = await self.challenge(b"Password:")
        else:
            nonce = b"<1896.697170952@server.example>"
            username, _, digest = (await self.challenge(nonce)).partition(" ")
            expected = hmac.new(users.get(username, "").encode(), nonce, "md5").hexdigest()
            return username in users and digest == expected
        return users.get(username) == password

    async def token_is_good(self, shown: str) -> bool:
        """Look at an access token; refuse it as Microsoft does, or as Google does, who explains before."""
        user, _, rest = base64.b64decode(shown).decode().partition("\x01auth=Bearer ")
        self.token = rest.removesuffix("\x01\x01")
        if user.removeprefix("user=") in self.script.users and self.token in self.server.valid_tokens:
            return True
        if self.script.challenges and await self.challenge(b'{"status":"400","schemes":"Bearer"}'):
            self.violation("more than an empty line after the refusal of a token")
        return False

    async def challenge(self, words: bytes) -> str:
        """Ask for one more piece of an AUTH exchange."""
        await self.say("334 " + base64.b64encode(words).decode())
        line = await self.line()
        self.server.commands.append(line)
        return base64.b64decode(line).decode()

    async def do_mail(self) -> None:
        """MAIL: opens a transaction."""
        if not self.greeted:
            self.violation("MAIL before EHLO")
        if self.sender is not None:
            self.violation("MAIL inside a transaction")
        if not self.logged_in or (self.token and self.token not in self.server.valid_tokens):
            await self.say("530 5.7.57 Client not authenticated to send mail")
            return
        found = re.fullmatch(r"MAIL FROM:<([^<>]*)>((?: [!-~]+)*)", self.command, re.IGNORECASE)
        options = found.group(2).upper().split() if found else []
        if found is None:
            self.violation(f"MAIL that cannot be read: {self.command!r}")
        for option in options:
            if not self.is_offered(option):
                self.violation(f"{option} was not offered")
        size = next((int(option[5:]) for option in options if option.startswith("SIZE=")), 0)
        if self.script.size and size > self.script.size:
            await self.say("552 5.3.4 Message too big")
            return
        if await self.act("mail", "250 2.1.0 Sender ok"):
            self.sender = found.group(1) if found else ""
            self.utf8 = "SMTPUTF8" in options
            self.eightbit = self.utf8 or "BODY=8BITMIME" in options

    def is_offered(self, option: str) -> bool:
        """Whether MAIL may carry `option`."""
        script = self.script
        return (
            (option.startswith("SIZE=") and script.size is not None)
            or (option == "SMTPUTF8" and script.smtputf8)
            or (option.startswith("BODY=") and script.eightbitmime)
            or (option.startswith(("RET=", "ENVID=")) and script.dsn)
        )

    async def do_rcpt(self) -> None:
        """RCPT: one a transaction, for this client."""
        if self.sender is None and self.script.pipelining:  # the MAIL before it was refused
            await self.say("503 5.5.1 MAIL first")
            return
        if self.sender is None:
            self.violation("RCPT without MAIL")
        if self.recipient is not None:
            self.violation("more than one RCPT in a transaction")
        options = r"(?: (?:NOTIFY|ORCPT)=[!-~]+)*" if self.script.dsn else ""
        found = re.fullmatch(rf"RCPT TO:<([^<>]+)>{options}", self.command, re.IGNORECASE)
        if found is None:
            self.violation(f"RCPT that cannot be read: {self.command!r}")
        recipient = found.group(1) if found else ""
        if not recipient.isascii() and not self.utf8:
            self.violation("an address outside ASCII without SMTPUTF8")
        if await self.act("rcpt", "250 2.1.5 Recipient ok", recipient):
            self.recipient = recipient

    async def do_data(self) -> None:
        """DATA, the body, and the verdict on it."""
        if self.recipient is None:
            await self.data_for_nobody()
            return
        if not await self.act("data", "354 End data with <CR><LF>.<CR><LF>", self.recipient):
            return
        fault = self.server.fault("body", self.recipient)
        if fault is not None and fault.do == "early":
            await self.more()
            await self.say(fault.reply)
        message = await self.body()
        sender, recipient = self.sender or "", self.recipient
        self.forget()
        if fault is not None and (fault.do in {"drop", "stall", "early"} or fault.reply[:1] not in {"", "2"}):
            await self.obey(fault, "") if fault.do != "early" else None
            return
        self.server.accept(recipient, sender, message, self.number)
        usual = "250 2.0.0 Accepted"
        await (self.say(usual) if fault is None else self.obey(fault, usual))

    async def data_for_nobody(self) -> None:
        """DATA though no recipient was taken: the end of a group that left before that was known, or a fault."""
        if not self.script.pipelining:
            self.violation("DATA without a recipient")
        if not self.script.always_354:
            await self.say("503 5.5.1 No valid recipients")
            return
        await self.say("354 Go on")
        if await self.body():
            self.violation("a body for nobody")
        self.forget()
        await self.say("554 5.5.1 No valid recipients")

    async def do_rset(self) -> None:
        """RSET: forgets the transaction.

        Refused, it does so too where commands come ahead: the next MAIL left before anybody could know.
        """
        if await self.act("rset", "250 2.0.0 Reset") or self.script.pipelining:
            self.forget()

    async def do_noop(self) -> None:
        """NOOP."""
        await self.say("250 2.0.0 Ok")

    async def do_quit(self) -> None:
        """QUIT."""
        await self.act("quit", "221 2.0.0 Bye")
        raise _HangUp

    # How it is heard and answered.

    def violation(self, what: str) -> None:
        """Note what a good client would not do."""
        self.server.violations.append(f"connection {self.number}: {what}")

    def forget(self) -> None:
        """End the transaction."""
        self.sender = self.recipient = None
        self.utf8 = self.eightbit = False

    async def more(self) -> None:
        """Wait for bytes."""
        data = await self.reader.read(2**16)
        if not data:
            raise _HangUp
        self.buffer += data

    async def line(self) -> str:
        """The next command line."""
        if self.buffer and self.script.groups == "lagging":
            await self.more()
        while b"\n" not in self.buffer:
            await self.more()
        raw, _, self.buffer = self.buffer.partition(b"\n")
        if not raw.endswith(b"\r") or b"\r" in raw[:-1] or b"\0" in raw:
            self.violation(f"a command with a bare CR, LF or NUL: {raw!r}")
        if len(raw) > 511 and not raw.startswith(b"AUTH"):
            self.violation("a command of more than 512 octets")
        self.came_together(forgetting="first only")
        return raw.rstrip(b"\r").decode("utf-8", "replace")

    def came_together(self, *, forgetting: Groups) -> None:
        """Note what stands behind what was just read; where the groups are such, forget it or object to it."""
        if self.buffer:
            self.server.together += 1
            self.objects = self.script.groups == "objecting"
        if self.buffer and not self.script.pipelining:
            self.violation("spoke before it was answered")
        if self.script.groups in {forgetting, "first only"}:
            self.buffer = b""
        if self.script.groups == "losing one" and b"RCPT" in self.buffer:
            self.buffer = self.buffer.partition(b"\n")[2]
        if self.script.groups == "hanging up" and self.buffer:
            raise _HangUp

    async def body(self) -> bytes:
        """The message, dots unstuffed, checked octet by octet."""
        received = b"\r\n" + self.buffer
        if received.startswith(b"\r\n.\r\n"):  # nothing at all
            self.buffer = received[5:]
            return b""
        blind = self.script.groups == "blind to the dot"
        while (end := received.find(b"\r\n.\r\n")) == -1 or (blind and not received.endswith(b"\r\n.\r\n")):
            self.buffer = b""
            await self.more()
            received += self.buffer
        self.buffer = received[end + 5 :]
        raw = received[2 : end + 2]
        bare = raw.replace(b"\r\n", b"")
        if b"\r" in bare or b"\n" in bare:
            self.violation("a bare CR or LF in the body")
        if b"\0" in raw:
            self.violation("a NUL in the body")
        if not raw.isascii() and not self.eightbit:
            self.violation("8-bit content in a 7-bit transaction")
        lines = raw.split(b"\r\n")
        if any(len(line) > 998 + line.startswith(b".") for line in lines):
            self.violation("a line of more than 998 octets")
        if any(line.startswith(b".") and not line.startswith(b"..") for line in lines):
            self.violation("a dot that is not stuffed")
        self.came_together(forgetting="none behind a body")
        return b"\r\n".join(line.removeprefix(b".") for line in lines)

    async def act(self, phase: str, usual: str, recipient: str = "") -> bool:
        """Answer `usual`, or what a fault wants; return whether the step was granted."""
        fault = self.server.fault(phase, recipient or self.recipient or "")
        if fault is None:
            await self.say(usual)
            return True
        return await self.obey(fault, usual)

    async def obey(self, fault: Fault, usual: str) -> bool:
        """Do what `fault` says; return whether the answer was the usual one or another of its kind."""
        if fault.do in {"drop", "accept_then_drop"}:
            raise _HangUp
        if fault.do in {"stall", "accept_then_stall"}:
            while True:
                await self.more()
        reply = fault.reply or usual
        await self.say(reply, fault)
        if fault.then_drop:
            raise _HangUp
        return reply[:1] == usual[:1]

    async def say(self, reply: str, fault: Fault | None = None) -> None:
        """Send a reply, all at once unless `fault` says how."""
        fault = fault or Fault("")
        if fault.delay:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.server.mended.wait(), fault.delay)
        data = (reply + "\r\n" + fault.also).encode("latin-1")
        step = -(-len(data) // fault.pieces)
        for start in range(0, len(data), step):
            self.writer.write(data[start : start + step])
            await self.writer.drain()
            if fault.pieces > 1:
                await asyncio.sleep(0.002)  # so that the pieces travel apart


@contextlib.contextmanager
def running(script: Script | None = None, journal: Path | None = None) -> Iterator[ScriptedServer]:
    """The server in a thread and loop of its own, for tests of synchronous code."""
    server = ScriptedServer(script, journal)
    ready = threading.Event()
    box: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        stop = asyncio.Event()
        async with server:
            box.append((asyncio.get_running_loop(), stop))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10), "the server did not start"
    loop, stop = box[0]
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


def _script(text: str) -> Script:
    return Script.from_json(text if text.startswith("{") else Path(text).read_text(encoding="utf-8"))


async def _main(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with ScriptedServer(arguments.script, arguments.journal) as server:
        part = arguments.port_file.with_suffix(".part")
        part.write_text(str(server.port))
        part.rename(arguments.port_file)  # whoever sees the file sees the whole number
        await stop.wait()
    if arguments.report:
        seen = {"violations": server.violations, "commands": server.commands, "connections": server.connections}
        arguments.report.write_text(json.dumps(seen))


def main() -> None:
    """Run as a process until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--script", type=_script, default="{}", help="JSON, or a file of it")
    parser.add_argument(
        "--report", type=Path, help="where to write, at the end, what was seen and held against the client"
    )
    asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()

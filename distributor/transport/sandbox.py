"""A mail server of our own on this machine, which delivers to nobody: for the demo and for trying things out."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

NAME = "sandbox.example"

REFUSALS = (
    "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]",
    "552 5.2.2 Boite du destinataire pleine. Recipient overquota.",
    "554 5.7.1 <{recipient}>: Recipient address rejected: message refused by policy",
    "550 5.1.1 <{recipient}>: Recipient address rejected: User unknown in virtual mailbox table",
)
"""What French providers answer, in turn, for recipients who are refused without a reply of their own."""

GREYLISTED = "450 4.2.0 <{recipient}>: Recipient address rejected: Greylisted, please try again in 5 minutes"


@dataclass(frozen=True, slots=True)
class Kept:
    """One message the sandbox took: for whom, which, and where it lies."""

    recipient: str
    message_id: str
    path: Path


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


class Sandbox:
    """An SMTP server on 127.0.0.1 that keeps every message as an `.eml` file in `folder`.

    `refuse` names recipients turned away for good, each with the reply to give, or with none to have one chosen;
    `greylist` those turned away the first time. `async with Sandbox(folder) as sandbox:` runs it in the running loop;
    `port` is then its port and `kept` grows.
    """

    def __init__(
        self, folder: Path, refuse: Mapping[str, str] | Iterable[str] = (), greylist: Iterable[str] = ()
    ) -> None:
        self._names = Numbered(folder)
        given = refuse if isinstance(refuse, Mapping) else dict.fromkeys(refuse, "")
        self._refuse = {
            recipient.casefold(): reply or REFUSALS[number % len(REFUSALS)]
            for number, (recipient, reply) in enumerate(given.items())
        }
        self._greylist = {recipient.casefold() for recipient in greylist}
        self._server: asyncio.Server | None = None
        self._conversations: set[_Conversation] = set()
        self.kept: list[Kept] = []

    @property
    def host(self) -> str:
        """Where it listens: this machine only."""
        return "127.0.0.1"

    @property
    def port(self) -> int:
        """The port it was given; it must be running."""
        assert self._server is not None, "the sandbox is not running"
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Listen, on a free port."""
        # aiosmtpd tells every command at INFO, and a client that goes away as a warning.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        self._names.folder.mkdir(parents=True, exist_ok=True)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: self._protocol(loop), self.host, 0)

    async def stop(self) -> None:
        """Stop listening and drop whoever is still there."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        await asyncio.gather(*(conversation.end() for conversation in list(self._conversations)))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _protocol(self, loop: asyncio.AbstractEventLoop) -> SMTP:
        return _Conversation(self, self._conversations, loop)

    # What aiosmtpd asks, under the names it looks for.

    async def handle_RCPT(  # noqa: N802  (aiosmtpd finds its hooks by name)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse, put off, or take one recipient."""
        key = address.casefold()
        reply = self._refuse.get(key)
        if reply is None and key in self._greylist:
            self._greylist.discard(key)
            reply = GREYLISTED
        if reply is not None:
            return reply.replace("{recipient}", address)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802  (aiosmtpd finds its hooks by name)
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep the message, once for each recipient."""
        message = envelope.original_content or b""
        try:
            for recipient in envelope.rcpt_tos:
                self.kept.append(self._keep(recipient, message))
        except OSError as error:
            return f"452 4.3.1 Insufficient system storage ({error.strerror})"
        return f"250 2.0.0 Ok: queued as {self.kept[-1].path.stem.partition('-')[0]}"

    def _keep(self, recipient: str, message: bytes) -> Kept:
        part, target = self._names.reserve(recipient)
        try:
            part.write_bytes(message)
            part.rename(target)
        finally:
            part.unlink(missing_ok=True)
        found = re.search(rb"(?im)^Message-ID:\s*(<[^>\r\n]*>)", message.partition(b"\r\n\r\n")[0])
        return Kept(recipient, found.group(1).decode("ascii", "replace") if found else "", target)


class _Conversation(SMTP):
    """aiosmtpd's protocol, known to the sandbox while it is connected so that `stop` can end it."""

    def __init__(self, sandbox: Sandbox, among: set[_Conversation], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(sandbox, hostname=NAME, ident="Distributor's sandbox", enable_SMTPUTF8=True, loop=loop)
        self._among = among
        self._ended = asyncio.Event()

    async def end(self) -> None:
        """Drop the connection, and return when it is gone."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()
        await self._ended.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._among.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._among.discard(self)
        self._ended.set()

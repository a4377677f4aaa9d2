"""Following a release's links: on the public web only, each within a bounded time and size, and never into a network.

A name is looked up once, every address it has must be public, and the connection goes to one of those very addresses:
what a name says the second time (DNS rebinding) is never asked. Every step of a redirection is looked at anew.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from distributor.releases.findings import LinkAnswer, LinkState

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) → its IP addresses; raises `OSError` where the name has none or nobody answers."""

MOST_LINKS = 100
_AT_ONCE = 8
_SECONDS = 10.0
_ALL_SECONDS = 60.0
_REDIRECTIONS = 5
_HEAD_BYTES = 32 * 1024
_ASK_AGAIN = frozenset({400, 403, 404, 405, 406, 501, 503})
"""What a server may say to HEAD that it would not say to GET (RFC 9110 §9.3.2)."""
_LOCKED = frozenset({401, 403, 407, 429, 451, 503, 999})
"""There, but not for programs: a browser may well see it."""


class _Private(Exception):
    """A link leads into a private network."""


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    reason: str
    location: str


async def _by_system(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet; of an IPv6 one that holds an IPv4, both must be."""
    number = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(number, ipaddress.IPv6Address):
        inner = [number.ipv4_mapped, number.sixtofour, *(number.teredo or ())]
        if any(one is not None and not one.is_global for one in inner):
            return False
    return number.is_global and not number.is_multicast


def follow_links(
    urls: Sequence[str],
    *,
    resolve: Resolve = _by_system,
    is_allowed: Callable[[str], bool] = is_public,
    seconds: float = _SECONDS,
    tls: ssl.SSLContext | None = None,
) -> list[LinkAnswer]:
    """What the web says of each link, HEAD first and then GET, at most `MOST_LINKS` of them, in their order.

    No body is read, and no link is followed beyond a redirection. Raises nothing.
    """
    return asyncio.run(_follow_all(urls[:MOST_LINKS], _Follower(resolve, is_allowed, seconds, tls)))


async def _follow_all(urls: Sequence[str], follower: _Follower) -> list[LinkAnswer]:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(url: str) -> LinkAnswer:
        async with gate:
            return await follower.follow(url)

    tasks = [asyncio.create_task(one(url)) for url in urls]
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=_ALL_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
    return [
        LinkAnswer(url, LinkState.UNREACHABLE, "no answer in time.") if task.cancelled() else task.result()
        for url, task in zip(urls, tasks, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Follower:
    resolve: Resolve
    is_allowed: Callable[[str], bool]
    seconds: float
    tls: ssl.SSLContext | None

    async def follow(self, url: str) -> LinkAnswer:
        """The answer of one link."""
        try:
            async with asyncio.timeout(self.seconds):
                reply = await self._reply(url)
        except (_Private, OSError, ValueError) as error:
            return _failure(url, error)
        if reply.status < HTTPStatus.BAD_REQUEST or reply.status in _LOCKED:
            return LinkAnswer(url, LinkState.FINE)
        is_fault = reply.status < HTTPStatus.INTERNAL_SERVER_ERROR
        said = f"{reply.status} {reply.reason}".strip()
        return LinkAnswer(url, LinkState.BROKEN if is_fault else LinkState.UNREACHABLE, f"{said}.")

    async def _reply(self, url: str) -> _Reply:
        """The reply at the end of every redirection; `ValueError` for what is no web address, or leads in a circle."""
        for _ in range(_REDIRECTIONS + 1):
            parts = urlsplit(url)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise ValueError("it leads to no web address")
            reply = await self._ask("HEAD", parts)
            if reply.status in _ASK_AGAIN:
                reply = await self._ask("GET", parts)
            if not (300 <= reply.status < 400 and reply.location):
                return reply
            url = urljoin(url, reply.location)
        raise ValueError("it leads in a circle")

    async def _ask(self, method: str, parts: SplitResult) -> _Reply:
        assert parts.hostname is not None
        host = parts.hostname.encode("idna").decode() if not parts.hostname.isascii() else parts.hostname
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        addresses = await self._addresses(host, port)
        tls = (self.tls or ssl.create_default_context()) if secure else None
        reader, writer = await asyncio.open_connection(
            addresses[0], port, ssl=tls, server_hostname=host if secure else None, limit=_HEAD_BYTES
        )
        try:
            writer.write(_request(method, parts, host))
            await writer.drain()
            return _read_head(await reader.readuntil(b"\r\n\r\n"))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise ValueError("it does not answer as a web server does") from None
        finally:
            writer.transport.abort()  # whatever else it has to say, and without waiting for its goodbye

    async def _addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host; `_Private` if one of them is not public."""
        try:
            addresses = [str(ipaddress.ip_address(host))]
        except ValueError:
            addresses = list(await self.resolve(host, port))
        if not addresses or not all(self.is_allowed(address) for address in addresses):
            raise _Private
        return addresses


def _failure(url: str, error: Exception) -> LinkAnswer:
    """What it means that a link could not be followed: `TimeoutError` and all of TLS are `OSError` too."""
    match error:
        case _Private():
            return LinkAnswer(url, LinkState.PRIVATE)
        case socket.gaierror() if error.errno == socket.EAI_NONAME:
            state, said = LinkState.BROKEN, "there is no such host."
        case socket.gaierror():  # nobody could be asked: no fault of the link
            state, said = LinkState.OFFLINE, "no name server answers."
        case ssl.SSLCertVerificationError():
            state, said = LinkState.BROKEN, f"its certificate is not valid ({error.verify_message})."
        case TimeoutError():
            state, said = LinkState.UNREACHABLE, "no answer in time."
        case OSError():
            state, said = LinkState.UNREACHABLE, f"{error.strerror or type(error).__name__}."
        case _:
            state, said = LinkState.BROKEN, f"{error}."
    return LinkAnswer(url, state, said)


def _request(method: str, parts: SplitResult, host: str) -> bytes:
    """A request without cookies, referrer or anything else that tells of us (RFC 9112 §3)."""
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (
        "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?") if parts.query else ""
    )
    named = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port else ""
    lines = (
        f"{method} {target} HTTP/1.1",
        f"Host: {named}{port}",
        "User-Agent: Mozilla/5.0 (compatible; Distributor link check)",
        "Accept: */*",
        "Connection: close",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _read_head(head: bytes) -> _Reply:
    """The status and redirection of a reply (RFC 9112 §4, RFC 9110 §10.2.2)."""
    text = head.decode("latin-1")
    status = re.match(r"HTTP/\d(?:\.\d)? (\d{3})(?: ([^\r\n]*))?", text)
    if status is None:
        raise ValueError("it does not answer as a web server does")
    location = re.search(r"^location:[ \t]*([^\r\n]*)", text, re.IGNORECASE | re.MULTILINE)
    return _Reply(int(status[1]), (status[2] or "")[:60], location[1].strip() if location else "")

"""What stands before every page: small bodies within a time, strict headers, a log without anybody in it."""

from __future__ import annotations

import asyncio
import traceback
from pathlib import PurePath

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from distributor.errors import DistributorError
from distributor.web.limits import visitor_of
from distributor.web.site import Site

_FORM_BYTES = 16 * 1024
_HOOK_BYTES = 1024 * 1024
_BODY_S = 10.0
_LONGEST_PATH = 400

_KINDS = frozenset({"u", "r", "verify", "hooks", "healthz", "readyz", "robots.txt"})
_LINKED = frozenset({"u", "hooks"})
"""Kinds that only a signed link leads to: limited by link, so that nobody's objection waits for another's."""


class Guard:
    """An ASGI application around the pages. No line of its log holds an address, a token, or who asked."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site
        self._headers = _strict_headers(site.pages.style_hash)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; anything but HTTP is turned away."""
        if scope["type"] != "http":
            return
        began = self._site.tell_time()
        kind = _kind(scope["path"], self._site.prefix)
        answered: list[int] = []

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered.append(message["status"])
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if kind in _LINKED:
                    headers["Cache-Control"] = "no-store"
                    headers["X-Robots-Tag"] = "noindex"
            await send(message)

        await self._answer(kind, scope, self._bounded(kind, scope, receive), send_guarded, answered)
        took = round((self._site.tell_time() - began) * 1000)
        status = answered[0] if answered else 0
        self._site.say(f"{scope['method']} /{kind} {status} {took} ms")

    async def _answer(self, kind: str, scope: Scope, receive: Receive, send: Send, answered: list[int]) -> None:
        turned_away = self._turned_away(kind, scope)
        try:
            await (turned_away or self._app)(scope, receive, send)
        except DistributorError as error:
            # The disk is full, another command writes, the key is another one: whoever asked comes back, or is told to.
            self._site.say(f"not answered: {error}")
            await _excuse(503, scope, receive, send, answered)
        except ClientDisconnect:
            return
        except HTTPException as error:
            await _excuse(error.status_code, scope, receive, send, answered)
        except Exception as error:  # noqa: BLE001 - a defect of ours is said without the words it may quote
            place = traceback.extract_tb(error.__traceback__)[-1]
            self._site.say(f"defect: {type(error).__name__} at {PurePath(place.filename).name}:{place.lineno}")
            await _excuse(500, scope, receive, send, answered)

    def _turned_away(self, kind: str, scope: Scope) -> ASGIApp | None:
        """The answer to a request that is not even looked at."""
        if len(scope["path"]) > _LONGEST_PATH:
            return PlainTextResponse("Not found", 404)
        if kind in _LINKED:
            return None
        client = scope.get("client")
        wait = self._site.visits.wait(visitor_of(client[0] if client else None))
        return PlainTextResponse("Too many requests", 429, {"Retry-After": str(wait)}) if wait else None

    def _bounded(self, kind: str, scope: Scope, receive: Receive) -> Receive:
        """`receive` for a body that ends within its size and its time; 413 and 408 for any other."""
        most = _HOOK_BYTES if kind == "hooks" else _FORM_BYTES
        said = Headers(scope=scope).get("content-length", "0")
        too_big = not (said.isascii() and said.isdigit()) or int(said[:20]) > most
        taken = 0
        deadline = asyncio.get_running_loop().time() + _BODY_S
        is_whole = False

        async def receive_bounded() -> Message:
            nonlocal taken, is_whole
            if is_whole:
                return await receive()  # only whether the visitor is still there
            if too_big:
                raise HTTPException(413)
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408) from None
            taken += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if taken > most:
                raise HTTPException(413)
            return message

        return receive_bounded


def _kind(path: str, prefix: str) -> str:
    """The first word of a path, if it is one of ours: all that the log says of where somebody went."""
    first = path.removeprefix(prefix).lstrip("/").partition("/")[0]
    return first if first in _KINDS else ""


def _strict_headers(style_hash: str) -> dict[str, str]:
    policy = (
        f"default-src 'none'; style-src 'sha256-{style_hash}'; img-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), interest-cohort=()",
        "Strict-Transport-Security": "max-age=31536000",
        "Cache-Control": "no-cache",
    }


async def _excuse(status: int, scope: Scope, receive: Receive, send: Send, answered: list[int]) -> None:
    """A plain sentence, unless an answer has begun already."""
    if not answered:
        words = {413: "Too large", 408: "Too slow", 503: "Please try again in a few minutes"}
        headers = {"Retry-After": "120"} if status == 503 else {}
        if status in (408, 413):
            headers["Connection"] = "close"
        await PlainTextResponse(words.get(status, "Something went wrong here"), status, headers)(scope, receive, send)

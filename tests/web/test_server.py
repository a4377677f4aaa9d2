"""The server on a real socket: slow and broken requests, and whom it believes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from visiting import Visited

from distributor.errors import BadInput
from distributor.web import server

HELENE = "helene@jour.example"


def talk(visited: Visited, conversation: Callable[[int], Awaitable[None]]) -> None:
    """Serve on a free port of this machine for as long as a conversation lasts."""

    async def run() -> None:
        listening = server.open_socket("127.0.0.1", 0)
        made = server.make_server(visited.site, proxy="127.0.0.1")
        serving = asyncio.create_task(made.serve(sockets=[listening]))
        try:
            await conversation(listening.getsockname()[1])
        finally:
            made.should_exit = True
            await serving

    asyncio.run(run())


async def ask(port: int, request: bytes) -> bytes:
    """Everything that is answered to a request, until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return answer


@pytest.fixture(autouse=True)
def _quiet_uvicorn() -> None:
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)


def test_whoever_sends_a_request_by_drops_is_hung_up_on(visited: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_REQUEST_S", 0.1)
    monkeypatch.setattr(server, "_IDLE_S", 1)

    async def conversation(port: int) -> None:
        for beginning in (
            b"",
            b"G",
            b"GET /healthz HTTP/1.1\r\nHost: a\r\n",
            b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: ",
        ):
            assert await ask(port, beginning) == b""
        # One that was served and dawdles over the next request, too.
        whole = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        answer = await ask(port, whole + whole + b"GET /he")
        assert answer.count(b"alive") == 2

    talk(visited, conversation)


def test_a_slow_answer_is_not_cut(visited: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_REQUEST_S", 0.05)
    ready = asyncio.Event()

    async def slow(_site: object, _request: object) -> object:
        asyncio.get_running_loop().call_later(0.2, ready.set)
        await ready.wait()
        from starlette.responses import PlainTextResponse

        return PlainTextResponse("late")

    monkeypatch.setattr("distributor.web.verifying._verify", slow)

    async def conversation(port: int) -> None:
        answer = await ask(port, b"GET /verify HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert answer.endswith(b"late")

    talk(visited, conversation)


@pytest.mark.parametrize(
    "request_",
    [
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"y" * 20_000,
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /u/x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
        b"POST /u/x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(visited: Visited, request_: bytes) -> None:
    async def conversation(port: int) -> None:
        assert (await ask(port, request_)).startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))

    talk(visited, conversation)
    assert visited.said == [], "nothing of it came through"


def test_a_socket_asked_for_a_websocket_or_a_whole_address_gets_no_more_than_anybody(visited: Visited) -> None:
    async def conversation(port: int) -> None:
        upgrade = (
            b"Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n"
        )
        answer = await ask(port, b"GET /u/x HTTP/1.1\r\nHost: a\r\n" + upgrade + b"\r\n")
        assert answer.startswith(b"HTTP/1.1 404")
        absolute = await ask(port, b"GET http://evil.example/ HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n")
        assert b"evil" not in absolute

    talk(visited, conversation)


def test_the_proxy_says_who_asks(visited: Visited) -> None:
    async def conversation(port: int) -> None:
        async def status(visitor: str) -> int:
            head = f"GET /u/x HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {visitor}\r\nConnection: close\r\n\r\n"
            return int((await ask(port, head.encode())).split()[1])

        assert [await status("192.0.2.1") for _ in range(21)] == [404] * 20 + [429]
        assert await status("192.0.2.2") == 404
        assert await status("192.0.2.2, 192.0.2.1") == 429, "what a visitor wrote there himself is not believed"

    talk(visited, conversation)


@pytest.mark.parametrize(("host", "port"), [("localhost", 0), ("presse.example", 80), ("127.0.0.1", 70_000), ("", 0)])
def test_a_place_that_cannot_be_had_is_named(host: str, port: int) -> None:
    with pytest.raises(BadInput) as caught:
        server.open_socket(host, port)
    assert caught.value.mend


def test_a_port_that_is_taken_is_named() -> None:
    with server.open_socket("127.0.0.1", 0) as first, pytest.raises(BadInput, match="Nothing can listen at"):
        server.open_socket("127.0.0.1", first.getsockname()[1])

"""Links are followed on the public web only, each within its time and size; against a real server on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from distributor.releases.findings import LinkState
from distributor.releases.linkcheck import MOST_LINKS, follow_links, is_public

HOST = "lac.example"


@dataclass
class Site:
    """A web server that says, on each connection, what `answer` makes of the request; `seen` are the requests."""

    answer: Callable[[str], bytes | None]
    port: int = 0
    seen: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.seen.append(request)
            said = self.answer(request.partition("\r\n")[0])
            if said is None:  # it holds the line and says nothing
                await reader.read()
            else:
                writer.write(said)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@contextmanager
def site(answer: Callable[[str], bytes | None]) -> Iterator[Site]:
    loop, serving = asyncio.new_event_loop(), Site(answer)
    server = loop.run_until_complete(asyncio.start_server(serving.serve, "127.0.0.1", 0))
    serving.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield serving
    finally:

        async def stop() -> None:
            server.close()
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(stop(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def here(host: str, port: int) -> Sequence[str]:
    """Every name leads to this machine."""
    return ["127.0.0.1"]


def follow(serving: Site, path: str = "/x", **options: object) -> tuple[LinkState, str]:
    options = {"resolve": here, "is_allowed": bool, "seconds": 20.0} | options
    (one,) = follow_links([f"http://{HOST}:{serving.port}{path}"], **options)  # type: ignore[arg-type]  # a test's own mix
    return one.state, one.said


def reply(status: str, *headers: str) -> bytes:
    return ("\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""])).encode()


def test_a_page_that_is_there_is_asked_once_and_told_nothing_of_us() -> None:
    with site(lambda _: reply("200 OK")) as serving:
        assert follow(serving, "/é?q=à b#part") == (LinkState.FINE, "")
        (request,) = serving.seen
    assert request.startswith(f"HEAD /%C3%A9?q=%C3%A0%20b HTTP/1.1\r\nHost: {HOST}:")
    assert not {"cookie", "referer", "authorization"} & {
        line.partition(":")[0].lower() for line in request.split("\r\n")
    }


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (reply("404 Not Found"), LinkState.BROKEN),
        (reply("410 Gone"), LinkState.BROKEN),
        (reply("500 Oops"), LinkState.UNREACHABLE),
        (reply("403 Forbidden"), LinkState.FINE),
        (reply("429 Slow down"), LinkState.FINE),
        (b"220 mail.example ESMTP\r\n\r\n", LinkState.BROKEN),
        (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 100_000, LinkState.BROKEN),
        (b"", LinkState.BROKEN),
        (None, LinkState.UNREACHABLE),
        (reply("302 Found", "Location: ftp://lac.example/x"), LinkState.BROKEN),
        (reply("302 Found", "Location: /x"), LinkState.BROKEN),
        (reply("302 Found"), LinkState.FINE),
    ],
)
def test_what_a_server_says_is_told(said: bytes | None, state: LinkState) -> None:
    with site(lambda _: said) as serving:
        assert follow(serving, seconds=0.3 if said is None else 20.0)[0] is state


def test_what_head_does_not_get_is_asked_for_with_get() -> None:
    with site(lambda line: reply("405 No") if line.startswith("HEAD") else reply("200 OK")) as serving:
        assert follow(serving)[0] is LinkState.FINE
        assert [one.split()[0] for one in serving.seen] == ["HEAD", "GET"]


def test_a_redirection_is_followed_and_looked_at_anew() -> None:
    with site(lambda line: reply("301 Moved", "location: /y") if " /x" in line else reply("404 Gone")) as serving:
        assert follow(serving) == (LinkState.BROKEN, "404 Gone.")
    for target in (
        "http://127.0.0.1:1/",
        "http://[::1]/",
        "http://169.254.169.254/latest",
        "http://[::ffff:10.0.0.1]/",
    ):
        with site(lambda _, to=target: reply("302 Found", f"Location: {to}")) as serving:  # type: ignore[misc]  # bound now
            first = [True]

            def only_the_first(_: str, first: list[bool] = first) -> bool:
                return first.pop() if first else False

            assert follow(serving, is_allowed=only_the_first)[0] is LinkState.PRIVATE
            assert len(serving.seen) == 1


def test_this_machine_and_private_networks_are_never_asked() -> None:
    with site(lambda _: reply("200 OK")) as serving:
        for host in ("127.0.0.1", "localhost", "[::1]", "2130706433", "0177.0.0.1"):
            (one,) = follow_links([f"http://{host}:{serving.port}/"], seconds=2)
            assert one.state in {LinkState.PRIVATE, LinkState.BROKEN, LinkState.OFFLINE}, host
        assert serving.seen == []


def test_one_private_address_among_public_ones_is_enough() -> None:
    async def two(host: str, port: int) -> Sequence[str]:
        return ["93.184.216.34", "10.0.0.5"]

    (one,) = follow_links(["https://lac.example/"], resolve=two)
    assert one.state is LinkState.PRIVATE


def test_the_connection_goes_to_the_address_that_was_looked_at() -> None:
    asked: list[str] = []

    async def turning(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with site(lambda _: reply("200 OK")) as serving:
        assert follow(serving, resolve=turning)[0] is LinkState.FINE
    assert asked == [HOST]


def test_names_that_are_not_there_and_being_offline() -> None:
    async def nobody(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def offline(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    assert follow_links(["https://lac.example/"], resolve=nobody)[0].state is LinkState.BROKEN
    assert follow_links(["https://lac.example/"], resolve=offline)[0].state is LinkState.OFFLINE


def test_odd_addresses_are_broken_and_there_is_an_end() -> None:
    urls = ["http://", "https://[", "http://lac.example:99999/", "http://a..b/", "ftp://lac.example"]
    assert {one.state for one in follow_links(urls, resolve=here)} <= {LinkState.BROKEN, LinkState.PRIVATE}
    assert len(follow_links(["http://127.0.0.1/"] * (MOST_LINKS + 5))) == MOST_LINKS
    assert follow_links([]) == []


NOT_PUBLIC = (
    "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 0.0.0.0 100.64.0.1 224.0.0.1 198.18.0.1 240.0.0.1"
    " ::1 :: fe80::1%eth0 fc00::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 2002:7f00:1:: ff02::1"
)


@pytest.mark.parametrize("address", NOT_PUBLIC.split())
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "8.8.8.8"])
def test_what_is_public(address: str) -> None:
    assert is_public(address)

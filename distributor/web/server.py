"""The server: uvicorn on one socket, which waits for nobody's slow request, and says where it listens."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from distributor.errors import BadInput
from distributor.web.app import make_app
from distributor.web.site import Site
from distributor.wiring import Workspace

_REQUEST_S = 10.0
_IDLE_S = 5
_CONNECTIONS = 250
_HEADER_BYTES = 16 * 1024
_GRACE_S = 20


class PunctualProtocol(H11Protocol):
    """HTTP/1.1 that closes a connection whose request line and fields are not there within ten seconds.

    uvicorn times out a connection that is idle, and one that has sent a first byte no more.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(_REQUEST_S, self._give_up)

    def data_received(self, data: bytes) -> None:
        """Read on; a whole request is no longer waited for, the beginning of the next one is."""
        super().data_received(data)
        if self._is_answering():
            self._forget_deadline()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(_REQUEST_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._forget_deadline()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _give_up(self) -> None:
        self._deadline = None
        if not self._is_answering() and not self.transport.is_closing():
            self.transport.close()

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def open_socket(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one. `BadInput` for a place that cannot be had."""
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    except ValueError:
        raise BadInput(f"«{host}» is no IP address.", field="--host", mend="Write 127.0.0.1 or 0.0.0.0.") from None
    if not 0 <= port <= 65535:
        raise BadInput(f"There is no port {port}.", field="--port", mend="Choose one from 1024 to 65535.")
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        said = f"Nothing can listen at {host}, port {port}: {error.strerror}."
        raise BadInput(said, mend="Choose another --port.") from None


def make_server(site: Site, *, proxy: str) -> uvicorn.Server:
    """A server for a site; `proxy` is the address whose word is taken for who a visitor is (X-Forwarded-For)."""
    config = uvicorn.Config(
        make_app(site),
        http=PunctualProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=proxy,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=_GRACE_S,
        h11_max_incomplete_event_size=_HEADER_BYTES,
    )
    return uvicorn.Server(config)


def open_server(workspace: Workspace, *, proxy: str, say: Callable[[str], None]) -> uvicorn.Server:
    """A server for a workspace, its log said line by line. `BadInput` for a proxy that is none, or without a sender."""
    try:
        ipaddress.ip_network(proxy)
    except ValueError:
        mend = "Write 10.0.0.2, or a network such as 10.0.0.0/24."
        raise BadInput(f"«{proxy}» is no IP address.", field="--proxy", mend=mend) from None
    return make_server(Site(workspace, say), proxy=proxy)


def serve(server: uvicorn.Server, listening: socket.socket) -> None:
    """Answer until a signal comes, then finish what is being answered; ends with `KeyboardInterrupt`."""
    # uvicorn raises the signal again once it is done: then SIGTERM, too, ends the command like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server.run(sockets=[listening])

"""A mail server that takes everything and keeps nothing: Postfix's smtp-sink if installed, a small one if not."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOST = "127.0.0.1"
_START_S = 10.0


@contextmanager
def sink() -> Iterator[int]:
    """Run the server as a process of its own, so that it takes no time from the side measured; yield its port."""
    port = _free_port()
    program = shutil.which("smtp-sink")
    if program:
        who = ["-u", "nobody"] if os.geteuid() == 0 else []  # it refuses to run as root
        command = [program, *who, f"{HOST}:{port}", "1000"]
    else:
        command = [sys.executable, "-m", "benchmarks.sink", str(port)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[1], stderr=subprocess.DEVNULL)
    try:
        _wait_for(process, port)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=_START_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _START_S
    while True:
        try:
            with socket.create_connection((HOST, port), timeout=1):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("The mail server for the measurement did not start.") from None
            time.sleep(0.02)


class _Taker(asyncio.Protocol):
    """One conversation of our own server: enough of RFC 5321 to take messages, pipelined or not."""

    def __init__(self) -> None:
        self._buffer = b""
        self._in_body = False
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        transport.write(b"220 sink.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._buffer += data
        while True:
            line, end, rest = self._buffer.partition(b"\r\n.\r\n" if self._in_body else b"\r\n")
            if not end:
                return
            self._buffer = rest
            self._transport.write(self._answer(line))
            if line.upper() == b"QUIT" and not self._in_body:
                self._transport.close()
                return

    def _answer(self, line: bytes) -> bytes:
        if self._in_body:
            self._in_body = False
            return b"250 2.0.0 Ok\r\n"
        match line[:4].upper():
            case b"EHLO":
                return b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
            case b"DATA":
                self._in_body = True
                return b"354 End with a dot\r\n"
            case b"QUIT":
                return b"221 2.0.0 Bye\r\n"
        return b"250 2.0.0 Ok\r\n"


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Taker, HOST, port)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(_serve(int(sys.argv[1])))
    except KeyboardInterrupt:
        sys.exit(130)

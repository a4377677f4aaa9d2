"""Latency: a mail server 50 ms away, with ten connections, against aiosmtplib's own `sendmail`."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiosmtplib

from benchmarks.measuring import Kind, Line, Skipped, interleave, timed
from benchmarks.office import SENDER, carry_timed, make_office, plan
from benchmarks.sink import HOST, sink
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.workers import worker_name

ONE_WAY_S = 0.025
_CONNECTIONS = 10
_MESSAGES = 800
_BLOCK = 2**16


def measure(folder: Path) -> Iterator[Line | Skipped]:
    """The send phase over a delaying proxy, in turn with the same number of ready messages through `sendmail`."""
    with sink() as far, delayed(far) as port:
        workspace = make_office(folder / "office", journalists=_MESSAGES, port=port, connections=_CONNECTIONS)
        dispatch_id = plan(workspace)
        workspace.database.close()

        def ours() -> float:
            for old in folder.glob("run.db*"):
                old.unlink()
            shutil.copyfile(workspace.path / "press.db", folder / "run.db")
            database = Database(f"sqlite:///{folder / 'run.db'}")
            return carry_timed(workspace, DeliveryLog(database, worker_name()), database, dispatch_id, _MESSAGES)

        seconds, theirs = interleave(ours, lambda: timed(lambda: asyncio.run(_sendmail(port))), pairs=3, warm_up=False)
    meaning = (
        f"messages per second of the send phase ({_MESSAGES} messages, {_CONNECTIONS} connections, "
        f"{ONE_WAY_S * 1000:.0f} ms each way; written, sent, logged durably) ÷ aiosmtplib.sendmail with ready bytes "
        "over as many connections"
    )
    yield Line("50 ms away ÷ sendmail", meaning, Kind.SPEED, seconds, theirs, aim=3, items=_MESSAGES)


async def _sendmail(port: int) -> None:
    message = b"Subject: ready\r\n\r\n" + (b"x" * 76 + b"\r\n") * 80

    async def one_connection() -> None:
        async with aiosmtplib.SMTP(hostname=HOST, port=port, start_tls=False) as client:
            for _ in range(_MESSAGES // _CONNECTIONS):
                await client.sendmail(SENDER, ["anne@gazette.example"], message)

    await asyncio.gather(*(one_connection() for _ in range(_CONNECTIONS)))


@contextmanager
def delayed(far: int) -> Iterator[int]:
    """A proxy, as a process of its own, that delays every byte to the port `far` and back; yield its own port."""
    command = [sys.executable, "-m", "benchmarks.latency", str(far)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(timeout=10)


@asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand bytes on, each block so much later; blocks overtake nothing and do not wait for one another."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due, block = await waiting.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not block:
                return
            writer.write(block)

    async with _closing(writer), asyncio.TaskGroup() as tasks:
        tasks.create_task(deliver())
        block = b"-"
        while block:
            try:
                block = await reader.read(_BLOCK)
            except OSError:
                block = b""
            waiting.put_nowait((loop.time() + ONE_WAY_S, block))


async def _proxy(far: int) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(HOST, far)
        await asyncio.gather(_pass_on(reader, there_writer), _pass_on(there_reader, writer))

    server = await asyncio.start_server(serve, HOST, 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_proxy(int(sys.argv[1])))

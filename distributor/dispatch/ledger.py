"""The async side of the delivery log: one place that writes, one commit for all that is waiting."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

from distributor.deliveries.log import DeliveryLog, LeaseLost
from distributor.deliveries.records import AttemptRecord, Batch
from distributor.dispatch.scribe import SIGNALS, Scribe
from distributor.errors import DistributorError

T = TypeVar("T")


class Ledger:
    """Calls the delivery log from one thread; begins and records of all connections share commits.

    While one commit is on its way to the disk, what other connections ask for gathers; the next commit takes it all.
    With `apart` claims and commits are made in a process of its own, which pays from some thousand messages on. What
    the log says is not for it, and where that process cannot be, or is no more, it is the thread again.
    """

    def __init__(self, log: DeliveryLog, *, apart: bool = False) -> None:
        self._log = log
        self._scribe: Scribe | None = None
        if apart and (errand := log.errand()) is not None:
            with contextlib.suppress(OSError):
                self._scribe = Scribe(log, errand, asyncio.get_running_loop())
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger", initializer=hear_no_signals)
        self._turn = asyncio.Lock()
        self._last: asyncio.Future[object] | None = None
        self._batch = Batch()
        self._waiting: list[tuple[int | None, asyncio.Future[None]]] = []
        self._flushing: asyncio.Task[None] | None = None

    async def call(self, function: Callable[..., T], *args: object) -> T:
        """Run a function where the ledger is written: on its thread; a claim or a commit perhaps in its process.

        One after another, also between thread and process: see «The WAL-reset bug» in docs/decisions.md. That whoever
        has asked does not wait any more does not end what they asked for: the next one waits for it.
        """
        if self._scribe is None:
            return await self._on_thread(function, *args)
        async with self._turn:
            await self._rest()
            self._last = work = asyncio.ensure_future(self._share(self._scribe, function, args))
            return cast("T", await asyncio.shield(work))

    async def _share(self, scribe: Scribe, function: Callable[..., T], args: tuple[object, ...]) -> object:
        """Let the process do it, or the thread what is left to it."""
        done = await scribe.do(function, args)
        if done is None:
            return await self._on_thread(function, *args)
        if isinstance(args[0], Batch) and self._log.gather(args[0]):
            # What is committed stays so, whatever becomes of this: it is tried again, in the end by the next run.
            with contextlib.suppress(DistributorError):
                await self._on_thread(self._log.note_gathered)
        return done

    async def _on_thread(self, function: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *args)

    async def _rest(self) -> None:
        """Wait for the end of what nobody waits for any more."""
        if self._last is not None and not self._last.done():
            await asyncio.wait([self._last])

    async def begin(self, delivery_id: int) -> None:
        """Return when the intent to send is durable; raise `LeaseLost` if the delivery is no longer ours."""
        self._batch.begins.append(delivery_id)
        await self._committed(delivery_id)

    def record(self, record: AttemptRecord) -> asyncio.Future[None]:
        """Write a verdict; done when it is durable. It is written even if nobody waits.

        Verdicts and intents become durable in the order in which they were given: a `begin` that has returned vouches
        for every record before it.
        """
        self._batch.records.append(record)
        return self._committed(None)

    async def settle(self, function: Callable[..., T], *args: object) -> T:
        """As `call`, after all that was said before is written: what is known is never settled as unknown."""
        await self._flushed()
        return await self.call(function, *args)

    async def close(self) -> None:
        """Write what is still waiting, and end the thread, or the process."""
        await self._flushed()
        if self._scribe is not None:
            async with self._turn:
                await self._rest()
            await self._scribe.close()
        self._thread.shutdown(wait=True)

    async def _flushed(self) -> None:
        if self._flushing is not None:
            await asyncio.wait([self._flushing])

    def _committed(self, begin: int | None) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((begin, done))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        return done

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._batch = self._batch, Batch()
            waiting, self._waiting = self._waiting, []
            try:
                lost = set(await self.call(self._log.commit, batch))
            except Exception as error:  # noqa: BLE001 - handed to everyone who waits for this commit
                for _begin, done in waiting:
                    if not done.done():
                        done.set_exception(error)
                continue
            for begin, done in waiting:
                if done.done():
                    continue
                if begin in lost:
                    done.set_exception(LeaseLost(begin))
                else:
                    done.set_result(None)


def hear_no_signals() -> None:
    """Leave signals to the main thread: one that another thread takes while that one holds them back would be lost."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)

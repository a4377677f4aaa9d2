"""The async side of the delivery log: one place that writes, and commits that many share."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar, cast

from distributor.deliveries.log import DeliveryLog, LeaseLost
from distributor.deliveries.records import AttemptRecord, Batch
from distributor.dispatch.scribe import SIGNALS, Scribe, Standby
from distributor.dispatch.silence import silence
from distributor.errors import DistributorError, StorageTrouble

T = TypeVar("T")

Then = Callable[[BaseException | None], object]
"""Told once that something is durable, or what kept it from that; never raises."""


_MANY = 1_000
"""Connections, where nobody says how many: a commit takes all that is waiting."""
_FEW = 8
"""So many begins and records go into any commit."""


def _nobody(_error: BaseException | None) -> None:
    """Nobody is told but who waits."""


class Ledger:
    """Calls the delivery log from one thread; begins and records of all connections share commits.

    While one commit is on its way to the disk, what other connections ask for gathers. The next commit takes it, and is
    on its way before those are woken who waited for the one before: they work meanwhile. It takes no more than a half
    of what `connections` may ask for, or the other half would have nothing to do until it is written.

    With `apart` claims and commits are made in a process of its own, which stands by there: it pays from some thousand
    messages on. What the log says is not for it, and where that process cannot be, or is no more, it is the thread
    again.

    A server that keeps the line and says nothing for a minute is hung up on: whoever waits is told that nobody knows.
    """

    def __init__(self, log: DeliveryLog, *, connections: int = _MANY, apart: Standby | None = None) -> None:
        self._log = log
        self._most = max(_FEW, connections)
        self._scribe: Scribe | None = None
        if apart is not None and (errand := log.errand()) is not None:
            with contextlib.suppress(OSError):
                self._scribe = Scribe(log, errand, asyncio.get_running_loop(), apart)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger", initializer=hear_no_signals)
        self._turn = asyncio.Lock()
        self._question: object = None
        """What the thread is at."""
        self._watches: list[asyncio.Task[None]] = []
        self._last: asyncio.Future[Any] | None = None
        self._under_way: set[asyncio.Task[object]] = set()
        self._informing: set[asyncio.Task[object]] = set()
        self._waiting: deque[Said] = deque()
        self._flushing: asyncio.Task[None] | None = None
        self._unwritten: list[AttemptRecord] = []
        self._fault: BaseException | None = None
        """What kept those verdicts from the disk, or a defect beside them: behind it nobody is begun."""

    async def call(self, function: Callable[..., T], *args: object) -> T:
        """Run a function where the ledger is written: on its thread; a claim or a commit perhaps in its process.

        One after another, also between thread and process: see «The WAL-reset bug» in docs/decisions.md. That whoever
        has asked does not wait any more does not end what they asked for: what comes next comes after it.
        """
        if self._scribe is None:
            return await self._on_thread(function, *args)
        async with self._turn:
            await self._rest()
            answer = self._scribe.ask(function, args)  # at once, whatever else is ready to run
        return cast("T", await asyncio.shield(self._kept(self._share(answer, function, args))))

    async def _share(
        self, answer: asyncio.Future[object] | None, function: Callable[..., T], args: tuple[object, ...]
    ) -> object:
        """What the process answers; what is left to the thread, the thread does."""
        done = None if answer is None else await answer
        if done is None:
            return await self._alone(function, *args)
        if isinstance(args[0], Batch) and (reached := self._log.gather(args[0].accepted)):
            self._informing.add(task := self._kept(self._inform(reached)))
            task.add_done_callback(self._informing.discard)
        return done

    async def _inform(self, reached: list[int]) -> None:
        # What is committed stays so, whatever becomes of this: it is tried again, in the end with what is settled.
        try:
            await self.call(self._log.inform, reached)
        except Exception as error:  # noqa: BLE001 - a defect halts the run, through the next who would begin
            self._log.keep(reached)
            if not isinstance(error, DistributorError):
                self._fault = error

    async def _alone(self, function: Callable[..., T], *args: object) -> T:
        """Run a function on the thread, while the process has nothing to do."""
        assert self._scribe is not None
        async with self._turn:
            await self._rest()
            await self._scribe.quiet()
            self._last = asyncio.ensure_future(self._on_thread(function, *args))
            self._last.add_done_callback(_hear)
            return cast("T", await asyncio.shield(self._last))

    def _kept(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
        """A task that is waited for at the end, if nobody else does."""
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        task.add_done_callback(_hear)
        return task

    async def _on_thread(self, function: Callable[..., T], *args: object) -> T:
        if self._log.is_on_a_server and not self._watches:
            self._watch()

        def answered() -> T:
            self._question = object()
            try:
                return function(*args)
            finally:
                self._question = None

        return await asyncio.get_running_loop().run_in_executor(self._thread, answered)

    def _watch(self, *, at_once: bool = False) -> None:
        self._watches.append(asyncio.create_task(self._hang_up_on_silence(at_once=at_once)))

    async def _hang_up_on_silence(self, *, at_once: bool) -> None:
        while True:
            await silence(lambda: self._question, at_once=at_once)
            self._log.hang_up(at_once=at_once)

    async def _rest(self) -> None:
        """Wait for the end of what nobody waits for any more."""
        if self._last is not None and not self._last.done():
            await asyncio.wait([self._last])

    def begin(self, delivery_id: int) -> asyncio.Future[None]:
        """Done when the intent to send is durable; `LeaseLost` if the delivery is no longer ours."""
        return self._say(delivery_id).written()

    def record(self, record: AttemptRecord, then: Then = _nobody) -> Said:
        """Write a verdict; `then` is told when it is durable, or what kept it from that. It is written in any case.

        Verdicts and intents become durable in the order in which they were given: a `begin` that is done vouches for
        every record before it, and their `then` was told before. Behind a record that could not be written nobody is
        begun any more: they would be in doubt, and nothing of theirs has left.
        """
        return self._say(record, then)

    async def settle(self, function: Callable[..., T], *args: object) -> T:
        """As `call`, after all that was said before is written: what is known is never settled as unknown.

        Verdicts whose commit has failed are tried once more: a database may have been locked for too long, and be free
        again.
        """
        return cast("T", await asyncio.shield(self._kept(self._settled(function, *args))))

    async def _settled(self, function: Callable[..., T], *args: object) -> T:
        await self._flushed()
        if self._informing:
            await asyncio.wait(self._informing)
        late, self._unwritten = self._unwritten, []
        try:
            if late:
                await self.call(self._log.record_late, late)
        except Exception as error:
            if isinstance(error, StorageTrouble):
                raise  # else a defect, as at the first try: who is under way is settled all the same
        return await self.call(function, *args)

    def hurry(self) -> None:
        """Somebody wants the end at once: a process or a server that does not answer is not waited for."""
        if self._scribe is not None:
            self._scribe.hurry()
        elif self._log.is_on_a_server:
            self._watch(at_once=True)

    async def close(self) -> None:
        """Write what is still waiting, and end the thread, or the process."""
        await self._flushed()
        if self._under_way:
            await asyncio.wait(self._under_way)
        if self._scribe is not None:
            await self._scribe.close()
        # Beside the loop: what the thread is at may want to be hung up on, though nobody waits for it any more.
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)
        for watch in self._watches:
            watch.cancel()

    async def _flushed(self) -> None:
        if self._flushing is not None:
            await asyncio.wait([self._flushing])

    def _say(self, what: int | AttemptRecord, then: Then = _nobody) -> Said:
        said = Said(what, then)
        if self._fault is not None and isinstance(what, int):
            said.end(self._fault)
            return said
        self._waiting.append(said)
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        return said

    async def _flush(self) -> None:
        tell: Callable[[], None] = partial(_tell, ())
        while self._waiting:
            entries = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            commit = asyncio.ensure_future(self.call(self._log.commit, _batch(entries)))
            tell()  # the commit's task runs before those who are woken now
            await asyncio.wait([commit])
            tell = partial(_tell, entries, commit)
            if (error := commit.exception()) is not None:
                tell()
                tell = partial(_tell, ())
                self._keep(entries, error)
        tell()

    def _keep(self, entries: Iterable[Said], error: BaseException) -> None:
        """Keep the verdicts of a commit that has failed; behind them nobody is begun."""
        verdicts = [one.what for one in entries if isinstance(one.what, AttemptRecord)]
        if not verdicts:
            return
        self._unwritten += verdicts
        self._fault = error
        begins = [one for one in self._waiting if isinstance(one.what, int)]
        self._waiting = deque(one for one in self._waiting if isinstance(one.what, AttemptRecord))
        for one in begins:
            one.end(error)


class Said:
    """A begin or a record on its way to the disk."""

    __slots__ = ("_error", "_is_over", "_then", "_written", "what")

    def __init__(self, what: int | AttemptRecord, then: Then) -> None:
        self.what = what
        self._then = then
        self._written: asyncio.Future[None] | None = None
        self._is_over = False
        self._error: BaseException | None = None

    def written(self) -> asyncio.Future[None]:
        """Done when it is durable; raises what kept it from that."""
        if self._written is None:
            self._written = asyncio.get_running_loop().create_future()
            if self._is_over:
                self._settle(self._written)
        return self._written

    def end(self, error: BaseException | None) -> None:
        """Its commit is over: tell whoever waits."""
        self._is_over, self._error = True, error
        self._then(error)
        if self._written is not None and not self._written.done():  # else nobody waits any more
            self._settle(self._written)

    def _settle(self, written: asyncio.Future[None]) -> None:
        if self._error is None:
            written.set_result(None)
        else:
            written.set_exception(self._error)


def _hear(done: asyncio.Future[Any]) -> None:
    """What it raises is for whoever waits; where nobody does any more, asyncio would print it for the user to read."""
    if not done.cancelled():
        done.exception()


def _batch(entries: Iterable[Said]) -> Batch:
    batch = Batch()
    for entry in entries:
        if isinstance(entry.what, AttemptRecord):
            batch.records.append(entry.what)
        else:
            batch.begins.append(entry.what)
    return batch


def _tell(entries: Iterable[Said], commit: asyncio.Future[list[int]] | None = None) -> None:
    """Tell those who wait for the commit, which is over."""
    error = None if commit is None else commit.exception()
    lost = set(commit.result()) if commit is not None and error is None else set()
    for entry in entries:
        if lost and isinstance(entry.what, int) and entry.what in lost:
            entry.end(LeaseLost(entry.what))
        else:
            entry.end(error)


def hear_no_signals() -> None:
    """Leave signals to the main thread: one that another thread takes while that one holds them back would be lost."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)

"""A ledger that cannot be written, or a clock that is wrong, while `distributor work` runs: said, and sat out."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from distributor import clock
from distributor.cli.terminal.output import console, count
from distributor.cli.terminal.signals import until_stopped
from distributor.deliveries.log import Recovery
from distributor.dispatch.carry import Carrier
from distributor.dispatch.ledger import hear_no_signals
from distributor.dispatch.result import RunResult
from distributor.errors import ONCE_MORE, FileReplaced, Interrupted, StorageTrouble, sentence

T = TypeVar("T")

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_PROMISE = "Nothing leaves until that is over; it goes on by itself then. Ctrl-C ends."


class Outages:
    """What `work` does while its ledger cannot be written: nothing leaves, and it looks again, less and less often."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._pause = _FIRST_PAUSE_S
        self._ended_at: float | None = None
        self.lasts = False

    def sit_out(self, trouble: StorageTrouble) -> None:
        """Say what is wrong, with its way to mend it, and return when the ledger takes what is written again.

        What this process was sending when it went is in doubt then, by name, and what it had claimed is queued again:
        nobody else may settle it while we live. Raises `Interrupted` at a signal, `FileReplaced` where another one has
        come in its place.
        """
        self.lasts = True
        if self._ended_at is None or clock.monotonic() - self._ended_at > _LONGEST_PAUSE_S:
            self._pause = _FIRST_PAUSE_S  # one that comes back at once is the same one
        mend = trouble.mend.replace(ONCE_MORE, "").strip()
        said = (sentence(trouble.message), sentence(mend), _PROMISE)
        console(stderr=True).print(*filter(None, said), soft_wrap=True)
        if asyncio.run(until_stopped(self._look_again)).stopped:
            raise Interrupted("Stopped; what could be saved is.", mend="Go on with: distributor work")
        self.lasts = False
        self._ended_at = clock.monotonic()

    async def _look_again(self, stop: asyncio.Event) -> RunResult:
        stopped: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
        try:
            while True:
                pause = asyncio.ensure_future(clock.sleep(self._pause))
                await asyncio.wait([stopped, pause], return_when=asyncio.FIRST_COMPLETED)
                pause.cancel()
                self._pause = min(self._pause * 2, _LONGEST_PAUSE_S)
                looking: asyncio.Future[Any] = beside(self._take_up)
                await asyncio.wait([stopped, looking], return_when=asyncio.FIRST_COMPLETED)
                if stop.is_set():
                    return RunResult(stopped=True)
                left = looking.result()
                if left is not None:
                    _say_back(left)
                    return RunResult()
        finally:
            stopped.cancel()

    def _take_up(self) -> Recovery | None:
        """Settle what this process left behind, of every account; None while the ledger still takes nothing."""
        try:
            self._carrier.database.require_in_place()
            self._carrier.require_right_clock()
            self._carrier.roster.beat(None, 0)  # it writes: a full disk can be read all the same
            self._carrier.roster.strike_off_own()  # they ended when nothing could be written, their leave neither
            return self._carrier.log.abandon_all()
        except FileReplaced:
            raise
        except StorageTrouble:
            return None


def beside(work: Callable[[], T]) -> asyncio.Future[T]:
    """Do it in a thread that nobody waits for at the end: a connection that hangs must not hold up a signal."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(how: Callable[[Any], None], what: object) -> None:
        if not done.done():  # nobody waits any more
            how(what)

    def run() -> None:
        hear_no_signals()
        with contextlib.suppress(RuntimeError):  # the loop is closed: a signal came first
            try:
                loop.call_soon_threadsafe(tell, done.set_result, work())
            except Exception as error:  # noqa: BLE001 - raised where it is waited for
                loop.call_soon_threadsafe(tell, done.set_exception, error)

    threading.Thread(target=run, name="database", daemon=True).start()
    return done


def _say_back(left: Recovery) -> None:
    again = f" {count(left.requeued, 'recipient')} queued again." if left.requeued else ""
    console(stderr=True).print(f"The database takes what is written again; going on.{again}")
    for address in left.in_doubt:
        console().print(f"In doubt: {address} (the message was leaving when the database was lost).")

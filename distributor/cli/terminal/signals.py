"""Signals to end while something is carried: heard in order, held back where nobody listens, outlived where wanted."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from distributor.cli.terminal.output import console
from distributor.dispatch.ledger import hear_no_signals
from distributor.dispatch.result import RunResult
from distributor.errors import StoppedInTrouble, StorageTrouble

_TURNS = 3
"""How often the loop has to go round for a signal that has come to be heard: it is read, called, and runs."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ONE_WORD_S = 0.05
"""Signals so close to each other are one word: `timeout` tells a process, and then its group, which it belongs to."""


async def until_stopped(work: Callable[[asyncio.Event], Coroutine[Any, Any, RunResult]]) -> RunResult:
    """Run `work` with a stop event that the first signal sets; a second one cancels, leaving doubt by name.

    It does so from the moment in which the user is told so. A hang-up is never the second: the system tells it as a
    terminal closes, and the shell passes it on once more.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(initializer=hear_no_signals))
    task: asyncio.Task[RunResult] = asyncio.create_task(work(stop))

    told = asyncio.Event()

    def tell() -> None:
        told.set()
        console(stderr=True).print("Stopping: what is on the wire is being finished. Once more to stop at once.")

    def on_signal(number: int) -> None:
        if not stop.is_set():
            stop.set()
            loop.call_later(_ONE_WORD_S, tell)
        elif told.is_set() and number != signal.SIGHUP:
            task.cancel()

    for number in _SIGNALS:
        if signal.getsignal(number) == signal.SIG_IGN:
            continue
        with contextlib.suppress(NotImplementedError):  # not every platform can
            loop.add_signal_handler(number, on_signal, number)
    held = signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)  # what came while nobody listened is heard now
    result = RunResult(stopped=True)
    try:
        with heeding_a_stop(stop.is_set):
            result = await task
    except asyncio.CancelledError:
        pass
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
    for _ in range(_TURNS):
        await asyncio.sleep(0)
    if stop.is_set() and not result.stopped and signal.SIGTERM in held:
        # It came as the work ended by itself: kept, and heard by the next one.
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    return result


@contextlib.contextmanager
def heeding_a_stop(is_stopped: Callable[[], bool]) -> Iterator[None]:
    """Raise `StoppedInTrouble` for a `StorageTrouble` where the user has stopped the work meanwhile."""
    try:
        yield
    except StorageTrouble as error:
        if is_stopped():
            raise StoppedInTrouble(error.message, mend=error.mend) from error
        raise


def hold_signals() -> None:
    """From here on a signal to end is kept while no `until_stopped` runs, and heard by the next one.

    Ctrl-C is not held: a person may stop what waits for the database.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP})


def outlive_the_terminal() -> None:
    """From here on a terminal that closes ends nothing: who pressed «send» wants it sent (docs/decisions.md)."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

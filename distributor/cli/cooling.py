"""The cool-down in front of a person: a few seconds in which Ctrl-C recalls everything."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from types import FrameType

from distributor import clock
from distributor.cli.output import console, count, when
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.calling import CallOff, read_call
from distributor.dispatch.cooling import Cooling, read_cooling, recall
from distributor.errors import DistributorError, Interrupted, NotAllReached
from distributor.wiring import Workspace, actor

_LOOK_S = 0.1
_ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def holding_interrupts() -> Iterator[None]:
    """While this lasts Ctrl-C and `kill` are kept for who listens (`wait_out`, a run): none is lost between."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def wait_out(workspace: Workspace, log: DeliveryLog, dispatch_ids: Sequence[int]) -> None:
    """Wait until these dispatches may leave, if they cool down.

    Raises `Interrupted` when they were recalled, or when we are to end; `NotAllReached` when another command called
    them off.
    """
    cooling = read_cooling(workspace.database, dispatch_ids, clock.now())
    if cooling is None:
        return
    _say(workspace, cooling)
    with _listening() as heard, _counting() as show:
        while cooling is not None and not heard:
            left = (cooling.until - clock.now()).total_seconds()
            show(math.ceil(left))
            clock.pause(min(_LOOK_S, max(left, 0.0)))
            cooling = read_cooling(workspace.database, dispatch_ids, clock.now())
    if signal.SIGINT in heard:
        raise _recalled(workspace, log, dispatch_ids)
    if heard:
        resume = "; ".join(f"distributor dispatches resume {number}" for number in dispatch_ids)
        cancel = "; ".join(f"distributor dispatches cancel {number}" for number in dispatch_ids)
        raise Interrupted(
            "Stopped before anything left; everything is saved, and it is still to be sent.",
            mend=f"To send it: {resume} (or distributor work). To recall it: {cancel}",
        )
    calls = [read_call(workspace.database, number) for number in dispatch_ids]
    if CallOff.NO not in calls:
        show_it = "; ".join(f"distributor dispatches show {number}" for number in dispatch_ids)
        raise NotAllReached("Called off by another command while it cooled down: nothing left.", mend=f"See: {show_it}")


def _say(workspace: Workspace, cooling: Cooling) -> None:
    until = when(cooling.until, workspace.settings.timezone)
    console().print(f"Nothing leaves before {until}. Ctrl-C recalls everything until then: nobody gets it.")


def _recalled(workspace: Workspace, log: DeliveryLog, dispatch_ids: Sequence[int]) -> DistributorError:
    recalled = recall(workspace.database, log, dispatch_ids, actor())
    withheld = count(recalled.withheld, "recipient")
    for number in dispatch_ids:
        workspace.events(f"command:{actor()}").tell("dispatch.recalled", dispatch_id=number)
    if recalled.left:  # another command took it up in the very moment its cool-down was over
        reports = "; ".join(f"distributor report {number}" for number in dispatch_ids)
        left = count(recalled.left, "message had", "messages had")
        return Interrupted(f"Recalled: {withheld} withheld, but {left} left already.", mend=f"See: {reports}")
    return Interrupted(f"Recalled: nobody got it, {withheld} withheld.", mend="To send it after all, run send again.")


@contextmanager
def _listening() -> Iterator[list[int]]:
    """Collects the signals to end instead of dying of them, those included that were held until now."""
    heard: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        heard.append(number)

    before = {number: signal.signal(number, note) for number in _ENDING}
    held = signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    try:
        yield heard
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _counting() -> Iterator[Callable[[int], None]]:
    """On a terminal, the seconds that are left."""
    out = console()
    if not out.is_terminal:
        with nullcontext():
            yield lambda _seconds: None
        return
    with out.status("") as status:
        yield lambda seconds: status.update(f"Leaves in {count(max(seconds, 0), 'second')}. Ctrl-C recalls everything.")

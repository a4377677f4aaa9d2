"""The cool-down in front of a person: a few seconds in which Ctrl-C recalls everything."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from distributor import clock
from distributor.cli.terminal.output import console, count, when
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.calling import CallOff, read_call
from distributor.dispatch.hours.cooling import Cooling, end_cool_down, hold, read_cooling, recall
from distributor.errors import DistributorError, Interrupted, NotAllReached
from distributor.states import LEFT_AFTER
from distributor.wiring import Workspace, actor

_LOOK_S = 0.1
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def holding_interrupts() -> Iterator[None]:
    """While this lasts Ctrl-C, `kill` and a closed terminal are kept for who listens (`wait_out`, a run)."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def wait_out(workspace: Workspace, log: DeliveryLog, dispatch_ids: Sequence[int], *, resumes: bool = False) -> None:
    """Wait until these dispatches may leave, if they cool down.

    Ctrl-C recalls them. When the terminal closes, when we are to end, or when the machine slept past their time, nobody
    is there who could, and they are held, unless this `resumes` them: then somebody is. Raises `Interrupted`, or
    `NotAllReached` when we stood still, or another command called them off.
    """
    cooling = read_cooling(workspace.database, dispatch_ids)
    if cooling is None or (resumes and cooling.until <= clock.now()):
        return
    until = cooling.until
    if until > clock.now():
        _say(workspace, cooling)
    with _listening() as heard, _counting() as show:
        while cooling is not None and cooling.until > clock.now() and not heard:
            until = cooling.until
            left = (until - clock.now()).total_seconds()
            show(math.ceil(left))
            clock.pause(min(_LOOK_S, max(left, 0.0)))
            cooling = read_cooling(workspace.database, dispatch_ids)
    if signal.SIGINT in heard:
        raise _recalled(workspace, log, dispatch_ids)
    stood_still = clock.now() - until > LEFT_AFTER
    held = hold(workspace.database, dispatch_ids, actor(), clock.now()) if heard or stood_still else []
    if heard:
        raise _ended(held)
    if held:
        raise NotAllReached(
            f"It was to leave at {when(until, workspace.settings.timezone)}, and this command stood still since: it is"
            " held, and nothing left.",
            mend=_ways_on(held),
        )
    end_cool_down(workspace.database, dispatch_ids)
    calls = [read_call(workspace.database, number) for number in dispatch_ids]
    if CallOff.NO not in calls:
        show_it = "; ".join(f"distributor dispatches show {number}" for number in dispatch_ids)
        raise NotAllReached("Called off by another command while it cooled down: nothing left.", mend=f"See: {show_it}")


def _ended(held: Sequence[int]) -> Interrupted:
    if held:
        return Interrupted(
            "Stopped before anything left; it is held, and nothing of it leaves by itself.", mend=_ways_on(held)
        )
    return Interrupted("Stopped; another command has dealt with it.", mend="See: distributor dispatches list")


def _ways_on(dispatch_ids: Sequence[int]) -> str:
    resume, cancel = (
        "; ".join(f"distributor dispatches {verb} {number}" for number in dispatch_ids) for verb in ("resume", "cancel")
    )
    return f"To send it: {resume}. To recall it: {cancel}"


def _say(workspace: Workspace, cooling: Cooling) -> None:
    until = when(cooling.until, workspace.settings.timezone)
    console().print(f"Nothing leaves before {until}. Ctrl-C recalls everything until then: nobody gets it.")


def _recalled(workspace: Workspace, log: DeliveryLog, dispatch_ids: Sequence[int]) -> DistributorError:
    recalled = recall(workspace.database, log, dispatch_ids, actor())
    withheld = count(recalled.withheld, "recipient")
    workspace.tell_of("dispatch.recalled", *dispatch_ids)
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

    ending = [one for one in _ENDING if signal.getsignal(one) != signal.SIG_IGN]  # under nohup no terminal is missed
    before = {number: signal.signal(number, note) for number in ending}
    held = signal.pthread_sigmask(signal.SIG_UNBLOCK, ending)
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
        yield lambda _seconds: None
        return
    with out.status("") as status:
        yield lambda seconds: status.update(f"Leaves in {count(max(seconds, 0), 'second')}. Ctrl-C recalls everything.")

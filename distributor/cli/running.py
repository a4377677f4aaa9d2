"""Carrying a dispatch in front of a person: signals, live progress, and the words at the end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from distributor.cli.output import console, count, when
from distributor.deliveries.log import ClaimedDelivery, DeliveryLog, Recovery, Standing
from distributor.dispatch.runner import RunResult
from distributor.errors import AccountTrouble, Interrupted, NotAllReached
from distributor.reports import queries
from distributor.reports.styles import state_text
from distributor.settings import InDoubtPolicy
from distributor.states import OPEN_STATES, UNREACHED_STATES, DeliveryState, Outcome
from distributor.transport.base import Transport
from distributor.wiring import Workspace

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_dispatch(
    workspace: Workspace,
    log: DeliveryLog,
    dispatch_id: int,
    transport: Transport,
    in_doubt: InDoubtPolicy | None = None,
) -> None:
    """Carry one dispatch with live progress, and say at the end how it stands.

    Raises `AccountTrouble` when the account was refused, `Interrupted` when the user stopped it, `NotAllReached` when
    some recipients were not reached or still wait.
    """
    carrier = workspace.carrier(log, in_doubt)
    say_recovery(carrier.recover())
    before = carrier.standing(dispatch_id)
    with showing_progress(before) as on_outcome:
        result = asyncio.run(until_stopped(lambda stop: carrier.carry(dispatch_id, transport, stop, on_outcome)))
    say_standing(workspace, dispatch_id, carrier.standing(dispatch_id), result)


async def until_stopped(work: Callable[[asyncio.Event], Coroutine[Any, Any, RunResult]]) -> RunResult:
    """Run `work` with a stop event that the first signal sets; a second one cancels, leaving doubt by name."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    task: asyncio.Task[RunResult] = asyncio.create_task(work(stop))

    def on_signal() -> None:
        if stop.is_set():
            task.cancel()
            return
        stop.set()
        console(stderr=True).print("Stopping: what is on the wire is being finished. Once more to stop at once.")

    for number in _SIGNALS:
        with contextlib.suppress(NotImplementedError):  # not every platform can
            loop.add_signal_handler(number, on_signal)
    try:
        return await task
    except asyncio.CancelledError:
        return RunResult(stopped=True)


@contextmanager
def showing_progress(before: Standing) -> Iterator[Callable[[ClaimedDelivery, Outcome], None]]:
    """A live bar on a terminal; plain lines for refusals elsewhere. Yields what to call with each outcome."""
    out = console()
    waiting = sum(before.counts.get(state, 0) for state in OPEN_STATES)
    seen: Counter[str] = Counter()
    if not out.is_terminal:
        yield lambda claimed, outcome: _say_trouble(out, claimed, outcome)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[states]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=out) as progress:
        task = progress.add_task("Sending", total=waiting, states="")
        yield _Advance(progress, task, seen)


class _Advance:
    """Moves the bar by one outcome."""

    def __init__(self, progress: Progress, task: TaskID, seen: Counter[str]) -> None:
        self._progress = progress
        self._task = task
        self._seen = seen

    def __call__(self, claimed: ClaimedDelivery, outcome: Outcome) -> None:
        self._seen[outcome.state] += 1
        states = " ".join(f"{many} {state.replace('_', ' ')}" for state, many in self._seen.items())
        self._progress.update(self._task, advance=1, states=states)
        _say_trouble(self._progress.console, claimed, outcome)


def _say_trouble(out: Console, claimed: ClaimedDelivery, outcome: Outcome) -> None:
    if outcome.state == DeliveryState.ACCEPTED:
        return
    from rich.text import Text

    words = " ".join(outcome.reply.split())[:160]
    line = Text.assemble(state_text(outcome.state), f"  {claimed.address}  {outcome.code or ''} {words}")
    out.print(line)


def say_recovery(recovery: Recovery) -> None:
    """Say what a killed command left, and who is in doubt because of it."""
    out = console()
    if recovery.requeued:
        out.print(f"An earlier command was stopped: {count(recovery.requeued, 'recipient')} queued again.")
    for address in recovery.in_doubt:
        out.print(f"In doubt: {address} (the message was leaving when the command was killed; it is not sent again).")


def say_standing(workspace: Workspace, dispatch_id: int, standing: Standing, result: RunResult) -> None:
    """Say how the dispatch stands and what to do next; raise the error that carries the exit code, if there is one."""
    out = console()
    counts = {state: many for state, many in standing.counts.items() if many}
    shown = ", ".join(f"{many} {state.value.replace('_', ' ')}" for state, many in counts.items()) or "nobody"
    out.print(f"Dispatch {dispatch_id}: {shown}.")
    waiting = sum(counts.get(state, 0) for state in OPEN_STATES)
    resume = f"distributor dispatches resume {dispatch_id}"
    if result.paused_because:
        raise AccountTrouble(
            f"{_sentence(result.paused_because)} The dispatch is paused, {count(waiting, 'recipient')} waiting.",
            mend=f"{result.mend} Then: {resume}".strip(),
        )
    if result.stopped:
        _say_doubt(workspace, dispatch_id)
        raise Interrupted(
            f"Stopped; everything is saved. {count(waiting, 'recipient')} waiting.", mend=f"Go on with: {resume}"
        )
    if counts.get(DeliveryState.DEFERRED):
        due = when(standing.next_attempt_at, workspace.settings.timezone)
        raise NotAllReached(
            f"{count(counts[DeliveryState.DEFERRED], 'recipient')} asked us to come back later (next: {due}).",
            mend="Leave running: distributor work",
        )
    if any(counts.get(state) for state in UNREACHED_STATES):
        raise NotAllReached("Some recipients were not reached.", mend=f"See: distributor report {dispatch_id}")


def _say_doubt(workspace: Workspace, dispatch_id: int) -> None:
    """Name who is in doubt: whoever was on the wire when the command was stopped at once."""
    with workspace.database.reading() as connection:
        for one in queries.recipients(connection, [dispatch_id], (DeliveryState.IN_DOUBT,)):
            console().print(f"In doubt: {one['address']} {one['name']}, {one['message_id']}")


def _sentence(text: str) -> str:
    """`text` with a full stop: what a server says at its end may have none."""
    return text if text.endswith((".", "!", "?")) else f"{text}."

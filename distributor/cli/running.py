"""Carrying a dispatch in front of a person: signals, live progress, and the words at the end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from distributor.cli.output import console, count, when
from distributor.deliveries.log import ClaimedDelivery, DeliveryLog, Recovery, Standing
from distributor.dispatch.carry import Carrier
from distributor.dispatch.runner import RunResult
from distributor.errors import AccountTrouble, BadInput, DistributorError, Interrupted, NotAllReached
from distributor.reports import queries
from distributor.reports.styles import state_text
from distributor.settings import InDoubtPolicy
from distributor.states import OPEN_STATES, UNREACHED_STATES, DeliveryState, Outcome
from distributor.transport.base import Transport
from distributor.wiring import Workspace

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

OnOutcome = Callable[[ClaimedDelivery, Outcome], None]
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
    outlive_the_terminal()
    carrier = workspace.carrier(log)
    say_recovery(carrier.recover())
    try:
        carry_watched(
            workspace,
            carrier,
            dispatch_id,
            lambda stop, on_outcome: carrier.carry(dispatch_id, transport, stop, on_outcome, in_doubt),
        )
    finally:
        carrier.leave()


def resume_dispatch(workspace: Workspace, dispatch_id: int, in_doubt: InDoubtPolicy | None) -> None:
    """Go on with a dispatch, as `run_dispatch`; on a cancelled one settle who is in doubt, and send nothing."""
    log = workspace.log()
    carrier = workspace.carrier(log)
    settled = carrier.settle_cancelled(dispatch_id, in_doubt)
    if settled is None:
        run_dispatch(workspace, log, dispatch_id, workspace.transport(), in_doubt)
        return
    counts = carrier.standing(dispatch_id).counts
    if not settled:
        doubtful = count(counts.get(DeliveryState.IN_DOUBT, 0), "recipient is", "recipients are")
        raise BadInput(
            f"Dispatch {dispatch_id} was cancelled: nothing more of it is sent; {doubtful} in doubt.",
            mend="Send the release again; to settle a doubt: --in-doubt assume-sent (they have it) or resend (they do"
            " not: a new send reaches them).",
        )
    console().print(f"Settled {count(settled, 'doubt')}. Dispatch {dispatch_id} is cancelled: nothing was sent.")
    console().print(f"Dispatch {dispatch_id}: {_shown(counts)}.")


def carry_watched(
    workspace: Workspace,
    carrier: Carrier,
    dispatch_id: int,
    carry: Callable[[asyncio.Event, OnOutcome], Coroutine[Any, Any, RunResult]],
) -> None:
    """Run `carry` with live progress until it ends or is stopped, and say how the dispatch stands."""
    with showing_progress(carrier.standing(dispatch_id)) as on_outcome:
        result = asyncio.run(until_stopped(lambda stop: carry(stop, on_outcome)))
    say_standing(workspace, dispatch_id, carrier.standing(dispatch_id), result)


def outlive_the_terminal() -> None:
    """From here on a terminal that closes ends nothing: who pressed «send» wants it sent (docs/decisions.md)."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


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
        if signal.getsignal(number) == signal.SIG_IGN:
            continue
        with contextlib.suppress(NotImplementedError):  # not every platform can
            loop.add_signal_handler(number, on_signal)
    held = signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)  # what came while nobody listened is heard now
    try:
        return await task
    except asyncio.CancelledError:
        return RunResult(stopped=True)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def hold_signals() -> None:
    """From here on a signal to end is kept while no `until_stopped` runs, and heard by the next one.

    Ctrl-C is not held: a person may stop what waits for the database.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP})


@contextmanager
def showing_progress(before: Standing) -> Iterator[OnOutcome]:
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
        out.print(f"In doubt: {address} (the message was leaving when the command was killed).")


def say_standing(workspace: Workspace, dispatch_id: int, standing: Standing, result: RunResult) -> None:
    """Say how the dispatch stands and what to do next; raise the error that carries the exit code, if there is one."""
    console().print(f"Dispatch {dispatch_id}: {_shown(standing.counts)}.")
    if result.stopped:
        _say_doubt(workspace, dispatch_id)
    error = _what_is_left(dispatch_id, standing, result, workspace.settings.timezone)
    if error is not None:
        raise error


def _what_is_left(dispatch_id: int, standing: Standing, result: RunResult, zone: ZoneInfo) -> DistributorError | None:
    """The error that says what a dispatch still wants; None when everybody was reached."""
    counts = standing.counts
    waiting = count(sum(counts.get(state, 0) for state in OPEN_STATES), "recipient")
    resume = f"distributor dispatches resume {dispatch_id}"
    if result.paused_because:
        return AccountTrouble(
            f"{_sentence(result.paused_because)} The dispatch is paused, {waiting} waiting.",
            mend=f"{result.mend} Then: {resume}" if result.mend else f"Go on with: {resume}",
        )
    if result.stopped:
        return Interrupted(f"Stopped; everything is saved. {waiting} waiting.", mend=f"Go on with: {resume}")
    if result.called_off:
        withheld = count(counts.get(DeliveryState.WITHHELD, 0), "recipient")
        return NotAllReached(f"Dispatch {dispatch_id} was cancelled by another command; {withheld} withheld.")
    if counts.get(DeliveryState.DEFERRED):
        due = when(standing.next_attempt_at, zone)
        return NotAllReached(
            f"{count(counts[DeliveryState.DEFERRED], 'recipient')} asked us to come back later (next: {due}).",
            mend="Leave running: distributor work",
        )
    if any(counts.get(state) for state in UNREACHED_STATES):
        return NotAllReached("Some recipients were not reached.", mend=f"See: distributor report {dispatch_id}")
    return None


def _shown(counts: Mapping[DeliveryState, int]) -> str:
    return ", ".join(f"{many} {state.value.replace('_', ' ')}" for state, many in counts.items() if many) or "nobody"


def _say_doubt(workspace: Workspace, dispatch_id: int) -> None:
    """Name who is in doubt: whoever was on the wire when the command was stopped at once."""
    with workspace.database.reading() as connection:
        for one in queries.recipients(connection, [dispatch_id], (DeliveryState.IN_DOUBT,)):
            console().print(f"In doubt: {one['address']} {one['name']}, {one['message_id']}")


def _sentence(text: str) -> str:
    """`text` with a full stop: what a server says at its end may have none."""
    return text if text.endswith((".", "!", "?")) else f"{text}."

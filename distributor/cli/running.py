"""Carrying a dispatch in front of a person: signals, live progress, and the words at the end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from zoneinfo import ZoneInfo

from distributor.cli.awaiting import say_held
from distributor.cli.cooling import wait_out
from distributor.cli.output import console, count, suggest, when
from distributor.cli.scheduling import resume_before_start
from distributor.cli.watching import shown_while
from distributor.deliveries.log import DeliveryLog, Recovery, Standing
from distributor.deliveries.records import ClaimedDelivery
from distributor.dispatch.calling import is_by_a_person
from distributor.dispatch.carry import Carrier
from distributor.dispatch.company import AtWork, at_work
from distributor.dispatch.ledger import hear_no_signals
from distributor.dispatch.pacing import Wait
from distributor.dispatch.runner import RunResult
from distributor.dispatch.ways import Ways
from distributor.errors import (
    AccountTrouble,
    BadInput,
    DistributorError,
    Interrupted,
    NotAllReached,
    Refused,
    StoppedInTrouble,
    StorageTrouble,
    sentence,
)
from distributor.reports import queries
from distributor.reports.styles import state_text
from distributor.settings import InDoubtPolicy
from distributor.states import HELD, OPEN_STATES, UNREACHED_STATES, DeliveryState, DispatchState, Outcome
from distributor.transport.dialogue import Dialogue
from distributor.wiring import Workspace

OnOutcome = Callable[[ClaimedDelivery, Outcome], None]
_TURNS = 3
"""How often the loop has to go round for a signal that has come to be heard: it is read, called, and runs."""
_MANY = 15
"""So many who are in doubt are named at the end of a run; `dispatches resolve` names all."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_dispatch(
    workspace: Workspace,
    log: DeliveryLog,
    dispatch_id: int,
    ways: Ways,
    in_doubt: InDoubtPolicy | None = None,
    *,
    resumes: bool = False,
) -> None:
    """Carry one dispatch with live progress, once it has cooled down, and say at the end how it stands.

    One that is paused goes on if this `resumes` it. Raises `AccountTrouble` when the account was refused, `Interrupted`
    when the user stopped it, `NotAllReached` when some recipients were not reached or still wait.
    """
    carrier = workspace.carrier(log)
    say_recovery(carrier.recover())
    with workspace.database.reading() as connection:
        say_company(at_work(connection, but=log.worker))
    try:
        wait_out(workspace, log, [dispatch_id], resumes=resumes)
        outlive_the_terminal()
        carry_watched(
            workspace,
            carrier,
            dispatch_id,
            lambda stop, on_outcome: carrier.carry(dispatch_id, ways, stop, on_outcome, in_doubt, resumes=resumes),
        )
    finally:
        carrier.leave()


def shown_dialogue(verbose: bool) -> Dialogue | None:
    """With `verbose`, what shows one connection's dialogue on standard error."""
    if not verbose:
        return None
    err = console(stderr=True)
    return Dialogue(lambda line: err.print(line, style="dim", soft_wrap=True))


def run_dispatches(workspace: Workspace, log: DeliveryLog, dispatch_ids: Sequence[int], ways: Ways) -> None:
    """Carry the dispatches of one sending, one after the other, with one progress, and say how each stands.

    Each is whole in itself. Nothing more is begun once the user stops or the account is refused; raises as
    `run_dispatch`, of what is left in all of them.
    """
    carrier = workspace.carrier(log)
    say_recovery(carrier.recover())
    results: list[RunResult] = []

    async def carry(stop: asyncio.Event) -> RunResult:
        for dispatch_id in dispatch_ids:
            result = await carrier.carry(dispatch_id, ways, stop, say_trouble, resumes=False)
            results.append(result)
            if result.stopped or result.paused_because:
                return result
        return results[-1]

    try:
        wait_out(workspace, log, dispatch_ids)
        outlive_the_terminal()
        last = asyncio.run(until_stopped(lambda stop: shown_while(workspace, dispatch_ids, carry(stop))))
    finally:
        carrier.leave()
    standings = [carrier.standing(one) for one in dispatch_ids]
    with workspace.database.reading() as connection:
        slugs = [queries.find_dispatch(connection, one).slug for one in dispatch_ids]
    for dispatch_id, result in zip(dispatch_ids, results, strict=False):
        _say_lapsed(dispatch_id, result)
    for dispatch_id, slug, standing in zip(dispatch_ids, slugs, standings, strict=True):
        console().print(f"Dispatch {dispatch_id} («{slug}»): {_shown(standing.counts)}.")
    together = _together(standings)
    console().print(f"In all: {_shown(together.counts)}.")
    for one in results:
        say_takeovers(one)
    say_waits(last.waits, workspace.settings.timezone)
    say_held(workspace, dispatch_ids)
    for dispatch_id in dispatch_ids:
        _say_doubt(workspace, dispatch_id)
    together_result = RunResult(
        called_off=any(one.called_off for one in results),
        cut_off=sum(one.cut_off for one in results),
        stands_still=next((one.stands_still for one in results if one.stands_still), None),
        waits=last.waits,
    )
    result = last if last.stopped or last.paused_because else together_result
    error = _what_is_left(dispatch_ids, together, result, workspace.settings.timezone)
    if error is not None:
        raise error


def _together(standings: Sequence[Standing]) -> Standing:
    """Several dispatches as one: who stands how in all of them, and when the next attempt is due."""
    counts: Counter[DeliveryState] = Counter()
    for standing in standings:
        counts.update(standing.counts)
    due = [one.next_attempt_at for one in standings if one.next_attempt_at is not None]
    return Standing(counts, min(due, default=None))


def listed(dispatch_ids: Sequence[int]) -> str:
    """Numbers of dispatches as a sentence has them: «3 and 4»."""
    *first, last = map(str, dispatch_ids)
    return f"{', '.join(first)} and {last}" if first else last


def resume_dispatch(workspace: Workspace, dispatch_id: int, in_doubt: InDoubtPolicy | None, *, verbose: bool) -> None:
    """Go on with a dispatch, as `run_dispatch`; on a cancelled one settle who is in doubt, and send nothing."""
    if resume_before_start(workspace, dispatch_id):
        return
    log = workspace.log()
    carrier = workspace.carrier(log)
    settled = carrier.settle_cancelled(dispatch_id, in_doubt)
    if settled is None:
        if in_doubt is None:
            _require_somebody_due(workspace, carrier, dispatch_id)
        run_dispatch(workspace, log, dispatch_id, workspace.transport(shown_dialogue(verbose)), in_doubt, resumes=True)
        return
    counts = carrier.standing(dispatch_id).counts
    if not settled:
        raise _cancelled(workspace, dispatch_id, counts.get(DeliveryState.IN_DOUBT, 0))
    console().print(f"Settled {count(settled, 'doubt')}. Dispatch {dispatch_id} is cancelled: nothing was sent.")
    console().print(f"Dispatch {dispatch_id}: {_shown(counts)}.")


def _cancelled(workspace: Workspace, dispatch_id: int, doubtful: int) -> BadInput:
    """Why a cancelled dispatch does not go on, and what does instead."""
    with workspace.database.reading() as connection:
        slug = queries.find_dispatch(connection, dispatch_id).slug
    said = f"Dispatch {dispatch_id} was cancelled: nothing more of it is sent"
    mend = f"Send the release again: distributor send {slug} --list NAME"
    if not doubtful:
        return BadInput(f"{said}.", mend=mend)
    return BadInput(
        f"{said}; {count(doubtful, 'recipient is', 'recipients are')} in doubt.",
        mend=f"{mend}; to settle a doubt: --in-doubt assume-sent (they have it) or resend (they do not: a new send"
        " reaches them).",
    )


def _require_somebody_due(workspace: Workspace, carrier: Carrier, dispatch_id: int) -> None:
    """Raise `Refused` where all who are left wait for their wave or the end of an embargo: no resume is earlier."""
    with workspace.database.reading() as connection:
        row = queries.find_dispatch(connection, dispatch_id)
    if not row.only_held or row.state == DispatchState.PAUSED or dispatch_id in carrier.due():
        return
    by_embargo = any(one.by_embargo for one in say_held(workspace, [dispatch_id]))
    raise Refused(
        f"Nobody of dispatch {dispatch_id} may be sent to yet; nothing leaves before.",
        mend=f"To lift the embargo now: distributor releases embargo {row.slug} --lift"
        if by_embargo
        else f"To let the next wave leave now: distributor dispatches release {dispatch_id}",
    )


def carry_watched(
    workspace: Workspace,
    carrier: Carrier,
    dispatch_id: int,
    carry: Callable[[asyncio.Event, OnOutcome], Coroutine[Any, Any, RunResult]],
) -> None:
    """Run `carry` with live progress until it ends or is stopped, and say how the dispatch stands."""
    result = asyncio.run(until_stopped(lambda stop: shown_while(workspace, [dispatch_id], carry(stop, say_trouble))))
    with heeding_a_stop(lambda: result.stopped):
        say_standing(workspace, dispatch_id, carrier.standing(dispatch_id), result)


@contextlib.contextmanager
def heeding_a_stop(is_stopped: Callable[[], bool]) -> Iterator[None]:
    """Raise `StoppedInTrouble` for a `StorageTrouble` where the user has stopped the work meanwhile."""
    try:
        yield
    except StorageTrouble as error:
        if is_stopped():
            raise StoppedInTrouble(error.message, mend=error.mend) from error
        raise


def outlive_the_terminal() -> None:
    """From here on a terminal that closes ends nothing: who pressed «send» wants it sent (docs/decisions.md)."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


async def until_stopped(work: Callable[[asyncio.Event], Coroutine[Any, Any, RunResult]]) -> RunResult:
    """Run `work` with a stop event that the first signal sets; a second one cancels, leaving doubt by name."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(initializer=hear_no_signals))
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
        signal.pthread_kill(
            threading.get_ident(), signal.SIGTERM
        )  # it came as the work ended by itself: kept, and heard by the next one
    return result


def hold_signals() -> None:
    """From here on a signal to end is kept while no `until_stopped` runs, and heard by the next one.

    Ctrl-C is not held: a person may stop what waits for the database.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP})


def say_trouble(claimed: ClaimedDelivery, outcome: Outcome) -> None:
    """Say in a line whom a server refused or put off, and its words; on a terminal the live view does that."""
    if outcome.state == DeliveryState.ACCEPTED:
        return
    out = console()
    if out.is_terminal:
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
    say_takeovers(result)
    _say_lapsed(dispatch_id, result)
    console().print(f"Dispatch {dispatch_id}: {_shown(standing.counts)}.")
    say_waits(result.waits, workspace.settings.timezone)
    say_held(workspace, [dispatch_id])
    _say_doubt(workspace, dispatch_id)
    error = _what_is_left([dispatch_id], standing, result, workspace.settings.timezone)
    if error is not None:
        raise error


def _what_is_left(
    dispatch_ids: Sequence[int], standing: Standing, result: RunResult, zone: ZoneInfo
) -> DistributorError | None:
    """The error that says what the dispatches of one sending still want; None when everybody was reached."""
    counts = standing.counts
    waiting = count(sum(counts.get(state, 0) for state in OPEN_STATES), "recipient")
    ended = _why_it_ended(dispatch_ids, result, waiting, zone)
    if ended is not None or result.gives_way:
        return ended
    if result.cut_off:
        late = count(result.cut_off, "recipient")
        reports = "; ".join(f"distributor report {one}" for one in dispatch_ids)
        return NotAllReached(f"The cut-off came: {late} had not left, and got nothing.", mend=f"See: {reports}")
    if result.called_off:
        withheld = count(counts.get(DeliveryState.WITHHELD, 0), "recipient")
        many = "Dispatch" if len(dispatch_ids) == 1 else "One of dispatches"
        return NotAllReached(f"{many} {listed(dispatch_ids)} was cancelled by another command; {withheld} withheld.")
    if counts.get(DeliveryState.DEFERRED):
        due = when(standing.next_attempt_at, zone)
        later = count(counts[DeliveryState.DEFERRED], "recipient")
        said = f"{later} wait" if result.waits else f"{later} asked us to come back later"
        return NotAllReached(f"{said} (next: {due}).", mend="Leave running: distributor work")
    if any(counts.get(state) for state in UNREACHED_STATES):
        reports = "; ".join(f"distributor report {one}" for one in dispatch_ids)
        return NotAllReached("Some recipients were not reached.", mend=f"See: {reports}")
    return None


def _why_it_ended(
    dispatch_ids: Sequence[int], result: RunResult, waiting: str, zone: ZoneInfo
) -> DistributorError | None:
    """Why a run ended before everybody had a turn, with what goes on; None when that is not so."""
    resume = "; ".join(f"distributor dispatches resume {one}" for one in dispatch_ids)
    if result.stopped:  # the first of all: whoever stopped us, and not the dispatch, is to be heard
        return Interrupted(f"Stopped; everything is saved. {waiting} waiting.", mend=f"Go on with: {resume}")
    if is_by_a_person(result.paused_because):
        return NotAllReached(
            f"Dispatch {listed(dispatch_ids)} was {sentence(result.paused_because)} {waiting} waiting.",
            mend=f"Go on with: {resume}",
        )
    if result.paused_because.startswith(HELD):
        return NotAllReached(
            f"Dispatch {listed(dispatch_ids)} is {sentence(result.paused_because)} {waiting} waiting.",
            mend=f"To let it go: {resume}",
        )
    if result.paused_because:
        return AccountTrouble(
            f"{sentence(result.paused_because)} The dispatch is paused, {waiting} waiting.",
            mend=f"{result.mend}{' Then' if result.mend.endswith('.') else '; then'}: {resume}"
            if result.mend
            else f"Go on with: {resume}",
        )
    if result.stands_still is not None:
        due = when(result.stands_still.until, zone)
        return NotAllReached(
            f"{sentence(_capital(result.stands_still.why))} {waiting} waiting, until {due}.",
            mend="It goes on by itself; leave running: distributor work",
        )
    return None


def say_takeovers(result: RunResult) -> None:
    """Say which account went on where another one was refused."""
    for takeover in result.takeovers:
        console().print(f"{takeover}", soft_wrap=True)


def _say_lapsed(dispatch_id: int, result: RunResult) -> None:
    """Say how many were to be reminded when it was planned, and are not any more."""
    if result.lapsed:
        who = count(result.lapsed, "recipient is", "recipients are")
        console().print(f"{who} not followed up after all; why: distributor dispatches manifest {dispatch_id}")


def say_waits(waits: Iterable[Wait], zone: ZoneInfo) -> None:
    """Say of each that is waited for why, and until when."""
    for wait in waits:
        who = f"Nothing to {wait.what}" if wait.what else "Nothing leaves"
        console().print(f"{who} until {when(wait.until, zone)}: {wait.why}.", soft_wrap=True)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _shown(counts: Mapping[DeliveryState, int]) -> str:
    return ", ".join(f"{many} {state.value.replace('_', ' ')}" for state, many in counts.items() if many) or "nobody"


def _say_doubt(workspace: Workspace, dispatch_id: int) -> None:
    """Name who is in doubt, of whom nobody knows whether they have it, and the command that ends it."""
    with workspace.database.reading() as connection:
        doubtful = list(queries.recipients(connection, [dispatch_id], (DeliveryState.IN_DOUBT,)))
    for one in doubtful[:_MANY]:
        console().print(f"In doubt: {one['address']} {one['name']}, {one['message_id']}")
    if len(doubtful) > _MANY:
        console().print(f"In doubt: {len(doubtful) - _MANY} more.")
    if doubtful:
        suggest("What to look for, and how to end the doubt:", f"distributor dispatches resolve {dispatch_id}")


def recover_first(workspace: Workspace) -> None:
    """Settle what a killed command left, before anything ends a doubt: whoever it was sending to is in one."""
    say_recovery(workspace.carrier(workspace.log()).recover())


def say_company(company: Iterable[AtWork]) -> None:
    """Say what other commands are doing."""
    for one in company:
        holds = count(one.claimed + one.sending, "recipient")
        console().print(f"At work: {one.place} sends dispatch {one.dispatch_id} («{one.release}»), {holds} in hand.")

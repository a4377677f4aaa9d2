"""Carrying a dispatch in front of a person: with live progress, until it ends or is stopped, and said how it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from distributor.cli.dispatches.awaiting import say_held
from distributor.cli.dispatches.standing import (
    being_corrected_by,
    capital,
    say_company,
    say_counts,
    say_recovery,
    say_standing,
    say_standings,
    say_trouble,
)
from distributor.cli.dispatches.watching import shown_while
from distributor.cli.sending.cooling import wait_out
from distributor.cli.sending.scheduling import resume_before_start
from distributor.cli.terminal.output import console, count
from distributor.cli.terminal.signals import heeding_a_stop, outlive_the_terminal, until_stopped
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.accounts.ways import Ways
from distributor.dispatch.carry import Carrier
from distributor.dispatch.company import at_work, until_others_finish
from distributor.dispatch.overtaken import begun_correction_of
from distributor.dispatch.result import Paused, RanOut, RunResult
from distributor.errors import BadInput, Refused
from distributor.reports import queries
from distributor.settings import InDoubtPolicy
from distributor.states import DeliveryState, DispatchState
from distributor.transport.dialogue import Dialogue
from distributor.wiring import Workspace

_PATIENCE_S = 10.0
"""So long, at most, the last messages that another command has in hand are waited for."""


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

    async def carry(stop: asyncio.Event) -> RunResult:
        result = await carrier.carry(dispatch_id, ways, stop, say_trouble, in_doubt, resumes=resumes, sits_out=True)
        await _let_others_finish(workspace, [dispatch_id], stop, result)
        return result

    say_recovery(carrier.recover())
    with workspace.database.reading() as connection:
        say_company(at_work(connection, but=log.worker))
    try:
        wait_out(workspace, log, [dispatch_id], resumes=resumes)
        outlive_the_terminal()
        carry_watched(workspace, carrier, dispatch_id, carry)
    finally:
        carrier.leave()


def run_dispatches(workspace: Workspace, log: DeliveryLog, dispatch_ids: Sequence[int], ways: Ways) -> None:
    """Carry the dispatches of one sending, one after the other, with one progress, and say how each stands.

    Each is whole in itself. Nothing more is begun once the user stops or the account is refused; raises as
    `run_dispatch`, of what is left in all of them.
    """
    carrier = workspace.carrier(log)
    say_recovery(carrier.recover())
    results: list[tuple[int, RunResult]] = []

    async def carry(stop: asyncio.Event) -> RunResult:
        began = carrier.now()
        put_off = (one for one in dispatch_ids if log.put_off_until(one, began) is not None)
        for sits_out, meant in ((False, dispatch_ids), (True, put_off)):  # they hold up no other language
            for dispatch_id in meant:
                result = await carrier.carry(dispatch_id, ways, stop, say_trouble, resumes=False, sits_out=sits_out)
                results.append((dispatch_id, result))
                if result.stopped or isinstance(result.end, Paused):
                    return result
        await _let_others_finish(workspace, dispatch_ids, stop, result)
        return result

    try:
        wait_out(workspace, log, dispatch_ids)
        outlive_the_terminal()
        last = asyncio.run(until_stopped(lambda stop: shown_while(workspace, dispatch_ids, carry(stop))))
    finally:
        carrier.leave()
    say_standings(workspace, dict(zip(dispatch_ids, map(carrier.standing, dispatch_ids), strict=True)), results, last)


async def _let_others_finish(
    workspace: Workspace, dispatch_ids: Sequence[int], stop: asyncio.Event, result: RunResult
) -> None:
    """Wait a little for what other commands have in hand, a running `work` say: whoever watches wants the end of it."""
    if isinstance(result.end, RanOut) and not result.stopped:
        await until_others_finish(workspace.database, dispatch_ids, stop, _PATIENCE_S)
        result.stopped = stop.is_set()


def resume_dispatch(workspace: Workspace, dispatch_id: int, in_doubt: InDoubtPolicy | None, *, verbose: bool) -> None:
    """Go on with a dispatch, as `run_dispatch`; on a cancelled one settle who is in doubt, and send nothing."""
    if resume_before_start(workspace, dispatch_id):
        return
    log = workspace.log()
    carrier = workspace.carrier(log)
    settled = carrier.settle_cancelled(dispatch_id, in_doubt)
    if settled is None:
        if (in_doubt or workspace.settings.in_doubt) is InDoubtPolicy.RESEND:
            _require_right_text(workspace, dispatch_id)
        if in_doubt is None:
            _require_somebody_due(workspace, carrier, dispatch_id)
        run_dispatch(workspace, log, dispatch_id, workspace.ways(shown_dialogue(verbose)), in_doubt, resumes=True)
        return
    counts = carrier.standing(dispatch_id).counts
    if not settled:
        raise _cancelled(workspace, dispatch_id, counts.get(DeliveryState.IN_DOUBT, 0))
    console().print(f"Settled {count(settled, 'doubt')}. Dispatch {dispatch_id} is cancelled: nothing was sent.")
    say_counts(f"Dispatch {dispatch_id}", counts)


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
        mend=f"{mend}. Who is in doubt: distributor dispatches resolve {dispatch_id}; to settle them all at once:"
        f" distributor dispatches resume {dispatch_id} --in-doubt assume-sent (they have it), or resend (they do not: a"
        " new send reaches them).",
    )


def _require_right_text(workspace: Workspace, dispatch_id: int) -> None:
    """Raise `Refused` where doubts of a dispatch that was done would be sent a text whose correction is begun.

    One that was paused for it is gone on with: whoever resumes it has read why it is paused.
    """
    with workspace.database.reading() as connection:
        row = queries.find_dispatch(connection, dispatch_id)
    with workspace.database.session(reads_only=True) as session:
        begun = begun_correction_of(session, dispatch_id) if row.state == DispatchState.DONE else ""
    if begun:
        said, mend = being_corrected_by(begun)
        raise Refused(f"Nobody of dispatch {dispatch_id} is sent to again: {said}.", mend=capital(mend))


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
    carry: Callable[[asyncio.Event], Coroutine[Any, Any, RunResult]],
) -> None:
    """Run `carry` with live progress until it ends or is stopped, and say how the dispatch stands."""
    result = asyncio.run(until_stopped(lambda stop: shown_while(workspace, [dispatch_id], carry(stop))))
    with heeding_a_stop(lambda: result.stopped):
        say_standing(workspace, dispatch_id, carrier.standing(dispatch_id), result)


def shown_dialogue(verbose: bool) -> Dialogue | None:
    """With `verbose`, what shows one connection's dialogue on standard error."""
    if not verbose:
        return None
    err = console(stderr=True)
    return Dialogue(lambda line: err.print(line, style="dim", soft_wrap=True))


def recover_first(workspace: Workspace) -> None:
    """Settle what a killed command left, before anything ends a doubt: whoever it was sending to is in one."""
    say_recovery(workspace.carrier(workspace.log()).recover())

"""The loop of `distributor work`: recover, carry what is due, wait for the next."""

from __future__ import annotations

import asyncio

from distributor import clock
from distributor.cli.defects import confess
from distributor.cli.feedbacking import FeedbackRounds
from distributor.cli.outage import Outages
from distributor.cli.output import console
from distributor.cli.running import (
    carry_watched,
    hold_signals,
    say_company,
    say_recovery,
    shown_dialogue,
    until_stopped,
)
from distributor.db.bell import Bell
from distributor.dispatch.carry import Carrier
from distributor.dispatch.company import at_work
from distributor.dispatch.runner import RunResult
from distributor.errors import (
    AccountTrouble,
    BadInput,
    DistributorError,
    Interrupted,
    NotAllReached,
    Refused,
    StoppedInTrouble,
    StorageTrouble,
)
from distributor.transport.base import Transport
from distributor.wiring import Workspace

_POLL_S = 5.0


def work_on(workspace: Workspace, *, once: bool, connections: int = 0, verbose: bool = False) -> None:
    """Carry whatever is due; with `once` return when nothing is, else go on until a signal.

    A dispatch that cannot be carried is set aside, and the others go on. Raises, with `once`, the gravest error of
    them all at the end. A ledger that cannot be written ends it with `once`, and is sat out otherwise.
    """
    hold_signals()
    carrier = workspace.carrier(workspace.log(), connections)
    outages = Outages(carrier)
    try:
        while True:
            try:
                return _go_round(workspace, carrier, once=once, verbose=verbose)
            except StoppedInTrouble:
                raise
            except StorageTrouble as trouble:
                if once:
                    raise
                outages.sit_out(trouble)
    finally:
        if not outages.lasts:
            carrier.leave()


def _go_round(workspace: Workspace, carrier: Carrier, *, once: bool, verbose: bool) -> None:
    returns = FeedbackRounds(workspace)
    with returns.going_on():
        _carry_all(workspace, carrier, returns, once=once, verbose=verbose)


def _carry_all(workspace: Workspace, carrier: Carrier, returns: FeedbackRounds, *, once: bool, verbose: bool) -> None:
    transport: Transport | None = None
    troubles: list[DistributorError] = []
    is_first = True
    bell = Bell(workspace.database)
    while True:
        bell.listen()  # before looking: what comes after we looked is heard
        carrier.roster.beat(None, 0)
        say_recovery(carrier.recover())
        returns.check()
        due = carrier.due()
        for dispatch_id in due:
            # Settings that make no account end the work at once: going round would change nothing.
            transport = transport or workspace.transport(shown_dialogue(verbose))
            trouble = _carry(workspace, carrier, dispatch_id, transport)
            if trouble is not None:
                console(stderr=True).print(f"Dispatch {dispatch_id}: {trouble}", soft_wrap=True)
                troubles.append(trouble)
        if is_first:
            with workspace.database.reading() as connection:
                say_company(at_work(connection, but=carrier.log.worker))
        if not due and is_first:
            console().print("Nothing is due." if once else "Nothing is due; waiting. Ctrl-C ends.")
        is_first = False
        if once and not due:
            break
        if not once and not due and not _wait(bell):
            raise Interrupted("Stopped; everything is saved.", mend="Go on with: distributor work")
    if troubles:
        raise max(troubles, key=lambda one: _GRAVITY.index(one.exit_code))


_GRAVITY = (
    NotAllReached.exit_code,
    BadInput.exit_code,
    Refused.exit_code,
    AccountTrouble.exit_code,
    DistributorError.exit_code,
)
"""Exit codes, the one that matters most last."""


def _carry(workspace: Workspace, carrier: Carrier, dispatch_id: int, transport: Transport) -> DistributorError | None:
    """Carry one dispatch; return what kept it from being done. One that would fail again is paused, and says why.

    Raises `Interrupted`, and `StorageTrouble`: without the ledger no dispatch can go on.
    """
    try:
        carry_watched(
            workspace,
            carrier,
            dispatch_id,
            lambda stop, on_outcome: carrier.carry(dispatch_id, transport, stop, on_outcome),
        )
    except (AccountTrouble, NotAllReached) as error:
        return error
    except (Interrupted, StorageTrouble):
        raise
    except DistributorError as error:
        carrier.pause(dispatch_id, error.message)
        return error
    except Exception as error:  # noqa: BLE001 - a defect in one dispatch is not to hold up the others
        defect = confess(error)
        carrier.pause(dispatch_id, defect.message)
        return defect
    return None


def _wait(bell: Bell) -> bool:
    """Wait a little, or until the bell rings; return False when a signal came instead."""

    async def doze(stop: asyncio.Event) -> RunResult:
        rung = asyncio.Event()
        with bell.ringing(rung):
            waiting = [asyncio.ensure_future(one) for one in (stop.wait(), rung.wait(), clock.sleep(_POLL_S))]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        return RunResult(stopped=stop.is_set())

    return not asyncio.run(until_stopped(doze)).stopped

"""The loop of `distributor work`: recover, carry what is due, wait for the next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import typer

from distributor import clock
from distributor.cli.defects import set_aside
from distributor.cli.dispatches.running import carry_watched, shown_dialogue
from distributor.cli.dispatches.standing import say_company, say_recovery, say_stuck, say_trouble
from distributor.cli.feedback.showing import FeedbackRounds
from distributor.cli.sending.scheduling import say_cut_off, say_taken_up
from distributor.cli.terminal.output import console
from distributor.cli.terminal.signals import hold_signals, until_stopped
from distributor.cli.worker.abreast import Abreast, accounts_of
from distributor.cli.worker.outage import Outages
from distributor.db.bell import Bell
from distributor.dispatch.accounts.ways import Ways
from distributor.dispatch.carry import Carrier
from distributor.dispatch.company import at_work
from distributor.dispatch.hours.cooling import hold_left
from distributor.dispatch.hours.instants import say_instant
from distributor.dispatch.hours.schedule import TakenUp
from distributor.dispatch.pacing import renew_waits
from distributor.dispatch.result import RunResult
from distributor.errors import (
    AccountTrouble,
    BadInput,
    DistributorError,
    FileReplaced,
    Interrupted,
    NotAllReached,
    Refused,
    StoppedInTrouble,
    StorageTrouble,
)
from distributor.reports import queries
from distributor.states import DispatchState
from distributor.wiring import Workspace

_POLL_S = 5.0
_LEAST_S = 0.02
_NEAR_S = 60.0
"""With a start as near as this, nothing is begun that may take long."""


def work_on(workspace: Workspace, *, once: bool, connections: int, verbose: bool, accounts: Sequence[str]) -> None:
    """Carry whatever is due; with `once` return when nothing is, else go on until a signal.

    With `accounts`, only what goes through one of them. A dispatch that cannot be carried is set aside, and the others
    go on; with `once` the exit code is that of the gravest error of them all. A ledger that cannot be written ends it
    with `once`, and is sat out otherwise.
    """
    hold_signals()
    carrier = workspace.carrier(workspace.log(), connections, accounts)
    outages = Outages(carrier)
    try:
        while True:
            try:
                return _go_round(workspace, carrier, accounts, once=once, verbose=verbose)
            except (FileReplaced, StoppedInTrouble):
                raise
            except StorageTrouble as trouble:
                if once:
                    raise
                outages.sit_out(trouble)
    finally:
        if not outages.lasts:
            carrier.leave()


def _go_round(workspace: Workspace, carrier: Carrier, wanted: Sequence[str], *, once: bool, verbose: bool) -> None:
    returns = FeedbackRounds(workspace)
    say_recovery(carrier.recover())  # what came back ends a doubt only where there is one
    with returns.going_on():
        _carry_all(workspace, carrier, returns, wanted, once=once, verbose=verbose)


def _carry_all(
    workspace: Workspace,
    carrier: Carrier,
    returns: FeedbackRounds,
    wanted: Sequence[str],
    *,
    once: bool,
    verbose: bool,
) -> None:
    ways = workspace.ways(shown_dialogue(verbose))
    troubles: list[DistributorError] = []
    is_first = True
    bell = Bell(workspace.database)
    while True:
        bell.listen()  # before looking: what comes after we looked is heard
        _take_up(carrier, returns, is_first=is_first)
        renew_waits(workspace.database, workspace.limits_of)
        accounts = accounts_of(workspace, wanted)
        due = carrier.due(wanted)
        if due and len(accounts) > 1:
            troubles += Abreast(workspace, carrier, accounts, ways).carry()
        for dispatch_id in due if len(accounts) == 1 else ():
            since = carrier.moment()
            trouble = _carry(workspace, carrier, dispatch_id, ways)
            if trouble is not None:
                say_stuck(dispatch_id, trouble)
                troubles.append(trouble)
            if carrier.comes_meanwhile(dispatch_id, since):
                break  # another one's hour has come: it goes first, and the others go on after it
        if is_first:
            with workspace.database.reading() as connection:
                say_company(at_work(connection, but=carrier.log.worker))
        if not due and is_first:
            _say_idle(workspace, once=once)
        is_first = False
        if once and not due:
            break
        if not once and not due and not _wait(bell, _until_next(carrier)):
            raise Interrupted("Stopped; everything is saved.", mend="Go on with: distributor work")
    if troubles:
        raise typer.Exit(max((one.exit_code for one in troubles), key=_GRAVITY.index))  # each is said already


def _take_up(carrier: Carrier, returns: FeedbackRounds, *, is_first: bool) -> None:
    """Settle what others left, cut off and start what is due, and hold what came while nobody was at work; say so."""
    if not is_first:  # before others see that we are here again
        carrier.attend()
    schedule = carrier.schedule
    carrier.require_right_clock()
    carrier.roster.beat(None, 0)
    say_recovery(carrier.recover())
    say_cut_off(schedule.cut_off())
    if schedule.seconds_to_next(_NEAR_S) >= _NEAR_S:
        returns.check()  # a mailbox may take its time, and a start may not
    for taken in (
        schedule.take_up(carrier.roster if is_first else None),
        hold_left(carrier.database, carrier.now()),
        carrier.begin_work() if is_first else TakenUp(missed=carrier.attendance.tell()),
    ):
        say_taken_up(taken)
        for number, _why in (*taken.held, *taken.missed):
            carrier.events.tell("dispatch.held", dispatch_id=number)


_GRAVITY = (
    NotAllReached.exit_code,
    BadInput.exit_code,
    Refused.exit_code,
    AccountTrouble.exit_code,
    DistributorError.exit_code,
)
"""Exit codes, the one that matters most last."""


def _say_idle(workspace: Workspace, *, once: bool) -> None:
    """Say that there is nothing to do now, and what starts next by itself."""
    console().print("Nothing is due." if once else "Nothing is due; waiting. Ctrl-C ends.")
    zone = workspace.settings.timezone
    with workspace.database.reading() as connection:
        for row in queries.dispatches(connection, states=[DispatchState.PLANNED]):
            if row.scheduled_at is not None:
                console().print(f"Scheduled: dispatch {row.id} of «{row.slug}», {say_instant(row.scheduled_at, zone)}.")


def _carry(workspace: Workspace, carrier: Carrier, dispatch_id: int, ways: Ways) -> DistributorError | None:
    """Carry one dispatch; return what kept it from being done. One that would fail again is paused, and says why.

    Raises `Interrupted`, and `StorageTrouble`: without the ledger no dispatch can go on.
    """
    try:
        carry_watched(
            workspace,
            carrier,
            dispatch_id,
            lambda stop: carrier.carry(dispatch_id, ways, stop, say_trouble, resumes=False, gives_way=True),
        )
    except (AccountTrouble, NotAllReached) as error:
        return error
    except (Interrupted, StorageTrouble):
        raise
    except Exception as error:  # noqa: BLE001 - a defect in one dispatch is not to hold up the others
        return set_aside(carrier, dispatch_id, error)
    return None


def _until_next(carrier: Carrier) -> float:
    """How long to wait for the next moment at which something starts or somebody leaves, or is cut off.

    It is little, for the machine may sleep or its clock be set meanwhile.
    """
    schedule_s, leaves_s = carrier.schedule.seconds_to_next(_POLL_S), carrier.seconds_to_next_delivery()
    return schedule_s if leaves_s is None else min(schedule_s, max(_LEAST_S, leaves_s))


def _wait(bell: Bell, seconds: float) -> bool:
    """Wait so long, or until the bell rings; return False when a signal came instead."""

    async def doze(stop: asyncio.Event) -> RunResult:
        rung = asyncio.Event()
        with bell.ringing(rung):
            waiting = [asyncio.ensure_future(one) for one in (stop.wait(), rung.wait(), clock.sleep(seconds))]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        return RunResult(stopped=stop.is_set())

    return not asyncio.run(until_stopped(doze)).stopped

"""The loop of `distributor work`: recover, carry what is due, wait for the next."""

from __future__ import annotations

import asyncio

from distributor import clock
from distributor.cli.output import console
from distributor.cli.running import say_recovery, say_standing, showing_progress, until_stopped
from distributor.dispatch.carry import Carrier
from distributor.dispatch.runner import RunResult
from distributor.errors import AccountTrouble, BadInput, DistributorError, Interrupted, NotAllReached, Refused
from distributor.transport.base import Transport
from distributor.wiring import Workspace

_POLL_S = 5.0


def work_on(workspace: Workspace, *, once: bool) -> None:
    """Carry whatever is due; with `once` return when nothing is, else go on until a signal.

    Raises, with `once`, the error that carries the exit code of the worst dispatch.
    """
    carrier = workspace.carrier(workspace.log())
    transport: Transport | None = None
    trouble: DistributorError | None = None
    while True:
        say_recovery(carrier.recover())
        due = carrier.due()
        for dispatch_id in due:
            # Settings that make no account end the work at once: going round would change nothing.
            transport = transport or workspace.transport()
            try:
                _carry(workspace, carrier, dispatch_id, transport)
            except (Refused, BadInput) as error:
                # It cannot be sent as it stands; the others are not to wait for it.
                carrier.pause(dispatch_id, error.message)
                console(stderr=True).print(f"Dispatch {dispatch_id} is paused: {error}")
                trouble = error
            except (AccountTrouble, NotAllReached) as error:
                console(stderr=True).print(str(error))
                trouble = error
        if once and not due:
            break
        if not once and not due and not _wait():
            raise Interrupted("Stopped; everything is saved.", mend="Go on with: distributor work")
    if trouble is not None:
        raise trouble


def _carry(workspace: Workspace, carrier: Carrier, dispatch_id: int, transport: Transport) -> None:
    with showing_progress(carrier.standing(dispatch_id)) as on_outcome:
        result = asyncio.run(until_stopped(lambda stop: carrier.carry(dispatch_id, transport, stop, on_outcome)))
    say_standing(workspace, dispatch_id, carrier.standing(dispatch_id), result)


def _wait() -> bool:
    """Wait a little; return False when a signal came instead."""

    async def doze(stop: asyncio.Event) -> RunResult:
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait([stopped, asyncio.ensure_future(clock.sleep(_POLL_S))], return_when=asyncio.FIRST_COMPLETED)
        return RunResult(stopped=stop.is_set())

    return not asyncio.run(until_stopped(doze)).stopped

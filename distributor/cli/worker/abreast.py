"""Several accounts at once in one `work`: the dispatches of each one after another, the accounts side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import partial

from distributor import clock
from distributor.cli.defects import set_aside
from distributor.cli.dispatches.standing import say_standing, say_stuck, say_trouble
from distributor.cli.dispatches.watching import shown_while
from distributor.cli.terminal.signals import heeding_a_stop, until_stopped
from distributor.cli.worker.outage import beside
from distributor.dispatch.accounts.named import named_accounts
from distributor.dispatch.accounts.ways import Ways
from distributor.dispatch.carry import Carrier
from distributor.dispatch.result import RunResult
from distributor.errors import AccountTrouble, DistributorError, Interrupted, NotAllReached, StorageTrouble
from distributor.wiring import Workspace

_LOOK_S = 5.0


def accounts_of(workspace: Workspace, wanted: Sequence[str]) -> list[str]:
    """The accounts that a worker sends through: those wanted, or all; `BadInput` for one that there is not."""
    for name in wanted:
        workspace.for_account(name)
    with workspace.database.reading() as connection:
        return list(wanted) or [one.name for one in named_accounts(connection)]


@dataclass(slots=True)
class Abreast:
    """One round over several accounts, each carried by a worker of its own name, in one process.

    `carrier` is that of the process, which stays on the roster meanwhile. An account that has something to do while the
    others are at it is taken up then. The round is over when none has.
    """

    workspace: Workspace
    carrier: Carrier
    accounts: Sequence[str]
    ways: Ways
    results: list[tuple[int, RunResult]] = field(default_factory=list)
    troubles: list[tuple[int, DistributorError]] = field(default_factory=list)

    def carry(self) -> list[DistributorError]:
        """Carry what is due; say how each dispatch stands, and return what kept some from being done.

        Raises `Interrupted`, and `StorageTrouble`: without the ledger no dispatch can go on.
        """
        shown = self.carrier.due(self.accounts)
        ended = asyncio.run(until_stopped(lambda stop: shown_while(self.workspace, shown, self._round(stop))))
        stopped: Interrupted | None = None
        if ended.stopped:  # between two dispatches none of them tells
            stopped = Interrupted("Stopped; everything is saved.", mend="Go on with: distributor work")
        found = []
        for number, trouble in self.troubles:
            say_stuck(number, trouble)
            found.append(trouble)
        for number, result in self.results:
            try:
                with heeding_a_stop(lambda: ended.stopped):
                    say_standing(self.workspace, number, self.carrier.standing(number), result)
            except Interrupted as error:
                stopped = error
            except (AccountTrouble, NotAllReached) as error:
                say_stuck(number, error)
                found.append(error)
        if stopped is not None:
            raise stopped
        return found

    async def _round(self, stop: asyncio.Event) -> RunResult:
        lanes: dict[str, asyncio.Task[None]] = {}
        halt = asyncio.Event()
        following = asyncio.create_task(_set_with(stop, halt))
        try:
            while not stop.is_set():
                due, seconds = await beside(partial(self._look, busy=list(lanes)))
                lanes |= {account: asyncio.create_task(self._lane(account, halt)) for account in due}
                if not lanes:
                    break
                nap = asyncio.ensure_future(clock.sleep(seconds))
                await asyncio.wait([*lanes.values(), nap], return_when=asyncio.FIRST_COMPLETED)
                nap.cancel()
                for account in [name for name, lane in lanes.items() if lane.done()]:
                    lanes.pop(account).result()
            await asyncio.gather(*lanes.values())  # stopped: what is on the wire is finished
        except BaseException as error:
            halt.set()  # one lane's trouble is not that of the others: they finish what is on the wire, if they can
            if isinstance(error, asyncio.CancelledError):
                for lane in lanes.values():
                    lane.cancel()
            ended = await asyncio.gather(*lanes.values(), return_exceptions=True)
            # Told to stop at once: what could not be saved is not passed over.
            if isinstance(error, asyncio.CancelledError):
                for trouble in ended:
                    if isinstance(trouble, StorageTrouble):
                        raise trouble from None
            raise
        finally:
            following.cancel()
        return RunResult(stopped=stop.is_set())

    def _look(self, busy: Collection[str]) -> tuple[list[str], float]:
        """Start what is to start; the accounts that have something to do but for the `busy`, and when to look again."""
        self.carrier.roster.beat(None, 0)
        self.carrier.schedule.take_up()
        due = [one for one in self.accounts if one not in busy and self.carrier.due([one])]
        return due, self.carrier.schedule.seconds_to_next(_LOOK_S)

    async def _lane(self, account: str, stop: asyncio.Event) -> None:
        """Carry what is due of one account, until nothing is."""
        carrier = self.workspace.carrier(self.workspace.log(), self.carrier.connections, [account])
        try:
            while not stop.is_set() and (due := await beside(partial(carrier.due, [account]))):
                for number in due:
                    if not stop.is_set():
                        await self._carry(carrier, number, stop)
        finally:
            carrier.leave()

    async def _carry(self, carrier: Carrier, number: int, stop: asyncio.Event) -> None:
        try:
            self.results.append((number, await carrier.carry(number, self.ways, stop, say_trouble, resumes=False)))
        except StorageTrouble:
            raise
        except Exception as error:  # noqa: BLE001 - a defect in one dispatch is not to hold up the others
            self.troubles.append((number, set_aside(self.carrier, number, error)))


async def _set_with(first: asyncio.Event, second: asyncio.Event) -> None:
    await first.wait()
    second.set()

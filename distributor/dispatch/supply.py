"""Who comes next: claims held in fair order, and whom of them the pace lets leave now."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import ClaimedDelivery
from distributor.dispatch.connections import set_within
from distributor.dispatch.ledger import Ledger
from distributor.dispatch.pacer import PATIENCE, Admission, Pacer
from distributor.dispatch.pacing import Wait
from distributor.dispatch.recipients.fairness import interleave

_LEAST_CLAIM = 32
_ATTENTION = timedelta(seconds=1)
"""So long nobody sleeps: who said a moment ago that the run goes on need not say it again."""
_HELD_UP_S = 0.2
"""How long whoever is due is left to another command that holds their rows: an embargo that is moved, say."""
_LOOKS_S = 1.0
"""How often it is looked whether somebody may leave after all, while those who are left wait for their provider."""
_WINDOW = 50
"""How many claims for each connection are held at most while providers that wait are passed over."""


@dataclass(slots=True, kw_only=True)
class Supply:
    """The claims of one run of one dispatch.

    `attend` is told, before a claim, that the run goes on: what came while the machine slept is held first.
    `halted` is set when the run is over; `open_connections` tells how many stand.
    `stands_still` is set once the whole account has to wait for longer than a run has patience for: nobody comes then.
    With `sits_out` a run has that patience for one provider too, once nobody else is left; else it ends.
    """

    log: DeliveryLog
    ledger: Ledger
    pacer: Pacer
    dispatch_id: int
    connections: int
    now: Callable[[], datetime]
    attend: Callable[[], object]
    halted: asyncio.Event
    open_connections: Callable[[], int]
    sits_out: bool
    queue: deque[ClaimedDelivery] = field(default_factory=deque)
    stands_still: Wait | None = None
    _held: dict[int, ClaimedDelivery] = field(default_factory=dict)
    """The claim that counts of each delivery that lies here or is in hand."""
    _begun: set[int] = field(default_factory=set)
    _claiming: asyncio.Lock = field(default_factory=asyncio.Lock)
    _refill: asyncio.Task[None] | None = None
    _trouble: Exception | None = None
    """What went wrong in a claim beside the sending."""
    _attended: datetime | None = None

    async def take(self) -> Admission | None:
        """Whoever may be sent to next, waited for; None when there is nobody, or the run is halted.

        Raises what went wrong in a claim, also in one that was made beside: whether it was made after all, and for
        whom, nobody knows, and only the end of the run gives such claims back.
        """
        async with self._claiming:
            while not self.halted.is_set() and self.stands_still is None:
                if self._trouble is not None:
                    raise self._trouble
                asked = self.now()
                if not self.queue and not await self._claim():
                    if await self._is_held_up():
                        await set_within(self.halted, _HELD_UP_S)
                    elif await self._comes_back(asked):
                        await set_within(self.halted, _LOOKS_S)
                    else:
                        return None
                    continue
                admitted, wait = await self._admitted()
                if admitted is not None:
                    return admitted
                if self.stands_still is None and wait and not (self._may_look_further() and await self._claim()):
                    await set_within(self.halted, wait)
            return None

    def take_ready(self) -> Admission | None:
        """Whoever may be sent to at this moment, if anybody lies ready; more are claimed in good time."""
        if self.halted.is_set() or self._trouble is not None:
            return None
        admitted = self.pacer.choose(self.queue, self.now())
        if not isinstance(admitted, Admission):
            return None
        if self._is_low() and (self._refill is None or self._refill.done()):
            self._refill = asyncio.create_task(self._claim_early())
        return admitted

    def put_back(self, admitted: Admission) -> None:
        """Whoever was taken is not sent to after all: first in the queue again."""
        self.pacer.release(admitted)
        if self._held.get(admitted.claimed.id) is admitted.claimed:
            self.queue.appendleft(admitted.claimed)

    def begins(self, claimed: ClaimedDelivery) -> bool:
        """Whether this claim still counts, now that the body is to leave; from here on no other one is made of it."""
        if self._held.get(claimed.id) is not claimed:
            return False
        self._begun.add(claimed.id)
        return True

    def ends(self, claimed: ClaimedDelivery) -> bool:
        """Whoever was taken is done with; whether this claim still counted."""
        if self._held.get(claimed.id) is not claimed:
            return False
        del self._held[claimed.id]
        self._begun.discard(claimed.id)
        return True

    async def tick(self) -> None:
        """Let the pace speak with the database."""
        await self.pacer.tick(self.ledger.call, open_connections=self.open_connections())

    async def close(self) -> None:
        """End what runs beside."""
        if self._refill is not None:
            self._refill.cancel()
            await asyncio.gather(self._refill, return_exceptions=True)

    async def _claim(self) -> bool:
        """Take more of the dispatch, every newsroom in its turn; False when there is nobody to take."""
        now = self.now()
        if self._attended is None or not _ATTENTION > now - self._attended >= timedelta(0):
            await self.ledger.call(self.attend)
            self._attended = now
        batch = await self.ledger.call(self.log.claim, self.dispatch_id, self._share())
        self.queue.extend(interleave(self._newest(batch), lambda claimed: claimed.domain))
        return bool(batch)

    async def _is_held_up(self) -> bool:
        """Whether nobody was taken because of another command; in a SQLite file whoever writes waits for that one."""
        return self.log.is_on_a_server and await self.ledger.call(self.log.is_held_up, self.dispatch_id)

    async def _comes_back(self, asked: datetime) -> bool:
        """Whether somebody who was put off is due before the run's patience is over, and was not when we `asked`."""
        if not self.sits_out:
            return False
        until = await self.ledger.call(self.log.put_off_until, self.dispatch_id, asked)
        return until is not None and until - asked <= PATIENCE

    def _newest(self, batch: list[ClaimedDelivery]) -> list[ClaimedDelivery]:
        """Let these claims count, and no former ones of the same deliveries that were taken back behind our back.

        In the log both are ours, by our name: each would be let go, and two connections may have them at once. Where
        the former one's body is about to leave, it does so by right of the new one.
        """
        newest = [one for one in batch if one.id not in self._begun]
        for one in newest:
            if (former := self._held.get(one.id)) is not None:
                with contextlib.suppress(ValueError):  # it is in hand, and will not begin
                    self.queue.remove(former)
            self._held[one.id] = one
        return newest

    async def _claim_early(self) -> None:
        """Claim more before the queue is empty; what goes wrong here is raised in `take`."""
        async with self._claiming:
            if not self.halted.is_set() and self._is_low():
                try:
                    await self._claim()
                except Exception as error:  # noqa: BLE001 - raised where it is waited for
                    self._trouble = error

    async def _admitted(self) -> tuple[Admission | None, float]:
        """Whoever of the queue may be sent to now, or how many seconds until somebody may."""
        now = self.now()
        aside: dict[Wait, list[int]] = {}
        for claimed, wait in self.pacer.set_aside(self.queue, now):
            aside.setdefault(wait, []).append(claimed.id)
        for wait, numbers in aside.items():
            for number in numbers:
                self._held.pop(number, None)
            await self.ledger.call(self.log.put_off, numbers, wait.until, wait.why)
        if not self.queue:
            return None, 0
        admitted = self.pacer.choose(self.queue, now)
        if isinstance(admitted, Admission):
            return admitted, 0
        if not admitted:
            await self.tick()
        self.stands_still = self.pacer.stands_still(self.now())
        return None, admitted.total_seconds()

    def _may_look_further(self) -> bool:
        """Whether only the providers at hand have to wait: there may be others further on."""
        return len(self.queue) < _WINDOW * self.connections and not self.pacer.holds_all(self.now())

    def _share(self) -> int:
        """How many are claimed at once: a commit that comes behind them must not wait long."""
        return max(_LEAST_CLAIM, 2 * self.connections)

    def _is_low(self) -> bool:
        return len(self.queue) < self._share() // 2

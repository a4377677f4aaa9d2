"""The pace in the loop: whether a message may leave now, decided in memory from blocks drawn beforehand."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from distributor.deliveries.records import ClaimedDelivery
from distributor.dispatch.pacing import ACCOUNT, Answer, Note, Order, PacingBook, Wait
from distributor.states import Outcome, Verdict
from distributor.transport.throttle import NO_LIMITS, Allowance, DomainLimits, Lesson, Limits, no_domain_limits

PATIENCE = timedelta(minutes=2)
"""Longer waits of the account end the run: it goes on by itself when they are over."""

ASIDE = timedelta(seconds=5)
"""Longer waits for one provider put its recipients off, so that they hold up nobody else."""

_ASK = timedelta(0)
_SOON = timedelta(milliseconds=50)
_LOOKS_EVERY = timedelta(seconds=5)
"""How often it is looked what other processes learned, and whether the account was given other limits."""

_KEPT_FOR = timedelta(seconds=30)
"""How long past their time tokens are left to whoever waits for the server: they come back after a minute or more."""

_MEMORY = timedelta(minutes=15)
_BLOCKS = (16, 1024)
_OPENED_LATE = timedelta(seconds=1)
"""Where messages leave apart, one is late for its place by so much, or by as much as they are apart."""

Call = Callable[..., Any]
"""Runs a function on the ledger's thread, as `Ledger.call` does."""

Bounds = tuple[Limits, DomainLimits, int]
"""What may be sent through an account: its limits, those of domains, and the connections that are wished for."""


@dataclass(slots=True)
class Admission:
    """A claimed delivery that may be sent to now, and is counted: it ends in `Pacer.learn` or in `Pacer.release`.

    `scope` names its provider. `number` counts those of the run, in their order. `until` is the last moment in which it
    may leave: later its place is over, or what was counted for it counts for others. `blocks` are those that its tokens
    are from, by what they are counted for.
    """

    claimed: ClaimedDelivery
    scope: str
    number: int
    until: datetime | None = None
    blocks: tuple[tuple[str, Allowance], ...] = ()

    def is_counted(self, now: datetime) -> bool:
        """Whether its tokens count for a message that leaves now."""
        return all(now <= block.counted_until for _, block in self.blocks if block.counted_until is not None)


class Pacer:
    """Keeps one run within the account's limits, and within those of each provider when they are wished for.

    `admit` and `learn` touch nothing but memory; `tick` goes to the database, for new blocks and with what was
    learned. `scope_of` names the provider of a domain, `domain_limits` what that is sent at most; `bounds`, asked
    where the database is, says what all of these are by now: they may be set otherwise while a long run lasts.
    """

    def __init__(
        self,
        book: PacingBook,
        limits: Limits,
        *,
        wish: int,
        scope_of: Callable[[str], str] = str,
        domain_limits: DomainLimits = no_domain_limits,
        bounds: Callable[[], Bounds] | None = None,
        now: Callable[[], datetime],
    ) -> None:
        self._book = book
        self._limits = limits
        self._wish = wish
        self._scope_of = scope_of
        self._domain_limits = domain_limits
        self._bounds = bounds
        self._now = now
        self._allowances: dict[str, Allowance] = {}
        self._blocks: Counter[str] = Counter()
        self._shut: dict[str, Wait] = {}
        self._slowed: set[str] = set()
        self._in_flight: Counter[str] = Counter()
        self._admitted = 0
        self._waiting: dict[int, Admission] = {}
        """Who was admitted and counted, and whose message has not left yet, by their number."""
        self._asked_after: dict[str, int] = {}
        """Who was admitted last when each asked us to slow down: the answers until then are not a second time."""
        self._refused: Counter[str] = Counter()
        self._throttled: dict[str, datetime] = {}
        self._notes: list[Note] = []
        self._asking = asyncio.Lock()
        self._wanted: set[str] = set()
        self._looked: datetime | None = None
        self._bounds_read = now()
        self._share: int | None = limits.connections and 0
        self._learned_connections: int | None = None
        self._connections = self._least_of_connections()
        self._is_counted = limits.counts

    # In memory

    @property
    def connections(self) -> int:
        """How many connections this run may have open now."""
        return self._connections

    def admit(self, claimed: ClaimedDelivery, now: datetime) -> Admission | timedelta:
        """Count a message to that journalist, who may be sent to now; else return how long to wait.

        No time at all means that `tick` has to be awaited first.
        """
        scope = self._scope_of(claimed.domain)
        for name in (ACCOUNT, scope):
            if (shut := self._shut.get(name)) is not None and shut.until > now:
                return shut.until - now
        of_provider = self._domain_limits(scope)
        if of_provider and of_provider.connections and self._in_flight[scope] >= of_provider.connections:
            return _SOON
        counted = [ACCOUNT] if self._is_counted or ACCOUNT in self._slowed else []
        if of_provider and (of_provider.counts or scope in self._slowed):
            counted.append(scope)
        longest = None
        for name in counted:
            wait = self._wait(name, now)
            if wait is not None:
                longest = wait if longest is None else max(wait, longest)
        if longest is not None:
            return longest
        self._in_flight[scope] += 1
        self._admitted += 1
        if not counted:
            return Admission(claimed, scope, self._admitted)
        admitted = Admission(claimed, scope, self._admitted, *self._spend(counted, now))
        if admitted.blocks:
            self._waiting[admitted.number] = admitted
        return admitted

    def choose(self, queue: deque[ClaimedDelivery], now: datetime) -> Admission | timedelta:
        """Take the first of the queue who may be sent to now; else return how long until somebody may."""
        least = PATIENCE
        for index, claimed in enumerate(queue):
            admitted = self.admit(claimed, now)
            if isinstance(admitted, Admission):
                del queue[index]
                return admitted
            least = min(least, admitted)
        return least

    def set_aside(self, queue: deque[ClaimedDelivery], now: datetime) -> list[tuple[ClaimedDelivery, Wait]]:
        """Take those out of the queue whose provider is not to be sent to for longer than moments."""
        aside = []
        long = {wait.what: wait for wait in self.waits(now) if wait.what != ACCOUNT and wait.until - now > ASIDE}
        for claimed in list(queue) if long else ():
            wait = long.get(self._scope_of(claimed.domain))
            if wait is not None:
                queue.remove(claimed)
                aside.append((claimed, wait))
        return aside

    def stands_still(self, now: datetime) -> Wait | None:
        """What the whole account waits for, when that takes longer than a run has patience for."""
        shut, allowance = self._shut.get(ACCOUNT), self._allowances.get(ACCOUNT)
        if shut is not None and shut.until - now > PATIENCE:
            return shut
        if allowance is not None and allowance.tokens <= 0 and allowance.retry_at is not None:
            wait = Wait(ACCOUNT, allowance.retry_at, allowance.why)
            return wait if wait.until - now > PATIENCE else None
        return None

    def holds_all(self, now: datetime) -> bool:
        """Whether it is the account that waits, and no provider alone."""
        shut, allowance = self._shut.get(ACCOUNT), self._allowances.get(ACCOUNT)
        return (shut is not None and shut.until > now) or (allowance is not None and allowance.wait(now) is not None)

    def learn(self, admitted: Admission, outcome: Outcome, now: datetime) -> None:
        """Take to heart what came of a message that was admitted."""
        scope = admitted.scope
        self._end(admitted)
        verdict = outcome.verdict
        if verdict is Verdict.ACCEPTED:
            if self._refused.pop(scope, 0):
                self._notes.append(Note(scope, Lesson.WELCOME))
            return
        said = f"{outcome.code or ''} {outcome.enhanced_code}".strip()
        if verdict is Verdict.POLICY:
            self._refused[scope] += 1
            self._notes.append(Note(scope, Lesson.REFUSED, said=said))
        elif verdict is Verdict.CONCURRENCY:
            if self._is_asked_anew(ACCOUNT, admitted):
                self._notes.append(Note(ACCOUNT, Lesson.FEWER_CONNECTIONS, open_connections=max(1, self.connections)))
        elif verdict is Verdict.THROTTLED or (verdict is Verdict.ACCOUNT and outcome.retry_after is not None):
            culprit = self._culprit(scope, now) if verdict is Verdict.THROTTLED else ACCOUNT
            if self._is_asked_anew(culprit, admitted):
                self._notes.append(Note(culprit, Lesson.SLOWER, retry_after=outcome.retry_after, said=said))

    def release(self, admitted: Admission) -> None:
        """Whoever was admitted is not sent to after all: what was counted for them is given back with its block."""
        self._end(admitted)
        for name, block in admitted.blocks:
            left = self._allowances.get(name)
            if left is not None and left.drawn_at == block.drawn_at:
                self._allowances[name] = replace(left, missed=left.missed + 1)

    def _end(self, admitted: Admission) -> None:
        self._waiting.pop(admitted.number, None)
        self._in_flight[admitted.scope] -= 1
        if self._in_flight[admitted.scope] <= 0:
            del self._in_flight[admitted.scope]

    @property
    def has_news(self) -> bool:
        """Whether something was learned that the others, and the next decision here, should know."""
        return bool(self._notes)

    def waits(self, now: datetime) -> list[Wait]:
        """What is waited for now, and why."""
        found = [wait for _scope, wait in sorted(self._shut.items()) if wait.until > now]
        for scope, allowance in sorted(self._allowances.items()):
            if allowance.tokens <= 0 and allowance.retry_at is not None and allowance.retry_at > now:
                found.append(Wait(scope, allowance.retry_at, allowance.why))
        return found

    # With the database

    async def tick(self, call: Call, *, open_connections: int = 0) -> None:
        """Draw what is wanted, say what was learned, and hear what others did; nothing when there is nothing to say."""
        async with self._asking:
            await self._exchange(call, open_connections)

    async def _exchange(self, call: Call, open_connections: int) -> None:
        now = self._now()
        await self._heed_bounds(call, now)
        await self._keep_tokens(call, now)
        # Whoever asked while another was at the database has been answered by that.
        # Others get no more than is left beside what this run lets itself open until it has heard the answer.
        held = max(open_connections, self._share or 0)
        orders = [self._order(scope) for scope in sorted(self._wanted) if self._wait(scope, now) == _ASK]
        if orders or self._notes or self._limits.connections or self._learned_connections:
            notes, self._notes = self._notes, []
            self._wanted.clear()
            answer: Answer = await call(
                lambda: self._book.exchange(orders, notes, limits=self._limits, wish=self._wish, open_connections=held)
            )
        elif self._looked is None or not timedelta(0) <= now - self._looked < _LOOKS_EVERY:
            answer = await call(self._book.look)
        else:
            return
        self._take(answer, self._now())

    async def _heed_bounds(self, call: Call, now: datetime) -> None:
        """Keep to what the account was set to meanwhile: what was drawn under its former limits is given back."""
        if self._bounds is None or timedelta(0) <= now - self._bounds_read < _LOOKS_EVERY:
            return
        self._bounds_read = now
        before = (self._limits, self._domain_limits, self._wish)
        bounds: Bounds = await call(self._bounds)
        if bounds == before:
            return
        self._limits, self._domain_limits, self._wish = bounds
        self._is_counted = self._limits.counts
        self._connections = self._least_of_connections()
        for scope, allowance in self._allowances.items():
            self._allowances[scope] = replace(allowance, lapses=now, retry_at=None)
            self._wanted.add(scope)

    async def may_leave(self, admitted: Admission, call: Call) -> bool:
        """Whether a message may leave now: one whose tokens do not count any more is counted anew, if it can be."""
        self._waiting.pop(admitted.number, None)
        if admitted.is_counted(self._now()):
            return True
        async with self._asking:
            return admitted.is_counted(self._now()) or await self._count_anew(admitted, call)

    async def _keep_tokens(self, call: Call, now: datetime) -> None:
        """Take the tokens anew of those who have not left, before others have them: else none of them ever would."""
        for one in [one for one in self._waiting.values() if not one.is_counted(now - _KEPT_FOR)]:
            if not await self._count_anew(one, call):
                self._waiting.pop(one.number, None)  # asked again when it is to leave

    async def _count_anew(self, admitted: Admission, call: Call) -> bool:
        tokens = [
            (name, self._limits_of(name), block.drawn_at)
            for name, block in admitted.blocks
            if block.drawn_at is not None
        ]
        answer: Answer | None = await call(lambda: self._book.count_anew(tokens))
        if answer is None:
            return False
        ahead = self._now() - answer.moment
        admitted.blocks = tuple((name, _moved(block, ahead)) for name, block in answer.allowances.items())
        return True

    async def leave(self, call: Call) -> None:
        """Give back what was not spent, when the run ends."""
        unspent = [(scope, one) for scope, one in self._allowances.items() if one.unspent > 0]
        notes, self._notes = self._notes, []
        self._allowances.clear()
        if unspent or notes or self._share is not None:
            await call(lambda: self._book.leave(unspent, notes))

    def _take(self, answer: Answer, now: datetime) -> None:
        """Keep what the database said, in this machine's time."""
        self._looked = now
        ahead = now - answer.moment
        for scope, allowance in answer.allowances.items():
            self._allowances[scope] = _moved(allowance, ahead)
        self._shut.clear()  # every answer names all that is suspended
        for scope, gauge in answer.gauges.items():
            if gauge.until is not None and gauge.until > answer.moment:
                self._shut[scope] = Wait(scope, gauge.until + ahead, gauge.reason)
            (self._slowed.discard if gauge.rate(answer.moment) is None else self._slowed.add)(scope)
        if ACCOUNT in answer.gauges:
            self._learned_connections = answer.gauges[ACCOUNT].connections(answer.moment)
        if answer.connections is not None:
            self._share = answer.connections
        elif self._learned_connections is None and not self._limits.connections:
            self._share = None
        self._connections = self._least_of_connections()

    def _least_of_connections(self) -> int:
        return min(one for one in (self._wish, self._share, self._learned_connections) if one is not None)

    def _wait(self, scope: str, now: datetime) -> timedelta | None:
        allowance = self._allowances.get(scope)
        wait = _ASK if allowance is None else allowance.wait(now)
        if wait == _ASK:
            self._wanted.add(scope)
        return wait

    def _spend(self, scopes: Sequence[str], now: datetime) -> tuple[datetime | None, tuple[tuple[str, Allowance], ...]]:
        """Count one message in each of these scopes; until when it may leave, and the blocks of its tokens."""
        ends, blocks = [], []
        for name in scopes:
            allowance = self._allowances[name]
            if allowance.interval:
                ends.append(now + max(allowance.interval, _OPENED_LATE))
            if allowance.counted_until is not None:  # what is counted by the second alone has no tokens
                ends.append(allowance.counted_until)
                blocks.append((name, allowance))
            self._allowances[name] = allowance.spend(now)
        return min(ends, default=None), tuple(blocks)

    def _order(self, scope: str) -> Order:
        before = self._allowances.pop(scope, None)  # what is left of it is given back, and once only
        least, most = _BLOCKS
        if before is not None and before.drawn_at is not None:
            grown = self._blocks[scope] * 2 if before.tokens <= 0 else self._blocks[scope] // 2
            self._blocks[scope] = min(most, max(least, grown))
        limits = self._limits_of(scope)
        unspent = before if before is not None and before.unspent > 0 else None
        return Order(scope, limits, max(least, self._blocks[scope]), unspent)

    def _limits_of(self, scope: str) -> Limits:
        return self._limits if scope == ACCOUNT else self._domain_limits(scope) or NO_LIMITS

    def _culprit(self, scope: str, now: datetime) -> str:
        """Who wants us slower: this provider, or, when others say so as well, the server we hand everything to."""
        self._throttled = {name: when for name, when in self._throttled.items() if now - when <= _MEMORY}
        self._throttled[scope] = now
        return scope if len(self._throttled) == 1 else ACCOUNT

    def _is_asked_anew(self, scope: str, admitted: Admission) -> bool:
        """Whether this is no answer to what was under way already when we were asked before; from here on it is."""
        if admitted.number <= self._asked_after.get(scope, 0):
            return False
        self._asked_after[scope] = self._admitted
        return True


def _moved(allowance: Allowance, ahead: timedelta) -> Allowance:
    retry_at = allowance.retry_at and allowance.retry_at + ahead
    # `drawn_at` stays as the database said it: it names the block there.
    counted_until = allowance.counted_until and allowance.counted_until + ahead
    start, lapses = allowance.start + ahead, allowance.lapses + ahead
    return replace(allowance, start=start, lapses=lapses, retry_at=retry_at, counted_until=counted_until)

"""The steps that every message costs: claims and commits, over whatever runs the log's statements in a transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from distributor.deliveries.records import AttemptRecord, Batch, ClaimedDelivery
from distributor.states import TRANSITIONS, DeliveryState, Verdict, check_transition

LEASE = timedelta(minutes=2)
"""How long a claim stands without being renewed, for workers whose life we cannot see."""

AHEAD = timedelta(days=1)
"""A row that was written so much later than now was written by a clock that was wrong, and is right again."""


_WOKEN_FOR = timedelta(seconds=5)
"""How long nobody is looked for among the deferred while others lie ready: all of them are read for that, and what they
wait for are minutes."""


class Hand(Protocol):
    """Runs the statements of `statements.Statements` by their name, within somebody's transaction."""

    def rows(self, name: str, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """What a SELECT finds, or a statement returns."""

    def change(self, name: str, values: Mapping[str, Any]) -> int:
        """How many rows an UPDATE changes."""

    def insert(self, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What a worker does to deliveries. With `shared_clock` the statements know by themselves when leases end."""

    worker: str
    shared_clock: bool
    _woken: dict[int, datetime] = field(default_factory=dict, repr=False, compare=False)
    """When it was last looked who of a dispatch's deferred is due."""

    def claim(
        self, hand: Hand, dispatch_id: int, limit: int, now: datetime, begun: Collection[int]
    ) -> tuple[list[ClaimedDelivery], int | None]:
        """Claim up to `limit` deliveries that are due; also say which wave, not yet `begun`, begins by that, if any."""
        woken = self._woken.get(dispatch_id)
        is_early = woken is not None and timedelta(0) <= now - woken < _WOKEN_FOR
        claimed = self._due(hand, dispatch_id, limit, now) if is_early else []
        if len(claimed) < limit:
            self._wake_deferred(hand, dispatch_id, now)
            self._woken[dispatch_id] = now
            claimed = self._due(hand, dispatch_id, limit, now)
        fresh = {one.wave for one in claimed if one.wave and one.wave not in begun}
        # One wave begins at a time: the next ones are counted from it, however late it is.
        claimed = [one for one in claimed if one.wave not in fresh or one.wave == min(fresh)]
        if claimed:
            hand.change("claim", self._leased([one.id for one in claimed], now))
        return claimed, min(fresh, default=None)

    def commit(self, hand: Hand, batch: Batch, now: datetime) -> list[int]:
        """Write records and begins; return the deliveries that may not be sent."""
        self.record(hand, batch.records, now, by=self.worker)
        return self._begin(hand, batch.begins, now)

    def record(self, hand: Hand, records: Sequence[AttemptRecord], now: datetime, *, by: str) -> None:
        """Write what the worker `by` came to; while it holds a delivery, its verdict is the delivery's state."""
        if not records:
            return
        ids = [record.delivery_id for record in records]
        held = {number: _Held(*stands) for number, *stands in hand.rows("held", {"ids": ids})}
        attempts, counted = [], []
        verdicts: dict[tuple[Any, ...], dict[int, str]] = {}
        self._sent_again_meanwhile(hand, records, held, by)
        for record in records:
            old = held[record.delivery_id]
            attempts.append(_attempt_of(record, old.attempts + 1, by))
            if old.worker == by or _may_say(old, record.outcome.state):
                check_transition(DeliveryState(old.state), record.outcome.state)
                verdicts.setdefault(_verdict_of(record), {})[record.delivery_id] = record.outcome.reply
            else:  # we were thought dead: the attempt is on record, the state is somebody else's to say
                counted.append(record.delivery_id)
        hand.insert("attempt", attempts)
        for verdict, replies in verdicts.items():
            values = dict(zip(_VERDICT, verdict, strict=True))
            moments = {"new_updated_at": now, "new_accepted_at": now if verdict[0] == DeliveryState.ACCEPTED else None}
            hand.change("verdict", {**values, **moments, "ids": list(replies), "replies": replies})
        if counted:
            hand.change("count", {"ids": counted})

    def _sent_again_meanwhile(
        self, hand: Hand, records: Sequence[AttemptRecord], held: dict[int, _Held], by: str
    ) -> None:
        """Let those be in doubt, as others had left them, of whom a worker that was thought dead hears after all.

        The doubt was settled as «send again». Whoever has the message is not sent it again, unless it is leaving. Where
        the worker itself claimed them anew, what it hears is the word on the first message; of silence, the doubt stays
        settled, and the claim stands.
        """
        odd = [record.delivery_id for record in records if _is_of_before(held[record.delivery_id], record, by)]
        if odd:
            for (number,) in hand.rows("doubted", {"ids": odd, "by": by}):
                held[number] = held[number]._replace(state=DeliveryState.IN_DOUBT, worker="")

    def _wake_deferred(self, hand: Hand, dispatch_id: int, now: datetime) -> None:
        """Queue who is due; expire who has no attempt left before the deadline.

        Whoever's attempt fell due in time gets it, however late we are (paused, asleep, stopped): the time in which we
        did not try is not held against the recipient. A temporary answer then puts the next attempt past the deadline.
        """
        for name in ("expire", "wake"):
            hand.change(name, {"dispatch": dispatch_id, "now": now, "ahead": now + AHEAD})

    def _due(self, hand: Hand, dispatch_id: int, limit: int, now: datetime) -> list[ClaimedDelivery]:
        """Up to `limit` queued deliveries, locked for this transaction; objectors met on the way are withheld.

        The rows are chosen by a statement of their own: PostgreSQL may run a subquery with a limit more than once.
        """
        while rows := hand.rows("due", {"dispatch": dispatch_id, "limit": limit, "now": now}):
            if objectors := [row[0] for row in rows if row[-1]]:
                hand.change("withhold", {"ids": objectors, "now": now})
            if len(objectors) < len(rows):
                return [ClaimedDelivery(*row[:-1]) for row in rows if not row[-1]]
        return []

    def _begin(self, hand: Hand, delivery_ids: Sequence[int], now: datetime) -> list[int]:
        """Claimed → sending, unless an objection, another worker or the end of the dispatch came first.

        Returns those that may not be sent; so may not who is being sent already.
        """
        if not delivery_ids:
            return []
        begun = {row[0] for row in hand.rows("begin", self._leased(delivery_ids, now))}
        return [number for number in delivery_ids if number not in begun]

    def _leased(self, delivery_ids: Sequence[int], now: datetime) -> dict[str, Any]:
        """The values of a statement that puts this worker's lease on deliveries."""
        values: dict[str, Any] = {"ids": list(delivery_ids), "by": self.worker, "now": now}
        return values if self.shared_clock else values | {"lease": now + LEASE}


def inform(hand: Hand, delivery_ids: Sequence[int], does_inform: Callable[[int], bool], now: datetime) -> None:
    """Count whom these deliveries reached as informed of their rights, if their dispatch's messages tell them."""
    if not delivery_ids:
        return
    for (dispatch_id,) in hand.rows("dispatches", {"ids": list(delivery_ids)}):
        if does_inform(dispatch_id):
            hand.change("inform", {"ids": list(delivery_ids), "dispatch": dispatch_id, "now": now})


class _Held(NamedTuple):
    """How a delivery stood when its verdict came."""

    state: str
    worker: str
    attempts: int
    refusals: int


_S = DeliveryState
_NOT_REACHED = frozenset({_S.QUEUED, _S.CLAIMED, _S.DEFERRED, _S.REJECTED, _S.EXPIRED})


def _is_of_before(old: _Held, record: AttemptRecord, by: str) -> bool:
    """Whether a verdict can only be that of a message that left before the delivery came to stand as it does."""
    if record.outcome.state == DeliveryState.ACCEPTED:
        return old.state in _NOT_REACHED
    is_ours = old.worker == by and old.state == DeliveryState.CLAIMED
    return is_ours and record.outcome.state not in TRANSITIONS[DeliveryState.CLAIMED]


def _may_say(old: _Held, state: DeliveryState) -> bool:
    """Whether a worker that no longer holds a delivery may still change its state.

    It may end a doubt. While another worker sends, only «accepted» counts: were the state to become anything else
    under that worker's hands, its own verdict would come too late, and the message would leave once more.
    """
    if old.worker:
        return bool(old.state == DeliveryState.SENDING and state == DeliveryState.ACCEPTED)
    return bool(old.state == DeliveryState.IN_DOUBT and state in TRANSITIONS[DeliveryState.IN_DOUBT])


def _attempt_of(record: AttemptRecord, number: int, by: str) -> tuple[Any, ...]:
    """The row that an attempt leaves in the attempt log, in the order of `ATTEMPT_COLUMNS`."""
    outcome = record.outcome
    return (
        record.delivery_id, number, record.started_at, outcome.duration_ms, outcome.phase.value, outcome.verdict.value,
        outcome.state.value, outcome.code, outcome.enhanced_code, outcome.reply, outcome.server, outcome.tls, by,
        record.account,
    )  # fmt: skip


_VERDICT = (
    "new_state", "new_verdict", "new_phase", "new_code", "new_enhanced_code", "new_next_attempt_at", "new_expires_at",
    "new_refusals",
)  # fmt: skip


def _verdict_of(record: AttemptRecord) -> tuple[Any, ...]:
    """What an attempt changes in its delivery's row, but for the reply, named by `_VERDICT`: most have it in common."""
    outcome = record.outcome
    counts_against = outcome.state == DeliveryState.DEFERRED and outcome.verdict != Verdict.CONNECTION
    return (
        outcome.state.value, outcome.verdict.value, outcome.phase.value, outcome.code, outcome.enhanced_code,
        record.next_attempt_at, record.expires_at, int(counts_against),
    )  # fmt: skip

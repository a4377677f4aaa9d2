"""How fast an account or a recipient's provider may be sent to: limits, blocks of tokens, and what refusals teach."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

SPANS = {"minute": 60, "hour": 3600, "day": 86_400}
"""The spans in which tokens are counted, in seconds. What is set per second is kept by spacing."""

_EACH = {"minute": "a minute", "hour": "an hour", "day": "a day"}
_HOLD_S = 30.0
_GRAINS = 100
_AHEAD = timedelta(seconds=1)
_CATCH_UP = timedelta(seconds=0.1)
"""How late a message may make use of its place among the spaced ones: beyond that the place is lost."""

_MEMORY = timedelta(minutes=15)
_STRIKES = 3
_UNHEARD = timedelta(seconds=30)
"""For so long after one process was asked to slow down others may not have heard of it, or wait for an answer still."""
_SUSPENSION = (timedelta(minutes=15), timedelta(minutes=120))
_BLOCK = timedelta(hours=2)
_LONGEST_BLOCK = timedelta(hours=24)
_DOUBLES_EVERY = timedelta(minutes=30)
_FORGOTTEN_AFTER = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Limits:
    """What may not be exceeded; None is no limit. `connections` are those open at once, of all processes together."""

    connections: int | None = None
    per_second: float | None = None
    per_minute: int | None = None
    per_hour: int | None = None
    per_day: int | None = None
    messages_per_connection: int | None = None

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Limits:
        """The limits of a table's column; names that are not ours are passed over."""
        return cls(**{one.name: values[one.name] for one in fields(cls) if values.get(one.name) is not None})

    def as_mapping(self) -> dict[str, float]:
        """Those that are set, by name."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in found.items() if value is not None}

    def over(self, other: Limits) -> Limits:
        """These limits, and where one is not set, the other's."""
        return Limits(**(other.as_mapping() | self.as_mapping()))  # type: ignore[arg-type]

    @property
    def counts(self) -> bool:
        """Whether messages have to be counted at all: connections alone need no tokens."""
        return bool(self.per_second) or self.has_spans

    @property
    def has_spans(self) -> bool:
        """Whether messages are counted by the minute, hour or day."""
        return any(self.of(span) for span in SPANS)

    def of(self, span: str) -> int | None:
        """The tokens of a span."""
        tokens: int | None = getattr(self, f"per_{span}")
        return tokens


NO_LIMITS = Limits()

DomainLimits = Callable[[str], Limits | None]
"""What a mailbox provider, or another domain, is sent at most, by its name; None for one that has no limits."""


def no_domain_limits(_name: str) -> None:
    """Nothing is counted by domain."""


class Lesson(StrEnum):
    """What one answer teaches about the pace."""

    WELCOME = "welcome"
    SLOWER = "slower"
    FEWER_CONNECTIONS = "fewer_connections"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Gauge:
    """What is known of the pace towards an account's server or one provider, shared by all processes.

    `taken` maps a span to the blocks of tokens that are out: when each comes back, and how many. A token comes back
    one whole span after the last moment in which it may have been spent, so no stretch of that length ever sees more
    than the limit, whichever processes spend them. `next_at` is the first place among spaced messages that is free.
    `learned_by` names the process that learned last.
    """

    taken: Mapping[str, tuple[tuple[datetime, int], ...]] = field(default_factory=dict)
    next_at: datetime | None = None
    learned_per_minute: float | None = None
    learned_connections: int | None = None
    learned_at: datetime | None = None
    learned_by: str = ""
    throttles: int = 0
    refusals: int = 0
    until: datetime | None = None
    reason: str = ""

    def rate(self, now: datetime) -> float | None:
        """The learned rate a minute, given back little by little; None when there is none, or it is forgotten."""
        if self.learned_per_minute is None or self.learned_at is None or now - self.learned_at > _FORGOTTEN_AFTER:
            return None
        return self.learned_per_minute * 2 ** max(0.0, (now - self.learned_at) / _DOUBLES_EVERY)

    def connections(self, now: datetime) -> int | None:
        """How many connections the server was found to bear: one more each half hour; None when that is forgotten."""
        if self.learned_connections is None or self.learned_at is None or now - self.learned_at > _FORGOTTEN_AFTER:
            return None
        return self.learned_connections + max(0, math.floor((now - self.learned_at) / _DOUBLES_EVERY))

    def suspended(self, now: datetime) -> bool:
        """Whether nothing is to be sent now."""
        return self.until is not None and self.until > now


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one process may send: `tokens` messages, `interval` apart from `start` on, none after `lapses`.

    Without tokens `retry_at` is when there may be some again, and `why` the words for it. `drawn_at` names the block,
    for giving back what was not spent: `missed` are those that were taken and not made use of. `counted_until` is the
    last moment in which a message may leave for one of them, where it is counted by the minute, hour or day.
    """

    tokens: int
    start: datetime
    lapses: datetime
    interval: timedelta = timedelta(0)
    drawn_at: datetime | None = None
    counted_until: datetime | None = None
    retry_at: datetime | None = None
    why: str = ""
    missed: int = 0

    @property
    def unspent(self) -> int:
        """How many of the block no message was sent for."""
        return self.tokens + self.missed

    def wait(self, now: datetime) -> timedelta | None:
        """None when a message may leave now; else how long until one may, or until there is something to ask for."""
        if self.tokens <= 0:
            return max(timedelta(0), (self.retry_at or now) - now)
        if now >= self.lapses or _is_beyond(self.start, self.interval, now):
            return timedelta(0)
        return self.start - now if self.start > now else None

    def spend(self, now: datetime) -> Allowance:
        """After one message at `now`: places that went by unused are lost, so that no burst makes up for them.

        Of an hour or a day they cost nothing: what they would have sent there may be sent at another moment.
        """
        if not self.interval:
            return replace(self, tokens=self.tokens - 1)
        gone_by = max(0, math.floor((now - _CATCH_UP - self.start) / self.interval))
        used = min(self.tokens, gone_by + 1)
        start = self.start + self.interval * used
        return replace(self, tokens=self.tokens - used, start=start, missed=self.missed + used - 1)


def hold(span: str) -> timedelta:
    """How long a block of a span's tokens may be kept before it is spent."""
    return timedelta(seconds=min(_HOLD_S, SPANS[span] / 20))


def draw(gauge: Gauge, limits: Limits, wanted: int, now: datetime) -> tuple[Gauge, Allowance]:
    """Take up to `wanted` tokens; return what is left, and what was got."""
    gauge = _returned(gauge, now)
    if gauge.until is not None and gauge.until > now:
        return gauge, Allowance(0, now, now, retry_at=gauge.until, why=gauge.reason)
    spans = {span: tokens for span in SPANS if (tokens := limits.of(span)) is not None}
    out = {span: sum(many for _back, many in gauge.taken.get(span, ())) for span in spans}
    spent = [span for span in spans if out[span] >= spans[span]]
    if spent:
        back = {span: _has_some_again(gauge.taken[span], out[span] - spans[span]) for span in spent}
        last = max(spent, key=back.__getitem__)
        what = f"{spans[last]} messages {_EACH[last]} are" if spans[last] > 1 else f"one message {_EACH[last]} is"
        return gauge, Allowance(0, now, now, retry_at=back[last], why=f"{what} used up")
    many = min([wanted, *(spans[span] - out[span] for span in spans)])
    interval = _interval(limits, gauge.rate(now))
    counted_until = _counted_until(limits, now)
    start, lapses = now, counted_until or now + timedelta(seconds=_HOLD_S)
    if interval:
        start = max(now, gauge.next_at or now)
        if _is_beyond(start, interval, now):
            start = now
        if start > now + _AHEAD:
            return gauge, Allowance(0, now, now, retry_at=start - _AHEAD, why=_said(interval))
        many = max(1, min(many, math.floor(_AHEAD / interval)))
        lapses = min(lapses, start + interval * many + _CATCH_UP)
        gauge = replace(gauge, next_at=start + interval * many)
    taken = {span: _with_block(gauge.taken.get(span, ()), span, now, many) for span in spans}
    return replace(gauge, taken=taken), Allowance(
        many, start, lapses, interval, drawn_at=now, counted_until=counted_until
    )


def count_anew(gauge: Gauge, limits: Limits, drawn_at: datetime, now: datetime) -> tuple[Gauge, Allowance] | None:
    """Take a token of that block anew for a message that has not left, or leaves only now; None where there is none.

    It comes back so much later. Where it has come back already, and others have had it, another one is taken. Returns
    what is left, and the block of that one token.
    """
    gauge = give_back(_returned(gauge, now), Allowance(1, now, now, drawn_at=drawn_at))
    taken = {}
    for span in SPANS:
        blocks, tokens = gauge.taken.get(span, ()), limits.of(span)
        if tokens is not None:
            if sum(many for _back, many in blocks) >= tokens:
                return None
            taken[span] = _with_block(blocks, span, now, 1)
    block = Allowance(0, now, now, drawn_at=now, counted_until=_counted_until(limits, now))
    return replace(gauge, taken=taken), block


def give_back(gauge: Gauge, allowance: Allowance) -> Gauge:
    """The tokens of a block that nobody will spend."""
    if allowance.drawn_at is None or allowance.unspent <= 0:
        return gauge
    taken = {}
    for span, blocks in gauge.taken.items():
        back = _comes_back(span, allowance.drawn_at)
        kept = ((when, many - allowance.unspent if when == back else many) for when, many in blocks)
        taken[span] = tuple((when, many) for when, many in kept if many > 0)
    return replace(gauge, taken=taken)


def learn(
    gauge: Gauge,
    lesson: Lesson,
    now: datetime,
    *,
    by: str = "",
    rate: float = 0,
    open_connections: int = 1,
    retry_after: int | None = None,
    said: str = "",
) -> Gauge:
    """What is known after one more answer.

    `by` names the process that was answered, `rate` is how many messages a minute all of them send, `said` the answer's
    codes.

    «Slower» halves the rate, and the third, each within a quarter of an hour of the one before, suspends for as long as
    the server says, from 15 to 120 minutes; what several processes are told at once is one. Three refusals of policy in
    a row block for two hours; one more after that for twice as long, a day at most: many blocks are lifted by
    themselves, and tries while they last prolong them.
    """
    if lesson is Lesson.WELCOME:
        return replace(gauge, refusals=0)
    if gauge.suspended(now):
        return gauge  # an answer to what was on the wire when the others were heard
    if lesson is Lesson.REFUSED:
        return _refused(gauge, now, said)
    ago = timedelta.max if gauge.learned_at is None else now - gauge.learned_at
    if lesson is Lesson.SLOWER and gauge.learned_by != by and ago < _UNHEARD:
        return gauge
    known = replace(
        gauge,
        throttles=gauge.throttles if ago <= _MEMORY else 0,
        learned_per_minute=gauge.rate(now),
        learned_connections=gauge.connections(now),
        learned_at=now,
        learned_by=by,
    )
    if lesson is Lesson.FEWER_CONNECTIONS:
        fewer = max(1, min(known.learned_connections or open_connections, open_connections) - 1)
        return replace(known, learned_connections=fewer)
    halved = max(1.0, min(known.learned_per_minute or math.inf, max(rate, 2.0)) / 2)
    slower = replace(known, throttles=known.throttles + 1, learned_per_minute=halved)
    return _suspended(slower, now, retry_after, said) if slower.throttles >= _STRIKES else slower


def _refused(gauge: Gauge, now: datetime, said: str) -> Gauge:
    refusals = gauge.refusals + 1
    if refusals < _STRIKES:
        return replace(gauge, refusals=refusals)
    until = now + min(_LONGEST_BLOCK, _BLOCK * 2 ** min(refusals - _STRIKES, 10))
    return replace(gauge, refusals=refusals, until=until, reason=f"{refusals} refusals of policy in a row ({said})")


def _suspended(gauge: Gauge, now: datetime, retry_after: int | None, said: str) -> Gauge:
    least, most = _SUSPENSION
    pause = min(most, max(least, timedelta(seconds=retry_after or 0)))
    reason = f"asked to slow down {gauge.throttles} times ({said})"
    return replace(gauge, throttles=0, until=now + pause, reason=reason)


def blocked(gauge: Gauge, now: datetime, why: str) -> Gauge:
    """The same, closed for two hours: what came back says that our mail is refused there."""
    if gauge.suspended(now):
        return gauge
    return replace(gauge, until=now + _BLOCK, reason=why)


def lifted(gauge: Gauge) -> Gauge:
    """The same without its suspension: a person's word."""
    return replace(gauge, until=None, reason="", refusals=0, throttles=0)


def freeze(gauge: Gauge) -> dict[str, Any]:
    """A gauge as JSON keeps it."""
    return {
        "taken": {span: [[when.timestamp(), many] for when, many in blocks] for span, blocks in gauge.taken.items()},
        "next_at": _stamp(gauge.next_at),
        "learned_per_minute": gauge.learned_per_minute,
        "learned_connections": gauge.learned_connections,
        "learned_at": _stamp(gauge.learned_at),
        "learned_by": gauge.learned_by,
        "throttles": gauge.throttles,
        "refusals": gauge.refusals,
    }


def thaw(kept: Mapping[str, Any], until: datetime | None, reason: str, now: datetime) -> Gauge:
    """The gauge that `freeze` kept, as it is to be believed at `now`.

    What lies further ahead than anything is ever put was written by a clock that was wrong: it would hold the account
    back for as long as that. Tokens come back one span from now; no suspension lasts longer than the longest.
    """
    taken = {
        span: _merged((min(_moment(when), _comes_back(span, now)), many) for when, many in blocks)
        for span, blocks in kept.get("taken", {}).items()
    }
    believes = until is not None and until <= now + _LONGEST_BLOCK
    return Gauge(
        taken=taken,
        next_at=_moment(kept["next_at"]) if kept.get("next_at") is not None else None,
        learned_per_minute=kept.get("learned_per_minute"),
        learned_connections=kept.get("learned_connections"),
        learned_at=min(_moment(kept["learned_at"]), now) if kept.get("learned_at") is not None else None,
        learned_by=kept.get("learned_by", ""),
        throttles=kept.get("throttles", 0),
        refusals=kept.get("refusals", 0),
        until=until if believes else None,
        reason=reason if believes else "",
    )


def _returned(gauge: Gauge, now: datetime) -> Gauge:
    """Without the blocks that have come back."""
    taken = {span: tuple(block for block in blocks if block[0] > now) for span, blocks in gauge.taken.items()}
    return replace(gauge, taken=taken)


def _counted_until(limits: Limits, now: datetime) -> datetime | None:
    """The last moment in which a message may leave for a token that is taken now; None where none are counted."""
    spans = [span for span in SPANS if limits.of(span) is not None]
    return now + min(map(hold, spans)) if spans else None


def _with_block(
    blocks: tuple[tuple[datetime, int], ...], span: str, now: datetime, many: int
) -> tuple[tuple[datetime, int], ...]:
    return _merged((*blocks, (_comes_back(span, now), many)))


def _merged(blocks: Iterable[tuple[datetime, int]]) -> tuple[tuple[datetime, int], ...]:
    """Blocks in the order in which they come back, those of one moment as one."""
    merged: dict[datetime, int] = {}
    for back, many in blocks:
        merged[back] = merged.get(back, 0) + many
    return tuple(sorted(merged.items()))


def _has_some_again(blocks: tuple[tuple[datetime, int], ...], over: int) -> datetime:
    """When there is a token again: with the first block, or later where the limit was lowered, and `over` are out."""
    returned = 0
    for back, many in blocks:
        returned += many
        if returned > over:
            return back
    return blocks[-1][0]


def _is_beyond(start: datetime, interval: timedelta, now: datetime) -> bool:
    """Whether a place lies further ahead than any is given: a clock was set back since."""
    return start > now + _AHEAD + max(_AHEAD, interval)


def _comes_back(span: str, drawn_at: datetime) -> datetime:
    """When a block drawn at that moment comes back, rounded up so that blocks stay few."""
    seconds = SPANS[span]
    grain = max(hold(span).total_seconds(), seconds / _GRAINS)
    back = drawn_at.timestamp() + hold(span).total_seconds() + seconds
    return _moment(math.ceil(back / grain) * grain)


def _interval(limits: Limits, learned_per_minute: float | None) -> timedelta:
    waits = [1 / limits.per_second] if limits.per_second else []
    if learned_per_minute:
        waits.append(60 / learned_per_minute)
    return timedelta(seconds=max(waits, default=0))


def _said(interval: timedelta) -> str:
    return f"one message each {interval.total_seconds():.1f} seconds"


def _stamp(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _moment(stamp: float) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)

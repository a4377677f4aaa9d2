"""One dispatch as listings show it, and what its state comes to in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from distributor import clock
from distributor.deliveries.timing import Held
from distributor.reports.queries_waves import WaveRow
from distributor.states import (
    COOLING,
    GAVE_WAY,
    HELD,
    LEFT_AFTER,
    LEFT_COOLING,
    OPEN_STATES,
    PAUSED_BY,
    UNDER_WAY,
    DeliveryState,
    DispatchState,
)


@dataclass(frozen=True, slots=True)
class DispatchRow:
    """One dispatch as listings show it. `counts` maps each delivery state that occurs to its number."""

    id: int
    slug: str
    headline: str
    version: int
    state: str
    pause_reason: str
    is_test: bool
    lists: list[str]
    excluded_lists: list[str]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    next_attempt_at: datetime | None
    counts: Mapping[str, int]
    in_hand: bool = False
    """Whether a living worker carries it, or is about to: also while all who are left wait."""
    waits_until: datetime | None = None
    waits_for: str = ""
    account_id: int = 0
    scheduled_at: datetime | None = None
    not_after: datetime | None = None
    waves: tuple[WaveRow, ...] = ()
    held: tuple[Held, ...] = ()
    """Who waits for a wave or for the end of an embargo."""
    sign_offs: list[dict[str, Any]] = field(default_factory=list)
    """The signatures that held when it was planned: `name`, `actor`, `signed_at`, `digest`."""
    account: str = ""
    then: str = ""
    """The account that takes over when this one is refused."""
    takeover: Mapping[str, str] = field(default_factory=dict)
    seen_at: datetime = field(default_factory=clock.now)
    """When it was looked at, by the clock that says whose time has come."""

    @property
    def way(self) -> str:
        """Which account it goes through, and why that one."""
        if self.takeover:
            taken = self.takeover
            return f"Through «{self.account}», which took over from «{taken['from']}»: {taken['because']}"
        return f"Through «{self.account}»" + (f"; if that is refused, «{self.then}» takes over" if self.then else "")

    @property
    def stopped(self) -> bool:
        """Whether it was stopped in the middle: somebody could be sent to now, and nobody carries it."""
        goes_on = self.in_hand or self._waited_for
        return self.state == DispatchState.RUNNING and now_waiting(self.counts, self.held) and not goes_on

    @property
    def words(self) -> str:
        """How it stands, and the command that goes on with it where it waits for one."""
        resume = f"distributor dispatches resume {self.id}"
        if self.stopped:
            return f"stopped in the middle — {resume}"
        if (
            self.is_cooling
            or self.is_held
            or self.is_scheduled
            or (self.state == DispatchState.PLANNED and not self._waited_for)
        ):
            return self._words_of_its_start(resume)
        if self.state == DispatchState.PAUSED:
            says_so = self.pause_reason.startswith(PAUSED_BY)
            return f"{'' if says_so else 'paused: '}{self.pause_reason} — {resume}"
        if self._waited_for:
            return f"waits: {self._waited_for} — distributor work goes on by itself"
        if self.state == DispatchState.RUNNING and self.next_attempt_at and not now_waiting(self.counts):
            return f"running: waits for the next attempt{'' if self.in_hand else ' — distributor work'}"
        return self.state

    def _words_of_its_start(self, resume: str) -> str:
        recall = f"to recall it: distributor dispatches cancel {self.id}"
        if self._cools and not self.is_held:  # nobody knows yet whether its command is still there
            leaves = "cooling down: leaves in seconds" if self.is_cooling else "cooled down: leaves now"
            return f"{leaves}, or is held if the command that sent it is gone — {recall}"
        if self.is_scheduled:
            return "scheduled — distributor work starts it"
        if not self.is_held:
            return f"planned, not started — {resume}"
        if self.held_because == LEFT_COOLING:
            return f"{LEFT_COOLING} — to send it: {resume}; {recall}"
        if self.started_at is not None:
            return f"{self.held_because} — to let it go: {resume}"
        put_off = f"distributor dispatches reschedule {self.id} --at …"
        return f"{self.held_because} — to start it anyway: {resume}; to put it off: {put_off}"

    @property
    def short(self) -> str:
        """How it stands, in one word."""
        if self.is_held:
            return "held"
        if self.is_scheduled:
            return "scheduled"
        return "stopped" if self.stopped else "waits" if self._waited_for else self.state

    @property
    def is_scheduled(self) -> bool:
        """Whether it waits for the hour at which it is to start."""
        return self.state == DispatchState.PLANNED and self.scheduled_at is not None and self.started_at is None

    @property
    def is_held(self) -> bool:
        """Whether only a person lets it go: its start came too late, or, once it had begun, a wave or an embargo's end;
        or it was left in its cool-down."""
        return bool(self.held_because)

    @property
    def held_because(self) -> str:
        """Why it is held, beginning «held: »; "" where it is not. Of what was left in its cool-down also before a
        `distributor work` has looked."""
        if self.state == DispatchState.PAUSED and self.pause_reason.startswith(HELD):
            return self.pause_reason
        return LEFT_COOLING if self._cools and self.waits_until < self.seen_at - LEFT_AFTER else ""  # type: ignore[operator]

    @property
    def only_held(self) -> bool:
        """Whether everybody who is still to be sent to waits for a wave or for the end of an embargo."""
        return bool(self.held) and not now_waiting(self.counts, self.held)

    @property
    def _waited_for(self) -> str:
        """What the dispatch as a whole waits for, if it does: the account, an embargo's end, a wave's hour."""
        if self.is_waiting or (self.state == DispatchState.RUNNING and self.waits_for == GAVE_WAY):
            return self.waits_for
        if not self.only_held or self.state not in UNDER_WAY:
            return ""
        first = self.held[0]
        if first.by_embargo:
            return "for the end of the embargo"
        return next((f"for wave {one.number}, {one.name}" for one in self.waves if one.number == first.wave), "")

    @property
    def is_open(self) -> bool:
        """Whether somebody may still be sent to."""
        return self.state not in {DispatchState.DONE, DispatchState.CANCELLED}

    @property
    def is_waiting(self) -> bool:
        """Whether the account has to wait before it goes on."""
        return self.state == DispatchState.RUNNING and self.waits_until is not None and self.waits_until > self.seen_at

    @property
    def is_cooling(self) -> bool:
        """Whether it was just planned, and nothing leaves yet."""
        return self._cools and self.waits_until > self.seen_at  # type: ignore[operator]

    @property
    def _cools(self) -> bool:
        """Whether it has a cool-down, past or not, that its command has not yet ended."""
        return (
            self.state == DispatchState.PLANNED
            and self.waits_for == COOLING
            and self.waits_until is not None
            and self.scheduled_at is None
        )

    @property
    def signed_off_by(self) -> str:
        """Who signed it, by name; "" where nobody had to."""
        return ", ".join(one["name"] for one in self.sign_offs)

    @property
    def total(self) -> int:
        """Everyone on the manifest, withheld ones included."""
        return sum(self.counts.values())

    def as_json(self) -> dict[str, Any]:
        """The stable shape: names are those of the tables."""
        return {
            "id": self.id,
            "release": self.slug,
            "headline": self.headline,
            "version": self.version,
            "state": self.state,
            "stopped": self.stopped,
            "pause_reason": self.held_because or self.pause_reason,
            "is_test": self.is_test,
            "lists": self.lists,
            "excluded_lists": self.excluded_lists,
            "created_at": self.created_at,
            "scheduled_at": self.scheduled_at,
            "not_after": self.not_after,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "next_attempt_at": self.next_attempt_at,
            "waits_until": self.waits_until if self.is_waiting or self.is_cooling else None,
            "waits_for": self.waits_for if self.is_waiting or self.is_cooling else "",
            "account": self.account,
            "then": self.then,
            "takeover": dict(self.takeover),
            "sign_offs": self.sign_offs,
            "waves": [wave.as_json() for wave in self.waves],
            "held": [
                {"total": one.many, "wave": one.wave, "until": one.until, "by_embargo": one.by_embargo}
                for one in self.held
            ],
            "total": self.total,
            "totals": {state.value: self.counts.get(state.value, 0) for state in DeliveryState},
        }


def now_waiting(counts: Mapping[str, int], held: Sequence[Held] = ()) -> bool:
    """Whether somebody is to be sent to now, rather than at a later attempt or hour (`held`)."""
    return sum(counts.get(state, 0) for state in OPEN_STATES - {DeliveryState.DEFERRED}) > sum(one.many for one in held)

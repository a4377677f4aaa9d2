"""The seam between the loop and the pace, and the pace of a run without any: whoever is next may leave."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from distributor.dispatch.pacing import Wait
from distributor.states import Outcome

Call = Callable[..., Any]
"""Runs a function on the ledger's thread, as `Ledger.call` does."""

MANY = 1_000_000


class Addressed(Protocol):
    """Whoever is to be sent to."""

    @property
    def domain(self) -> str:
        """The domain of the address."""
        ...


A = TypeVar("A", bound=Addressed)


class Unpaced:
    """No limits, nothing learned, nothing in the database. `Pacer` says what each of these is for."""

    @property
    def connections(self) -> int:
        """How many connections this run may have open now."""
        return MANY

    @property
    def has_news(self) -> bool:
        """Whether something was learned that the others, and the next decision here, should know."""
        return False

    @property
    def apart(self) -> timedelta:
        """How far apart messages leave at most, each at its place; no time where they may leave together."""
        return timedelta(0)

    @property
    def lapses(self) -> datetime | None:
        """Until when whoever was taken last may leave: later, their token counts for others. None where none counts."""
        return None

    def choose(self, queue: deque[A], _now: datetime) -> tuple[A | None, timedelta]:
        """Take the first of the queue who may be sent to now; else nobody, and how long until somebody may."""
        return (queue.popleft() if queue else None), timedelta(0)

    def set_aside(self, _queue: deque[A], _now: datetime) -> list[tuple[A, Wait]]:
        """Take those out of the queue whose provider is not to be sent to for longer than moments."""
        return []

    def stands_still(self, _now: datetime) -> Wait | None:
        """What the whole account waits for, when that takes longer than a run has patience for."""
        return None

    def holds_all(self, _now: datetime) -> bool:
        """Whether it is the account that waits, and no provider alone."""
        return False

    def learn(self, domain: str, outcome: Outcome, now: datetime) -> None:
        """Take to heart what came of a message that was admitted."""

    def release(self, domain: str) -> None:
        """Whoever was admitted is not being sent to any more."""

    def waits(self, _now: datetime) -> list[Wait]:
        """What is waited for now, and why."""
        return []

    async def tick(self, call: Call, *, open_connections: int = 0) -> None:
        """Draw what is wanted, say what was learned, and hear what others did; nothing when there is nothing to say."""

    async def leave(self, call: Call) -> None:
        """Give back what was not spent, when the run ends."""

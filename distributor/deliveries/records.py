"""What is handed to and fro between a worker and the delivery log: claims, records of attempts, batches of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from distributor.states import DeliveryState, Outcome


@dataclass(slots=True)
class ClaimedDelivery:
    """One delivery that this worker may send, with all that its message is made from.

    `merge` is a JSON text, as it is kept: only who writes the message takes it apart.
    """

    id: int
    address: str
    name: str
    domain: str
    message_id: str
    attempts: int
    refusals: int
    expires_at: datetime | None
    merge: str
    wave: int = 0
    not_before: datetime | None = None
    embargo_until: datetime | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as its arguments, which takes a third of what a class with slots takes by itself."""
        return ClaimedDelivery, (
            self.id, self.address, self.name, self.domain, self.message_id, self.attempts, self.refusals,
            self.expires_at, self.merge, self.wave, self.not_before, self.embargo_until,
        )  # fmt: skip


@dataclass(slots=True)
class AttemptRecord:
    """What is written when an attempt has come to its end."""

    delivery_id: int
    outcome: Outcome
    started_at: datetime
    next_attempt_at: datetime | None = None
    expires_at: datetime | None = None
    account: str = ""

    def __reduce__(self) -> tuple[Any, ...]:
        """As that of `ClaimedDelivery`."""
        return AttemptRecord, (
            self.delivery_id, self.outcome, self.started_at, self.next_attempt_at, self.expires_at, self.account,
        )  # fmt: skip


@dataclass(slots=True)
class Batch:
    """Begins and records that share one commit."""

    begins: list[int] = field(default_factory=list)
    records: list[AttemptRecord] = field(default_factory=list)

    @property
    def accepted(self) -> list[int]:
        """Whom a server has accepted, by these records."""
        return [one.delivery_id for one in self.records if one.outcome.state == DeliveryState.ACCEPTED]

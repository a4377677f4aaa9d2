"""When to try again: from an outcome to the time of the next attempt, never sleeping itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from distributor.states import Outcome, Verdict

_AFTER_DROP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Minutes between attempts (the last repeats), and how long after the first attempt we give up."""

    minutes: tuple[float, ...]
    hours: float

    def expires_at(self, first_attempt: datetime) -> datetime:
        """When a delivery first tried at `first_attempt` becomes `expired`."""
        return first_attempt + timedelta(hours=self.hours)

    def next_attempt(self, outcome: Outcome, refusals: int, now: datetime, jitter: float) -> datetime:
        """When to try again after `outcome`, the `refusals`-th deferral (from 0) that counts against the address.

        `jitter` is a number from 0 to 1 that spreads the attempts over a tenth more of the wait, so that a newsroom's
        journalists are not all tried again in one second.
        """
        wait = timedelta(minutes=self.minutes[min(refusals, len(self.minutes) - 1)])
        if outcome.verdict == Verdict.CONNECTION:
            wait = min(wait, _AFTER_DROP)  # says nothing about the address: RFC 5321 §4.5.4.1 waits are not owed
        elif outcome.retry_after is not None and outcome.verdict != Verdict.RETRY:
            # A throttling server's own time; an ordinary «later» (greylisting) follows the ladder that is set.
            wait = max(wait, timedelta(seconds=outcome.retry_after))
        return now + wait * (1 + jitter / 10)

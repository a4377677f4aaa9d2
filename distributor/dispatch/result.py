"""What one run of a dispatch came to, and why it ended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from distributor.dispatch.accounts.takeover import Takeover
from distributor.dispatch.pacing import Wait
from distributor.states import DeliveryState


@dataclass(frozen=True, slots=True)
class RanOut:
    """Nothing was due any more."""


@dataclass(frozen=True, slots=True)
class Paused:
    """The account was refused, and no recipient; or somebody paused it. `because` is the one sentence to show."""

    because: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class StandsStill:
    """The account has to wait for something, and too long for a run."""

    wait: Wait


@dataclass(frozen=True, slots=True)
class GivesWay:
    """The hour of another dispatch has come."""


@dataclass(frozen=True, slots=True)
class CutOff:
    """Its own time was over, and so many had not left."""

    many: int


@dataclass(frozen=True, slots=True)
class CalledOff:
    """Another command called it off: cancelled, or, until its row is read, paused."""


End = RanOut | Paused | StandsStill | GivesWay | CutOff | CalledOff
"""Why a run ended. Two at once are one: a pause comes before all others, then counts which was first."""


@dataclass(slots=True)
class RunResult:
    """What one run came to: outcomes by state, and why it ended.

    `stopped` says that the user asked to stop, whatever else there was. `waits` is all that is waited for at the end;
    `takeovers` are the accounts that went on where others were refused. `lapsed` is how many of a follow-up were not to
    be reminded any more.
    """

    outcomes: Counter[DeliveryState] = field(default_factory=Counter)
    end: End = field(default_factory=RanOut)
    stopped: bool = False
    waits: list[Wait] = field(default_factory=list)
    takeovers: list[Takeover] = field(default_factory=list)
    lapsed: int = 0

    def ends(self, why: End) -> None:
        """Take one more reason why it ends."""
        if isinstance(self.end, RanOut) or (isinstance(why, Paused) and not isinstance(self.end, Paused)):
            self.end = why

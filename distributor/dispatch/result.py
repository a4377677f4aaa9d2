"""What one run of a dispatch came to, and why it ended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from distributor.dispatch.accounts.takeover import Takeover
from distributor.dispatch.pacing import Wait
from distributor.states import DeliveryState


@dataclass(slots=True)
class RunResult:
    """What one run came to: outcomes by state, and why it ended before nothing was due.

    `paused_because` is the one sentence to show when the account, not a recipient, was refused; `stopped` says that
    the user asked to stop; `called_off` that the dispatch was cancelled or paused by somebody else meanwhile;
    `gives_way` that another one's hour has come. `cut_off` is how many had not left when its own time was over.
    `stands_still` is what the account has to wait for, too long for a run; `waits` all that is waited for at the end;
    `takeovers` are the accounts that went on where others were refused. `lapsed` is how many of a follow-up were not to
    be reminded any more.
    """

    outcomes: Counter[DeliveryState] = field(default_factory=Counter)
    paused_because: str = ""
    mend: str = ""
    stopped: bool = False
    called_off: bool = False
    gives_way: bool = False
    cut_off: int = 0
    stands_still: Wait | None = None
    waits: list[Wait] = field(default_factory=list)
    takeovers: list[Takeover] = field(default_factory=list)
    lapsed: int = 0

    @property
    def ran_out(self) -> bool:
        """Whether the run ended because nothing was due any more."""
        ended = self.paused_because or self.stopped or self.called_off or self.gives_way
        return not (ended or self.stands_still)

"""One refusal that many newsrooms are given alike: whatever it says, it means us or the message, and not them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from distributor.states import DeliveryState, Outcome, Verdict
from distributor.transport.echoes import without_echoes

MANY = 5
"""So many providers are given the same words, and nobody is accepted meanwhile, before they count as meant for us."""

_UNSURE = frozenset({Verdict.POLICY, Verdict.CONTENT, Verdict.TOO_BIG, Verdict.UNKNOWN})
"""What may mean anybody. A mailbox that is full or not there is that of one person."""

_NAMES_A_MAILBOX = re.compile(
    r"\b[245]\.2\.2\b|\b(?:user|recipient|mail ?box|inbox|bo[iî]te|postfach|casella|buz[oó]n)", re.IGNORECASE
)
"""In what is called full: else a quota that is exceeded may be what we may send."""

_NUMBERED = re.compile(r"\S*\d\S*")
"""Queue numbers, hours, addresses of machines: they differ from one answer to the next."""


@dataclass(slots=True)
class Unison:
    """Hears the refusals of one run. `provider_of` names who answers for a domain.

    No table knows every server's words. One that refuses our account in words of its own would refuse a whole list, one
    after another.
    """

    provider_of: Callable[[str], str] = str
    _heard: dict[tuple[int | None, str], set[str]] = field(default_factory=dict)

    def hears(self, address: str, domain: str, outcome: Outcome) -> bool:
        """Take one more outcome; whether so many were refused alike by now that it is not about them."""
        if outcome.state is DeliveryState.ACCEPTED:
            self._heard.clear()
            return False
        if outcome.state is not DeliveryState.REJECTED or outcome.code is None:
            return False
        said = without_echoes(outcome.reply, address)
        is_unsure = outcome.verdict in _UNSURE or (
            outcome.verdict is Verdict.FULL and not _NAMES_A_MAILBOX.search(said)
        )
        if not is_unsure:
            return False
        words = _NUMBERED.sub("", said)
        providers = self._heard.setdefault((outcome.code, " ".join(words.split())), set())
        providers.add(self.provider_of(domain))
        return len(providers) >= MANY

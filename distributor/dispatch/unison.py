"""What many are given alike, one refusal or no answer at all: it means us or the message, and not them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

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


class Alike(StrEnum):
    """What so many came to, one like the other, that it is about none of them."""

    REFUSED = "refused"
    UNANSWERED = "unanswered"


@dataclass(slots=True)
class Unison:
    """Hears the outcomes of one run over so many connections. `provider_of` names who answers for a domain.

    No table knows every server's words. One that refuses our account in words of its own would refuse a whole list, one
    after another. And one that falls silent at the end of each message, since its filter dies of it, would put a whole
    list in doubt.
    """

    provider_of: Callable[[str], str] = str
    connections: int = 1
    _heard: dict[tuple[int | None, str], set[str]] = field(default_factory=dict)
    _unanswered: int = 0

    def hears(self, address: str, domain: str, outcome: Outcome) -> Alike | None:
        """Take one more outcome; say what so many came to by now that it is not about them."""
        if outcome.state is DeliveryState.ACCEPTED:
            self._heard.clear()
            self._unanswered = 0
            return None
        if outcome.verdict is Verdict.NO_ANSWER:
            # A network that fails for a moment takes the answers on all connections with it, once.
            self._unanswered += 1
            return Alike.UNANSWERED if self._unanswered >= max(MANY, self.connections + 1) else None
        return Alike.REFUSED if self._is_refused_by_many(address, domain, outcome) else None

    def _is_refused_by_many(self, address: str, domain: str, outcome: Outcome) -> bool:
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

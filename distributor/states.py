"""A delivery's states, the legal steps between them, and the `Outcome` of one attempt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any


class DeliveryState(StrEnum):
    """Where one recipient of one dispatch stands. Exactly one at any time."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    IN_DOUBT = "in_doubt"
    EXPIRED = "expired"
    WITHHELD = "withheld"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


_S = DeliveryState

TRANSITIONS: dict[DeliveryState, frozenset[DeliveryState]] = {
    _S.QUEUED: frozenset({_S.CLAIMED, _S.WITHHELD, _S.EXPIRED}),
    # A refusal at MAIL, RCPT or DATA comes before `begin`: it is definite, and no body byte was sent.
    _S.CLAIMED: frozenset({_S.QUEUED, _S.SENDING, _S.REJECTED, _S.DEFERRED}),
    # Back to `queued` only on a definite refusal of the account at the final dot: it burns nobody's attempt.
    _S.SENDING: frozenset({_S.ACCEPTED, _S.REJECTED, _S.DEFERRED, _S.IN_DOUBT, _S.QUEUED}),
    _S.DEFERRED: frozenset({_S.QUEUED, _S.EXPIRED, _S.WITHHELD}),
    # `rejected` and `deferred` come from a worker that was thought dead, lived, and knows the answer.
    _S.IN_DOUBT: frozenset({_S.ACCEPTED, _S.QUEUED, _S.BOUNCED, _S.REJECTED, _S.DEFERRED}),
    _S.ACCEPTED: frozenset({_S.BOUNCED, _S.COMPLAINED}),
    # Back to `queued` only by a person's word, who has mended what was wrong (`dispatches retry`).
    _S.REJECTED: frozenset({_S.QUEUED}),
    _S.EXPIRED: frozenset({_S.QUEUED}),
    _S.WITHHELD: frozenset(),
    _S.BOUNCED: frozenset({_S.QUEUED}),
    _S.COMPLAINED: frozenset(),
}
"""State → the states that may follow it."""

WAITING_STATES = frozenset({_S.QUEUED, _S.DEFERRED})
"""States in which a delivery waits for its turn, its hour or its next attempt, in nobody's hand."""

IN_HAND = frozenset({_S.CLAIMED, _S.SENDING})
"""States in which a worker has taken the delivery."""

OPEN_STATES = WAITING_STATES | IN_HAND
"""States in which the engine still has something to do."""

UNSENT_STATES = OPEN_STATES - {_S.SENDING}
"""Open states in which nothing of a message has begun to leave: whoever is in one of them can be withheld still."""

REACHED_STATES = frozenset({_S.ACCEPTED, _S.COMPLAINED})
"""States in which a recipient has the message, as far as their mail server says: who complains of it has it."""

HAVE_IT = REACHED_STATES | {_S.IN_DOUBT}
"""States in which a recipient has the message, or may have it."""

UNREACHED_STATES = frozenset({_S.REJECTED, _S.EXPIRED, _S.IN_DOUBT, _S.BOUNCED})
"""Final states, besides `withheld`, in which a recipient was not, or not surely, reached."""

ASSUMED_SENT = "assumed sent"
"""How the reason of a delivery begins that a person or a setting, and no mail server, counted as accepted."""


COOLING = "cooling down"
"""What a planned dispatch waits for in the seconds after `send` in which it can be recalled."""

GAVE_WAY = "for another dispatch, whose hour has come"
"""What a running dispatch waits for when whoever carried it has to carry that one first."""

CUT_OFF = "cut-off"
"""The reason of a delivery that is withheld because it had not left when the dispatch's cut-off came."""

ELSEWHERE = "the same journalist, at another address"
"""The reason of a delivery of a correction that is withheld because its addressee is told at another address."""

RETURNED = "bounce: "
"""How the reason begins of a delivery that came back, and of what stands among the objections though nobody objected:
that mail to an address came back for good."""

FORMER = "an address that is theirs no more"
"""The reason of a delivery that is withheld because the address was taken off its addressee meanwhile."""

OVERTAKEN = "the embargo has changed again"
"""The reason of a delivery of a notice that had not left when the next one was written, and of its dispatch."""

PAUSED_BY = "paused by "
"""How the reason of a pause begins that a person, and no mail server, is the cause of."""

HELD = "held: "
"""How the reason of a pause begins that a start which came too late, and no person and no server, is the cause of."""


LEFT_COOLING = f"{HELD}when it had cooled down, the command that sent it was gone"
"""The reason of a dispatch that nobody is there to send any more, nor to recall; only a person lets it go."""

LEFT_AFTER = timedelta(minutes=2)
"""So long after its cool-down a dispatch that its command has not taken up was left by it: as long as a lease."""


class IllegalTransition(AssertionError):
    """A defect of ours: a delivery was asked to take a step that `TRANSITIONS` does not allow."""


def check_transition(old: DeliveryState, new: DeliveryState) -> None:
    """Raise `IllegalTransition` unless a delivery in state `old` may become `new`."""
    if new not in TRANSITIONS[old]:
        raise IllegalTransition(f"a delivery cannot go from {old} to {new}")


class DispatchState(StrEnum):
    """Where a dispatch stands as a whole."""

    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


UNDER_WAY = (DispatchState.PLANNED, DispatchState.RUNNING)
"""States in which a dispatch is under way: it begins, or goes on, at nobody's further word."""

NOT_OVER = (*UNDER_WAY, DispatchState.PAUSED)
"""States in which somebody may still wait for it."""

OVER = (DispatchState.DONE, DispatchState.CANCELLED)
"""States from which it does not go on."""


class Phase(StrEnum):
    """The step of the SMTP dialogue that an answer belongs to (RFC 5321 §3)."""

    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"


class Verdict(StrEnum):
    """What an answer means for us: the classes of the reply table."""

    ACCEPTED = "accepted"
    CONNECTION = "connection"
    RETRY = "retry"
    THROTTLED = "throttled"
    CONCURRENCY = "concurrency"
    FULL = "full"
    HARD = "hard"
    TOO_BIG = "too_big"
    POLICY = "policy"
    CONTENT = "content"
    UNKNOWN = "unknown"
    UNSUPPORTED = "unsupported"
    NO_ANSWER = "no_answer"
    ACCOUNT = "account"
    QUOTA = "quota"
    CREDENTIALS = "credentials"
    SENDER = "sender"
    AUTHENTICATION = "authentication"

    @property
    def is_account_level(self) -> bool:
        """Whether the answer is about us, not the recipient: it pauses the dispatch and burns nobody's attempt."""
        return self in _ACCOUNT_LEVEL


_ACCOUNT_LEVEL = frozenset(
    {Verdict.ACCOUNT, Verdict.QUOTA, Verdict.CREDENTIALS, Verdict.SENDER, Verdict.AUTHENTICATION}
)


@dataclass(slots=True)
class Outcome:
    """What one attempt at one recipient came to.

    `state` is the state the delivery takes; `code` the reply code (None when there was no reply); `enhanced_code`
    the RFC 3463 code as printed, or ""; `reply` the server's own words, lines joined by a line feed; `server` its
    name as it greeted us; `tls` the protocol version, or "" in clear; `duration_ms` the time the attempt took;
    `retry_after` the least number of seconds before the next attempt, where the verdict says so.
    """

    state: DeliveryState
    verdict: Verdict
    phase: Phase
    code: int | None = None
    enhanced_code: str = ""
    reply: str = ""
    server: str = ""
    tls: str = ""
    duration_ms: int = 0
    retry_after: int | None = None

    def met(self, server: str, tls: str, *, duration_ms: int) -> Outcome:
        """The same, of that server, after that time; written out, since every message comes through here."""
        return Outcome(
            self.state, self.verdict, self.phase, self.code, self.enhanced_code, self.reply, server, tls, duration_ms,
            self.retry_after,
        )  # fmt: skip

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as its arguments: one goes with every message to the process that writes the delivery log."""
        return Outcome, (
            self.state, self.verdict, self.phase, self.code, self.enhanced_code, self.reply, self.server, self.tls,
            self.duration_ms, self.retry_after,
        )  # fmt: skip

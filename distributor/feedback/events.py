"""What a message that came back can be, and what it says of each address."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a message is."""

    BOUNCE = "bounce"
    DELAY = "delay"
    DELIVERED = "delivered"
    COMPLAINT = "complaint"
    AUTHENTICATION_REPORT = "authentication-report"
    DOMAIN_REPORT = "domain-report"
    OBJECTION = "objection"
    OUT_OF_OFFICE = "out-of-office"
    AUTO_REPLY = "auto-reply"
    CHALLENGE = "challenge"
    DEPARTURE = "departure"
    RECEIPT = "receipt"
    REPLY = "reply"
    OTHER = "other"


class Judgement(StrEnum):
    """What a message says of one address: the verdict."""

    PERMANENT = "permanent"
    TEMPORARY = "temporary"
    FEEDBACK = "feedback"
    NOT_A_BOUNCE = "not-a-bounce"


class Cause(StrEnum):
    """Why mail came back, as finely as words and codes tell."""

    UNKNOWN_USER = "unknown user"
    MOVED = "moved"
    UNKNOWN_HOST = "unknown host"
    NO_MAIL_HOST = "host takes no mail"
    SUSPENDED = "suspended"
    FILTERED = "unknown user or filtered"
    FULL = "full"
    TOO_BIG = "too big"
    RATE = "rate"
    RELAY = "relay"
    SENDER = "sender"
    AUTHENTICATION = "authentication"
    BLOCK = "block"
    POLICY = "policy"
    CONTENT = "content"
    NETWORK = "network"
    EXPIRED = "expired"
    LOOP = "loop"
    SYSTEM = "system"
    OTHER = "other"


_CLASSES = {
    Cause.UNKNOWN_USER: "user_unknown",
    Cause.MOVED: "user_unknown",
    Cause.UNKNOWN_HOST: "host_unknown",
    Cause.NO_MAIL_HOST: "network_or_expired",
    Cause.SUSPENDED: "suspended",
    Cause.FILTERED: "user_unknown_or_filtered",
    Cause.FULL: "mailbox_full",
    Cause.TOO_BIG: "too_big",
    Cause.RATE: "rate_limited",
    Cause.RELAY: "relay_denied",
    Cause.SENDER: "spam_or_policy",
    Cause.AUTHENTICATION: "spam_or_policy",
    Cause.BLOCK: "spam_or_policy",
    Cause.POLICY: "spam_or_policy",
    Cause.CONTENT: "spam_or_policy",
    Cause.NETWORK: "network_or_expired",
    Cause.EXPIRED: "network_or_expired",
    Cause.LOOP: "network_or_expired",
    Cause.SYSTEM: "system",
    Cause.OTHER: "other",
}

DEAD = frozenset({Cause.UNKNOWN_USER, Cause.MOVED, Cause.UNKNOWN_HOST, Cause.NO_MAIL_HOST})
"""Causes that say that no mail will ever reach the address. A full, blocked or suspended mailbox is not dead."""

DOMAIN_WIDE = frozenset({Cause.BLOCK, Cause.POLICY, Cause.RATE, Cause.AUTHENTICATION, Cause.SENDER})
"""Causes that speak of us rather than of one mailbox: the next message to that domain would be refused alike."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a message says of one address ("" where it does not say whose).

    `final` is whether the message will not arrive any more; `said` are the server's own words; `evidence` names the
    part that said so. `other_address` is another one that the report gave for the same recipient, or "".
    """

    address: str
    judgement: Judgement
    status: str = ""
    reason: str = ""
    is_dead: bool = False
    evidence: str = ""
    cause: Cause | None = None
    final: bool = True
    said: str = ""
    other_address: str = ""


@dataclass(frozen=True, slots=True)
class Absence:
    """What an out-of-office note says: back on which day or in which month (ISO, or ""), whom to write to meanwhile."""

    back_on: str = ""
    substitutes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What one message was found to be.

    `sender` is who wrote it, `subject` its subject, `words` the beginning of what they, or a machine of theirs, wrote,
    without what is quoted; "" for reports. `plain` says of an objection that it leaves no doubt. `message_ids` and
    `envelope_ids` are what the report tells of the message it is about, `sent_to` the addresses it was sent to, which
    may be signed bounce addresses of ours. `trouble` says what could not be read.
    """

    kind: Kind
    findings: tuple[Finding, ...] = ()
    sender: str = ""
    subject: str = ""
    words: str = ""
    plain: bool = False
    absence: Absence = field(default_factory=Absence)
    message_ids: tuple[str, ...] = ()
    envelope_ids: tuple[str, ...] = ()
    sent_to: tuple[str, ...] = ()
    trouble: str = ""


def reason_class(cause: Cause) -> str:
    """The class that a cause is shown under."""
    return _CLASSES[cause]

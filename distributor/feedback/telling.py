"""What a provider tells of one recipient, in one neutral shape."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from distributor.feedback.events import Cause, Finding, Judgement, Kind, Reading


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing that was said of one recipient.

    `kind` is "bounce", "delay", "complaint", "objection" or "auto-reply"; `verdict` "permanent", "temporary",
    "feedback" or "not-a-bounce"; `status` an enhanced code (RFC 3463) or ""; `reason` the class: "hard", "full",
    "policy", "content", "authentication", "temporary", "feedback" or "". Only `address_is_dead` says that nothing will
    ever arrive there.

    `delivery_id` is what the signed bounce address named, or None; `message_id` our own Message-ID without brackets, or
    "". `source` is who told us, `raw` what they said, byte for byte.
    """

    kind: str
    address: str
    verdict: str
    status: str
    reason: str
    address_is_dead: bool
    delivery_id: int | None
    message_id: str
    happened_at: datetime
    source: str
    raw: bytes


_CAUSES = {
    "hard": Cause.UNKNOWN_USER,
    "full": Cause.FULL,
    "policy": Cause.POLICY,
    "content": Cause.CONTENT,
    "authentication": Cause.AUTHENTICATION,
    "temporary": Cause.NETWORK,
}


def reading_of(told: Telling) -> Reading:
    """The reading that a message would have which says the same."""
    finding = Finding(
        address=told.address,
        judgement=Judgement(told.verdict),
        status=told.status,
        reason=told.reason,
        is_dead=told.address_is_dead,
        evidence=f"{told.source} webhook",
        cause=_CAUSES.get(told.reason),
        final=told.kind != Kind.DELAY,
    )
    named = (f"<{told.message_id}>",) if told.message_id else ()
    is_his_own_word = told.kind == Kind.OBJECTION
    return Reading(
        Kind(told.kind), (finding,), sender=told.address if is_his_own_word else "", plain=is_his_own_word,
        message_ids=named,
    )  # fmt: skip

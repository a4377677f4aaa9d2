"""What came back, whoever said it, in one neutral shape."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class FeedbackEvent:
    """One thing that was said of one recipient.

    `kind` is "bounce", "complaint", "objection" or "auto-reply"; `verdict` "permanent", "temporary", "feedback" or
    "not-a-bounce"; `status` an enhanced code (RFC 3463) or ""; `reason` the class: "hard", "full", "policy", "content",
    "authentication", "temporary", "feedback" or "". Only `address_is_dead` says that nothing will ever arrive there.

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

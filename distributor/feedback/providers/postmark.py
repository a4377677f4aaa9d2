"""Postmark's webhooks for bounces, spam complaints and subscription changes: one record to a call.

As its developer documentation («Bounce webhook», «Subscription change webhook») and its own client's types have it,
looked at in November 2026. It signs nothing, and advises a secret in the address.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from distributor.feedback.providers import saying
from distributor.feedback.providers.saying import DeliveryOf, Meaning
from distributor.feedback.telling import Telling

MEANINGS: Mapping[str, Meaning] = MappingProxyType(
    {
        "HardBounce": saying.DEAD,
        "BadEmailAddress": saying.DEAD,
        "Transient": saying.DELAYED,
        "SoftBounce": saying.LATER,
        "DnsError": saying.LATER,
        "Unknown": saying.FAILED,
        "SpamNotification": saying.CONTENT,
        "VirusNotification": saying.CONTENT,
        "OpenRelayTest": saying.REFUSED,
        "ChallengeVerification": saying.AUTO_REPLY,
        "AutoResponder": saying.AUTO_REPLY,
        "AddressChange": saying.AUTO_REPLY,
        "Blocked": saying.REFUSED,
        "DMARCPolicy": saying.AUTHENTICATION,
        "SpamComplaint": saying.COMPLAINT,
        "Unsubscribe": saying.OBJECTION,
        "ManuallyDeactivated": saying.FAILED,
        "Unconfirmed": saying.FAILED,
        "SMTPApiError": saying.FAILED,
        "InboundError": saying.FAILED,
        "TemplateRenderingFailed": saying.FAILED,
    }
)
"""Types of bounces. `Subscribe` is no objection and no bounce."""

_SUPPRESSED: Mapping[str, Meaning] = MappingProxyType(
    {"HardBounce": saying.DEAD, "SpamComplaint": saying.COMPLAINT, "ManualSuppression": saying.OBJECTION}
)


def translate(body: bytes, delivery_of: DeliveryOf) -> list[Telling]:
    """The events of one call, none of a subscription that is taken up again; `NotUnderstood` for what is none."""
    return saying.translate_each(body, partial(_event, delivery_of))


def _event(delivery_of: DeliveryOf, one: Mapping[str, Any]) -> Telling | None:
    record = saying.text(one, "RecordType")
    if not record:
        raise saying.NotUnderstood("it names no record type")
    meaning = _meaning(record, one)
    if meaning is None:
        return None
    return saying.event(
        meaning,
        address=saying.text(one, "Email") or saying.text(one, "Recipient"),
        source="postmark",
        raw=saying.raw_of(one),
        happened_at=saying.moment(one.get("BouncedAt"), one.get("ChangedAt")),
        said=[saying.text(one, "Details"), saying.text(one, "Description")],
        delivery_id=delivery_of(saying.text(one, "From")),
    )


def _meaning(record: str, one: Mapping[str, Any]) -> Meaning | None:
    if record == "SubscriptionChange":
        if one.get("SuppressSending") is not True:
            return None
        reason = saying.text(one, "SuppressionReason")
        if reason == "ManualSuppression" and one.get("Origin") in {"Customer", "Admin"}:
            return None  # somebody of ours, or of Postmark's: the journalist said nothing
        return _SUPPRESSED.get(reason)
    if record == "SpamComplaint":
        return saying.COMPLAINT
    return MEANINGS.get(saying.text(one, "Type")) if record == "Bounce" else None

"""Brevo's transactional webhook: one event to a call, or a list of them.

As «Transactional webhooks» in Brevo's developer documentation has it, looked at in November 2026. Of its times
`ts_event` is when it happened and `ts_epoch` when the message was sent, both UTC; `date` is in the account's zone,
which we do not know. Brevo signs nothing: the secret in the address is what it is known by.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from distributor.feedback.providers import saying
from distributor.feedback.providers.saying import DeliveryOf, Meaning
from distributor.feedback.telling import Telling

MEANINGS: Mapping[str, Meaning] = MappingProxyType(
    {
        "hard_bounce": saying.DEAD,
        "invalid_email": saying.DEAD,
        "soft_bounce": saying.LATER,
        "deferred": saying.DELAYED,
        # Blocked by Brevo itself, for what it remembers of the address; or it could not be sent at all.
        "blocked": saying.REFUSED,
        "error": saying.FAILED,
        "spam": saying.COMPLAINT,
        "complaint": saying.COMPLAINT,
        "unsubscribed": saying.OBJECTION,
    }
)
"""The words that we heed. What is merely watched (`delivered`, `opened`, `click`…) is not kept."""


def translate(body: bytes, delivery_of: DeliveryOf) -> list[Telling]:  # noqa: ARG001 - Brevo tells no envelope
    """The events of one call; `NotUnderstood` for what is none."""
    return saying.translate_each(body, _event)


def _event(one: Mapping[str, Any]) -> Telling | None:
    word = saying.text(one, "event")
    if not word:
        raise saying.NotUnderstood("it names no event")
    meaning = MEANINGS.get(word)
    if meaning is None:
        return None
    return saying.event(
        meaning,
        address=saying.text(one, "email"),
        source="brevo",
        raw=saying.raw_of(one),
        happened_at=saying.moment(one.get("ts_event"), one.get("ts"), one.get("ts_epoch"), one.get("date")),
        said=[saying.text(one, "reason")],
        message_id=saying.text(one, "message-id"),
    )

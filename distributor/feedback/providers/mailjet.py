"""Mailjet's Event API: a list of events to a call, or one.

As «Event Tracking API» in Mailjet's documentation has it, looked at in November 2026; the table of errors is that of
its webhook guide. It signs nothing, and advises a secret in the address. A call that is not answered with 200 is
made again for a day.
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
        "bounce": saying.LATER,
        "blocked": saying.REFUSED,
        "spam": saying.COMPLAINT,
        "unsub": saying.OBJECTION,
    }
)
"""The events that we heed. What is merely watched (`sent`, `open`, `click`) is not kept."""

ERRORS: Mapping[str, Meaning] = MappingProxyType(
    {
        "user unknown": saying.DEAD,
        "mailbox inactive": saying.DEAD,
        "invalid domain": saying.DEAD,
        "no mail host": saying.DEAD,
        "quota exceeded": saying.FULL,
        "relay/access denied": saying.REFUSED,
        "sender blocked": saying.REFUSED,
        "typofix": saying.DEAD,
        "content blocked": saying.CONTENT,
        "policy issue": saying.REFUSED,
        "system issue": saying.LATER,
        "protocol issue": saying.LATER,
        "connection issue": saying.LATER,
        "greylisted": saying.LATER,
        "preblocked": saying.REFUSED,
        "duplicate in campaign": saying.FAILED,
        "spam preblocked": saying.CONTENT,
        "bad or empty template": saying.FAILED,
        "error in template language": saying.FAILED,
    }
)
"""What an error says more exactly than its event."""


def translate(body: bytes, delivery_of: DeliveryOf) -> list[Telling]:  # noqa: ARG001 - Mailjet tells no envelope
    """The events of one call; `NotUnderstood` for what is none."""
    return saying.translate_each(body, _event)


def _event(one: Mapping[str, Any]) -> Telling | None:
    word = saying.text(one, "event")
    if not word:
        raise saying.NotUnderstood("it names no event")
    meaning = _meaning(word, one)
    if meaning is None:
        return None
    return saying.event(
        meaning,
        address=saying.text(one, "email"),
        source="mailjet",
        raw=saying.raw_of(one),
        happened_at=saying.moment(one.get("time")),
        said=[saying.text(one, "comment"), saying.text(one, "error")],
    )


def _meaning(word: str, one: Mapping[str, Any]) -> Meaning | None:
    meaning = MEANINGS.get(word)
    if word not in {"bounce", "blocked"}:
        return meaning
    # An error that names its cause; else whether Mailjet itself calls it hard.
    exact = ERRORS.get(saying.text(one, "error").lower())
    return exact or (saying.DEAD if one.get("hard_bounce") is True else meaning)

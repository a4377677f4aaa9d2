"""Amazon SES by way of Amazon SNS: notifications and event publishing, in SNS's envelope or without it.

As SES's developer guide has it («Contents of event data that Amazon SES publishes to Amazon SNS», «Amazon SNS
notification contents for Amazon SES»), looked at in November 2026. SNS signs what it sends: see `sns`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from distributor.feedback.providers import saying
from distributor.feedback.providers.saying import DeliveryOf, Meaning
from distributor.feedback.telling import Telling

BOUNCES: Mapping[tuple[str, str], Meaning] = MappingProxyType(
    {
        ("Permanent", "General"): saying.DEAD,
        ("Permanent", "NoEmail"): saying.DEAD,
        # On a list of SES's own: nothing was sent, and another server's word of long ago kills no address.
        ("Permanent", "Suppressed"): saying.REFUSED,
        ("Permanent", "OnAccountSuppressionList"): saying.REFUSED,
        ("Permanent", "UnsubscribedRecipient"): saying.OBJECTION,
        ("Transient", "General"): saying.LATER,
        ("Transient", "MailboxFull"): saying.FULL,
        ("Transient", "MessageTooLarge"): saying.CONTENT,
        ("Transient", "CustomTimeoutExceeded"): saying.LATER,
        ("Transient", "ContentRejected"): saying.CONTENT,
        ("Transient", "AttachmentRejected"): saying.CONTENT,
        ("Undetermined", "Undetermined"): saying.FAILED,
    }
)
"""Type and subtype of a bounce."""

_BY_TYPE: Mapping[str, Meaning] = MappingProxyType(
    {"Permanent": saying.FAILED, "Transient": saying.LATER, "Undetermined": saying.FAILED}
)
# X.2.x is the mailbox's (full, closed for now) and X.7.x policy: neither says that the address does not exist.
_BY_STATUS: Mapping[str, Meaning] = MappingProxyType(
    {"5.2.2": saying.FULL, "4.2.2": saying.FULL, "5.3.4": saying.CONTENT, "5.2.3": saying.CONTENT}
)


def translate(body: bytes, delivery_of: DeliveryOf) -> list[Telling]:
    """The events of one call; of deliveries, opens and clicks, and of SNS's own messages, none."""
    call = saying.read_json(body)
    if not isinstance(call, dict):
        raise saying.NotUnderstood("it is no message of SNS")
    if "Type" in call and "Message" in call:
        if call["Type"] != "Notification":
            return []
        message = saying.read_json(str(call["Message"]).encode())
    else:
        message = call  # SNS's «raw message delivery»
    if not isinstance(message, dict):
        raise saying.NotUnderstood("it is no message of SES")
    word = saying.text(message, "eventType") or saying.text(message, "notificationType")
    if not word:
        raise saying.NotUnderstood("it names no event")
    mail = saying.inner(message, "mail")
    return [
        saying.event(
            meaning,
            address=saying.text(who, "emailAddress"),
            source="ses",
            raw=body,
            happened_at=saying.moment(part.get("timestamp"), mail.get("timestamp")),
            said=[saying.text(who, "diagnosticCode")],
            status=saying.status_in(saying.text(who, "status")),
            delivery_id=delivery_of(saying.text(mail, "source")),
            message_id=saying.text(saying.inner(mail, "commonHeaders"), "messageId"),
        )
        for meaning, who, part in _said_of(word, message)
    ]


def _said_of(word: str, message: Mapping[str, Any]) -> Iterator[tuple[Meaning, Mapping[str, Any], Mapping[str, Any]]]:
    """What was said, of whom, and the part that says when."""
    if word == "Bounce":
        part = saying.inner(message, "bounce")
        for who in saying.recipients(part, "bouncedRecipients"):
            yield _bounce(saying.text(part, "bounceType"), saying.text(part, "bounceSubType"), who), who, part
    elif word == "Complaint":
        part = saying.inner(message, "complaint")
        if saying.text(part, "complaintFeedbackType") != "not-spam":
            for who in saying.recipients(part, "complainedRecipients"):
                yield saying.COMPLAINT, who, part
    elif word == "DeliveryDelay":
        part = saying.inner(message, "deliveryDelay")
        for who in saying.recipients(part, "delayedRecipients"):
            is_full = saying.text(part, "delayType") == "MailboxFull"
            yield (saying.DELAYED_FULL if is_full else saying.DELAYED), who, part
    elif word == "Reject":
        # Taken, and then thrown away for a virus: nobody got it. Whom it went to stands under `mail`.
        yield from ((saying.CONTENT, who, saying.inner(message, "reject")) for who in _destinations(message))
    elif word == "Subscription":
        # The recipient used SES's own unsubscribe link; SES names who it was under `mail`.
        part = saying.inner(message, "subscription")
        has_objected = saying.inner(part, "newTopicPreferences").get("unsubscribeAll") is True
        yield from ((saying.OBJECTION, who, part) for who in _destinations(message) if has_objected)


def _destinations(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = saying.inner(message, "mail").get("destination")
    return [{"emailAddress": address} for address in found[:50]] if isinstance(found, list) else []


def _bounce(kind: str, subtype: str, who: Mapping[str, Any]) -> Meaning:
    status = saying.status_in(saying.text(who, "status"), saying.text(who, "diagnosticCode"))
    meaning = BOUNCES.get((kind, subtype)) or _BY_TYPE.get(kind, saying.FAILED)
    if meaning.is_dead and subtype == "General":
        # «General» is all that was refused for good: the code knows better which of it was the address.
        meaning = _BY_STATUS.get(status) or (saying.REFUSED if status.startswith("5.7.") else meaning)
    return meaning

"""What the providers' translators have in common: what an event means, and careful reading of strangers' JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from distributor.feedback.telling import Telling

DeliveryOf = Callable[[str], int | None]
"""The delivery that an envelope sender names, if it is a signed one of ours."""

_MOST_EVENTS = 1000
_MOST_RECIPIENTS = 50  # of one message, with any provider
_LONGEST = 1000
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")


class NotUnderstood(ValueError):
    """The body is no call that this provider makes, as far as we know."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one of a provider's words comes to, in the words of `Telling`."""

    kind: str
    verdict: str
    reason: str
    is_dead: bool = False


DEAD = Meaning("bounce", "permanent", "hard", is_dead=True)
REFUSED = Meaning("bounce", "permanent", "policy")
CONTENT = Meaning("bounce", "permanent", "content")
AUTHENTICATION = Meaning("bounce", "permanent", "authentication")
FULL = Meaning("bounce", "temporary", "full")
LATER = Meaning("bounce", "temporary", "temporary")
DELAYED = Meaning("delay", "temporary", "temporary")
"""The provider goes on trying: nothing is lost yet."""
DELAYED_FULL = Meaning("delay", "temporary", "full")
COMPLAINT = Meaning("complaint", "feedback", "feedback")
OBJECTION = Meaning("objection", "feedback", "feedback")
AUTO_REPLY = Meaning("auto-reply", "not-a-bounce", "")
FAILED = Meaning("bounce", "permanent", "")
"""Not delivered, and nobody said why: no address is given up for it."""


def read_json(body: bytes) -> Any:
    """The JSON value of a body; `NotUnderstood` for anything else, however deep it is nested."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise NotUnderstood("it is no JSON") from None


def translate_each(body: bytes, translate: Callable[[Mapping[str, Any]], Telling | None]) -> list[Telling]:
    """The events of the object, or the list of objects, that a body holds.

    One that is not understood holds up none of the others; `NotUnderstood` when nothing is.
    """
    value = read_json(body)
    found: list[Any] = value if isinstance(value, list) else [value]
    if len(found) > _MOST_EVENTS or not all(isinstance(one, dict) for one in found):
        raise NotUnderstood("it is no list of events")
    events: list[Telling] = []
    faults: list[NotUnderstood] = []
    for one in found:
        try:
            translated = translate(one)
        except NotUnderstood as fault:
            faults.append(fault)
        else:
            events += [translated] if translated else []
    if faults and len(faults) == len(found):
        raise faults[0]
    return events


def text(value: Mapping[str, Any], name: str) -> str:
    """A text of an object, at most 1000 characters; "" where it is none."""
    found = value.get(name)
    if isinstance(found, str):
        return found[:_LONGEST].replace("\0", "")
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else ""


def recipients(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of a list of recipients within an object; none where it is no list."""
    found = value.get(name)
    return [one for one in found[:_MOST_RECIPIENTS] if isinstance(one, dict)] if isinstance(found, list) else []


def raw_of(value: Mapping[str, Any]) -> bytes:
    """An object of a list by itself: what is kept of one person names nobody else."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")


def inner(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within an object; an empty one where there is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def moment(*values: object) -> datetime:
    """The first of these that is a time: ISO 8601, or seconds or milliseconds since 1970. `NotUnderstood` for none."""
    for value in values:
        try:
            if isinstance(value, str) and value and not value.isdigit():
                # Nanoseconds, as some write, are cut to what Python reads.
                found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
                return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
            if isinstance(value, (int, float, str)) and not isinstance(value, bool) and value:
                seconds = float(value)
                return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
        except (ValueError, OverflowError, OSError):
            continue
    raise NotUnderstood("it says no time")


def status_in(*texts: str) -> str:
    """The first enhanced code (RFC 3463) that one of the texts names, or ""."""
    found = (match for one in texts for match in _STATUS.findall(one))
    return next(found, "")


def bare(message_id: str) -> str:
    """A Message-ID without its brackets."""
    return message_id.strip().removeprefix("<").removesuffix(">")


def event(
    meaning: Meaning,
    *,
    address: str,
    source: str,
    raw: bytes,
    happened_at: datetime,
    said: Iterable[str] = (),
    status: str = "",
    delivery_id: int | None = None,
    message_id: str = "",
) -> Telling:
    """An event of that meaning; a code is looked for in `said`. `NotUnderstood` without an address."""
    if "@" not in address:
        raise NotUnderstood("it names no address")
    return Telling(
        kind=meaning.kind,
        address=address.strip(),
        verdict=meaning.verdict,
        status=status or status_in(*said),
        reason=meaning.reason,
        address_is_dead=meaning.is_dead,
        delivery_id=delivery_id,
        message_id=bare(message_id),
        happened_at=happened_at,
        source=source,
        raw=raw,
    )

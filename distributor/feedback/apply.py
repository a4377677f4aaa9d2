"""What came back, kept once with its raw message, attributed where that is certain, and acted on by rule."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from sqlmodel import Session, col, select

from distributor.addresses import BadAddress, parse_address
from distributor.clock import now
from distributor.contacts.objections import suppression
from distributor.feedback.events import FeedbackEvent
from distributor.models import Delivery, Dispatch
from distributor.models import FeedbackEvent as FeedbackRow
from distributor.tokens import Keyring

_WINDOW = timedelta(days=10)
"""How long after a message a provider may still speak of it without naming it."""

_SAYS_NO = {"complaint": "complaint", "objection": "objection"}


def take(session: Session, keyring: Keyring, event: FeedbackEvent, *, actor: str) -> bool:
    """Keep an event in the session's transaction, and heed a no; return whether it was new.

    The same event twice changes nothing. Whoever complained or objected is written to no more, even where it is not
    known of which message they spoke. Raises `Refused` as `suppression.check_key` does.
    """
    digest = _digest(event)
    if session.exec(select(FeedbackRow.id).where(FeedbackRow.digest == digest)).first() is not None:
        return False
    delivery = _delivery_of(session, event)
    session.add(
        FeedbackRow(
            digest=digest,
            delivery_id=delivery.id if delivery else None,
            kind=event.kind,
            verdict=event.verdict,
            reason=event.reason,
            status=event.status,
            source=event.source,
            raw=event.raw,
            received_at=now(),
        )
    )
    session.flush()
    if event.kind in _SAYS_NO:
        specs = {event.address, *([delivery.address] if delivery else [])}
        for spec in specs:
            _say_no(session, keyring, spec, reason=_SAYS_NO[event.kind], source=event.source, actor=actor)
    return True


def _say_no(session: Session, keyring: Keyring, spec: str, *, reason: str, source: str, actor: str) -> None:
    try:
        address = parse_address(spec)
    except BadAddress:
        return  # of somebody whom we could not have written to; the row keeps what was said
    suppression.add(session, keyring, address, reason=reason, source=source, actor=actor)


def _digest(event: FeedbackEvent) -> str:
    said = "\0".join((event.source, event.kind, event.address)).encode("utf-8", "replace")
    return hashlib.sha256(said + b"\0" + event.raw).hexdigest()


def _delivery_of(session: Session, event: FeedbackEvent) -> Delivery | None:
    """The delivery an event speaks of: by the signed bounce address, by our Message-ID, or the only one it can be."""
    if event.delivery_id is not None and (named := session.get(Delivery, event.delivery_id)):
        return named
    if event.message_id:
        named = session.exec(select(Delivery).where(Delivery.message_id == f"<{event.message_id}>")).first()
        if named is not None:
            return named
    try:
        key = parse_address(event.address).key
    except BadAddress:
        return None
    rows = session.exec(
        select(Delivery)
        .join(Dispatch, col(Dispatch.id) == col(Delivery.dispatch_id))
        .where(
            Delivery.address_key == key,
            col(Dispatch.is_test).is_(False),
            col(Delivery.attempts) > 0,
            col(Delivery.updated_at) >= event.happened_at - _WINDOW,
        )
        .limit(2)
    ).all()
    return rows[0] if len(rows) == 1 else None

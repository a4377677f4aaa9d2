"""What each kind of thing that came back does to the base: one function per kind, all in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from distributor.addresses import Address, BadAddress, kept_address, parse_address
from distributor.contacts.objections import suppression
from distributor.contacts.people import ownership
from distributor.deliveries import returns
from distributor.deliveries.conditions import is_barred, of_any_dispatch
from distributor.deliveries.erasure import address_of, is_erased
from distributor.feedback.attribute import Match
from distributor.feedback.events import DOMAIN_WIDE, Cause, Finding, Judgement, Kind, Reading
from distributor.feedback.wording import same
from distributor.models import Audit, Contact, Delivery, FeedbackEvent
from distributor.states import RETURNED, WAITING_STATES, DeliveryState, Verdict
from distributor.tokens import Keyring

SOFT_WINDOW = timedelta(days=30)
SOFT_LIMIT = 3
"""So many messages that a living mailbox sent back within the window, and the address is left alone."""

APPLIED, RECORDED, WAITING = "applied", "recorded", "waiting"

_EARLIER = "an earlier attempt came back"
_NO_NEWS = {
    DeliveryState.BOUNCED: "it had come back already",
    DeliveryState.COMPLAINED: "it had been complained of already",
    DeliveryState.REJECTED: "its server had refused it already",
    DeliveryState.EXPIRED: "it had been given up already",
    DeliveryState.WITHHELD: "it had been withheld already",
}
"""What is told of a bounce that changes nothing of its delivery: of one that waits to be sent again `_EARLIER`."""

PauseDomain = Callable[[Any, str, str, datetime], None]
"""Called with the transaction's connection, a recipient domain, why, and now: sends nothing more there for a while."""

_VERDICTS = {
    Cause.FULL: Verdict.FULL,
    Cause.TOO_BIG: Verdict.TOO_BIG,
    Cause.RATE: Verdict.THROTTLED,
    Cause.SENDER: Verdict.SENDER,
    Cause.AUTHENTICATION: Verdict.AUTHENTICATION,
    Cause.BLOCK: Verdict.POLICY,
    Cause.POLICY: Verdict.POLICY,
    Cause.RELAY: Verdict.POLICY,
    Cause.CONTENT: Verdict.CONTENT,
    Cause.NETWORK: Verdict.CONNECTION,
}


@dataclass(frozen=True, slots=True)
class Effect:
    """What was done: the event's state, one sentence on it, and what a person may confirm."""

    state: str
    sentence: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hand:
    """What an effect may use: the session of the transaction, the keys, who acts, and when."""

    session: Session
    keyring: Keyring
    actor: str
    source: str
    now: datetime
    pause_domain: PauseDomain | None = None
    is_told: bool = False
    """Whether a provider tells it, who knows whose address it is; a message may be anybody's."""


def bounced(hand: Hand, finding: Finding, match: Match) -> Effect:
    """A bounce: the delivery is bounced, a dead address left alone, a domain that refuses us paused."""
    if match.forged:
        return Effect(RECORDED, "sent to a forged bounce address: nothing done")
    delivery = hand.session.get(Delivery, match.delivery_id) if match.delivery_id else None
    if delivery is None:
        return _unattributed(finding, match)
    assert delivery.id is not None
    if former := _said_of_a_former_address(hand, delivery, finding):
        return Effect(RECORDED, f"said of {former}; it was sent again to {delivery.address} since: nothing done")
    cause = finding.cause or Cause.OTHER
    moved = returns.bounce(
        hand.session.connection(),
        delivery.id,
        verdict=Verdict.HARD if finding.is_dead else _VERDICTS.get(cause, Verdict.UNKNOWN),
        status=finding.status,
        said=finding.said,
        reason=f"{RETURNED}{finding.reason}",
        now=hand.now,
    )
    told = [f"bounced ({cause})" if moved else _NO_NEWS.get(DeliveryState(delivery.state), _EARLIER)]
    is_theirs = not finding.address or same(delivery.address) in {same(finding.address), same(finding.other_address)}
    if is_erased(delivery):
        told.append("erased since")
    elif finding.is_dead and is_theirs:
        told += _leave_alone(hand, delivery, f"{RETURNED}{cause}")
    elif finding.is_dead:
        told.append(f"{finding.address}, where it is forwarded, is dead: {delivery.address} may still be read")
    elif moved and _soft_bounces(hand, delivery) + 1 >= SOFT_LIMIT and cause not in DOMAIN_WIDE:
        told += _leave_alone(hand, delivery, f"{RETURNED}{SOFT_LIMIT} within {SOFT_WINDOW.days} days")
    if cause in DOMAIN_WIDE:
        told.append(f"{delivery.domain} refuses our mail ({cause})")
        if hand.pause_domain is not None and moved:
            hand.pause_domain(hand.session.connection(), delivery.domain, f"mail came back: {cause}", hand.now)
            told.append("nothing more is sent there for two hours")
    if delivery.state in WAITING_STATES and not _is_barred(hand.session, delivery.id):
        told.append("it waits for the next one")
    return Effect(APPLIED, "; ".join(told))


def _is_barred(session: Session, delivery_id: int) -> bool:
    """Whether nothing will be sent of a delivery that waits: the dead mailbox that was just noted counts."""
    return bool(session.scalar(select(is_barred()).where(col(Delivery.id) == delivery_id)))


def arrived(hand: Hand, match: Match, what: str) -> Effect:
    """Something that only a message which arrived brings back (a delay, a receipt, an answer): it ends a doubt.

    It may also come before the server has answered.
    """
    if match.delivery_id and not match.forged:
        connection = hand.session.connection()
        if returns.confirm(connection, match.delivery_id, reason=f"{what} came back", now=hand.now):
            return Effect(APPLIED, f"{what}: the message has arrived, which was not known")
    return Effect(RECORDED, what)


def complained(hand: Hand, finding: Finding, match: Match) -> Effect:
    """A complaint: the delivery is complained about, and its address never mailed again."""
    if match.forged:
        return Effect(RECORDED, "sent to a forged bounce address: nothing done")
    delivery = hand.session.get(Delivery, match.delivery_id) if match.delivery_id else None
    told = read_sender(finding.address) if hand.is_told else None
    if delivery is not None and delivery.id is not None:
        returns.complain(hand.session.connection(), delivery.id, reason=finding.reason, now=hand.now)
    elif told is None:
        return _unattributed(finding, match)
    for address in filter(None, (told, address_of(delivery) if delivery else None)):
        suppression.add(
            hand.session, hand.keyring, address, reason=finding.reason, source=hand.source, actor=hand.actor
        )
    return Effect(APPLIED, f"complained ({finding.reason}): not mailed again")


def objected(hand: Hand, reading: Reading, signed_for: int | None) -> Effect:
    """An objection: acted on when it is signed, or plain and of somebody we know; else a person has to say."""
    delivery = hand.session.get(Delivery, signed_for) if signed_for else None
    address = read_sender(reading.sender)
    if hand.is_told and address is not None:
        object_for(hand, address)
    if delivery is not None and (theirs := address_of(delivery)) is not None:
        return object_for(hand, theirs)
    if hand.is_told and address is not None:
        return Effect(APPLIED, f"{address} objected: not mailed again")
    if address is None:
        return Effect(WAITING, "it asks not to be written to, and names no address")
    if reading.plain and is_known(hand.session, address):
        return object_for(hand, address)
    why = "not in plain words" if not reading.plain else "nobody in the base has this address"
    return Effect(WAITING, f"it asks not to be written to ({why})", {"proposal": "objection", "address": address.spec})


def object_for(hand: Hand, address: Address) -> Effect:
    """Record an objection to everything, with every address of the journalist."""
    suppression.add(
        hand.session, hand.keyring, address, reason="objection by mail", source=hand.source, actor=hand.actor
    )
    return Effect(APPLIED, f"{address} objected: not mailed again")


def answered(hand: Hand, reading: Reading, match: Match) -> Effect:
    """A journalist answered: the last sign of life of the contact."""
    effect = arrived(hand, match, "answer")
    contact = contact_of(hand.session, reading.sender, match)
    if contact is None:
        return effect
    if contact.last_inbound_at is None or contact.last_inbound_at < hand.now:
        contact.last_inbound_at = hand.now
        hand.session.add(contact)
    return Effect(APPLIED, "a journalist answered", {"contact_id": contact.id})


def away(hand: Hand, reading: Reading, match: Match) -> Effect:
    """Out of office: nothing changes; what it says of the return and the substitute is offered to be noted."""
    arrived(hand, match, "out-of-office note")
    contact = contact_of(hand.session, reading.sender, match)
    absence = reading.absence
    if contact is None or not (absence.back_on or absence.substitutes):
        return Effect(RECORDED, "out of office")
    is_month = len(absence.back_on) == len("2027-03")
    parts = [f"back {'in' if is_month else 'on'} {absence.back_on}"] if absence.back_on else []
    parts += [f"meanwhile: {', '.join(absence.substitutes)}"] if absence.substitutes else []
    note = f"Out of office ({hand.now:%Y-%m-%d}): {'; '.join(parts)}."
    details = {"proposal": "note", "contact_id": contact.id, "note": note, "back_on": absence.back_on}
    return Effect(WAITING, "; ".join(parts), details)


def departed(hand: Hand, reading: Reading, match: Match) -> Effect:
    """A note that somebody left the outlet: the affiliation is flagged, for a person to end it."""
    arrived(hand, match, "note of a departure")
    contact = contact_of(hand.session, reading.sender, match)
    if contact is None:
        return Effect(WAITING, "somebody has left, or does not use this address any more", {"address": reading.sender})
    details: dict[str, Any] = {"proposal": "departure", "contact_id": contact.id}
    if reading.absence.substitutes:
        details["substitutes"] = list(reading.absence.substitutes)
    return Effect(WAITING, "has left the outlet, or does not use this address any more", details)


def is_known(session: Session, address: Address) -> bool:
    """Whether somebody in the base, or a delivery, has this address."""
    if ownership.owner_of(session, address.key) is not None:
        return True
    which = select(col(Delivery.id)).where(col(Delivery.address_key) == address.key).limit(1)
    return session.scalars(which).first() is not None


def contact_of(session: Session, sender: str, match: Match) -> Contact | None:
    """The journalist who wrote, by the address, else the one that the answered message went to."""
    address = read_sender(sender)
    owner = ownership.owner_of(session, address.key) if address else None
    if owner is None and match.delivery_id and not match.forged:
        delivery = session.get(Delivery, match.delivery_id)
        owner = delivery.contact_id if delivery else None
    return session.get(Contact, owner) if owner else None


def read_sender(text: str) -> Address | None:
    """The address of a From field, or None for what is none."""
    try:
        return parse_address(text)
    except BadAddress:
        return None


def _unattributed(finding: Finding, match: Match) -> Effect:
    details: dict[str, Any] = {"proposal": "delivery", "address": finding.address}
    if match.candidates:
        details["candidates"] = list(match.candidates)
        return Effect(WAITING, f"{match.how}: {', '.join(map(str, match.candidates))}", details)
    return Effect(WAITING, "no delivery of ours is known to be meant", details)


def _said_of_a_former_address(hand: Hand, delivery: Delivery, finding: Finding) -> str:
    """The address that a bounce names, where the delivery went there first and was sent again to another one; or ""."""
    said = {same(one) for one in (finding.address, finding.other_address) if one}
    if not said or same(delivery.address) in said:
        return ""
    retries = hand.session.scalars(
        select(Audit).where(col(Audit.action) == "dispatches.retry", col(Audit.subject) == str(delivery.dispatch_id))
    )
    moves = (one.details.get("moved", {}).get(str(delivery.id)) for one in retries)
    return next((move[0] for move in moves if move and same(move[0]) in said), "")


def _leave_alone(hand: Hand, delivery: Delivery, reason: str) -> list[str]:
    address = kept_address(delivery.address)
    new = suppression.mark_dead(
        hand.session, hand.keyring, address, reason=reason, source=hand.source, actor=hand.actor
    )
    return [f"{address} is not mailed again"] if new else []


def _soft_bounces(hand: Hand, delivery: Delivery) -> int:
    """How many other deliveries to this address came back within the window without killing it."""
    return (
        hand.session.scalar(
            select(func.count(func.distinct(col(FeedbackEvent.delivery_id))))
            .join(Delivery, col(Delivery.id) == col(FeedbackEvent.delivery_id))
            .where(
                of_any_dispatch(),
                col(FeedbackEvent.kind) == Kind.BOUNCE,
                col(FeedbackEvent.verdict).in_([Judgement.TEMPORARY, Judgement.PERMANENT]),
                col(FeedbackEvent.received_at) >= hand.now - SOFT_WINDOW,
                col(Delivery.address_key) == delivery.address_key,
                col(Delivery.id) != delivery.id,
            )
        )
        or 0
    )

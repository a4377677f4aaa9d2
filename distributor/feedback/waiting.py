"""What came back, to be looked at; and what waits for a person's word: confirmed or dismissed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, defer
from sqlmodel import Session, col

from distributor.errors import BadInput
from distributor.feedback import effects, forwarding
from distributor.feedback.apply import handle
from distributor.feedback.attribute import Match
from distributor.feedback.effects import WAITING, Hand
from distributor.feedback.events import Cause, Finding, Judgement, Kind
from distributor.feedback.reading import read_message
from distributor.models import Affiliation, Contact, Delivery, Dispatch, FeedbackEvent, Outlet, Release, ReleaseVersion

CONFIRMED, DISMISSED = "confirmed", "dismissed"


def listing(session: Session, *, waiting: bool = False, kind: str = "", limit: int = 200) -> Sequence[FeedbackEvent]:
    """The newest events, or those that wait for a person, or those of one kind; their messages are not read."""
    messages = cast("InstrumentedAttribute[bytes]", FeedbackEvent.raw)
    which = select(FeedbackEvent).options(defer(messages)).order_by(col(FeedbackEvent.id).desc()).limit(limit)
    if waiting:
        which = which.where(col(FeedbackEvent.state) == WAITING)
    if kind:
        which = which.where(col(FeedbackEvent.kind) == kind)
    return session.scalars(which).all()


def find(session: Session, number: int) -> FeedbackEvent:
    """The event of that number; `BadInput` when there is none."""
    event = session.get(FeedbackEvent, number)
    if event is None:
        raise BadInput(f"Nothing that came back has the number {number}.", mend="See: distributor feedback list")
    return event


def dismiss(session: Session, number: int, actor: str) -> FeedbackEvent:
    """Say that nothing is to be done about an event."""
    event = _waiting(session, number)
    handle(session, event, DISMISSED, actor)
    return event


def confirm(hand: Hand, number: int, *, delivery_id: int | None = None) -> str:
    """Do what an event proposes; return what was done, in a sentence.

    For a bounce or complaint that could not be attributed, `delivery_id` says whose it is.
    """
    event = _waiting(hand.session, number)
    proposal = event.details.get("proposal", "")
    if proposal == "objection":
        sentence = _object(hand, event)
    elif proposal == "note":
        sentence = _note(hand.session, event)
    elif proposal == "departure":
        sentence = _depart(hand.session, event, hand.now)
    elif proposal == "delivery":
        sentence = _attribute(hand, event, delivery_id)
    elif proposal == "forward":
        sentence = forwarding.again(event)
    else:
        sentence = "noted"
    handle(hand.session, event, CONFIRMED, hand.actor, done=sentence)
    return sentence


def _waiting(session: Session, number: int) -> FeedbackEvent:
    event = find(session, number)
    if event.state != WAITING:
        raise BadInput(
            f"Number {number} does not wait for anybody: it is {event.state}.",
            mend="See: distributor feedback list --waiting",
        )
    return event


def _object(hand: Hand, event: FeedbackEvent) -> str:
    address = effects.read_sender(str(event.details.get("address", "")))
    if address is None:
        raise BadInput("It names no address.", mend="Record the objection: distributor suppressions add ADDRESS")
    return effects.object_for(hand, address).sentence


def _note(session: Session, event: FeedbackEvent) -> str:
    contact = _contact(session, event)
    note = str(event.details.get("note", ""))
    contact.notes = f"{contact.notes}\n{note}".strip()
    session.add(contact)
    return f"noted: {note}"


def _depart(session: Session, event: FeedbackEvent, now: datetime) -> str:
    contact = _contact(session, event)
    rows = session.execute(
        select(Affiliation, Outlet)
        .join(Outlet, col(Outlet.id) == col(Affiliation.outlet_id))
        .where(col(Affiliation.contact_id) == contact.id, col(Affiliation.valid_to).is_(None))
        .order_by(col(Affiliation.is_primary).desc(), col(Affiliation.id))
    ).all()
    if not rows:
        return "no affiliation is open"
    affiliation, outlet = rows[0]
    affiliation.valid_to = now.date()
    session.add(affiliation)
    return f"{contact.first_name} {contact.last_name} no longer works for {outlet.name}".strip()


def _attribute(hand: Hand, event: FeedbackEvent, delivery_id: int | None) -> str:
    if delivery_id is None:
        candidates = _name_deliveries(hand.session, event.details.get("candidates", ())) or "see dispatches show"
        raise BadInput("It is not known whose delivery it is about.", mend=f"Say --delivery NUMBER ({candidates}).")
    if hand.session.get(Delivery, delivery_id) is None:
        raise BadInput(f"There is no delivery {delivery_id}.", field="--delivery", mend="Check the number.")
    found = next((one for one in read_message(event.raw).findings if one.address == event.address), None)
    finding = found or Finding(event.address, Judgement(event.verdict), event.status, event.reason, cause=Cause.OTHER)
    match = Match(delivery_id, "said by a person")
    act = effects.complained if event.kind == Kind.COMPLAINT else effects.bounced
    event.delivery_id = delivery_id
    return act(hand, finding, match).sentence


def _name_deliveries(session: Session, numbers: Sequence[int]) -> str:
    """Deliveries by their numbers, with what went out in each: «32 of «ferry», 332 of «ferry-rectificatif»»."""
    named = session.execute(
        select(col(Delivery.id), col(Release.slug))
        .join(Dispatch, col(Dispatch.id) == col(Delivery.dispatch_id))
        .join(ReleaseVersion, col(ReleaseVersion.id) == col(Dispatch.release_version_id))
        .join(Release, col(Release.id) == col(ReleaseVersion.release_id))
        .where(col(Delivery.id).in_(numbers))
        .order_by(col(Delivery.id))
    ).all()
    return ", ".join(f"{number} of «{slug}»" for number, slug in named)


def _contact(session: Session, event: FeedbackEvent) -> Contact:
    contact = session.get(Contact, event.details.get("contact_id"))
    if contact is None:
        raise BadInput("The journalist is no longer in the base.", mend=f"Run: distributor feedback dismiss {event.id}")
    return contact

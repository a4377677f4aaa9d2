"""What happened with one contact, in order: lists, changes, merges, releases and what servers said, objections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlmodel import Session, col

from distributor.addresses import kept_address
from distributor.contacts.objections.objectors import Objectors
from distributor.contacts.people import ownership
from distributor.models import (
    Affiliation,
    Audit,
    Contact,
    ContactMerge,
    Delivery,
    Dispatch,
    FeedbackEvent,
    MediaList,
    MediaListDeparture,
    MediaListMember,
    Outlet,
    Release,
    ReleaseVersion,
)
from distributor.tokens import Keyring


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: when, of which kind, in words; `details` are its figures, under the names of the tables.

    `at` is None only for an opt-out that a press list gave without a date.
    """

    at: datetime | None
    kind: str
    text: str
    details: Mapping[str, Any] = field(default_factory=dict)


def history_of(session: Session, keyring: Keyring, contact_id: int) -> list[Event]:
    """All that happened with a contact and with every further address of theirs, oldest first.

    What is of one moment stands in the order in which it was written down, whatever order a database gives rows in.

    Raises `Refused`, as `suppression.check_key` does, under another key than objections were kept with.
    """
    rows = session.scalars(
        select(Contact)
        .where(or_(col(Contact.id) == contact_id, col(Contact.same_as_id) == contact_id))
        .order_by(col(Contact.id))
    ).all()
    ids = [one.id for one in rows if one.id is not None]
    contact = next(one for one in rows if one.id == contact_id)
    found = [
        *_met(rows, contact_id),
        *_moments(contact),
        *_lists(session, ids),
        *_merges(session, ids),
        *_audited(session, contact, ids),
        *deliveries_of(session, contact_id),
        *_feedback(session, ids),
        *_objections(session, keyring, contact),
    ]
    return sorted(found, key=lambda one: (one.at is not None, one.at or contact.created_at))


def deliveries_of(session: Session, contact_id: int, *, last: int | None = None) -> list[Event]:
    """The deliveries to a contact, at whichever address, newest last; the `last` ones only, if given."""
    statement = (
        select(Delivery, Dispatch, ReleaseVersion, Release)
        .join(Dispatch, col(Dispatch.id) == col(Delivery.dispatch_id))
        .join(ReleaseVersion, col(ReleaseVersion.id) == col(Delivery.release_version_id))
        .join(Release, col(Release.id) == col(ReleaseVersion.release_id))
        .where(_theirs(contact_id), col(Dispatch.is_test).is_(False))
        .order_by(col(Delivery.id).desc())
    )
    rows = session.execute(statement.limit(last) if last else statement).all()
    return [_delivery(row.Delivery, row.ReleaseVersion, row.Release) for row in reversed(rows)]


def _theirs(contact_id: int) -> Any:
    rows = select(col(Contact.id)).where(or_(col(Contact.id) == contact_id, col(Contact.same_as_id) == contact_id))
    return col(Delivery.contact_id).in_(rows)


def _delivery(one: Delivery, version: ReleaseVersion, release: Release) -> Event:
    said = (
        f": {one.code} {one.reply}" if one.code else f": {one.reply or one.reason}" if one.reply or one.reason else ""
    )
    text = f"release «{release.slug}», version {version.number}, to {one.address}: {one.state.replace('_', ' ')}{said}"
    return Event(
        one.accepted_at or one.updated_at,
        "delivery",
        text,
        {
            "delivery_id": one.id,
            "dispatch_id": one.dispatch_id,
            "release": release.slug,
            "version": version.number,
            "headline": version.headline,
            "address": one.address,
            "state": one.state,
            "reason": one.reason,
            "code": one.code,
            "enhanced_code": one.enhanced_code,
            "reply": one.reply,
            "attempts": one.attempts,
            "lists": one.lists,
        },
    )


def _met(rows: Iterable[Contact], contact_id: int) -> Iterator[Event]:
    for one in rows:
        source = f" from «{one.source}»" if one.source else ""
        what = f"entered the base{source}" if one.id == contact_id else f"further address {one.address}{source}"
        if one.address or one.id == contact_id:
            yield Event(one.created_at, "met", what, {"address": one.address, "source": one.source})


def _moments(contact: Contact) -> Iterator[Event]:
    for name, text in (
        ("notice_sent_at", "first message with the notice of rights"),
        ("last_inbound_at", "wrote to us last"),
        ("confirmed_at", "particulars confirmed"),
    ):
        moment = getattr(contact, name)
        if moment is not None:
            yield Event(moment, name.removesuffix("_at"), text)


def _lists(session: Session, ids: list[int]) -> Iterator[Event]:
    present = session.execute(
        select(MediaListMember, MediaList, Outlet)
        .join(MediaList, col(MediaList.id) == col(MediaListMember.media_list_id))
        .join(Affiliation, col(Affiliation.id) == col(MediaListMember.affiliation_id), isouter=True)
        .join(Outlet, col(Outlet.id) == col(Affiliation.outlet_id), isouter=True)
        .where(col(MediaListMember.contact_id).in_(ids))
        .order_by(col(MediaListMember.media_list_id), col(MediaListMember.contact_id))
    )
    for member, media_list, outlet in present:
        yield _joined(media_list, member, f", for {outlet.name}" if outlet else "")
    past = session.execute(
        select(MediaListDeparture, MediaList)
        .join(MediaList, col(MediaList.id) == col(MediaListDeparture.media_list_id))
        .where(col(MediaListDeparture.contact_id).in_(ids))
        .order_by(col(MediaListDeparture.id))
    )
    for left, media_list in past:
        yield _joined(media_list, left, "")
        why = "".join((f" by «{left.source}»" if left.source else "", f" ({left.reason})" if left.reason else ""))
        details = {"list": media_list.slug, "source": left.source, "reason": left.reason}
        yield Event(left.removed_at, "left", f"off the list «{media_list.slug}»{why}", details)


def _joined(media_list: MediaList, one: MediaListMember | MediaListDeparture, outlet: str) -> Event:
    # A departure's source is what took the contact off.
    source = one.source if isinstance(one, MediaListMember) else ""
    by = f" by «{source}»" if source else ""
    details = {"list": media_list.slug, "source": source}
    return Event(one.added_at, "joined", f"on the list «{media_list.slug}»{by}{outlet}", details)


def _merges(session: Session, ids: list[int]) -> Iterator[Event]:
    rows = session.scalars(
        select(ContactMerge)
        .where(or_(col(ContactMerge.kept_id).in_(ids), col(ContactMerge.merged_id).in_(ids)))
        .order_by(col(ContactMerge.id))
    )
    for one in rows:
        other = session.get(Contact, one.merged_id if one.kept_id in ids else one.kept_id)
        whom = other.address if other else "another contact"
        details = {"merge_id": one.id, "kept_id": one.kept_id, "merged_id": one.merged_id, "actor": one.actor}
        yield Event(one.created_at, "merged", f"made one with {whom} by {one.actor} (merge {one.id})", details)
        if one.undone_at is not None:
            yield Event(one.undone_at, "unmerged", f"merge {one.id} undone: {whom} is another contact again", details)


def _audited(session: Session, contact: Contact, ids: list[int]) -> Iterator[Event]:
    """What somebody did by hand. A number is given again after an erasure: what came before is not this contact's."""
    number = col(Audit.details)["contact"].as_integer()
    rows = session.scalars(
        select(Audit)
        .where(
            col(Audit.action).in_(("contacts.add", "contacts.edit")),
            and_(number.in_(ids), col(Audit.at) >= contact.created_at),
        )
        .order_by(col(Audit.id))
    )
    for one in rows:
        if one.action == "contacts.add":
            yield Event(one.at, "added", f"added by {one.actor}", {"actor": one.actor})
            continue
        told = [f"{c['field']} «{c['old']}» → «{c['new']}»" for c in one.details.get("changes", ())]
        named = {c["field"] for c in one.details.get("changes", ())}
        told += [name.replace("_", " ") for name in one.details.get("fields", ()) if name not in named]
        yield Event(
            one.at, "edited", f"changed by {one.actor}: {', '.join(told)}", dict(one.details) | {"actor": one.actor}
        )


def _feedback(session: Session, ids: list[int]) -> Iterator[Event]:
    rows = session.execute(
        select(FeedbackEvent, Delivery)
        .join(Delivery, col(Delivery.id) == col(FeedbackEvent.delivery_id))
        .where(col(Delivery.contact_id).in_(ids))
        .order_by(col(FeedbackEvent.id))
    )
    for one, delivery in rows:
        said = " ".join(part for part in (one.status, one.reason) if part)
        details = {"delivery_id": delivery.id, "verdict": one.verdict, "status": one.status, "reason": one.reason}
        yield Event(
            one.received_at, one.kind, f"{one.kind} from {delivery.address}" + (f": {said}" if said else ""), details
        )


def _objections(session: Session, keyring: Keyring, contact: Contact) -> Iterator[Event]:
    assert contact.id is not None
    addresses = ownership.addresses_of(session, [contact.id])[contact.id]
    main = str(kept_address(addresses[0])) if addresses else contact.address or ""
    for told in Objectors(session, keyring).of(contact.id, main):
        why = f": {told.reason}" if told.reason else ""
        details = {"scope": told.scope, "reason": told.reason, "source": told.source}
        yield Event(told.since, "objected", f"{told.because}{why}", details)

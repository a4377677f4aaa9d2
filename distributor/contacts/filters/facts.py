"""What a filter asks that no column of a contact says by itself: its addresses, posts, deliveries and objections."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, bindparam, exists, func, not_, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from distributor.contacts.cleaning.cells import looks_damaged
from distributor.contacts.cleaning.drafts import DESK
from distributor.contacts.filters.words import months_before
from distributor.contacts.objections.objectors import Objectors
from distributor.db.journalists import rows_of
from distributor.models import Affiliation, Contact, Delivery, Dispatch
from distributor.states import DeliveryState, Verdict
from distributor.tokens import Keyring

Condition: TypeAlias = ColumnElement[bool]

STALE_MONTHS = 36
"""After how many months without a sign of life `state:stale` holds."""

_SETTLED = (
    DeliveryState.ACCEPTED, DeliveryState.REJECTED, DeliveryState.EXPIRED,
    DeliveryState.BOUNCED, DeliveryState.COMPLAINED,
)  # fmt: skip


def is_current(affiliation: Any, today: date) -> Condition:
    """Whether an affiliation (the table, or an alias of it) holds today."""
    since, until = col(affiliation.valid_from), col(affiliation.valid_to)
    return and_(or_(since.is_(None), since <= today), or_(until.is_(None), until >= today))


def those(contact_ids: Iterable[int]) -> Condition:
    """That a contact is one of these, however many: they are written into the statement, not bound to it."""
    ids: Any = bindparam(None, sorted(contact_ids), unique=True, expanding=True, literal_execute=True)
    return col(Contact.id).in_(ids)


def has_address(patterns: Sequence[str], today: date) -> Condition:
    """Whether an address of a contact (its own, a further one, one at an outlet) is LIKE a pattern; `\\` escapes."""
    row = aliased(Contact)
    owner = func.coalesce(col(row.same_as_id), col(row.id))
    own = select(owner).where(or_(*(col(row.address_key).like(one, escape="\\") for one in patterns)))
    at_outlets = select(col(Affiliation.contact_id)).where(
        is_current(Affiliation, today),
        # Lower case is enough: a domain is ASCII, and so is all but the rarest local part.
        or_(*(func.lower(col(Affiliation.address)).like(one, escape="\\") for one in patterns)),
    )
    return or_(col(Contact.id).in_(own), col(Contact.id).in_(at_outlets))


def _heard() -> SQLColumnExpression[Any]:
    """When the contact last wrote to us, from whichever of its addresses."""
    row = aliased(Contact)
    return (
        select(func.max(col(row.last_inbound_at)))
        .where(or_(col(row.id) == col(Contact.id), col(row.same_as_id) == col(Contact.id)))
        .correlate(Contact)
        .scalar_subquery()
    )


def _mailed() -> SQLColumnExpression[Any]:
    """When a mail server last accepted a release for the contact, at whichever of its addresses."""
    row = aliased(Contact)
    rows = select(col(row.id)).where(or_(col(row.id) == col(Contact.id), col(row.same_as_id) == col(Contact.id)))
    return (
        select(func.max(col(Delivery.accepted_at)))
        .join(Dispatch, col(Dispatch.id) == col(Delivery.dispatch_id))
        .where(col(Dispatch.is_test).is_(False), col(Delivery.contact_id).in_(rows.correlate(Contact)))
        .correlate(Contact)
        .scalar_subquery()
    )


MOMENTS: Mapping[str, Callable[[], SQLColumnExpression[Any]]] = {
    "added": lambda: col(Contact.created_at),
    "collected": lambda: col(Contact.collected_at),
    "confirmed": lambda: col(Contact.confirmed_at),
    "heard": _heard,
    "mailed": _mailed,
}
"""The moments that filters compare, by field."""


def in_state(session: Session, state: str, today: date, keyring: Keyring) -> Condition:
    """Whether a contact is in one of the states of `words.STATES`."""
    if state == "desk":
        return col(Contact.flag) == DESK
    if state == "damaged":
        return those(_damaged(session))
    if state == "objected":
        return those(_objectors(session, keyring))
    if state == "stale":
        # As `contacts stale` has it: mail from them, else a check by somebody, else the day of collection.
        kept = (col(Contact.confirmed_at), col(Contact.collected_at), col(Contact.created_at))
        sign = func.coalesce(_heard(), *kept)
        return sign < datetime.combine(months_before(today, STALE_MONTHS), time(), UTC)
    if state == "complained":
        return col(Contact.id).in_(_owners().where(col(Delivery.state) == DeliveryState.COMPLAINED))
    return col(Contact.id).in_(_bouncing())


def _damaged(session: Session) -> set[int]:
    """The contacts whose name has lost letters to a wrong encoding; which marks are such, one function says."""
    first, last = col(Contact.first_name), col(Contact.last_name)
    marked = or_(*(name.contains(mark, autoescape=True) for name in (first, last) for mark in "?\ufffd"))
    rows = session.execute(select(col(Contact.id), first, last).where(marked)).all()
    return {number for number, *names in rows if looks_damaged(" ".join(names))}


def _owners() -> Select[Any]:
    """The contacts to whom deliveries that were no tests belong; a merged duplicate's are those of who it is now."""
    row = aliased(Contact)
    return (
        select(func.coalesce(col(row.same_as_id), col(row.id)))
        .select_from(Delivery)
        .join(row, col(row.id) == col(Delivery.contact_id))
        .join(Dispatch, col(Dispatch.id) == col(Delivery.dispatch_id))
        .where(col(Dispatch.is_test).is_(False))
    )


@cache  # as `holds_embargo`
def _bouncing() -> Select[Any]:
    """The contacts whose last settled delivery found no such mailbox, or came back, at an address that is in use."""
    later, went = aliased(Delivery), aliased(Dispatch)
    settled_later = (
        exists()
        .where(
            col(later.contact_id).in_(rows_of(col(Delivery.contact_id))),
            col(later.id) > col(Delivery.id),
            col(later.state).in_(_SETTLED),
            col(went.id) == col(later.dispatch_id),
            col(went.is_test).is_(False),
        )
        .correlate(Delivery)
    )
    refused = and_(col(Delivery.state) == DeliveryState.REJECTED, col(Delivery.verdict) == Verdict.HARD)
    bounced = and_(
        # Looked up, in the index that begins with the dispatch: those are few, and all that was ever sent is much.
        col(Delivery.dispatch_id).in_(select(col(Dispatch.id))),
        col(Delivery.state).in_([DeliveryState.BOUNCED, DeliveryState.REJECTED]),
        or_(col(Delivery.state) == DeliveryState.BOUNCED, refused),
    )
    main, post = aliased(Contact), aliased(Affiliation)
    is_main = and_(col(main.same_as_id).is_(None), col(main.address_key) == col(Delivery.address_key))
    is_used = or_(exists().where(is_main), exists().where(col(post.address) == col(Delivery.address)))
    return _owners().where(bounced, is_used, not_(settled_later))


def _objectors(session: Session, keyring: Keyring) -> set[int]:
    """The contacts who objected to everything, with whichever address; that mail came back is no objection.

    Objections are keyed hashes, which no database can make: the addresses are hashed here.
    """
    objectors = Objectors(session, keyring)
    own = select(col(Contact.id), col(Contact.address)).where(
        col(Contact.same_as_id).is_(None), col(Contact.address).is_not(None)
    )
    said = ((number, objectors.against(number, address, ())) for number, address in session.execute(own))
    return {number for number, told in said if told and not told.is_returned}

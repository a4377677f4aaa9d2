"""What a step of a delivery depends on besides its own row: conditions that stand inside the step's own statement."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import and_, case, exists, func, literal, literal_column, not_, or_, select, true
from sqlalchemy.sql.elements import ColumnElement

from distributor.db.chains import originals_corrected
from distributor.db.journalists import rows_of, whose_is
from distributor.models import (
    Contact,
    Delivery,
    Dispatch,
    EmbargoAcceptance,
    ReleaseVersion,
    Sector,
    Suppression,
)
from distributor.states import IN_HAND, RETURNED, WAITING_STATES, DeliveryState, DispatchState

_delivery = Delivery.__table__
_dispatch = Dispatch.__table__
_suppression = Suppression.__table__
_contact = Contact.__table__
_sector = Sector.__table__
_acceptance = EmbargoAcceptance.__table__
_version = ReleaseVersion.__table__

NOTICE = "notice"
"""The kind of a release version that speaks of another one's embargo (`releases.kinds.ReleaseKind`)."""

OBJECTED = "objection"
"""The reason of a delivery that is withheld because its addressee objected."""

CAME_BACK = "mail came back before"
"""The reason of a delivery that is withheld because what was sent to its address came back for good."""


def is_meant() -> ColumnElement[bool]:
    """The condition that a delivery is not withheld, in the very words of the indexes that hold those who are not."""
    return literal_column("NOT delivery.is_withheld")  # of no type: a Boolean one is compared with 1


def is_somebodys() -> ColumnElement[bool]:
    """The condition that the person whom a delivery went to was not erased since: what is left of those has no @."""
    return _delivery.c.address_key.contains("@")


def of_any_dispatch() -> ColumnElement[bool]:
    """A condition that holds for every delivery: with it those in some states, or at one address, are looked up.

    The indexes of states and of addresses begin with the dispatch; without it all deliveries are read.
    """
    return _delivery.c.dispatch_id.in_(select(_dispatch.c.id))


def is_with_a_worker() -> ColumnElement[bool]:
    """The condition that a delivery, of whatever dispatch, is claimed or being sent."""
    return and_(of_any_dispatch(), _delivery.c.state.in_(IN_HAND))


def is_put_off() -> ColumnElement[bool]:
    """The condition that a delivery waits for its provider's time, untried; a server's «later» leaves no reason."""
    return and_(_delivery.c.state == DeliveryState.DEFERRED, _delivery.c.reason != "")


def has_an_hour() -> ColumnElement[bool]:
    """The condition that a delivery has an hour, of its wave or its embargo, in the words of the index of those."""
    return _delivery.c.not_before.is_not(None) | _delivery.c.embargo_until.is_not(None)


def was_tried() -> ColumnElement[bool]:
    """The condition that a delivery was tried, or is being tried: what has begun to leave is gone on with."""
    c = _delivery.c
    return or_(c.attempts > 0, c.state.in_(IN_HAND | {DeliveryState.ACCEPTED}))


def going_on(now: ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition that a delivery's dispatch may go on at the moment `now`.

    It was not cancelled or paused meanwhile, by whatever command; its start has come, and its cut-off has not.
    """
    return exists().where(
        _dispatch.c.id == _delivery.c.dispatch_id,
        _dispatch.c.state != DispatchState.CANCELLED,
        _dispatch.c.state != DispatchState.PAUSED,
        is_started(),
        or_(_dispatch.c.not_after.is_(None), _dispatch.c.not_after > now),
    )


def is_started() -> ColumnElement[bool]:
    """The condition that a dispatch's start has come and was taken up, or that it has no hour to start at."""
    return or_(_dispatch.c.scheduled_at.is_(None), _dispatch.c.started_at.is_not(None))


@cache  # to put it together takes longer than to answer most of what it stands in
def holds_embargo() -> ColumnElement[bool]:
    """The condition that a delivery's addressee is known to keep its embargo: by standing trust, or their own word.

    Their word is given for a release and its translations, and for what corrects them; that of a contact that was
    merged into another one is that one's. A test goes to one of us, and a notice about an embargo to those who have
    the release.
    """
    whose = whose_is(_delivery.c.contact_id).scalar_subquery()
    trusted = exists().where(_contact.c.id == whose, _contact.c.embargo_trust.is_(True))
    release = select(_version.c.release_id).where(_version.c.id == _delivery.c.release_version_id).correlate(_delivery)
    agreed = exists().where(
        _acceptance.c.contact_id.in_(rows_of(_delivery.c.contact_id)),
        _acceptance.c.release_id.in_(originals_corrected(release.scalar_subquery())),
    )
    is_test = exists().where(_dispatch.c.id == _delivery.c.dispatch_id, _dispatch.c.is_test.is_(True))
    is_notice = exists().where(_version.c.id == _delivery.c.release_version_id, _version.c.kind == NOTICE)
    has_the_text = _delivery.c.corrects_id.is_not(None)
    return or_(has_the_text, *(one.correlate(_delivery) for one in (trusted, agreed, is_test, is_notice)))


def may_leave(moment: ColumnElement[Any] | datetime) -> ColumnElement[bool]:
    """The condition that a delivery's time has come at `moment`: that of its wave, and no embargo forbids it."""
    c = _delivery.c
    now = literal(moment, c.not_before.type) if isinstance(moment, datetime) else moment
    return and_(
        or_(c.not_before.is_(None), c.not_before <= now),
        or_(c.embargo_until.is_(None), c.embargo_until <= now, holds_embargo()),
    )


def objected(at: str | None = None, *, themselves: bool = False) -> ColumnElement[bool]:
    """The condition that a delivery's addressee has objected: to everything, to the list's sector or the release's.

    Whoever objected to a sector has objected to those below it. That mail to the address came back counts as well,
    unless only what they said `themselves` is asked for. `at` is the hash of the address that it is to go to, where
    that is not its own.
    """
    child, parent = _sector.alias(), _sector.alias()
    above = (
        select(parent.c.slug)
        .join(child, child.c.parent_id == parent.c.id)
        .where(or_(child.c.slug == _delivery.c.sector_slug, child.c.slug == _delivery.c.release_sector_slug))
        .correlate(_delivery)
    )
    # Asked for its value, and not whether it exists: for that PostgreSQL would read the whole table before each claim.
    row, owner = _contact.alias(), _contact.alias()
    flag = select(row.c.flag).where(row.c.id == _delivery.c.contact_id).correlate(_delivery)
    of_owner = (
        select(owner.c.flag)
        .join(row, row.c.same_as_id == owner.c.id)
        .where(row.c.id == _delivery.c.contact_id)
        .correlate(_delivery)
    )
    return or_(
        exists().where(
            _suppression.c.address_hash == (_delivery.c.address_hash if at is None else at),
            or_(
                _suppression.c.scope == "",
                _suppression.c.scope == _delivery.c.sector_slug,
                _suppression.c.scope == _delivery.c.release_sector_slug,
                _suppression.c.scope.in_(above),
            ),
            not_(_suppression.c.reason.startswith(RETURNED)) if themselves else true(),
        ),
        *(func.coalesce(one.scalar_subquery(), "") == "opted_out" for one in (flag, of_owner)),
    )


def why_withheld() -> ColumnElement[str]:
    """The reason with which somebody is withheld of whom `objected` holds."""
    return case((objected(themselves=True), OBJECTED), else_=CAME_BACK)


def is_barred() -> ColumnElement[bool]:
    """The condition that a delivery waits, and will be withheld when its moment comes.

    Of nobody else their objections are looked at, which costs something for each.
    """
    return and_(_delivery.c.state.in_(WAITING_STATES), objected())


def to_be_withheld() -> ColumnElement[str]:
    """The reason with which somebody who waits will be withheld when their moment comes; "" where nothing bars them."""
    return case((is_barred(), why_withheld()), else_="")

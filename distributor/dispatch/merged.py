"""Who waits for a release that they have already, at another address: two contacts were made one meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, exists, literal, select

from distributor.db.journalists import rows_of
from distributor.deliveries.log import DeliveryLog
from distributor.models import Delivery, Dispatch, Release, ReleaseVersion
from distributor.states import ELSEWHERE, HAVE_IT, DeliveryState

_delivery = Delivery.__table__
_dispatch = Dispatch.__table__
_version = ReleaseVersion.__table__
_release = Release.__table__

_WAITS = (DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.DEFERRED)


@dataclass(frozen=True, slots=True)
class Spared:
    """A delivery that is not made: its address, its dispatch, and the release."""

    address: str
    dispatch_id: int
    slug: str


def spare_the_second(connection: Connection, log: DeliveryLog, contact_id: int) -> list[Spared]:
    """Withhold, in the caller's transaction, what a journalist waits for at one address and has at another."""
    c, has = _delivery.c, _delivery.alias("has")
    theirs = rows_of(literal(contact_id))
    has_it = exists().where(
        has.c.release_version_id == c.release_version_id,
        has.c.contact_id.in_(theirs),
        has.c.id != c.id,
        has.c.state.in_(HAVE_IT),
    )
    rows = connection.execute(
        select(c.id, c.address, c.dispatch_id, _release.c.slug)
        .join(_dispatch, _dispatch.c.id == c.dispatch_id)
        .join(_version, _version.c.id == c.release_version_id)
        .join(_release, _release.c.id == _version.c.release_id)
        .where(c.contact_id.in_(theirs), c.state.in_(_WAITS), _dispatch.c.is_test.is_(False), has_it)
        .order_by(c.id)
    ).all()
    log.withhold_some(connection, [row.id for row in rows], ELSEWHERE)
    return [Spared(row.address, row.dispatch_id, row.slug) for row in rows]

"""Hours that came and brought nobody: waves that have not begun, embargoes that are over, of dispatches under way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, case, exists, func, not_, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from distributor.deliveries.conditions import has_an_hour, holds_embargo, is_started, may_leave, was_tried
from distributor.deliveries.timing import set_start
from distributor.models import Account, Delivery, Dispatch, Wave
from distributor.states import UNDER_WAY, DeliveryState

_delivery = Delivery.__table__
_dispatch = Dispatch.__table__
_account = Account.__table__
_wave = Wave.__table__


@dataclass(frozen=True, slots=True)
class Missed:
    """Recipients of one dispatch whose hour, `since`, has come, and of whom nobody has been tried.

    It is that of their wave, or, `by_embargo`, the end of an embargo that they have not agreed to. They are sent to
    through `account`.
    """

    dispatch_id: int
    account: str
    wave: int
    since: datetime
    by_embargo: bool


def missed(connection: Connection, now: datetime) -> list[Missed]:
    """Who of the dispatches under way could have left by now and has not begun to, the first hour first.

    Only of hours that came when the dispatch was under way: an embargo that was over before it holds up nobody.
    """
    c = _delivery.c
    under_way = select(_dispatch.c.id).where(_dispatch.c.state.in_(UNDER_WAY), is_started())
    return _not_begun(connection, c.dispatch_id.in_(under_way), now)


def let_go(connection: Connection, dispatch_id: int, now: datetime) -> None:
    """A person lets those leave whose hour was missed: from now on it is this one, in their messages too."""
    c = _delivery.c
    for one in _not_begun(connection, c.dispatch_id == dispatch_id, now):
        if not one.by_embargo:
            set_start(connection, dispatch_id, one.wave, now)
            continue
        which = (c.dispatch_id == dispatch_id, c.wave == one.wave, c.embargo_until == one.since, not_(holds_embargo()))
        connection.execute(update(_delivery).where(*which, c.state == DeliveryState.QUEUED).values(not_before=now))


def _not_begun(connection: Connection, which: ColumnElement[bool], now: datetime) -> list[Missed]:
    c = _delivery.c
    embargo = case((holds_embargo(), None), else_=c.embargo_until)
    by_embargo = and_(embargo.is_not(None), or_(c.not_before.is_(None), c.not_before < embargo))
    hour = case((by_embargo, embargo), else_=c.not_before)
    rows = connection.execute(
        select(
            c.dispatch_id,
            _account.c.name,
            c.wave,
            hour.label("hour"),
            by_embargo.label("by_embargo"),
        )
        .join(_dispatch, _dispatch.c.id == c.dispatch_id)
        .join(_account, _account.c.id == _dispatch.c.account_id)
        .where(
            which,
            c.state == DeliveryState.QUEUED,
            has_an_hour(),
            hour.is_not(None),
            hour > func.coalesce(_dispatch.c.started_at, _dispatch.c.created_at),
            may_leave(now),
        )
        .group_by(c.dispatch_id, _account.c.name, c.wave, hour, by_embargo)
    ).all()
    found = [Missed(row.dispatch_id, row.name, row.wave, row.hour, bool(row.by_embargo)) for row in rows]
    left = [one for one in found if not _has_begun(connection, one)]
    return sorted(left, key=lambda one: (one.since, one.dispatch_id, one.wave))


def _has_begun(connection: Connection, one: Missed) -> bool:
    """Whether somebody who waited for the same has been tried: what has begun to leave is gone on with."""
    c = _delivery.c
    alike = [c.dispatch_id == one.dispatch_id, c.wave == one.wave]
    begun: ColumnElement[bool]
    if one.by_embargo:
        begun = exists().where(*alike, c.embargo_until == one.since, not_(holds_embargo()), was_tried())
    else:  # of a wave that had begun, those may wait whom a person has let go
        own = (_wave.c.dispatch_id == one.dispatch_id) & (_wave.c.number == one.wave) & (_wave.c.starts_at == one.since)
        wave_began = exists().where(own, _wave.c.began_at.is_not(None))
        begun = or_(wave_began, exists().where(*alike, c.not_before == one.since, was_tried()))
    return bool(connection.execute(select(begun)).scalar_one())

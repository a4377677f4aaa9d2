"""When deliveries may leave: waves that begin and are counted from, embargoes that move."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Dialect, and_, bindparam, case, exists, false, func, not_, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from distributor.db.bell import ring
from distributor.db.prepared import Prepared, once_for_a_kind
from distributor.deliveries.conditions import has_an_hour, holds_embargo, is_started, may_leave
from distributor.models import Delivery, Dispatch, Wave
from distributor.states import COOLING, LEFT_AFTER, UNDER_WAY, UNSENT_STATES, DeliveryState, DispatchState

_delivery = Delivery.__table__
_dispatch = Dispatch.__table__
_wave = Wave.__table__

_MAY_LEAVE_AGAIN = UNSENT_STATES | {DeliveryState.IN_DOUBT}


@dataclass(frozen=True, slots=True)
class Held:
    """Recipients of one dispatch who wait for the same: `until` their wave starts, or the embargo is over."""

    dispatch_id: int
    many: int
    wave: int
    until: datetime
    by_embargo: bool


def held(connection: Connection, dispatch_ids: Sequence[int], now: datetime) -> list[Held]:
    """Who of these dispatches waits for a wave or the end of an embargo, whoever leaves first before the others."""
    c = _delivery.c
    # Whoever waits for their wave alone is not asked about: that costs a look at their journalist for each.
    holds = case((c.embargo_until.is_(None), false()), else_=holds_embargo()).label("holds")
    rows = connection.execute(
        select(c.dispatch_id, c.wave, c.not_before, c.embargo_until, holds, func.count().label("many"))
        .where(
            c.dispatch_id.in_(dispatch_ids),
            c.state == DeliveryState.QUEUED,
            has_an_hour(),
            ~may_leave(now),
        )
        .group_by(c.dispatch_id, c.wave, c.not_before, c.embargo_until, holds)
    )
    found = []
    for row in rows:
        embargo = None if row.holds else row.embargo_until
        until = max(one for one in (row.not_before, embargo) if one is not None)
        by_embargo = embargo is not None and embargo > now and until == embargo
        found.append(Held(row.dispatch_id, row.many, row.wave, until, by_embargo))
    return sorted(found, key=lambda one: (one.until, one.dispatch_id, one.wave))


def next_change(connection: Connection, now: datetime) -> datetime | None:
    """The next moment at which somebody of a dispatch under way may have to leave; None when nobody waits."""
    c = _delivery.c
    under_way = c.dispatch_id.in_(select(_dispatch.c.id).where(_dispatch.c.state.in_(UNDER_WAY)))
    unsent, deferred = c.state.in_(UNSENT_STATES), c.state == DeliveryState.DEFERRED
    moments = (
        connection.execute(select(func.min(column)).where(under_way, column > now, *which)).scalar()
        for column, which in (
            (c.not_before, (unsent, has_an_hour())),
            (c.embargo_until, (unsent, has_an_hour())),
            (c.next_attempt_at, (deferred,)),
        )
    )
    return min((one for one in moments if one is not None), default=None)


def comes_meanwhile(connection: Connection, dispatch_id: int, since: datetime, now: datetime) -> bool:
    """Whether a wave or the end of an embargo of another dispatch has come after `since`, and somebody waits."""
    values = {"dispatch": dispatch_id, "since": since, "now": now}
    ((comes,),) = _comes_for(connection.dialect).read(connection, values)
    return bool(comes)


def _comes(dialect: Dialect) -> Prepared:
    """What `comes_meanwhile` asks, twice a second while a dispatch is carried."""
    c = _delivery.c
    since, now = (bindparam(name, type_=c.not_before.type) for name in ("since", "now"))
    under_way = select(_dispatch.c.id).where(
        _dispatch.c.id != bindparam("dispatch"),
        or_(*(_dispatch.c.state == one.value for one in UNDER_WAY)),
        is_started(),
        _dispatch.c.waits_until.is_(None) | (_dispatch.c.waits_until <= now),
        not_(cools()),
    )
    # Each as the index can look it up: else all would be read who wait for any hour.
    hours = (
        (c.not_before.between(since, now),),
        (c.not_before.is_(None), c.embargo_until.between(since, now)),
        (c.not_before < since, c.embargo_until.between(since, now)),
    )
    waits = (
        exists().where(
            c.dispatch_id.in_(under_way),
            c.state == DeliveryState.QUEUED,
            has_an_hour(),
            *hour,
            may_leave(now),
        )
        for hour in hours
    )
    return Prepared(select(or_(*waits)), dialect)


_comes_for = once_for_a_kind(_comes)


def cools() -> ColumnElement[bool]:
    """The condition that a dispatch cools down, or was left in it: whoever sent it, and nobody else, starts it."""
    c = _dispatch.c
    return and_(c.state == DispatchState.PLANNED, c.waits_for == COOLING, c.scheduled_at.is_(None))


def left_cooling(now: datetime) -> ColumnElement[bool]:
    """The condition that a dispatch that cools down was left in it: its command is gone, or stands still."""
    return and_(cools(), _dispatch.c.waits_until < now - LEFT_AFTER)


def begin_wave(connection: Connection, dispatch_id: int, number: int, now: datetime) -> None:
    """Note that a wave begins now, if it had not begun; those behind are counted from it."""
    begun = connection.execute(
        update(_wave)
        .where(_wave.c.dispatch_id == dispatch_id, _wave.c.number == number, _wave.c.began_at.is_(None))
        .values(began_at=now)
    )
    if begun.rowcount:
        count_from(connection, dispatch_id, number, now)


def count_again(connection: Connection, dispatch_id: int, now: datetime) -> None:
    """A dispatch goes on that stood still: behind a wave that was cut off, those to come are counted from now."""
    waits = exists().where(
        _delivery.c.dispatch_id == dispatch_id,
        _delivery.c.wave == _wave.c.number,
        _delivery.c.state == DeliveryState.QUEUED,
    )
    cut_off = connection.execute(
        select(func.max(_wave.c.number)).where(_wave.c.dispatch_id == dispatch_id, _wave.c.began_at.is_not(None), waits)
    ).scalar()
    if cut_off is not None:
        count_from(connection, dispatch_id, cut_off, now)


def count_from(connection: Connection, dispatch_id: int, number: int, start: datetime) -> None:
    """Let the waves behind `number`, as far as they have no hour of their own, be counted from `start`."""
    rows = connection.execute(
        select(_wave.c.number, _wave.c.after_s, _wave.c.began_at)
        .where(_wave.c.dispatch_id == dispatch_id, _wave.c.number > number)
        .order_by(_wave.c.number)
    ).all()
    for row in rows:
        if row.after_s is None or row.began_at is not None:
            return
        start += timedelta(seconds=row.after_s)
        set_start(connection, dispatch_id, row.number, start)


def count_from_start(connection: Connection, dispatch_id: int, start: datetime) -> None:
    """Let the waves of a dispatch that has not begun be counted from its new start, or the first one's own hour."""
    first = _wave.c.starts_at
    own = connection.execute(select(first).where(_wave.c.dispatch_id == dispatch_id, _wave.c.number == 1)).scalar()
    count_from(connection, dispatch_id, 1, max(start, own or start))


def set_start(connection: Connection, dispatch_id: int, number: int, start: datetime) -> None:
    """Let a wave start then. Claims on it are taken back: whoever holds one finds that it is no longer theirs."""
    connection.execute(
        update(_wave).where(_wave.c.dispatch_id == dispatch_id, _wave.c.number == number).values(starts_at=start)
    )
    mine = (_delivery.c.dispatch_id == dispatch_id) & (_delivery.c.wave == number)
    _take_back(connection, mine)
    connection.execute(update(_delivery).where(mine, _delivery.c.state.in_(UNSENT_STATES)).values(not_before=start))
    ring(connection)


def move_embargo(connection: Connection, version_ids: Collection[int], until: datetime | None) -> None:
    """Let the embargo of these versions be over at `until`, for whoever has not been sent it.

    Claims are taken back: their messages may be written already, and say the old hour.
    """
    theirs = select(_dispatch.c.id).where(_dispatch.c.release_version_id.in_(version_ids))
    mine = _delivery.c.dispatch_id.in_(theirs)
    _take_back(connection, mine)
    connection.execute(
        update(_delivery).where(mine, _delivery.c.state.in_(_MAY_LEAVE_AGAIN)).values(embargo_until=until)
    )
    ring(connection)


def _take_back(connection: Connection, which: ColumnElement[bool]) -> None:
    """Claimed → queued, whoever holds the claim: the body has not begun to leave, and now it will not."""
    connection.execute(
        update(_delivery)
        .where(which, _delivery.c.state == DeliveryState.CLAIMED)
        .values(state=DeliveryState.QUEUED, worker="", lease_until=None)
    )

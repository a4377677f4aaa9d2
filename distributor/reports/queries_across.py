"""The figures over time: how all releases since a day went, by month, sector, outlet or journalist."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, and_, case, exists, func, or_, select
from sqlmodel import SQLModel

import distributor.models  # noqa: F401 - registers the tables
from distributor.db.pieces import in_pieces
from distributor.reports.dispatch_row import DispatchRow
from distributor.reports.queries import dispatches
from distributor.reports.queries_details import Earlier, coverage, summed_up
from distributor.states import REACHED_STATES, UNREACHED_STATES, DeliveryState

_TABLES = SQLModel.metadata.tables
_dispatch, _delivery, _feedback = _TABLES["dispatch"], _TABLES["delivery"], _TABLES["feedback_event"]
_contact, _list, _member = _TABLES["contact"], _TABLES["media_list"], _TABLES["media_list_member"]

GROUPS = ("sector", "outlet", "contact", "month")
"""What the deliveries of all releases can be grouped by."""


@dataclass(frozen=True, slots=True)
class Line:
    """One group: the messages meant for it, how many were accepted, how many reached nobody, and the replies."""

    name: str
    total: int
    accepted: int
    missed: int
    replies: int

    @property
    def rate(self) -> float | None:
        """The share that was accepted, of what was accepted or missed; None where nothing is settled yet."""
        settled = self.accepted + self.missed
        return self.accepted / settled if settled else None


@dataclass(frozen=True, slots=True)
class Release:
    """One release of the time: how it went, and how many minutes it took until half, and 90 %, had it."""

    went: Earlier
    half_minutes: float | None
    most_minutes: float | None


@dataclass(frozen=True, slots=True)
class Unreached:
    """A journalist of our lists whom no message of the time reached, though some were sent."""

    contact_id: int
    name: str
    address: str
    tries: int
    last_words: str


@dataclass(frozen=True, slots=True)
class Decay:
    """A list, and how many of its members nothing sent in the time reached."""

    slug: str
    members: int
    not_reached: int


@dataclass(frozen=True, slots=True)
class Across:
    """How the releases since a moment went."""

    since: datetime
    releases: tuple[Release, ...]
    groups: Mapping[str, tuple[Line, ...]]
    never_reached: tuple[Unreached, ...]
    lists: tuple[Decay, ...]
    coverage: tuple[Mapping[str, Any], ...]


def since(connection: Connection, moment: datetime, zone: ZoneInfo, by: Sequence[str] = ()) -> Across:
    """All releases whose dispatches began at `moment` or later; tests are left out."""
    rows = [row for row in dispatches(connection, since=moment) if not row.is_test]
    ids = [row.id for row in rows]
    by_slug: dict[str, list[DispatchRow]] = defaultdict(list)
    for row in rows:
        by_slug[row.slug].append(row)
    return Across(
        since=moment,
        releases=tuple(_release(connection, dispatches) for dispatches in by_slug.values()),
        groups={name: _group(connection, ids, name, zone) for name in by or ("month", "sector")},
        never_reached=_never_reached(connection, ids),
        lists=_decaying(connection, ids),
        coverage=tuple(coverage(connection, since=moment)),
    )


def _release(connection: Connection, rows: list[DispatchRow]) -> Release:
    ids = [row.id for row in rows]
    accepted = and_(_delivery.c.dispatch_id.in_(ids), _delivery.c.accepted_at.is_not(None))
    count = connection.execute(select(func.count()).where(accepted)).scalar_one()
    went = summed_up(rows)

    def minutes(percent: int) -> float | None:
        if not count or went.started_at is None:
            return None
        place = -(-count * percent // 100) - 1
        statement = (
            select(_delivery.c.accepted_at).where(accepted).order_by(_delivery.c.accepted_at).offset(place).limit(1)
        )
        moment: datetime = connection.execute(statement).scalar_one()
        return max(0.0, round((moment - went.started_at).total_seconds() / 60, 1))

    return Release(went, minutes(50), minutes(90))


def _group(connection: Connection, ids: list[int], by: str, zone: ZoneInfo) -> tuple[Line, ...]:
    reached = func.sum(case((_delivery.c.state.in_(REACHED_STATES), 1), else_=0))
    missed = func.sum(case((_delivery.c.state.in_(UNREACHED_STATES), 1), else_=0))
    replied = exists().where(_feedback.c.delivery_id == _delivery.c.id, _feedback.c.kind == "reply")
    replies = func.sum(case((replied, 1), else_=0))
    column = _delivery.c[{"month": "dispatch_id", "contact": "address"}.get(by, by)]
    statement = (
        select(column, func.count(), reached, missed, replies).where(_delivery.c.dispatch_id.in_(ids)).group_by(column)
    )
    found = connection.execute(statement).all()
    if by != "month":
        lines = [Line(str(row[0]), *row[1:]) for row in found]
        return tuple(sorted(lines, key=lambda one: (-one.total, one.name)))
    starts = connection.execute(select(_dispatch.c.id, _dispatch.c.started_at).where(_dispatch.c.id.in_(ids)))
    started = {row[0]: row[1] for row in starts}
    return _by_month(found, started, zone)


def _by_month(found: Sequence[Row[Any]], started: Mapping[int, datetime], zone: ZoneInfo) -> tuple[Line, ...]:
    months: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in found:
        month = f"{started[row[0]].astimezone(zone):%Y-%m}"
        months[month] = [have + int(row[place]) for place, have in enumerate(months[month], start=1)]
    return tuple(Line(month, *figures) for month, figures in sorted(months.items()))


def _never_reached(connection: Connection, ids: list[int]) -> tuple[Unreached, ...]:
    """Who was sent to and never reached; who is withheld has objected, and is none of them."""
    theirs = _delivery.c.dispatch_id.in_(ids)
    newest = (
        select(func.max(_delivery.c.id).label("id"), func.count().label("tries"))
        .where(theirs, _delivery.c.contact_id.is_not(None), _delivery.c.state != DeliveryState.WITHHELD)
        .group_by(_delivery.c.contact_id)
        .having(func.sum(case((_delivery.c.state.in_(UNREACHED_STATES), 0), else_=1)) == 0)
        .subquery()
    )
    columns = [_delivery.c[name] for name in ("contact_id", "name", "address")]
    statement = select(*columns, newest.c.tries, _delivery.c.reason, _delivery.c.reply).join(
        newest, newest.c.id == _delivery.c.id
    )
    return tuple(
        Unreached(row[0], row[1], row[2], row[3], row[4] or " ".join(row[5].split()))
        for row in connection.execute(statement.order_by(newest.c.tries.desc(), _delivery.c.name))
    )


def _decaying(connection: Connection, ids: list[int]) -> tuple[Decay, ...]:
    return tuple(Decay(row[0], row[1], row[1] - row[2]) for row in _reach_of_lists(connection, ids))


def _reach_of_lists(connection: Connection, ids: list[int]) -> Sequence[Any]:
    got = exists().where(
        _delivery.c.contact_id == _member.c.contact_id,
        _delivery.c.dispatch_id.in_(ids),
        _delivery.c.state.in_(REACHED_STATES),
    )
    statement = (
        select(_list.c.slug, func.count(), func.sum(case((got, 1), else_=0)))
        .join(_member, _member.c.media_list_id == _list.c.id)
        .group_by(_list.c.slug)
        .order_by(_list.c.slug)
    )
    return connection.execute(statement).all()


def not_reached_since(connection: Connection, contact_ids: Sequence[int], moment: datetime) -> list[dict[str, Any]]:
    """Which of these contacts no message has reached since a moment, and when one last did; the longest ago first."""
    last = (
        select(func.max(_delivery.c.accepted_at))
        .join(_dispatch, _dispatch.c.id == _delivery.c.dispatch_id)
        .where(
            _delivery.c.contact_id == _contact.c.id,
            _delivery.c.state.in_(REACHED_STATES),
            _dispatch.c.is_test.is_(False),
        )
        .scalar_subquery()
    )
    columns = [_contact.c[name] for name in ("id", "first_name", "last_name", "address")]
    rows: list[dict[str, Any]] = []
    for piece in in_pieces(contact_ids):
        some = _contact.c.id.in_(piece)
        statement = select(*columns, last.label("last_reached_at")).where(some, or_(last.is_(None), last < moment))
        rows += (dict(row) for row in connection.execute(statement).mappings())
    never = datetime.min.replace(tzinfo=UTC)
    return sorted(rows, key=lambda row: (row["last_reached_at"] or never, row["id"]))

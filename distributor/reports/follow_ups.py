"""What a release's follow-ups came to: who was reminded, whether it arrived, and who has answered since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select
from sqlmodel import SQLModel

import distributor.models  # noqa: F401 - registers the tables

_TABLES = SQLModel.metadata.tables
_release, _version = _TABLES["release"], _TABLES["release_version"]
_dispatch, _delivery, _feedback = _TABLES["dispatch"], _TABLES["delivery"], _TABLES["feedback_event"]
_ANSWER = "reply"
_PAGE = 500


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One dispatch of a follow-up: `totals` by state, and how many have answered since, to it or to the release."""

    slug: str
    dispatch_id: int
    started_at: datetime | None
    totals: Mapping[str, int]
    answered: int

    @property
    def total(self) -> int:
        """Everyone on its manifest."""
        return sum(self.totals.values())


def follow_ups(connection: Connection, slug: str) -> tuple[FollowUp, ...]:
    """The follow-ups of a release and of its translations, in the order in which they left."""
    original = select(_release.c.id).where(_release.c.slug == slug).scalar_subquery()
    reminder, followed = _release.alias(), _release.alias()
    rows = connection.execute(
        select(reminder.c.slug, _dispatch.c.id, _dispatch.c.started_at)
        .join(_version, _version.c.id == _dispatch.c.release_version_id)
        .join(reminder, reminder.c.id == _version.c.release_id)
        .join(followed, followed.c.id == reminder.c.follows_up_id)
        .where((followed.c.slug == slug) | (followed.c.translates_id == original), _dispatch.c.is_test.is_(False))
        .order_by(_dispatch.c.id)
    ).all()
    return tuple(_follow_up(connection, row) for row in rows)


def _follow_up(connection: Connection, row: Any) -> FollowUp:
    counts = connection.execute(
        select(_delivery.c.state, func.count())
        .where(_delivery.c.dispatch_id == row.id)
        .group_by(_delivery.c.state)
        .order_by(_delivery.c.state)
    ).all()
    answered = sum(one["answered_at"] is not None for one in reminded(connection, row.id))
    return FollowUp(row.slug, row.id, row.started_at, {one[0]: one[1] for one in counts}, answered)


def reminded(connection: Connection, dispatch_id: int) -> Iterator[dict[str, Any]]:
    """Everybody whom one dispatch followed up, in order: how it stands, and when they first answered since."""
    last = 0
    columns = [_delivery.c[name] for name in ("id", "address", "name", "outlet", "state", "accepted_at", "merge")]
    while page := connection.execute(
        select(*columns)
        .where(_delivery.c.dispatch_id == dispatch_id, _delivery.c.id > last)
        .order_by(_delivery.c.id)
        .limit(_PAGE)
    ).all():
        last = page[-1].id
        answers = _answers(connection, page)
        for row in page:
            shown = {name: getattr(row, name) for name in ("id", "address", "name", "outlet", "state", "accepted_at")}
            since = [at for at in answers.get(row.id, ()) if row.accepted_at is not None and at >= row.accepted_at]
            yield shown | {"answered_at": min(since, default=None)}


def _answers(connection: Connection, page: Sequence[Row[Any]]) -> dict[int, list[datetime]]:
    """When answers came to these messages, or to those that they follow up, by the number of the follow-up."""
    by_original = {row.merge["follows"][-1]: row.id for row in page if row.merge.get("follows")}
    numbers = {row.id: row.id for row in page}
    for number, message_id in connection.execute(
        select(_delivery.c.id, _delivery.c.message_id).where(_delivery.c.message_id.in_(list(by_original)))
    ):
        numbers[number] = by_original[message_id]
    found: dict[int, list[datetime]] = {}
    for number, at in connection.execute(
        select(_feedback.c.delivery_id, _feedback.c.received_at).where(
            _feedback.c.kind == _ANSWER, _feedback.c.delivery_id.in_(list(numbers))
        )
    ):
        found.setdefault(numbers[number], []).append(at)
    return found


def as_json(connection: Connection, found: Sequence[FollowUp], *, names_people: bool = True) -> list[dict[str, Any]]:
    """The stable shape: names are those of the tables."""
    return [
        {
            "release": one.slug,
            "dispatch": one.dispatch_id,
            "started_at": one.started_at,
            "totals": dict(one.totals),
            "answered": one.answered,
            "recipients": list(reminded(connection, one.dispatch_id)) if names_people else [],
        }
        for one in found
    ]

"""The figures behind a report's charts: who had it by when, why not, what came back, how it went before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, case, cast, func, select
from sqlmodel import SQLModel

import distributor.models  # noqa: F401 - registers the tables
from distributor.deliveries.conditions import is_somebodys
from distributor.releases.kinds import ReleaseKind
from distributor.reports.dispatch_row import DispatchRow
from distributor.reports.follow_ups import FollowUp, follow_ups
from distributor.reports.problems import NOT_LEFT, Problem, find_problems
from distributor.reports.queries import Report, decoded_lists, dispatches, sorted_groups
from distributor.reports.queries_chain import Step
from distributor.states import OPEN_STATES, REACHED_STATES, UNREACHED_STATES, DeliveryState, DispatchState

_TABLES = SQLModel.metadata.tables
_delivery, _feedback, _coverage = _TABLES["delivery"], _TABLES["feedback_event"], _TABLES["coverage"]
_release, _version = _TABLES["release"], _TABLES["release_version"]

NOT_REACHED = (
    DeliveryState.REJECTED, DeliveryState.BOUNCED, DeliveryState.EXPIRED, DeliveryState.IN_DOUBT,
    DeliveryState.COMPLAINED, DeliveryState.DEFERRED, DeliveryState.WITHHELD,
)  # fmt: skip
"""The states of who did not get it, or not surely, or did not want it; the worst first."""

_STEPS = 60
_EARLIER = 6


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some were not reached: a reason of ours, or the code and class of the server's answer, in its words."""

    state: str
    verdict: str
    code: int | None
    enhanced_code: str
    reason: str
    example: str
    count: int
    known: int
    """How many of them are not erased: of the others nothing can be mended."""
    address: str
    """Of one of these."""

    @property
    def label(self) -> str:
        """The reason in one phrase: ours, or the codes, or what the attempt came to."""
        codes = " ".join(str(part) for part in (self.code, self.enhanced_code) if part)
        return self.reason or codes or self.verdict.replace("_", " ") or self.state.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Timeline:
    """When mail servers accepted it: the moment of the first, of half, of 90 %, of the last; and how the sum grew."""

    count: int = 0
    first: datetime | None = None
    half: datetime | None = None
    most: datetime | None = None
    last: datetime | None = None
    steps: tuple[tuple[datetime, int], ...] = ()
    """(moment, how many had it by then), at most sixty."""


@dataclass(frozen=True, slots=True)
class Echo:
    """What came of it: feedback events by kind, the coverage noted, and the follow-ups."""

    feedback: Mapping[str, int]
    coverage: tuple[Mapping[str, Any], ...]
    follow_ups: tuple[FollowUp, ...] = ()


@dataclass(frozen=True, slots=True)
class Earlier:
    """How one release went, for comparison."""

    slug: str
    headline: str
    started_at: datetime | None
    total: int
    accepted: int
    unreached: int


@dataclass(frozen=True, slots=True)
class Details:
    """All that a full report says beside the totals and the rows."""

    timeline: Timeline
    reasons: tuple[Reason, ...]
    echo: Echo
    earlier: tuple[Earlier, ...]
    by_kind: Mapping[str, Mapping[str, int]]
    by_list: Mapping[str, Mapping[str, int]]


GROUPS = ("sector", "outlet", "kind", "domain", "list", "reason")
"""What the recipients of a report can be grouped by."""


def make_details(connection: Connection, report: Report) -> Details:
    """The details of a report, read on the same `reading`."""
    ids = report.dispatch_ids
    return Details(
        timeline=_timeline(connection, ids),
        reasons=_reasons(connection, ids),
        echo=_echo(connection, report),
        earlier=_earlier(connection, report),
        by_kind=grouped(connection, ids, "kind"),
        by_list=grouped(connection, ids, "list"),
    )


def grouped(connection: Connection, dispatch_ids: list[int], by: str) -> dict[str, dict[str, int]]:
    """Counts by one of `GROUPS` and by state, largest group first. Who stands on two lists counts under both."""
    if by == "reason":
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for one in _reasons(connection, dispatch_ids):
            found[one.label][one.state] = found[one.label].get(one.state, 0) + one.count
        return sorted_groups(found)
    column: ColumnElement[Any] = (
        _delivery.c["outlet_kind" if by == "kind" else by] if by != "list" else _lists_as_text()
    )
    groups: dict[str, dict[str, int]] = defaultdict(dict)
    for value, state, many in connection.execute(
        select(column, _delivery.c.state, func.count())
        .where(_delivery.c.dispatch_id.in_(dispatch_ids))
        .group_by(column, _delivery.c.state)
    ):
        for name in decoded_lists(value) or ("",) if by == "list" else (value,):
            groups[name][state] = groups[name].get(state, 0) + many
    return sorted_groups(groups)


def problems_of(connection: Connection, report: Report) -> list[Problem]:
    """What went wrong in the newest dispatch of a report, or in all of them, with what deals with it.

    Whoever was put off in one that has stopped waits as all there do: to leave `work` running would not do.
    """
    row = report.dispatches[-1]
    waits = not row.is_scheduled and (row.stopped or row.state in (DispatchState.PAUSED, DispatchState.PLANNED))
    waiting = sum(row.counts.get(state, 0) for state in OPEN_STATES) if waits else 0
    reasons = _reasons(connection, report.dispatch_ids)
    served = _served_since(connection, report.dispatch_ids) if any(one.reason in NOT_LEFT for one in reasons) else {}
    told = [
        (one.state, one.verdict, one.reason, left, one.address)
        for one in reasons
        if not (waits and len(report.dispatches) == 1 and one.state == DeliveryState.DEFERRED)
        if (left := one.known - (served.get(one.reason, 0) if one.state == DeliveryState.WITHHELD else 0))
    ]
    standing = _corrected_by(report)
    lists = list(dict.fromkeys(name for one in report.dispatches for name in one.lists))
    return find_problems(
        told,
        waiting,
        row.id,
        report.slug,
        lists=lists,
        excluded=list(dict.fromkeys(name for one in report.dispatches for name in one.excluded_lists)),
        corrected_by=standing.slug if standing else "",
        is_withdrawn=standing is not None and standing.kind == ReleaseKind.RETRACTION,
    )


def _corrected_by(report: Report) -> Step | None:
    """What stands today in the place of a report's release, and was sent; None where that is still the release."""
    found, slug = None, report.slug
    for step in report.chain.steps if report.chain else ():  # in the order in which they came
        if step.corrects == slug and step.dispatch_ids:
            found, slug = step, step.slug
    return found


def _served_since(connection: Connection, dispatch_ids: list[int]) -> dict[str, int]:
    """How many of who was recalled or cut off stand on another dispatch of the release, by reason."""
    other, own, theirs = _delivery.alias(), _version.alias(), _version.alias()
    elsewhere = (
        select(1)
        .select_from(other.join(theirs, theirs.c.id == other.c.release_version_id))
        .where(
            other.c.contact_id == _delivery.c.contact_id,
            other.c.state != DeliveryState.WITHHELD,
            theirs.c.release_id == own.c.release_id,
        )
    )
    rows = connection.execute(
        select(_delivery.c.reason, func.count().label("many"))
        .join(own, own.c.id == _delivery.c.release_version_id)
        .where(
            _delivery.c.dispatch_id.in_(dispatch_ids),
            _delivery.c.state == DeliveryState.WITHHELD,
            _delivery.c.reason.in_(NOT_LEFT),
            elsewhere.exists(),
        )
        .group_by(_delivery.c.reason)
    )
    return {row.reason: row.many for row in rows}


def feedback_of(connection: Connection, delivery_id: int) -> list[dict[str, Any]]:
    """What came back for one delivery, in order, without the raw message."""
    columns = (_feedback.c[name] for name in ("kind", "verdict", "status", "reason", "source", "received_at"))
    statement = select(*columns).where(_feedback.c.delivery_id == delivery_id).order_by(_feedback.c.received_at)
    return [dict(row) for row in connection.execute(statement).mappings()]


def _lists_as_text() -> ColumnElement[str]:
    return cast(_delivery.c.lists, Text)  # PostgreSQL compares no JSON


def _reasons(connection: Connection, dispatch_ids: list[int]) -> tuple[Reason, ...]:
    columns = [_delivery.c[name] for name in ("state", "verdict", "code", "enhanced_code", "reason")]
    address = case((is_somebodys(), _delivery.c.address))
    rows = connection.execute(
        select(*columns, func.max(_delivery.c.reply), func.count(), func.count(address), func.min(address))
        .where(_delivery.c.dispatch_id.in_(dispatch_ids), _delivery.c.state.in_(NOT_REACHED))
        .group_by(*columns)
    )
    found = [
        Reason(*row[:5], example=" ".join(row[5].split()), count=row[6], known=row[7], address=row[8]) for row in rows
    ]
    order = [state.value for state in NOT_REACHED]
    return tuple(sorted(found, key=lambda one: (order.index(one.state), -one.count, one.label)))


def _timeline(connection: Connection, dispatch_ids: list[int]) -> Timeline:
    accepted = (_delivery.c.dispatch_id.in_(dispatch_ids), _delivery.c.accepted_at.is_not(None))
    count = connection.execute(select(func.count()).where(*accepted)).scalar_one()
    if not count:
        return Timeline()
    # One pass in order: the n-th of each step, read from the index and kept only where it counts.
    wanted = {max(1, round(count * step / _STEPS)) for step in range(_STEPS + 1)} | {
        _share(count, 50),
        _share(count, 90),
    }
    statement = select(_delivery.c.accepted_at).where(*accepted).order_by(_delivery.c.accepted_at)
    moments = {
        number: moment
        for number, moment in enumerate(connection.execute(statement).scalars(), start=1)
        if number in wanted
    }
    return Timeline(
        count, moments[1], moments[_share(count, 50)], moments[_share(count, 90)], moments[count],
        tuple((moments[number], number) for number in sorted(moments)),
    )  # fmt: skip


def _share(count: int, percent: int) -> int:
    """The number of the one who makes it `percent` of `count`."""
    return -(-count * percent // 100)


def _echo(connection: Connection, report: Report) -> Echo:
    kinds = connection.execute(
        select(_feedback.c.kind, func.count())
        .join(_delivery, _delivery.c.id == _feedback.c.delivery_id)
        .where(_delivery.c.dispatch_id.in_(report.dispatch_ids))
        .group_by(_feedback.c.kind)
        .order_by(_feedback.c.kind)
    )
    return Echo(
        {row[0]: row[1] for row in kinds},
        tuple(coverage(connection, slug=report.slug)),
        follow_ups(connection, report.slug),
    )


def coverage(connection: Connection, *, slug: str = "", since: datetime | None = None) -> list[dict[str, Any]]:
    """The coverage noted, of one release or of all, the latest last."""
    columns = [_coverage.c[name] for name in ("id", "url", "outlet", "title", "published_on")]
    statement = (
        select(_release.c.slug.label("release"), *columns)
        .join(_release, _release.c.id == _coverage.c.release_id)
        .order_by(_coverage.c.published_on, _coverage.c.id)
    )
    if slug:
        statement = statement.where(_release.c.slug == slug)
    if since is not None:
        statement = statement.where(_coverage.c.published_on >= since.date())
    return [dict(row) for row in connection.execute(statement).mappings()]


def _earlier(connection: Connection, report: Report) -> tuple[Earlier, ...]:
    """The last releases sent before this one, the latest first."""
    before = min(report.dispatch_ids)
    releases: dict[str, list[DispatchRow]] = defaultdict(list)
    for row in dispatches(connection, before=before):
        if not row.is_test and row.slug != report.slug and row.started_at is not None:
            releases[row.slug].append(row)
    latest = sorted(releases.values(), key=lambda rows: rows[-1].id, reverse=True)[:_EARLIER]
    return tuple(summed_up(rows) for rows in latest)


def summed_up(rows: list[DispatchRow]) -> Earlier:
    """The dispatches of one release as one line."""

    def many(states: Iterable[DeliveryState]) -> int:
        return sum(row.counts.get(state, 0) for row in rows for state in states)

    return Earlier(
        slug=rows[-1].slug,
        headline=rows[-1].headline,
        started_at=rows[0].started_at,
        total=sum(row.total for row in rows),
        accepted=many(REACHED_STATES),
        unreached=many(UNREACHED_STATES),
    )

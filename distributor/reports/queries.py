"""Every figure of every report, each from one query, used by all printers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, case, exists, false, func, or_, select, text
from sqlmodel import SQLModel

import distributor.models  # noqa: F401 - registers the tables
from distributor import clock
from distributor.deliveries.conditions import holds_embargo, is_barred, to_be_withheld
from distributor.deliveries.dispatches import no_dispatch
from distributor.deliveries.leases import clock_of
from distributor.deliveries.roster import has_in_hand, living
from distributor.deliveries.tally import Place, tally
from distributor.deliveries.timing import Held
from distributor.deliveries.timing import held as held_of
from distributor.errors import BadInput
from distributor.reports.dispatch_row import DispatchRow
from distributor.reports.queries_chain import Chain, corrections_of, read_chain
from distributor.reports.queries_waves import waves_of
from distributor.reports.withholding import count_to_be_withheld
from distributor.states import ASSUMED_SENT, DeliveryState

_TABLES = SQLModel.metadata.tables
_release, _version = _TABLES["release"], _TABLES["release_version"]
_dispatch, _delivery, _attempt = _TABLES["dispatch"], _TABLES["delivery"], _TABLES["attempt"]
_account, _second = _TABLES["account"], _TABLES["account"].alias("second")
_wave = _TABLES["wave"]

_RECIPIENT_COLUMNS = (
    "id", "dispatch_id", "wave", "address", "name", "outlet", "outlet_kind", "sector", "domain", "language", "lists",
    "state", "reason", "verdict", "phase", "code", "enhanced_code", "reply", "attempts", "message_id", "accepted_at",
    "not_before", "embargo_until", "next_attempt_at", "updated_at",
)  # fmt: skip
_ATTEMPT_COLUMNS = (
    "delivery_id", "number", "started_at", "duration_ms", "phase", "verdict", "state", "code", "enhanced_code", "reply",
    "server", "tls",
)  # fmt: skip
_PAGE = 500


def dispatches(
    connection: Connection,
    *,
    slug: str = "",
    dispatch_id: int | None = None,
    before: int | None = None,
    since: datetime | None = None,
    states: Collection[str] = (),
    holding: str = "",
) -> list[DispatchRow]:
    """The dispatches of a release and its translations, or one, or all, or those numbered or begun so; oldest first.

    With `states`, those in one of them; with `holding`, those of which a delivery is in that state.
    """
    shown = set(DispatchRow.__slots__)  # the templates of each, say, are many times that
    statement = (
        select(
            *(column for column in _dispatch.c if column.name in shown),
            _release.c.slug,
            _version.c.headline,
            _version.c.number.label("version"),
            _account.c.name.label("account"),
            func.coalesce(_second.c.name, "").label("then"),
        )
        .join(_account, _account.c.id == _dispatch.c.account_id)
        .outerjoin(_second, _second.c.id == _dispatch.c.then_account_id)
        .join(_version, _version.c.id == _dispatch.c.release_version_id)
        .join(_release, _release.c.id == _version.c.release_id)
        .order_by(_dispatch.c.id)
    )
    if slug:
        original = select(_release.c.id).where(_release.c.slug == slug).scalar_subquery()
        statement = statement.where((_release.c.slug == slug) | (_release.c.translates_id == original))
    if dispatch_id is not None:
        statement = statement.where(_dispatch.c.id == dispatch_id)
    if before is not None:
        statement = statement.where(_dispatch.c.id < before)
    if since is not None:
        statement = statement.where(_dispatch.c.started_at >= since)
    if states:
        statement = statement.where(_dispatch.c.state.in_(states))
    if holding:
        held = _delivery.c.dispatch_id == _dispatch.c.id, _delivery.c.state == holding
        statement = statement.where(exists().where(*held))
    rows = connection.execute(statement).mappings().all()
    numbers = [row["id"] for row in rows]
    counts, due = _standings(connection, numbers)
    now = clock_of(connection, clock.now())
    waves, held_back, workers = waves_of(connection, numbers), _held(connection, numbers, now), living(connection, now)
    return [
        DispatchRow(
            **row,
            next_attempt_at=due.get(row["id"]),
            counts=counts[row["id"]],
            in_hand=any(has_in_hand(worker, row["id"], row["account"]) for worker in workers),
            waves=waves.get(row["id"], ()),
            held=tuple(held_back.get(row["id"], ())),
            seen_at=now,
        )
        for row in rows
    ]


def _held(connection: Connection, dispatch_ids: Sequence[int], now: datetime) -> dict[int, list[Held]]:
    """Dispatch → who of it waits for a wave or for the end of an embargo."""
    found: dict[int, list[Held]] = defaultdict(list)
    for one in held_of(connection, dispatch_ids, now):
        found[one.dispatch_id].append(one)
    return found


def find_dispatch(connection: Connection, dispatch_id: int) -> DispatchRow:
    """The dispatch with this number; `BadInput` when there is none."""
    found = dispatches(connection, dispatch_id=dispatch_id)
    if not found:
        raise no_dispatch(dispatch_id)
    return found[0]


def _standings(
    connection: Connection, dispatch_ids: list[int]
) -> tuple[dict[int, dict[str, int]], dict[int, datetime | None]]:
    """Counts by state, and when the first of the deferred is due: the one place where a dispatch is counted."""
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for place, many in tally(connection, dispatch_ids, ["sector"]).items():  # everybody is counted by either
        of_dispatch = counts[place.dispatch_id]
        of_dispatch[place.state] = of_dispatch.get(place.state, 0) + many
    deferred = (
        select(_delivery.c.dispatch_id, func.min(_delivery.c.next_attempt_at))
        .where(_delivery.c.dispatch_id.in_(dispatch_ids), _delivery.c.state == DeliveryState.DEFERRED)
        .group_by(_delivery.c.dispatch_id)
    )
    due: dict[int, datetime | None] = {row[0]: row[1] for row in connection.execute(deferred)}
    return counts, due


@dataclass(frozen=True, slots=True)
class Report:
    """The delivery report of a release (all its dispatches but the tests), or of one dispatch."""

    slug: str
    headline: str
    dispatches: list[DispatchRow]
    totals: Mapping[str, int]
    by_sector: Mapping[str, Mapping[str, int]]
    by_domain: Mapping[str, Mapping[str, int]]
    assumed_sent: Mapping[str, int] = field(default_factory=dict)
    """How many of the accepted were counted so without a mail server's word, by the reason that says by whom."""
    to_be_withheld: Mapping[str, int] = field(default_factory=dict)
    """How many of those who wait will be withheld, by the reason that they then have: who objected meanwhile."""
    chain: Chain | None = None
    """The chain of corrections that the release stands in; None where nothing was corrected."""

    @property
    def total(self) -> int:
        """Everyone on the manifests."""
        return sum(self.totals.values())

    def many(self, states: Iterable[DeliveryState]) -> int:
        """How many are in one of these states."""
        return sum(self.totals.get(state, 0) for state in states)

    @property
    def by_wave(self) -> dict[str, Mapping[str, int]]:
        """Counts by wave and state, in the order in which they leave; nothing where there are none."""
        several = sum(bool(row.waves) for row in self.dispatches) > 1
        return {
            f"{wave.number}. {wave.name}" + (f" (dispatch {row.id})" if several else ""): wave.counts
            for row in self.dispatches
            for wave in row.waves
        }

    @property
    def dispatch_ids(self) -> list[int]:
        """The numbers of its dispatches."""
        return [row.id for row in self.dispatches]


def make_report(connection: Connection, *, slug: str = "", dispatch_id: int | None = None) -> Report:
    """The report of a release by its slug, or of one dispatch by its number; `BadInput` when nothing was sent yet.

    Read it and its recipients on one `reading`, or they may speak of two moments.
    """
    if dispatch_id is not None:
        rows = [find_dispatch(connection, dispatch_id)]
    else:
        rows = [row for row in dispatches(connection, slug=slug) if not row.is_test]
        if not rows:
            raise BadInput(
                f"«{slug}» has not been sent yet.", mend=f"See: distributor send {slug} --list NAME --dry-run"
            )
    ids = [row.id for row in rows]
    places = tally(connection, ids)
    totals = dict.fromkeys((state.value for state in DeliveryState), 0)
    for row in rows:
        for state, many in row.counts.items():
            totals[state] += many
    named = [row for row in rows if row.slug == slug] or rows  # those of the release itself before its translations
    return Report(
        chain=read_chain(connection, slug or named[-1].slug),
        slug=slug or named[-1].slug,
        headline=named[-1].headline,
        dispatches=rows,
        totals=totals,
        by_sector=_grouped(places, "sector"),
        by_domain=_grouped(places, "domain"),
        assumed_sent=_assumed(connection, ids),
        to_be_withheld=count_to_be_withheld(connection, ids),
    )


def _assumed(connection: Connection, dispatch_ids: list[int]) -> dict[str, int]:
    statement = (
        select(_delivery.c.reason, func.count().label("many"))
        .where(
            _delivery.c.dispatch_id.in_(dispatch_ids),
            _delivery.c.state == DeliveryState.ACCEPTED,
            text("delivery.reason <> ''"),  # as the index says it: few have a reason, and only they are looked at
            _delivery.c.reason.startswith(ASSUMED_SENT),
        )
        .group_by(_delivery.c.reason)
        .order_by(_delivery.c.reason)
    )
    return {row.reason: row.many for row in connection.execute(statement)}


_Groups = dict[str, dict[str, int]]


def _grouped(places: Mapping[Place, int], kind: Literal["sector", "domain"]) -> _Groups:
    """Counts by sector or by domain and by state, largest group first."""
    groups: dict[str, dict[str, int]] = defaultdict(dict)
    for place, many in places.items():
        if place.kind == kind:
            group = groups[place.name]
            group[place.state] = group.get(place.state, 0) + many
    return sorted_groups(groups)


def sorted_groups(groups: Mapping[str, Mapping[str, int]]) -> _Groups:
    """The same, largest group first."""
    ordered = sorted(groups.items(), key=lambda group: (-sum(group[1].values()), group[0]))
    return {name: dict(counts) for name, counts in ordered}


def decoded_lists(value: str | None) -> tuple[str, ...]:
    """The slugs in a delivery's `lists`, read as text."""
    return tuple(json.loads(value or "[]"))


def recipients(
    connection: Connection,
    dispatch_ids: Sequence[int],
    states: tuple[str, ...] = (),
    contact: str = "",
    *,
    only_to_be_withheld: bool = False,
) -> Iterator[dict[str, Any]]:
    """Every recipient of these dispatches, in order, page by page: one dict each, with its `history` of attempts.

    With `contact`, those whose address or name holds these words, in any case; with `only_to_be_withheld`, those who
    wait and will not be sent to.
    """
    last, now = 0, clock_of(connection, clock.now())
    while True:
        statement = (
            select(
                *(_delivery.c[name] for name in _RECIPIENT_COLUMNS),
                _version.c.number.label("version"),
                _release.c.slug.label("release"),
                _dispatch.c.signed_off_by,
                func.coalesce(_wave.c.name, "").label("wave_name"),
                _holds_embargo().label("holds_embargo"),
                to_be_withheld().label("to_be_withheld"),
                case((_dispatch.c.started_at.is_(None), _dispatch.c.scheduled_at)).label("start"),
            )
            .join(_version, _version.c.id == _delivery.c.release_version_id)
            .join(_release, _release.c.id == _version.c.release_id)
            .join(_dispatch, _dispatch.c.id == _delivery.c.dispatch_id)
            .join(
                _wave,
                (_wave.c.dispatch_id == _delivery.c.dispatch_id) & (_wave.c.number == _delivery.c.wave),
                isouter=True,
            )
            .where(_delivery.c.dispatch_id.in_(dispatch_ids), _delivery.c.id > last)
            .order_by(_delivery.c.id)
            .limit(_PAGE)
        )
        if states:
            statement = statement.where(_delivery.c.state.in_(states))
        if contact:
            named = (_delivery.c[name].icontains(contact, autoescape=True) for name in ("name", "address"))
            statement = statement.where(or_(*named))
        if only_to_be_withheld:
            statement = statement.where(is_barred())
        page = [dict(row) for row in connection.execute(statement).mappings()]
        if not page:
            return
        last = page[-1]["id"]
        ids = [row["id"] for row in page]
        histories, corrections = _histories(connection, ids), corrections_of(connection, ids)
        for row in page:
            corrects, corrected_by = corrections.get(row["id"], ("", ""))
            yield {
                **_waiting(row, now),
                "corrects": corrects,
                "corrected_by": corrected_by,
                "history": histories.get(row["id"], []),
            }


def _holds_embargo() -> ColumnElement[bool]:
    """Whether a recipient may have it before the end of the embargo; of who does not wait for one nobody is asked."""
    waits = (_delivery.c.state == DeliveryState.QUEUED) & _delivery.c.embargo_until.is_not(None)
    return case((waits, holds_embargo()), else_=false())


def _waiting(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A recipient with `held_until`, before which nothing leaves to who is queued, and whether the embargo holds it."""
    embargo = None if row.pop("holds_embargo") else row["embargo_until"]
    hours = (row["not_before"], row.pop("start"), embargo)
    to_come = [one for one in hours if one is not None and one > now] if row["state"] == DeliveryState.QUEUED else []
    until = max(to_come, default=None)
    return {**row, "held_until": until, "by_embargo": until is not None and until == embargo}


def _histories(connection: Connection, delivery_ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    histories: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(
        select(*(_attempt.c[name] for name in _ATTEMPT_COLUMNS))
        .where(_attempt.c.delivery_id.in_(delivery_ids))
        .order_by(_attempt.c.delivery_id, _attempt.c.number)
    ).mappings():
        attempt = dict(row)
        histories[attempt.pop("delivery_id")].append(attempt)
    return histories


def report_as_json(report: Report, rows: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """The stable shape of `report --json`."""
    return {
        "release": report.slug,
        "headline": report.headline,
        "dispatches": [row.as_json() for row in report.dispatches],
        "totals": dict(report.totals),
        "assumed_sent": dict(report.assumed_sent),
        "to_be_withheld": dict(report.to_be_withheld),
        "by_sector": report.by_sector,
        "by_domain": report.by_domain,
        "chain": report.chain.as_json() if report.chain else None,
        "by_wave": report.by_wave,
        "recipients": list(rows),
    }

"""Every figure of every report, each from one query, used by all printers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, exists, func, or_, select, text
from sqlmodel import SQLModel

import distributor.models  # noqa: F401 - registers the tables
from distributor import clock
from distributor.db.engine import Database
from distributor.deliveries.leases import clock_of
from distributor.deliveries.steps import LEASE
from distributor.deliveries.tally import Place, tally
from distributor.deliveries.timing import Held
from distributor.deliveries.timing import held as held_of
from distributor.deliveries.workers import is_dead
from distributor.errors import BadInput
from distributor.reports.queries_chain import Chain, corrections_of, read_chain
from distributor.reports.queries_waves import WaveRow, waves_of
from distributor.states import ASSUMED_SENT, COOLING, HELD, LEFT_AFTER, LEFT_COOLING, DeliveryState, DispatchState

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


@dataclass(frozen=True, slots=True)
class DispatchRow:
    """One dispatch as listings show it. `counts` maps each delivery state that occurs to its number."""

    id: int
    slug: str
    headline: str
    version: int
    state: str
    pause_reason: str
    is_test: bool
    lists: list[str]
    excluded_lists: list[str]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    next_attempt_at: datetime | None
    counts: Mapping[str, int]
    stopped: bool = False
    """Whether it was stopped in the middle: somebody waits to be sent to now, and nobody carries it."""
    waits_until: datetime | None = None
    waits_for: str = ""
    account_id: int = 0
    scheduled_at: datetime | None = None
    not_after: datetime | None = None
    waves: tuple[WaveRow, ...] = ()
    held: tuple[Held, ...] = ()
    """Who waits for a wave or for the end of an embargo."""
    sign_offs: list[dict[str, Any]] = field(default_factory=list)
    """The signatures that held when it was planned: `name`, `actor`, `signed_at`, `digest`."""
    account: str = ""
    then: str = ""
    """The account that takes over when this one is refused."""
    takeover: Mapping[str, str] = field(default_factory=dict)

    @property
    def way(self) -> str:
        """Which account it goes through, and why that one."""
        if self.takeover:
            taken = self.takeover
            return f"Through «{self.account}», which took over from «{taken['from']}»: {taken['because']}"
        return f"Through «{self.account}»" + (f"; if that is refused, «{self.then}» takes over" if self.then else "")

    @property
    def words(self) -> str:
        """How it stands, and the command that goes on with it where it waits for one."""
        resume = f"distributor dispatches resume {self.id}"
        if self.stopped and not self.is_waiting:
            return f"stopped in the middle — {resume}"
        if (
            self.is_cooling
            or self.is_held
            or self.is_scheduled
            or (self.state == DispatchState.PLANNED and not self._waited_for)
        ):
            return self._words_of_its_start(resume)
        if self.state == DispatchState.PAUSED:
            return f"paused: {self.pause_reason} — {resume}"
        if self._waited_for:
            return f"waits: {self._waited_for} — distributor work goes on by itself"
        if self.state == DispatchState.RUNNING and self.next_attempt_at and not _now_waiting(self.counts):
            return "running: waits for the next attempt — distributor work"
        return self.state

    def _words_of_its_start(self, resume: str) -> str:
        if self.is_cooling:
            return f"cooling down, leaves in seconds — to recall it: distributor dispatches cancel {self.id}"
        if self.is_scheduled:
            return "scheduled — distributor work starts it"
        if not self.is_held:
            return f"planned, not started — {resume}"
        if self.held_because == LEFT_COOLING:
            return f"{LEFT_COOLING} — to send it: {resume}; to recall it: distributor dispatches cancel {self.id}"
        if self.started_at is not None:
            return f"{self.held_because} — to let it go: {resume}"
        put_off = f"distributor dispatches reschedule {self.id} --at …"
        return f"{self.held_because} — to start it anyway: {resume}; to put it off: {put_off}"

    @property
    def short(self) -> str:
        """How it stands, in one word."""
        return "held" if self.is_held else "scheduled" if self.is_scheduled else self.state

    @property
    def is_scheduled(self) -> bool:
        """Whether it waits for the hour at which it is to start."""
        return self.state == DispatchState.PLANNED and self.scheduled_at is not None and self.started_at is None

    @property
    def is_held(self) -> bool:
        """Whether only a person lets it go: its start came too late, or, once it had begun, a wave or an embargo's end;
        or it was left in its cool-down."""
        return bool(self.held_because)

    @property
    def held_because(self) -> str:
        """Why it is held, beginning «held: »; "" where it is not. Of what was left in its cool-down also before a
        `distributor work` has looked."""
        if self.state == DispatchState.PAUSED and self.pause_reason.startswith(HELD):
            return self.pause_reason
        return LEFT_COOLING if self._cools and self.waits_until < clock.now() - LEFT_AFTER else ""  # type: ignore[operator]

    @property
    def only_held(self) -> bool:
        """Whether everybody who is still to be sent to waits for a wave or for the end of an embargo."""
        return bool(self.held) and not _now_waiting(self.counts, self.held)

    @property
    def _waited_for(self) -> str:
        """What the dispatch as a whole waits for, if it does: the account, an embargo's end, a wave's hour."""
        if self.is_waiting:
            return self.waits_for
        if not self.only_held or self.state not in {DispatchState.PLANNED, DispatchState.RUNNING}:
            return ""
        first = self.held[0]
        if first.by_embargo:
            return "for the end of the embargo"
        return next((f"for wave {one.number}, {one.name}" for one in self.waves if one.number == first.wave), "")

    @property
    def is_open(self) -> bool:
        """Whether somebody may still be sent to."""
        return self.state not in {DispatchState.DONE, DispatchState.CANCELLED}

    @property
    def is_waiting(self) -> bool:
        """Whether the account has to wait before it goes on."""
        return self.state == DispatchState.RUNNING and self.waits_until is not None and self.waits_until > clock.now()

    @property
    def is_cooling(self) -> bool:
        """Whether it was just planned, and nothing leaves yet."""
        return self._cools and self.waits_until > clock.now()  # type: ignore[operator]

    @property
    def _cools(self) -> bool:
        """Whether it has a cool-down, past or not, that its command has not yet ended."""
        return (
            self.state == DispatchState.PLANNED
            and self.waits_for == COOLING
            and self.waits_until is not None
            and self.scheduled_at is None
        )

    @property
    def signed_off_by(self) -> str:
        """Who signed it, by name; "" where nobody had to."""
        return ", ".join(one["name"] for one in self.sign_offs)

    @property
    def total(self) -> int:
        """Everyone on the manifest, withheld ones included."""
        return sum(self.counts.values())

    def as_json(self) -> dict[str, Any]:
        """The stable shape: names are those of the tables."""
        return {
            "id": self.id,
            "release": self.slug,
            "headline": self.headline,
            "version": self.version,
            "state": self.state,
            "stopped": self.stopped,
            "pause_reason": self.held_because or self.pause_reason,
            "is_test": self.is_test,
            "lists": self.lists,
            "excluded_lists": self.excluded_lists,
            "created_at": self.created_at,
            "scheduled_at": self.scheduled_at,
            "not_after": self.not_after,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "next_attempt_at": self.next_attempt_at,
            "waits_until": self.waits_until if self.is_waiting or self.is_cooling else None,
            "waits_for": self.waits_for if self.is_waiting or self.is_cooling else "",
            "account": self.account,
            "then": self.then,
            "takeover": dict(self.takeover),
            "sign_offs": self.sign_offs,
            "waves": [wave.as_json() for wave in self.waves],
            "held": [
                {"total": one.many, "wave": one.wave, "until": one.until, "by_embargo": one.by_embargo}
                for one in self.held
            ],
            "total": self.total,
            "totals": {state.value: self.counts.get(state.value, 0) for state in DeliveryState},
        }


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
    statement = (
        select(
            _dispatch,
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
    counts, due = _standings(connection, [row["id"] for row in rows])
    numbers = [row["id"] for row in rows]
    waves, held_back = waves_of(connection, numbers), _held(connection, numbers)
    running = [
        row["id"]
        for row in rows
        if row["state"] == DispatchState.RUNNING and _now_waiting(counts[row["id"]], held_back.get(row["id"], ()))
    ]
    carried = _carried(connection, running)
    names = DispatchRow.__slots__
    return [
        DispatchRow(
            **{name: row[name] for name in names if name in row},
            next_attempt_at=due.get(row["id"]),
            counts=counts[row["id"]],
            stopped=row["id"] in running and not carried[row["id"]],
            waves=waves.get(row["id"], ()),
            held=tuple(held_back.get(row["id"], ())),
        )
        for row in rows
    ]


def _now_waiting(counts: Mapping[str, int], held: Sequence[Held] = ()) -> bool:
    """Whether somebody is to be sent to now, rather than at a later attempt or hour (`held`)."""
    under_way = (DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.SENDING)
    return sum(counts.get(state, 0) for state in under_way) > sum(one.many for one in held)


def _held(connection: Connection, dispatch_ids: Sequence[int]) -> dict[int, list[Held]]:
    """Dispatch → who of it waits for a wave or for the end of an embargo."""
    found: dict[int, list[Held]] = defaultdict(list)
    for one in held_of(connection, dispatch_ids, clock_of(connection, clock.now())):
        found[one.dispatch_id].append(one)
    return found


def _carried(connection: Connection, dispatch_ids: list[int]) -> dict[int, bool]:
    """Which of these running dispatches somebody carries, as far as can be seen from here.

    A living worker holds claims nearly all the time, and between two claims it has just written. Who stopped in order
    has left a word in the dispatch's row; of whoever was killed the claims are left.
    """
    now = clock.now()
    carried = dict.fromkeys(dispatch_ids, False)
    seen = set()
    held = select(_delivery.c.dispatch_id, _delivery.c.worker, func.max(_delivery.c.lease_until)).where(
        _delivery.c.dispatch_id.in_(dispatch_ids),
        _delivery.c.state.in_([DeliveryState.CLAIMED, DeliveryState.SENDING]),
    )
    for number, worker, lease_until in connection.execute(held.group_by(_delivery.c.dispatch_id, _delivery.c.worker)):
        seen.add(number)
        carried[number] = carried[number] or not is_dead(worker, lease_until, now)
    written = (
        select(_dispatch.c.id, func.max(_delivery.c.updated_at))
        .join(_delivery, _delivery.c.dispatch_id == _dispatch.c.id)
        .where(_dispatch.c.id.in_(set(dispatch_ids) - seen), _dispatch.c.pause_reason == "")
    )
    for number, last in connection.execute(written.group_by(_dispatch.c.id)):
        carried[number] = last > now - LEASE
    return carried


def find_dispatch(connection: Connection, dispatch_id: int) -> DispatchRow:
    """The dispatch with this number; `BadInput` when there is none."""
    found = dispatches(connection, dispatch_id=dispatch_id)
    if not found:
        raise BadInput(f"There is no dispatch {dispatch_id}.", mend="See: distributor dispatches list")
    return found[0]


def _standings(
    connection: Connection, dispatch_ids: list[int]
) -> tuple[dict[int, dict[str, int]], dict[int, datetime | None]]:
    """Counts by state, and when the first of the deferred is due: the one place where a dispatch is counted."""
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for place, many in tally(connection, dispatch_ids).items():
        if place.kind == "sector":  # everybody is counted by either
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
    chain: Chain | None = None
    """The chain of corrections that the release stands in; None where nothing was corrected."""

    @property
    def total(self) -> int:
        """Everyone on the manifests."""
        return sum(self.totals.values())

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


@contextmanager
def snapshot(database: Database) -> Iterator[Connection]:
    """A connection on which every query sees the same moment: figures and rows agree while a dispatch is running."""
    with database.reading() as connection:
        if not database.is_sqlite:  # there, a transaction is that already
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


def make_report(connection: Connection, *, slug: str = "", dispatch_id: int | None = None) -> Report:
    """The report of a release by its slug, or of one dispatch by its number; `BadInput` when nothing was sent yet.

    Read it and its recipients on one `snapshot`, or they may speak of two moments.
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
    connection: Connection, dispatch_ids: list[int], states: tuple[str, ...] = (), contact: str = ""
) -> Iterator[dict[str, Any]]:
    """Every recipient of these dispatches, in order, page by page: one dict each, with its `history` of attempts.

    With `contact`, those whose address or name holds these words, in any case.
    """
    last = 0
    while True:
        statement = (
            select(
                *(_delivery.c[name] for name in _RECIPIENT_COLUMNS),
                _version.c.number.label("version"),
                _release.c.slug.label("release"),
                _dispatch.c.signed_off_by,
                func.coalesce(_wave.c.name, "").label("wave_name"),
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
        page = [dict(row) for row in connection.execute(statement).mappings()]
        if not page:
            return
        last = page[-1]["id"]
        ids = [row["id"] for row in page]
        histories, corrections = _histories(connection, ids), corrections_of(connection, ids)
        for row in page:
            corrects, corrected_by = corrections.get(row["id"], ("", ""))
            yield {
                **row,
                "corrects": corrects,
                "corrected_by": corrected_by,
                "history": histories.get(row["id"], []),
            }


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
        "by_sector": report.by_sector,
        "by_domain": report.by_domain,
        "chain": report.chain.as_json() if report.chain else None,
        "by_wave": report.by_wave,
        "recipients": list(rows),
    }

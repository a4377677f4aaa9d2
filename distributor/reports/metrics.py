"""Figures for machines that watch: the ledger's counts as OpenMetrics text, and nothing about any person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select

from distributor import __version__, clock
from distributor.db.engine import Database
from distributor.deliveries.conditions import may_leave
from distributor.deliveries.leases import clock_of
from distributor.deliveries.steps import LEASE
from distributor.deliveries.tally import tally
from distributor.deliveries.workers import is_dead
from distributor.models import Delivery
from distributor.states import UNDER_WAY, DeliveryState, DispatchState

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_SECONDS = "seconds"

_TABLES = Delivery.metadata.tables
_delivery, _attempt, _dispatch = _TABLES["delivery"], _TABLES["attempt"], _TABLES["dispatch"]
_pace, _account, _worker = _TABLES["pace"], _TABLES["account"], _TABLES["worker"]

Sample = tuple[Mapping[str, str], float]


def metrics_text(database: Database, now: datetime | None = None) -> str:
    """All figures, each from the ledger as it is now; ends with the end-of-file mark that OpenMetrics wants."""
    with database.reading() as connection:
        moment = now or clock_of(connection, clock.now())
        families = [
            _family("distributor", "info", "The program.", [({"version": __version__}, 1)], suffix="_info"),
            _family("distributor_dispatches", "gauge", "Dispatches by state.", _dispatches(connection)),
            _family("distributor_deliveries", "gauge", "Deliveries by state, tests left out.", _deliveries(connection)),
            _family("distributor_attempts", "counter", "Attempts by verdict.", _attempts(connection), suffix="_total"),
            _family(
                "distributor_workers", "gauge", "Workers that send or wait for work.", _workers(connection, moment)
            ),
            _family(
                "distributor_oldest_due_seconds",
                "gauge",
                "How long the delivery that is due and waits longest has waited.",
                _oldest(connection, moment),
            ),
            _family(
                "distributor_pace_suspended_seconds",
                "gauge",
                "How long an account, or a provider through it, is still left alone.",
                _waits(connection, moment),
            ),
        ]
    return "".join(families) + "# EOF\n"


def _family(name: str, kind: str, words: str, samples: Iterable[Sample], suffix: str = "") -> str:
    lines = [f"# TYPE {name} {kind}", f"# HELP {name} {words}"]
    if name.endswith(f"_{_SECONDS}"):
        lines.insert(1, f"# UNIT {name} {_SECONDS}")
    for labels, value in samples:
        inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        lines.append(f"{name}{suffix}{{{inner}}} {value:.15g}" if inner else f"{name}{suffix} {value:.15g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _dispatches(connection: Connection) -> list[Sample]:
    counts = _counted(connection, select(_dispatch.c.state, func.count()).group_by(_dispatch.c.state))
    return [({"state": state.value}, counts.get(state.value, 0)) for state in DispatchState]


def _deliveries(connection: Connection) -> list[Sample]:
    numbers = connection.execute(select(_dispatch.c.id).where(_dispatch.c.is_test.is_(False))).scalars().all()
    counts: Counter[str] = Counter()
    for place, many in tally(connection, numbers, ["sector"]).items():
        counts[place.state] += many
    return [({"state": state.value}, counts[state.value]) for state in DeliveryState]


def _attempts(connection: Connection) -> list[Sample]:
    counts = _counted(connection, select(_attempt.c.verdict, func.count()).group_by(_attempt.c.verdict))
    return [({"verdict": verdict}, many) for verdict, many in sorted(counts.items())]


def _workers(connection: Connection, moment: datetime) -> list[Sample]:
    rows = connection.execute(select(_worker.c.name, _worker.c.seen_at))
    return [({}, sum(not is_dead(name, seen_at + LEASE, moment) for name, seen_at in rows))]


def _oldest(connection: Connection, moment: datetime) -> list[Sample]:
    """Since when: it was queued, or the hour of its dispatch or wave, or the end of its embargo, has come."""
    hours = (_dispatch.c.scheduled_at, _dispatch.c.started_at, _delivery.c.not_before, _delivery.c.embargo_until)
    rows = connection.execute(
        select(func.min(_delivery.c.updated_at), *hours)
        .join(_dispatch, _dispatch.c.id == _delivery.c.dispatch_id)
        .where(
            _delivery.c.state == DeliveryState.QUEUED,
            _dispatch.c.state.in_(UNDER_WAY),
            or_(_dispatch.c.scheduled_at.is_(None), _dispatch.c.scheduled_at <= moment),
            may_leave(moment),
        )
        .group_by(*hours)
    ).all()
    since = [max(hour for hour in row if hour is not None and hour <= moment) for row in rows if row[0] <= moment]
    return [({}, (moment - min(since)).total_seconds() if since else 0)]


def _waits(connection: Connection, moment: datetime) -> list[Sample]:
    rows = connection.execute(
        select(_account.c.name, _pace.c.scope, _pace.c.until)
        .join(_account, _account.c.id == _pace.c.account_id)
        .where(_pace.c.until > moment)
        .order_by(_account.c.name, _pace.c.scope)
    )
    return [
        ({"account": name, "what": scope or "account"}, (until - moment).total_seconds()) for name, scope, until in rows
    ]


def _counted(connection: Connection, statement: Any) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(statement)}

"""The figures for machines: OpenMetrics that a parser of its rules accepts, equal to the ledger, and nobody's name."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from ledgerbase import ACCEPTED, REJECTED, START, HandClock, add_deliveries, record_of
from movingclock import MovingClock
from sqlmodel import select

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import Batch
from distributor.models import Account, Pace
from distributor.reports.metrics import metrics_text
from distributor.states import DeliveryState

_LABEL = r'[a-z_]+="[^"\n]*"'
_LINE = re.compile(rf"# (TYPE|HELP) [a-z_]+ .+|# EOF|[a-z_]+(_total|_info)?(\{{{_LABEL}(,{_LABEL})*\}})? [0-9.e+-]+")


def figures(database: Database, at: HandClock) -> dict[str, float]:
    text = metrics_text(database, at())
    lines = text.splitlines()
    assert text.endswith("# EOF\n")
    assert [line for line in lines if not _LINE.fullmatch(line)] == []
    types = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(types) == len(set(types)), "a family stands once"
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def test_figures_are_those_of_the_ledger(database: Database) -> None:
    at = HandClock()
    dispatch_id, _ = add_deliveries(database, 5)
    log = DeliveryLog(database, "elsewhere:1:1:x", at)
    first, second, _third = log.claim(dispatch_id, 3)
    log.commit(Batch(begins=[first.id, second.id]))
    log.commit(Batch(records=[record_of(first.id, ACCEPTED), record_of(second.id, REJECTED)]))
    with database.session() as session:
        session.add(
            Pace(
                account_id=session.exec(select(Account.id)).one(),
                scope="orange.fr",
                until=START + timedelta(hours=2),
                reason="x",
            )
        )
    at.forward(seconds=30)
    found = figures(database, at)
    states = {state: found[f'distributor_deliveries{{state="{state}"}}'] for state in DeliveryState}
    assert states == dict.fromkeys(DeliveryState, 0) | {"accepted": 1, "rejected": 1, "claimed": 1, "queued": 2}
    assert found['distributor_attempts_total{verdict="accepted"}'] == 1
    assert found["distributor_workers"] == 1
    assert found["distributor_oldest_due_seconds"] == 30
    assert found['distributor_pace_suspended{what="orange.fr"}'] == 2 * 3600 - 30
    assert "@" not in metrics_text(database, at())


def test_an_empty_ledger_has_figures_too(database: Database) -> None:
    assert figures(database, HandClock())["distributor_workers"] == 0


def test_a_machine_whose_clock_is_hours_ahead_counts_the_same_workers(
    database: Database, moving_clock: MovingClock
) -> None:
    moving_clock.set(datetime.now(UTC), runs=True)
    dispatch_id, _ = add_deliveries(database, 1)
    DeliveryLog(database, "elsewhere:1:1:x").claim(dispatch_id, 1)
    if not database.is_sqlite:  # where the lease is by the database's clock, and so is its end
        moving_clock.move(hours=3)
    assert "distributor_workers 1\n" in metrics_text(database)

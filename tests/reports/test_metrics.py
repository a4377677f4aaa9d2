"""The figures for machines: OpenMetrics that a parser of its rules accepts, equal to the ledger, and nobody's name."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from databases import query_plans
from ledgerbase import ACCEPTED, REJECTED, START, HandClock, add_deliveries, record_of
from movingclock import MovingClock
from sqlalchemy import update
from sqlmodel import select

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import Batch
from distributor.deliveries.roster import Roster
from distributor.models import Account, Pace
from distributor.reports.metrics import metrics_text
from distributor.states import DeliveryState

# OpenMetrics 1.0: the grammar, as far as gauges, counters and infos without timestamps and exemplars need it.
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
_ABOUT = re.compile(rf"# (?:TYPE ({_NAME}) (gauge|counter|info)|(?:UNIT|HELP) ({_NAME}) (?:[^\\\n]|\\[\\n])*)")
_SAMPLE = re.compile(rf"({_NAME})(\{{(?:{_LABEL}(?:,{_LABEL})*)?\}})? ([0-9]+(?:\.[0-9]+)?(?:e[+-][0-9]+)?)")
_ENDINGS = {"gauge": "", "counter": "_total", "info": "_info"}


def figures(database: Database, at: HandClock) -> dict[str, float]:
    """The samples of the page, which has to be a whole and valid exposition."""
    *lines, eof, nothing = metrics_text(database, at()).split("\n")
    assert (eof, nothing) == ("# EOF", "")
    kinds: dict[str, str] = {}
    found: dict[str, float] = {}
    family = ""
    for line in lines:
        about = _ABOUT.fullmatch(line)
        if about is not None and about[1]:
            family = about[1]
            assert family not in kinds, "a family stands once, all its samples together"
            kinds[family] = about[2]
        elif about is not None:
            assert about[3] == family, line
        else:
            sample = _SAMPLE.fullmatch(line)
            assert sample is not None, line
            assert sample[1] == family + _ENDINGS[kinds[family]], line
            series = sample[1] + (sample[2] or "")
            assert series not in found, f"{series} stands twice"
            found[series] = float(sample[3])
    return found


def test_figures_are_those_of_the_ledger(database: Database) -> None:
    at = HandClock()
    dispatch_id, _ = add_deliveries(database, 5)
    log = DeliveryLog(database, "elsewhere:1:1:x", at)
    Roster(database, "elsewhere:1:1:x", at).beat(None, 1)
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
    assert found['distributor_pace_suspended_seconds{account="default",what="orange.fr"}'] == 2 * 3600 - 30
    assert "@" not in metrics_text(database, at())


def test_of_what_is_over_no_delivery_is_read(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("an empty PostgreSQL table is rightly read whole")
    add_deliveries(database, 2)
    with query_plans(database) as steps:
        figures(database, HandClock())
    assert any(step.startswith("SEARCH delivery") for step in steps), steps
    assert [step for step in steps if step.startswith("SCAN delivery")] == []


def test_an_empty_ledger_has_figures_too(database: Database) -> None:
    assert figures(database, HandClock())["distributor_workers"] == 0


def test_many_are_counted_to_the_last_one(database: Database) -> None:
    """Six figures of a number are not the number: 1,234,567 is not 1.23457e+06."""
    add_deliveries(database, 1)
    at = HandClock()
    with database.transaction() as connection:
        connection.execute(
            update(Pace.metadata.tables["delivery"]).values(updated_at=START - timedelta(seconds=12_345_678))
        )
    assert figures(database, at)["distributor_oldest_due_seconds"] == 12_345_678


def test_two_accounts_that_wait_for_one_provider_are_two_series(database: Database) -> None:
    add_deliveries(database, 1)
    with database.session() as session:
        session.add(Account(id=2, name='the "second"\\one'))
        session.flush()
        for number, hours in zip(session.exec(select(Account.id)).all(), (1, 2), strict=True):
            for scope in ("", "orange.fr"):
                session.add(Pace(account_id=number, scope=scope, until=START + timedelta(hours=hours), reason="x"))
    found = figures(database, HandClock())
    assert sorted(seconds for series, seconds in found.items() if "pace_suspended" in series) == [
        3600,
        3600,
        7200,
        7200,
    ]


def test_a_machine_whose_clock_is_hours_ahead_counts_the_same_workers(
    database: Database, moving_clock: MovingClock
) -> None:
    moving_clock.set(datetime.now(UTC), runs=True)
    Roster(database, "elsewhere:1:1:x").beat(None, 1)
    if not database.is_sqlite:  # where the lease is by the database's clock, and so is its end
        moving_clock.move(hours=3)
    assert "distributor_workers 1\n" in metrics_text(database)


def test_units_are_told_as_openmetrics_wants_them(database: Database) -> None:
    lines = metrics_text(database, START).splitlines()
    for name in ("distributor_oldest_due_seconds", "distributor_pace_suspended_seconds"):
        place = lines.index(f"# TYPE {name} gauge")
        assert lines[place + 1] == f"# UNIT {name} seconds"


@pytest.mark.parametrize(
    ("table", "waits"),
    [
        ("delivery", {"not_before": START + timedelta(hours=10)}),
        ("delivery", {"embargo_until": START + timedelta(hours=10)}),
        ("dispatch", {"scheduled_at": START + timedelta(hours=10), "state": "planned", "started_at": None}),
    ],
)
def test_who_waits_for_an_hour_is_due_from_then_on(database: Database, table: str, waits: dict[str, object]) -> None:
    """An alarm on it must not sound all night for a wave, an embargo or a start; and must when nobody starts it."""
    at = HandClock()
    add_deliveries(database, 1)
    with database.transaction() as connection:
        connection.execute(update(Pace.metadata.tables[table]).values(**waits))
    at.forward(hours=9)
    assert figures(database, at)["distributor_oldest_due_seconds"] == 0
    at.forward(hours=1, seconds=30)
    assert figures(database, at)["distributor_oldest_due_seconds"] == 30

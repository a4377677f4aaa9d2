"""Every figure of a report agrees to the unit with the rows behind it."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from databases import empty, on_sqlite
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledgerbase import (
    ACCEPTED,
    DEFERRED,
    REJECTED,
    START,
    HandClock,
    add_dispatch,
    add_version,
    delivery_row,
    record_of,
)
from movingclock import MovingClock
from sqlalchemy import select, update
from sqlmodel import col

from distributor import clock
from distributor.db.engine import Database
from distributor.deliveries.conditions import CAME_BACK, OBJECTED
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import Batch
from distributor.deliveries.roster import Roster
from distributor.deliveries.steps import LEASE
from distributor.deliveries.workers import worker_name
from distributor.errors import BadInput
from distributor.models import Delivery, Dispatch, Suppression, Worker
from distributor.reports import queries
from distributor.reports.queries import Report, make_report, report_as_json
from distributor.states import GAVE_WAY, RETURNED, DeliveryState

SECTORS = ("Santé", "Économie", "")
RECIPIENT_KEYS = {
    "id", "dispatch_id", "address", "name", "outlet", "outlet_kind", "sector", "domain", "language", "lists", "state",
    "reason", "verdict", "phase", "code", "enhanced_code", "reply", "attempts", "message_id", "accepted_at",
    "next_attempt_at", "updated_at", "version", "release", "signed_off_by", "corrects", "corrected_by", "history",
    "wave", "wave_name", "not_before", "embargo_until", "held_until", "by_embargo", "to_be_withheld",
}  # fmt: skip
ATTEMPT_KEYS = {
    "number", "started_at", "duration_ms", "phase", "verdict", "state", "code", "enhanced_code", "reply", "server",
    "tls",
}  # fmt: skip
DISPATCH_KEYS = {
    "id", "release", "headline", "version", "state", "stopped", "pause_reason", "is_test", "lists", "excluded_lists",
    "sign_offs", "account", "then", "takeover",
    "created_at", "scheduled_at", "not_after",
    "started_at", "finished_at", "next_attempt_at", "waits_until", "waits_for", "total", "totals", "waves", "held",
}  # fmt: skip

people = st.lists(st.tuples(st.sampled_from(list(DeliveryState)), st.sampled_from(SECTORS), st.integers(0, 3)))
bases = st.lists(st.tuples(people, st.booleans()), min_size=1, max_size=3)


def fill(database: Database, dispatches: list[tuple[list[tuple[DeliveryState, str, int]], bool]]) -> list[int]:
    """Dispatches of one release as the strategy draws them; return their numbers."""
    version_id = add_version(database)
    numbers = []
    serial = 0
    for rows, is_test in dispatches:
        dispatch_id = add_dispatch(database, version_id, is_test=is_test, state="running", lists=["sante"])
        numbers.append(dispatch_id)
        planned = []
        for state, sector, domain in rows:
            serial += 1
            due = START + timedelta(minutes=serial) if state == DeliveryState.DEFERRED else None
            planned.append(
                delivery_row(dispatch_id, version_id, serial)
                | {"state": state, "sector": sector, "domain": f"d{domain}.example", "next_attempt_at": due}
            )
        with database.transaction() as connection:
            DeliveryLog(database, "planner").plan(connection, planned)
    return numbers


def report_of(database: Database, *, slug: str = "", dispatch_id: int | None = None) -> Report:
    with database.reading() as connection:
        return make_report(connection, slug=slug, dispatch_id=dispatch_id)


def rows_of(database: Database, report: Report, *states: str) -> list[dict[str, Any]]:
    with database.reading() as connection:
        return list(queries.recipients(connection, report.dispatch_ids, states))


@settings(max_examples=12, suppress_health_check=list(HealthCheck), derandomize=True)
@given(bases)
def test_totals_sectors_domains_and_recipients_agree(
    database: Database, drawn: list[tuple[list[tuple[DeliveryState, str, int]], bool]]
) -> None:
    empty(database)
    numbers = fill(database, drawn)
    real = [row for rows, is_test in drawn if not is_test for row in rows]
    if all(is_test for _rows, is_test in drawn):
        with pytest.raises(BadInput):
            report_of(database, slug="ouverture")
        return
    report = report_of(database, slug="ouverture")
    assert report.dispatch_ids == [n for n, (_rows, is_test) in zip(numbers, drawn, strict=True) if not is_test]
    assert report.total == len(real)
    by_state = Counter(state.value for state, _sector, _domain in real)
    assert report.totals == {state.value: by_state[state.value] for state in DeliveryState}
    for group, column in ((report.by_sector, 1), (report.by_domain, 2)):
        wanted: dict[str, Counter[str]] = defaultdict(Counter)
        for row in real:
            wanted[row[1] if column == 1 else f"d{row[2]}.example"][row[0].value] += 1
        assert group == wanted
        sizes = [sum(counts.values()) for counts in group.values()]
        assert sizes == sorted(sizes, reverse=True)
    found = rows_of(database, report)
    assert [row["id"] for row in found] == sorted({row["id"] for row in found})
    assert Counter(row["state"] for row in found) == by_state
    for state in DeliveryState:
        assert len(rows_of(database, report, state)) == by_state[state.value]
    for dispatch in report.dispatches:
        standing = DeliveryLog(database, "x").standing(dispatch.id)
        assert dispatch.counts == standing.counts
        assert (dispatch.total, dispatch.next_attempt_at) == (standing.total, standing.next_attempt_at)


def attempted(database: Database) -> Report:
    """A dispatch to three: one accepted the second time, one rejected, one who waits."""
    clock = HandClock()
    version_id = add_version(database)
    dispatch_id = add_dispatch(database, version_id, state="running", lists=["sante"], excluded_lists=["amis"])
    log = DeliveryLog(database, "w1", clock)
    with database.transaction() as connection:
        log.plan(connection, [delivery_row(dispatch_id, version_id, number) for number in range(3)])
    first, second, third = (one.id for one in log.claim(dispatch_id, 3))
    log.commit(Batch(records=[record_of(first, DEFERRED, next_attempt_at=START), record_of(second, REJECTED)]))
    log.commit(Batch(records=[record_of(third, DEFERRED, next_attempt_at=START + timedelta(hours=1))]))
    log.claim(dispatch_id, 1)
    log.commit(Batch(begins=[first]))
    log.commit(Batch(records=[record_of(first, ACCEPTED)]))
    return report_of(database, dispatch_id=dispatch_id)


def test_json_has_the_documented_shape(database: Database) -> None:
    report = attempted(database)
    with database.reading() as connection:
        made = report_as_json(report, queries.recipients(connection, report.dispatch_ids))
    shown = json.loads(json.dumps(made, default=str))
    assert list(shown) == [
        "release", "headline", "dispatches", "totals", "assumed_sent", "to_be_withheld", "by_sector", "by_domain",
        "chain", "by_wave", "recipients",
    ]  # fmt: skip
    assert set(shown["dispatches"][0]) == DISPATCH_KEYS
    assert set(shown["totals"]) == set(shown["dispatches"][0]["totals"]) == set(DeliveryState)
    assert shown["by_sector"] == {"Santé": {"accepted": 1, "rejected": 1, "deferred": 1}}
    assert all(set(one) == RECIPIENT_KEYS for one in shown["recipients"])
    assert all(set(attempt) == ATTEMPT_KEYS for one in shown["recipients"] for attempt in one["history"])


def test_who_waits_and_will_be_withheld_is_counted_as_they_are_listed(database: Database) -> None:
    """By the very reason that the claim then gives; who does not wait any more is not asked about."""
    everybody = tuple(DeliveryState)
    (dispatch_id,) = fill(database, [([(state, "", 0) for state in everybody for _ in range(3)], False)])
    report = report_of(database, dispatch_id=dispatch_id)
    assert report.to_be_withheld == {}
    with database.session() as session:
        for number, one in enumerate(rows_of(database, report)):
            told = {0: "reply", 1: f"{RETURNED}550 5.1.1", 2: ""}[number % 3]
            key = session.scalars(select(col(Delivery.address_hash)).where(col(Delivery.id) == one["id"])).one()
            if told:
                session.add(Suppression(address_hash=key, key_id="k", reason=told, created_at=START))
    report = report_of(database, dispatch_id=dispatch_id)
    assert report.to_be_withheld == {OBJECTED: 2, CAME_BACK: 2}
    found = rows_of(database, report)
    assert Counter(one["to_be_withheld"] for one in found) == {OBJECTED: 2, CAME_BACK: 2, "": len(found) - 4}
    with database.reading() as connection:
        listed = list(queries.recipients(connection, [dispatch_id], only_to_be_withheld=True))
    assert listed == [one for one in found if one["to_be_withheld"]]
    assert {one["state"] for one in listed} == {DeliveryState.QUEUED, DeliveryState.DEFERRED}


def test_every_recipient_comes_with_the_servers_words_of_every_attempt(database: Database) -> None:
    first, second, third = rows_of(database, attempted(database))
    assert (first["state"], first["attempts"], first["reply"], first["accepted_at"]) == (
        "accepted",
        2,
        ACCEPTED.reply,
        START,
    )
    assert [(one["number"], one["code"], one["reply"]) for one in first["history"]] == [
        (1, 450, DEFERRED.reply),
        (2, 250, ACCEPTED.reply),
    ]
    assert (second["code"], second["enhanced_code"], len(second["history"])) == (550, "5.1.1", 1)
    assert third["next_attempt_at"] == START + timedelta(hours=1)


def test_recipients_are_read_page_by_page_and_all(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "_PAGE", 7)
    fill(database, [([(DeliveryState.ACCEPTED, "Santé", 0)] * 30, False)])
    report = report_of(database, slug="ouverture")
    assert len(rows_of(database, report)) == len(rows_of(database, report, "accepted")) == 30
    assert rows_of(database, report, "rejected") == []


def test_what_was_never_sent_has_no_report(database: Database) -> None:
    add_version(database)
    with pytest.raises(BadInput, match="has not been sent yet") as caught:
        report_of(database, slug="ouverture")
    assert caught.value.mend.startswith("See: distributor send ouverture ")
    with pytest.raises(BadInput, match="no dispatch 7"):
        report_of(database, dispatch_id=7)


def test_a_test_stays_out_of_the_releases_report_and_has_its_own(database: Database) -> None:
    real, test = fill(
        database,
        [([(DeliveryState.ACCEPTED, "Santé", 0)], False), ([(DeliveryState.REJECTED, "Santé", 0)], True)],
    )
    assert report_of(database, slug="ouverture").dispatch_ids == [real]
    assert report_of(database, dispatch_id=test).totals["rejected"] == 1
    with database.reading() as connection:
        assert [(row.id, row.is_test) for row in queries.dispatches(connection)] == [(real, False), (test, True)]
        assert queries.find_dispatch(connection, test).slug == "ouverture"


def at_work(database: Database, name: str, dispatch_id: int | None, **values: Any) -> None:
    """A worker of the roster, as it says of itself."""
    with database.session() as session:
        session.add(Worker(name=name, host="m", pid=1, dispatch_id=dispatch_id, **values))


def test_who_is_carried_is_seen_by_the_roster(database: Database) -> None:
    """A process of this machine is seen to live, one of another machine has its lease; what they left says nothing."""
    version_id = add_version(database)

    def running(**values: Any) -> int:
        number = add_dispatch(database, version_id, state="running", pause_reason=values.pop("reason", ""))
        waits = {name: values.pop(name) for name in ("waits_until", "waits_for") if name in values}
        with database.transaction() as connection:
            if waits:
                connection.execute(update(Dispatch).where(col(Dispatch.id) == number).values(**waits))
            DeliveryLog(database, "x").plan(
                connection, [delivery_row(number, version_id, 1) | {"updated_at": clock.now()} | values]
            )
        return number

    now = clock.now()
    claim = {"state": "claimed", "worker": "elsewhere:1:2:3", "lease_until": now + LEASE}
    here, there, gone_here, gone_there = (running(**claim) for _ in range(4))
    at_work(database, worker_name(), here)
    at_work(database, "elsewhere:1:2:3", there, seen_at=now - LEASE / 2)
    at_work(database, worker_name().replace(f":{os.getpid()}:", ":4194304:"), gone_here)
    at_work(database, "elsewhere:1:2:4", gone_there, seen_at=now - LEASE - timedelta(minutes=1))
    wanted = {
        here: False,
        there: False,
        gone_here: True,
        gone_there: True,
        running(): True,
        running(reason="stopped by its user"): True,
        running(waits_until=now + LEASE, waits_for="500 messages an hour are used up"): False,
        running(waits_until=now - LEASE, waits_for="500 messages an hour are used up"): True,
        running(waits_for=GAVE_WAY): False,
        running(state="deferred", next_attempt_at=now): False,
    }
    with database.reading() as connection:
        assert {row.id: row.stopped for row in queries.dispatches(connection)} == wanted


@pytest.mark.parametrize(("accounts", "stopped"), [([], False), (["default"], False), (["other"], True)])
@on_sqlite
def test_whoever_waits_for_work_through_its_account_is_about_to_carry_it(
    database: Database, accounts: list[str], stopped: bool
) -> None:
    version_id = add_version(database)
    number = add_dispatch(database, version_id, state="running")
    with database.transaction() as connection:
        DeliveryLog(database, "x").plan(connection, [delivery_row(number, version_id, 1)])
    at_work(database, worker_name(), None, accounts=accounts)
    with database.reading() as connection:
        row = queries.find_dispatch(connection, number)
    assert row.stopped == stopped


def test_a_machine_whose_clock_is_hours_ahead_says_the_same_of_a_dispatch(
    database: Database, moving_clock: MovingClock
) -> None:
    """Who carries it on another machine, and what it waits for, are by the database's clock where it is shared."""
    moving_clock.set(datetime.now(UTC), runs=True)
    version_id = add_version(database)
    waits = {"waits_until": clock.now() + timedelta(hours=1), "waits_for": "500 messages an hour are used up"}
    numbers = []
    for values in ({"waits_for": ""}, waits):
        numbers.append(add_dispatch(database, version_id, state="running"))
        with database.transaction() as connection:
            connection.execute(update(Dispatch).where(col(Dispatch.id) == numbers[-1]).values(**values))
            DeliveryLog(database, "planner").plan(connection, [delivery_row(numbers[-1], version_id, 1)])
    Roster(database, "elsewhere:1:1:x").beat(numbers[0], 1)
    if not database.is_sqlite:
        moving_clock.move(hours=3)
    with database.reading() as connection:
        carried, waiting = queries.dispatches(connection)
    assert not carried.stopped
    assert waiting.as_json()["waits_for"] == "500 messages an hour are used up"
    assert waiting.short == "waits"

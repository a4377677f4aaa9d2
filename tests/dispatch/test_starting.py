"""Starts, late starts and cut-offs, in the ledger: on both databases, by a clock that is set by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ledgerbase import DELIVERY, START, HandClock, add_deliveries
from sqlalchemy import select, update
from sqlmodel import col

from distributor import clock
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import Batch
from distributor.deliveries.roster import Roster
from distributor.deliveries.workers import worker_name
from distributor.dispatch.hours.instants import say_instant
from distributor.dispatch.hours.rescheduling import put_back, reschedule
from distributor.dispatch.hours.schedule import Schedule, TakenUp
from distributor.errors import BadInput, Refused
from distributor.models import Audit, Dispatch, Worker

PARIS = ZoneInfo("Europe/Paris")
HOUR = START + timedelta(hours=3)
LATE = timedelta(minutes=15)


class Case:
    """A dispatch to three people that is to start in three hours, and the clock."""

    def __init__(self, database: Database, **values: Any) -> None:
        self.database = database
        self.clock = HandClock()
        self.number, self.ids = add_deliveries(database, 3)
        self.put(scheduled_at=HOUR, **values)
        self.log = DeliveryLog(database, "worker", self.clock)
        self.schedule = Schedule(database=database, log=self.log, timezone=PARIS, late=LATE, now=self.clock)

    def put(self, **values: Any) -> None:
        with self.database.transaction() as connection:
            connection.execute(update(Dispatch).where(col(Dispatch.id) == self.number).values(**values))

    @property
    def row(self) -> Dispatch:
        with self.database.session() as session:
            found = session.get(Dispatch, self.number)
            assert found is not None
            return found

    def states(self) -> list[tuple[str, str]]:
        with self.database.reading() as connection:
            rows = connection.execute(select(DELIVERY.c.state, DELIVERY.c.reason).order_by(DELIVERY.c.id))
            return [(state, reason) for state, reason in rows]

    def audits(self) -> list[str]:
        with self.database.reading() as connection:
            return list(connection.execute(select(col(Audit.action)).order_by(col(Audit.id))).scalars())


def test_nobody_is_taken_before_the_start_whatever_asks(database: Database) -> None:
    case = Case(database)
    case.clock.moment = HOUR - timedelta(microseconds=1)
    assert not case.schedule.has_due()
    assert case.schedule.take_up() == TakenUp()
    assert case.log.claim(case.number, 10) == []
    case.clock.moment = HOUR
    assert case.log.claim(case.number, 10) == [], "its hour has come, and nobody has started it"
    assert case.schedule.has_due()
    assert case.schedule.take_up() == TakenUp((case.number,))
    assert (case.row.state, case.row.started_at, case.row.message_date) == ("running", HOUR, HOUR)
    assert len(case.log.claim(case.number, 10)) == 3
    assert case.schedule.take_up() == TakenUp(), "once"


def test_a_start_bears_its_own_hour_and_no_other(database: Database) -> None:
    case = Case(database)
    case.clock.moment = HOUR + timedelta(minutes=15)
    assert case.schedule.take_up().started == (case.number,)
    assert case.row.message_date == HOUR + timedelta(minutes=15)


@pytest.mark.parametrize("late_by", [timedelta(minutes=15, microseconds=1), timedelta(days=3)])
def test_a_late_start_is_held(database: Database, late_by: timedelta) -> None:
    case = Case(database)
    case.clock.moment = HOUR + late_by
    ((number, why),) = case.schedule.take_up().held
    assert number == case.number
    assert say_instant(HOUR, PARIS) in why
    assert (case.row.state, case.row.pause_reason, case.row.started_at) == ("paused", f"held: {why}", None)
    assert case.audits() == ["dispatches.hold"]
    assert case.schedule.take_up() == TakenUp()
    assert case.log.claim(case.number, 10) == []


def test_a_start_that_slips_past_midnight_is_late(database: Database) -> None:
    case = Case(database)
    midnight = START.replace(hour=23)  # in Paris
    assert case.schedule.is_late(midnight - timedelta(minutes=1), midnight + timedelta(minutes=1))
    assert not case.schedule.is_late(midnight, midnight + timedelta(minutes=1))


def test_what_was_started_and_left_lying_is_held_by_whoever_begins_to_work(database: Database) -> None:
    case = Case(database)
    case.clock.moment = HOUR
    case.schedule.take_up()
    case.clock.moment = HOUR + timedelta(hours=5)
    assert case.schedule.take_up() == TakenUp(), "whoever works on has it in hand"
    alive = Roster(database, "host:0:alive:1", case.clock)
    alive.beat(None, 0)
    own = Roster(database, "host:0:own:2", case.clock)
    own.beat(None, 0)
    assert case.schedule.take_up(own) == TakenUp(), "another one lives, and may be about to carry it"
    alive.leave()
    assert [number for number, _ in case.schedule.take_up(own).held] == [case.number]
    assert case.row.started_at is None


def test_a_worker_of_other_accounts_has_nothing_in_hand(database: Database) -> None:
    case = Case(database)
    case.clock.moment = HOUR
    case.schedule.take_up()
    case.clock.moment = HOUR + timedelta(hours=5)
    own = Roster(database, "host:0:own:2", case.clock)
    Roster(database, "host:0:other:1", case.clock, accounts=["relais", "fax"]).beat(None, 0)
    Roster(database, "host:0:same:3", case.clock, accounts=["relais", "default"]).beat(None, 0)
    assert case.schedule.take_up(own) == TakenUp(), "one of them sends through its account"
    Roster(database, "host:0:same:3", case.clock).leave()
    assert [number for number, _ in case.schedule.take_up(own).held] == [case.number]


def test_a_worker_that_sleeps_has_nothing_in_hand(database: Database) -> None:
    """Its process lives, on this machine, and has done nothing for hours: what it had started is held all the same."""
    case = Case(database)
    case.clock.moment = HOUR
    name = worker_name()
    Roster(database, name, case.clock).beat(None, 0)
    case.schedule.take_up()
    case.clock.moment = HOUR + timedelta(hours=5)
    own = Roster(database, "host:0:own:2", case.clock)
    own.beat(None, 0)
    with database.transaction() as connection:  # moments of the roster are the database's own
        slept = update(Worker).where(col(Worker.name) == name).values(seen_at=clock.now() - timedelta(hours=5))
        connection.execute(slept if not database.is_sqlite else slept.values(seen_at=HOUR))
    assert [one["name"] for one in own.others()] == [name]
    assert [number for number, _ in case.schedule.take_up(own).held] == [case.number]
    assert case.log.claim(case.number, 10) == [], "the sleeper wakes to nothing"


def test_what_has_been_tried_is_not_held(database: Database) -> None:
    case = Case(database)
    case.clock.moment = HOUR
    case.schedule.take_up()
    claimed = case.log.claim(case.number, 1)
    assert case.log.commit(Batch(begins=[claimed[0].id])) == []
    case.clock.moment = HOUR + timedelta(hours=5)
    assert case.schedule.take_up(Roster(database, "host:0:own:2", case.clock)) == TakenUp()


def test_nothing_begins_after_the_cut_off_and_who_is_left_is_withheld(database: Database) -> None:
    case = Case(database, not_after=HOUR + timedelta(hours=1))
    case.clock.moment = HOUR
    case.schedule.take_up()
    first, second = case.log.claim(case.number, 2)
    assert case.log.commit(Batch(begins=[first.id])) == []
    case.clock.moment = HOUR + timedelta(hours=1)
    assert case.log.commit(Batch(begins=[second.id])) == [second.id], "claimed in time, and not begun"
    assert case.log.claim(case.number, 10) == []
    assert case.log.is_called_off(case.number)
    case.log.release([second.id])
    assert case.schedule.cut_off() == {case.number: 2}
    assert case.states() == [("sending", ""), ("withheld", "cut-off"), ("withheld", "cut-off")]
    assert case.row.state == "running", "one is on the wire"
    assert case.audits() == ["dispatches.cut_off"]
    case.log.abandon()
    assert case.schedule.cut_off() == {case.number: 0}
    assert (case.row.state, case.audits()) == ("done", ["dispatches.cut_off"])


def test_a_cut_off_leaves_a_dispatch_as_somebody_ended_it_meanwhile(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row says why it was cancelled: because its text was corrected, say."""
    case = Case(database, not_after=HOUR)
    case.clock.moment = HOUR
    cut_off = case.log.cut_off

    def cancelled_first(dispatch_id: int, moment: datetime) -> int:
        case.put(state="cancelled", pause_reason="corrected by «ouverture-rectificatif»")
        return cut_off(dispatch_id, moment)

    monkeypatch.setattr(case.log, "cut_off", cancelled_first)
    case.schedule.cut_off()
    assert (case.row.state, case.row.pause_reason) == ("cancelled", "corrected by «ouverture-rectificatif»")


def test_a_held_dispatch_is_cut_off_too(database: Database) -> None:
    case = Case(database, not_after=HOUR + timedelta(hours=1), state="paused", pause_reason="held: late")
    case.clock.moment = HOUR + timedelta(hours=2)
    assert case.schedule.cut_off() == {case.number: 3}
    assert case.row.state == "done"


def test_how_long_until_the_next_hour(database: Database) -> None:
    case = Case(database, not_after=HOUR + timedelta(minutes=30))
    assert case.schedule.seconds_to_next(5) == 5
    case.clock.moment = HOUR - timedelta(seconds=2)
    assert case.schedule.seconds_to_next(5) == 2
    case.clock.moment = HOUR
    case.schedule.take_up()
    assert case.schedule.seconds_to_next(5) == 5
    case.clock.moment = HOUR + timedelta(minutes=29, seconds=59)
    assert case.schedule.seconds_to_next(5) == 1


def test_a_pause_before_the_hour_is_taken_back(database: Database) -> None:
    case = Case(database, state="paused", pause_reason="paused by anne")
    assert put_back(database, case.number, START, PARIS, "anne") == HOUR
    assert (case.row.state, case.row.pause_reason) == ("planned", "")
    with pytest.raises(Refused, match="nothing of it leaves before"):
        put_back(database, case.number, START, PARIS, "anne")
    assert put_back(database, case.number, HOUR, PARIS, "anne") is None, (
        "its hour has come: it is for a resume to start"
    )
    assert case.audits() == ["dispatches.resume"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": "running", "started_at": START}, "has begun"),
        ({"state": "paused", "started_at": START}, "has begun"),
        ({"state": "done"}, "is done"),
        ({"state": "cancelled"}, "is cancelled"),
    ],
)
def test_what_has_begun_or_is_over_gets_no_other_start(database: Database, values: dict[str, Any], words: str) -> None:
    case = Case(database, **values)
    with pytest.raises(BadInput, match=words), database.session() as session:
        reschedule(session, case.number, HOUR, None, "anne")
    assert case.audits() == []

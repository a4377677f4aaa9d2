"""Waves and ends of embargoes that came while nobody was there: on both databases, by a clock that is set by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ledgerbase import DELIVERY, START, HandClock, add_deliveries
from sqlalchemy import select, update
from sqlmodel import col

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.missed import Missed, let_go, missed
from distributor.deliveries.timing import move_embargo
from distributor.dispatch.hours.attendance import Attendance
from distributor.dispatch.hours.schedule import Schedule
from distributor.models import Delivery, Dispatch, Wave
from distributor.states import DeliveryState

PARIS = ZoneInfo("Europe/Paris")
HOUR = START + timedelta(hours=3)
NIGHT = START + timedelta(hours=18)
LATE = timedelta(minutes=15)


class Case:
    """Four people, two of a wave that has left, two of what `waits` for its hour."""

    def __init__(self, database: Database, **waits: Any) -> None:
        self.database, self.clock = database, HandClock()
        self.number, self.ids = add_deliveries(database, 4)
        self.log = DeliveryLog(database, "worker", self.clock)
        self.schedule = Schedule(database=database, log=self.log, timezone=PARIS, late=LATE, now=self.clock)
        with database.session() as session:
            session.add(Wave(dispatch_id=self.number, number=1, name="agences", began_at=START))
            session.add(Wave(dispatch_id=self.number, number=2, name="nationaux", starts_at=HOUR))
        self.put(self.ids[:2], wave=1, state=DeliveryState.ACCEPTED, attempts=1)
        self.put(self.ids[2:], **waits)
        with database.transaction() as connection:
            connection.execute(update(Dispatch).values(started_at=START, state="running"))

    def put(self, ids: list[int], **values: Any) -> None:
        with self.database.transaction() as connection:
            connection.execute(update(DELIVERY).where(DELIVERY.c.id.in_(ids)).values(**values))

    def missed(self) -> list[Missed]:
        with self.database.reading() as connection:
            return missed(connection, self.clock())

    def hold(self, since: datetime, *, in_hand: bool = False) -> list[int]:
        held = self.schedule.hold_missed(since, lambda _number: in_hand).missed
        return [number for number, _why in held]

    def hours(self) -> set[datetime | None]:
        with self.database.reading() as connection:
            return set(
                connection.execute(select(col(Delivery.not_before)).where(DELIVERY.c.state == "queued")).scalars()
            )


KINDS = pytest.mark.parametrize("waits", [{"wave": 2, "not_before": HOUR}, {"wave": 1, "embargo_until": HOUR}])


@KINDS
def test_it_is_missed_from_its_hour_on_until_it_begins(database: Database, waits: dict[str, Any]) -> None:
    case = Case(database, **waits)
    case.clock.moment = HOUR - timedelta(microseconds=1)
    assert case.missed() == []
    case.clock.moment = NIGHT
    assert case.missed() == [Missed(case.number, "default", waits["wave"], HOUR, "embargo_until" in waits)]
    assert len(case.log.claim(case.number, 1)) == 1
    case.log.release(case.ids[2:])
    if "embargo_until" in waits:
        case.put(case.ids[2:3], attempts=1, state=DeliveryState.REJECTED)
    assert case.missed() == [], "what has begun to leave goes on"


@KINDS
def test_it_is_held_only_by_whoever_came_too_late_for_it(database: Database, waits: dict[str, Any]) -> None:
    case = Case(database, **waits)
    case.clock.moment = NIGHT
    assert case.hold(START) == [], "busy all day with what is ahead of it"
    assert case.hold(HOUR + LATE) == [], "there in time"
    assert case.hold(NIGHT, in_hand=True) == [], "another worker was there"
    assert case.hold(HOUR + LATE + timedelta(microseconds=1)) == [case.number]
    assert case.hold(NIGHT) == [], "once"
    assert case.log.claim(case.number, 10) == []


@KINDS
def test_let_go_it_has_a_new_hour_which_can_be_missed_again(database: Database, waits: dict[str, Any]) -> None:
    case = Case(database, **waits)
    case.clock.moment = NIGHT
    with database.transaction() as connection:
        let_go(connection, case.number, NIGHT)
    assert case.hours() == {NIGHT}
    assert case.hold(NIGHT) == []
    assert case.hold(NIGHT + timedelta(hours=1)) == [case.number]
    assert case.log.claim(case.number, 10) == []


def test_an_embargo_moved_beyond_a_wave_is_what_they_wait_for(database: Database) -> None:
    case = Case(database, wave=2, not_before=HOUR)
    case.clock.moment = NIGHT
    with database.session() as session:
        version = session.get_one(Dispatch, case.number).release_version_id
        move_embargo(session.connection(), [version], NIGHT + timedelta(hours=1))
    assert case.missed() == []
    case.clock.forward(hours=1)
    assert case.hold(case.clock()) == [], "it has just come"
    case.clock.forward(hours=2)
    assert case.hold(case.clock()) == [case.number]


def test_a_break_is_longer_than_a_start_may_be_late(database: Database) -> None:
    told: list[datetime] = []

    def hold(since: datetime) -> list[tuple[int, str]]:
        told.append(since)
        return [(len(told), "missed")]

    attendance = Attendance()
    for minutes in (0, 15, -60, -45, -30, -14, 600, 601):
        attendance.look(START + timedelta(minutes=minutes), LATE, hold)
    assert told == [START + timedelta(minutes=-14), START + timedelta(minutes=600)]
    assert attendance.since == START + timedelta(minutes=600)
    assert attendance.tell() == ((1, "missed"), (2, "missed"))
    assert attendance.tell() == ()

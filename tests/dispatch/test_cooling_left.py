"""What was left in its cool-down leaves by nobody's hand but a person's, and what was let go is held by nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ledgerbase import START, add_dispatch, add_version, delivery_row, put
from sqlalchemy import select, update
from sqlmodel import col

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.timing import comes_meanwhile
from distributor.dispatch.hours.cooling import end_cool_down, hold, hold_left, read_cooling
from distributor.models import Audit, Delivery, Dispatch
from distributor.states import COOLING, LEFT_AFTER, LEFT_COOLING

LATER = START + LEFT_AFTER + timedelta(seconds=1)


def cooling(database: Database, **values: Any) -> int:
    """A dispatch to one journalist, whose cool-down is over at START."""
    version_id = add_version(database, slug=f"halle-{len(read(database))}")
    dispatch_id = add_dispatch(
        database, version_id, **({"state": "planned", "waits_for": COOLING, "waits_until": START} | values)
    )
    with database.transaction() as connection:
        DeliveryLog(database, "planner").plan(connection, [delivery_row(dispatch_id, version_id, 0)])
    return dispatch_id


def read(database: Database) -> list[tuple[Any, ...]]:
    columns = (Dispatch.id, Dispatch.state, Dispatch.pause_reason, Dispatch.waits_for)
    with database.reading() as connection:
        rows = connection.execute(select(*map(col, columns)).order_by(col(Dispatch.id)))
        return [tuple(row) for row in rows]


def test_it_is_held_once_its_command_has_not_come_for_it(database: Database) -> None:
    left = cooling(database)
    assert hold_left(database, START + LEFT_AFTER).missed == (), "its command may be about to"
    ((number, why),) = hold_left(database, LATER).missed
    assert (number, f"held: {why}") == (left, LEFT_COOLING)
    assert read(database) == [(left, "paused", LEFT_COOLING, "")]
    assert hold_left(database, LATER).missed == ()
    with database.reading() as connection:
        told = connection.execute(select(col(Audit.actor), col(Audit.action), col(Audit.subject))).all()
    assert [tuple(row) for row in told] == [("distributor work", "dispatches.hold", str(left))]


def test_the_second_of_two_that_were_let_go_may_wait_for_long(database: Database) -> None:
    """As the translation does, while the original leaves."""
    both = [cooling(database), cooling(database)]
    assert read_cooling(database, both) is not None
    end_cool_down(database, both)
    assert read_cooling(database, both) is None
    assert hold_left(database, START + timedelta(hours=1)).missed == ()
    assert hold(database, both, "anne", LATER) == []


@pytest.mark.parametrize("values", [{"state": "running"}, {"state": "cancelled"}, {"scheduled_at": LATER}])
def test_what_was_taken_up_recalled_or_given_an_hour_is_not_held(database: Database, values: dict[str, Any]) -> None:
    number = cooling(database, **values)
    assert hold_left(database, LATER).missed == ()
    assert hold(database, [number], "anne", LATER) == []


def test_the_hour_of_a_wave_of_it_stops_nobody_else(database: Database) -> None:
    """What is under way gives way to an hour that has come; nobody would start this one."""
    left = cooling(database)
    with database.reading() as connection:
        number = connection.execute(select(col(Delivery.id)).where(col(Delivery.dispatch_id) == left)).scalar_one()
    put(database, number, not_before=LATER)
    with database.transaction() as connection:
        assert not comes_meanwhile(connection, left + 1, START, LATER)
        connection.execute(update(Dispatch).values(waits_for="", waits_until=None))
        assert comes_meanwhile(connection, left + 1, START, LATER)

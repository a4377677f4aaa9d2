"""What a running dispatch asks twice a second: was it called off, and has its cut-off come."""

from __future__ import annotations

from datetime import timedelta

import pytest
from databases import statements_made
from ledgerbase import START, HandClock, add_deliveries

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.calling import STOPPED_BY, CallOff, read_call
from distributor.models import Dispatch
from distributor.states import DispatchState


@pytest.mark.parametrize(
    ("state", "reason", "minutes", "call"),
    [
        (DispatchState.RUNNING, "", 60, CallOff.NO),
        (DispatchState.RUNNING, "", 0, CallOff.IN_ORDER),
        (DispatchState.PAUSED, "paused by anne", 60, CallOff.IN_ORDER),
        (DispatchState.PAUSED, f"{STOPPED_BY}anne", 0, CallOff.AT_ONCE),
        (DispatchState.CANCELLED, "", 60, CallOff.IN_ORDER),
    ],
)
def test_one_look_at_the_row_says_it_all(
    database: Database, state: DispatchState, reason: str, minutes: int, call: CallOff
) -> None:
    dispatch_id, _ = add_deliveries(database, 1)
    with database.session() as session:
        row = session.get_one(Dispatch, dispatch_id)
        row.state, row.pause_reason, row.not_after = state, reason, START + timedelta(minutes=minutes)
    log = DeliveryLog(database, "w1", HandClock(START))
    with statements_made(database) as asked:
        assert read_call(database, dispatch_id, log.moment) is call
    assert len([one for one in asked if "FROM dispatch" in " ".join(one.split())]) == 1
    assert read_call(database, dispatch_id) is (CallOff.NO if state is DispatchState.RUNNING else call)

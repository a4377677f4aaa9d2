"""The log against a model of it: random workers at random steps, and every delivery in exactly one state."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from databases import LONG, empty
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from ledgerbase import (
    ACCEPTED,
    ATTEMPT,
    DEFERRED,
    DELIVERY,
    DROPPED,
    KEYRING,
    QUOTA,
    REJECTED,
    SILENT,
    HandClock,
    add_deliveries,
    record_of,
)
from sqlalchemy import select

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import Batch
from distributor.models import Suppression
from distributor.states import TRANSITIONS, DeliveryState

_S = DeliveryState
WORKERS = ("w1", "w2", "w3")
BEFORE_BODY = (REJECTED, DEFERRED, DROPPED)
AFTER_BODY = (ACCEPTED, REJECTED, DEFERRED, SILENT, QUOTA)
workers = st.sampled_from(WORKERS)
pick = st.integers(0, 30)


@dataclass
class Modelled:
    """What the model knows of one delivery."""

    state: DeliveryState = _S.QUEUED
    worker: str = ""
    attempts: int = 0
    refusals: int = 0
    objected: bool = False
    due: Any = None
    expires: Any = None


class LedgerMachine(RuleBasedStateMachine):
    """Steps of three workers on six deliveries; `database` is set by the test."""

    database: ClassVar[Database]

    @initialize()
    def plan(self) -> None:
        empty(self.database)
        self.clock = HandClock()
        self.logs = {name: DeliveryLog(self.database, name, self.clock) for name in WORKERS}
        self.dispatch_id, self.ids = add_deliveries(self.database, 6)
        self.model = {number: Modelled() for number in self.ids}
        self.past: dict[int, Any] = {}
        self.told: dict[int, str] = dict.fromkeys(self.ids, "queued")

    def held(self, worker: str, *wanted: DeliveryState) -> list[int]:
        return [n for n, one in self.model.items() if one.worker == worker and one.state in wanted]

    @rule(worker=workers, limit=st.integers(1, 4))
    def claim(self, worker: str, limit: int) -> None:
        for one in self.model.values():
            if one.state == _S.DEFERRED and one.expires is not None and one.expires <= self.clock.moment:
                one.state, one.due = _S.EXPIRED, None
            elif one.state == _S.DEFERRED and one.due <= self.clock.moment:
                one.state, one.due = _S.QUEUED, None
        got = [one.id for one in self.logs[worker].claim(self.dispatch_id, limit)]
        free = [n for n, one in self.model.items() if one.state == _S.QUEUED and not one.objected]
        assert len(got) <= limit
        assert got == free[: len(got)]
        assert bool(got) == bool(free)
        for number in got:
            self.model[number].state, self.model[number].worker = _S.CLAIMED, worker
        # Objectors are withheld when they are met; the claim says which were.
        for number, state in self.states().items():
            if state == "withheld" and self.model[number].state == _S.QUEUED:
                assert self.model[number].objected
                self.model[number].state = _S.WITHHELD

    @rule(worker=workers, numbers=st.lists(pick, min_size=1, max_size=3))
    def begin(self, worker: str, numbers: list[int]) -> None:
        chosen = list(dict.fromkeys(self.ids[number % len(self.ids)] for number in numbers))
        refused = self.logs[worker].commit(Batch(begins=chosen))
        mine = set(self.held(worker, _S.CLAIMED))
        fine = [n for n in chosen if n in mine and not self.model[n].objected]
        assert refused == [n for n in chosen if n not in fine]
        for number in fine:
            self.model[number].state = _S.SENDING

    @precondition(lambda self: any(one.state in {_S.CLAIMED, _S.SENDING} for one in self.model.values()))
    @rule(which=pick, outcome=st.integers(0, 10))
    def record(self, which: int, outcome: int) -> None:
        on_hand = [n for n, one in self.model.items() if one.state in {_S.CLAIMED, _S.SENDING}]
        number = on_hand[which % len(on_hand)]
        one = self.model[number]
        choices = BEFORE_BODY if one.state == _S.CLAIMED else AFTER_BODY
        came_to = choices[outcome % len(choices)]
        due = self.clock.moment + timedelta(minutes=5) if came_to.state == _S.DEFERRED else None
        one.expires = one.expires or self.clock.moment + timedelta(minutes=20)
        self.logs[one.worker].commit(
            Batch(records=[record_of(number, came_to, next_attempt_at=due, expires_at=one.expires)])
        )
        one.state, one.worker, one.due = came_to.state, "", due
        one.attempts += 1
        one.refusals += came_to is DEFERRED

    @rule(worker=workers, which=pick)
    def record_late(self, worker: str, which: int) -> None:
        """A worker that was thought dead speaks of a delivery that is in doubt, or of one that is nobody's."""
        number = self.ids[which % len(self.ids)]
        one = self.model[number]
        if one.worker:
            return
        self.logs[worker].commit(Batch(records=[record_of(number, ACCEPTED)]))
        one.attempts += 1
        if one.state == _S.IN_DOUBT:
            one.state, one.due = _S.ACCEPTED, None

    @rule(worker=workers)
    def release(self, worker: str) -> None:
        self.logs[worker].release(self.ids)
        for number in self.held(worker, _S.CLAIMED):
            self.model[number].state, self.model[number].worker = _S.QUEUED, ""

    @rule(dead=workers, by=workers)
    def recover(self, dead: str, by: str) -> None:
        found = self.logs[by].recover(lambda name: name != dead)
        requeued, doubtful = self.bury(dead) if dead != by else (0, 0)
        assert (found.requeued, len(found.in_doubt)) == (requeued, doubtful)

    @rule(worker=workers)
    def abandon(self, worker: str) -> None:
        found = self.logs[worker].abandon()
        assert (found.requeued, len(found.in_doubt)) == self.bury(worker)

    def bury(self, worker: str) -> tuple[int, int]:
        claims, sendings = self.held(worker, _S.CLAIMED), self.held(worker, _S.SENDING)
        for number in claims:
            self.model[number].state, self.model[number].worker = _S.QUEUED, ""
        for number in sendings:
            self.model[number].state, self.model[number].worker = _S.IN_DOUBT, ""
            self.model[number].attempts += 1
        return len(claims), len(sendings)

    @rule(which=pick, state=st.sampled_from([_S.ACCEPTED, _S.QUEUED]))
    def settle(self, which: int, state: DeliveryState) -> None:
        number = self.ids[which % len(self.ids)]
        in_doubt = self.model[number].state == _S.IN_DOUBT
        assert self.logs["w1"].settle_doubt(number, state, "asked") == in_doubt
        if in_doubt:
            self.model[number].state = state

    @rule(which=pick)
    def object_to_mail(self, which: int) -> None:
        number = self.ids[which % len(self.ids)]
        if self.model[number].objected:
            return
        self.model[number].objected = True
        with self.database.session() as session:
            address_hash = KEYRING.address_hash(self.address(number))
            session.add(Suppression(address_hash=address_hash, key_id=KEYRING.key_id, reason="said no"))

    @rule(minutes=st.integers(1, 9))
    def wait(self, minutes: int) -> None:
        self.clock.forward(minutes=minutes)

    def address(self, number: int) -> str:
        with self.database.reading() as connection:
            return str(connection.execute(select(DELIVERY.c.address).where(DELIVERY.c.id == number)).scalar_one())

    def states(self) -> dict[int, str]:
        with self.database.reading() as connection:
            return {row.id: row.state for row in connection.execute(select(DELIVERY.c.id, DELIVERY.c.state))}

    @invariant()
    def rows_are_as_modelled(self) -> None:
        with self.database.reading() as connection:
            rows = {row.id: row for row in connection.execute(select(DELIVERY))}
        assert set(rows) == set(self.ids), "nobody is lost, nobody is added"
        for number, one in self.model.items():
            row = rows[number]
            assert (row.state, row.worker) == (one.state, one.worker)
            assert (row.attempts, row.refusals, row.next_attempt_at) == (one.attempts, one.refusals, one.due)
            assert (row.lease_until is not None) == (row.state in {"claimed", "sending"})
        for number, row in rows.items():
            assert reachable(DeliveryState(self.told[number]), DeliveryState(row.state))
            self.told[number] = row.state
        counted = self.logs["w1"].standing(self.dispatch_id)
        assert counted.counts == Counter(one.state for one in self.model.values())
        assert counted.total == len(self.ids)

    @invariant()
    def attempts_only_grow(self) -> None:
        with self.database.reading() as connection:
            now = {row.id: row for row in connection.execute(select(ATTEMPT))}
        assert {key: now.get(key) for key in self.past} == self.past
        self.past = now
        numbers = Counter(row.delivery_id for row in now.values())
        assert all(numbers[n] == one.attempts for n, one in self.model.items())
        assert len({(row.delivery_id, row.number) for row in now.values()}) == len(now)


def reachable(old: DeliveryState, new: DeliveryState, steps: int = 3) -> bool:
    """Whether legal steps lead from one state to the other; one call may take up to three (due, claimed, withheld)."""
    return old == new or (steps > 0 and any(reachable(between, new, steps - 1) for between in TRANSITIONS[old]))


@pytest.mark.hypothesis
def test_the_log_behaves_as_its_model(database: Database) -> None:
    run_state_machine_as_test(
        type("Machine", (LedgerMachine,), {"database": database}),
        settings=settings(
            max_examples=6 * LONG,
            stateful_step_count=25,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )

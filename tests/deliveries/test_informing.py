"""When a journalist counts as informed: with the first accepted message that told the rights, and with no other."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from ledgerbase import (
    ACCEPTED,
    REJECTED,
    SILENT,
    START,
    HandClock,
    add_dispatch,
    add_version,
    delivery_row,
    put,
    record_of,
)
from sqlalchemy import Connection
from sqlmodel import select

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import Batch, ClaimedDelivery
from distributor.errors import Crossed
from distributor.models import Contact
from distributor.starter import starter_path
from distributor.states import Outcome

TEMPLATES = {"message.txt.j2": "{{ reader_texts.rights }}"}
WITHOUT = {"message.txt.j2": "{{ body }}", "texts.fr.yaml": "rights: vos droits"}


def add_contact(database: Database, **values: Any) -> int:
    """A journalist who has not been informed yet."""
    with database.session() as session:
        contact = Contact(**values)
        session.add(contact)
        session.flush()
        assert contact.id is not None
        return contact.id


def claimed_by(
    log: DeliveryLog, database: Database, contact_id: int | None, *, slug: str = "ouverture", **dispatch: Any
) -> tuple[int, ClaimedDelivery]:
    """The number of a dispatch to that journalist, and its one delivery, which this log has claimed."""
    version = add_version(database, slug=slug)
    number = add_dispatch(database, version, **({"templates": TEMPLATES} | dispatch))
    with database.transaction() as connection:
        log.plan(connection, [delivery_row(number, version, 1, contact_id=contact_id)])
    (claimed,) = log.claim(number, 10)
    return number, claimed


def send(database: Database, contact_id: int | None, outcome: Outcome, clock: HandClock, **dispatch: Any) -> None:
    """A dispatch to that journalist that comes to this outcome."""
    log = DeliveryLog(database, "worker", clock)
    _, claimed = claimed_by(log, database, contact_id, slug=f"r{clock.moment:%H%M}", **dispatch)
    log.commit(Batch(begins=[claimed.id]))
    log.commit(Batch(records=[record_of(claimed.id, outcome)]))
    log.abandon()


def informed(database: Database, contact_id: int) -> datetime | None:
    """When the journalist was informed."""
    with database.session() as session:
        return session.exec(select(Contact).where(Contact.id == contact_id)).one().notice_sent_at


def test_an_accepted_message_informs_and_the_first_day_stands(database: Database) -> None:
    clock, anne, paul = HandClock(), add_contact(database), add_contact(database)
    send(database, anne, ACCEPTED, clock)
    assert informed(database, anne) == START
    assert informed(database, paul) is None
    clock.forward(hours=5)
    send(database, anne, ACCEPTED, clock)
    assert informed(database, anne) == START


@pytest.mark.parametrize("outcome", [REJECTED, SILENT], ids=["refused", "in doubt"])
def test_what_was_not_accepted_informs_nobody(database: Database, outcome: Outcome) -> None:
    anne = add_contact(database)
    send(database, anne, outcome, HandClock())
    assert informed(database, anne) is None


def test_a_test_and_a_layout_without_the_notice_inform_nobody(database: Database) -> None:
    clock, anne = HandClock(), add_contact(database)
    send(database, anne, ACCEPTED, clock, is_test=True)
    clock.forward(hours=1)
    send(database, anne, ACCEPTED, clock, templates=WITHOUT)
    assert informed(database, anne) is None


def test_whoever_was_written_to_at_a_second_address_is_informed(database: Database) -> None:
    anne = add_contact(database)
    send(database, add_contact(database, same_as_id=anne), ACCEPTED, HandClock())
    assert informed(database, anne) == START


def test_our_own_layout_carries_the_notice() -> None:
    for name in ("message.txt.j2", "message.html.j2"):
        assert "texts.rights" in (starter_path("templates/press-release") / name).read_text("utf-8")


def test_an_answer_that_came_too_late_to_count_informs_nobody(database: Database) -> None:
    anne, log = add_contact(database), DeliveryLog(database, "worker", HandClock())
    _, claimed = claimed_by(log, database, anne)
    put(database, claimed.id, worker="another", state="rejected")
    log.commit(Batch(records=[record_of(claimed.id, ACCEPTED)]))
    log.abandon()
    assert informed(database, anne) is None


def test_whom_a_killed_command_reached_is_informed_all_the_same(database: Database) -> None:
    clock, anne = HandClock(), add_contact(database)
    killed = DeliveryLog(database, "worker", clock)
    number, claimed = claimed_by(killed, database, anne)
    killed.commit(Batch(begins=[claimed.id]))
    killed.commit(Batch(records=[record_of(claimed.id, ACCEPTED)]))
    assert informed(database, anne) is None
    DeliveryLog(database, "another", clock).note_informed(number)
    assert informed(database, anne) == START


def test_many_acceptances_are_noted_together_as_they_come(database: Database) -> None:
    clock = HandClock()
    people = [add_contact(database) for _ in range(3)]
    version = add_version(database)
    number = add_dispatch(database, version, templates=TEMPLATES)
    log = DeliveryLog(database, "worker", clock)
    rows = [delivery_row(number, version, n, contact_id=people[n % 3]) for n in range(3)]
    with database.transaction() as connection:
        log.plan(connection, rows)
    claimed = log.claim(number, 10)
    log.commit(Batch(begins=[one.id for one in claimed]))
    log._newly_accepted = [0] * 600
    log.commit(Batch(records=[record_of(one.id, ACCEPTED) for one in claimed]))
    assert [informed(database, person) for person in people] == [START] * 3


@pytest.mark.parametrize("together", [2, 9], ids=["as they come", "at the end"])
def test_a_transaction_that_was_in_anothers_way_forgets_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    """It is made anew, and those whom the first try had in mind are informed by the second."""
    monkeypatch.setattr("distributor.deliveries.log._NOTED_TOGETHER", together)
    people = [add_contact(database) for _ in range(2)]
    version = add_version(database)
    number = add_dispatch(database, version, templates=TEMPLATES)
    log = DeliveryLog(database, "worker", HandClock())
    with database.transaction() as connection:
        log.plan(connection, [delivery_row(number, version, n, contact_id=people[n]) for n in range(2)])
    claimed = log.claim(number, 10)
    log.commit(Batch(begins=[one.id for one in claimed]))
    log.commit(Batch(records=[record_of(claimed[0].id, ACCEPTED)]))
    monkeypatch.setattr(database, "transaction", crossed_each_first_time(database))
    log.commit(Batch(records=[record_of(claimed[1].id, ACCEPTED)]))
    log.abandon()
    assert [informed(database, person) for person in people] == [START] * 2


def crossed_each_first_time(database: Database) -> Callable[[], contextlib.AbstractContextManager[Connection]]:
    """Transactions of which every other one is taken back at its end."""
    made, turns = database.transaction, itertools.cycle([True, False])

    @contextlib.contextmanager
    def transaction() -> Iterator[Connection]:
        with made() as connection:
            yield connection
            if next(turns):
                raise Crossed("Another command was at the same rows.")

    return transaction


def test_whom_a_commit_reached_whose_answer_was_lost_is_informed(database: Database) -> None:
    """Nobody knows whether it was made: it was."""
    anne, log = add_contact(database), DeliveryLog(database, "worker", HandClock())
    _, claimed = claimed_by(log, database, anne)
    log.commit(Batch(begins=[claimed.id]))
    record = record_of(claimed.id, ACCEPTED)
    log.commit(Batch(records=[record]))
    log._newly_accepted = []
    log.record_late([record])
    log.abandon()
    assert informed(database, anne) == START

"""What is asked all the time costs no more where more are there of whom it need not know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from databases import statements_made, steps_taken
from ledgerbase import DELIVERY, START, HandClock, add_deliveries, add_dispatch, add_version, delivery_row, put
from sqlalchemy import Connection, bindparam, delete, event, text, update

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.timing import comes_meanwhile, held
from distributor.dispatch.due import find_due
from distributor.models import Contact
from distributor.reports.queries import dispatches, find_dispatch
from distributor.settings import InDoubtPolicy

LATER = START + timedelta(hours=1)
FEW, MANY = 4, 400


def cost(database: Database, ask: Callable[[], object]) -> int:
    with steps_taken(database) as taken:
        ask()
        return taken()


@contextmanager
def planned(database: Database) -> Iterator[list[str]]:
    """How PostgreSQL goes about what is asked of deliveries meanwhile, step by step, in its own words."""
    steps: list[str] = []

    def note(connection: Connection, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT") and "FROM delivery" in statement:
            driver: Any = connection.connection.driver_connection
            steps.extend(row[0] for row in driver.execute(f"EXPLAIN {statement}", values))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield steps
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def put_off(database: Database, ids: list[int]) -> None:
    """Let a server have said «later» of these."""
    with database.transaction() as connection:
        connection.execute(
            update(DELIVERY)
            .where(DELIVERY.c.id.in_(ids))
            .values(state="deferred", next_attempt_at=LATER, expires_at=LATER + timedelta(days=1))
        )


def test_a_claim_does_not_read_all_who_wait_for_their_next_attempt(file_database: Database) -> None:
    def claiming(deferred: int) -> int:
        dispatch_id, ids = add_deliveries(file_database, deferred + 20)
        put_off(file_database, ids[:deferred])
        log = DeliveryLog(file_database, "here", HandClock())
        assert len(log.claim(dispatch_id, 5)) == 5
        return cost(file_database, lambda: log.claim(dispatch_id, 5))

    assert claiming(MANY) < 1.2 * claiming(FEW)


def test_whose_next_attempt_is_due_waits_for_seconds_behind_others_and_not_at_all_for_none(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 8)
    put_off(database, ids[:2])
    clock = HandClock(LATER - timedelta(seconds=1))
    log = DeliveryLog(database, "here", clock)
    assert [one.id for one in log.claim(dispatch_id, 2)] == ids[2:4]
    clock.forward(seconds=2)
    assert [one.id for one in log.claim(dispatch_id, 2)] == ids[4:6]
    clock.forward(seconds=4)
    assert [one.id for one in log.claim(dispatch_id, 1)] == ids[:1]
    put(database, ids[1], state="deferred", next_attempt_at=clock())
    assert [one.id for one in log.claim(dispatch_id, 4)] == [ids[1], *ids[6:]], "others do not fill the claim"


def test_an_hour_that_has_not_come_is_not_asked_of_each_who_waits_for_it(file_database: Database) -> None:
    own, _ids = add_deliveries(file_database, 1)

    def looking(waiting: int) -> int:
        for hour in ({"not_before": LATER}, {"embargo_until": LATER}):
            add_deliveries(file_database, waiting, **hour)
        with file_database.reading() as connection:
            return cost(file_database, lambda: comes_meanwhile(connection, own, START, START + timedelta(minutes=1)))

    looking(1)
    few = looking(FEW)
    assert looking(MANY) < 2 * few
    add_deliveries(file_database, 1, not_before=START + timedelta(seconds=30))
    with file_database.reading() as connection:
        assert comes_meanwhile(connection, own, START, START + timedelta(minutes=1))


def test_who_waits_for_their_wave_alone_is_not_asked_about_an_embargo(file_database: Database) -> None:
    def telling(**hours: object) -> int:
        dispatch_id, _ids = add_deliveries(file_database, MANY, **hours)
        with file_database.reading() as connection:
            return cost(file_database, lambda: held(connection, [dispatch_id], START))

    assert 3 * telling(not_before=LATER) < telling(not_before=LATER, embargo_until=LATER)


def test_how_a_dispatch_stands_does_not_depend_on_how_many_domains_it_goes_to(file_database: Database) -> None:
    def showing(domains: int) -> int:
        version_id = add_version(file_database, slug=f"to-{domains}-domains")
        dispatch_id, _ids = add_deliveries(file_database, 0)
        rows = [
            delivery_row(dispatch_id, version_id, number, domain=f"journal{number % domains}.example")
            for number in range(MANY)
        ]
        with file_database.transaction() as connection:
            DeliveryLog(file_database, "planner").plan(connection, rows)
        with file_database.reading() as connection:
            return cost(file_database, lambda: find_dispatch(connection, dispatch_id))

    assert showing(MANY) < 1.2 * showing(FEW)


def test_a_listing_reads_no_templates_and_no_files(database: Database) -> None:
    dispatch_id, _ids = add_deliveries(database, 1)
    with database.reading() as connection, statements_made(database) as asked:
        assert [row.id for row in dispatches(connection)] == [dispatch_id]
    assert any("dispatch.scheduled_at" in statement for statement in asked)
    assert not any("dispatch.templates" in statement or "dispatch.files" in statement for statement in asked)


def test_postgresql_does_not_read_all_contacts_for_a_claim(server_database: Database) -> None:
    """It would where it is asked whether one is there who has objected, as soon as many wait."""
    with server_database.session() as session:
        people = [Contact() for _ in range(3_000)]
        session.add_all(people)
        session.flush()
        contacts = [one.id for one in people]
    dispatch_id, ids = add_deliveries(server_database, len(contacts))
    with server_database.transaction() as connection:
        of_theirs = [{"number": one, "whose": contact} for one, contact in zip(ids, contacts, strict=True)]
        connection.execute(
            update(DELIVERY).where(DELIVERY.c.id == bindparam("number")).values(contact_id=bindparam("whose")),
            of_theirs,
        )
        connection.execute(text("ANALYZE"))

    with planned(server_database) as plan:
        assert len(DeliveryLog(server_database, "here").claim(dispatch_id, 5)) == 5
    assert any("pk_contact on contact" in step for step in plan), plan
    assert [step for step in plan if "Seq Scan on contact" in step] == []


def test_postgresql_looks_for_what_is_due_in_each_dispatch_by_itself(server_database: Database) -> None:
    """Else it searches, for each of them, through all who wait on the others."""
    over, _ids = add_deliveries(server_database, 4_000)
    waits = [add_deliveries(server_database, 40) for _ in range(20)]
    with server_database.transaction() as connection:
        connection.execute(text(f"UPDATE dispatch SET state = 'done' WHERE id = {over}"))
        connection.execute(text(f"UPDATE delivery SET state = 'accepted' WHERE dispatch_id = {over}"))
        connection.execute(text("ANALYZE"))
    with server_database.reading() as connection, planned(server_database) as plan:
        assert len(find_due(connection, START, InDoubtPolicy.HOLD)) == len(waits)
    assert any("ix_delivery_dispatch_id_state_id" in step for step in plan), plan
    assert [step for step in plan if "BitmapOr" in step or "BitmapAnd" in step] == []


def test_postgresql_changes_a_sum_once_a_statement_and_not_once_a_row(server_database: Database) -> None:
    """Each version of a row stays until its transaction ends: a thousand changes of one go through all before them."""
    version_id = add_version(server_database, slug="somme")
    dispatch_id = add_dispatch(server_database, version_id)
    log = DeliveryLog(server_database, "planner")
    written = text("SELECT n_tup_ins + n_tup_upd FROM pg_stat_xact_user_tables WHERE relname = 'tally'")
    with server_database.transaction() as connection:
        log.plan(connection, [delivery_row(dispatch_id, version_id, number) for number in range(1000)])
        once = connection.execute(written).scalar_one()
        connection.execute(update(DELIVERY).values(state="withheld"))
        connection.execute(delete(DELIVERY))
        assert (once, connection.execute(written).scalar_one()) == (2 * 4, 2 * 4 + 4 + 8), "one sector, three domains"
        many = connection.execute(text("SELECT sum(many) FROM tally")).scalar_one()
    assert many == 0

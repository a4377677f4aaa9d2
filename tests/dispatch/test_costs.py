"""What is asked all the time costs no more where more are there of whom it need not know."""

from __future__ import annotations

from typing import Any

from ledgerbase import DELIVERY, add_deliveries
from sqlalchemy import Connection, bindparam, event, text, update

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.models import Contact


def test_postgresql_does_not_read_all_contacts_for_a_claim(server_database: Database) -> None:
    """It would where it is asked whether one is there who has objected, as soon as many wait."""
    with server_database.session() as session:
        people = [Contact() for _ in range(3_000)]
        session.add_all(people)
        session.flush()
        contacts = [one.id for one in people]
    dispatch_id, ids = add_deliveries(server_database, len(contacts))
    plan: list[str] = []
    with server_database.transaction() as connection:
        of_theirs = [{"number": one, "whose": contact} for one, contact in zip(ids, contacts, strict=True)]
        connection.execute(
            update(DELIVERY).where(DELIVERY.c.id == bindparam("number")).values(contact_id=bindparam("whose")),
            of_theirs,
        )
        connection.execute(text("ANALYZE"))

    def note(connection: Connection, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT delivery.id"):
            driver: Any = connection.connection.driver_connection
            plan.extend(row[0] for row in driver.execute(f"EXPLAIN {statement}", values))

    event.listen(server_database.engine, "before_cursor_execute", note)
    assert len(DeliveryLog(server_database, "here").claim(dispatch_id, 5)) == 5
    assert any("pk_contact on contact" in step for step in plan), plan
    assert [step for step in plan if "Seq Scan on contact" in step] == []

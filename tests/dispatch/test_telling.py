"""Who has a release, and under which embargo as they were told, on either database."""

from __future__ import annotations

from datetime import timedelta

from ledgerbase import START, add_dispatch, add_version, delivery_row

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.recipients.telling import who_knows_what
from distributor.models import Contact
from distributor.releases import store
from distributor.releases.inforce import change_embargo

END, LATER = START + timedelta(hours=8), START + timedelta(hours=10)


def test_what_each_was_told_is_what_their_message_announced(database: Database) -> None:
    version_id = add_version(database, slug="halle")
    number = add_dispatch(database, version_id, state="done")
    with database.session() as session:
        people = [Contact(address=f"j{one}@journal.example", address_key=f"j{one}@journal.example") for one in range(4)]
        session.add_all(people)
        session.flush()
        ids = [one.id for one in people]
    had = (
        {"embargo_until": END},
        {},
        {"embargo_until": START},
        {"embargo_until": LATER, "state": "in_doubt", "accepted_at": None},
    )
    sent = {"state": "accepted", "accepted_at": START, "updated_at": START}
    rows = [delivery_row(number, version_id, at, **sent | one | {"contact_id": ids[at]}) for at, one in enumerate(had)]
    with database.transaction() as connection:
        DeliveryLog(database, "planner").plan(connection, rows)
    with database.session() as session:
        stored = store.find_release(session, "halle")
        # Set once all of it had left: what is in doubt left under none, whatever its copy says by now.
        change_embargo(session, stored.version, LATER, "anne", START + timedelta(hours=1))
        assert who_knows_what(session, stored, START) == {END: 1, None: 3}

"""An objection by a link, on both databases: whose it is, and what it comes to."""

from __future__ import annotations

from ledgerbase import KEYRING, add_deliveries, delivery, is_left_alone, put
from sqlmodel import select

from distributor.contacts.objections import suppression
from distributor.db.engine import Database
from distributor.feedback.objection_link import EVERYTHING, find_reader, object_to
from distributor.models import Contact, FeedbackEvent, Sector


def add_sectors(database: Database) -> None:
    """The two sectors of the delivery below."""
    with database.session() as session:
        session.add_all([Sector(slug="sante", name="Santé"), Sector(slug="social", name="Social")])


def test_a_reader_may_object_to_the_sectors_of_the_list_and_of_the_release(database: Database) -> None:
    add_sectors(database)
    _, ids = add_deliveries(database, 1, release_sector_slug="social", language="en")
    with database.session(reads_only=True) as session:
        reader = find_reader(session, KEYRING, ids[0])
        assert reader is not None
        assert reader.sectors == {"sante": "Santé", "social": "Social"}
        assert (str(reader.address), reader.language, reader.scopes) == ("j0@journal0.example", "en", frozenset())
        assert find_reader(session, KEYRING, ids[0] + 1000) is None


def test_objecting_once_and_again(database: Database) -> None:
    add_sectors(database)
    _, ids = add_deliveries(database, 2)
    for scope in ("sante", "sante", EVERYTHING, EVERYTHING):
        with database.session() as session:
            reader = find_reader(session, KEYRING, ids[0])
            assert reader is not None
            object_to(session, KEYRING, reader, scope, way="web page")
    with database.session(reads_only=True) as session:
        found = {(line.address_hash, line.scope, line.source) for line in suppression.listing(session)}
        events = session.exec(select(FeedbackEvent)).all()
    own = delivery(database, ids[0]).address_hash
    assert found == {(own, "sante", "web page"), (own, "", "web page")}
    assert sorted((one.kind, one.reason, one.delivery_id) for one in events) == [
        ("objection", "", ids[0]),
        ("objection", "sante", ids[0]),
    ]


def test_it_holds_for_whoever_it_is_now(database: Database) -> None:
    _, ids = add_deliveries(database, 1)
    with database.session() as session:
        contact = Contact(address="now@journal.example", address_key="now@journal.example")
        session.add(contact)
        session.flush()
        number = contact.id
    put(database, ids[0], contact_id=number)
    with database.session() as session:
        reader = find_reader(session, KEYRING, ids[0])
        assert reader is not None
        object_to(session, KEYRING, reader, EVERYTHING, way="one click")
        for spec in ("now@journal.example", "j0@journal0.example"):
            assert is_left_alone(session, spec)


def test_of_who_was_erased_nothing_is_kept_anew(database: Database) -> None:
    _, ids = add_deliveries(database, 1)
    put(database, ids[0], address="1", address_key="1")
    with database.session() as session:
        reader = find_reader(session, KEYRING, ids[0])
        assert reader is not None
        assert (reader.address, reader.scopes) == (None, {EVERYTHING})
        object_to(session, KEYRING, reader, EVERYTHING, way="one click")
        assert suppression.listing(session) == []
        assert session.exec(select(FeedbackEvent)).all() == []

"""What happened with one contact, in order, at every address it ever had."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ledgerbase import KEYRING, REJECTED, add_dispatch, add_version, delivery_row, record_of
from sqlmodel import select

from distributor.addresses import parse_address
from distributor.contacts.cleaning.particulars import Field
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.lists.listmaking import remove_members
from distributor.contacts.lists.press_lists import find_list
from distributor.contacts.objections import suppression
from distributor.contacts.people.combining import find_merge, merge, plan_merge, undo
from distributor.contacts.people.history import Event, deliveries_of, history_of
from distributor.contacts.people.keeping import Edit, edit_contact
from distributor.contacts.people.members import find_contact
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import Batch
from distributor.models import Contact, FeedbackEvent

LIST = "Prénom;Nom;Média;E-mail\nZoé;Vidal;Le Fil;zoe@fil.example\nZoé;Vidal;Le Soir;zv@soir.example\n"
ZOE, OTHER = "zoe@fil.example", "zv@soir.example"


@pytest.fixture
def base(database: Database) -> Database:
    import_contacts(database, read_csv(LIST.encode(), name="eco.csv"), list_name="Éco", keyring=KEYRING)
    return database


def deliver(base: Database, address: str) -> None:
    """A release refused at an address, and what came back."""
    version = add_version(base)
    dispatch = add_dispatch(base, version)
    test = add_dispatch(base, version, is_test=True)
    with base.session() as session:
        number = find_contact(session, address).contact_id
    log = DeliveryLog(base, "worker")
    values = {
        "contact_id": number,
        "address": address,
        "address_key": address,
        "address_hash": KEYRING.address_hash(address),
    }
    with base.transaction() as connection:
        log.plan(connection, [delivery_row(dispatch, version, 1, **values), delivery_row(test, version, 2)])
    (claimed,) = log.claim(dispatch, 5)
    log.commit(Batch(begins=[claimed.id]))
    log.commit(Batch(records=[record_of(claimed.id, REJECTED)]))
    with base.session() as session:
        session.add(FeedbackEvent(digest="d", delivery_id=claimed.id, kind="bounce", status="5.1.1", raw=b"x"))


def history(base: Database, who: str = ZOE) -> list[Event]:
    with base.session(reads_only=True) as session:
        return history_of(session, KEYRING, find_contact(session, who).contact_id)


def test_every_kind_of_event_is_told_in_order(base: Database) -> None:
    deliver(base, OTHER)
    with base.session() as session:
        zoe, other = (find_contact(session, one).contact_id for one in (ZOE, OTHER))
        edit_contact(
            session, KEYRING, zoe, Edit({Field.LANGUAGE: "fr", Field.PHONE: "01"}, confirmed=True), actor="anne"
        )
        number = merge(session, KEYRING, plan_merge(session, zoe, other), actor="paul")
        suppression.add(session, KEYRING, parse_address(OTHER), reason="par téléphone", scope="sport", actor="anne")
        remove_members(session, find_list(session, "eco"), [ZOE], reason="en congé", actor="anne")
    events = history(base)
    moments = [one.at for one in events if one.at is not None]
    assert moments == sorted(moments)
    said = {one.kind: one.text for one in events}
    assert said["met"] == "further address zv@soir.example from «eco.csv»"
    assert said["joined"] == "on the list «eco»"
    assert said["left"] == "off the list «eco» by «command line» (en congé)"
    assert said["delivery"] == ("release «ouverture», version 1, to zv@soir.example: rejected: 550 5.1.1 User unknown")
    assert said["bounce"] == "bounce from zv@soir.example: 5.1.1"
    assert said["merged"] == f"made one with {OTHER} by paul (merge {number})"
    assert said["edited"] == "changed by anne: language «» → «fr», confirmed at, phone"
    assert said["objected"] == "objected to releases of the sector sport: par téléphone"
    assert said["confirmed"] == "particulars confirmed"
    assert len([one for one in events if one.kind == "delivery"]) == 1


def test_a_merge_undone_is_told_to_both(base: Database) -> None:
    with base.session() as session:
        zoe, other = (find_contact(session, one).contact_id for one in (ZOE, OTHER))
        merge(session, KEYRING, plan_merge(session, zoe, other), actor="paul")
        undo(session, find_merge(session, [ZOE]), actor="paul")
    for who in (ZOE, OTHER):
        assert {"merged", "unmerged"} <= {one.kind for one in history(base, who)}


def test_an_edit_of_somebody_who_had_the_same_number_is_not_told(base: Database) -> None:
    with base.session() as session:
        zoe = find_contact(session, ZOE).contact_id
        edit_contact(session, KEYRING, zoe, Edit({Field.PHONE: "01"}), actor="anne")
        session.get_one(Contact, zoe).created_at += timedelta(days=1)
    assert "edited" not in {one.kind for one in history(base)}


def test_the_last_deliveries_only(base: Database) -> None:
    deliver(base, ZOE)
    with base.session(reads_only=True) as session:
        zoe = find_contact(session, ZOE).contact_id
        (last,) = deliveries_of(session, zoe, last=1)
        assert last.details["state"] == "rejected"
        assert last.details["code"] == 550
        assert deliveries_of(session, find_contact(session, OTHER).contact_id) == []


def test_an_opt_out_without_a_date_comes_first(base: Database) -> None:
    with base.session() as session:
        session.exec(select(Contact).where(Contact.address_key == ZOE)).one().flag = "opted_out"
    assert history(base)[0].kind == "objected"
    assert history(base)[0].at is None

"""A text at two addresses of contacts merged since: they are told once, and the other address is accounted for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ledgerbase import DELIVERY, KEYRING, START, add_dispatch, put
from sqlalchemy import select
from test_correcting import asked, plan, templates, who, wrong_text

from distributor.addresses import kept_address
from distributor.contacts.objections import suppression
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.recipients.correcting import Copy, Correcting
from distributor.models import Contact, ReleaseVersion
from distributor.rendering.templates import TemplateSet
from distributor.reports.phonelist import phone_list
from distributor.states import ELSEWHERE, RETURNED, DeliveryState

__all__ = ["templates"]

A, C = DeliveryState.ACCEPTED, DeliveryState.COMPLAINED


def merged(database: Database, *states: DeliveryState, today: int = 0) -> list[int]:
    """A wrong text sent to contacts who are one person by now, of the address of the delivery `today`, in order."""
    wrong_text(database, states)
    with database.reading() as connection:
        rows = connection.execute(select(DELIVERY.c.id, DELIVERY.c.address).order_by(DELIVERY.c.id)).all()
    numbers = [row.id for row in rows]
    with database.session() as session:
        known = {"source": "annuaire", "legal_basis": "legitimate interest", "collected_at": START}
        people = [Contact(address=row.address, address_key=row.address, **known) for row in rows]
        session.add_all(people)
        session.flush()
        for one in people:
            one.same_as_id = None if one is people[today] else people[today].id
        ids = [one.id for one in people]
    for number, contact_id in zip(numbers, ids, strict=True):
        put(database, number, contact_id=contact_id)
    return numbers


def the_copies(found: Correcting) -> list[int]:
    return [one.meant.holding.delivery_id for one in found.copies]


@pytest.mark.parametrize("today", [0, 1])
def test_they_are_told_once_at_the_address_of_today(database: Database, today: int) -> None:
    numbers = merged(database, A, A, today=today)
    found, groups = who(database)
    assert groups["correction"] == [numbers[today]]
    assert the_copies(found) == [numbers[1 - today]]
    assert str(found.meant[0].planned.address) in found.copies[0].because


def test_where_mail_to_the_address_of_today_came_back_the_other_one_is_taken(database: Database) -> None:
    numbers = merged(database, A, A, today=1)
    with database.session() as session:
        address = kept_address("j1@journal1.example")
        reason = f"{RETURNED}no such mailbox"
        suppression.mark_dead(session, KEYRING, address, reason=reason, source="bounce", actor="anne")
    found, groups = who(database)
    assert (groups["correction"], groups["phone"], the_copies(found)) == ([numbers[0]], [], [numbers[1]])


def test_the_last_text_that_they_have_decides(database: Database) -> None:
    """Whatever the address of today: the correction stands under the text that was read last."""
    numbers = merged(database, A, A, today=0)
    with database.session() as session:
        wrong = session.get_one(ReleaseVersion, _version_of(database, numbers[1]))
        newer = ReleaseVersion(**{**wrong.model_dump(exclude={"id"}), "number": 2, "content_hash": "newer"})
        session.add(newer)
        session.flush()
        version_id = newer.id
    put(database, numbers[1], release_version_id=version_id, dispatch_id=add_dispatch(database, version_id))
    found, groups = who(database)
    assert (groups["correction"], the_copies(found)) == ([numbers[1]], [numbers[0]])


def test_a_doubt_at_the_other_address_keeps_nobody_from_being_told(database: Database) -> None:
    numbers = merged(database, A, DeliveryState.IN_DOUBT)
    found, groups = who(database)
    assert (groups["correction"], groups["unsettled"], the_copies(found)) == ([numbers[0]], [], [numbers[1]])


def test_the_other_address_stands_on_the_dispatch_and_nobody_rings_them_up(
    database: Database, templates: TemplateSet
) -> None:
    numbers = merged(database, A, A, A)
    found, _ = who(database)
    (dispatch_id,) = plan(database, found, templates).dispatch_ids
    with database.reading() as connection:
        c = DELIVERY.c
        mine = select(c.corrects_id, c.state, c.reason).where(c.dispatch_id == dispatch_id).order_by(c.id)
        rows = [tuple(row) for row in connection.execute(mine)]
        assert phone_list(connection, [dispatch_id]) == []
    elsewhere = [(number, "withheld", ELSEWHERE) for number in numbers[1:]]
    assert rows == [(numbers[0], "queued", ""), *elsewhere]


def test_who_objects_is_rung_up_once(database: Database, templates: TemplateSet) -> None:
    merged(database, A, A)
    with database.session() as session:
        address = kept_address("j0@journal0.example")
        suppression.add(session, KEYRING, address, reason="no", source="phone", actor="anne")
    found, groups = who(database)
    assert (groups["correction"], len(groups["phone"]), len(found.copies)) == ([], 1, 1)
    (dispatch_id,) = plan(database, found, templates).dispatch_ids
    with database.reading() as connection:
        assert len(phone_list(connection, [dispatch_id])) == 1


def test_a_recalled_correction_accounts_for_the_other_address_again(database: Database, templates: TemplateSet) -> None:
    numbers = merged(database, A, A)
    found, _ = who(database)
    (planned,) = plan(database, found, templates).dispatch_ids
    DeliveryLog(database, "corrector").withhold(planned, "cancelled")
    with database.session() as session:
        address = kept_address("j0@journal0.example")
        suppression.add(session, KEYRING, address, reason="no", source="phone", actor="anne")
    found, groups = who(database)
    assert groups["phone"] == [numbers[0]], "they were not told, and have not been rung up"
    assert the_copies(found) == [numbers[1]]


def test_another_address_that_comes_between_proof_and_plan_is_a_change(database: Database) -> None:
    merged(database, A, A)
    with database.session(reads_only=True) as session:
        _, found = asked(session)
    alone: tuple[Copy, ...] = ()
    assert replace(found, copies=alone).standing != found.standing


def _version_of(database: Database, delivery_id: int) -> int:
    with database.reading() as connection:
        which = select(DELIVERY.c.release_version_id).where(DELIVERY.c.id == delivery_id)
        return int(connection.execute(which).scalar_one())

"""What is asked while dispatches are carried or waited for is looked up: for none of it all deliveries are read."""

from __future__ import annotations

import pytest
from databases import query_plans
from ledgerbase import ACCEPTED, KEYRING, START, HandClock, add_deliveries, record_of
from sqlalchemy import inspect

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import Batch
from distributor.deliveries.timing import move_embargo
from distributor.dispatch.closing import close_left
from distributor.dispatch.company import at_work
from distributor.dispatch.due import find_due
from distributor.dispatch.recipients import following_up, languages, telling
from distributor.dispatch.recipients.correcting import who_gets
from distributor.dispatch.recipients.earlier import find_earlier
from distributor.dispatch.recipients.reminding import find_followed
from distributor.feedback import waiting
from distributor.models import Dispatch, FeedbackEvent, Release, ReleaseVersion
from distributor.releases.publishing import newest_published
from distributor.releases.store import StoredRelease
from distributor.reports.queries_chain import _who_has
from distributor.settings import InDoubtPolicy


def test_who_is_with_a_worker_and_what_is_due_are_looked_up(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("an empty PostgreSQL table is rightly read whole")
    clock = HandClock()
    dispatch_id, _ids = add_deliveries(database, 4)
    log, other, third = (DeliveryLog(database, name, clock) for name in ("here:1:1:a", "gone:1:1:b", "here:1:1:c"))
    for one in (log, other, third):
        one.commit(Batch(begins=[claimed.id for claimed in one.claim(dispatch_id, 1)]))
    with query_plans(database) as steps:
        log.renew()
        log.recover(lambda name: not name.startswith("gone"))
        log.hasten(["journal1.example"], "asked to slow down")
        third.abandon()
        log.abandon_all()
        for policy in InDoubtPolicy:
            with database.transaction() as connection:
                at_work(connection, but=log.worker)
                close_left(connection, policy, clock())
                find_due(connection, clock(), policy)
    assert any("ix_delivery_dispatch_id_state_id (dispatch_id=? AND state=?)" in step for step in steps)
    assert [step for step in steps if step.startswith("SCAN delivery")] == []


def test_who_has_a_release_is_looked_up_by_its_dispatches(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("an empty PostgreSQL table is rightly read whole")
    dispatch_id, ids = add_deliveries(database, 2)
    log = DeliveryLog(database, "here")
    log.claim(dispatch_id, 2)
    log.commit(Batch(begins=ids))
    log.commit(Batch(records=[record_of(one, ACCEPTED) for one in ids]))
    with database.session() as session, query_plans(database) as steps:
        dispatch = session.get_one(Dispatch, dispatch_id)
        version = session.get_one(ReleaseVersion, dispatch.release_version_id)
        release = session.get_one(Release, version.release_id)
        stored = StoredRelease(release, version)
        session.add(Release(slug="english", kind="release", translates_id=release.id))
        find_earlier(session, version, [])
        languages.find_holders(session, version, [])
        who_gets(session, [stored], KEYRING, START)
        following_up._rows(session, release)
        telling._holders(session, stored, KEYRING)
        find_followed(session, release.slug)
        _who_has(session.connection(), [])
        move_embargo(session.connection(), [version.id or 0], None)
        assert [one.version for one in newest_published(session, START, 20)] == [version]
    found = [step for step in steps if "delivery" in step.split()]
    assert len(found) >= 9, found
    assert all(step.startswith("SEARCH") and "INDEX ix_delivery_" in step for step in found), found


def test_of_what_came_back_a_follow_up_and_a_listing_read_no_message(database: Database) -> None:
    with database.session() as session:
        session.add(
            FeedbackEvent(digest="1", kind="out-of-office", sender="j1@journal1.example", raw=b"Subject: absent")
        )
    with database.session() as session:
        ((came,),) = following_up._events(session).values()
    with database.session() as session:
        (listed,) = waiting.listing(session)
    for one in (came, listed):
        assert (one.kind, inspect(one).unloaded) == ("out-of-office", {"raw"})

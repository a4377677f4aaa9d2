"""What is out, on both databases: really sent, to a journalist, and past its embargo."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from ledgerbase import DELIVERY, START, add_deliveries, delivery, put
from sqlalchemy import update
from sqlmodel import select

from distributor.db.engine import Database
from distributor.models import Attachment, Dispatch, Release, ReleaseVersion, Wave
from distributor.releases.attachments import KeptFile
from distributor.releases.inforce import change_embargo, embargo_of
from distributor.releases.publishing import find_published, newest_published, published_as, published_file

NOON = START + timedelta(hours=3)


def sent(database: Database, state: str = "accepted", *, is_test: bool = False, **version: Any) -> int:
    """A release to two journalists, one of whose deliveries is in that state; return the release's number."""
    dispatch_id, ids = add_deliveries(database, 2)
    put(database, ids[0], state=state, accepted_at=START if state != "rejected" else None)
    version_id = delivery(database, ids[0]).release_version_id
    with database.session() as session:
        found = session.get(ReleaseVersion, version_id)
        dispatch = session.get(Dispatch, dispatch_id)
        assert found is not None
        assert dispatch is not None
        dispatch.is_test = is_test
        for name, value in version.items():
            setattr(found, name, value)
        session.add_all([found, dispatch])
        role = {"path": "attachments/x", "media_type": "text/plain", "size": 1}
        session.add(Attachment(release_version_id=version_id, name="plan.txt", sha256="f" * 64, **role))
        session.add(Attachment(release_version_id=version_id, name="a.png", sha256="a" * 64, role="image", **role))
        return found.release_id


@pytest.mark.parametrize(
    ("state", "is_out"),
    [
        ("accepted", True),
        ("bounced", True),
        ("complained", True),
        ("rejected", False),
        ("queued", False),
        ("in_doubt", False),
    ],
)
def test_it_is_out_once_a_server_has_accepted_it(database: Database, state: str, is_out: bool) -> None:
    number = sent(database, state)
    with database.session(reads_only=True) as session:
        found = find_published(session, number, NOON)
        assert (found is not None) is is_out
        assert len(newest_published(session, NOON, 10)) == is_out
        assert len(published_as(session, "f" * 64, NOON)) == is_out
        if found is not None:
            assert found.since == START
            assert [file.name for file in found.attached] == ["plan.txt"]
            assert published_file(found, "a" * 64) is not None
            assert published_file(found, "b" * 64) is None


def test_a_test_and_an_embargo_are_not_out(database: Database) -> None:
    tested, embargoed = sent(database, is_test=True), sent(database, embargo_until=NOON)
    with database.session(reads_only=True) as session:
        assert find_published(session, tested, NOON) is None
        assert find_published(session, embargoed, NOON - timedelta(microseconds=1)) is None
        found = find_published(session, embargoed, NOON)
        assert found is not None
        assert found.since == NOON, "it can be read since the embargo's end, and not since it was sent"
        assert published_as(session, found.version.content_hash, NOON - timedelta(seconds=1)) == []
        assert len(published_as(session, found.version.content_hash, NOON)) == 1
        assert published_as(session, "a" * 64, NOON) == [], (
            "a picture in a text is not what somebody received as a file"
        )


def test_what_one_journalist_has_ahead_of_all_others_is_not_out(database: Database) -> None:
    number = sent(database)
    with database.session() as session:
        dispatch_id = session.exec(select(Dispatch.id)).one()
        session.add(Wave(dispatch_id=dispatch_id, number=1, name="AFP", is_exclusive=True))
        session.add(Wave(dispatch_id=dispatch_id, number=2, name="everybody else"))
    with database.transaction() as connection:
        connection.execute(update(DELIVERY).where(DELIVERY.c.state == "accepted").values(wave=1))
        connection.execute(update(DELIVERY).where(DELIVERY.c.state == "queued").values(wave=2))
    with database.session(reads_only=True) as session:
        assert find_published(session, number, NOON) is None
        assert newest_published(session, NOON, 10) == []
        assert published_as(session, "f" * 64, NOON) == []
    with database.transaction() as connection:
        connection.execute(update(DELIVERY).where(DELIVERY.c.wave == 2).values(state="accepted", accepted_at=NOON))
    with database.session(reads_only=True) as session:
        found = find_published(session, number, NOON)
        assert found is not None
        assert found.since == NOON, "since the others have it"


def test_it_is_out_since_the_first_was_accepted(database: Database) -> None:
    number = sent(database)
    with database.transaction() as connection:
        connection.execute(update(DELIVERY).values(state="accepted"))
        connection.execute(update(DELIVERY).where(DELIVERY.c.accepted_at.is_(None)).values(accepted_at=NOON))
    with database.session(reads_only=True) as session:
        found = find_published(session, number, NOON)
        assert found is not None
        assert found.since == START
        assert len(newest_published(session, NOON, 1)) == 1


def test_the_pdf_and_the_logo_that_a_dispatch_added_are_its_files_too(database: Database) -> None:
    number, other = sent(database), sent(database)
    pdf = KeptFile("attachments/p", "hopital.pdf", "application/pdf", 9, "d" * 64)
    logo = KeptFile("attachments/l", "logo.png", "image/png", 9, "e" * 64, role="logo")
    with database.session() as session:
        versions = session.exec(select(ReleaseVersion.id).where(ReleaseVersion.release_id == number)).all()
        for dispatch in session.exec(select(Dispatch).where(Dispatch.release_version_id == versions[0])):
            dispatch.files = [asdict(pdf), asdict(logo), asdict(pdf)]
            session.add(dispatch)
    with database.session(reads_only=True) as session:
        found = find_published(session, number, NOON)
        assert found is not None
        assert [file.name for file in found.files] == ["plan.txt", "a.png", "hopital.pdf", "logo.png"]
        assert published_file(found, pdf.sha256) == pdf
        assert [one.release.id for one in published_as(session, pdf.sha256, NOON)] == [number]
        assert published_as(session, logo.sha256, NOON) == []
        elsewhere = find_published(session, other, NOON)
        assert elsewhere is not None
        assert published_file(elsewhere, pdf.sha256) is None


def test_an_embargo_that_a_command_moved_holds_as_moved(database: Database) -> None:
    """For every version that says what that one said; a version that says another hour has its own."""
    number = sent(database, embargo_until=NOON)
    later, earlier = NOON + timedelta(hours=2), NOON - timedelta(hours=2)
    with database.session() as session:
        version = session.exec(select(ReleaseVersion).where(ReleaseVersion.release_id == number)).one()
        assert change_embargo(session, version, later, "anne", START) == [version.id]
        assert embargo_of(session, version) == later
        assert find_published(session, number, later - timedelta(microseconds=1)) is None
        assert find_published(session, number, later) is not None
        change_embargo(session, version, earlier, "anne", START)
        found = find_published(session, number, earlier)
        assert found is not None
        assert found.since == earlier
        version.embargo_until = NOON + timedelta(days=1)
        session.add(version)
        session.flush()
        assert find_published(session, number, later) is None


def test_a_notice_about_an_embargo_is_never_out(database: Database) -> None:
    number = sent(database)
    with database.session() as session:
        session.get_one(Release, number).kind = "notice"
    with database.session(reads_only=True) as session:
        assert find_published(session, number, NOON) is None
        assert newest_published(session, NOON, 10) == []

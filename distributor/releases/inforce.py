"""The embargo in force: what a version's words say, unless a command has moved or lifted it since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, case, delete, select
from sqlmodel import Session, col

from distributor.db.chains import and_what_it_corrects, originals_corrected
from distributor.db.journalists import rows_of, whose_is
from distributor.models import Contact, EmbargoAcceptance, EmbargoChange, Release, ReleaseVersion, row_number
from distributor.releases.corrections import read_links, whole_chain


@cache  # to put it together takes ten times as long as to answer it
def in_force() -> ColumnElement[datetime | None]:
    """Of a row of `release_version`: the instant until which it is under embargo; NULL where it is under none.

    A change holds for every version whose words say what that one's said, and for corrections that go on saying it; one
    that says another hour has its own.
    """
    moved = (
        select(col(EmbargoChange.until))
        .where(
            col(EmbargoChange.release_id).in_(and_what_it_corrects(col(ReleaseVersion.release_id))),
            col(EmbargoChange.said).is_not_distinct_from(col(ReleaseVersion.embargo_until)),
        )
        .order_by(col(EmbargoChange.id).desc())
        .limit(1)
        .correlate(ReleaseVersion)
        .scalar_subquery()
    )
    own = col(ReleaseVersion.embargo_until)
    return case((moved.is_not(None), moved), else_=own)


def embargo_of(session: Session, version: ReleaseVersion) -> datetime | None:
    """The instant until which a version is under embargo; None where it is, and was, under none."""
    return session.scalars(select(in_force()).where(col(ReleaseVersion.id) == version.id)).one()


def embargo_at(session: Session, release: Release) -> Callable[[datetime | None, datetime], datetime | None]:
    """What gives the embargo that was in force at a moment for versions of a release, by what their words say."""
    rows = session.execute(
        select(col(EmbargoChange.created_at), col(EmbargoChange.said), col(EmbargoChange.until))
        .where(col(EmbargoChange.release_id).in_(and_what_it_corrects(row_number(release.id))))
        .order_by(col(EmbargoChange.id))
    )
    changes = [tuple(row) for row in rows]

    def at(said: datetime | None, moment: datetime) -> datetime | None:
        until = [one for changed_at, of, one in changes if of == said and changed_at < moment]
        return until[-1] if until else said

    return at


def change_embargo(session: Session, version: ReleaseVersion, until: datetime, actor: str, now: datetime) -> list[int]:
    """Let the embargo be over at `until`; return the versions that this holds for: old ones and corrections too."""
    said = version.embargo_until
    session.add(EmbargoChange(release_id=version.release_id, said=said, until=until, actor=actor, created_at=now))
    session.flush()
    rows = session.scalars(
        select(col(ReleaseVersion.id)).where(
            row_number(version.release_id).in_(and_what_it_corrects(col(ReleaseVersion.release_id))),
            col(ReleaseVersion.embargo_until).is_not_distinct_from(said),
        )
    )
    return [number for number in rows if number is not None]


def accept(session: Session, original: Release, contact_id: int, *, how: str, by: str, now: datetime) -> bool:
    """Record that a contact holds a release until its embargo is over; return whether that is news.

    It holds for what corrects that release too: whoever may have the wrong text may have the right one.
    """
    assert original.id is not None, "it was read"
    if _acceptance(session, original, contact_id) is not None:
        return False
    session.add(
        EmbargoAcceptance(release_id=original.id, contact_id=contact_id, how=how, recorded_by=by, accepted_at=now)
    )
    session.flush()
    return True


def say_how(session: Session, original: Release, contact_id: int, how: str) -> bool:
    """Write down how a contact agreed, in the place of what stood there; return whether that is news."""
    found = _acceptance(session, original, contact_id)
    if found is None or found.how == how:
        return False
    found.how = how
    session.flush()
    return True


def withdraw(session: Session, original: Release, contact_id: int) -> bool:
    """Take an acceptance back; return whether there was one.

    Wherever in the chain of its corrections it was given: nobody who has taken their word back gets any text of it.
    """
    assert original.id is not None, "it was read"
    chain = [link.id for step in whole_chain(read_links(session), original.id) for link in step]
    gone = session.execute(
        delete(EmbargoAcceptance)
        .where(_given_by(contact_id), col(EmbargoAcceptance.release_id).in_(chain))
        .returning(col(EmbargoAcceptance.id))
    )
    return bool(gone.all())


def acceptances(session: Session, original: Release) -> list[tuple[EmbargoAcceptance, Contact]]:
    """Who has agreed to hold a release, or what it corrects, the first one first."""
    rows = session.execute(
        select(EmbargoAcceptance, Contact)
        .join(Contact, col(Contact.id) == whose_is(col(EmbargoAcceptance.contact_id)).scalar_subquery())
        .where(_holds_for(original))
        .order_by(col(EmbargoAcceptance.id))
    )
    by_person: dict[int | None, tuple[EmbargoAcceptance, Contact]] = {}
    for row in rows:
        by_person.setdefault(row[1].id, (row[0], row[1]))
    return list(by_person.values())


def holding(session: Session, original: Release) -> frozenset[int]:
    """The contacts who may have a release before its embargo is over."""
    trusted = session.scalars(select(col(Contact.id)).where(col(Contact.embargo_trust).is_(True)))
    whose = whose_is(col(EmbargoAcceptance.contact_id)).scalar_subquery()
    agreed = session.scalars(select(whose).where(_holds_for(original)))
    return frozenset(number for number in (*trusted, *agreed) if number is not None)


def _acceptance(session: Session, original: Release, contact_id: int) -> EmbargoAcceptance | None:
    return session.scalars(
        select(EmbargoAcceptance)
        .where(_holds_for(original), _given_by(contact_id))
        .order_by(col(EmbargoAcceptance.id).desc())
    ).first()


def _given_by(contact_id: int) -> ColumnElement[bool]:
    """The condition that an acceptance is the word of a contact, or of one that was merged into it."""
    return col(EmbargoAcceptance.contact_id).in_(rows_of(row_number(contact_id)))


def _holds_for(original: Release) -> ColumnElement[bool]:
    """The condition that an acceptance holds for a release: it was given for that, or for what it corrects."""
    return col(EmbargoAcceptance.release_id).in_(originals_corrected(row_number(original.id)))

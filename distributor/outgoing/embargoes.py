"""The embargo of a workspace's release: moved or lifted, told to those who have it, and who has agreed to hold it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from distributor import clock
from distributor.contacts.people import members
from distributor.contacts.people.members import Member
from distributor.db.engine import made_anew_when_crossed
from distributor.deliveries.leases import clock_of
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.timing import move_embargo
from distributor.dispatch.hours import instants
from distributor.dispatch.hours.instants import say_instant
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.plan import new_dispatch, plan_dispatch
from distributor.dispatch.proof.preflight import render_all
from distributor.dispatch.recipients.telling import Told, end_older_notices, who_knows_what, write_notices
from distributor.errors import BadInput, Refused, require_as_asked
from distributor.models import Audit, Dispatch, Release
from distributor.outgoing.composers import open_composer
from distributor.releases import store
from distributor.releases.inforce import accept, acceptances, change_embargo, embargo_of, say_how, withdraw
from distributor.releases.readers.embargo import read_embargo
from distributor.releases.translations import original_of
from distributor.states import NOT_OVER
from distributor.wiring import Workspace, actor


class Word(Enum):
    """What noting somebody's word on an embargo came to."""

    AGREED = auto()
    AGREED_ALREADY = auto()
    HOW_NOTED = auto()
    WITHDRAWN = auto()
    HAD_NOT_AGREED = auto()


@dataclass(frozen=True, slots=True)
class Changed:
    """The dispatches that an embargo's change concerns, those (`told`) whose notices say so, and those whose older
    notices were `ended` for it."""

    dispatch_ids: list[int]
    told: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)


def read_hour(workspace: Workspace, text: str, now: datetime) -> datetime:
    """The instant that an embargo is to be moved to; `BadInput` for none, and for one that is over."""
    zone = workspace.settings.timezone
    try:
        moment = read_embargo(text, zone=zone).until
    except BadInput:  # as a release says it; else as the hours of a sending are typed: «demain 18 h»
        moment = instants.read_instant(text, zone, now)
    _require_to_come(moment, now, zone)
    return moment


def to_be_told(workspace: Workspace, slug: str, now: datetime) -> datetime | None:
    """The end of the embargo that a release is under, or None where it is over; `BadInput` where it never had one."""
    with workspace.database.session(reads_only=True) as session:
        until = embargo_of(session, store.find_release(session, slug).version)
    if until is None:
        raise BadInput(f"«{slug}» is under no embargo: there is nothing to tell.", field="--tell")
    return until if until > now else None


def _require_to_come(moment: datetime, now: datetime, zone: ZoneInfo) -> None:
    if moment <= now:
        raise BadInput(f"{say_instant(moment, zone)} is over.", field="--at", mend="To lift it now: --lift")


def _require_in_force(until: datetime | None, now: datetime, slug: str) -> None:
    if until is None or until <= now:
        raise BadInput(f"«{slug}» is under no embargo now.", mend=f"See: distributor releases embargo {slug}")


@dataclass(frozen=True, slots=True)
class EmbargoStanding:
    """The embargo that a release is under, and how many have it, by the end that they were told (None: no embargo)."""

    until: datetime | None
    have_it: Counter[datetime | None]

    is_so: bool
    """Whether it is already as it was asked to be: all that is left is to tell those who do not know."""


def standing(workspace: Workspace, slug: str, until: datetime | None, now: datetime, *, tells: bool) -> EmbargoStanding:
    """How the embargo stands that is to be moved to `until`, or lifted (None), and told or not.

    Raises `BadInput` for none to lift; one that is lifted may still be told.
    """
    with workspace.database.session(reads_only=True) as session:
        stored = store.find_release(session, slug)
        before = embargo_of(session, stored.version)
        versions = store.language_versions(session, original_of(session, stored.release))
        is_so = _is_so(session, versions, until, now)
        if until is None and not (is_so and tells):
            _require_in_force(before, now, slug)
        have_it = sum((who_knows_what(session, one, now) for one in versions), Counter[datetime | None]())
        return EmbargoStanding(before, have_it, is_so)


def _is_so(session: Session, versions: Sequence[store.StoredRelease], until: datetime | None, now: datetime) -> bool:
    """Whether every language version is under embargo until then, or (None) under one that is over."""
    ends = [embargo_of(session, one.version) for one in versions]
    return all(end == until if until else end is not None and end <= now for end in ends)


@made_anew_when_crossed
def change(
    workspace: Workspace,
    log: DeliveryLog,
    slug: str,
    *,
    before: datetime | None,
    until: datetime | None,
    tells: Identity | None,
) -> Changed:
    """Move the embargo of a release and its translations to `until`, or lift it (None); whoever waits is planned anew.

    Who has it already and does not know is sent a notice by whom `tells` names, if anybody: all is planned in one
    transaction, or nothing is changed. Raises `Refused` where it is no longer the embargo of `before`, and for a notice
    that cannot be written; `BadInput` where its end, or `until`, has come.
    """
    with workspace.database.session() as session:
        concerned = _change(session, slug, before, until, workspace.settings.timezone, may_be_so=tells is not None)
        changed = _tell(workspace, session, log, slug, concerned, identity=tells) if tells else Changed(concerned)
    workspace.tell_of("dispatch.cancelled", *changed.ended)
    workspace.tell_of("dispatch.planned", *changed.told)
    return changed


def _tell(
    workspace: Workspace, session: Session, log: DeliveryLog, slug: str, concerned: list[int], *, identity: Identity
) -> Changed:
    """Write the notices for each language version that somebody has, prove each of their messages, and plan them.

    What still waits of older notices is ended first: nobody reads the older hour after the newer.
    """
    planned, ended = [], []
    now = clock.now()
    original = original_of(session, store.find_release(session, slug).release)
    for one in store.language_versions(session, original):
        until = embargo_of(session, one.version) or now
        ended += end_older_notices(session, log, one, until=until, now=now, actor=actor())
        for told in write_notices(
            session,
            one,
            until=until,
            now=now,
            templates=workspace.templates,
            timezone=workspace.settings.timezone,
            keyring=workspace.keyring,
        ):
            dispatch = _notice_dispatch(workspace, session, told, identity, now)
            planned.append(plan_dispatch(session, log, dispatch, told.manifest))
    return Changed(concerned, planned, ended)


def _notice_dispatch(workspace: Workspace, session: Session, told: Told, identity: Identity, now: datetime) -> Dispatch:
    """The dispatch of a notice, once each of its messages has been written; `Refused` where one cannot be."""
    opened = open_composer(workspace, session, told.stored)
    failures = render_all(
        opened.composer, told.manifest.recipients, identity, workspace.keyring, date_of=lambda _planned: now
    )
    if failures:
        raise Refused(f"The notice to {failures[0].recipient} cannot be written: {failures[0].message}.")
    files = [file.keep(workspace.path) for file in opened.files]
    return new_dispatch(session, told.stored.version, identity, workspace.templates, now, files=files)


def _change(
    session: Session, slug: str, before: datetime | None, until: datetime | None, zone: ZoneInfo, *, may_be_so: bool
) -> list[int]:
    """Write the change for every language version, and into each delivery; return the dispatches it concerns.

    Nothing is written where it is so already, and `may_be_so`. Raises `Refused` where it is no longer the embargo of
    `before`, and `BadInput` where its end, or `until`, has come.
    """
    original = original_of(session, store.find_release(session, slug).release)
    # Whoever plans a dispatch of the release holds this row: none is planned with the old hour behind our back.
    session.get(Release, original.id, with_for_update=True, populate_existing=True)
    connection = session.connection()
    require_as_asked(before, embargo_of(session, store.find_release(session, slug).version), f"the embargo of «{slug}»")
    now = clock_of(connection, clock.now())
    versions = store.language_versions(session, original)
    if may_be_so and _is_so(session, versions, until, now):
        return []
    if until is None:
        _require_in_force(before, now, slug)
    else:
        _require_to_come(until, now, zone)
    until = until or now
    concerned: list[int] = []
    for one in versions:
        numbers = change_embargo(session, one.version, until, actor(), clock.now())
        move_embargo(connection, numbers, until)
        concerned += numbers
    details = {"from": before.isoformat() if before else None, "until": until.isoformat()}
    session.add(Audit(actor=actor(), action="releases.embargo", subject=slug, details=details))
    rows = session.scalars(
        select(col(Dispatch.id)).where(
            col(Dispatch.release_version_id).in_(concerned),
            col(Dispatch.is_test).is_(False),
            col(Dispatch.state).in_(NOT_OVER),
        )
    )
    return [number for number in rows if number is not None]


def read(workspace: Workspace, slug: str) -> dict[str, Any]:
    """The embargo of a release as it stands: until when, what its words say, and who has agreed to it."""
    with workspace.database.session(reads_only=True) as session:
        stored = store.find_release(session, slug)
        until = embargo_of(session, stored.version)
        agreed = [
            {
                "address": contact.address,
                "name": " ".join(filter(None, (contact.first_name, contact.last_name))),
                "how": row.how,
                "recorded_by": row.recorded_by,
                "accepted_at": row.accepted_at,
            }
            for row, contact in acceptances(session, original_of(session, stored.release))
        ]
        return {
            "release": slug,
            "embargo_until": until,
            "in_its_words": stored.version.embargo_until,
            "is_over": until is not None and until <= clock.now(),
            "acceptances": agreed,
        }


def note(
    workspace: Workspace, slug: str, contacts: Sequence[str], how: str, *, withdrawn: bool
) -> tuple[str, list[tuple[Member, Word]]]:
    """Record that contacts hold a release until its embargo is over, or no longer do.

    Return the short name of the release itself, of which `slug` may be a translation, and what it came to for each.
    """
    with workspace.database.session() as session:
        original = original_of(session, store.find_release(session, slug).release)
        people = [members.find_contact(session, text) for text in contacts]  # all, before one is noted
        found = [(one, _note(session, original, one, how, withdrawn=withdrawn)) for one in people]
        for one, word in found:
            if word not in {Word.AGREED_ALREADY, Word.HAD_NOT_AGREED}:
                action = "embargo.withdraw" if withdrawn else "embargo.accept"
                details = {"contact_id": one.contact_id, "how": how}
                session.add(Audit(actor=actor(), action=action, subject=original.slug, details=details))
        return original.slug, found


def _note(session: Session, original: Release, who: Member, how: str, *, withdrawn: bool) -> Word:
    if withdrawn:
        return Word.WITHDRAWN if withdraw(session, original, who.contact_id) else Word.HAD_NOT_AGREED
    if accept(session, original, who.contact_id, how=how, by=actor(), now=clock.now()):
        return Word.AGREED
    return Word.HOW_NOTED if how and say_how(session, original, who.contact_id, how) else Word.AGREED_ALREADY

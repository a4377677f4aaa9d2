"""Moving and lifting an embargo, who has agreed to it, and letting a wave leave before its hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select
from sqlmodel import Session, col

from distributor import clock
from distributor.cli.dispatches import running
from distributor.cli.dispatches.awaiting import say_held
from distributor.cli.dispatches.standing import listed
from distributor.cli.terminal.output import ask, console, count, show_table, suggest, when
from distributor.contacts.people import members
from distributor.contacts.people.members import Member
from distributor.db.engine import made_anew_when_crossed
from distributor.deliveries.leases import clock_of
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.timing import count_from, held, move_embargo, set_start
from distributor.dispatch.hours import instants
from distributor.dispatch.hours.instants import say_instant
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.plan import new_dispatch, plan_dispatch
from distributor.dispatch.proof.preflight import render_all
from distributor.dispatch.recipients.telling import write_notice
from distributor.errors import BadInput, Refused, require_as_asked
from distributor.models import Audit, Delivery, Dispatch, Release
from distributor.outgoing.composers import open_composer
from distributor.releases import store
from distributor.releases.inforce import accept, acceptances, change_embargo, embargo_of, say_how, withdraw
from distributor.releases.readers.embargo import read_embargo
from distributor.releases.translations import original_of
from distributor.reports import queries
from distributor.reports.dispatch_row import DispatchRow
from distributor.reports.queries_waves import WaveRow
from distributor.states import HAVE_IT, NOT_OVER, UNDER_WAY, DeliveryState
from distributor.wiring import Workspace, actor


def read_instant(workspace: Workspace, text: str, now: datetime) -> datetime:
    """The instant that an embargo is to be moved to; `BadInput` for none, and for one that is over."""
    zone = workspace.settings.timezone
    try:
        moment = read_embargo(text, zone=zone).until
    except BadInput:  # as a release says it; else as the hours of a sending are typed: «demain 18 h»
        moment = instants.read_instant(text, zone, now)
    _require_to_come(moment, now, zone)
    return moment


def _require_to_come(moment: datetime, now: datetime, zone: ZoneInfo) -> None:
    if moment <= now:
        raise BadInput(f"{say_instant(moment, zone)} is over.", field="--at", mend="To lift it now: --lift")


def _require_in_force(until: datetime | None, now: datetime, slug: str) -> None:
    if until is None or until <= now:
        raise BadInput(f"«{slug}» is under no embargo now.", mend=f"See: distributor releases embargo {slug}")


def move(workspace: Workspace, slug: str, at: str, *, tells: bool, yes: bool) -> None:
    """Move the embargo of a release and its translations to `at`, or lift it now; whoever waits is planned anew.

    With `tells`, those who have it already are sent a notice: all is planned in one transaction, or nothing is changed.
    """
    identity = Identity.from_settings(workspace.settings) if tells else None
    ways = workspace.ways() if tells else None
    zone, now = workspace.settings.timezone, clock.now()
    until = read_instant(workspace, at, now) if at else None
    with workspace.database.session(reads_only=True) as session:
        before = embargo_of(session, store.find_release(session, slug).version)
    if until is None:
        _require_in_force(before, now, slug)
    said = f"from {say_instant(before, zone)} " if before else ""
    ends = say_instant(until, zone) if until else "now"
    ask(f"Move the embargo of «{slug}» {said}to {ends}?" if until else f"Lift the embargo of «{slug}» now?", yes=yes)
    log = workspace.log()

    @made_anew_when_crossed
    def change() -> tuple[list[int], list[int]]:
        with workspace.database.session() as session:
            concerned = _change(session, slug, before, until, zone)
            return concerned, _plan_notices(workspace, session, log, slug, before, identity) if identity else []

    dispatch_ids, told = change()
    console().print(f"The embargo of «{slug}» {'ends' if until else 'is over'} {ends}.")
    if dispatch_ids and not say_held(workspace, dispatch_ids):
        _say_due(workspace, dispatch_ids)
    if told and ways:
        console().print(f"Telling those who have it: dispatch {listed(told)}.")
        running.run_dispatches(workspace, log, told, ways)
    elif tells:
        console().print("Nobody has it yet; nobody is told.")
    else:
        _say_who_has_it(workspace, slug)


def _plan_notices(
    workspace: Workspace, session: Session, log: DeliveryLog, slug: str, before: datetime | None, identity: Identity
) -> list[int]:
    """Write a notice for each language version that somebody has, prove each of its messages, and plan it."""
    planned = []
    now = clock.now()
    original = original_of(session, store.find_release(session, slug).release)
    for one in store.language_versions(session, original):
        told = write_notice(
            session,
            one,
            before=before,
            until=embargo_of(session, one.version) or now,
            now=now,
            templates=workspace.templates,
            timezone=workspace.settings.timezone,
            keyring=workspace.keyring,
        )
        if told is None:
            continue
        opened = open_composer(workspace, session, told.stored)
        failures = render_all(
            opened.composer, told.manifest.recipients, identity, workspace.keyring, date_of=lambda _planned: now
        )
        if failures:
            raise Refused(f"The notice to {failures[0].recipient} cannot be written: {failures[0].message}.")
        files = [file.keep(workspace.path) for file in opened.files]
        dispatch = new_dispatch(session, told.stored.version, identity, workspace.templates, now, files=files)
        planned.append(plan_dispatch(session, log, dispatch, told.manifest))
    return planned


def _change(session: Session, slug: str, before: datetime | None, until: datetime | None, zone: ZoneInfo) -> list[int]:
    """Write the change for every language version, and into each delivery; return the dispatches it concerns.

    Raises `Refused` where it is no longer the embargo of `before`, and `BadInput` where its end, or `until`, has come.
    """
    original = original_of(session, store.find_release(session, slug).release)
    # Whoever plans a dispatch of the release holds this row: none is planned with the old hour behind our back.
    session.get(Release, original.id, with_for_update=True, populate_existing=True)
    connection = session.connection()
    require_as_asked(before, embargo_of(session, store.find_release(session, slug).version), f"the embargo of «{slug}»")
    now = clock_of(connection, clock.now())
    if until is None:
        _require_in_force(before, now, slug)
    else:
        _require_to_come(until, now, zone)
    until = until or now
    concerned: list[int] = []
    for one in store.language_versions(session, original):
        versions = change_embargo(session, one.version, until, actor(), clock.now())
        move_embargo(connection, versions, until)
        concerned += versions
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


def _say_who_has_it(workspace: Workspace, slug: str) -> None:
    """Say how many have it already, with the hour that their message announced."""
    with workspace.database.reading() as connection:
        rows = [row for row in queries.dispatches(connection, slug=slug) if not row.is_test]
    have_it = sum(row.counts.get(state, 0) for row in rows for state in HAVE_IT)
    if have_it:
        console().print(f"{count(have_it, 'recipient has', 'recipients have')} it already, with the hour of before.")


def _say_due(workspace: Workspace, dispatch_ids: Sequence[int]) -> None:
    """Say who may leave now, and by what command."""
    due = [number for number in workspace.carrier(workspace.log()).due() if number in dispatch_ids]
    for number in due:
        console().print(f"Dispatch {number} goes on by itself where distributor work is running; or now, with:")
        console().print(f"  distributor dispatches resume {number}")


def show(workspace: Workspace, slug: str) -> None:
    """Say until when a release is under embargo, and who has agreed to it."""
    out, zone = console(), workspace.settings.timezone
    found = read(workspace, slug)
    until, said = found["embargo_until"], found["in_its_words"]
    if until is None:
        out.print(f"«{slug}» is under no embargo.")
        return
    was = f"; its words say {say_instant(said, zone) if said else 'none'}" if said != until else ""
    out.print(f"The embargo of «{slug}» {'ended' if found['is_over'] else 'ends'} {say_instant(until, zone)}{was}.")
    show_table(
        ["name", "address", "agreed", "how", "noted by"],
        [
            (one["name"], one["address"], when(one["accepted_at"], zone), one["how"], one["recorded_by"])
            for one in found["acceptances"]
        ],
        spare=[4],
        whole=[1],
    )


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


def note(workspace: Workspace, slug: str, contacts: Sequence[str], how: str, *, withdrawn: bool) -> None:
    """Record that contacts hold a release until its embargo is over, or no longer do; say what that changes."""
    out = console()
    with workspace.database.session() as session:
        original = original_of(session, store.find_release(session, slug).release)
        people: list[Member] = [members.find_contact(session, text) for text in contacts]  # all, before one is noted
        for one in people:
            who = one.name or one.address
            if withdrawn:
                news = withdraw(session, original, one.contact_id)
                words = ("no longer holds it", "had not agreed; nothing was changed")
            else:
                news = accept(session, original, one.contact_id, how=how, by=actor(), now=clock.now())
                words = ("has agreed to hold it until the embargo is over", "had agreed already")
                if not news and how and (news := say_how(session, original, one.contact_id, how)):
                    words = ("had agreed already; how it was agreed is noted now", "")
            out.print(f"{who} {words[0] if news else words[1]}.")
            if news:
                action = "embargo.withdraw" if withdrawn else "embargo.accept"
                details = {"contact_id": one.contact_id, "how": how}
                session.add(Audit(actor=actor(), action=action, subject=original.slug, details=details))
            if withdrawn and one.embargo_trust:
                out.print(f"  but stands as trusted: distributor contacts edit {one.address} --embargo-trust no")
        slugs = original.slug
    with workspace.database.reading() as connection:
        open_ = [row.id for row in queries.dispatches(connection, slug=slugs) if row.is_open and not row.is_test]
    if open_ and not withdrawn:
        _say_due(workspace, open_)
    if not withdrawn:
        _say_if_none(workspace, slugs)


def _say_if_none(workspace: Workspace, slug: str) -> None:
    """Say that a release to be held is under no embargo now, which somebody may have forgotten to write."""
    found = read(workspace, slug)
    if found["embargo_until"] is None or found["is_over"]:
        suggest(f"«{slug}» is under no embargo now. To set one:", f"distributor releases embargo {slug} --at WHEN")


def release_next(workspace: Workspace, dispatch_id: int, *, yes: bool) -> None:
    """Let the next wave of a dispatch leave now. Raises `Refused` where the embargo lets nobody of it."""
    with workspace.database.reading() as connection:
        row, wave = _next_wave(workspace, connection, dispatch_id)
    ask(f"Let wave {wave.number}, {wave.name}, leave now?", yes=yes)
    with workspace.database.session() as session:
        session.get(Dispatch, dispatch_id, with_for_update=True)
        connection = session.connection()
        require_as_asked(wave.number, _next_wave(workspace, connection, dispatch_id)[1].number, "which wave is next")
        moment = clock_of(connection, clock.now())
        set_start(connection, dispatch_id, wave.number, moment)
        count_from(connection, dispatch_id, wave.number, moment)
        mine = [one for one in held(connection, [dispatch_id], moment) if one.wave == wave.number]
        everyone = connection.execute(
            select(func.count()).where(col(Delivery.dispatch_id) == dispatch_id, col(Delivery.wave) == wave.number)
        ).scalar_one()
        if mine and sum(one.many for one in mine) == everyone:
            raise _embargoed(workspace, row.slug, max(one.until for one in mine))
        details = {"wave": wave.number, "name": wave.name, "planned": wave.starts_at and wave.starts_at.isoformat()}
        session.add(Audit(actor=actor(), action="dispatches.release", subject=str(dispatch_id), details=details))
    console().print(f"Wave {wave.number}, {wave.name}, of dispatch {dispatch_id} may leave now.")


def _next_wave(workspace: Workspace, connection: Connection, dispatch_id: int) -> tuple[DispatchRow, WaveRow]:
    """A dispatch and the wave of it that waits for its hour before the others; raises where there is none."""
    row = queries.find_dispatch(connection, dispatch_id)
    now = clock_of(connection, clock.now())
    waiting = held(connection, [dispatch_id], now)
    if row.state not in UNDER_WAY:
        raise BadInput(
            f"Dispatch {dispatch_id} is {row.state}; no wave of it waits for its hour.",
            mend=f"See: distributor dispatches show {dispatch_id}",
        )
    if row.is_scheduled:
        raise Refused(
            f"Dispatch {dispatch_id} has not begun, so no wave of it leaves.",
            mend=f"To start it now: distributor dispatches reschedule {dispatch_id} --at now",
        )
    # One that has begun may be among them: by a clock that was ahead then, or is behind now.
    coming = (one for one in row.waves if one.starts_at and one.starts_at > now)
    wave = next((one for one in coming if one.counts.get(DeliveryState.QUEUED)), None)  # one with nobody left is none
    if wave is None and any(one.by_embargo for one in waiting):
        raise _embargoed(workspace, row.slug, max(one.until for one in waiting))
    if wave is None:
        raise BadInput(
            f"No wave of dispatch {dispatch_id} waits for its hour.",
            mend=f"See: distributor dispatches show {dispatch_id}",
        )
    return row, wave


def _embargoed(workspace: Workspace, slug: str, until: datetime) -> Refused:
    return Refused(
        f"Those who wait have not agreed to the embargo, which ends {say_instant(until, workspace.settings.timezone)};"
        " nobody leaves before.",
        mend=f"To lift it now: distributor releases embargo {slug} --lift",
    )

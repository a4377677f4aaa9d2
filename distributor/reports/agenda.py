"""The agenda: whatever waits for its hour or for a person, each with the command that deals with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select
from sqlmodel import SQLModel

import distributor.models  # noqa: F401 - registers the tables
from distributor.releases.inforce import in_force
from distributor.releases.kinds import ReleaseKind
from distributor.reports import queries
from distributor.reports.dispatch_row import DispatchRow
from distributor.reports.withholding import count_barred
from distributor.states import HELD, LEFT_COOLING, NOT_OVER, OPEN_STATES, DeliveryState, DispatchState

_TABLES = SQLModel.metadata.tables
_release, _version, _event = _TABLES["release"], _TABLES["release_version"], _TABLES["feedback_event"]

WORK = "distributor work"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that waits: what `kind` of wait it is, until when (None: for a person), and what deals with it.

    `words` say it; `release` is its slug, and `dispatch_id` its number where it has one.
    """

    kind: str
    at: datetime | None
    words: str
    command: str
    release: str = ""
    dispatch_id: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The stable shape."""
        return asdict(self)


def read_agenda(connection: Connection, now: datetime) -> list[Entry]:
    """Whatever waits at `now`, what waits for a person first, then by its hour."""
    open_rows = [row for row in queries.dispatches(connection, states=NOT_OVER) if not row.is_test]
    barred = count_barred(connection, [row.id for row in open_rows])
    waiting = {row.id: _waiting(row) - barred.get(row.id, 0) for row in open_rows}
    entries = [entry for source in _OF_DISPATCHES for row in open_rows for entry in source(row, waiting[row.id])]
    entries += [entry for source in _OF_THE_REST for entry in source(connection, now)]
    return sorted(entries, key=lambda one: (one.at is not None, one.at or now, one.dispatch_id or 0))


def _starts(row: DispatchRow, waiting: int) -> Iterator[Entry]:
    """What waits for its start, or missed it."""
    who = f"«{row.slug}» to {_people(waiting)}"
    if row.is_scheduled:
        yield _entry(row, "scheduled", row.scheduled_at, f"{who} starts", WORK)
    elif row.is_held:
        why, command = row.held_because.removeprefix(HELD), f"distributor dispatches resume {row.id}"
        if row.started_at is not None:
            yield _entry(row, "held", None, f"«{row.slug}», {_people(waiting)} waiting: {why}", command)
            return
        is_left = row.held_because == LEFT_COOLING
        command += f", or: distributor dispatches {'cancel' if is_left else 'reschedule'} {row.id}"
        command += "" if is_left else " --at …"
        yield _entry(row, "held", None, f"{who}: {why}", command)
    elif row.state == DispatchState.PLANNED and not row.only_held:
        yield _entry(row, "planned", None, f"{who} was never started", f"distributor dispatches resume {row.id}")


def _stops(row: DispatchRow, many: int) -> Iterator[Entry]:
    """What stands still, and why."""
    waiting = _people(many)
    if row.state == DispatchState.PAUSED and not row.is_held:
        words = f"«{row.slug}», {waiting} waiting: {row.pause_reason}"
        yield _entry(row, "paused", None, words, f"distributor dispatches resume {row.id}")
    elif row.stopped:
        words = f"«{row.slug}» stopped in the middle, {waiting} waiting"
        yield _entry(row, "stopped", None, words, f"distributor dispatches resume {row.id}")
    elif row.is_waiting:
        yield _entry(row, "waits", row.waits_until, f"«{row.slug}», {waiting} waiting: {row.waits_for}", WORK)


def _goes_on(row: DispatchRow, waiting: int) -> Iterator[Entry]:
    """What is under way, whom it comes back to, and when it is cut off."""
    if row.state != DispatchState.RUNNING:
        return
    if row.next_attempt_at is not None:
        later = _people(row.counts.get(DeliveryState.DEFERRED, 0))
        yield _entry(row, "retry", row.next_attempt_at, f"«{row.slug}» is tried again at {later}", WORK)
    if row.not_after is not None and waiting:
        words = f"«{row.slug}»: whoever has not left is withheld ({_people(waiting)} waiting)"
        yield _entry(row, "cut_off", row.not_after, words, f"distributor dispatches show {row.id}")


def _parts(row: DispatchRow, _waiting: int) -> Iterator[Entry]:
    """Who of it waits for a wave, or for the end of an embargo that they have not agreed to."""
    if row.state == DispatchState.PAUSED:
        return
    names = {one.number: one.name for one in row.waves}
    for one in row.held:
        who = f"«{row.slug}» to {_people(one.many)}"
        if one.by_embargo:
            yield _entry(row, "embargo", one.until, f"{who} leaves: its embargo is over", WORK)
        else:
            yield _entry(row, "wave", one.until, f"{who}: wave {one.wave}, {names.get(one.wave, '')}, leaves", WORK)


def _doubts(connection: Connection, _now: datetime) -> Iterator[Entry]:
    """Whom nobody knows of whether they have it, of dispatches that are over as well."""
    for row in queries.dispatches(connection, holding=DeliveryState.IN_DOUBT):
        if row.is_test:
            continue
        doubtful = _people(row.counts.get(DeliveryState.IN_DOUBT, 0))
        command = f"distributor dispatches resolve {row.id}"
        yield _entry(row, "in_doubt", None, f"«{row.slug}»: {doubtful} may have it, or not", command)


def _embargoes(connection: Connection, now: datetime) -> Iterator[Entry]:
    """The releases whose newest version is under embargo still; a notice of one only repeats its hour."""
    newest = select(_version.c.release_id, func.max(_version.c.number).label("number")).group_by(_version.c.release_id)
    latest = newest.subquery()
    rows = connection.execute(
        select(_release.c.slug, in_force())
        .join(_version, _version.c.release_id == _release.c.id)
        .join(latest, (latest.c.release_id == _version.c.release_id) & (latest.c.number == _version.c.number))
        .where(in_force() > now, _version.c.kind != ReleaseKind.NOTICE)
    )
    for slug, until in rows:
        yield Entry("embargo", until, f"«{slug}»: its embargo lifts", f"distributor releases embargo {slug}", slug)


def _answers(connection: Connection, _now: datetime) -> Iterator[Entry]:
    """What came back and waits for a person's word."""
    waiting = select(func.count()).select_from(_event).where(_event.c.state == "waiting")
    if many := connection.execute(waiting).scalar_one():
        words = f"{many} {'message' if many == 1 else 'messages'} that came back may mean something: say what"
        yield Entry("feedback", None, words, "distributor feedback list --waiting")


_OF_DISPATCHES: tuple[Callable[[DispatchRow, int], Iterable[Entry]], ...] = (_starts, _stops, _goes_on, _parts)
"""What is told of each dispatch that is not over, of whom so many wait and will not be withheld: a further kind of
wait is one more function here."""

_OF_THE_REST: tuple[Callable[[Connection, datetime], Iterable[Entry]], ...] = (_doubts, _embargoes, _answers)
"""What is told beside them: a further kind of wait, with a query of its own, is one more function here."""


def _entry(row: DispatchRow, kind: str, at: datetime | None, words: str, command: str) -> Entry:
    return Entry(kind, at, words, command, row.slug, row.id)


def _waiting(row: DispatchRow) -> int:
    return sum(row.counts.get(state, 0) for state in OPEN_STATES)


def _people(many: int) -> str:
    return f"{many} {'recipient' if many == 1 else 'recipients'}"

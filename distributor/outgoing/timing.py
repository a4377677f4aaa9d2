"""The timing of a sending: its waves, who is ahead of everybody else, and who waits for the end of an embargo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from distributor.contacts.lists import press_lists
from distributor.contacts.people import members
from distributor.dispatch.proof.preflight import early_readers
from distributor.dispatch.recipients.roll import Roll
from distributor.dispatch.recipients.waited import hours_of
from distributor.dispatch.recipients.waves import EVERYBODY, PlannedWave, in_order, read_duration, read_wave
from distributor.errors import BadInput
from distributor.outgoing.proving import Proved
from distributor.outgoing.proving_corrections import Ready
from distributor.wiring import Workspace

_THE_REST = "everybody else"


@dataclass(frozen=True, slots=True)
class Timing:
    """When the parts of a sending leave: its `waves`, if any, and the `lists` that they name in their order."""

    waves: tuple[PlannedWave, ...]
    lists: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who of a sending waits for the end of an embargo (`until`), and how many may have it before."""

    until: datetime
    people: Roll
    early: int


@dataclass(frozen=True, slots=True, order=True)
class Later:
    """That recipients of a correction get it at an hour to come: of the wave or the lists called `name`.

    With `by_embargo` it is the end of the embargo that they wait for, whatever their hour was.
    """

    until: datetime
    by_embargo: bool
    name: str


def later_of_correction(workspace: Workspace, ready: Ready, moment: datetime) -> list[tuple[Later, int]]:
    """When those get a correction who do not get it at once, and how many: the earliest first.

    Whoever has the wrong text gets it at once, and whoever waited for that waits on.
    """
    found: Counter[Later] = Counter()
    with workspace.database.session(reads_only=True) as session:
        for part in ready.parts:
            ends, early = early_readers(session, part.stored, moment)
            waited = [one for one in part.meant if not one.has_it]
            hours = hours_of(session, [one.holding.delivery_id for one in waited], moment)
            theirs = [(one.planned.contact_id, hours.get(one.holding.delivery_id)) for one in waited]
            for contact_id, hour in (*theirs, *((one.contact_id, None) for one in part.added)):
                if ends is not None and contact_id not in early and (hour is None or hour.at < ends):
                    found[Later(ends, True, "")] += 1
                elif hour is not None:
                    found[Later(hour.at, False, hour.name)] += 1
    return sorted(found.items())


def read_timing(
    workspace: Workspace, lists: Sequence[str], waves: Sequence[str], moment: datetime, *, exclusive: str, ahead: str
) -> Timing:
    """The waves that are asked for, as typed. Raises `BadInput` for what cannot be read, or is not there."""
    zone = workspace.settings.timezone
    read = [read_wave(text, zone, moment) for text in waves]
    with workspace.database.session(reads_only=True) as session:
        named = [replace(one, lists=_slugs(session, workspace, one.name)) for one in read]
        slugs = [str(press_lists.find_list(session, name).slug) for name in lists]
        if exclusive:
            named = named or [PlannedWave(0, _THE_REST, lists=tuple(slugs))]
            if named[0].after or named[0].starts_at:
                raise BadInput(
                    f"With --exclusive, --for says when «{named[0].name}» starts.",
                    field="--wave",
                    mend=f"Write: --wave {named[0].name}",
                )
            first = replace(named[0], after=read_duration(ahead, "--for"))
            named = [_exclusive(session, exclusive), first, *named[1:]]
    slugs += [slug for one in named for slug in one.lists]
    return Timing(in_order(named, moment), tuple(dict.fromkeys(slugs)))


def _slugs(session: Session, workspace: Workspace, name: str) -> tuple[str, ...]:
    """The list of a wave; of «all», where no list is called so, every list there is."""
    every = [one.slug for one in press_lists.lists(session, workspace.keyring)] if name == EVERYBODY else []
    if every and EVERYBODY not in every:
        return tuple(every)
    return (str(press_lists.find_list(session, name).slug),)


def _exclusive(session: Session, text: str) -> PlannedWave:
    from distributor.contacts.people import outlets  # noqa: PLC0415 - few sendings have an exclusive

    outlet = outlets.outlet_called(session, text)
    if outlet is not None:
        people = outlets.contacts_of(session, outlet)
        return PlannedWave(0, outlet.name, contact_ids=frozenset(one.contact_id for one in people))
    try:
        member = members.find_contact(session, text)
    except BadInput as error:
        if "distributor contacts list" not in error.mend:  # several are called so: that sentence names them
            raise
        raise BadInput(
            f"No contact and no outlet is called «{text}».",
            field="--exclusive",
            mend="Look with: distributor outlets list; or: distributor contacts list",
        ) from error
    return PlannedWave(0, member.name or member.address, contact_ids=frozenset({member.contact_id}))


def waiting_of(workspace: Workspace, proved: Proved, moment: datetime) -> list[Waiting]:
    """Who waits for the end of an embargo, in each language version that is under one."""
    found = []
    with workspace.database.session(reads_only=True) as session:
        for one in proved.versions:
            people = one.manifest.recipients
            ends, early = early_readers(session, one.stored, moment)
            if ends is not None and people:
                late = Roll(who for who in people if who.contact_id not in early)
                found.append(Waiting(ends, late, len(people) - len(late)))
    return found

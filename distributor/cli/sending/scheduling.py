"""A dispatch's hours in front of a person: said back in words, put off, and who is there to start it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from distributor import clock
from distributor.cli.terminal.output import ask, console, count
from distributor.deliveries.roster import Roster, sends_through
from distributor.dispatch.accounts.named import accounts_of
from distributor.dispatch.hours.cooling import was_left
from distributor.dispatch.hours.instants import Hours, read_hours, say_distance, say_instant
from distributor.dispatch.hours.rescheduling import check_reschedulable, may_begin, put_back, reschedule
from distributor.dispatch.hours.schedule import TakenUp
from distributor.dispatch.proof.reproving import check_moment
from distributor.errors import BadInput, require_as_asked
from distributor.models import Dispatch
from distributor.reports import queries
from distributor.wiring import Workspace, actor


def say_hours(workspace: Workspace, hours: Hours, now: datetime) -> str:
    """Both hours of a sending, in words that leave no doubt; "" for one that leaves now, and whenever."""
    zone = workspace.settings.timezone
    parts = []
    if hours.start is not None:
        parts.append(f"It starts on {say_instant(hours.start, zone)}, {say_distance(hours.start, now, zone)}.")
    if hours.not_after is not None:
        parts.append(f"Whoever has not left by {say_instant(hours.not_after, zone)} is withheld.")
    return " ".join(parts)


def show_hours(workspace: Workspace, hours: Hours, now: datetime) -> None:
    """Print them, where there are any."""
    if said := say_hours(workspace, hours, now):
        console().print(said, soft_wrap=True)


def say_scheduled(workspace: Workspace, dispatch_ids: Sequence[int], start: datetime) -> None:
    """Say that dispatches wait for their hour, what has to run then, and whether it runs."""
    out, zone = console(), workspace.settings.timezone
    for number in dispatch_ids:
        out.print(f"Dispatch {number} is scheduled: {say_instant(start, zone)}. Nothing of it leaves before.")
    out.print("It is started by `distributor work`, which has to run then: see distributor workers list.")
    out.print(f"To call it off: distributor dispatches cancel {dispatch_ids[0]}; all that waits: distributor agenda")
    warn_without_worker(workspace, dispatch_ids)


def warn_without_worker(workspace: Workspace, dispatch_ids: Iterable[int]) -> None:
    """Say on standard error when no process is there that would start all of these dispatches."""
    present = Roster(workspace.database, "").present()
    with workspace.database.reading() as connection:
        accounts = accounts_of(connection, dispatch_ids)
    alone = sorted(name for name in accounts if not any(sends_through(one, name) for one in present))
    if alone:
        which = f" for {', '.join(f'«{name}»' for name in alone)}" if present else ""
        console(stderr=True).print(
            f"Nobody is at work now{which}: unless `distributor work` runs by then, nothing leaves.",
            soft_wrap=True,
            style="yellow",
        )


def say_taken_up(taken: TakenUp) -> None:
    """Say what became of the dispatches whose hour has come."""
    for number in taken.started:
        console().print(f"Dispatch {number} starts: it was scheduled for now.")
    for number, why in taken.held:
        console(stderr=True).print(
            f"Dispatch {number} is held: {why}. {_ways_on(number)}", soft_wrap=True, style="yellow"
        )
    for number, why in taken.missed:
        ways = (
            f"Let it go: distributor dispatches resume {number}; or give it up: distributor dispatches cancel {number}"
        )
        console(stderr=True).print(f"Dispatch {number} is held: {why}. {ways}", soft_wrap=True, style="yellow")


def say_cut_off(cut: Mapping[int, int]) -> None:
    """Say who did not leave in time."""
    for number, many in cut.items():
        console().print(f"Dispatch {number}: its cut-off has come; {count(many, 'recipient')} withheld.")


def _ways_on(dispatch_id: int) -> str:
    return (
        f"Start it anyway: distributor dispatches resume {dispatch_id}; put it off: distributor dispatches reschedule"
        f" {dispatch_id} --at …; or give it up: distributor dispatches cancel {dispatch_id}"
    )


def resume_before_start(workspace: Workspace, dispatch_id: int) -> bool:
    """Deal with a dispatch that has not begun, as `resume` is to; return whether there is nothing more to do.

    One that was paused before its hour waits for it again. One whose hour has come, held or not, is started by the
    caller, unless the proof stops it now. Raises `Refused`, then and for one that waits for its hour.
    """
    zone, now = workspace.settings.timezone, clock.now()
    start = put_back(workspace.database, dispatch_id, now, zone, actor())
    if start is not None:
        workspace.tell_of("dispatch.resumed", dispatch_id)
        say_scheduled(workspace, [dispatch_id], start)
        return True
    with workspace.database.session(reads_only=True) as session:
        dispatch = session.get(Dispatch, dispatch_id)
        has_an_hour = dispatch is not None and (dispatch.scheduled_at is not None or was_left(dispatch, now))
        if dispatch is not None and has_an_hour and may_begin(dispatch):
            check_moment(session, dispatch, now, zone)
    return False


def reschedule_one(workspace: Workspace, dispatch_id: int, at: str, not_after: str, *, yes: bool) -> None:
    """Give a dispatch that has not begun another hour, by the operator's word, proved for it."""
    zone, now = workspace.settings.timezone, clock.now()
    with workspace.database.reading() as connection:
        queries.find_dispatch(connection, dispatch_id)
    with workspace.database.session(reads_only=True) as session:
        dispatch = session.get_one(Dispatch, dispatch_id)
        check_reschedulable(session, dispatch)
        hours = _hours(dispatch, read_hours(at, not_after, zone, now))
        assert hours.start is not None, "an hour is asked for"
        check_moment(session, dispatch, hours.start, zone)
        standing = dispatch.state, dispatch.scheduled_at, dispatch.not_after
    show_hours(workspace, hours, now)
    ask(f"Let dispatch {dispatch_id} start then?", yes=yes)
    with workspace.database.session() as session:
        dispatch = session.get_one(Dispatch, dispatch_id, with_for_update=True)
        check_reschedulable(session, dispatch)
        found = dispatch.state, dispatch.scheduled_at, dispatch.not_after
        require_as_asked(standing, found, f"dispatch {dispatch_id}")
        reschedule(session, dispatch_id, hours.start, hours.not_after, actor())
    workspace.tell_of("dispatch.rescheduled", dispatch_id)
    say_scheduled(workspace, [dispatch_id], hours.start)


def _hours(dispatch: Dispatch, asked: Hours) -> Hours:
    """The hours asked for; a cut-off that nothing was said of stays, if it comes after the start."""
    if asked.not_after is not None or dispatch.not_after is None:
        return asked
    assert asked.start is not None, "an hour is asked for"
    if dispatch.not_after <= asked.start:
        raise BadInput(
            f"Dispatch {dispatch.id} has a cut-off, and that start comes after it.",
            field="--not-after",
            mend="Give a later one too: --not-after 20:00",
        )
    return Hours(asked.start, dispatch.not_after)

"""What recipients wait for, and until when, in words."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select
from sqlmodel import col

from distributor import clock
from distributor.cli.terminal.output import console, count
from distributor.deliveries.leases import clock_of
from distributor.deliveries.roster import Roster, sends_through
from distributor.deliveries.timing import Held, held
from distributor.deliveries.workers import host_of, pid_of
from distributor.dispatch.accounts.named import accounts_of
from distributor.dispatch.hours.instants import say_instant
from distributor.dispatch.recipients.merged import WaitingDelivery
from distributor.models import Dispatch
from distributor.reports import queries
from distributor.reports.queries_waves import wave_names
from distributor.reports.withholding import in_words
from distributor.states import FORMER, DispatchState
from distributor.wiring import Workspace

_MANY = 15
"""So many who will not be sent to are named; the report names all."""


def say_held(workspace: Workspace, dispatch_ids: Sequence[int]) -> list[Held]:
    """Say who of these dispatches waits for what and until when, and what sends them then; return them."""
    with workspace.database.reading() as connection:
        found = held(connection, dispatch_ids, clock_of(connection, clock.now()))
        names = wave_names(connection, dispatch_ids)
        barred = list(queries.recipients(connection, dispatch_ids, only_to_be_withheld=True))
        paused = _paused(connection, {one.dispatch_id for one in found})
    out = console()
    for line in held_in_words(found, names, workspace.settings.timezone):
        out.print(line, soft_wrap=True)
    for dispatch_id in paused:
        out.print(f"They leave once dispatch {dispatch_id}, which is paused, goes on.")
    if any(one.dispatch_id not in paused for one in found):
        worker = _waiting_worker(workspace, dispatch_ids)
        by_itself = f"They leave by themselves: distributor work is running ({worker})."
        out.print(by_itself if worker else "Nothing sends them by itself now; leave running: distributor work")
    _say_barred(barred)
    return found


def _say_barred(barred: Sequence[Mapping[str, Any]]) -> None:
    """Say how many of those who wait will not be sent to, and, where they are few, who."""
    out = console()
    for line in in_words(Counter(one["to_be_withheld"] for one in barred)):
        out.print(line, soft_wrap=True)
    for one in barred[:_MANY]:
        out.print(f"  {one['address']} {one['name']}".rstrip(), soft_wrap=True)
    if len(barred) > _MANY:
        out.print(f"  … and {len(barred) - _MANY} more (distributor report has them)")


def say_due(workspace: Workspace, dispatch_ids: Collection[int]) -> None:
    """Say which of these dispatches may go on now, and by what command."""
    due = [number for number in workspace.carrier(workspace.log()).due() if number in dispatch_ids]
    for number in due:
        console().print(f"Dispatch {number} goes on by itself where distributor work is running; or now, with:")
        console().print(f"  distributor dispatches resume {number}")


def say_what_waits(spared: Sequence[WaitingDelivery], leaving: Sequence[WaitingDelivery]) -> None:
    """What becomes of the releases that wait for whoever was edited, or taken off a list."""
    for one in spared:
        console().print(
            f"  {one.address} is not sent «{one.slug}» (dispatch {one.dispatch_id}): {FORMER}. {one.after_all}",
            soft_wrap=True,
        )
    for one in leaving:
        console().print(
            f"  «{one.slug}» (dispatch {one.dispatch_id}) still leaves for {one.address}, as it was planned.",
            soft_wrap=True,
        )


def _paused(connection: Connection, dispatch_ids: Iterable[int]) -> list[int]:
    """Those of these dispatches that are paused: no command sends them by itself."""
    paused = col(Dispatch.id).in_(dispatch_ids), col(Dispatch.state) == DispatchState.PAUSED
    return list(connection.scalars(select(col(Dispatch.id)).where(*paused).order_by(col(Dispatch.id))))


def _waiting_worker(workspace: Workspace, dispatch_ids: Sequence[int]) -> str:
    """A process that waits to send these dispatches, as a person would look for it; "" where none does for all."""
    with workspace.database.reading() as connection:
        accounts = accounts_of(connection, dispatch_ids)
    for one in Roster(workspace.database, "").present():
        if one["dispatch_id"] is None and one["pid"] != os.getpid() and all(sends_through(one, a) for a in accounts):
            return f"process {pid_of(one['name'])} on {host_of(one['name'])}"
    return ""


def held_in_words(found: Iterable[Held], names: Mapping[tuple[int, int], str], zone: ZoneInfo) -> list[str]:
    """A line for each group that waits: how many, for what, until when."""
    lines = []
    for one in found:
        of_wave = f" of wave {one.wave}, {names[one.dispatch_id, one.wave]}," if one.wave else ""
        what = "for the end of the embargo, " if one.by_embargo else "until "
        verb = "waits" if one.many == 1 else "wait"
        lines.append(f"{count(one.many, 'recipient')}{of_wave} {verb} {what}{say_instant(one.until, zone)}.")
    return lines

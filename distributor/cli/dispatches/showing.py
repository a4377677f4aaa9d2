"""How a dispatch looks on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from distributor.account_settings import DEFAULT_ACCOUNT
from distributor.cli.dispatches.standing import named_doubt
from distributor.cli.terminal.output import console, show_table, suggest, when
from distributor.dispatch.hours.instants import say_instant
from distributor.reports.dispatch_row import DispatchRow
from distributor.reports.styles import state_text
from distributor.states import DeliveryState, DispatchState


def describe_dispatch(row: DispatchRow) -> str:
    """A dispatch on one line."""
    return f"Dispatch {row.id} of «{row.slug}», version {row.version}: {row.words}"


def show_dispatch(row: DispatchRow, doubtful: Sequence[dict[str, Any]], zone: ZoneInfo) -> None:
    """How a dispatch stands, what it waits for, and who is in doubt."""
    out = console()
    without = f", without {', '.join(row.excluded_lists)}" if row.excluded_lists else ""
    out.print(f"Dispatch {row.id} of «{row.slug}», version {row.version}: {row.headline}")
    out.print(f"State: {row.words}", soft_wrap=True)
    out.print(f"Lists: {', '.join(row.lists) or '(none)'}{without}")
    if row.account != DEFAULT_ACCOUNT or row.then or row.takeover:
        out.print(row.way, soft_wrap=True)
    for one in row.sign_offs:
        signed = when(datetime.fromisoformat(one["signed_at"]), zone)
        out.print(f"Signed off by {one['name']} ({one['actor']}), {signed}, {one['digest'][:12]}")
    if row.scheduled_at is not None:
        start = "To start on" if row.started_at is None else "Its start:"
        out.print(f"{start} {say_instant(row.scheduled_at, zone)}", soft_wrap=True)
    if row.not_after is not None:
        out.print(f"Cut-off: whoever has not left by {say_instant(row.not_after, zone)} is withheld", soft_wrap=True)
    ended = "" if row.state == DispatchState.CANCELLED else f"; finished {when(row.finished_at, zone) or 'not yet'}"
    out.print(f"Started {when(row.started_at, zone) or 'not yet'}{ended}")
    show_table(["state", "recipients"], [(state_text(state), many) for state, many in row.counts.items()], right=[1])
    if row.waves:
        show_table(
            ["wave", "", "starts", "began", "recipients", "accepted"],
            [
                (
                    one.number,
                    f"{one.name} (exclusive)" if one.is_exclusive else one.name,
                    when(one.starts_at, zone) or "at once",
                    when(one.began_at, zone),
                    one.total,
                    one.counts.get(DeliveryState.ACCEPTED, 0),
                )
                for one in row.waves
            ],
            right=[0, 4, 5],
        )
    if row.next_attempt_at and row.in_hand:
        out.print(f"Next attempt: {when(row.next_attempt_at, zone)}.")
    elif row.next_attempt_at and row.state != DispatchState.PAUSED:
        suggest(f"Next attempt: {when(row.next_attempt_at, zone)}; leave running:", "distributor work")
    for one in doubtful:
        out.print(f"In doubt: {named_doubt(one)}")
    if doubtful:
        suggest("What to look for, and how to end the doubt:", f"distributor dispatches resolve {row.id}")

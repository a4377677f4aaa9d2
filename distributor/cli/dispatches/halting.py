"""Pausing and stopping what is being sent, from another terminal, and what had left by then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from distributor.cli.dispatches.standing import named_doubt, say_recovery
from distributor.cli.terminal.output import console, count, show_json
from distributor.deliveries.log import Recovery
from distributor.dispatch.calling import pause_dispatch, stop_dispatches
from distributor.dispatch.company import until_let_go
from distributor.reports import queries
from distributor.states import UNSENT_STATES, DeliveryState
from distributor.wiring import Workspace, actor

_PATIENCE_S = 5.0


def pause_one(workspace: Workspace, dispatch_id: int, because: str) -> None:
    """Pause a dispatch by the operator's word, and say how it stands."""
    with workspace.database.reading() as connection:
        queries.find_dispatch(connection, dispatch_id)
    pause_dispatch(workspace.database, dispatch_id, actor(), because)
    workspace.tell_of("dispatch.paused", dispatch_id)
    with workspace.database.reading() as connection:
        row = queries.find_dispatch(connection, dispatch_id)
    left = row.counts.get(DeliveryState.ACCEPTED, 0)
    out = console()
    out.print(f"Dispatch {dispatch_id} is paused; {count(left, 'message has', 'messages have')} left.")
    on_the_wire = row.counts.get(DeliveryState.SENDING, 0)
    if on_the_wire:
        out.print(f"On the wire, and being finished: {count(on_the_wire, 'message')}.")
    out.print(f"Go on with: distributor dispatches resume {dispatch_id}")


def stop_all(workspace: Workspace, dispatch_ids: Sequence[int], because: str, *, as_json: bool) -> None:
    """Stop these dispatches, or all; wait until every process has let go; list what has left and who is in doubt."""
    with workspace.database.reading() as connection:
        for number in dispatch_ids:
            queries.find_dispatch(connection, number)
    stopped = stop_dispatches(workspace.database, dispatch_ids, actor(), because)
    workspace.tell_of("dispatch.stopped", *stopped)
    holding = until_let_go(workspace.database, stopped, _PATIENCE_S)
    recovery = workspace.carrier(workspace.log()).recover()  # whoever was killed before, or by the same hand
    shown = [_left(workspace, number) for number in stopped]
    if as_json:
        show_json(shown)
        return
    _say(shown, recovery)
    for worker in holding:
        console(stderr=True).print(f"Still finishing: {worker}. Nothing more begins to leave there.")


def _left(workspace: Workspace, dispatch_id: int) -> dict[str, Any]:
    """What became of a dispatch that was stopped: its row, who has the message, and who may have it."""
    with workspace.database.reading() as connection:
        row = queries.find_dispatch(connection, dispatch_id)
        people = list(queries.recipients(connection, [dispatch_id], (DeliveryState.ACCEPTED, DeliveryState.IN_DOUBT)))
    return row.as_json() | {
        "left": [one for one in people if one["state"] == DeliveryState.ACCEPTED],
        "in_doubt": [one for one in people if one["state"] == DeliveryState.IN_DOUBT],
    }


def _say(shown: Sequence[dict[str, Any]], recovery: Recovery) -> None:
    out = console()
    if not shown:
        out.print("Nothing is being sent; nothing was stopped.")
    say_recovery(recovery)
    for one in shown:
        totals, left = one["totals"], count(len(one["left"]), "message has", "messages have")
        waiting = sum(totals[state] for state in UNSENT_STATES)
        doubt = f"{len(one['in_doubt'])} in doubt, {count(waiting, 'recipient')} waiting"
        out.print(f"Dispatch {one['id']} of «{one['release']}» is stopped: {left} left, {doubt}.")
        for person in one["left"]:
            out.print(f"  left      {person['address']} {person['name']}".rstrip())
        for person in one["in_doubt"]:
            out.print(f"  in doubt  {named_doubt(person)}")
        out.print(
            f"Go on with: distributor dispatches resume {one['id']}; or: distributor dispatches cancel {one['id']}"
        )

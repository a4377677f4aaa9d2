"""Sending again to those whom a dispatch did not reach: shown, asked, queued, carried."""

from __future__ import annotations

from distributor import clock
from distributor.cli.dispatches.running import run_dispatch, shown_dialogue
from distributor.cli.dispatches.standing import how_it_is_paused, say_recovery
from distributor.cli.terminal.output import ask, console, count, show_json, show_table
from distributor.cli.terminal.signals import outlive_the_terminal
from distributor.dispatch.afterwards.retrying import Again, Candidate, Wish, find_again, queue_again
from distributor.errors import BadInput, Refused
from distributor.reports import queries
from distributor.reports.styles import state_text
from distributor.states import DispatchState
from distributor.wiring import Workspace, actor

_WORDS = 80


def retry_dispatch(
    workspace: Workspace,
    dispatch_id: int,
    wish: Wish,
    *,
    because: str,
    dry_run: bool,
    yes: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Send again to whom the wish means, the same bytes; raises `BadInput` for nobody, `Refused` if nobody may be.

    A dispatch that is paused stays so: its recipients are queued, and `dispatches resume` goes on.
    """
    log = workspace.log()
    if not dry_run:
        say_recovery(workspace.carrier(log).recover())  # who is in doubt since a kill is in doubt now
    with workspace.database.session(reads_only=True) as session:
        again = find_again(session, workspace.keyring, dispatch_id, wish)
    if as_json:
        show_json(
            {
                "dispatch": dispatch_id,
                "again": [one.as_json() for one in again.meant],
                "left_out": [one.as_json() for one in again.left_out],
            }
        )
        return
    _show(again)
    _require_somebody(again)
    if dry_run:
        console().print("Dry run: nobody was queued, nothing was sent.")
        return
    ways = workspace.ways(shown_dialogue(verbose))
    ask(f"Send again to {count(len(again.meant), 'recipient')} of dispatch {dispatch_id}?", yes=yes)
    outlive_the_terminal()
    with workspace.database.session() as session:
        moved = queue_again(session, workspace.keyring, again, actor=actor(), because=because, now=clock.now())
    workspace.tell_of("dispatch.retried", dispatch_id)
    console().print(f"{count(len(moved), 'recipient')} queued again.")
    with workspace.database.reading() as connection:
        row = queries.find_dispatch(connection, dispatch_id)
    if row.state == DispatchState.PAUSED:
        console().print(how_it_is_paused(workspace, row), soft_wrap=True)
        return
    run_dispatch(workspace, log, dispatch_id, ways)


def _show(again: Again) -> None:
    people = [*again.meant, *again.left_out]
    if not people:
        return
    show_table(
        ["state", "name", "address", "said", "attempts", "not sent again, because"],
        [
            (state_text(one.state), one.name, one.address, _said(one), one.attempts, one.why_not)
            for one in people
        ],
        right=[4],
        spare=[4],
        whole=[2],
    )  # fmt: skip
    for one in again.meant:
        if one.new_address:
            goes = "It goes there." if one.moves else "It goes to the former one, where it may lie already."
            console().print(f"{one.name or one.address} has another address by now: {one.new_address}. {goes}")
    if again.doubtful:
        console().print(
            f"In doubt: {count(again.doubtful, 'recipient')} may have the message already, and would get it twice: the"
            " same bytes under the same Message-ID, which some mail servers drop and others do not. Look first:"
            f" distributor dispatches resolve {again.dispatch_id}"
        )


def _said(one: Candidate) -> str:
    words = " ".join(one.reply.split())
    return f"{one.code or ''} {words}".strip()[:_WORDS]


def _require_somebody(again: Again) -> None:
    if again.meant:
        return
    if again.left_out:
        raise Refused("Nobody of these is sent to again.", mend="The last column says why.")
    states = " or ".join(one.replace("_", " ") for one in again.wish.states)
    raise BadInput(
        f"Nobody of dispatch {again.dispatch_id} whom this means is {states}.",
        mend=f"See: distributor report {again.dispatch_id}",
    )

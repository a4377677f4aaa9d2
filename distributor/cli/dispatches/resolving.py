"""Ending doubts: who is in doubt and what to look for, and what a person or the mail server's log says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from distributor import clock
from distributor.cli.dispatches.running import recover_first
from distributor.cli.dispatches.standing import how_it_is_paused
from distributor.cli.terminal.output import ask, console, count, show_json, show_under, when
from distributor.deliveries.workers import host_of, pid_of
from distributor.dispatch.afterwards.addressees import find_addressee
from distributor.dispatch.afterwards.maillogs import look_through, read_taken
from distributor.dispatch.afterwards.resolving import Doubt, Word, read_doubts, say, settle, state_after
from distributor.dispatch.calling import corrected_by
from distributor.dispatch.overtaken import hold_text
from distributor.errors import BadInput
from distributor.reports import queries
from distributor.states import OVERTAKEN, DeliveryState, DispatchState
from distributor.transport.maillog import Found
from distributor.wiring import Workspace, actor


def read_word(text: str) -> Word | None:
    """What `--as` was given; `BadInput` for anything else."""
    try:
        return Word(text.strip().lower().replace("_", "-")) if text else None
    except ValueError:
        raise BadInput(f"«{text}» ends no doubt.", field="--as", mend="Say accepted or not-accepted.") from None


def find_doubts(workspace: Workspace, dispatch_id: int, contact: str) -> list[Doubt]:
    """Everybody of the dispatch who is in doubt, or the one whom `contact` means; killed commands are settled first."""
    recover_first(workspace)
    with workspace.database.reading() as connection:
        queries.find_dispatch(connection, dispatch_id)
        doubts = read_doubts(connection, dispatch_id)
        if not contact:
            return doubts
        number = find_addressee(connection, dispatch_id, contact, (DeliveryState.IN_DOUBT,))
    return [one for one in doubts if one.delivery_id == number]


def show_doubts(workspace: Workspace, dispatch_id: int, doubts: Sequence[Doubt], *, as_json: bool) -> None:
    """Say of each what to look for in the mail server's log, from when to when, and who sent it."""
    if as_json:
        show_json([one.as_json() for one in doubts])
        return
    out = console()
    many = count(len(doubts), "recipient is", "recipients are") if doubts else "nobody is"
    out.print(f"Dispatch {dispatch_id}: {many} in doubt.")
    for one in doubts:
        _show_doubt(one, workspace.settings.timezone)
    if doubts:
        out.print(
            "Look for the Message-ID in the mail server's log, or its «Sent» folder. Then one of:", soft_wrap=True
        )
        address = doubts[0].address
        for words in (
            f"{address} --as accepted         (they have it; nothing is sent)",
            f"{address} --as not-accepted     (they do not; they are sent to again)",
            "--from-maillog /var/log/mail.log --dry-run",
        ):
            out.print(f"  distributor dispatches resolve {dispatch_id} {words}", soft_wrap=True)


def _show_doubt(one: Doubt, zone: ZoneInfo) -> None:
    out = console()
    out.print(f"{one.name} <{one.address}>".strip(), soft_wrap=True)
    out.print(f"  Message-ID {one.message_id}", soft_wrap=True)
    who = f"{host_of(one.worker)}, process {pid_of(one.worker)}" if pid_of(one.worker) else one.worker
    server = f", to {one.server}" if one.server else ""
    out.print(f"  sent by {who}{server}, between {when(one.since, zone)} and {when(one.until, zone)}", soft_wrap=True)
    if one.reply:
        show_under(out, " ".join(one.reply.split()))


def say_one(workspace: Workspace, dispatch_id: int, doubts: Sequence[Doubt], word: Word, because: str) -> None:
    """End the one doubt by the operator's word."""
    (doubt,) = doubts
    with workspace.database.session() as session:
        done = say(session, doubt, word, dispatch_id=dispatch_id, actor=actor(), because=because, now=clock.now())
    if not done:
        raise BadInput(
            f"{doubt.address} is no longer in doubt: something else has ended it meanwhile.",
            mend=f"See: distributor dispatches show {dispatch_id}",
        )
    workspace.tell_of("dispatch.resolved", dispatch_id)
    console().print(f"{doubt.address}: {word.replace('-', ' ')}, by your word.")
    if word is Word.NOT_ACCEPTED:
        _say_queued(workspace, dispatch_id, 1)


def settle_from_log(
    workspace: Workspace,
    dispatch_id: int,
    doubts: Sequence[Doubt],
    files: Sequence[Path],
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Show what the log says of each doubt, ask, and end those of which it says enough."""
    now = clock.now()
    with workspace.database.reading() as connection:
        taken = read_taken(connection, dispatch_id)
    found = list(zip(doubts, look_through(files, doubts, taken, now), strict=True))
    if as_json:
        show_json([_as_json(doubt, one) for doubt, one in found])
        if dry_run:
            return
    else:
        for doubt, one in found:
            _show_found(doubt, one)
    certain = [(doubt, one) for doubt, one in found if state_after(one) != DeliveryState.IN_DOUBT]
    if not certain:
        if not as_json:
            console().print("The log ends no doubt; nothing was changed.")
        return
    if dry_run:
        console().print(f"Dry run: {count(len(certain), 'doubt')} would be ended.")
        return
    ask(f"End {count(len(certain), 'doubt')} by what the log says?", yes=yes)
    names = [file.name for file in files]
    with workspace.database.session() as session:
        hold_text(session, dispatch_id)
        same = set(read_doubts(session.connection(), dispatch_id))  # not who was sent to again, and is in doubt anew
        ended = Counter(
            state_after(one)
            for doubt, one in certain
            if doubt in same
            and settle(session, doubt, one, dispatch_id=dispatch_id, actor=actor(), files=names, now=now)
        )
    if ended:
        workspace.tell_of("dispatch.resolved", dispatch_id)
    if not ended and not as_json:
        console().print("Something else has ended them meanwhile; nothing was changed.")
    elif not as_json:
        said = {DeliveryState.QUEUED: "not accepted"}
        words = ", ".join(f"{many} {said.get(state, state.value)}" for state, many in ended.items())
        console().print(f"Ended {count(ended.total(), 'doubt')}: {words}.")
    if ended[DeliveryState.QUEUED]:
        _say_queued(workspace, dispatch_id, ended[DeliveryState.QUEUED], silent=as_json)


def _as_json(doubt: Doubt, found: Found) -> dict[str, object]:
    return doubt.as_json() | {
        "found": found.fate,
        "state": state_after(found),
        "words": found.words,
        "evidence": list(found.evidence),
    }


def _show_found(doubt: Doubt, found: Found) -> None:
    out = console()
    state = state_after(found)
    says = "not accepted" if state == DeliveryState.QUEUED else state.replace("_", " ")
    stays = "stays " if state == DeliveryState.IN_DOUBT else ""
    out.print(f"{doubt.address}: {stays}{says}: {found.words}.", soft_wrap=True)
    for line in found.evidence:
        out.print(f"  {line}", soft_wrap=True)


def _say_queued(workspace: Workspace, dispatch_id: int, many: int, *, silent: bool = False) -> None:
    """Say what goes on with those who do not have it; of a cancelled dispatch nothing more is sent."""
    with workspace.database.reading() as connection:
        row = queries.find_dispatch(connection, dispatch_id)
    if row.state == DispatchState.CANCELLED:
        workspace.carrier(workspace.log()).withhold_cancelled()
        by = corrected_by(row.pause_reason)
        reached = f"whoever has nothing gets the right text: distributor send {by}"
        words = (
            f"Dispatch {dispatch_id} was {row.pause_reason}, so nothing of it is sent; {reached}"
            if by
            else f"Dispatch {dispatch_id} is cancelled: {OVERTAKEN}, and they were told of that."
            if row.pause_reason == OVERTAKEN
            else f"Dispatch {dispatch_id} was cancelled, so nothing is sent; a new send of the release reaches them."
        )
    elif row.state == DispatchState.PAUSED:
        words = how_it_is_paused(workspace, row)
    else:
        waits = count(many, "recipient waits", "recipients wait")
        words = f"{waits} to be sent to: distributor dispatches resume {dispatch_id} (or distributor work, by itself)."
    if not silent:
        console().print(words, soft_wrap=True)

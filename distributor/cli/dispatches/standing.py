"""How dispatches stand, in words, and the error that says what is left of them to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from distributor.addresses import domain_names
from distributor.cli.dispatches.awaiting import say_held
from distributor.cli.terminal.output import console, count, on_one_line, suggest, when
from distributor.deliveries.log import Recovery, Standing
from distributor.deliveries.records import ClaimedDelivery
from distributor.dispatch.calling import is_by_a_person
from distributor.dispatch.company import AtWork, at_work
from distributor.dispatch.overtaken import begun_correction_of
from distributor.dispatch.pacing import Wait
from distributor.dispatch.result import CalledOff, CutOff, End, GivesWay, Paused, RanOut, RunResult, StandsStill
from distributor.errors import AccountTrouble, DistributorError, Interrupted, NotAllReached, sentence
from distributor.reports import queries
from distributor.reports.dispatch_row import DispatchRow
from distributor.reports.styles import state_text
from distributor.states import HELD, IN_HAND, OPEN_STATES, UNREACHED_STATES, WAITING_STATES, DeliveryState, Outcome
from distributor.wiring import Workspace

_MANY = 15
"""So many who are in doubt are named at the end of a run; `dispatches resolve` names all."""


def say_standing(workspace: Workspace, dispatch_id: int, standing: Standing, result: RunResult) -> None:
    """Say how the dispatch stands and what to do next; raise the error that carries the exit code, if there is one."""
    say_takeovers(result)
    _say_lapsed(dispatch_id, result)
    say_counts(f"Dispatch {dispatch_id}", standing.counts)
    say_waits(result.waits, workspace.settings.timezone)
    _say_who_waits(workspace, {dispatch_id: standing})
    error = _what_is_left(workspace, [dispatch_id], standing, result)
    if error is not None:
        raise error


def say_standings(
    workspace: Workspace, standings: Mapping[int, Standing], results: Sequence[tuple[int, RunResult]], last: RunResult
) -> None:
    """As `say_standing`, of the dispatches of one sending, by their number.

    `results` are those of each run, in their order: what was stopped left others untouched, and who was put off had a
    second one. `last` is how it ended.
    """
    dispatch_ids = list(standings)
    with workspace.database.reading() as connection:
        slugs = {one: queries.find_dispatch(connection, one).slug for one in dispatch_ids}
    for dispatch_id, result in results:
        _say_lapsed(dispatch_id, result)
    for dispatch_id, standing in standings.items():
        say_counts(f"Dispatch {dispatch_id} («{slugs[dispatch_id]}»)", standing.counts)
    together = _together(standings.values())
    say_counts("In all", together.counts)
    for _, result in results:
        say_takeovers(result)
    say_waits(last.waits, workspace.settings.timezone)
    _say_who_waits(workspace, standings)
    # Of each dispatch its last run: it says how the dispatch stands.
    of_all = RunResult(end=_end_of_all([one.end for one in dict(results).values()]), waits=last.waits)
    meant = last if last.stopped or isinstance(last.end, Paused) else of_all
    error = _what_is_left(workspace, dispatch_ids, together, meant)
    if error is not None:
        raise error


def _end_of_all(ends: Sequence[End]) -> End:
    """Why several ended, none of which is paused."""
    late = sum(one.many for one in ends if isinstance(one, CutOff))
    still, called_off = (
        next((one for one in ends if isinstance(one, kind)), None) for kind in (StandsStill, CalledOff)
    )
    return still or (CutOff(late) if late else called_off or RanOut())


def _together(standings: Collection[Standing]) -> Standing:
    """Several dispatches as one: who stands how in all of them, and when the next attempt is due."""
    counts: Counter[DeliveryState] = Counter()
    for standing in standings:
        counts.update(standing.counts)
    due = [one.next_attempt_at for one in standings if one.next_attempt_at is not None]
    return Standing(counts, min(due, default=None))


def _what_is_left(
    workspace: Workspace, dispatch_ids: Sequence[int], standing: Standing, result: RunResult
) -> DistributorError | None:
    """The error that says what the dispatches of one sending still want; None when everybody was reached."""
    counts, zone = standing.counts, workspace.settings.timezone
    if result.stopped or not isinstance(result.end, RanOut):
        return _why_it_ended(dispatch_ids, counts, result, zone)
    if with_others := _in_hand(counts):
        return _who_has_them(workspace, dispatch_ids, with_others)
    if counts.get(DeliveryState.DEFERRED):
        due = when(standing.next_attempt_at, zone)
        deferred = counts[DeliveryState.DEFERRED]
        later = f"{count(deferred, 'recipient')} asked us to come back later"
        said = count(deferred, "recipient waits", "recipients wait") if result.waits else later
        return NotAllReached(f"{said} (next: {due}).", mend="Leave running: distributor work")
    if any(counts.get(state) for state in UNREACHED_STATES):
        return NotAllReached("Some recipients were not reached.", mend=_reports(dispatch_ids))
    return None


def _who_has_them(workspace: Workspace, dispatch_ids: Sequence[int], many: int) -> NotAllReached:
    """That so many are with another command, and which: our own has nobody in hand once it has ended."""
    with workspace.database.reading() as connection:
        places = sorted({one.place for number in dispatch_ids for one in at_work(connection, number)})
    who = count(many, "recipient is", "recipients are")
    whose = " and ".join(places) or "another command"
    see = "; ".join(f"distributor dispatches show {one}" for one in dispatch_ids)
    return NotAllReached(f"{who} with {whose}, and not sent to yet.", mend=f"See how it goes on: {see}")


def _in_hand(counts: Mapping[DeliveryState, int]) -> int:
    return sum(counts.get(state, 0) for state in IN_HAND)


def _why_it_ended(
    dispatch_ids: Sequence[int], counts: Mapping[DeliveryState, int], result: RunResult, zone: ZoneInfo
) -> DistributorError | None:
    """Why a run ended before everybody had a turn, with what goes on; None where it is gone on with at once."""
    left = sum(counts.get(state, 0) for state in OPEN_STATES)
    waiting = f"{count(left, 'recipient')} waiting"
    resume = "; ".join(f"distributor dispatches resume {one}" for one in dispatch_ids)
    if result.stopped:  # the first of all: whoever stopped us, and not the dispatch, is to be heard
        nobody = Interrupted("Stopped; everything is saved, and nobody waits any more.")
        some = Interrupted(f"Stopped; everything is saved. {waiting}.", mend=f"Go on with: {resume}")
        return some if left else nobody
    match result.end:
        case Paused():
            return _why_it_is_paused(listed(dispatch_ids), result.end, waiting, resume)
        case StandsStill(wait):
            said = f"{sentence(capital(wait.why))} {waiting}, until {when(wait.until, zone)}."
            return NotAllReached(said, mend="It goes on by itself; leave running: distributor work")
        case CutOff(late):
            said = f"The cut-off came: {count(late, 'recipient')} had not left, and got nothing."
            return NotAllReached(said, mend=_reports(dispatch_ids))
        case CalledOff():
            withheld = count(counts.get(DeliveryState.WITHHELD, 0), "recipient")
            many = "Dispatch" if len(dispatch_ids) == 1 else "One of dispatches"
            return NotAllReached(
                f"{many} {listed(dispatch_ids)} was cancelled by another command; {withheld} withheld."
            )
        case GivesWay() | RanOut():
            return None


def _why_it_is_paused(numbers: str, end: Paused, waiting: str, resume: str) -> DistributorError:
    said = sentence(end.because)
    if is_by_a_person(end.because):
        return NotAllReached(f"Dispatch {numbers} was {said} {waiting}.", mend=f"Go on with: {resume}")
    if end.because.startswith(HELD):
        return NotAllReached(f"Dispatch {numbers} is {said} {waiting}.", mend=f"To let it go: {resume}")
    return AccountTrouble(
        f"{said} The dispatch is paused, {waiting}.",
        mend=f"{end.mend}{' Then' if end.mend.endswith('.') else '; then'}: {resume}"
        if end.mend
        else f"Go on with: {resume}",
    )


def how_it_is_paused(workspace: Workspace, row: DispatchRow) -> str:
    """How a dispatch stands that is paused; where its text is being corrected, what goes out in its place."""
    with workspace.database.session(reads_only=True) as session:
        begun = begun_correction_of(session, row.id)
    if not begun:
        return f"Dispatch {row.id} is {row.words}"
    said, mend = being_corrected_by(begun)
    return f"Dispatch {row.id} is paused: {said}; {mend} (nothing to correct: distributor dispatches resume {row.id})"


def being_corrected_by(begun: str) -> tuple[str, str]:
    """That the correction of a text is written and not sent yet, what that forbids, and what to do."""
    return (
        f"its correction «{begun}» is written and not sent yet, so nothing of the wrong text leaves",
        f"send it: distributor send {begun}",
    )


def _reports(dispatch_ids: Sequence[int]) -> str:
    """Where to see who was not reached."""
    return f"See: {'; '.join(f'distributor report {one}' for one in dispatch_ids)}"


def listed(dispatch_ids: Sequence[int]) -> str:
    """Numbers of dispatches as a sentence has them: «3 and 4»."""
    *first, last = map(str, dispatch_ids)
    return f"{', '.join(first)} and {last}" if first else last


def say_counts(whose: str, counts: Mapping[DeliveryState, int]) -> None:
    """Say how many stand how; whoever is in hand is with another command, which says it of them."""
    shown = [
        f"{many} {state.value.replace('_', ' ')}" for state, many in counts.items() if many and state not in IN_HAND
    ]
    if many := _in_hand(counts):
        shown.append(f"{many} with another command")
    console().print(f"{whose}: {', '.join(shown) or 'nobody'}.")


def say_trouble(claimed: ClaimedDelivery, outcome: Outcome) -> None:
    """Say in a line whom a server refused or put off, and its words; on a terminal the live view does that."""
    if outcome.state == DeliveryState.ACCEPTED:
        return
    out = console()
    if out.is_terminal:
        return
    from rich.text import Text

    words = " ".join(outcome.reply.split())[:160]
    line = Text.assemble(state_text(outcome.state), f"  {claimed.address}  {outcome.code or ''} {words}")
    out.print(line)


def say_stuck(dispatch_id: int, trouble: DistributorError) -> None:
    """Say what keeps a dispatch from being done, and what mends that; it is named once."""
    name, said = f"Dispatch {dispatch_id}", on_one_line(str(trouble))
    console(stderr=True).print(said if said.startswith(f"{name} ") else f"{name}: {said}", soft_wrap=True)


def say_recovery(recovery: Recovery) -> None:
    """Say what a killed command left, and who is in doubt because of it."""
    out = console()
    if recovery.requeued:
        out.print(f"An earlier command was stopped: {count(recovery.requeued, 'recipient')} queued again.")
    for address in recovery.in_doubt:
        out.print(f"In doubt: {address} (the message was leaving when the command was killed).")


def say_takeovers(result: RunResult) -> None:
    """Say which account went on where another one was refused."""
    for takeover in result.takeovers:
        console().print(f"{takeover}", soft_wrap=True)


def _say_lapsed(dispatch_id: int, result: RunResult) -> None:
    """Say how many were to be reminded when it was planned, and are not any more."""
    if result.lapsed:
        who = count(result.lapsed, "recipient is", "recipients are")
        console().print(f"{who} not followed up after all; why: distributor dispatches manifest {dispatch_id}")


def say_waits(waits: Iterable[Wait], zone: ZoneInfo) -> None:
    """Say of each that is waited for why, and until when."""
    for wait in waits:
        who = f"Nothing to {domain_names(wait.what)[1]}" if wait.what else "Nothing leaves"
        console().print(f"{who} until {when(wait.until, zone)}: {wait.why}.", soft_wrap=True)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _say_who_waits(workspace: Workspace, standings: Mapping[int, Standing]) -> None:
    """Say who waits, and who is in doubt; asked of the ledger only where somebody may."""
    if held := [number for number, one in standings.items() if any(map(one.counts.get, WAITING_STATES))]:
        say_held(workspace, held)
    for number, one in standings.items():
        if one.counts.get(DeliveryState.IN_DOUBT):
            _say_doubt(workspace, number)


def named_doubt(one: Mapping[str, Any]) -> str:
    """Who is in doubt, and the Message-ID to look for; of a desk no name is known."""
    who = f"{one['address']} {one['name']}".rstrip()
    return f"{who}, {one['message_id']}"


def _say_doubt(workspace: Workspace, dispatch_id: int) -> None:
    """Name who is in doubt, of whom nobody knows whether they have it, and the command that ends it."""
    with workspace.database.reading() as connection:
        doubtful = list(queries.recipients(connection, [dispatch_id], (DeliveryState.IN_DOUBT,)))
    for one in doubtful[:_MANY]:
        console().print(f"In doubt: {named_doubt(one)}")
    if len(doubtful) > _MANY:
        console().print(f"In doubt: {len(doubtful) - _MANY} more.")
    if doubtful:
        suggest("What to look for, and how to end the doubt:", f"distributor dispatches resolve {dispatch_id}")


def say_company(company: Iterable[AtWork]) -> None:
    """Say what other commands are doing."""
    for one in company:
        holds = count(one.claimed + one.sending, "recipient")
        console().print(f"At work: {one.place} sends dispatch {one.dispatch_id} («{one.release}»), {holds} in hand.")

"""The timing of a sending in front of a person: its waves, and who waits for the end of an embargo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from distributor.cli.sending.showing import MANY
from distributor.cli.terminal.output import console, count
from distributor.dispatch.hours.instants import say_instant
from distributor.dispatch.recipients.waves import PlannedWave, meant_by
from distributor.errors import BadInput, Refused
from distributor.outgoing.proving import Proved
from distributor.outgoing.timing import waiting_of
from distributor.wiring import Workspace


def require_in_time(workspace: Workspace, proved: Proved, waves: Sequence[PlannedWave], moment: datetime) -> None:
    """Raise `Refused` for a wave whose hour would break the embargo, `BadInput` for an exclusive that nobody gets."""
    for wave in waves:
        if wave.is_exclusive and not any(wave.means(one) for one in proved.everyone.recipients):
            raise BadInput(
                f"«{wave.name}» is not among those who would get the release.",
                field="--exclusive",
                mend="Name a contact or an outlet of the lists; with --dry-run and no --exclusive they are shown.",
            )
    for waiting in waiting_of(workspace, proved, moment):
        for one in waiting.people:
            its_wave = meant_by(waves, one) if waves else None
            if its_wave is None or not _is_at_an_hour_before(its_wave, waiting.until):
                continue
            early = [who for who in waiting.people if meant_by(waves, who) is its_wave]
            for who in early[:MANY]:
                console().print(f"  has not agreed: {who.recipient.name or who.address}")
            ends = say_instant(waiting.until, workspace.settings.timezone)
            slug = proved.stored.release.slug
            raise Refused(
                f"The wave «{its_wave.name}» would leave before the end of the embargo, {ends}, and"
                f" {count(len(early), 'recipient has', 'recipients have')} not agreed to it; nothing was sent.",
                mend=f"Let it start then; or note who has agreed: distributor releases accept-embargo {slug} CONTACT",
            )


def _is_at_an_hour_before(wave: PlannedWave, ends: datetime) -> bool:
    """Whether somebody named an hour for it that lies before the end of an embargo; «+30m» names none."""
    return wave.after is None and wave.starts_at is not None and wave.starts_at < ends


def require_before_cut_off(
    workspace: Workspace, proved: Proved, waves: Sequence[PlannedWave], moment: datetime, not_after: datetime | None
) -> None:
    """Raise `BadInput` for a cut-off that comes before a wave, or before the end of an embargo somebody waits for."""
    if not_after is None:
        return
    hours = {f"the wave «{one.name}» starts": one.starts_at for one in waves if one.starts_at is not None}
    waiting = [one for one in waiting_of(workspace, proved, moment) if one.people]
    hours |= {f"the embargo ends for {count(len(one.people), 'recipient')}": one.until for one in waiting}
    for what, hour in hours.items():
        if hour >= not_after:
            when = say_instant(hour, workspace.settings.timezone)
            raise BadInput(
                f"The cut-off comes before {what}, {when}: they would get nothing.",
                field="--not-after",
                mend="Give a later one, or none.",
            )


def show_timing(
    workspace: Workspace,
    proved: Proved,
    waves: Sequence[PlannedWave],
    moment: datetime,
    *,
    is_scheduled: bool,
) -> None:
    """Before the question: which wave leaves when, and who waits for the end of an embargo."""
    out, zone = console(), workspace.settings.timezone
    at_once = "at its start" if is_scheduled else "at once"
    many = Counter(meant_by(waves, one).number for one in proved.everyone.recipients) if waves else Counter[int]()
    for wave in waves:
        starts = say_instant(wave.starts_at, zone) if wave.starts_at else at_once
        counted = f" ({_length(wave)} after the wave before)" if wave.after else ""
        kind = "Exclusive" if wave.is_exclusive else "Wave"
        out.print(f"{kind} {wave.number}, {wave.name}: {count(many[wave.number], 'recipient')}, {starts}{counted}.")
    for waiting in waiting_of(workspace, proved, moment):
        told = f"{_agreed(waiting.early, is_scheduled=is_scheduled)}; {_who_wait(len(waiting.people))} for it."
        out.print(f"Under embargo until {say_instant(waiting.until, zone)}: {told}")


def _agreed(many: int, *, is_scheduled: bool) -> str:
    if not many:
        return "nobody has agreed to it"
    early = f"{'gets' if many == 1 else 'get'} it at its start" if is_scheduled else "may have it before"
    return f"{count(many, 'recipient has', 'recipients have')} agreed to it and {early}"


def _who_wait(many: int) -> str:
    return f"{many or 'nobody'} {'wait' if many > 1 else 'waits'}"


def timing_as_json(
    workspace: Workspace, proved: Proved, waves: Sequence[PlannedWave], moment: datetime
) -> dict[str, Any]:
    """The timing of a dry run: waves with their recipients' number, and who waits for the end of an embargo."""
    many = Counter(meant_by(waves, one).number for one in proved.everyone.recipients) if waves else Counter[int]()
    waiting = waiting_of(workspace, proved, moment)
    return {
        "waves": [
            {
                "number": one.number,
                "name": one.name,
                "is_exclusive": one.is_exclusive,
                "after_s": one.after.total_seconds() if one.after else None,
                "starts_at": one.starts_at,
                "total": many[one.number],
            }
            for one in waves
        ],
        "embargo_until": max((one.until for one in waiting), default=None),
        "waiting_for_embargo": [str(who.address) for one in waiting for who in one.people],
    }


def _length(wave: PlannedWave) -> str:
    seconds = int(wave.after.total_seconds()) if wave.after else 0
    hours, minutes = divmod(seconds // 60, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)

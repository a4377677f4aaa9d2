"""Moving and lifting an embargo, and who has agreed to it, in front of a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from distributor import clock
from distributor.cli.dispatches import running
from distributor.cli.dispatches.awaiting import say_due, say_held
from distributor.cli.dispatches.standing import listed
from distributor.cli.terminal.output import ask, console, count, show_table, suggest, when
from distributor.dispatch.hours.instants import say_instant
from distributor.dispatch.messages.identity import Identity
from distributor.outgoing import embargoes
from distributor.outgoing.embargoes import EmbargoStanding, Word
from distributor.reports import queries
from distributor.wiring import Workspace

_WORDS = {
    Word.AGREED: "has agreed to hold it until the embargo is over",
    Word.AGREED_ALREADY: "had agreed already",
    Word.HOW_NOTED: "had agreed already; how it was agreed is noted now",
    Word.WITHDRAWN: "no longer holds it",
    Word.HAD_NOT_AGREED: "had not agreed; nothing was changed",
}


def move(workspace: Workspace, slug: str, at: str, *, lifts: bool, tells: bool, yes: bool) -> None:
    """Move the embargo of a release and its translations to `at`, or lift it now; whoever waits is planned anew.

    With neither it stays as it is, to be told. With `tells`, those who have it already are sent a notice: all is
    planned in one transaction, or nothing is changed.
    """
    identity = Identity.from_settings(workspace.settings) if tells else None
    ways = workspace.ways() if tells else None
    zone, now = workspace.settings.timezone, clock.now()
    if at:
        until: datetime | None = embargoes.read_hour(workspace, at, now)
    else:
        until = None if lifts else embargoes.to_be_told(workspace, slug, now)
    standing = embargoes.standing(workspace, slug, until, now, tells=tells)
    ends = f"ends {say_instant(until, zone)}" if until else "is over"
    knows_it = standing.have_it.total() == standing.have_it[until]
    _say_who_has_it(standing, until, zone)
    if standing.is_so and (knows_it or not tells):
        console().print(f"The embargo of «{slug}» {ends} already{'; nobody is told' if tells else ''}.")
        return
    ask(_question(slug, standing, until, zone, tells=tells and not knows_it), yes=yes)
    log = workspace.log()
    changed = embargoes.change(workspace, log, slug, before=standing.until, until=until, tells=identity)
    console().print(f"The embargo of «{slug}» {ends}{'' if until else ' now'}.")
    if changed.dispatch_ids and not say_held(workspace, changed.dispatch_ids):
        say_due(workspace, changed.dispatch_ids)
    for number in changed.ended:
        console().print(f"Dispatch {number}, which tells of the embargo before, is ended.")
    if changed.told and ways:
        console().print(f"Telling those who have it: dispatch {listed(changed.told)}.")
        running.run_dispatches(workspace, log, changed.told, ways)
    elif tells:
        told = "Nobody is told" if standing.have_it else "Nobody has it yet; nobody is told"
        why = "waited there knows this" if changed.ended else "does not know it has objected to our mail"
        console().print(f"{told}{'' if knows_it else f': whoever {why}'}.")
    elif not knows_it:
        suggest("They have not been told. To tell them:", f"distributor releases embargo {slug} --tell")


def _say_who_has_it(standing: EmbargoStanding, until: datetime | None, zone: ZoneInfo) -> None:
    """Say how many have it already, and under which embargo as they were told."""
    for known, number in standing.have_it.items():
        have = count(number, "recipient has", "recipients have")
        if known == until:
            console().print(f"{have} it already, and {'knows' if number == 1 else 'know'} it.")
        elif known:
            console().print(f"{have} it already, under an embargo until {say_instant(known, zone)}.")
        else:
            console().print(f"{have} it already, under no embargo: nothing keeps them from publishing it.")


def _question(slug: str, standing: EmbargoStanding, until: datetime | None, zone: ZoneInfo, *, tells: bool) -> str:
    """What is asked before an embargo is moved, or lifted, and told."""
    ends = say_instant(until, zone) if until else "now"
    if standing.is_so:
        return f"Tell those who have «{slug}» that its embargo {f'ends {ends}' if until else 'is over'}?"
    told = ", and tell those who have it" if tells else ""
    before = f"from {say_instant(standing.until, zone)} " if standing.until else ""
    return (
        f"Move the embargo of «{slug}» {before}to {ends}{told}?"
        if until
        else f"Lift the embargo of «{slug}» now{told}?"
    )


def show(workspace: Workspace, slug: str) -> None:
    """Say until when a release is under embargo, and who has agreed to it."""
    out, zone = console(), workspace.settings.timezone
    found = embargoes.read(workspace, slug)
    until, said = found["embargo_until"], found["in_its_words"]
    if until is None:
        out.print(f"«{slug}» is under no embargo.")
        return
    was = f"; its words say {say_instant(said, zone) if said else 'none'}" if said != until else ""
    out.print(f"The embargo of «{slug}» {'ended' if found['is_over'] else 'ends'} {say_instant(until, zone)}{was}.")
    show_table(
        ["name", "address", "agreed", "how", "noted by"],
        [
            (one["name"], one["address"], when(one["accepted_at"], zone), one["how"], one["recorded_by"])
            for one in found["acceptances"]
        ],
        spare=[4],
        whole=[1],
    )


def note(workspace: Workspace, slug: str, contacts: Sequence[str], how: str, *, withdrawn: bool) -> None:
    """Record that contacts hold a release until its embargo is over, or no longer do; say what that changes."""
    out = console()
    original, noted = embargoes.note(workspace, slug, contacts, how, withdrawn=withdrawn)
    for one, word in noted:
        out.print(f"{one.name or one.address} {_WORDS[word]}.")
        if withdrawn and one.embargo_trust:
            out.print(f"  but stands as trusted: distributor contacts edit {one.address} --embargo-trust no")
    if withdrawn:
        return
    with workspace.database.reading() as connection:
        open_ = [row.id for row in queries.dispatches(connection, slug=original) if row.is_open and not row.is_test]
    if open_:
        say_due(workspace, open_)
    _say_if_none(workspace, original)


def _say_if_none(workspace: Workspace, slug: str) -> None:
    """Say that a release to be held is under no embargo now, which somebody may have forgotten to write."""
    found = embargoes.read(workspace, slug)
    if found["embargo_until"] is None or found["is_over"]:
        suggest(f"«{slug}» is under no embargo now. To set one:", f"distributor releases embargo {slug} --at WHEN")

"""The walk of sending a correction: who has what, prove, show, ask, hold the wrong text back, plan, carry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from distributor import clock
from distributor.cli.dispatches import running
from distributor.cli.dispatches.standing import say_recovery
from distributor.cli.releases.signoffs import leaving_from, show_missing, show_signatures, standing_as_json
from distributor.cli.sending.cooling import holding_interrupts
from distributor.cli.sending.showing import show_proof
from distributor.cli.sending.showing_corrections import (
    MANY,
    correction_as_json,
    how_to_prove_again,
    question_of,
    say_planned,
    show_correction,
)
from distributor.cli.terminal.output import ask, console, count, show_json, show_remarks
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.calling import pause_dispatches
from distributor.dispatch.company import until_let_go
from distributor.dispatch.hours.cooling import cool_down
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.planning_corrections import CorrectionPart, Moved, Planned, plan_correction, wrong_dispatches
from distributor.dispatch.recipients.correcting import version_of, who_gets
from distributor.dispatch.recipients.narrowing import Selection
from distributor.dispatch.signoff import signoffs
from distributor.dispatch.signoff.leaving import Leaving
from distributor.errors import NotAllReached, Refused, require_as_asked
from distributor.outgoing.naming import how_to_sign, scope_of
from distributor.outgoing.proving import log_overrides, require_reason
from distributor.outgoing.proving_corrections import Ready, prove_correction
from distributor.wiring import Workspace, actor

_TRIES = 5
_PATIENCE_S = 2.0
"""How long a correction waits for wrong messages on the wire: who has them then is known, or told when it is sent
again."""


def send_correction(
    workspace: Workspace,
    slug: str,
    *,
    newcomers: Selection,
    overrides: Sequence[str],
    because: str,
    attach_pdf: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    verbose: bool,
) -> None:
    """Send a correction to who has the text it corrects; again, to those only who turned out to have it since.

    Raises `Refused` when the proof stops it, `NotAllReached` when some were not reached, or when it is not known yet
    whether they have the wrong text.
    """
    moment = clock.now()
    if not dry_run:
        workspace.carrier(workspace.log()).schedule.cut_off()  # whose time is over waits no more, whoever looks first
        Identity.from_settings(workspace.settings)
        require_reason(overrides, because)

    def proved_now() -> Ready:
        ready = prove_correction(
            workspace, slug, moment, newcomers=newcomers, passing=overrides, because=because, attach_pdf=attach_pdf
        )
        show_remarks(ready.proved.remarks)
        return ready

    ready = proved_now()
    if as_json:
        signed, _leaving = _standing(workspace, ready)
        show_json(correction_as_json(ready, slug) | {"sign_off": standing_as_json(signed)})
    else:
        show_correction(workspace, ready, detailed=dry_run)
    _require_passing(workspace, ready, moment)
    _require_newest(ready)
    if dry_run:
        if not as_json:
            _show_signatures(workspace, ready)
            console().print(
                "Dry run: every message was written and proved; nothing was sent, no connection was opened."
            )
        return
    if not _has_work(workspace, ready):
        _say_nothing_left(ready)
        return
    with workspace.database.session(reads_only=True) as session:
        _signed(workspace, session, ready)
    ways = workspace.ways(running.shown_dialogue(verbose))
    ask(question_of(ready), yes=yes)
    log_overrides(workspace, ready.proved, overrides)
    log = workspace.log()
    with holding_interrupts():
        ready, planned = _hold_and_plan(workspace, log, ready, proved_now, moment)
        say_planned(workspace, ready, planned)
        if len(planned.dispatch_ids) == 1:
            running.run_dispatch(workspace, log, planned.dispatch_ids[0], ways)
        elif planned.dispatch_ids:
            running.run_dispatches(workspace, log, planned.dispatch_ids, ways)
    _require_settled(ready, slug)


def _scope(workspace: Workspace, leaving: Leaving) -> dict[str, Any]:
    """The options of a sending to who has the text: it names no list."""
    return scope_of(None, (), (), "", attach_pdf=leaving.attach_pdf, account=workspace.account_name)


def _standing(workspace: Workspace, ready: Ready) -> tuple[signoffs.SignOffStanding, Leaving]:
    """Every signature of the correction, held against what would leave now; and what that is."""
    rule = signoffs.Rule.from_settings(workspace.settings)
    with workspace.database.session(reads_only=True) as session:
        leaving = leaving_from(workspace, session, ready.proved, is_to_holders=True)
        return signoffs.standing(session, leaving, rule), leaving


def _show_signatures(workspace: Workspace, ready: Ready) -> None:
    """For a dry run: who signed, and what is missing before it can be sent; nothing when nobody is left to send to."""
    if not _has_work(workspace, ready):
        return
    signed, leaving = _standing(workspace, ready)
    show_signatures(signed.signatures, workspace.settings.timezone)
    show_missing(signed, ready.versions[0].release.slug, _scope(workspace, leaving))


def _signed(workspace: Workspace, session: Session, ready: Ready) -> tuple[signoffs.Signature, ...]:
    """The signatures that hold; `Refused` when they are too few."""
    leaving = leaving_from(workspace, session, ready.proved, is_to_holders=True)
    scope = _scope(workspace, leaving)
    return signoffs.require_signed(
        session,
        leaving,
        signoffs.Rule.from_settings(workspace.settings),
        mend=f"Sign it: {how_to_sign(ready.versions[0].release.slug, scope)}",
    )


def _hold_and_plan(
    workspace: Workspace, log: DeliveryLog, ready: Ready, proved_now: Callable[[], Ready], moment: datetime
) -> tuple[Ready, Planned]:
    """Stop the wrong text, wait for what is on the wire, and plan; again while that changed who has what."""
    first = ready.versions[0].release
    assert first.id is not None, "it was read"
    with workspace.database.session(reads_only=True) as session:
        wrong = wrong_dispatches(session, first.id)
    pause_dispatches(workspace.database, wrong, actor(), f"«{first.slug}» corrects it")
    until_let_go(workspace.database, wrong, _PATIENCE_S)
    say_recovery(workspace.carrier(log).recover())
    for _ in range(_TRIES):
        with workspace.database.session(reads_only=True) as session:
            standing = who_gets(session, ready.versions, workspace.keyring, clock.now()).standing
        if standing != ready.found.standing:
            ready = _proved_again(workspace, ready, proved_now, moment)
        try:
            with workspace.database.session() as session:
                planned = plan_correction(
                    session,
                    log,
                    _parts(workspace, ready),
                    ready.found,
                    keyring=workspace.keyring,
                    templates=workspace.templates,
                    actor=actor(),
                    now=clock.now(),
                    account=workspace.account_name,
                    signatures=_signed(workspace, session, ready),
                )
                if workspace.settings.cool_down:
                    until = clock.now() + timedelta(seconds=workspace.settings.cool_down)
                    cool_down(session, planned.dispatch_ids, until)
                return ready, planned
        except Moved:
            ready = _proved_again(workspace, ready, proved_now, moment)
    raise Refused(
        "Who has the wrong text keeps changing, so nothing was planned; its dispatches are paused.",
        mend=f"Run the same command again: distributor send {first.slug}",
    )


def _proved_again(workspace: Workspace, asked: Ready, proved_now: Callable[[], Ready], moment: datetime) -> Ready:
    """The same for who has what by now; `Refused` where the text is another one, or the lists name more people."""
    ready = proved_now()
    seen, found = ([one.version.id for one in each.versions] for each in (asked, ready))
    require_as_asked(seen, found, "the correction")
    known, new = ({one.contact_id for one in each.lists.recipients} for each in (asked, ready))
    require_as_asked(set(), new - known, "the lists")
    _require_passing(workspace, ready, moment)
    return ready


def _parts(workspace: Workspace, ready: Ready) -> list[CorrectionPart]:
    found, versions = ready.found, ready.versions
    return [
        CorrectionPart(
            stored=one.stored,
            meant=one.meant,
            phone=tuple(pair for pair in found.phone if version_of(pair[0], versions) is one.stored),
            silent=found.silent if number == 0 else (),
            copies=tuple(copy for copy in found.copies if version_of(copy.told, versions) is one.stored),
            added=one.added,
            lists=ready.lists.lists,
            excluded=ready.lists.excluded_lists,
            identity=one.proved.opened.identity,
            files=tuple(file.keep(workspace.path) for file in one.proved.opened.files),
            plain=one.told.plain,
            told=one.told.notices,
        )
        for number, one in enumerate(ready.parts)
    ]


def _has_work(workspace: Workspace, ready: Ready) -> bool:
    first = ready.versions[0].release
    assert first.id is not None, "it was read"
    with workspace.database.session(reads_only=True) as session:
        return bool(
            ready.lists.recipients
            or ready.found.meant
            or ready.found.phone
            or ready.found.silent
            or wrong_dispatches(session, first.id)
        )


def _require_passing(workspace: Workspace, ready: Ready, moment: datetime) -> None:
    if not ready.proved.stops:
        return
    local = moment.astimezone(workspace.settings.timezone)
    for one in ready.proved.versions:
        if one.result.stops:
            show_proof(
                one.result, one.stored.release.slug, local, one.manifest, command=how_to_prove_again(workspace, ready)
            )
    raise Refused("The proof stops this correction; nothing was sent.")


def _require_newest(ready: Ready) -> None:
    """Raise `Refused` when somebody has an older text of the correction itself."""
    if not ready.found.outdated:
        return
    slug = ready.versions[0].release.slug
    raise Refused(
        f"{count(len(ready.found.outdated), 'recipient has', 'recipients have')} an older version of «{slug}»,"
        " which was changed since; nothing was sent.",
        mend=f"What was sent is corrected by a correction of its own: distributor releases correct {slug} FILE",
    )


def _say_nothing_left(ready: Ready) -> None:
    slug = ready.versions[0].release.slug
    console().print(f"Nothing to send: whoever is known to have the wrong text is on a dispatch of «{slug}».")
    _require_settled(ready, slug)


def _require_settled(ready: Ready, slug: str) -> None:
    """Raise `NotAllReached` while of some it is not known whether they have the wrong text."""
    unsettled = ready.found.unsettled
    if not unsettled:
        return
    dispatches = sorted({one.dispatch_id for one in unsettled})
    commands = "; ".join(f"distributor dispatches resolve {one}" for one in dispatches)
    raise NotAllReached(
        f"Of {count(len(unsettled), 'recipient')} it is not known whether they have the wrong text:"
        f" {', '.join(one.address_key for one in unsettled[:MANY])}.",
        mend=f"Settle it: {commands}. Then once more: distributor send {slug}",
    )

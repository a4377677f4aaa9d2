"""The walk of sending a correction: who has what, prove, show, ask, hold the wrong text back, plan, carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from distributor import clock
from distributor.cli.dispatches import running
from distributor.cli.dispatches.standing import say_recovery
from distributor.cli.releases.signoffs import require_enough, show_missing, show_signatures, standing_as_json
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
from distributor.dispatch.correction_plan import wrong_dispatches
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.recipients.narrowing import Selection
from distributor.dispatch.signoff.signoffs import SignOffStanding
from distributor.errors import BadInput, NotAllReached, Refused
from distributor.outgoing.leaving import standing_of
from distributor.outgoing.planning_corrections import hold_wrong_text, plan_proved_correction, scope_of_correction
from distributor.outgoing.proving import require_reason
from distributor.outgoing.proving_corrections import Ready, prove_correction
from distributor.wiring import Workspace


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
        signed = standing_as_json(_standing(workspace, ready))
        show_json(correction_as_json(workspace, ready, slug) | {"sign_off": signed})
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
    scope, zone = scope_of_correction(workspace, ready), workspace.settings.timezone
    require_enough(_standing(workspace, ready), ready.versions[0].release.slug, scope, zone)
    ways = workspace.ways(running.shown_dialogue(verbose))
    ask(question_of(ready), yes=yes)
    log = workspace.log()
    with holding_interrupts():
        say_recovery(hold_wrong_text(workspace, log, ready))
        ready, planned = plan_proved_correction(
            workspace,
            log,
            ready,
            proved_again=proved_now,
            require_passing=lambda again: _require_passing(workspace, again, moment),
            overrides=overrides,
        )
        say_planned(workspace, ready, planned)
        if len(planned.dispatch_ids) == 1:
            running.run_dispatch(workspace, log, planned.dispatch_ids[0], ways)
        elif planned.dispatch_ids:
            running.run_dispatches(workspace, log, planned.dispatch_ids, ways)
    _require_settled(ready, slug)


def require_none_of(options: Mapping[str, object]) -> None:
    """Raise `BadInput` for an option of a send that a correction does not keep to: it is not passed over in silence."""
    given = [name for name, value in options.items() if value]
    if given:
        raise BadInput(
            f"A correction goes at once to whoever has the text: {' and '.join(given)} cannot be kept to.",
            mend="Leave that out.",
        )


def _standing(workspace: Workspace, ready: Ready) -> SignOffStanding:
    """Every signature of the correction, held against what would leave now."""
    with workspace.database.session(reads_only=True) as session:
        return standing_of(workspace, session, ready.proved)


def _show_signatures(workspace: Workspace, ready: Ready) -> None:
    """For a dry run: who signed, and what is missing before it can be sent; nothing when nobody is left to send to."""
    if not _has_work(workspace, ready):
        return
    signed = _standing(workspace, ready)
    show_signatures(signed.signatures, workspace.settings.timezone)
    show_missing(signed, ready.versions[0].release.slug, scope_of_correction(workspace, ready))


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

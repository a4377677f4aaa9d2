"""The walk of one sending: prove, show, ask, plan, carry, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from distributor import clock
from distributor.account_settings import DEFAULT_ACCOUNT
from distributor.cli.dispatches.manifests import show_difference
from distributor.cli.dispatches.showing import describe_dispatch
from distributor.cli.dispatches.standing import listed
from distributor.cli.releases.signoffs import require_enough, show_missing, show_signatures, standing_as_json
from distributor.cli.sending.accountchoice import require_accounts
from distributor.cli.sending.cooling import holding_interrupts
from distributor.cli.sending.heeding import show_oddest, show_warnings
from distributor.cli.sending.languages import languages_as_json, show_languages
from distributor.cli.sending.scheduling import say_scheduled, show_hours
from distributor.cli.sending.showing import (
    MANY,
    manifest_as_json,
    show_manifest,
    show_overrides,
    show_proof,
)
from distributor.cli.sending.waving import (
    require_before_cut_off,
    require_in_time,
    show_timing,
    timing_as_json,
)
from distributor.cli.terminal.output import ask, ask_number, console, count, show_json, show_remarks, show_under
from distributor.dispatch.accounts.ways import Ways
from distributor.dispatch.hours.instants import Hours, read_hours
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.overtaken import require_uncorrected
from distributor.dispatch.proof.comparing import compare_planned
from distributor.dispatch.proof.examining import oddest
from distributor.dispatch.recipients.earlier import require_nobody_waits
from distributor.dispatch.recipients.manifest import LeftOutReason
from distributor.dispatch.recipients.narrowing import Selection
from distributor.dispatch.recipients.provenance import require_provenance
from distributor.dispatch.recipients.waves import PlannedWave
from distributor.errors import BadInput, Refused
from distributor.outgoing.leaving import standing_of
from distributor.outgoing.naming import how_to_prove, scope_of
from distributor.outgoing.proving import Proved, prove_release, require_reason
from distributor.outgoing.timing import Timing, read_timing
from distributor.releases import translations
from distributor.releases.kinds import ReleaseKind
from distributor.reports import queries
from distributor.wiring import Workspace


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom to send to, and which findings of the proof to let pass, as named on the command line.

    Of the members of `lists` only those are meant who stand on each list of `only` and whom the filter `where` matches.
    `again` is for those who have an earlier version: True sends it to them too, False leaves them out, None stops.
    `account` is the one it is sent through, `then` the one that takes over where that is refused.
    `recipients` is their number, where it was typed.
    It starts `at` that hour, or now, and whoever has not left by `not_after` is withheld.
    `waves` name lists, each with its time; `exclusive` is who is `ahead` of them for so long.
    """

    lists: Sequence[str]
    excluded: Sequence[str] = ()
    overrides: Sequence[str] = ()
    because: str = ""
    again: bool | None = None
    attach_pdf: bool = False
    only: Sequence[str] = ()
    where: str = ""
    then: str = ""
    recipients: int | None = None
    at: str = ""
    not_after: str = ""
    waves: Sequence[str] = ()
    exclusive: str = ""
    ahead: str = ""
    account: str = DEFAULT_ACCOUNT

    @property
    def scope(self) -> dict[str, Any]:
        """The lists as a signature keeps them."""
        return scope_of(
            self.lists, self.excluded, self.only, self.where, attach_pdf=self.attach_pdf, account=self.account
        )


def send_release(
    workspace: Workspace, slug: str, choice: Choice, *, dry_run: bool, yes: bool, as_json: bool, verbose: bool
) -> None:
    """Send a release to lists, now or at its hour, or with `dry_run` show all of it and open no connection.

    Raises `Refused` when the proof stops it, when people have an earlier version or a signature is missing,
    `NotAllReached` when some were not reached.
    """
    now, zone = clock.now(), workspace.settings.timezone
    hours = read_hours(choice.at, choice.not_after, zone, now)
    moment = hours.start or now  # what is proved is the release at the hour when it leaves
    if not dry_run:
        Identity.from_settings(workspace.settings)  # nothing is asked or logged for a send without a sender
        require_reason(choice.overrides, choice.because)
    timing = read_timing(workspace, choice.lists, choice.waves, moment, exclusive=choice.exclusive, ahead=choice.ahead)
    choice = replace(choice, lists=timing.lists)  # those of the waves too: they are what is signed and proved
    proved = prove_release(
        workspace,
        slug,
        Selection(timing.lists, choice.excluded, choice.only, choice.where),
        moment,
        passing=choice.overrides,
        because=choice.because,
        again=choice.again,
        attach_pdf=choice.attach_pdf,
    )
    show_remarks(proved.remarks)
    if proved.stored.version.kind == ReleaseKind.NOTICE:
        raise BadInput(
            f"«{slug}» is a notice to those who have another release.",
            mend="Tell them of its embargo: distributor releases embargo SLUG --tell",
        )
    if dry_run:
        _show_dry_run(workspace, proved, choice, timing, hours, moment, as_json=as_json)
    _require_provenance(workspace, proved)
    _require_passing(proved, choice, moment.astimezone(zone))
    if not dry_run and not proved.everyone.recipients:
        _say_nobody(workspace, proved)
        return
    _require_once(proved, again=bool(choice.again), silent=as_json)
    require_in_time(workspace, proved, timing.waves, moment)
    require_before_cut_off(workspace, proved, timing.waves, moment, hours.not_after)
    if dry_run:
        return
    _require_signed(workspace, proved, choice)
    from distributor.cli.dispatches import running

    ways = workspace.ways(running.shown_dialogue(verbose))
    require_accounts(ways, workspace, choice.then)
    show_manifest(proved.everyone, detailed=False)
    show_languages(proved.versions)
    for one in proved.versions:
        show_oddest(oddest(one.manifest.recipients, workspace.templates.forms(), one.stored.version.lang))
    _show_heeded(workspace, proved, choice)
    show_hours(workspace, hours, now)
    show_timing(workspace, proved, timing.waves, moment, is_scheduled=hours.start is not None)
    _ask(workspace, proved, choice, yes=yes)
    _plan_and_carry(workspace, proved, choice, hours, timing.waves, ways)


def _plan_and_carry(
    workspace: Workspace, proved: Proved, choice: Choice, hours: Hours, waves: Sequence[PlannedWave], ways: Ways
) -> None:
    """Write what was agreed to into the ledger, and send it, or say when it starts."""
    from distributor.cli.dispatches import running
    from distributor.outgoing.planning import plan_proved

    log = workspace.log()
    at_once = 0 if hours.start is not None else len(proved.everyone.recipients)
    with holding_interrupts(), workspace.carrier(log).prepared(at_once):
        planned = plan_proved(
            workspace,
            log,
            proved,
            choice.scope,
            overrides=choice.overrides,
            then=choice.then,
            hours=hours,
            waves=waves,
        )
        if hours.start is not None:
            say_scheduled(workspace, planned, hours.start)
            return
        if len(planned) == 1:
            console().print(f"Dispatch {planned[0]}. Ctrl-C stops in order; nothing is lost.")
            running.run_dispatch(workspace, log, planned[0], ways)
            return
        console().print(f"Dispatches {listed(planned)}. Ctrl-C stops in order; nothing is lost.")
        running.run_dispatches(workspace, log, planned, ways)


def _ask(workspace: Workspace, proved: Proved, choice: Choice, *, yes: bool) -> None:
    """Ask before it leaves; many recipients want their number typed, which `--yes` does not answer."""
    number = len(proved.everyone.recipients)
    question = f"Send «{proved.stored.version.headline}» to {count(number, 'journalist')}?"
    is_asked = number > workspace.settings.ask_number_above
    if is_asked or choice.recipients is not None:
        ask_number(f"Send «{proved.stored.version.headline}»?", number, given=choice.recipients)
    if not is_asked or choice.recipients is not None:
        ask(question, yes=yes)


def _require_signed(workspace: Workspace, proved: Proved, choice: Choice) -> None:
    """Raise `Refused` before anybody is asked, when too few have signed; show what became of each signature."""
    with workspace.database.session(reads_only=True) as session:
        found = standing_of(workspace, session, proved)
    require_enough(found, proved.stored.release.slug, choice.scope, workspace.settings.timezone)


def _show_heeded(workspace: Workspace, proved: Proved, choice: Choice) -> None:
    """What is let pass or only warned of, in each version."""
    for one in proved.versions:
        show_warnings(one.result, how_to_prove(proved.stored.release.slug, choice.scope, choice.at))
        show_overrides(list(one.result.passed.values()), workspace.settings.timezone)


def _require_provenance(workspace: Workspace, proved: Proved) -> None:
    """Raise `Refused` before anybody is asked: what cannot be planned need not be confirmed."""
    with workspace.database.session(reads_only=True) as session:
        require_uncorrected(session, proved.stored.version.release_id)
        require_provenance(session, proved.everyone.recipients.contact_ids())


def _say_nobody(workspace: Workspace, proved: Proved) -> None:
    show_manifest(proved.everyone, detailed=False)
    if any(one.reason == LeftOutReason.ALREADY_SENT for one in proved.everyone.left_out):
        out = console()
        out.print("Nothing to send: everyone here who may be mailed is on a dispatch of this release:")
        with workspace.database.session(reads_only=True) as session:
            original = translations.original_of(session, proved.stored.release).slug
        with workspace.database.reading() as connection:
            for row in queries.dispatches(connection, slug=original):
                if not row.is_test:
                    out.print(f"  {describe_dispatch(row)}", soft_wrap=True)
        return
    raise BadInput("There is nobody to send to.", mend="See who was left out, and why, above.")


def _require_passing(proved: Proved, choice: Choice, moment: datetime) -> None:
    if not proved.stops:
        return
    command = how_to_prove(proved.stored.release.slug, choice.scope, choice.at)
    for one in proved.versions:
        if one.result.stops:
            show_proof(one.result, one.stored.release.slug, moment, one.manifest, command=command)
    raise Refused("The proof stops this release; nothing was sent.")


def _require_once(proved: Proved, *, again: bool, silent: bool = False) -> None:
    """Raise `Refused` for people who have an earlier version, unless they are to get this one too (`again`).

    Whoever still waits for the earlier one is never sent the newer before it: that is for a cancel to decide.
    """
    earlier = proved.all_earlier
    waiting = [one for one in earlier if one.is_waiting]
    if not waiting and (again or not earlier):
        return
    shown = waiting or earlier
    for one in () if silent else shown[:MANY]:
        show_under(console(), f"{one.planned.recipient.name or one.planned.address} {one}")
    if len(shown) > MANY and not silent:
        console().print(f"  … and {len(shown) - MANY} more")
    require_nobody_waits(waiting)
    raise Refused(
        f"{count(len(shown), 'recipient has', 'recipients have')} an earlier version of this release; nothing was"
        " sent.",
        mend="Add --again to send them this one too, or --not-again to leave them out.",
    )


def _show_dry_run(
    workspace: Workspace,
    proved: Proved,
    choice: Choice,
    timing: Timing,
    hours: Hours,
    moment: datetime,
    *,
    as_json: bool,
) -> None:
    with workspace.database.session(reads_only=True) as session:
        signed = standing_of(workspace, session, proved)
        compared = compare_planned(session, proved.stored.version, proved.everyone)
    if as_json:
        show_json(
            manifest_as_json(proved.everyone, proved.stored.release.slug, len(proved.all_earlier))
            | languages_as_json(proved.versions)
            | {"sign_off": standing_as_json(signed), "difference": compared.as_json() if compared else None}
            | {"scheduled_at": hours.start, "not_after": hours.not_after}
            | timing_as_json(workspace, proved, timing.waves, moment)
        )
        return
    if not proved.everyone.recipients:
        _say_nobody(workspace, proved)
        return
    show_manifest(proved.everyone)
    show_languages(proved.versions, detailed=True)
    show_difference(compared)
    _show_heeded(workspace, proved, choice)
    show_hours(workspace, hours, clock.now())
    show_timing(workspace, proved, timing.waves, moment, is_scheduled=hours.start is not None)
    show_signatures(signed.signatures, workspace.settings.timezone)
    show_missing(signed, proved.stored.release.slug, choice.scope)
    console().print("Dry run: every message was written and proved; nothing was sent, no connection was opened.")

"""The walk of one sending: prove, show, ask, plan, carry, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from distributor import clock
from distributor.cli import running
from distributor.cli.output import ask, console, count, show_json
from distributor.cli.proving import Proved, open_composer, override_findings, prove_release, require_reason
from distributor.cli.showing import manifest_as_json, show_manifest, show_proof
from distributor.contacts import press_lists
from distributor.contacts.press_lists import Member
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.composing import Identity
from distributor.dispatch.manifest import LeftOutReason, recipient_from
from distributor.dispatch.plan import plan_dispatch, plan_test
from distributor.errors import BadInput, Refused
from distributor.releases import store
from distributor.rendering.values import Recipient
from distributor.wiring import Workspace, read_address


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom to send to, and which findings of the proof to let pass, as named on the command line."""

    lists: Sequence[str]
    excluded: Sequence[str]
    overrides: Sequence[str]
    because: str


def send_release(workspace: Workspace, slug: str, choice: Choice, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Send a release to lists, or with `dry_run` show all of it and open no connection.

    Raises `Refused` when the proof stops it, `NotAllReached` when some were not reached.
    """
    moment = clock.now()
    local = moment.astimezone(workspace.settings.timezone)
    if dry_run:
        proved = prove_release(workspace, slug, choice.lists, moment, choice.excluded, passing=choice.overrides)
        _show_dry_run(proved, as_json=as_json)
        _require_passing(proved, slug, local)
        return
    Identity.from_settings(workspace.settings)  # nothing is asked or logged for a send without a sender
    require_reason(choice.overrides, choice.because)
    proved = prove_release(workspace, slug, choice.lists, moment, choice.excluded, passing=choice.overrides)
    _require_passing(proved, slug, local)
    if not proved.manifest.recipients:
        _say_nobody(proved)
        return
    transport = workspace.transport()
    show_manifest(proved.manifest, detailed=False)
    ask(f"Send «{proved.stored.version.headline}» to {count(len(proved.manifest.recipients), 'journalist')}?", yes=yes)
    # Only now: an override of somebody who then said no must not stand for the next send.
    override_findings(workspace, slug, choice.overrides, because=choice.because, moment=moment, lists=choice.lists)
    log = workspace.log()
    dispatch_id = plan_proved(workspace, log, proved)
    console().print(f"Dispatch {dispatch_id}. Ctrl-C stops in order; nothing is lost.")
    running.run_dispatch(workspace, log, dispatch_id, transport)


def plan_proved(workspace: Workspace, log: DeliveryLog, proved: Proved) -> int:
    """Write the dispatch of a proved release into the ledger; return its number."""
    with workspace.database.session() as session:
        return plan_dispatch(
            session,
            log,
            proved.stored.version,
            proved.manifest,
            identity=proved.identity,
            templates=workspace.templates,
            now=clock.now(),
        )


def _say_nobody(proved: Proved) -> None:
    show_manifest(proved.manifest, detailed=False)
    if any(one.reason == LeftOutReason.ALREADY_SENT for one in proved.manifest.left_out):
        console().print(
            "Nothing to send: everyone here who may be mailed is on a dispatch of this version (see: dispatches list)."
        )
        return
    raise BadInput("There is nobody to send to.", mend="See who was left out, and why, above.")


def _require_passing(proved: Proved, slug: str, moment: datetime) -> None:
    if proved.result.stops:
        show_proof(proved.result, slug, moment, proved.rendered)
        raise Refused("The proof stops this release; nothing was sent.")


def _show_dry_run(proved: Proved, *, as_json: bool) -> None:
    if as_json:
        show_json(manifest_as_json(proved.manifest, proved.stored.release.slug))
        return
    if not proved.manifest.recipients:
        _say_nobody(proved)
        return
    show_manifest(proved.manifest)
    console().print("Dry run: every message was written and proved; nothing was sent, no connection was opened.")


def send_test(workspace: Workspace, slug: str, address: str, contact: str, lists: Sequence[str]) -> None:
    """Send exactly what one contact would get to `address`, marked as a test and kept out of reports."""
    to = read_address(address)
    log = workspace.log()
    transport = workspace.transport()
    with workspace.database.session() as session:
        stored = store.find_release(session, slug)
        member: Member | None = None
        if contact:
            member = press_lists.find_contact(session, contact)
        elif lists:
            member = next(press_lists.list_members(session, lists[0]), None)
        recipient = recipient_from(member) if member else Recipient(to)
        open_composer(workspace, session, stored, is_test=True)
        dispatch_id = plan_test(
            session,
            log,
            stored.version,
            recipient=recipient,
            address=to,
            identity=Identity.from_settings(workspace.settings),
            templates=workspace.templates,
            now=clock.now(),
        )
    console().print(f"Test to {to}, as for {recipient}.")
    running.run_dispatch(workspace, log, dispatch_id, transport)

"""The walk of sending a correction: who has what, prove, show, ask, hold the wrong text back, plan, carry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from distributor import clock
from distributor.cli.dispatches import running
from distributor.cli.dispatches.halting import until_let_go
from distributor.cli.dispatches.standing import listed, say_recovery
from distributor.cli.releases.signoffs import leaving_from, show_missing, show_signatures, standing_as_json
from distributor.cli.sending import phoning
from distributor.cli.sending.cooling import holding_interrupts
from distributor.cli.sending.heeding import show_warnings
from distributor.cli.sending.naming import how_to_prove, how_to_sign, scope_of
from distributor.cli.sending.proving import log_overrides, require_reason
from distributor.cli.sending.proving_corrections import Newcomers, Ready, prove_correction
from distributor.cli.sending.showing import manifest_as_json, show_manifest, show_overrides, show_proof
from distributor.cli.terminal.output import ask, console, count, require_as_asked, show_json, show_under
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.calling import pause_dispatches
from distributor.dispatch.hours.cooling import cool_down
from distributor.dispatch.hours.instants import say_instant
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.planning_corrections import CorrectionPart, Moved, Planned, plan_correction, wrong_dispatches
from distributor.dispatch.recipients.correcting import Meant, version_of, who_gets
from distributor.dispatch.signoff import signoffs
from distributor.dispatch.signoff.leaving import Leaving
from distributor.errors import NotAllReached, Refused
from distributor.releases.attachments import FileRole
from distributor.releases.corrections import standing_correction
from distributor.rendering.values import Recipient
from distributor.reports import queries
from distributor.reports.dispatch_row import DispatchRow
from distributor.states import DeliveryState
from distributor.wiring import Workspace, actor

_TRIES = 5
_MANY = 15
_PATIENCE_S = 2.0
"""How long a correction waits for wrong messages on the wire: who has them then is known, or told when it is sent
again."""


def send_correction(
    workspace: Workspace,
    slug: str,
    *,
    newcomers: Newcomers,
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
        return prove_correction(
            workspace, slug, moment, newcomers=newcomers, passing=overrides, because=because, attach_pdf=attach_pdf
        )

    ready = proved_now()
    if as_json:
        signed, _leaving = _standing(workspace, ready)
        show_json(_as_json(ready, slug) | {"sign_off": standing_as_json(signed)})
    else:
        _show(workspace, ready, detailed=dry_run)
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
    ask(_question(ready), yes=yes)
    log_overrides(workspace, ready.proved, overrides)
    log = workspace.log()
    with holding_interrupts():
        ready, planned = _hold_and_plan(workspace, log, ready, proved_now, moment)
        _say_planned(workspace, ready, planned)
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
    until_let_go(workspace, wrong, _PATIENCE_S)
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
    versions = ready.versions
    return [
        CorrectionPart(
            stored=one.stored,
            meant=ready.meant[one.stored.release.slug],
            phone=tuple(
                pair for pair in ready.found.phone if version_of(pair[0], versions).release.id == one.stored.release.id
            ),
            silent=ready.found.silent if number == 0 else (),
            copies=tuple(
                copy
                for copy in ready.found.copies
                if version_of(copy.told, versions).release.id == one.stored.release.id
            ),
            added=ready.added[one.stored.release.slug],
            lists=ready.lists.lists,
            excluded=ready.lists.excluded_lists,
            identity=one.opened.identity,
            files=tuple(file.keep(workspace.path) for file in one.opened.files),
            plain=ready.told[one.stored.release.slug].plain,
            told=ready.told[one.stored.release.slug].notices,
        )
        for number, one in enumerate(ready.proved.versions)
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
                one.result, one.stored.release.slug, local, one.manifest, command=_how_to_prove(workspace, ready)
            )
    raise Refused("The proof stops this correction; nothing was sent.")


def _how_to_prove(workspace: Workspace, ready: Ready) -> str:
    """The command that proves the same, for who has the text and for the lists that get it too."""
    with_pdf = any(file.kept.role == FileRole.ATTACHMENT for one in ready.proved.versions for file in one.opened.files)
    lists = ready.lists
    scope = scope_of(
        lists.lists,
        lists.excluded_lists,
        lists.only_lists,
        lists.where,
        attach_pdf=with_pdf,
        account=workspace.account_name,
    )
    return how_to_prove(ready.versions[0].release.slug, scope)


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


def _question(ready: Ready) -> str:
    has_it = sum(one.has_it for one in ready.found.meant)
    waited = len(ready.found.meant) - has_it
    headline = ready.proved.stored.version.headline
    new = len(ready.lists.recipients)
    if new:
        return f"Send «{headline}» to {has_it + waited} of its chain, and as a first text to {new} of the lists?"
    if not ready.found.meant:
        return f"Hold back what «{headline}» corrects?"
    more = f", and instead of the wrong text to {waited} who still wait" if waited else ""
    return f"Send «{headline}» to {count(has_it, 'journalist who has', 'journalists who have')} the wrong text{more}?"


def _meant_in_words(has_it: int, waited: int, missed: int) -> str:
    """Who has the wrong text, and who waited for it; whoever is not there is not counted."""
    if missed and not has_it and not waited:
        return "Nobody else is known to have the wrong text."
    if not has_it and not waited:
        return "Nobody is known to have the wrong text who was not told."
    told = f"{count(has_it, 'recipient has', 'recipients have')} the wrong text and {_gets(has_it)} the correction"
    held = f"still waited for it and {_gets(waited)} the right one instead"
    if not has_it:
        return f"Nobody has the wrong text; {count(waited, 'recipient')} {held}."
    return f"{told}; {waited} {held}." if waited else f"{told}."


def _gets(many: int) -> str:
    return "gets" if many == 1 else "get"


def _show(workspace: Workspace, ready: Ready, *, detailed: bool) -> None:
    """Who gets what, what it says to them, who must be rung up, and of whom it is not known yet."""
    out = console()
    found = ready.found
    has_it = [one for one in found.meant if one.has_it]
    out.print(_meant_in_words(len(has_it), len(found.meant) - len(has_it), len(found.missed)))
    if ready.lists.lists:
        out.print(f"{len(ready.lists.recipients)} more of the lists, who have no text of it, get the right one.")
    for slug, told in ready.told.items():
        for number, notice in told.notices.items():
            many = sum(one.has_it and one.holding.dispatch_id == number for one in ready.meant[slug])
            out.print(f"«{slug}», to {many} who have «{told.which[number]}» (dispatch {number}):")
            out.print(f"  Subject: {notice.subject}", soft_wrap=True)
            for line in notice.changes.splitlines():
                out.print(f"  {line}".rstrip(), soft_wrap=True)
    if detailed:
        show_manifest(ready.proved.everyone)
    if found.phone:
        out.print(f"To ring up, since they are not mailed: {len(found.phone)}.")
        for one, left_out in found.phone[:_MANY]:
            show_under(out, f"{one.planned.recipient.name or one.planned.address}: {left_out.because}")
    if found.copies:
        has = count(len(found.copies), "more address has", "more addresses have")
        out.print(f"{has} the wrong text, of journalists who are told once:")
        for copy in found.copies[:_MANY]:
            show_under(out, f"{copy.meant.planned.address}: {copy.because}")
    _show_missed(workspace, ready)
    for holding in found.unsettled[:_MANY]:
        show_under(out, f"not known yet: {holding.address_key} ({holding.state.replace('_', ' ')}, {holding})")
    for proved in ready.proved.versions:
        show_warnings(proved.result, _how_to_prove(workspace, ready))
        show_overrides(list(proved.result.passed.values()), workspace.settings.timezone)


def _show_missed(workspace: Workspace, ready: Ready) -> None:
    """Whom the dispatches of a correction did not reach, or may not have, and what to do; of a corrected one, which."""
    out, missed, release = console(), ready.found.missed, ready.versions[0].release
    if not missed:
        return
    assert release.id is not None, "it was read"
    with workspace.database.session(reads_only=True) as session:
        standing = standing_correction(session, release.id)
    if standing is not None:
        out.print(f"«{release.slug}» {standing.what_it_did}, which is sent in its place.", soft_wrap=True)
        return
    out.print(
        f"Of those on its dispatches {count(len(missed), 'recipient is', 'recipients are')} not known to have it:"
    )
    for one in missed[:_MANY]:
        show_under(out, f"{one.address_key}: {one.standing}")
    if len(missed) > _MANY:
        out.print(f"  … and {len(missed) - _MANY} more: distributor report {release.slug}")
    if any(one.state == DeliveryState.WITHHELD for one in missed):
        numbers = sorted({one.dispatch_id for one in missed if one.state == DeliveryState.WITHHELD})
        out.print(f"To ring up: {'; '.join(f'distributor dispatches phone-list {number}' for number in numbers)}")


def _say_planned(workspace: Workspace, ready: Ready, planned: Planned) -> None:
    out = console()
    for number in planned.ended:
        out.print(f"Dispatch {number} of the wrong text is ended.")
    if planned.withheld:
        out.print(f"{count(planned.withheld, 'recipient')} withheld there before it left.")
    for row in _rows(workspace, planned.dispatch_ids):
        if row.not_after is not None:
            until = say_instant(row.not_after, workspace.settings.timezone)
            out.print(f"Dispatch {row.id}: whoever has not left by {until} is withheld, as of the wrong text.")
    if planned.dispatch_ids:
        out.print(f"Dispatch {listed(planned.dispatch_ids)}. Ctrl-C stops in order; nothing is lost.")
    if ready.found.phone:
        phoning.show_phone_list(workspace, planned.dispatch_ids)


def _rows(workspace: Workspace, dispatch_ids: Sequence[int]) -> list[DispatchRow]:
    with workspace.database.reading() as connection:
        return [queries.find_dispatch(connection, one) for one in dispatch_ids]


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
        f" {', '.join(one.address_key for one in unsettled[:_MANY])}.",
        mend=f"Settle it: {commands}. Then once more: distributor send {slug}",
    )


def _as_json(ready: Ready, slug: str) -> dict[str, object]:
    found = ready.found

    def person(meant: Meant) -> dict[str, object]:
        recipient: Recipient = meant.planned.recipient
        return {
            "address": str(meant.planned.address),
            "name": recipient.name,
            "has_it": meant.has_it,
            "release": meant.holding.slug,
            "version": meant.holding.number,
            "dispatch_id": meant.holding.dispatch_id,
        }

    return manifest_as_json(ready.proved.everyone, slug, 0) | {
        "correction": {
            "recipients": [person(one) for one in found.meant],
            "phone": [person(one) | {"because": left_out.because} for one, left_out in found.phone],
            "unsettled": [
                {"address": one.address_key, "state": one.state, "dispatch_id": one.dispatch_id}
                for one in found.unsettled
            ],
            "copies": [person(one.meant) | {"because": one.because} for one in found.copies],
            "done": found.done,
            "missed": [
                {"address": one.address_key, "state": one.state, "dispatch_id": one.dispatch_id}
                for one in found.missed
            ],
            "foreign": dict(found.foreign),
            "told": [
                {"release": name, "dispatch_id": number, "has": told.which[number], "subject": notice.subject,
                 "changes": notice.changes}
                for name, told in ready.told.items()
                for number, notice in told.notices.items()
            ],
        }
    }  # fmt: skip

"""How a correction is shown: who gets what, what it says to them, who must be rung up, and what planning came to."""

from __future__ import annotations

from collections.abc import Sequence

from distributor import clock
from distributor.cli.dispatches.standing import listed
from distributor.cli.sending import phoning
from distributor.cli.sending.heeding import show_warnings
from distributor.cli.sending.showing import manifest_as_json, show_manifest, show_overrides
from distributor.cli.terminal.output import console, count, show_under
from distributor.dispatch.correction_plan import Planned
from distributor.dispatch.hours.instants import say_instant
from distributor.dispatch.recipients.correcting import Meant
from distributor.outgoing.naming import how_to_prove, scope_of
from distributor.outgoing.proving_corrections import Ready
from distributor.outgoing.timing import later_of_correction
from distributor.releases.corrections import standing_correction
from distributor.rendering.values import Recipient
from distributor.reports import queries
from distributor.reports.dispatch_row import DispatchRow
from distributor.states import DeliveryState
from distributor.wiring import Workspace

MANY = 15
"""So many people are named, and the others counted."""


def show_correction(workspace: Workspace, ready: Ready, *, detailed: bool) -> None:
    """Who gets what, what it says to them, who must be rung up, and of whom it is not known yet."""
    out = console()
    found = ready.found
    has_it = [one for one in found.meant if one.has_it]
    out.print(_meant_in_words(len(has_it), len(found.meant) - len(has_it), len(found.missed)))
    if ready.lists.lists:
        out.print(f"{len(ready.lists.recipients)} more of the lists, who have no text of it, get the right one.")
    _show_later(workspace, ready)
    _show_told(ready)
    if detailed:
        show_manifest(ready.proved.everyone)
    if found.phone:
        out.print(f"To ring up, since they are not mailed: {len(found.phone)}.")
        for one, left_out in found.phone[:MANY]:
            show_under(out, f"{one.planned.recipient.name or one.planned.address}: {left_out.because}")
    if found.copies:
        has = count(len(found.copies), "more address has", "more addresses have")
        out.print(f"{has} the wrong text, of journalists who are told once:")
        for copy in found.copies[:MANY]:
            show_under(out, f"{copy.meant.planned.address}: {copy.because}")
    _show_missed(workspace, ready)
    for holding in found.unsettled[:MANY]:
        show_under(out, f"not known yet: {holding.address_key} ({holding.state.replace('_', ' ')}, {holding})")
    for proved in ready.proved.versions:
        show_warnings(proved.result, how_to_prove_again(workspace, ready))
        show_overrides(list(proved.result.passed.values()), workspace.settings.timezone)


def _show_later(workspace: Workspace, ready: Ready) -> None:
    """How many wait, and until when."""
    out, zone = console(), workspace.settings.timezone
    for later, many in later_of_correction(workspace, ready, clock.now()):
        what = "the end of the embargo" if later.by_embargo else later.name
        out.print(f"  {many} of them at {say_instant(later.until, zone)}, and not before: {what}.")


def _show_told(ready: Ready) -> None:
    """What it says, in each language version, to those who have the wrong text of which dispatch."""
    out = console()
    for part in ready.parts:
        slug = part.stored.release.slug
        for number, notice in part.told.notices.items():
            many = sum(one.has_it and one.holding.dispatch_id == number for one in part.meant)
            out.print(f"«{slug}», to {many} who have «{part.told.which[number]}» (dispatch {number}):")
            out.print(f"  Subject: {notice.subject}", soft_wrap=True)
            for line in notice.changes.splitlines():
                out.print(f"  {line}".rstrip(), soft_wrap=True)


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
    for one in missed[:MANY]:
        show_under(out, f"{one.address_key}: {one.standing}")
    if len(missed) > MANY:
        out.print(f"  … and {len(missed) - MANY} more: distributor report {release.slug}")
    if any(one.state == DeliveryState.WITHHELD for one in missed):
        numbers = sorted({one.dispatch_id for one in missed if one.state == DeliveryState.WITHHELD})
        out.print(f"To ring up: {'; '.join(f'distributor dispatches phone-list {number}' for number in numbers)}")


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


def question_of(ready: Ready) -> str:
    """What is asked before it leaves."""
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


def say_planned(workspace: Workspace, ready: Ready, planned: Planned) -> None:
    """What planning came to, and who must be rung up."""
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


def how_to_prove_again(workspace: Workspace, ready: Ready) -> str:
    """The command that proves the same, for who has the text and for the lists that get it too."""
    lists = ready.lists
    scope = scope_of(
        lists.lists,
        lists.excluded_lists,
        lists.only_lists,
        lists.where,
        attach_pdf=ready.proved.has_pdf,
        account=workspace.account_name,
    )
    return how_to_prove(ready.versions[0].release.slug, scope)


def correction_as_json(workspace: Workspace, ready: Ready, slug: str) -> dict[str, object]:
    """A correction as a dry run tells it to other programs."""
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
            "held": [
                {"total": many, "until": later.until, "name": later.name, "by_embargo": later.by_embargo}
                for later, many in later_of_correction(workspace, ready, clock.now())
            ],
            "told": [
                {"release": part.stored.release.slug, "dispatch_id": number, "has": part.told.which[number],
                 "subject": notice.subject, "changes": notice.changes}
                for part in ready.parts
                for number, notice in part.told.notices.items()
            ],
        }
    }  # fmt: skip

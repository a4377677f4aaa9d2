"""A correction that was proved: the wrong text is paused, and all is proved again while who has it changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from distributor import clock
from distributor.deliveries.log import DeliveryLog, Recovery
from distributor.dispatch.calling import pause_dispatches
from distributor.dispatch.company import until_let_go
from distributor.dispatch.correction_plan import CorrectionPart, Moved, Planned, plan_correction, wrong_dispatches
from distributor.dispatch.hours.cooling import cool_down
from distributor.dispatch.recipients.correcting import version_of, who_gets
from distributor.errors import Refused, require_as_asked
from distributor.outgoing.leaving import require_signed
from distributor.outgoing.naming import scope_of
from distributor.outgoing.proving import log_overrides
from distributor.outgoing.proving_corrections import Ready
from distributor.wiring import Workspace, actor

_TRIES = 5
_PATIENCE_S = 2.0
"""How long a correction waits for wrong messages on the wire: who has them then is known, or told when it is sent
again."""


def scope_of_correction(workspace: Workspace, ready: Ready) -> dict[str, Any]:
    """The options of a sending to who has the text, as a signature keeps them: it names no list."""
    return scope_of(None, attach_pdf=ready.proved.has_pdf, account=workspace.account_name)


def hold_wrong_text(workspace: Workspace, log: DeliveryLog, ready: Ready) -> Recovery:
    """Pause the dispatches of the wrong text, wait for what is on the wire, and settle what killed commands left."""
    first = ready.versions[0].release
    assert first.id is not None, "it was read"
    with workspace.database.session(reads_only=True) as session:
        wrong = wrong_dispatches(session, first.id)
    paused = pause_dispatches(workspace.database, wrong, actor(), f"«{first.slug}» corrects it")
    workspace.tell_of("dispatch.paused", *paused)
    until_let_go(workspace.database, wrong, _PATIENCE_S)
    return workspace.carrier(log).recover()


def plan_proved_correction(
    workspace: Workspace,
    log: DeliveryLog,
    ready: Ready,
    *,
    proved_again: Callable[[], Ready],
    require_passing: Callable[[Ready], object],
    overrides: Sequence[str] = (),
) -> tuple[Ready, Planned]:
    """Plan a correction whose wrong text is held; return it as it was planned, and what that came to.

    The overrides of the codes in `overrides` are logged first. While who has what changes meanwhile, it is
    `proved_again`, and has to pass once more, which `require_passing` sees to. Raises `Refused` where the text or the
    lists are others then, where signatures are too few, and where who has the wrong text keeps changing.
    """
    log_overrides(workspace, ready.proved, overrides)

    def again(asked: Ready) -> Ready:
        found = proved_again()
        _require_the_same(asked, found)
        require_passing(found)
        return found

    for _ in range(_TRIES):
        with workspace.database.session(reads_only=True) as session:
            standing = who_gets(session, ready.versions, workspace.keyring, clock.now()).standing
        if standing != ready.found.standing:
            ready = again(ready)
        try:
            with workspace.database.session() as session:
                scope = scope_of_correction(workspace, ready)
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
                    signatures=require_signed(workspace, session, ready.proved, scope),
                )
                if workspace.settings.cool_down:
                    until = clock.now() + timedelta(seconds=workspace.settings.cool_down)
                    cool_down(session, planned.dispatch_ids, until)
        except Moved:
            ready = again(ready)
        else:
            workspace.tell_of("dispatch.cancelled", *planned.ended)
            workspace.tell_of("dispatch.planned", *planned.dispatch_ids)
            return ready, planned
    raise Refused(
        "Who has the wrong text keeps changing, so nothing was planned; its dispatches are paused.",
        mend=f"Run the same command again: distributor send {ready.versions[0].release.slug}",
    )


def _require_the_same(asked: Ready, found: Ready) -> None:
    """Raise `Refused` where the text is another one by now, or the lists name more people."""
    seen, read = ([one.version.id for one in each.versions] for each in (asked, found))
    require_as_asked(seen, read, "the correction")
    known, new = ({one.contact_id for one in each.lists.recipients} for each in (asked, found))
    require_as_asked(set(), new - known, "the lists")


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

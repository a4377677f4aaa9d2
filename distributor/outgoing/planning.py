"""What was agreed for a release that was proved, written into the ledger: its dispatches, all or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from distributor import clock
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.hours.cooling import cool_down
from distributor.dispatch.hours.instants import AT_ONCE, Hours
from distributor.dispatch.plan import new_dispatch, plan_dispatch
from distributor.dispatch.recipients.earlier import find_earlier, require_nobody_waits
from distributor.dispatch.recipients.waves import PlannedWave
from distributor.outgoing.leaving import require_signed
from distributor.outgoing.proving import Proved, log_overrides
from distributor.wiring import Workspace


def plan_proved(
    workspace: Workspace,
    log: DeliveryLog,
    proved: Proved,
    scope: Mapping[str, Any],
    *,
    overrides: Sequence[str] = (),
    then: str = "",
    hours: Hours = AT_ONCE,
    waves: Sequence[PlannedWave] = (),
) -> list[int]:
    """Write a dispatch for each version that somebody gets, all or none, and its files; return their numbers.

    `scope` is what it was signed for, `then` the account that takes over where that of the workspace is refused. The
    overrides of the codes in `overrides` are logged first. The dispatches cool down for as long as the settings say,
    unless they have an hour of their own. Raises `Refused` where a signature was withdrawn, or what it is bound to has
    changed, since it was looked at, and where somebody has come to wait for an earlier version.
    """
    # Only now: an override of somebody who then said no must not stand for the next send.
    log_overrides(workspace, proved, overrides)
    meant = [one for one in proved.versions if one.manifest.recipients]
    kept = [[file.keep(workspace.path) for file in one.opened.files] for one in meant]
    settings = workspace.settings
    with workspace.database.session() as session:
        for one in meant:  # somebody may have had it sent again while this one asked
            require_nobody_waits(find_earlier(session, one.stored.version, one.manifest.recipients))
        signatures = require_signed(workspace, session, proved, scope)
        planned = [
            plan_dispatch(
                session,
                log,
                new_dispatch(
                    session,
                    one.stored.version,
                    one.opened.identity,
                    workspace.templates,
                    clock.now(),
                    files=files,
                    account=workspace.account_name,
                    then=then,
                    signatures=signatures,
                    hours=hours,
                ),
                one.manifest,
                waves,
            )
            for one, files in zip(meant, kept, strict=True)
        ]
        if settings.cool_down and hours.start is None:
            cool_down(session, planned, clock.now() + timedelta(seconds=settings.cool_down))
    workspace.tell_of("dispatch.planned", *planned)
    return planned

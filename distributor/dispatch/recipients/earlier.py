"""Who has, or is about to get, an earlier version of the release that is to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import func, select, true
from sqlmodel import Session, col

from distributor.dispatch.recipients.holdings import find_holdings, held_by
from distributor.dispatch.recipients.manifest import LeftOutReason, LeftOutRecipient, Manifest
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.dispatch.recipients.roll import Roll
from distributor.errors import Refused
from distributor.models import Delivery, Dispatch, Release, ReleaseVersion
from distributor.states import HAVE_IT, OPEN_STATES


@dataclass(frozen=True, slots=True)
class Earlier:
    """A recipient whom another version of the release went to, or still waits to go to (`is_waiting`)."""

    planned: PlannedRecipient
    version: int
    dispatch_id: int
    is_waiting: bool

    def __str__(self) -> str:
        return f"{'waits for' if self.is_waiting else 'has'} version {self.version} (dispatch {self.dispatch_id})"


def find_earlier(session: Session, version: ReleaseVersion, recipients: Sequence[PlannedRecipient]) -> list[Earlier]:
    """Those of `recipients` who have another version of this release, by person or by address, or wait for it.

    Whom it did not reach (refused, expired, withheld) is not among them, and tests do not count.
    """
    holdings = find_holdings(
        session,
        (col(ReleaseVersion.release_id) == version.release_id)
        & (col(ReleaseVersion.id) != version.id)
        & col(Delivery.state).in_([*HAVE_IT, *OPEN_STATES]),
    )
    return [
        Earlier(planned, holding.number, holding.dispatch_id, holding.is_waiting)
        for planned, holding in held_by(holdings, recipients)
    ]


@dataclass(frozen=True, slots=True)
class StillLeaving:
    """A dispatch of which some still wait for a version of a release."""

    dispatch_id: int
    version: int
    waiting: int


def still_leaving(
    session: Session, releases: Sequence[Release], *, but: ReleaseVersion | None = None
) -> list[StillLeaving]:
    """The dispatches of these releases of which somebody still waits; no tests, and none of the version `but`."""
    rows = session.execute(
        select(col(Delivery.dispatch_id), col(ReleaseVersion.number), func.count())
        .join(Dispatch, col(Dispatch.id) == col(Delivery.dispatch_id))
        .join(ReleaseVersion, col(ReleaseVersion.id) == col(Dispatch.release_version_id))
        .where(
            col(ReleaseVersion.release_id).in_([one.id for one in releases]),
            col(ReleaseVersion.id) != but.id if but else true(),
            col(Dispatch.is_test).is_(False),
            col(Delivery.state).in_(list(OPEN_STATES)),
        )
        .group_by(col(Delivery.dispatch_id), col(ReleaseVersion.number))
        .order_by(col(Delivery.dispatch_id))
    )
    return [StillLeaving(*row) for row in rows]


def without(manifest: Manifest, earlier: Sequence[Earlier]) -> Manifest:
    """The manifest with these people left out, each with the reason."""
    theirs = {one.planned.address.key for one in earlier}
    left_out = (LeftOutRecipient(one.planned, LeftOutReason.ALREADY_SENT, str(one)) for one in earlier)
    return replace(
        manifest,
        recipients=Roll(one for one in manifest.recipients if one.address.key not in theirs),
        left_out=(*manifest.left_out, *left_out),
    )


def require_nobody_waits(earlier: Sequence[Earlier]) -> None:
    """Raise `Refused` where somebody waits for an earlier version: they would get it after the newer."""
    waiting = [one for one in earlier if one.is_waiting]
    if waiting:
        they_wait = "recipient still waits" if len(waiting) == 1 else "recipients still wait"
        older = sorted({one.dispatch_id for one in waiting})
        raise Refused(
            f"{len(waiting)} {they_wait} for an earlier version of this release, and would get it after this one;"
            " nothing was sent.",
            mend=f"Cancel it first: {'; '.join(f'distributor dispatches cancel {number}' for number in older)}",
        )

"""Who has, or is about to get, an earlier version of the release that is to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.contacts.people.ownership import owner
from distributor.dispatch.manifest import LeftOut, LeftOutReason, Manifest, PlannedRecipient
from distributor.models import Contact, Delivery, Dispatch, ReleaseVersion
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
    rows = session.execute(
        select(
            owner().label("owner"),
            col(Delivery.address_key),
            col(Delivery.state),
            col(Delivery.dispatch_id),
            col(ReleaseVersion.number),
        )
        .join(Contact, col(Contact.id) == col(Delivery.contact_id), isouter=True)
        .join(ReleaseVersion, col(ReleaseVersion.id) == col(Delivery.release_version_id))
        .join(Dispatch, col(Dispatch.id) == col(Delivery.dispatch_id))
        .where(
            col(ReleaseVersion.release_id) == version.release_id,
            col(ReleaseVersion.id) != version.id,
            col(Dispatch.is_test).is_(False),
            col(Delivery.state).in_([*HAVE_IT, *OPEN_STATES]),
        )
        .order_by(col(Delivery.id))
    ).all()
    by_person = {row.owner: row for row in rows if row.owner is not None}
    by_address = {row.address_key: row for row in rows}
    found = []
    for planned in recipients:
        row = by_person.get(planned.contact_id) or by_address.get(planned.address.key)
        if row is not None:
            found.append(Earlier(planned, row.number, row.dispatch_id, row.state in OPEN_STATES))
    return found


def without(manifest: Manifest, earlier: Sequence[Earlier]) -> Manifest:
    """The manifest with these people left out, each with the reason."""
    theirs = {one.planned.address.key for one in earlier}
    left_out = (LeftOut(one.planned, LeftOutReason.ALREADY_SENT, str(one)) for one in earlier)
    return replace(
        manifest,
        recipients=tuple(one for one in manifest.recipients if one.address.key not in theirs),
        left_out=(*manifest.left_out, *left_out),
    )

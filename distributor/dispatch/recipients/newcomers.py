"""Who of a list has no text of a chain of corrections at all, and so gets the right one as if it were the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col

from distributor.dispatch.recipients.correcting import Correcting
from distributor.dispatch.recipients.holdings import Holding, find_holdings, held_by
from distributor.dispatch.recipients.manifest import LeftOutReason, LeftOutRecipient, Manifest
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.dispatch.recipients.roll import Roll
from distributor.models import Delivery, Release, ReleaseVersion
from distributor.releases.corrections import chain_to, read_links
from distributor.states import HAVE_IT, OPEN_STATES


def without_holders(
    session: Session, correction: Release, manifest: Manifest, found: Correcting, now: datetime
) -> Manifest:
    """The manifest without those who have, or wait for, a text of the chain: the correction is theirs anyway."""
    theirs = {one.planned.address.key for one in found.meant}
    theirs |= {one.planned.address.key for one, _ in found.phone} | {one.planned.address.key for one in found.silent}
    people = {one.planned.contact_id for one in found.meant} - {0}
    held = {planned.address.key: str(one) for planned, one in holders(session, correction, manifest.recipients, now)}
    kept, left_out = Roll(), list(manifest.left_out)
    for planned in manifest.recipients:
        key = planned.address.key
        if key in held or key in theirs or planned.contact_id in people:
            because = held.get(key, "is corrected already")
            left_out.append(LeftOutRecipient(planned, LeftOutReason.ALREADY_SENT, because))
        else:
            kept.enter(planned)
    return replace(manifest, recipients=kept, left_out=tuple(left_out))


def holders(
    session: Session, correction: Release, recipients: Sequence[PlannedRecipient], now: datetime
) -> list[tuple[PlannedRecipient, Holding]]:
    """Those of `recipients` who have, or wait for, a text of the chain; behind a cut-off that is over nobody waits."""
    if not recipients:
        return []
    assert correction.id is not None, "it was read"
    chain = [link.id for step in chain_to(read_links(session), correction.id) for link in step]
    which = col(ReleaseVersion.release_id).in_(chain) & col(Delivery.state).in_([*HAVE_IT, *OPEN_STATES])
    return held_by([one for one in find_holdings(session, which) if one == one.as_of(now)], recipients)

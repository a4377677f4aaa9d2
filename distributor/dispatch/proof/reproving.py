"""The proof again, for another hour: what a release that was proved for one moment says at another."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from distributor.dispatch.proof import overrides
from distributor.errors import Refused
from distributor.models import Dispatch, ReleaseVersion
from distributor.releases import store
from distributor.releases.findings import Finding, Level, ProofSubject
from distributor.releases.inforce import embargo_of
from distributor.releases.proof import proof

_PDF = "application/pdf"


def check_moment(session: Session, dispatch: Dispatch, moment: datetime, zone: ZoneInfo) -> None:
    """Raise `Refused` when what is frozen in a dispatch that has not begun must not leave at `moment`.

    Held against it is what the proof stops at that moment, and did not at the one it was proved for: a dateline of
    another day. So is a PDF made for another day.
    """
    before = dispatch.scheduled_at or dispatch.created_at
    version = session.get_one(ReleaseVersion, dispatch.release_version_id)
    told = {(one.code, one.line) for one in _stops(session, version, before, zone)}
    new = [one for one in _stops(session, version, moment, zone) if (one.code, one.line) not in told]
    mend = f"Cancel it and send anew: distributor dispatches cancel {dispatch.id}"
    if new:
        raise Refused(f"At that hour the proof stops it: {' '.join(one.message for one in new)}", mend=mend)
    is_another_day = before.astimezone(zone).date() != moment.astimezone(zone).date()
    if is_another_day and any(file.get("media_type") == _PDF for file in dispatch.files):
        raise Refused(
            f"The PDF that goes with it was made for {before.astimezone(zone):%Y-%m-%d}, and that is another day.",
            mend=mend,
        )


def _stops(session: Session, version: ReleaseVersion, moment: datetime, zone: ZoneInfo) -> list[Finding]:
    """What stops the release's words at a moment, but for what somebody let pass."""
    said = store.draft_of(version, store.attachments_of(session, version))
    draft = replace(said, embargo_until=embargo_of(session, version))
    found = proof(ProofSubject(draft=draft, source=version.source, send_at=moment, timezone=zone))
    passed = overrides.passed(found, overrides.standing(session, version))
    return [one for one in found if one.level == Level.STOP and one not in passed]

"""What a sending of a workspace would let leave, and the signatures that it is held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlmodel import Session

from distributor import clock
from distributor.account_settings import DEFAULT_ACCOUNT
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.recipients.correcting import version_of, who_gets
from distributor.dispatch.recipients.languages import versions_to_send
from distributor.dispatch.signoff import signoffs
from distributor.dispatch.signoff.leaving import Leaving, LeavingPart, leaving_of, part_of
from distributor.dispatch.signoff.signoffs import Signature, SignOffStanding
from distributor.errors import DistributorError
from distributor.models import SignOff
from distributor.outgoing.composers import house_files
from distributor.outgoing.naming import how_to_sign, selection_of
from distributor.outgoing.proving import Proved, share_out_to
from distributor.releases import store
from distributor.releases.kinds import CORRECTING
from distributor.releases.store import StoredRelease
from distributor.wiring import Workspace


def survey(workspace: Workspace, session: Session, stored: StoredRelease, scope: dict[str, Any]) -> Leaving:
    """What a send with these lists would let leave now; nothing is written. `BadInput` for lists that are none."""
    if stored.version.kind in CORRECTING:
        return _survey_correction(workspace, session, stored, scope)
    versions = versions_to_send(session, stored)
    shares = share_out_to(workspace, session, versions, selection_of(scope))
    parts = [part_of(session, one.stored.release.slug, one.stored.version, one.manifest) for one in shares.parts]
    return _leaving(workspace, session, versions, parts, scope)


def _survey_correction(workspace: Workspace, session: Session, stored: StoredRelease, scope: dict[str, Any]) -> Leaving:
    """What the correction would let leave now: in all its languages, to whoever has the text that it corrects."""
    versions = store.language_versions(session, stored.release)
    found = who_gets(session, versions, workspace.keyring, clock.now())
    parts = []
    for one in versions:
        theirs = [meant for meant in found.meant if version_of(meant, versions) is one]
        parts.append(part_of(session, one.release.slug, one.version, found.manifest(theirs)))
    return replace(_leaving(workspace, session, versions, parts, scope), is_to_holders=True)


def _leaving(
    workspace: Workspace,
    session: Session,
    versions: Sequence[StoredRelease],
    parts: Sequence[LeavingPart],
    scope: dict[str, Any],
) -> Leaving:
    """These parts with all that goes with them; `BadInput` when nobody is set whom it would come from."""
    identity = Identity.from_settings(workspace.settings, signed=False)
    files = [
        file.kept for one in versions for file in house_files(workspace, store.attachments_of(session, one.version))
    ]
    leaving = leaving_of(parts, workspace.templates.sources(), files, identity)
    return replace(leaving, attach_pdf=bool(scope.get("attach_pdf")))


def leaving_from(workspace: Workspace, session: Session, proved: Proved) -> Leaving:
    """What a release that was proved would let leave."""
    parts = [part_of(session, one.stored.release.slug, one.stored.version, one.manifest) for one in proved.versions]
    files = [file.kept for one in proved.versions for file in one.opened.files]
    leaving = leaving_of(parts, workspace.templates.sources(), files, proved.opened.identity)
    return replace(leaving, is_to_holders=proved.is_to_holders)


def standing_of(workspace: Workspace, session: Session, proved: Proved) -> SignOffStanding:
    """Every signature of a release that was proved, held against what would leave now, and how many are missing."""
    leaving = leaving_from(workspace, session, proved)
    return signoffs.standing(session, leaving, signoffs.Rule.from_settings(workspace.settings))


def require_signed(
    workspace: Workspace, session: Session, proved: Proved, scope: Mapping[str, Any]
) -> tuple[Signature, ...]:
    """The signatures that hold for a sending to the lists of `scope`; `Refused` when they are too few."""
    return signoffs.require_signed(
        session,
        leaving_from(workspace, session, proved),
        signoffs.Rule.from_settings(workspace.settings),
        mend=f"Sign it: {how_to_sign(proved.stored.release.slug, scope)}",
    )


def signatures_on(workspace: Workspace, session: Session, stored: StoredRelease) -> list[Signature]:
    """Every signature of a release, each held against what a send to its own lists would let leave now."""
    return [_held(workspace, session, stored, row) for row in signoffs.signatures_of(session, stored.release.id)]


def _held(workspace: Workspace, session: Session, stored: StoredRelease, row: SignOff) -> Signature:
    try:
        theirs = workspace.for_account(row.scope.get("account", DEFAULT_ACCOUNT))
        leaving = survey(theirs, session, stored, row.scope)
    except DistributorError as error:  # a list that is gone, another secret key: then it cannot be sent either
        return signoffs.signature_of(row, (str(error),))
    return signoffs.held_against(session, row, leaving, signoffs.Rule.from_settings(workspace.settings))

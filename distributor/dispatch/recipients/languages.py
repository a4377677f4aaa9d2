"""Which language version of a release each journalist gets, and who has it already in whatever language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session, col

from distributor.deliveries.conditions import is_meant
from distributor.dispatch.recipients.holdings import find_holdings, held_by
from distributor.dispatch.recipients.manifest import LeftOutReason, LeftOutRecipient, Manifest
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.dispatch.recipients.roll import Roll
from distributor.models import Delivery, Release, ReleaseVersion
from distributor.releases.store import StoredRelease, language_versions
from distributor.releases.translations import base_of, family_of
from distributor.rendering.values import Recipient
from distributor.states import HAVE_IT, OPEN_STATES


@dataclass(frozen=True, slots=True)
class Share:
    """One language version, and who of everybody gets it."""

    stored: StoredRelease
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Shares:
    """Everybody, and the same people by the version they get: first the one asked for, each even if nobody's."""

    everyone: Manifest
    parts: tuple[Share, ...]


def versions_to_send(session: Session, stored: StoredRelease) -> list[StoredRelease]:
    """The release and its translations, each at its newest; a translation that is named itself goes alone."""
    return [stored] if stored.release.translates_id else language_versions(session, stored.release)


def version_for(recipient: Recipient, versions: Sequence[StoredRelease]) -> StoredRelease:
    """The version in the recipient's language, or in another they read, as they name them; the first one otherwise."""
    for language in recipient.languages:
        for version in versions:
            if base_of(version.version.lang) == base_of(language):
                return version
    return versions[0]


def share_out(session: Session, manifest: Manifest, versions: Sequence[StoredRelease]) -> Shares:
    """Give each recipient their version, and leave out who has, or waits for, the release in whatever language."""
    shares = divide(manifest, versions)
    found = [
        (one, words)
        for share in shares.parts
        for one, words in find_holders(session, share.stored.version, share.manifest.recipients)
    ]
    if not found:
        return shares
    have_it = {planned.address.key for planned, _ in found}
    everyone = replace(
        manifest,
        recipients=Roll(one for one in manifest.recipients if one.address.key not in have_it),
        left_out=(
            *manifest.left_out,
            *(LeftOutRecipient(planned, LeftOutReason.ALREADY_SENT, words) for planned, words in found),
        ),
    )
    return divide(everyone, versions)


def divide(everyone: Manifest, versions: Sequence[StoredRelease]) -> Shares:
    """The same people by the version they get.

    Whoever was left out stands with the first version that anybody gets, so that the ledger has them once.
    """
    if len(versions) == 1:
        return Shares(everyone, (Share(versions[0], everyone),))
    rolls = {stored.release.slug: Roll() for stored in versions}
    for one in everyone.recipients:
        rolls[version_for(one.recipient, versions).release.slug].enter(one)
    first = next((stored for stored in versions if rolls[stored.release.slug]), versions[0])
    parts = []
    for stored in versions:
        elsewhere = (
            LeftOutRecipient(one, LeftOutReason.OTHER_VERSION, f"gets «{slug}»")
            for slug, theirs in rolls.items()
            if slug != stored.release.slug
            for one in theirs
        )
        part = replace(
            everyone,
            recipients=rolls[stored.release.slug],
            left_out=(*(everyone.left_out if stored is first else ()), *elsewhere),
        )
        parts.append(Share(stored, part))
    return Shares(everyone, tuple(parts))


def find_holders(
    session: Session, version: ReleaseVersion, recipients: Sequence[PlannedRecipient]
) -> list[tuple[PlannedRecipient, str]]:
    """Those of `recipients` who stand on a dispatch of this version, or have or wait for it in another language.

    Each with the words that say so. A release without translations has nobody who is not found by the manifest.
    """
    release = session.get_one(Release, version.release_id)
    family = family_of(session, release)
    if len(family) == 1:
        return []
    others = [one.id for one in family if one.id != release.id]
    is_of_family = col(ReleaseVersion.release_id).in_([release.id, *others])
    is_own = (col(Delivery.release_version_id) == version.id) & is_meant()
    is_other = col(ReleaseVersion.release_id).in_(others) & col(Delivery.state).in_([*HAVE_IT, *OPEN_STATES])
    holdings = find_holdings(session, is_of_family & (is_own | is_other))
    return [(planned, str(one)) for planned, one in held_by(holdings, recipients)]

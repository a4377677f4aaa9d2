"""Which releases the world may see: those that were really sent, once their embargo and their exclusive are over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, cast, exists, func, not_, or_, select
from sqlalchemy.sql.selectable import Select
from sqlmodel import Session, col

from distributor.models import Attachment, Delivery, Dispatch, Release, ReleaseVersion, Wave
from distributor.releases.attachments import FileRole, KeptFile
from distributor.releases.corrections import Links, next_after, read_links
from distributor.releases.inforce import in_force
from distributor.releases.kinds import ReleaseKind
from distributor.states import DeliveryState

_SENT = (DeliveryState.ACCEPTED, DeliveryState.BOUNCED, DeliveryState.COMPLAINED)


@dataclass(frozen=True, slots=True)
class Published:
    """A version of a release that is out, since when, and every file that went with it in any dispatch."""

    release: Release
    version: ReleaseVersion
    since: datetime
    files: tuple[KeptFile, ...]

    @property
    def attached(self) -> tuple[KeptFile, ...]:
        """The files that were attached, without the pictures in the text and the logo."""
        return tuple(file for file in self.files if file.role == FileRole.ATTACHMENT)


def find_published(session: Session, release_id: int, now: datetime) -> Published | None:
    """The newest version of a release that is out at `now`; None when there is none."""
    found = _read(session, _published(now).where(col(Release.id) == release_id).limit(1))
    return found[0] if found else None


def find_correction(session: Session, release_id: int, now: datetime) -> Published | None:
    """What corrects or withdraws a release, and is out at `now`: the last of its chain; None while it stands."""
    return find_corrections(session, [release_id], now)[release_id]


def find_corrections(session: Session, release_ids: Iterable[int], now: datetime) -> dict[int, Published | None]:
    """As `find_correction`, of each of these."""
    links = read_links(session)
    return {one: _find_correction(session, links, one, now) for one in release_ids}


def _find_correction(session: Session, links: Links, release_id: int, now: datetime) -> Published | None:
    following: list[int] = []
    link = next_after(links, release_id)
    while link is not None and link.id not in following:
        following.append(link.id)
        link = next_after(links, link.id)
    return next((found for one in reversed(following) if (found := find_published(session, one, now))), None)


def newest_published(session: Session, now: datetime, limit: int) -> list[Published]:
    """What is out at `now`, every version of it, the newest first."""
    return _read(session, _published(now).limit(limit))


def published_as(session: Session, digest: str, now: datetime) -> list[Published]:
    """What is out at `now` under a SHA-256 (64 hexadecimal digits): a version's own words, or a file attached to it."""
    attached = exists().where(
        col(Attachment.release_version_id) == col(ReleaseVersion.id),
        col(Attachment.sha256) == digest,
        col(Attachment.role) == FileRole.ATTACHMENT,
    )
    # Beside the release's own: the PDF made of it. What is read out below is compared once more.
    made = exists().where(
        col(Dispatch.release_version_id) == col(ReleaseVersion.id),
        col(Dispatch.is_test).is_(False),
        cast(col(Dispatch.files), Text).contains(digest, autoescape=True),
    )
    which = or_(col(ReleaseVersion.content_hash) == digest, attached, made)
    found = _read(session, _published(now).where(which).limit(20))
    return [one for one in found if digest in {one.version.content_hash, *(file.sha256 for file in one.attached)}]


def published_file(published: Published, digest: str) -> KeptFile | None:
    """A file of a published version by its SHA-256; None for any other."""
    return next((file for file in published.files if file.sha256 == digest), None)


def _published(now: datetime) -> Select[Release, ReleaseVersion, Any, Any]:
    """Versions that a server has accepted for a journalist, not for a test, and whose embargo is over.

    What one has as an exclusive, ahead of all others, is not out before somebody else has it.
    """
    is_ahead = exists().where(
        col(Wave.dispatch_id) == col(Delivery.dispatch_id),
        col(Wave.number) == col(Delivery.wave),
        col(Wave.is_exclusive).is_(True),
    )
    first = (  # of a dispatch: by the index that has its acceptances in order
        select(col(Delivery.accepted_at))
        .where(
            col(Delivery.dispatch_id) == col(Dispatch.id),
            col(Delivery.accepted_at).is_not(None),
            col(Delivery.state).in_(_SENT),
            not_(is_ahead),
        )
        .order_by(col(Delivery.accepted_at))
        .limit(1)
        .correlate(Dispatch)
        .scalar_subquery()
    )
    sent = (
        select(func.min(first))
        .where(col(Dispatch.release_version_id) == col(ReleaseVersion.id), col(Dispatch.is_test).is_(False))
        .correlate(ReleaseVersion)
        .scalar_subquery()
    )
    embargo = in_force()
    return (
        select(Release, ReleaseVersion, sent.label("since"), embargo.label("embargo"))
        .join(ReleaseVersion, col(ReleaseVersion.release_id) == col(Release.id))
        .where(
            sent.is_not(None),
            col(Release.kind) != ReleaseKind.NOTICE,
            or_(embargo.is_(None), embargo <= now),
        )
        .order_by(col(ReleaseVersion.id).desc())
    )


def _read(session: Session, statement: Select[Release, ReleaseVersion, Any, Any]) -> list[Published]:
    rows = session.execute(statement).all()
    files = _files_of(session, [version.id for _, version, _, _ in rows])
    return [
        Published(
            release,
            version,
            max(since, embargo) if embargo else since,
            tuple(files.get(version.id, {}).values()),
        )
        for release, version, since, embargo in rows
    ]


def _files_of(session: Session, numbers: list[int | None]) -> dict[int | None, dict[tuple[str, str, str], KeptFile]]:
    """The files of these versions, each once: those of the release, then what its dispatches added."""
    found: dict[int | None, dict[tuple[str, str, str], KeptFile]] = {}
    own = select(Attachment).where(col(Attachment.release_version_id).in_(numbers)).order_by(col(Attachment.id))
    for row in session.scalars(own):
        file = KeptFile(row.path, row.name, row.media_type, row.size, row.sha256, row.role, row.source)
        found.setdefault(row.release_version_id, {})[file.role, file.source, file.sha256] = file
    added = select(col(Dispatch.release_version_id), col(Dispatch.files)).where(
        col(Dispatch.release_version_id).in_(numbers), col(Dispatch.is_test).is_(False)
    )
    for number, files in session.execute(added.order_by(col(Dispatch.id))):
        for file in (KeptFile(**one) for one in files):
            found.setdefault(number, {}).setdefault((file.role, file.source, file.sha256), file)
    return found

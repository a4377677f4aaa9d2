"""Writing the follow-up of a release that was sent: a release of its own, for those who have the first one."""

from __future__ import annotations

from dataclasses import fields, replace
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from distributor import clock
from distributor.errors import BadInput, Refused
from distributor.models import Attachment, Delivery, Dispatch, Release, ReleaseVersion
from distributor.releases import store
from distributor.releases.attachments import FileRole, KeptFile
from distributor.releases.corrections import head_of, read_links
from distributor.releases.draft import ReleaseDraft
from distributor.releases.followup import make_follow_up, slug_of_follow_up
from distributor.releases.inforce import embargo_of
from distributor.releases.kinds import ReleaseKind
from distributor.releases.readers.source import write_source
from distributor.releases.store import StoredRelease
from distributor.rendering.templates import TemplateSet
from distributor.states import DeliveryState


def find_followed(session: Session, slug: str) -> StoredRelease:
    """The release to follow up, at the newest version that a mail server has taken.

    Raises `BadInput` for a release that reached nobody yet and for a follow-up, `Refused` for one that was corrected.
    """
    asked = store.find_release(session, slug)
    if asked.release.follows_up_id is not None:
        raise BadInput(
            f"«{slug}» is itself a follow-up: there is one, and no more.", mend="See: distributor releases list"
        )
    assert asked.release.id is not None, "it was read"
    later = head_of(read_links(session), asked.release.id)
    if later.kind == ReleaseKind.RETRACTION and later.id != asked.release.id:
        raise Refused(f"«{slug}» {later.what_it_did}: nobody is reminded of it.")
    if later.id != asked.release.id:
        raise Refused(
            f"«{slug}» {later.what_it_did}: nobody is reminded of what is wrong.",
            mend=f"Follow up the correction: distributor releases follow-up {later.slug}",
        )
    if asked.release.kind == ReleaseKind.RETRACTION:
        raise BadInput(f"«{slug}» withdraws a release: nobody is reminded of what there is not.")
    version = session.scalars(
        select(ReleaseVersion)
        .join(Dispatch, col(Dispatch.release_version_id) == col(ReleaseVersion.id))
        .join(Delivery, col(Delivery.dispatch_id) == col(Dispatch.id))
        .where(
            col(ReleaseVersion.release_id) == asked.release.id,
            col(Dispatch.is_test).is_(False),
            col(Delivery.state) == DeliveryState.ACCEPTED,
        )
        .order_by(col(ReleaseVersion.number).desc())
        .limit(1)
    ).first()
    if version is None:
        raise BadInput(f"«{slug}» has reached nobody yet.", mend=f"See: distributor send {slug} --list NAME --dry-run")
    return StoredRelease(asked.release, version)


def write_follow_up(
    session: Session, followed: StoredRelease, *, words: str, templates: TemplateSet, zone: ZoneInfo
) -> StoredRelease:
    """Store the follow-up as the release `SLUG-relance` (`-follow-up`), or as its next version.

    The release stands below the words as its readers have it, its pictures too; attached files do not go again.
    Raises `BadInput` as `make_follow_up` does, and when that short name is another release's.
    """
    version = followed.version
    draft = _draft(session, followed, words, templates, zone)
    until = embargo_of(session, version)
    draft = replace(draft, embargo_until=until if until is not None and until > clock.now() else None)
    slug = slug_of_follow_up(followed.release.slug, version.lang)
    known = session.scalars(select(Release).where(col(Release.slug) == slug)).first()
    if known is not None and known.follows_up_id != followed.release.id:
        raise BadInput(f"There is another release «{slug}», which is no follow-up.", mend="Give that one another name.")
    stored = store.store_release(
        session,
        draft,
        source=write_source(draft),
        source_name=f"{slug}.md",
        slug=slug,
        attachments=[
            _kept(file) for file in store.attachments_of(session, version) if file.role != FileRole.ATTACHMENT
        ],
    )
    stored.release.follows_up_id = followed.release.id
    session.add(stored.release)
    session.flush()
    return stored


def _draft(
    session: Session, followed: StoredRelease, words: str, templates: TemplateSet, zone: ZoneInfo
) -> ReleaseDraft:
    version = followed.version
    sent = session.scalars(
        select(col(Dispatch.message_date))
        .where(col(Dispatch.release_version_id) == version.id, col(Dispatch.is_test).is_(False))
        .order_by(col(Dispatch.id))
        .limit(1)
    ).one()
    texts = templates.texts(version.lang)
    day = sent.astimezone(zone).date()
    return make_follow_up(
        store.draft_of(version),
        kind=str(texts.words["kinds"][version.kind]),
        dateline=texts.dateline(version.dateline_place, version.dateline_date or day),
        day=texts.day(day),
        words=words,
    )


def _kept(file: Attachment) -> KeptFile:
    return KeptFile(**{field.name: getattr(file, field.name) for field in fields(KeptFile)})

"""Releases in the database: one slug each, every version kept, each under the hash of its content."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from distributor.errors import BadInput, did_you_mean
from distributor.models import Attachment, Release, ReleaseVersion
from distributor.releases import translations
from distributor.releases.attachments import FileRole, KeptFile
from distributor.releases.corrections import link_translation
from distributor.releases.diff import Change, compare
from distributor.releases.draft import PressContact, ReleaseDraft, Remark, Signatory
from distributor.releases.kinds import CORRECTING, ReleaseKind
from distributor.releases.slugs import check_slug, is_same_headline, slug_of


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """A release with its newest version, and whether this call made that version.

    `beside` is the release whose short name it would have got, had the headline not been another one.
    """

    release: Release
    version: ReleaseVersion
    is_new: bool = False
    beside: str = ""


def store_release(
    session: Session,
    draft: ReleaseDraft,
    *,
    source: str,
    source_name: str,
    slug: str = "",
    translates: str = "",
    attachments: Sequence[KeptFile] = (),
    author: str = "",
) -> StoredRelease:
    """Keep a draft as a new release, or as the next version of the one with this slug; same words, no change.

    Without a `slug` it is a version of the release that has the same headline, if there is one. It becomes the
    translation of the release `translates`, or else of the one that the draft names. `author` is who made this version,
    as the system knows them. Raises `BadInput` for a slug that
    cannot be one, for the words of an older version, and as `translations.link` does.
    """
    digest = _content_hash(draft, attachments)
    chosen = slug or _slug_for(session, draft.headline)
    first = slug or slug_of(draft.headline)
    named = translates or draft.translation_of
    original = find_release(session, named).release if named else None
    release = _release(session, chosen)
    if release is not None and release.corrects_id is not None and draft.kind not in CORRECTING:
        draft = dataclasses.replace(draft, kind=ReleaseKind(release.kind))  # what it corrects, it goes on correcting
        digest = _content_hash(draft, attachments)
    if release is None:
        check_slug(chosen)
        release = Release(slug=chosen, kind=draft.kind)
        session.add(release)
        session.flush()
    translations.link(session, release, draft.lang, original)
    same = session.exec(
        select(ReleaseVersion).where(ReleaseVersion.release_id == release.id, ReleaseVersion.content_hash == digest)
    ).one_or_none()
    newest = newest_version(session, release)
    if same is not None and newest is not None and same.id == newest.id:
        return StoredRelease(release, newest)
    if same is not None:
        raise BadInput(
            f"This is word for word version {same.number} of «{chosen}», which a newer one replaced.",
            mend="Change something, or import it under another --slug.",
        )
    release.kind = draft.kind
    version = ReleaseVersion(
        release_id=_id(release.id),
        number=(newest.number if newest else 0) + 1,
        content_hash=digest,
        source=source,
        source_name=source_name,
        author=author,
        remarks=[dataclasses.asdict(remark) for remark in draft.remarks],
        lines=dict(draft.lines),
        **_words(draft),
    )
    session.add(version)
    session.flush()
    session.add_all(
        Attachment(release_version_id=_id(version.id), **dataclasses.asdict(attachment)) for attachment in attachments
    )
    session.flush()
    if original is not None:
        link_translation(session, release, original)
    return StoredRelease(release, version, is_new=True, beside=first if newest is None and first != chosen else "")


def _release(session: Session, slug: str) -> Release | None:
    return session.exec(select(Release).where(Release.slug == slug)).one_or_none()


def _slug_for(session: Session, headline: str) -> str:
    """The slug of the release with this headline, or a free one: two headlines may well begin alike."""
    first = slug_of(headline)
    for slug in (f"{first}-{number}" if number > 1 else first for number in count(1)):
        release = _release(session, slug)
        if release is None:
            return slug
        known = session.exec(select(ReleaseVersion.headline).where(ReleaseVersion.release_id == release.id)).all()
        if any(is_same_headline(headline, one) for one in known):
            return slug
    raise AssertionError("there is always another number")


def find_release(session: Session, slug: str, number: int | None = None) -> StoredRelease:
    """The release with this slug, at its newest version or at version `number`; `BadInput` names the nearest slugs."""
    release = _release(session, slug)
    if release is None:
        known = session.exec(select(Release.slug)).all()
        near = difflib.get_close_matches(slug, known, n=3, cutoff=0.4)
        mend = did_you_mean(near) or "See: distributor releases list"
        raise BadInput(f"There is no release «{slug}».", mend=mend)
    if number is None:
        version = newest_version(session, release)
    else:
        version = session.exec(
            select(ReleaseVersion).where(ReleaseVersion.release_id == release.id, ReleaseVersion.number == number)
        ).one_or_none()
    if version is None:
        raise BadInput(f"«{slug}» has no version {number}.", mend=f"See: distributor releases show {slug}")
    return StoredRelease(release, version)


def language_versions(session: Session, release: Release) -> list[StoredRelease]:
    """Every language version of a release at its newest, the original first."""
    return [find_release(session, one.slug) for one in translations.family_of(session, release)]


def versions_of(session: Session, slug: str) -> list[StoredRelease]:
    """Every version of a release, the newest first; `BadInput` as `find_release`."""
    release = find_release(session, slug).release
    rows = session.exec(
        select(ReleaseVersion)
        .where(ReleaseVersion.release_id == release.id)
        .order_by(col(ReleaseVersion.number).desc())
    ).all()
    return [StoredRelease(release, version) for version in rows]


def newest_version(session: Session, release: Release) -> ReleaseVersion | None:
    """The version of a release with the highest number."""
    return session.exec(
        select(ReleaseVersion)
        .where(ReleaseVersion.release_id == release.id)
        .order_by(col(ReleaseVersion.number).desc())
        .limit(1)
    ).one_or_none()


def all_releases(session: Session) -> list[StoredRelease]:
    """Every release with its newest version, newest first."""
    newest = select(func.max(ReleaseVersion.id)).group_by(col(ReleaseVersion.release_id))
    rows = session.exec(
        select(Release, ReleaseVersion)
        .join(ReleaseVersion, col(ReleaseVersion.release_id) == Release.id)
        .where(col(ReleaseVersion.id).in_(newest))
        .order_by(col(ReleaseVersion.created_at).desc())
    ).all()
    return [StoredRelease(release, version) for release, version in rows]


def attachments_of(session: Session, version: ReleaseVersion) -> list[Attachment]:
    """The files that go with a version, in the order the release names them: attached, shown in its text, its logo."""
    return list(
        session.exec(
            select(Attachment).where(Attachment.release_version_id == version.id).order_by(col(Attachment.id))
        ).all()
    )


def draft_of(version: ReleaseVersion, attachments: Sequence[Attachment] = ()) -> ReleaseDraft:
    """The draft that a version was made from, as the proof and the composer read it."""
    return ReleaseDraft(
        headline=version.headline,
        body=version.body,
        lang=version.lang,
        kind=ReleaseKind(version.kind),
        standfirst=version.standfirst,
        dateline_place=version.dateline_place,
        dateline_date=version.dateline_date,
        embargo_until=version.embargo_until,
        sector=version.sector,
        signatory=Signatory(**version.signatory),
        contacts=tuple(PressContact(**contact) for contact in version.contacts),
        boilerplate=version.boilerplate,
        attachments=tuple(file.name for file in attachments if file.role == FileRole.ATTACHMENT),
        logo=next((file.name for file in attachments if file.role == FileRole.LOGO), ""),
        extra=version.extra,
        remarks=tuple(Remark(**remark) for remark in version.remarks),
        lines=version.lines,
    )


def changes_between(session: Session, old: ReleaseVersion, new: ReleaseVersion) -> list[Change]:
    """What differs between two versions, their files included."""
    first, second = attachments_of(session, old), attachments_of(session, new)
    return compare(
        draft_of(old, first),
        draft_of(new, second),
        {file.name: file.sha256 for file in first},
        {file.name: file.sha256 for file in second},
    )


def _words(draft: ReleaseDraft) -> dict[str, Any]:
    """The columns of a version that its hash covers."""
    return {
        "headline": draft.headline,
        "body": draft.body,
        "lang": draft.lang,
        "kind": draft.kind.value,
        "standfirst": draft.standfirst,
        "dateline_place": draft.dateline_place,
        "dateline_date": draft.dateline_date,
        "embargo_until": draft.embargo_until,
        "sector": draft.sector,
        "signatory": dataclasses.asdict(draft.signatory),
        "contacts": [dataclasses.asdict(contact) for contact in draft.contacts],
        "boilerplate": draft.boilerplate,
        "extra": dict(draft.extra),
    }


def _content_hash(draft: ReleaseDraft, attachments: Sequence[KeptFile]) -> str:
    attached = [[file.name, file.sha256] for file in attachments if file.role == FileRole.ATTACHMENT]
    content = _words(draft) | {"attachments": attached}
    if shown := [[file.role, file.source, file.sha256] for file in attachments if file.role != FileRole.ATTACHMENT]:
        content["shown"] = shown  # only where there are any: a release without pictures keeps the hash it had
    plain = json.dumps(content, ensure_ascii=False, sort_keys=True, default=_iso)
    return hashlib.sha256(plain.encode()).hexdigest()


def _iso(value: object) -> str:
    assert isinstance(value, (date, datetime))
    return value.isoformat()


def _id(value: int | None) -> int:
    assert value is not None, "flushed rows have an id"
    return value

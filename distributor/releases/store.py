"""Releases in the database: one slug each, every version kept, each under the hash of its content."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import hashlib
import json
import mimetypes
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from distributor.errors import BadInput
from distributor.files import read_bytes, write_bytes
from distributor.folding import fold
from distributor.models import Attachment, Audit, Release, ReleaseVersion
from distributor.releases.draft import PressContact, ReleaseDraft, ReleaseKind, Remark, Signatory

ATTACHMENTS_FOLDER = "attachments"
_MAX_ATTACHMENT = 25 * 1024 * 1024
_SLUG_LENGTH = 40
_OVERRIDE = "proof.override"


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file copied into the workspace, under its own hash."""

    path: str
    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """A release with its newest version, and whether this call made that version."""

    release: Release
    version: ReleaseVersion
    is_new: bool = False


def keep_attachments(draft: ReleaseDraft, folder: Path, workspace: Path) -> list[KeptFile]:
    """Copy the files a release names into the workspace, each under its SHA-256, so that nothing can change later.

    `folder` is where the release file lies: paths are read from there. Raises `BadInput` for a file that is missing,
    heavy, a link, or outside `folder` and the workspace.
    """
    return [_keep(name, folder, workspace) for name in draft.attachments]


def _keep(name: str, folder: Path, workspace: Path) -> KeptFile:
    path = (folder.resolve() / name).absolute()
    # Where the path leads once `..` and links are followed, not what it looks like.
    if not any(path.resolve().is_relative_to(root.resolve()) for root in (folder, workspace)):
        raise BadInput(
            f"«{name}» lies outside the release's folder.", field="attachments", mend="Put it beside the release."
        )
    private = path.suffix in {".db", ".sqlite"} or ".db-" in path.name
    if private or any(part.startswith(".") for part in Path(os.path.normpath(name)).parts):
        raise BadInput(
            f"«{name}» is a hidden file or a database: not for journalists.", field="attachments", mend="Leave it out."
        )
    if path.resolve() != Path(os.path.normpath(path)) or not path.is_file():
        raise BadInput(f"«{name}» is not a file there.", field="attachments", mend="Check the name and the place.")
    if path.stat().st_size > _MAX_ATTACHMENT:
        raise BadInput(f"«{name}» is over 25 MB.", field="attachments", mend="Put it on the web and link to it.")
    content = read_bytes(path)
    digest = hashlib.sha256(content).hexdigest()
    kept = workspace / ATTACHMENTS_FOLDER / digest
    if not kept.exists():
        with contextlib.suppress(FileExistsError):
            kept.parent.mkdir()
        write_bytes(kept, content)
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return KeptFile(f"{ATTACHMENTS_FOLDER}/{digest}", path.name, media_type, len(content), digest)


def store_release(
    session: Session,
    draft: ReleaseDraft,
    *,
    source: str,
    source_name: str,
    slug: str = "",
    attachments: Sequence[KeptFile] = (),
) -> StoredRelease:
    """Keep a draft as a new release, or as the next version of the one with this slug; same words, no change."""
    slug = slug or slug_of(draft.headline)
    digest = _content_hash(draft, attachments)
    release = session.exec(select(Release).where(Release.slug == slug)).one_or_none()
    if release is None:
        release = Release(slug=slug, kind=draft.kind)
        session.add(release)
        session.flush()
    same = session.exec(
        select(ReleaseVersion).where(ReleaseVersion.release_id == release.id, ReleaseVersion.content_hash == digest)
    ).one_or_none()
    newest = newest_version(session, release)
    if same is not None and newest is not None and same.id == newest.id:
        return StoredRelease(release, newest)
    if same is not None:
        raise BadInput(
            f"This is word for word version {same.number} of «{slug}», which a newer one replaced.",
            mend="Change something, or import it under another --slug.",
        )
    release.kind = draft.kind
    version = ReleaseVersion(
        release_id=_id(release.id),
        number=(newest.number if newest else 0) + 1,
        content_hash=digest,
        source=source,
        source_name=source_name,
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
    return StoredRelease(release, version, is_new=True)


def find_release(session: Session, slug: str, number: int | None = None) -> StoredRelease:
    """The release with this slug, at its newest version or at version `number`; `BadInput` names the nearest slugs."""
    release = session.exec(select(Release).where(Release.slug == slug)).one_or_none()
    if release is None:
        known = session.exec(select(Release.slug)).all()
        near = difflib.get_close_matches(slug, known, n=3, cutoff=0.4)
        mend = f"Did you mean {' or '.join(near)}?" if near else "See: distributor releases list"
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
    """The files that go with a version, in the order the release names them."""
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
        attachments=tuple(attachment.name for attachment in attachments),
        extra=version.extra,
        remarks=tuple(Remark(**remark) for remark in version.remarks),
        lines=version.lines,
    )


def record_override(session: Session, version: ReleaseVersion, code: str, *, because: str, actor: str) -> None:
    """Log that `actor` lets this version, and no other, pass one finding of the proof, and why."""
    session.add(
        Audit(actor=actor, action=_OVERRIDE, subject=version.content_hash, details={"code": code, "because": because})
    )


def overridden_codes(session: Session, version: ReleaseVersion) -> set[str]:
    """The codes of the findings that somebody has let this version pass."""
    rows = session.exec(select(Audit).where(Audit.action == _OVERRIDE, Audit.subject == version.content_hash)).all()
    return {row.details["code"] for row in rows}


def slug_of(headline: str) -> str:
    """A short name for the command line, made from the first words of a headline."""
    slug = ""
    for word in fold(headline).split():
        if slug and len(slug) + 1 + len(word) > _SLUG_LENGTH:
            break
        if len(word) > 1 or word.isdecimal():  # not what an elision leaves: «l’Observatoire»
            slug = f"{slug}-{word}" if slug else word[:_SLUG_LENGTH]
    return slug if slug.isascii() and slug else f"release-{hashlib.sha256(headline.encode()).hexdigest()[:8]}"


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
    content = _words(draft) | {"attachments": [[file.name, file.sha256] for file in attachments]}
    plain = json.dumps(content, ensure_ascii=False, sort_keys=True, default=_iso)
    return hashlib.sha256(plain.encode()).hexdigest()


def _iso(value: object) -> str:
    assert isinstance(value, (date, datetime))
    return value.isoformat()


def _id(value: int | None) -> int:
    assert value is not None, "flushed rows have an id"
    return value

"""Language versions of one release: a translation names its original, and there is at most one in each language."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from distributor.errors import BadInput
from distributor.models import Release, ReleaseVersion


def base_of(lang: str) -> str:
    """The language of a tag: «fr» of «fr-CA»."""
    return lang.replace("_", "-").partition("-")[0].lower()


def original_of(session: Session, release: Release) -> Release:
    """The release that this one is a translation of; itself, when it is none."""
    if release.translates_id is None:
        return release
    return session.get_one(Release, release.translates_id)


def translations_of(session: Session, original: Release) -> list[Release]:
    """The translations of a release, in the order in which they came."""
    return list(
        session.exec(select(Release).where(Release.translates_id == original.id).order_by(col(Release.id))).all()
    )


def family_of(session: Session, release: Release) -> list[Release]:
    """Every language version of a release, whichever of them is given: the original, then its translations."""
    original = original_of(session, release)
    return [original, *translations_of(session, original)]


def link(session: Session, release: Release, lang: str, original: Release | None) -> None:
    """Make `release`, in `lang`, a translation of `original` (None: whatever it was before), and check its family.

    Raises `BadInput` for a translation of itself or of a translation, for a chain, and for a second in one language.
    """
    if original is not None:
        _check_pair(session, release, original)
        release.translates_id = original.id
        session.add(release)
        session.flush()
    for other in family_of(session, release):
        if other.id == release.id or base_of(lang) != base_of(_lang_of(session, other)):
            continue
        is_original = other.translates_id is None
        raise BadInput(
            f"«{release.slug}» is in «{lang}», and so is {'its original' if is_original else 'the translation'}"
            f" «{other.slug}»: there is one version in each language.",
            field="lang",
            mend=f"Name the language it is in, as `lang: en`; a new version of that one is imported with --slug"
            f" {other.slug}.",
        )


def _check_pair(session: Session, release: Release, original: Release) -> None:
    if original.id == release.id:
        raise BadInput(f"«{release.slug}» cannot be a translation of itself.", field="translation_of")
    if original.translates_id is not None:
        first = original_of(session, original).slug
        raise BadInput(
            f"«{original.slug}» is itself a translation, of «{first}».",
            field="translation_of",
            mend=f"Name the original: {first}",
        )
    if own := _slugs(translations_of(session, release)):
        raise BadInput(
            f"«{release.slug}» has translations of its own ({own}), so it cannot be one.",
            field="translation_of",
            mend="Translate the original, or import this one under another --slug.",
        )


def _slugs(releases: Sequence[Release]) -> str:
    return ", ".join(one.slug for one in releases)


def _lang_of(session: Session, release: Release) -> str:
    return str(
        session.exec(
            select(ReleaseVersion.lang)
            .where(ReleaseVersion.release_id == release.id)
            .order_by(col(ReleaseVersion.number).desc())
            .limit(1)
        ).one()
    )

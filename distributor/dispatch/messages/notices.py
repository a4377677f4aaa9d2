"""What a correction says to whom: the subject, the release it speaks of, and what changed against what they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from distributor.dispatch.messages.composing import Notice
from distributor.models import Release, ReleaseVersion
from distributor.releases import store
from distributor.releases.corrections import read_links, whole_chain
from distributor.releases.extra import CHANGES, CHANGES_SINCE
from distributor.releases.kinds import ReleaseKind
from distributor.releases.readers.paragraphs import escape_signs
from distributor.releases.stating import state_changes
from distributor.releases.store import StoredRelease
from distributor.releases.translations import base_of
from distributor.rendering.texts import Texts


def notice_for(
    session: Session, texts: Texts, correction: StoredRelease, held: StoredRelease, sent_on: date, *, zone: ZoneInfo
) -> Notice:
    """What `correction` says to those who have the version `held`, which left on that day."""
    version = correction.version
    names = _sentence(texts, version.kind, held.version.headline, texts.day(sent_on))
    return Notice(
        kind=version.kind,
        subject=_subject(texts, version),
        changes="\n\n".join(filter(None, (names, statement_for(session, correction, held, zone)))),
    )


def statement_for(session: Session, correction: StoredRelease, held: StoredRelease, zone: ZoneInfo) -> str:
    """What changed against the version `held`: the author's words where there are some for it, else the two compared.

    Whoever has it in another language than the correction is told what the author says of the last text.
    """
    version, extra = correction.version, correction.version.extra
    own = str(extra.get(CHANGES, ""))
    if version.kind == ReleaseKind.RETRACTION or base_of(held.version.lang) != base_of(version.lang):
        return own
    if held.release.id == correction.release.corrects_id and is_newest(session, held):
        return own
    since = extra.get(CHANGES_SINCE)
    said = since.get(f"{held.release.slug} {held.version.number}", "") if isinstance(since, dict) else ""
    changes = store.changes_between(session, held.version, correction.version)
    return str(said) or state_changes(changes, version.lang, zone)


def is_newest(session: Session, stored: StoredRelease) -> bool:
    """Whether there is no later version of the same release."""
    newest = store.newest_version(session, stored.release)
    return newest is not None and newest.id == stored.version.id


def plain_notice(session: Session, release: Release) -> Notice:
    """How the corrected text reads to whoever never got the wrong one: as what it was at first, without a word."""
    assert release.id is not None, "it was read"
    first = whole_chain(read_links(session), release.id)[0][0]
    kind = first.kind if first.kind == ReleaseKind.ADVISORY else ReleaseKind.RELEASE.value
    return Notice(kind=kind)


def sample_notice(session: Session, texts: Texts, stored: StoredRelease, today: date, zone: ZoneInfo) -> Notice | None:
    """What those read who have the last text that `stored` corrects; None for what corrects nothing of ours."""
    if stored.release.corrects_id is None:
        return None
    target = session.get_one(Release, stored.release.corrects_id)
    held = store.find_release(session, target.slug)
    return notice_for(session, texts, stored, held, held.version.dateline_date or today, zone=zone)


def freeze(plain: Notice, told: Mapping[int, Notice]) -> dict[str, Any]:
    """What a dispatch's row keeps of a correction: how it reads to the others, and what is said to whom."""
    return {"plain": asdict(plain), "told": {str(number): asdict(one) for number, one in told.items()}}


def thaw(frozen: Mapping[str, Any]) -> tuple[Notice | None, dict[int, Notice]]:
    """What `freeze` kept; (None, {}) of a dispatch that is no correction."""
    if not frozen:
        return None, {}
    told = {int(number): Notice(**one) for number, one in frozen["told"].items()}
    return Notice(**frozen["plain"]), told


def _subject(texts: Texts, version: ReleaseVersion) -> str:
    """«Rectificatif : …», unless the headline begins so; templates from before have the kind's name for it."""
    words = texts.words.get("subjects")
    kinds: Any = texts.words["kinds"]
    blank = "\N{NO-BREAK SPACE}" if base_of(texts.language) == "fr" else ""
    form = words.get(version.kind) if isinstance(words, dict) else None
    form = str(form or f"{kinds[version.kind]}{blank}: {{headline}}")
    first = form.partition("{headline}")[0].rstrip(" :\N{NO-BREAK SPACE}")
    if first and version.headline.casefold().startswith(first.casefold()):
        return version.headline
    return form.replace("{headline}", version.headline)


def _sentence(texts: Texts, kind: str, headline: str, day: str) -> str:
    words = texts.words.get("corrects")
    form = str(words.get(kind, "")) if isinstance(words, dict) else ""
    return form.replace("{headline}", escape_signs(headline)).replace("{date}", day)

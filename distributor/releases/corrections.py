"""Corrections: a release that corrects, replaces or withdraws another one, and the chain that they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, exists, select
from sqlmodel import Session, col

from distributor.models import Dispatch, Release, ReleaseVersion
from distributor.releases.kinds import ReleaseKind
from distributor.releases.translations import base_of


@dataclass(frozen=True, slots=True)
class Link:
    """A release as the chain knows it."""

    id: int
    slug: str
    kind: str
    corrects_id: int | None
    translates_id: int | None

    @property
    def what_it_did(self) -> str:
        """What became of the release before it, in words that go on from its name: «was corrected by «…»»."""
        verb = "withdrawn" if self.kind == ReleaseKind.RETRACTION else "corrected"
        return f"was {verb} by «{self.slug}»"


Links = Mapping[int, Link]
Steps = list[list[Link]]
"""A chain, what was first said first: each step is a release with its translations."""


def read_links(database: Session | Connection) -> Links:
    """Every release by its number."""
    rows = database.execute(
        select(
            col(Release.id), col(Release.slug), col(Release.kind), col(Release.corrects_id), col(Release.translates_id)
        ).order_by(col(Release.id))
    )
    links = (Link(*row) for row in rows)
    return {link.id: link for link in links}


def original(links: Links, link: Link) -> Link:
    """The release that this one is a translation of; itself, when it is none."""
    return links[link.translates_id] if link.translates_id is not None else link


def family(links: Links, link: Link) -> list[Link]:
    """Every language version of a release: the original, then its translations."""
    first = original(links, link)
    return [first, *(one for one in links.values() if one.translates_id == first.id)]


def chain_to(links: Links, release_id: int) -> Steps:
    """The steps that lead to a release, its own last. Who corrects a translation alone corrects nothing else."""
    last = original(links, links[release_id])
    steps = [family(links, last)]
    seen = {last.id}
    corrects = last.corrects_id
    while corrects is not None and corrects not in seen:
        seen.add(corrects)
        target = links[corrects]
        steps.insert(0, family(links, target) if target.translates_id is None else [target])
        corrects = target.corrects_id
    return steps


def whole_chain(links: Links, release_id: int) -> Steps:
    """The chain that a release stands in: from what was first said to the last correction."""
    first = chain_to(links, release_id)[0][0]
    step = family(links, first)
    steps: Steps = []
    seen: set[int] = set()
    while step:
        steps.append(step)
        seen |= {one.id for one in step}
        ids = {one.id for one in step}
        following = [one for one in links.values() if one.corrects_id in ids and one.id not in seen]
        members = {one.id: one for link in following for one in family(links, link) if one.id not in seen}
        step = list(members.values())
    return steps


def next_after(links: Links, release_id: int) -> Link | None:
    """The newest correction of a release; for a translation that has none of its own, that of its original."""
    link = links[release_id]
    for number in dict.fromkeys((link.id, original(links, link).id)):
        found = [one for one in links.values() if one.corrects_id == number]
        if found:
            return found[-1]
    return None


def last_in_language(links: Links, release_id: int) -> Link:
    """The last correction of a release in its own language; itself, when there is none."""
    link, seen = links[release_id], {release_id}
    while following := [one for one in links.values() if one.corrects_id == link.id and one.id not in seen]:
        link = following[-1]
        seen.add(link.id)
    return link


def first_in_language(links: Links, release_id: int) -> Link:
    """What a release corrects, and that in turn, to the first in its own language."""
    link, seen = links[release_id], {release_id}
    while link.corrects_id is not None and link.corrects_id not in seen:
        link = links[link.corrects_id]
        seen.add(link.id)
    return link


def head_of(links: Links, release_id: int) -> Link:
    """What stands today of a release: the last of its corrections, or itself."""
    link, seen = links[release_id], {release_id}
    while (following := next_after(links, link.id)) is not None and following.id not in seen:
        seen.add(following.id)
        link = following
    return link


def neighbours(session: Session, release: Release) -> dict[str, str | None]:
    """The short names of what a release corrects, and of what corrects it; None for none."""
    assert release.id is not None, "it was read"
    links = read_links(session)
    following = next_after(links, release.id)
    return {
        "corrects": links[release.corrects_id].slug if release.corrects_id is not None else None,
        "corrected_by": following.slug if following else None,
    }


def is_planned(session: Session, release_id: int) -> bool:
    """Whether a version of a release stands on a dispatch that is no test."""
    return bool(
        session.scalar(
            select(
                exists()
                .where(col(Dispatch.release_version_id) == col(ReleaseVersion.id), col(Dispatch.is_test).is_(False))
                .where(col(ReleaseVersion.release_id) == release_id)
            )
        )
    )


def standing_correction(session: Session, release_id: int) -> Link | None:
    """The correction of a release that is on its way, or has arrived: from then on the release itself may not leave."""
    links = read_links(session)
    standing, number, seen = None, release_id, {release_id}
    while (following := _sent_after(session, links, number)) is not None and following.id not in seen:
        standing, number = following, following.id
        seen.add(number)
    return standing


def _sent_after(session: Session, links: Links, release_id: int) -> Link | None:
    """As `next_after`, of the corrections that were sent: another one, written beside it, is refused."""
    link = links[release_id]
    for number in dict.fromkeys((link.id, original(links, link).id)):
        found = [one for one in links.values() if one.corrects_id == number and is_planned(session, one.id)]
        if found:
            return found[-1]
    return None


def rivals(session: Session, correction: Release) -> list[tuple[Link, bool]]:
    """What else corrects the very text that this one corrects, and whether it stands on a dispatch: one of them can.

    Its own translations and those of what it corrects are none.
    """
    links = read_links(session)
    own = {one.id for one in family(links, links[correction.id or 0])}
    found = (one for one in links.values() if one.corrects_id == correction.corrects_id and one.id not in own)
    return [(one, is_planned(session, one.id)) for one in found] if correction.corrects_id is not None else []


def begun_correction(session: Session, release: Release) -> str:
    """The short name of the correction of a release that is written and not sent yet; "" for none."""
    text = release.follows_up_id or release.id  # a follow-up brings what it reminds of once more
    assert text is not None, "it was read"
    following = next_after(read_links(session), text)
    return following.slug if following is not None and standing_correction(session, text) is None else ""


def link_correction(session: Session, release: Release, target: Release, lang: str) -> None:
    """Make `release` the correction of `target`, and of its correction in another language the translation."""
    release.corrects_id = target.id
    session.add(release)
    session.flush()
    assert release.id is not None
    assert target.id is not None
    links = read_links(session)
    own = [one for one in links.values() if one.corrects_id == target.id and one.id != release.id]
    if own or release.translates_id is not None:
        return
    others = {one.id for one in family(links, links[target.id])} - {target.id}
    for sibling in (one for one in links.values() if one.corrects_id in others):
        row = session.get_one(Release, sibling.id)
        if base_of(_lang_of(session, row)) == base_of(lang):
            continue
        if target.translates_id is not None and sibling.corrects_id == target.translates_id:
            release.translates_id = original(links, sibling).id
        elif target.translates_id is None and row.translates_id is None:
            row.translates_id = release.id
    session.flush()


def link_translation(session: Session, translation: Release, corrected: Release) -> None:
    """A translation of a correction corrects what is in its own language, where that is."""
    if translation.corrects_id is not None or corrected.corrects_id is None or translation.id is None:
        return
    links = read_links(session)
    lang = base_of(_lang_of(session, translation))
    for one in family(links, links[corrected.corrects_id])[1:]:
        row = session.get_one(Release, one.id)
        if base_of(_lang_of(session, row)) == lang:
            translation.corrects_id = one.id
            session.add(translation)
            session.flush()


def _lang_of(session: Session, release: Release) -> str:
    return str(
        session.scalar(
            select(col(ReleaseVersion.lang))
            .where(col(ReleaseVersion.release_id) == release.id)
            .order_by(col(ReleaseVersion.number).desc())
            .limit(1)
        )
        or ""
    )

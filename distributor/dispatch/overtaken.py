"""A text that is corrected or withdrawn: from then on it leaves for nobody, and nobody corrects it a second time."""

from __future__ import annotations

from sqlalchemy import Connection, select
from sqlmodel import Session, col

from distributor.deliveries.decisions import reopen
from distributor.dispatch.calling import being_corrected, pause_within
from distributor.errors import Refused
from distributor.models import Delivery, Dispatch, Release, ReleaseVersion
from distributor.releases.corrections import (
    Link,
    begun_correction,
    chain_to,
    family,
    head_of,
    read_links,
    standing_correction,
)
from distributor.releases.kinds import ReleaseKind
from distributor.states import DispatchState


def require_uncorrected_text(session: Session, dispatch: Dispatch) -> None:
    """As `require_uncorrected`, of the text of a dispatch that was planned."""
    version = session.get_one(ReleaseVersion, dispatch.release_version_id)
    require_uncorrected(session, version.release_id)


def require_uncorrected(session: Session, release_id: int) -> None:
    """Raise `Refused` for a text that has been corrected or withdrawn: from then on it leaves for nobody.

    So it does not below the words of a follow-up.
    """
    release = session.get_one(Release, release_id)
    standing = standing_correction(session, release.follows_up_id or release_id)
    if standing is None:
        return
    is_gone = standing.kind == ReleaseKind.RETRACTION
    said = f"{standing.what_it_did}; nothing was sent."
    if release.follows_up_id is not None:
        raise Refused(
            f"The release that «{release.slug}» reminds of {said}",
            mend="" if is_gone else f"Follow up the correction: distributor releases follow-up {standing.slug}",
        )
    corrected = f"Whoever has the wrong text: distributor send {standing.slug}; who has none as well: add --list LIST"
    raise Refused(f"This release {said}", mend="Write a release of its own." if is_gone else corrected)


def hold_text(session: Session, dispatch_id: int) -> None:
    """Lock a dispatch and, before it, its text for the transaction: a correction is linked and planned before or after.

    The release is locked first, as by whoever plans a correction.
    """
    release = _text_of(session, session.get_one(Dispatch, dispatch_id))
    links = read_links(session)
    for number in sorted(one.id for one in family(links, links[release.id or 0])):
        session.get(Release, number, with_for_update=True, populate_existing=True)
    session.get_one(Dispatch, dispatch_id, with_for_update=True, populate_existing=True)


def begun_correction_of(session: Session, dispatch_id: int) -> str:
    """The short name of the correction of a dispatch's text that is written and not sent yet; "" for none."""
    dispatch = session.get_one(Dispatch, dispatch_id)
    return "" if dispatch.is_test else begun_correction(session, _text_of(session, dispatch))


def reopen_text(session: Session, dispatch_id: int, actor: str) -> None:
    """Let a dispatch that was done go on, in the transaction that queued somebody of it; others stay as they are.

    Where its text is being corrected it is paused instead, as `releases correct` pauses what is under way: whoever
    waits there is found by the correction, and gets the right text.
    """
    dispatch = session.get_one(Dispatch, dispatch_id)
    was_done = dispatch.state == DispatchState.DONE
    reopen(session.connection(), dispatch_id)
    if was_done and begun_correction_of(session, dispatch_id):
        pause_within(session, [dispatch_id], actor, being_corrected(_text_of(session, dispatch).slug))


def _text_of(session: Session, dispatch: Dispatch) -> Release:
    """The release that a dispatch brings; of a follow-up the one that it brings again."""
    release = session.get_one(Release, session.get_one(ReleaseVersion, dispatch.release_version_id).release_id)
    return session.get_one(Release, release.follows_up_id) if release.follows_up_id is not None else release


def require_not_overtaken(session: Session, correction: Release) -> None:
    """Raise `Refused` for a correction of what another one, which was sent meanwhile, corrects as well."""
    if correction.corrects_id is None:
        return
    standing = standing_correction(session, correction.corrects_id)
    chain = read_links(session)
    own = {one.id for one in family(chain, chain[correction.id or 0])}
    if standing is not None and not own & {link.id for step in chain_to(chain, standing.id) for link in step}:
        raise Refused(
            f"What «{correction.slug}» corrects was corrected by «{standing.slug}» meanwhile; nothing was sent.",
            mend=f"Correct that one: distributor releases correct {standing.slug} FILE",
        )


def what_reaches(connection: Connection, delivery_id: int, *, is_moved: bool = False) -> str:
    """The sentence that says what reaches somebody after all whom this delivery, which was withheld, does not.

    `is_moved`: they have another address today. What speaks of an earlier message goes to where that went.
    """
    row = connection.execute(
        select(
            col(Release.id), col(Release.slug), col(Release.kind), col(Release.follows_up_id), col(Delivery.corrects_id)
        )
        .join(ReleaseVersion, col(ReleaseVersion.release_id) == col(Release.id))
        .join(Delivery, col(Delivery.release_version_id) == col(ReleaseVersion.id))
        .where(col(Delivery.id) == delivery_id)
    ).one()
    if is_moved and (row.corrects_id or row.kind in (ReleaseKind.FOLLOW_UP, ReleaseKind.NOTICE)):
        return "Sent again, it goes to that address all the same: what it speaks of went there."
    if row.kind == ReleaseKind.NOTICE:
        return "To tell them: distributor releases embargo SLUG --at WHEN --tell"
    newest = head_of(read_links(connection), row.follows_up_id or row.id)
    where = " where they are now" if is_moved else ""
    if newest.id != (row.follows_up_id or row.id):
        return _what_reaches_instead(newest, where, is_follow_up=row.follows_up_id is not None)
    return f"The same send again reaches them{where}."


def _what_reaches_instead(newest: Link, where: str, *, is_follow_up: bool) -> str:
    """The same, once a correction or a retraction of the text, or of what it reminds of, was written."""
    what = "that release" if is_follow_up else "it"
    if newest.kind == ReleaseKind.RETRACTION:
        return f"«{newest.slug}» withdraws {what}: nothing of it is sent any more."
    if is_follow_up:
        return f"«{newest.slug}» corrects {what}: follow up that one."
    return f"«{newest.slug}» corrects {what}; to reach them{where}: distributor send {newest.slug} --list LIST"

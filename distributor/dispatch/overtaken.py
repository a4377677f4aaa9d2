"""A text that was corrected or withdrawn: from then on it leaves for nobody, and nobody corrects it a second time."""

from __future__ import annotations

from sqlmodel import Session

from distributor.errors import Refused
from distributor.models import Dispatch, Release, ReleaseVersion
from distributor.releases.corrections import chain_to, family, read_links, standing_correction
from distributor.releases.kinds import ReleaseKind


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

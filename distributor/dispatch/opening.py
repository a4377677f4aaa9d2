"""A dispatch taken up: looked at once more, its row made running, its composers, keys and files put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.contacts.objections import suppression
from distributor.deliveries.dispatches import get_dispatch
from distributor.deliveries.leases import clock_of
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.missed import let_go
from distributor.deliveries.timing import count_again
from distributor.dispatch.hours.cooling import was_left
from distributor.dispatch.hours.schedule import begin
from distributor.dispatch.messages.composing import EnvelopeWriter, make_composer
from distributor.dispatch.messages.enclosing import enclose_kept
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.messages.notices import thaw
from distributor.dispatch.messages.signing import open_signer
from distributor.dispatch.overtaken import require_uncorrected_text
from distributor.dispatch.result import Paused, RunResult
from distributor.errors import BadInput, Refused
from distributor.models import Audit, Dispatch, Release, ReleaseVersion
from distributor.releases.attachments import KeptFile
from distributor.releases.store import attachments_of
from distributor.rendering.composer import Composer
from distributor.rendering.templates import TemplateSet
from distributor.settings import PREFIX
from distributor.states import HELD, DispatchState
from distributor.tokens import Keyring

_MENDS_ITS_OWN = "Put the copy back, or cancel the dispatch and send the release again."
"""For the house's logo and the PDF, which a dispatch has and the release has not: no import brings them back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Takes up dispatches of one workspace, for whoever carries them; `operator` is who is at the keyboard."""

    log: DeliveryLog
    keyring: Keyring
    workspace: Path
    timezone: ZoneInfo
    operator: str
    now: Callable[[], datetime]

    def open(self, session: Session, dispatch_id: int, *, resumes: bool) -> EnvelopeWriter | RunResult:
        """Let the dispatch run, and return what writes its messages; or how it stands, where it is paused and stays so.

        Raises `BadInput` for a dispatch that is cancelled or unknown; `Refused` under another key than it was planned
        with, for a text that was corrected, for an attachment that is gone, for a time zone that this machine does not
        know, and before the start it is scheduled for.
        """
        dispatch = get_dispatch(session, dispatch_id, locked=True)
        if dispatch.state == DispatchState.CANCELLED:
            raise BadInput(f"Dispatch {dispatch_id} was cancelled.", mend="Send the release again.")
        if dispatch.state == DispatchState.PAUSED and not resumes:
            return RunResult(end=Paused(dispatch.pause_reason))
        if not dispatch.is_test:
            require_uncorrected_text(session, dispatch)
        suppression.check_key(session, self.keyring)
        suppression.check_key_of(session, self.keyring, dispatch_id)  # one that was done may send again
        if dispatch.state == DispatchState.PAUSED or dispatch.waits_until is not None:
            connection = session.connection()
            count_again(connection, dispatch_id, clock_of(connection, self.now()))
        if resumes:
            let_go(session.connection(), dispatch_id, clock_of(session.connection(), self.now()))
        if dispatch.pause_reason.startswith(HELD):
            session.add(Audit(actor=self.operator, action="dispatches.resume", subject=str(dispatch_id)))
        if was_left(dispatch, self.now()):  # its messages bear the hour at which they leave
            dispatch.message_date = self.now().replace(microsecond=0)
        dispatch.state = DispatchState.RUNNING
        dispatch.pause_reason = ""
        dispatch.waits_until, dispatch.waits_for = None, ""
        begin(dispatch, self.now(), self.timezone)
        session.add(dispatch)
        return self._writer(session, dispatch)

    def _check_signing_key(self, identity: Identity) -> None:
        """Raise `Refused` without the key that signs this dispatch's links: what is sent again is the same message."""
        if not self.keyring.knows(identity.signing_key):
            raise Refused(
                f"The links of this dispatch were signed with the key {identity.signing_key}, which is not in"
                f" {PREFIX}SIGNING_KEYS any more, so nothing is sent.",
                mend="Put the key back there, or cancel the dispatch and send the release again.",
            )

    def _writer(self, session: Session, dispatch: Dispatch) -> EnvelopeWriter:
        version, slug = session.execute(
            select(ReleaseVersion, col(Release.slug))
            .join(Release, col(Release.id) == col(ReleaseVersion.release_id))
            .where(col(ReleaseVersion.id) == dispatch.release_version_id)
        ).one()
        identity = Identity.thaw(dispatch.identity)
        self._check_signing_key(identity)
        zone = identity.zone(self.timezone)
        own = [KeptFile(**file) for file in dispatch.files]
        enclosed = enclose_kept(self.workspace, own, identity.domain, mend=_MENDS_ITS_OWN)
        enclosed += enclose_kept(self.workspace, attachments_of(session, version), identity.domain)
        templates = TemplateSet.from_sources(dispatch.templates)
        plain, told = thaw(dispatch.correction)
        is_test, message_date = dispatch.is_test, dispatch.message_date
        here = self.now()
        ahead = self.log.moment(session.connection()) - here  # whoever's embargo is over there must not read of it

        @lru_cache(maxsize=64)  # an embargo may be moved while we send
        def composer_under(embargo_until: datetime | None, of: int | None) -> Composer:
            return make_composer(
                version,
                slug,
                identity,
                templates,
                embargo_until=embargo_until,
                enclosed=enclosed,
                timezone=zone,
                is_test=is_test,
                notice=plain if of is None else told[of],
            )

        signer = open_signer(self.workspace, identity.dkim_domain, identity.dkim_keys)
        return EnvelopeWriter(
            composer_under,
            identity,
            self.keyring,
            message_date,
            now=lambda: self.now() + ahead,
            signer=signer,
            is_test=is_test,
        )

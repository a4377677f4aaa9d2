"""One test message: what one contact would get, for an address of our own, kept out of reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from distributor import clock
from distributor.addresses import Address
from distributor.contacts.objections.objectors import Objectors
from distributor.contacts.people.ownership import owner_of
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.hours.instants import say_instant
from distributor.dispatch.messages.composing import Notice
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.messages.notices import freeze
from distributor.dispatch.plan import new_dispatch, plan_test
from distributor.dispatch.recipients.languages import version_for, versions_to_send
from distributor.errors import Refused
from distributor.folding import slugify
from distributor.outgoing.composers import Opened, open_composer, sample_notice_of
from distributor.outgoing.previewing import find_recipients
from distributor.releases import store, translations
from distributor.releases.inforce import embargo_of, holding
from distributor.releases.store import StoredRelease
from distributor.rendering.values import Recipient
from distributor.wiring import Workspace


@dataclass(frozen=True, slots=True)
class Trial:
    """A test message that could be written: the version that `recipient` would get, for the address `to`.

    It is a translation of the release that was asked for where it `is_translation`.
    """

    stored: StoredRelease
    is_translation: bool
    recipient: Recipient
    to: Address
    opened: Opened
    notice: Notice | None
    moment: datetime


def write_trial(
    workspace: Workspace, slug: str, to: Address, contact: str, lists: Sequence[str], *, attach_pdf: bool
) -> Trial:
    """Write exactly what one contact would get, marked as a test; nothing is planned.

    Raises `Refused` when it cannot be written, or when `to` objected or would get the release before its embargo ends.
    """
    identity = Identity.from_settings(workspace.settings)
    moment = clock.now()
    with workspace.database.session(reads_only=True) as session:
        asked = store.find_release(session, slug)
        recipient = next(iter(find_recipients(workspace, session, asked, contact, lists)), Recipient(to))
        stored = version_for(recipient, versions_to_send(session, asked))
        _require_no_objector(workspace, session, to, stored)
        _require_not_early(workspace, session, to, stored)
        notice = sample_notice_of(workspace, session, stored, moment)
        opened = open_composer(
            workspace, session, stored, is_test=True, pdf_of=moment if attach_pdf else None, notice=notice
        )
        is_translation = stored.release.id != asked.release.id
    opened.composer.compose(recipient, identity.sample_stamp(workspace.keyring, moment))
    return Trial(stored, is_translation, recipient, to, opened, notice, moment)


def plan_trial(workspace: Workspace, log: DeliveryLog, trial: Trial) -> int:
    """Write the dispatch of a test message; return its number."""
    files = [file.keep(workspace.path) for file in trial.opened.files]
    with workspace.database.session() as session:
        dispatch = new_dispatch(
            session,
            trial.stored.version,
            trial.opened.identity,
            workspace.templates,
            trial.moment,
            files=files,
            account=workspace.account_name,
            correction=freeze(trial.notice, {}) if trial.notice else None,
        )
        address_hash = workspace.keyring.address_hash(trial.to.key)
        number = plan_test(session, log, dispatch, trial.recipient, trial.to, address_hash=address_hash)
    workspace.tell_of("dispatch.planned", number)
    return number


def _require_no_objector(workspace: Workspace, session: Session, to: Address, stored: StoredRelease) -> None:
    """Raise `Refused` for somebody who said no: a test is mail too, and none of us would have objected."""
    told = Objectors(session, workspace.keyring).against(None, to.spec, {slugify(stored.version.sector)} - {""})
    if told is not None:
        raise Refused(
            f"{to} {told.because}; nothing was sent, not even a test.", mend="Send the test to an address of your own."
        )


def _require_not_early(workspace: Workspace, session: Session, to: Address, stored: StoredRelease) -> None:
    """Raise `Refused` for a test to a journalist who has not agreed to the embargo: it would be the release, early."""
    until, owner = embargo_of(session, stored.version), owner_of(session, to.key)
    if until is None or until <= clock.now() or owner is None:
        return
    if owner not in holding(session, translations.original_of(session, stored.release)):
        raise Refused(
            f"{to} is a journalist's address, and they have not agreed to the embargo, which ends"
            f" {say_instant(until, workspace.settings.timezone)}; nothing was sent, not even a test.",
            mend="Send the test to an address of your own.",
        )

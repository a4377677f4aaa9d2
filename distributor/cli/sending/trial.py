"""One test message: what one contact would get, sent to an address of our own and kept out of reports."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from distributor import clock
from distributor.addresses import Address
from distributor.cli.dispatches import running
from distributor.cli.sending.accountchoice import require_accounts
from distributor.cli.terminal.output import console, show_remarks
from distributor.cli.terminal.signals import outlive_the_terminal
from distributor.contacts.objections.objectors import Objectors
from distributor.contacts.people.ownership import owner_of
from distributor.dispatch.hours.instants import say_instant
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.messages.notices import freeze, sample_notice
from distributor.dispatch.plan import new_dispatch, plan_test
from distributor.dispatch.proof.preflight import SAMPLE_MESSAGE_ID
from distributor.dispatch.recipients.languages import version_for, versions_to_send
from distributor.errors import Refused
from distributor.folding import slugify
from distributor.outgoing.composers import open_composer
from distributor.releases import store, translations
from distributor.releases.inforce import embargo_of, holding
from distributor.releases.store import StoredRelease
from distributor.rendering.values import Recipient
from distributor.wiring import Workspace, read_address


def send_test(
    workspace: Workspace,
    slug: str,
    address: str,
    contact: str,
    lists: Sequence[str],
    *,
    attach_pdf: bool,
    verbose: bool,
) -> None:
    """Send exactly what one contact would get to `address`, marked as a test and kept out of reports.

    Nothing is planned before the message is written. Raises `Refused` when it cannot be, or when `address` objected.
    """
    from distributor.cli.releases.previewing import find_recipients

    to = read_address(address)
    ways = workspace.ways(running.shown_dialogue(verbose))
    require_accounts(ways, workspace)
    identity = Identity.from_settings(workspace.settings)
    moment = clock.now()
    with workspace.database.session(reads_only=True) as session:
        asked = store.find_release(session, slug)
        recipient = next(iter(find_recipients(workspace, session, asked, contact, lists)), Recipient(to))
        stored = version_for(recipient, versions_to_send(session, asked))
        _require_no_objector(workspace, session, to, stored)
        _require_not_early(workspace, session, to, stored)
        today = moment.astimezone(workspace.settings.timezone).date()
        notice = sample_notice(
            session, workspace.templates.texts(stored.version.lang), stored, today, workspace.settings.timezone
        )
        opened = open_composer(
            workspace, session, stored, is_test=True, pdf_of=moment if attach_pdf else None, notice=notice
        )
    show_remarks(opened.remarks)
    message_id = SAMPLE_MESSAGE_ID.format(domain=identity.domain)
    opened.composer.compose(recipient, identity.stamp(workspace.keyring, 0, message_id, moment))
    outlive_the_terminal()
    log = workspace.log()
    files = [file.keep(workspace.path) for file in opened.files]
    with workspace.database.session() as session:
        dispatch = new_dispatch(
            session,
            stored.version,
            identity,
            workspace.templates,
            moment,
            files=files,
            account=workspace.account_name,
            correction=freeze(notice, {}) if notice else None,
        )
        address_hash = workspace.keyring.address_hash(to.key)
        dispatch_id = plan_test(session, log, dispatch, recipient, to, address_hash=address_hash)
    which = f", «{stored.release.slug}»" if stored.release.id != asked.release.id else ""
    console().print(f"Test to {to}, as for {recipient}{which}.")
    running.run_dispatch(workspace, log, dispatch_id, ways)


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

"""Messages as contacts of a workspace would get them: one, or those of a press list."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from distributor import clock
from distributor.addresses import kept_address
from distributor.contacts.lists import press_lists
from distributor.contacts.people import members
from distributor.contacts.people.ownership import owner_of
from distributor.dispatch.proof.examining import oddest
from distributor.dispatch.recipients.from_lists import make_manifest, recipient_from
from distributor.dispatch.recipients.languages import version_for, versions_to_send
from distributor.dispatch.recipients.manifest import LeftOutReason
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.errors import BadInput
from distributor.outgoing.composers import open_composer, sample_notice_of
from distributor.releases import store
from distributor.releases.inforce import embargo_of, holding
from distributor.releases.kinds import ReleaseKind
from distributor.releases.store import StoredRelease
from distributor.releases.translations import original_of
from distributor.rendering.composer import Preview
from distributor.rendering.values import Recipient
from distributor.wiring import Workspace


@dataclass(frozen=True, slots=True)
class Previews:
    """Messages, each written when it is asked for, and the remarks of what they are written with."""

    messages: Iterator[Preview]
    remarks: tuple[str, ...]


def preview_messages(
    workspace: Workspace, slug: str, contact: str, lists: Sequence[str], *, worst: bool = False
) -> Previews:
    """The messages that `contact`, or else everybody on these lists, would get, each written when it is asked for.

    Without either, that of the first contact there is, or of nobody in particular. With `worst`, the ten on the lists
    (by default on all) whose messages are the likeliest to look wrong.
    """
    with workspace.database.session(reads_only=True) as session:
        stored = store.find_release(session, slug)
        versions = versions_to_send(session, stored)
        now = clock.now()
        composers = {
            one.release.slug: open_composer(
                workspace, session, one, notice=sample_notice_of(workspace, session, one, now)
            )
            for one in versions
        }
        opened = composers[stored.release.slug]
        if worst:
            every = lists or [one.slug for one in press_lists.lists(session, workspace.keyring)]
            planned = _planned(workspace, session, stored, every)
            odd = oddest(planned, workspace.templates.forms(), stored.version.lang)
            recipients = [one.planned.recipient for one in odd]
        else:
            recipients = find_recipients(workspace, session, stored, contact, lists)
        if not recipients:
            if worst:
                raise BadInput("Nobody's message stands out.", mend="See them one by one with: --list NAME")
            if lists:
                raise BadInput(
                    "There is nobody on this list to send to.", mend=f"See: distributor lists show {lists[0]}"
                )
            first = members.first_contact(session)
            recipients = [recipient_from(first) if first else Recipient(kept_address(opened.identity.from_address))]
        meant = [version_for(recipient, versions) for recipient in recipients]
        dates = [_leaves_at(session, stored, one) for stored, one in zip(meant, recipients, strict=True)]
    messages = (
        composers[stored.release.slug].composer.preview(
            recipient, opened.identity.sample_stamp(workspace.keyring, date)
        )
        for stored, recipient, date in zip(meant, recipients, dates, strict=True)
    )
    return Previews(messages, tuple(remark for one in composers.values() for remark in one.remarks))


def _leaves_at(session: Session, stored: StoredRelease, recipient: Recipient) -> datetime:
    """When the message would leave that is shown: now, or at the end of an embargo that they have not agreed to.

    A notice about an embargo leaves at once.
    """
    now = clock.now().replace(microsecond=0)
    if stored.release.kind == ReleaseKind.NOTICE:
        return now
    ends, owner = embargo_of(session, stored.version), owner_of(session, recipient.address.key)
    if ends is None or ends <= now or owner is None:
        return now
    return now if owner in holding(session, original_of(session, stored.release)) else ends


def find_recipients(
    workspace: Workspace, session: Session, stored: StoredRelease, contact: str, lists: Sequence[str]
) -> list[Recipient]:
    """`contact` as the lists address them (outlet, sector, note), or with no contact everybody on the lists.

    Who has the release already is among them. Raises `BadInput` for a contact who stands on none of the lists.
    """
    member = members.find_contact(session, contact) if contact else None
    if not lists:
        return [recipient_from(member)] if member else []
    if member is None:
        return [one.recipient for one in _planned(workspace, session, stored, lists)]
    planned = _planned(workspace, session, stored, lists, set(LeftOutReason))
    theirs = [one.recipient for one in planned if one.contact_id == member.contact_id]
    if not theirs:
        raise BadInput(
            f"{member.address} stands on none of these lists.", mend="Leave out --list, or name another one."
        )
    return theirs[:1]


def _planned(
    workspace: Workspace,
    session: Session,
    stored: StoredRelease,
    lists: Sequence[str],
    also: Collection[LeftOutReason] = (LeftOutReason.ALREADY_SENT,),
) -> list[PlannedRecipient]:
    """Everybody on these lists who would get the release, and those who are left out for one of these reasons."""
    manifest = make_manifest(session, stored.version, lists, [], workspace.keyring)
    return [*manifest.recipients, *(one.planned for one in manifest.left_out if one.reason in also)]

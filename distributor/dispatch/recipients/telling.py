"""Telling those who have a release that its embargo has changed: a notice under the message that they got."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import count
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.contacts.objections.objectors import Objectors
from distributor.contacts.people.ownership import owner
from distributor.dispatch.recipients.manifest import LeftOutReason, LeftOutRecipient, Manifest
from distributor.dispatch.recipients.planned import PlannedRecipient, planned_before
from distributor.dispatch.recipients.roll import Roll
from distributor.errors import BadInput
from distributor.models import Contact, Delivery, Dispatch, Release, ReleaseVersion
from distributor.releases.draft import PressContact, ReleaseDraft
from distributor.releases.kinds import ReleaseKind
from distributor.releases.readers.paragraphs import escape_signs
from distributor.releases.store import StoredRelease, store_release
from distributor.rendering.templates import TemplateSet
from distributor.rendering.texts import Texts
from distributor.states import HAVE_IT
from distributor.tokens import Keyring

_WORDS = "embargo_notices"


@dataclass(frozen=True, slots=True)
class Told:
    """A notice, stored as a release of its own, and who gets it, under the message that they have."""

    stored: StoredRelease
    manifest: Manifest


def write_notice(
    session: Session,
    stored: StoredRelease,
    *,
    before: datetime | None,
    until: datetime,
    now: datetime,
    templates: TemplateSet,
    timezone: ZoneInfo,
    keyring: Keyring,
) -> Told | None:
    """The notice about one language version, to whoever has or may have it; None where nobody does.

    Raises `BadInput` where the templates have no words for it.
    """
    manifest = _holders(session, stored, keyring)
    if not manifest.recipients:
        return None
    version = stored.version
    draft = _draft(version, templates.texts(version.lang), before, until, now=now, timezone=timezone)
    slug = _free_slug(session, stored.release.slug)
    notice = store_release(session, draft, source=draft.body, source_name="embargo", slug=slug)
    return Told(notice, manifest)


def _draft(
    version: ReleaseVersion,
    texts: Texts,
    before: datetime | None,
    until: datetime,
    *,
    now: datetime,
    timezone: ZoneInfo,
) -> ReleaseDraft:
    words, kinds = texts.words.get(_WORDS), texts.words["kinds"]
    which = "moved" if until > now else "lifted"
    if not isinstance(words, dict) or not {which, f"{which}_headline"} <= set(words) or ReleaseKind.NOTICE not in kinds:
        raise BadInput(
            "The templates have no words for a notice about an embargo.",
            field=f"{_WORDS}, kinds.{ReleaseKind.NOTICE}",
            mend="Copy these from the texts.fr.yaml or texts.en.yaml of a new workspace: distributor init FOLDER",
        )
    marks = {
        "{headline}": version.headline,
        "{before}": texts.embargo(before, timezone) if before else texts.immediate,
        "{after}": texts.embargo(until, timezone) if until > now else texts.immediate,
    }
    headline, body = str(words[f"{which}_headline"]), str(words[which])
    for mark, value in marks.items():
        headline, body = headline.replace(mark, value), body.replace(mark, escape_signs(value))
    return ReleaseDraft(
        headline,
        body,
        lang=version.lang,
        kind=ReleaseKind.NOTICE,
        embargo_until=until if until > now else None,
        sector=version.sector,
        contacts=tuple(PressContact(**contact) for contact in version.contacts),
    )


def _holders(session: Session, stored: StoredRelease, keyring: Keyring) -> Manifest:
    """Everybody who has a version of the release, at the address that took it; who objected since is left out."""
    rows = session.execute(
        select(Delivery, owner().label("owner"))
        .join(Dispatch, col(Dispatch.id) == col(Delivery.dispatch_id))
        .join(ReleaseVersion, col(ReleaseVersion.id) == col(Dispatch.release_version_id))
        .join(Contact, col(Contact.id) == col(Delivery.contact_id))
        .where(
            col(ReleaseVersion.release_id) == stored.release.id,
            col(Dispatch.is_test).is_(False),
            col(Delivery.state).in_(list(HAVE_IT)),
        )
        .order_by(col(Delivery.id).desc())
    ).all()
    objectors = Objectors(session, keyring)
    recipients: dict[int, PlannedRecipient] = {}
    left_out: list[LeftOutRecipient] = []
    addresses: set[str] = set()
    for row in rows:
        delivery: Delivery = row[0]
        if row.owner in recipients or delivery.address_key in addresses:
            continue  # an older version: the notice stands under the newest that they have
        planned = planned_before(delivery, row.owner, in_reply_to=delivery.message_id)
        told = objectors.against(
            row.owner, delivery.address, {delivery.sector_slug, delivery.release_sector_slug} - {""}
        )
        if told is not None:
            left_out.append(LeftOutRecipient(planned, LeftOutReason.of(told), told.because))
            continue
        recipients[row.owner] = planned
        addresses.add(delivery.address_key)
    return Manifest((), (), Roll(recipients.values()), tuple(left_out))


def _free_slug(session: Session, slug: str) -> str:
    for number in count(1):
        ending = f"-embargo-{number}"
        free = slug[: 60 - len(ending)].rstrip("-_") + ending
        if session.scalars(select(col(Release.id)).where(col(Release.slug) == free)).first() is None:
            return free
    raise AssertionError("there is always another number")

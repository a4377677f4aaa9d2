"""Telling those who have a release that its embargo has changed: a notice under the message that they got."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, select
from sqlmodel import Session, col

from distributor.contacts.objections.objectors import Objectors
from distributor.contacts.people.ownership import owner
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.calling import end_dispatches, unfinished
from distributor.dispatch.messages.merge_fields import FOLLOWS
from distributor.dispatch.recipients.manifest import LeftOutReason, LeftOutRecipient, Manifest
from distributor.dispatch.recipients.planned import PlannedRecipient, planned_before
from distributor.dispatch.recipients.roll import Roll
from distributor.errors import BadInput
from distributor.models import Attempt, Contact, Delivery, Dispatch, Release, ReleaseVersion
from distributor.releases.draft import PressContact, ReleaseDraft
from distributor.releases.inforce import embargo_at
from distributor.releases.kinds import ReleaseKind
from distributor.releases.readers.paragraphs import escape_signs
from distributor.releases.store import StoredRelease, store_release
from distributor.rendering.templates import TemplateSet
from distributor.rendering.texts import Texts
from distributor.states import HAVE_IT, OPEN_STATES, OVERTAKEN, DeliveryState
from distributor.tokens import Keyring

_WORDS = "embargo_notices"


@dataclass(frozen=True, slots=True)
class Told:
    """A notice, stored as a release of its own, and who gets it, under the message that they have."""

    stored: StoredRelease
    manifest: Manifest


def who_knows_what(session: Session, stored: StoredRelease, now: datetime) -> Counter[datetime | None]:
    """How many have one language version, by the end of the embargo that they were told; None: they may publish it."""
    return Counter(known for _, known in _holders(session, stored, now))


def end_older_notices(
    session: Session, log: DeliveryLog, stored: StoredRelease, *, until: datetime, now: datetime, actor: str
) -> list[int]:
    """End the dispatches of notices about one language version that tell of another end than `until`; return them.

    Whoever still waited there is told by `write_notices`, asked behind this, unless they know `until`.
    """
    says = until if until > now else None
    older = [number for number, said in _notices(session, stored.release.slug) if said != says]
    ended = unfinished(session, older, doubtful=True)
    end_dispatches(session, log, ended, OVERTAKEN, actor)
    return ended


def write_notices(
    session: Session,
    stored: StoredRelease,
    *,
    until: datetime,
    now: datetime,
    templates: TemplateSet,
    timezone: ZoneInfo,
    keyring: Keyring,
) -> list[Told]:
    """The notices about one language version: one for all who were told the same; whoever knows `until` gets none.

    Raises `BadInput` where the templates have no words for it.
    """
    version, told = stored.version, []
    for known, manifest in _to_be_told(session, stored, until if until > now else None, now, keyring).items():
        draft = _draft(version, templates.texts(version.lang), known, until, now=now, timezone=timezone)
        slug = next(one for one in _slugs(stored.release.slug) if _release(session, one) is None)
        notice = store_release(session, draft, source=draft.body, source_name="embargo", slug=slug)
        told.append(Told(notice, manifest))
    return told


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
    which = "lifted" if until <= now else "moved" if before else "new"
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


@dataclass(slots=True)
class _Group:
    """Those who were told the same."""

    recipients: dict[int, PlannedRecipient] = field(default_factory=dict)
    left_out: list[LeftOutRecipient] = field(default_factory=list)


def _to_be_told(
    session: Session, stored: StoredRelease, until: datetime | None, now: datetime, keyring: Keyring
) -> dict[datetime | None, Manifest]:
    """Who does not know `until`, at the address that took the release, by what they know; who objected is left out."""
    objectors = Objectors(session, keyring)
    groups: dict[datetime | None, _Group] = {}
    for row, known in _holders(session, stored, now):
        if known == until:
            continue
        group = groups.setdefault(known, _Group())
        planned = planned_before(row, row.owner, in_reply_to=row.message_id)
        told = objectors.against(row.owner, row.address, {row.sector_slug, row.release_sector_slug} - {""})
        if told is None:
            group.recipients[row.owner] = planned
        else:
            group.left_out.append(LeftOutRecipient(planned, LeftOutReason.of(told), told.because))
    return {
        known: Manifest((), (), Roll(group.recipients.values()), tuple(group.left_out))
        for known, group in groups.items()
        if group.recipients
    }


def _holders(session: Session, stored: StoredRelease, now: datetime) -> Iterator[tuple[Row[Any], datetime | None]]:
    """The newest text that each has of a release, and the end of the embargo that they were told.

    An embargo that was over when it was sent was not told, and one that is over now is none: they may publish it.
    """
    d = Delivery
    attempts = select(func.max(col(Attempt.started_at)))
    doubted = attempts.where(
        col(Attempt.delivery_id) == col(d.id), col(Attempt.state) == DeliveryState.IN_DOUBT
    ).scalar_subquery()
    rows = session.execute(
        select(
            col(d.address), col(d.address_key), col(d.address_hash), col(d.merge), col(d.outlet_kind), col(d.sector),
            col(d.sector_slug), col(d.release_sector_slug), col(d.lists), col(d.message_id), col(d.embargo_until),
            col(d.accepted_at), col(d.updated_at), col(d.state), owner().label("owner"), doubted.label("doubted_at"),
            col(ReleaseVersion.embargo_until).label("said"),
        )
        .join(Dispatch, col(Dispatch.id) == col(d.dispatch_id))
        .join(ReleaseVersion, col(ReleaseVersion.id) == col(Dispatch.release_version_id))
        .join(Contact, col(Contact.id) == col(d.contact_id))
        .where(
            col(ReleaseVersion.release_id) == stored.release.id,
            col(Dispatch.is_test).is_(False),
            col(d.state).in_(list(HAVE_IT)),
        )
        .order_by(col(d.id).desc())
    )  # fmt: skip
    in_force_at, told_since = embargo_at(session, stored.release), _told_since(session, stored.release.slug)
    owners: set[int] = set()
    addresses: set[str] = set()
    for row in rows:
        if row.owner in owners or row.address_key in addresses:
            continue  # an older version: the notice stands under the newest that they have
        owners.add(row.owner)
        addresses.add(row.address_key)
        left_at, until = row.accepted_at or row.doubted_at or row.updated_at, row.embargo_until
        if row.state == DeliveryState.IN_DOUBT or row.accepted_at == row.doubted_at:
            until = in_force_at(row.said, left_at)  # whoever is in doubt may be sent to again, with another hour
        announced = until if until and until > left_at else None
        known = told_since.get(row.message_id, announced)
        yield row, known if known and known > now else None


def _told_since(session: Session, slug: str) -> Mapping[str, datetime | None]:
    """Message-ID of a text of the release → what the last notice under it says, be it that it is still to leave."""
    told: dict[str, datetime | None] = {}
    for notice, until in _notices(session, slug):
        merges = session.scalars(
            select(col(Delivery.merge))
            .join(Dispatch, col(Dispatch.id) == col(Delivery.dispatch_id))
            .join(ReleaseVersion, col(ReleaseVersion.id) == col(Dispatch.release_version_id))
            .where(
                col(ReleaseVersion.release_id) == notice,
                col(Dispatch.is_test).is_(False),
                col(Delivery.state).in_(list(HAVE_IT | OPEN_STATES)),
            )
        )
        told |= {number: until for merge in merges for number in merge.get(FOLLOWS, ())}
    return told


def _notices(session: Session, slug: str) -> Iterator[tuple[int, datetime | None]]:
    """The notices about a release, in the order in which they were written, each with the end that it tells of."""
    for one in _slugs(slug):
        release_id = _release(session, one)
        if release_id is None:
            return
        version = select(col(ReleaseVersion.embargo_until)).where(
            col(ReleaseVersion.release_id) == release_id, col(ReleaseVersion.kind) == ReleaseKind.NOTICE
        )
        yield from ((release_id, until) for until in session.scalars(version))


def _slugs(slug: str) -> Iterator[str]:
    """The short names of the notices about a release, in the order in which they are given."""
    for number in count(1):
        ending = f"-embargo-{number}"
        yield slug[: 60 - len(ending)].rstrip("-_") + ending


def _release(session: Session, slug: str) -> int | None:
    return session.scalars(select(col(Release.id)).where(col(Release.slug) == slug)).first()

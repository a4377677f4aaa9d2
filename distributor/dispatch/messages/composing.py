"""From rows to messages: a release version, a frozen dispatch and a delivery become the bytes that leave."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from distributor.addresses import kept_address
from distributor.deliveries.records import ClaimedDelivery
from distributor.dispatch.messages.enclosing import Enclosed
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.messages.merge_fields import CORRECTS, FOLLOWS, recipient_of
from distributor.models import ReleaseVersion
from distributor.releases.extra import CHANGES, EVENT, NOTES, OWN_EXTRA
from distributor.rendering.composer import Composer
from distributor.rendering.sign import Signer
from distributor.rendering.templates import TemplateSet
from distributor.rendering.values import Event, PressContact, Release
from distributor.tokens import Keyring
from distributor.transport.base import Envelope


@dataclass(frozen=True, slots=True)
class Notice:
    """How a version reads to some of its recipients: as which kind, and what it says of what it changes, in Markdown.

    `subject` is "" where it is the headline.
    """

    kind: str
    subject: str = ""
    changes: str = ""


def make_composer(
    version: ReleaseVersion,
    slug: str,
    identity: Identity,
    templates: TemplateSet,
    *,
    embargo_until: datetime | None,
    enclosed: Enclosed,
    timezone: ZoneInfo,
    is_test: bool = False,
    notice: Notice | None = None,
) -> Composer:
    """A composer for one release version under an embargo or none, ready for any number of recipients.

    With a `notice` it says that to them.
    """
    release = release_of(version, slug, embargo_until)
    if notice is not None:
        release = replace(release, kind=notice.kind, changes=notice.changes)
    return Composer(
        release,
        identity.sender(),
        templates,
        attachments=enclosed.attachments,
        images=enclosed.images,
        timezone=timezone,
        feedback_id=identity.feedback_id(slug, version.number, "test" if is_test else version.kind),
        subject=notice.subject if notice else "",
        test=is_test,
    )


def release_of(version: ReleaseVersion, slug: str, embargo_until: datetime | None) -> Release:
    """A release version as messages and the PDF are made from it, under the embargo that is in force."""
    return Release(
        slug=slug,
        headline=version.headline,
        body=version.body,
        lang=version.lang,
        standfirst=version.standfirst,
        kind=version.kind,
        dateline_place=version.dateline_place,
        dateline_date=version.dateline_date,
        embargo_until=embargo_until,
        signatory_name=version.signatory.get("name", ""),
        signatory_role=version.signatory.get("role", ""),
        signatory_sector=version.signatory.get("sector", ""),
        contacts=tuple(
            PressContact(contact["name"], contact["role"], contact["email"], contact["phone"])
            for contact in version.contacts
        ),
        boilerplate=version.boilerplate,
        sector=version.sector,
        event=Event(**_texts_in(version, EVENT)),
        changes=str(version.extra.get(CHANGES, "")),
        notes=_texts_in(version, NOTES),
        extra={key: str(value) for key, value in version.extra.items() if key not in OWN_EXTRA},
    )


def _texts_in(version: ReleaseVersion, key: str) -> dict[str, str]:
    value = version.extra.get(key)
    return value if isinstance(value, dict) else {}  # versions of before kept any unknown key as it was written


@dataclass(frozen=True, slots=True)
class EnvelopeWriter:
    """Turns the claimed deliveries of one dispatch into envelopes: the same delivery, the same bytes, every time.

    Only the end of an embargo makes a difference: a message announces the one it is under, and after it none.
    `composer_under` gives the composer for an embargo, and for those whom a correction corrects something for: by the
    dispatch whose message they have.
    """

    composer_under: Callable[[datetime | None, int | None], Composer]
    identity: Identity
    keyring: Keyring
    message_date: datetime
    now: Callable[[], datetime]
    signer: Signer | None
    is_test: bool

    def write(self, claimed: ClaimedDelivery) -> Envelope:
        """The envelope of one delivery."""
        address = kept_address(claimed.address)
        # A test's link names nobody's delivery: whoever tries it out makes nobody's objection.
        number = 0 if self.is_test else claimed.id
        until = claimed.embargo_until
        announced = until if until is not None and until > self.now() else None
        date = self._date(claimed.not_before, None if announced else until)
        merge = json.loads(claimed.merge)
        corrects = merge.get(CORRECTS)
        references = corrects["references"] if corrects else merge.get(FOLLOWS, ())
        composer = self.composer_under(announced, corrects["dispatch"] if corrects else None)
        stamp = self.identity.stamp(self.keyring, number, claimed.message_id, date, references)
        message = composer.compose(recipient_of(address, merge), stamp)
        return Envelope(
            sender=self.identity.envelope_sender(self.keyring, claimed.id),
            recipient=address.spec,
            message=self.signer.sign(message, date) if self.signer else message,
            needs_smtputf8=address.needs_smtputf8,
            envelope_id=claimed.message_id.strip("<>"),
        )

    def _date(self, *waited_for: datetime | None) -> datetime:
        """The day and hour of a message: the dispatch's, or when the wave or the end of the embargo came after it."""
        hours = [one for one in waited_for if one is not None]
        return (max(self.message_date, *hours) if hours else self.message_date).replace(microsecond=0)

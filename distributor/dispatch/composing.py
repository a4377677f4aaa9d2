"""From rows to messages: a release version, a frozen dispatch and a delivery become the bytes that leave."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from distributor.addresses import Address, kept_address
from distributor.deliveries.log import ClaimedDelivery
from distributor.errors import BadInput, Refused
from distributor.models import Attachment, ReleaseVersion
from distributor.rendering.composer import Composer
from distributor.rendering.templates import TemplateSet
from distributor.rendering.values import AttachmentFile, PressContact, Recipient, Release, Sender, Stamp
from distributor.settings import Settings
from distributor.tokens import Keyring, Purpose
from distributor.transport.base import Envelope


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a dispatch comes from; frozen with it, so that a retry a day later is the same message.

    Addresses are bare, with A-label domains; `reply_address` and `public_url` may be "".
    """

    from_name: str
    from_address: str
    reply_name: str
    reply_address: str
    bounce_address: str
    objection_address: str
    organisation: str
    public_url: str

    @classmethod
    def from_settings(cls, settings: Settings) -> Identity:
        """Read the sender from the settings; `BadInput` when none is set."""
        if settings.mail_from is None:
            raise BadInput(
                "Nobody is set as the sender.",
                field="DISTRIBUTOR_MAIL_FROM",
                mend="Write it in .env, as: Service de presse <presse@organisation.example>",
            )
        name, address = settings.mail_from.name, settings.mail_from.address
        reply_to = settings.reply_to
        return cls(
            from_name=name,
            from_address=address.spec,
            reply_name=reply_to.name if reply_to else "",
            reply_address=reply_to.address.spec if reply_to else "",
            bounce_address=(settings.bounce_address or address).spec,
            objection_address=(settings.objection_address or address).spec,
            organisation=settings.organisation or name or address.unicode_domain,
            public_url=settings.public_url,
        )

    @property
    def domain(self) -> str:
        """The sender's domain (A-labels), which Message-IDs end in."""
        return self.from_address.rpartition("@")[2]

    def sender(self) -> Sender:
        """As the composer wants it."""
        return Sender(
            mail_from=(self.from_name, kept_address(self.from_address)),
            reply_to=(self.reply_name, kept_address(self.reply_address)) if self.reply_address else None,
            organisation=self.organisation,
        )

    def stamp(self, keyring: Keyring, delivery_id: int, message_id: str, date: datetime) -> Stamp:
        """What is fixed for one delivery: identifiers, date, and the two ways to object (RFC 2369, RFC 8058)."""
        token = keyring.token(Purpose.UNSUBSCRIBE, delivery_id)
        subject = quote(f"unsubscribe {token}")
        return Stamp(
            message_id=message_id,
            date=date,
            unsubscribe_mailto=f"mailto:{quote(self.objection_address, safe='@+')}?subject={subject}",
            unsubscribe_url=f"{self.public_url}/u/{token}" if self.public_url else "",
        )


def make_composer(
    version: ReleaseVersion,
    slug: str,
    identity: Identity,
    templates: TemplateSet,
    *,
    attachments: Sequence[AttachmentFile],
    timezone: ZoneInfo,
    is_test: bool = False,
) -> Composer:
    """A composer for one release version, ready for any number of recipients."""
    release = Release(
        slug=slug,
        headline=version.headline,
        body=version.body,
        lang=version.lang,
        standfirst=version.standfirst,
        kind=version.kind,
        dateline_place=version.dateline_place,
        dateline_date=version.dateline_date,
        embargo_until=version.embargo_until,
        signatory_name=version.signatory.get("name", ""),
        signatory_role=version.signatory.get("role", ""),
        signatory_sector=version.signatory.get("sector", ""),
        contacts=tuple(
            PressContact(contact["name"], contact["role"], contact["email"], contact["phone"])
            for contact in version.contacts
        ),
        boilerplate=version.boilerplate,
        sector=version.sector,
        extra={key: str(value) for key, value in version.extra.items()},
    )
    return Composer(release, identity.sender(), templates, attachments=attachments, timezone=timezone, test=is_test)


def read_attachments(workspace: Path, rows: Sequence[Attachment]) -> list[AttachmentFile]:
    """The files of a version; `Refused` if one is not what it was when the version was made."""
    files = []
    for row in rows:
        path = workspace / row.path
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        if hashlib.sha256(content).hexdigest() != row.sha256:
            raise Refused(
                f"The attachment «{row.name}» is gone or has changed since the release was imported.",
                mend="Import the release again.",
            )
        files.append(AttachmentFile(row.name, row.media_type, content))
    return files


def recipient_of(address: Address, merge: Mapping[str, Any]) -> Recipient:
    """The recipient that a delivery's frozen merge fields describe."""
    return Recipient(
        address=address,
        **{name: merge[name] for name in _MERGE_TEXTS},
        lists=tuple(merge["lists"]),
        fields=merge["fields"],
    )


def merge_of(recipient: Recipient) -> dict[str, Any]:
    """The merge fields of a recipient, as JSON-able values: what `recipient_of` reads back."""
    return {
        **{name: getattr(recipient, name) for name in _MERGE_TEXTS},
        "lists": list(recipient.lists),
        "fields": dict(recipient.fields),
    }


_MERGE_TEXTS = (
    "name",
    "civility",
    "first_name",
    "last_name",
    "language",
    "outlet",
    "role",
    "desk",
    "sector",
    "note",
)


@dataclass(frozen=True, slots=True)
class EnvelopeWriter:
    """Turns the claimed deliveries of one dispatch into envelopes: the same delivery, the same bytes, every time."""

    composer: Composer
    identity: Identity
    keyring: Keyring
    message_date: datetime

    def write(self, claimed: ClaimedDelivery) -> Envelope:
        """The envelope of one delivery."""
        address = kept_address(claimed.address)
        stamp = self.identity.stamp(self.keyring, claimed.id, claimed.message_id, self.message_date)
        return Envelope(
            sender=self.identity.bounce_address,
            recipient=address.spec,
            message=self.composer.compose(recipient_of(address, claimed.merge), stamp),
            needs_smtputf8=address.needs_smtputf8,
        )

"""What one sending would let leave, as a signature is bound to it: versions, files, templates, sender, recipients."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.recipients.manifest import LeftOutReason, Manifest, digest_of
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.models import ReleaseVersion
from distributor.releases.attachments import FileRole, KeptFile
from distributor.releases.inforce import embargo_of

_SHORT = 16  # digits of a keyed hash that tell one address of a person from another


@dataclass(frozen=True, slots=True)
class LeavingPart:
    """One language version, who gets it, and the embargo that its messages speak of: the one in force."""

    slug: str
    version: ReleaseVersion
    manifest: Manifest
    embargo_until: datetime | None = None

    @property
    def embargo(self) -> str | None:
        """The embargo in the one form that is kept and compared."""
        return self.embargo_until.astimezone(UTC).isoformat() if self.embargo_until else None


@dataclass(frozen=True, slots=True)
class Leaving:
    """All that would leave: every language version of the release, the one asked for first.

    `templates` and `files` (the house's logo) map names to SHA-256; `sender` is who it comes from, as `sender_of` says
    it; `attach_pdf` says whether the PDF made of the release goes with it, whose bytes follow from the rest and from
    the day.
    """

    parts: tuple[LeavingPart, ...]
    templates: Mapping[str, str]
    files: Mapping[str, str]
    sender: Mapping[str, str]
    attach_pdf: bool
    is_to_holders: bool = False
    """Who gets it is a matter of fact, which no list decides: whoever has the text that it corrects."""

    @property
    def release_id(self) -> int:
        """The release that is sent, and signed."""
        return self.parts[0].version.release_id

    @property
    def recipients(self) -> Iterator[tuple[PlannedRecipient, LeavingPart]]:
        """Everybody, each with the version they get."""
        return ((planned, part) for part in self.parts for planned in part.manifest.recipients)

    @property
    def count(self) -> int:
        """How many people they are."""
        return sum(len(part.manifest.recipients) for part in self.parts)

    @property
    def manifest_hash(self) -> str:
        """SHA-256 of who gets it at which address: for one version, that of its manifest."""
        return digest_of(*(part.manifest.recipients for part in self.parts))

    @property
    def excused(self) -> set[int]:
        """Contacts left out for what no signature need foresee: they have objected, or have it already."""
        reasons = {LeftOutReason.OBJECTION, LeftOutReason.ALREADY_SENT}
        return {
            one.planned.contact_id for part in self.parts for one in part.manifest.left_out if one.reason in reasons
        }

    @property
    def digest(self) -> str:
        """SHA-256 of all of it: what is signed."""
        parts = [
            [one.slug, one.version.number, one.version.content_hash, one.manifest.digest, one.embargo]
            for one in self.parts
        ]
        content = [
            parts,
            dict(self.templates),
            dict(self.files),
            dict(self.sender),
            self.attach_pdf,
            self.manifest_hash,
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def parts_as_json(self) -> list[dict[str, Any]]:
        """The versions as a signature's row keeps them, each with who it comes from."""
        return [
            {
                "release": one.slug,
                "release_id": one.version.release_id,
                "version": one.version.number,
                "version_id": one.version.id,
                "content_hash": one.version.content_hash,
                "manifest_hash": one.manifest.digest,
                "embargo_until": one.embargo,
                "sender": dict(self.sender),
            }
            for one in self.parts
        ]

    def recipients_as_json(self) -> list[list[Any]]:
        """Whom it goes to as a signature's row keeps them: contact, keyed hash of the address, number of the part."""
        return [
            [planned.contact_id, short_hash(planned), number]
            for number, part in enumerate(self.parts)
            for planned in part.manifest.recipients
        ]


def part_of(session: Session, slug: str, version: ReleaseVersion, manifest: Manifest) -> LeavingPart:
    """A version, under the embargo in force, for these people."""
    return LeavingPart(slug, version, manifest, embargo_of(session, version))


def short_hash(planned: PlannedRecipient) -> str:
    """The beginning of the keyed hash of a recipient's address."""
    return planned.address_hash[:_SHORT]


def who(planned: PlannedRecipient) -> str:
    """A recipient by name, or by address where there is none."""
    return planned.recipient.name or str(planned.address)


def hashes_of(sources: Mapping[str, str]) -> dict[str, str]:
    """Name → SHA-256 of the text."""
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in sources.items()}


def sender_of(identity: Identity) -> dict[str, str]:
    """Who it comes from, as far as its readers are told: what a signature is bound to, in words.

    How it travels (bounce address, keys, the way to object) may change in between: nobody reads another sender there.
    """
    return {
        "from": _mailbox(identity.from_name, identity.from_address),
        "reply_to": _mailbox(identity.reply_name, identity.reply_address),
        "on_behalf": _mailbox(identity.sender_name, identity.sender_address),
        "organisation": identity.organisation,
    }


def _mailbox(name: str, address: str) -> str:
    return f"{name} <{address}>" if name else address


def leaving_of(
    parts: Sequence[LeavingPart], templates: Mapping[str, str], files: Iterable[KeptFile], identity: Identity
) -> Leaving:
    """What would leave: `templates` are their sources, `files` what goes with it beside the release's own."""
    kept = list(files)
    return Leaving(
        tuple(parts),
        hashes_of(templates),
        {file.name: file.sha256 for file in kept if file.role == FileRole.LOGO},
        sender_of(identity),
        attach_pdf=any(file.role == FileRole.ATTACHMENT for file in kept),
    )

"""Who gets a release and who does not, each with the reason: what is proved, signed and planned."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from distributor.addresses import Address, kept_address
from distributor.contacts.objections.objectors import Told
from distributor.deliveries.conditions import CAME_BACK, OBJECTED
from distributor.dispatch.messages.composing import recipient_of
from distributor.models import Delivery
from distributor.rendering.values import Recipient


class LeftOutReason(StrEnum):
    """Why somebody on the lists does not get the release."""

    OBJECTION = "objection"
    CAME_BACK = "came back"
    EXCLUDED = "excluded"
    NOT_MEANT = "not meant"
    OTHER_CHANNEL = "other channel"
    ALREADY_SENT = "already sent"
    SAME_ADDRESS = "same address"
    SAME_JOURNALIST = "same journalist"
    OTHER_VERSION = "other language version"
    NOT_FOLLOWED_UP = "not followed up"

    @classmethod
    def of(cls, told: Told) -> LeftOutReason:
        """Why nobody is mailed of whom this was said."""
        return cls.CAME_BACK if told.is_returned else cls.OBJECTION


ON_RECORD: Mapping[LeftOutReason, str] = {LeftOutReason.OBJECTION: OBJECTED, LeftOutReason.CAME_BACK: CAME_BACK}
"""Why somebody is left out → the reason of the withheld delivery that keeps it on record, where there is one."""


@dataclass(frozen=True, slots=True)
class PlannedRecipient:
    """One journalist who shall get the release, at one address.

    `lists` are the slugs of every chosen list the journalist stands on; `merged` says why several entries became one.
    """

    contact_id: int
    address: Address
    address_hash: str
    recipient: Recipient
    outlet_kind: str
    sector: str
    sector_slug: str
    lists: tuple[str, ...]
    merged: str = ""
    in_reply_to: str = ""
    """The Message-ID of what this one stands under: a follow-up, or a word about an embargo."""


def planned_before(delivery: Row[Any] | Delivery, contact_id: int, *, in_reply_to: str = "") -> PlannedRecipient:
    """The recipient as an earlier delivery's row addressed them, wherever the contact may be reached today."""
    address = kept_address(delivery.address)
    return PlannedRecipient(
        contact_id=contact_id,
        address=address,
        address_hash=delivery.address_hash,
        recipient=recipient_of(address, delivery.merge),
        outlet_kind=delivery.outlet_kind,
        sector=delivery.sector,
        sector_slug=delivery.sector_slug,
        lists=tuple(delivery.lists),
        in_reply_to=in_reply_to,
    )


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Somebody on the lists who does not get the release, and why."""

    planned: PlannedRecipient
    reason: LeftOutReason
    because: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everyone the chosen lists name: recipients in the order of the lists, and those left out."""

    lists: tuple[str, ...]
    excluded_lists: tuple[str, ...]
    recipients: tuple[PlannedRecipient, ...]
    left_out: tuple[LeftOut, ...]
    only_lists: tuple[str, ...] = ()
    where: str = ""
    had_earlier: int = 0
    """How many recipients an earlier version of this release went, or is still going, to."""

    @property
    def digest(self) -> str:
        """SHA-256 of who gets it at which address, whatever the order."""
        return digest_of(self.recipients)

    @property
    def merged(self) -> list[PlannedRecipient]:
        """The recipients who stand on the lists more than once and get one message."""
        return [one for one in self.recipients if one.merged]

    def by_sector(self) -> Counter[str]:
        """Recipients by sector."""
        return Counter(one.sector for one in self.recipients)

    def by_outlet(self) -> Counter[str]:
        """Recipients by outlet."""
        return Counter(one.recipient.outlet for one in self.recipients)


def digest_of(recipients: Iterable[PlannedRecipient]) -> str:
    """SHA-256 of people and the addresses they are written to at, whatever the order."""
    lines = sorted(f"{one.contact_id} {one.address.key}" for one in recipients)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()

"""One journalist as a dispatch is to reach them: from a list, or as an earlier delivery addressed them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from distributor.addresses import Address, kept_address
from distributor.dispatch.messages.merge_fields import recipient_of
from distributor.models import Delivery
from distributor.rendering.values import Recipient


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

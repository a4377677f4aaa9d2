"""The merge fields of a delivery: what its message is made from of the recipient, frozen when it is planned."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from distributor.addresses import Address
from distributor.rendering.values import Recipient

CORRECTS = "corrects"
"""The key of a delivery's merge fields for what it corrects: the dispatch of that message, and `references`."""

FOLLOWS = "follows"
"""The key of a delivery's merge fields for the Message-IDs of what its message stands under."""


def recipient_of(address: Address, merge: Mapping[str, Any]) -> Recipient:
    """The recipient that a delivery's frozen merge fields describe."""
    return Recipient(
        address=address,
        **{name: merge[name] for name in _MERGE_TEXTS},
        lists=tuple(merge["lists"]),
        fields=merge["fields"],
        takes_attachments=merge.get("takes_attachments", True),  # dispatches of before attached to everybody
        familiarity=merge.get("familiarity", ""),
        languages=tuple(merge.get("languages", ())),
    )


def merge_of(recipient: Recipient) -> dict[str, Any]:
    """The merge fields of a recipient, as JSON-able values: what `recipient_of` reads back."""
    return {
        **dict(zip(_MERGE_TEXTS, _texts_of(recipient), strict=True)),
        "lists": list(recipient.lists),
        "fields": dict(recipient.fields),
        "takes_attachments": recipient.takes_attachments,
        "familiarity": recipient.familiarity,
        "languages": list(recipient.languages),
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
_texts_of = attrgetter(*_MERGE_TEXTS)

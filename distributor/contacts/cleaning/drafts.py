"""What one row of a press list says of a contact, cleaned: values that only merging still has to judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias

from distributor.addresses import Address

OPTED_OUT = "opted_out"
DESK = "desk"

Value: TypeAlias = str | bool | datetime | None

DEFAULTS: Mapping[str, Value] = {
    "civility": "",
    "first_name": "",
    "last_name": "",
    "language": "",
    "other_languages": "",
    "familiarity": "",
    "phone": "",
    "region": "",
    "topics": "",
    "channel": "",
    "attachments": "yes",
    "embargo_trust": False,
    "note_to_send": "",
    "confirmed_at": None,
}
"""Columns of a contact in which one value replaces another, and what stands there until somebody says something."""


@dataclass(frozen=True, slots=True)
class Post:
    """The affiliation a row tells of: an outlet, what the row knows of it, and what the contact does there.

    `address` is the one the contact has there, when the row gives it in a column of its own.
    """

    outlet: str
    role: str = ""
    desk: str = ""
    kind: str = ""
    region: str = ""
    website: str = ""
    address: Address | None = None
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class ContactDraft:
    """One contact as a row tells it. `values` holds what the row says of `DEFAULTS`, and nothing else.

    `others` are further addresses of the same person. `flag` is `opted_out` when the row says not to write any more,
    else `desk` for a role address, else "".
    """

    address: Address
    others: tuple[Address, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict)
    post: Post | None = None
    sectors: tuple[str, ...] = ()
    notes: str = ""
    flag: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    legal_basis: str = ""
    collected_at: datetime | None = None

    @property
    def name(self) -> str:
        """First and last name as one, "" where the row gives none."""
        return f"{self.values.get('first_name', '')} {self.values.get('last_name', '')}".strip()


@dataclass(frozen=True, slots=True)
class CleanRow:
    """The contacts of one row (several when a nameless row holds several addresses), and all that was cleaned."""

    line: int
    drafts: tuple[ContactDraft, ...]
    changes: tuple[str, ...] = ()
    sheet: str = ""

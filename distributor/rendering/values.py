"""The values a message is made from: who gets it, what it says, who sends it, and the stamp of one delivery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType

from distributor.addresses import Address

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Recipient:
    """The card of one journalist, as far as a message may speak of it.

    `name` is the name as it is written on an envelope; `civility` what stands before it ("M.", "Mme", "Mr", "Ms", "Dr"
    or ""); `language` the language the journalist is written to in, or "" for the release's; `note` a personal line
    above the release; `fields` the further columns of the press list, which templates read as `contact.<column>`.
    """

    address: Address
    name: str = ""
    civility: str = ""
    first_name: str = ""
    last_name: str = ""
    language: str = ""
    outlet: str = ""
    role: str = ""
    desk: str = ""
    sector: str = ""
    lists: tuple[str, ...] = ()
    note: str = ""
    fields: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else str(self.address)


@dataclass(frozen=True, slots=True)
class PressContact:
    """The person a journalist may ring or write to about a release."""

    name: str
    role: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a release. `body` is Markdown; the other texts are plain.

    `dateline_date` is None when the day is the day of sending; `embargo_until` is an aware instant; `kind` is one of
    `KINDS`; `extra` holds the front matter's unknown keys, which templates read as `release.<key>`.
    """

    slug: str
    headline: str
    body: str
    lang: str
    standfirst: str = ""
    kind: str = "release"
    dateline_place: str = ""
    dateline_date: date | None = None
    embargo_until: datetime | None = None
    signatory_name: str = ""
    signatory_role: str = ""
    signatory_sector: str = ""
    contacts: tuple[PressContact, ...] = ()
    boilerplate: str = ""
    sector: str = ""
    extra: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


KINDS = ("release", "advisory", "correction", "replacement", "retraction", "follow_up")
"""What a release may be; each language's text table names every one of them."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: `mail_from` and `reply_to` are (name, address); `organisation` holds the journalists' data."""

    mail_from: tuple[str, Address]
    reply_to: tuple[str, Address] | None = None
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is fixed in a delivery's row, so that a retry sends identical bytes.

    `message_id` with or without its angle brackets; `date` aware; `unsubscribe_mailto` a whole `mailto:` URL or "";
    `unsubscribe_url` a whole `https:` URL or "".
    """

    message_id: str
    date: datetime
    unsubscribe_mailto: str = ""
    unsubscribe_url: str = ""


@dataclass(frozen=True, slots=True)
class AttachmentFile:
    """One file that goes with the message."""

    name: str
    media_type: str
    content: bytes

"""The values a message is made from: who gets it, what it says, who sends it, and the stamp of one delivery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType

from distributor.addresses import Address

NOTHING: Mapping[str, str] = MappingProxyType({})
"""No fields: the same for all who have none."""


@dataclass(slots=True)
class Recipient:
    """The card of one journalist, as far as a message may speak of it.

    `name` is the name as it is written on an envelope; `civility` what stands before it ("M.", "Mme", "Mr", "Ms", "Dr"
    or ""); `language` the language the journalist is written to in, or "" for the release's; `languages`
    all they read, that one first; `note` a personal line
    above the release; `fields` the further columns of the press list, which templates read as `contact.<column>`. Who
    does not take attachments is told where the files are instead. `familiarity` is "tu" for who is greeted by the first
    name, "vous" or "" for everybody else.
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
    fields: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    takes_attachments: bool = True
    familiarity: str = ""
    languages: tuple[str, ...] = ()

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
class Event:
    """What an advisory invites to, each in Markdown: when, where, and how to say that one comes."""

    date: str = ""
    place: str = ""
    rsvp: str = ""

    def __bool__(self) -> bool:
        return bool(self.date or self.place or self.rsvp)


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a release. `body` is Markdown; the other texts are plain.

    `dateline_date` is None when the day is the day of sending; `embargo_until` is an aware instant; `kind` is one of
    `KINDS`; `changes` says in Markdown what a correction corrects; `notes` is a line above the release for the readers
    of a list, by its slug; `extra` holds the front matter's unknown keys, which templates read as `release.<key>`.
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
    event: Event = Event()
    changes: str = ""
    notes: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    extra: Mapping[str, str] = field(default_factory=lambda: NOTHING)


ATTACHMENTS_LINK = "attachments_link"
"""The key of `Release.extra` that says where on the web the attached files lie, for who takes no attachments."""

KINDS = ("release", "advisory", "correction", "replacement", "retraction", "follow_up")
"""What a release may be; each language's text table names every one of them."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: `mail_from`, `reply_to` and `sent_by` are (name, address).

    `sent_by` is who sends it on behalf of `mail_from`, where that is somebody else; `organisation` holds the
    journalists' data; `list_id` names the mailing as a whole (RFC 2919), or is "".
    """

    mail_from: tuple[str, Address]
    reply_to: tuple[str, Address] | None = None
    organisation: str = ""
    sent_by: tuple[str, Address] | None = None
    list_id: str = ""


@dataclass(slots=True)
class Stamp:
    """What is fixed in a delivery's row, so that a retry sends identical bytes.

    `message_id` with or without its angle brackets; `date` aware; `unsubscribe_mailto` a whole `mailto:` URL or "";
    `unsubscribe_url` a whole `https:` URL or "". `references` are the Message-IDs of the messages that this one
    follows, the first one first: a correction or a follow-up stands under what it is about (RFC 5322 §3.6.4).
    """

    message_id: str
    date: datetime
    unsubscribe_mailto: str = ""
    unsubscribe_url: str = ""
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AttachmentFile:
    """One file that goes with the message."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class InlineImage:
    """A picture shown inside the message (RFC 2387): `source` is how the text names it, "" for the logo.

    `cid` is its Content-ID without brackets; `width` and `height` are its own, in pixels.
    """

    source: str
    cid: str
    name: str
    media_type: str
    content: bytes
    width: int
    height: int

    def shown(self, widest: int, highest: int = 100_000) -> tuple[int, int]:
        """The width and height to show it at: its own, or less, in proportion, where it is larger than that."""
        share = min(1, widest / self.width, highest / self.height)
        return max(1, round(self.width * share)), max(1, round(self.height * share))

"""What a release says, as values: the draft that every reader of a file produces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from distributor.releases.kinds import ReleaseKind


@dataclass(frozen=True, slots=True)
class PressContact:
    """Whom a journalist may call or write to. Every part may be empty; the proof says what is missing."""

    name: str = ""
    role: str = ""
    email: str = ""
    phone: str = ""
    sector: str = ""


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who speaks in the release."""

    name: str = ""
    role: str = ""
    sector: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something repaired, moved or not recognised, told to the user with the excerpt in it; `line` is 1-based.

    `code` names what must not be overlooked: somebody's unfinished work in the document (`tracked-change`,
    `document-comment`, `hidden-text`), on which the proof has its own word.
    """

    line: int | None
    text: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseDraft:
    """A release as read from one file, before it is stored.

    `headline`, `standfirst` and the parts of people and places are plain text; `body` and `boilerplate` are
    CommonMark. `extra` keeps what has no field of its own, as JSON-able values. `translation_of` is the
    short name of the release that this is a translation of. `lines` gives the 1-based source
    line at which each field was found, under the field's name.
    """

    headline: str
    body: str
    lang: str = "fr"
    kind: ReleaseKind = ReleaseKind.RELEASE
    standfirst: str = ""
    dateline_place: str = ""
    dateline_date: date | None = None
    embargo_until: datetime | None = None
    sector: str = ""
    signatory: Signatory = Signatory()
    contacts: tuple[PressContact, ...] = ()
    boilerplate: str = ""
    attachments: tuple[str, ...] = ()
    logo: str = ""
    translation_of: str = ""
    extra: Mapping[str, object] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)

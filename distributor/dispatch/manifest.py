"""Who gets a release: press lists minus exclusions and objections, one journalist once, every merge explained."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.addresses import Address, parse_address
from distributor.contacts import press_lists, suppression
from distributor.contacts.press_lists import Member
from distributor.folding import slugify
from distributor.models import Delivery, Dispatch, MediaList, ReleaseVersion, Sector
from distributor.rendering.values import Recipient
from distributor.states import DeliveryState
from distributor.tokens import Keyring


class LeftOutReason(StrEnum):
    """Why somebody on the lists does not get the release."""

    OBJECTION = "objection"
    EXCLUDED = "excluded"
    ALREADY_SENT = "already sent"
    SAME_ADDRESS = "same address"


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
    had_earlier: int = 0
    """How many recipients an earlier version of this release went, or is still going, to."""

    @property
    def digest(self) -> str:
        """SHA-256 of who gets it at which address, whatever the order."""
        lines = sorted(f"{one.contact_id} {one.address.key}" for one in self.recipients)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

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


@dataclass(slots=True)
class _Candidate:
    member: Member
    sector: tuple[str, str]
    lists: list[str] = field(default_factory=list)
    outlets: list[str] = field(default_factory=list)


def make_manifest(
    session: Session,
    version: ReleaseVersion,
    list_names: Sequence[str],
    excluded_names: Sequence[str],
    keyring: Keyring,
) -> Manifest:
    """Resolve lists into a manifest.

    Raises `BadInput` for an unknown list, `Refused` when objections were kept under another key.
    """
    suppression.check_key(session, keyring)
    lists = list(dict.fromkeys(str(press_lists.find_list(session, name).slug) for name in list_names))
    excluded = {press_lists.find_list(session, name).slug: name for name in excluded_names}
    # A journalist is barred as a person and as a mailbox: somebody else's entry may name the same address.
    barred: dict[int | str, str] = {}
    for slug in excluded:
        for member in press_lists.list_members(session, slug):
            barred.setdefault(member.contact_id, slug)
            barred.setdefault(member.address_key, slug)
    candidates = _gather(session, lists)
    return _sort_out(
        session,
        version,
        candidates,
        barred=barred,
        keyring=keyring,
        lists=tuple(lists),
        excluded=tuple(excluded),
    )


def _gather(session: Session, slugs: Sequence[str]) -> list[_Candidate]:
    """One candidate per contact; the first list that names a contact decides outlet, address and sector."""
    found: dict[int, _Candidate] = {}
    for slug in slugs:
        list_sector = _sector_of(session, slug)
        for member in press_lists.list_members(session, slug):
            candidate = found.get(member.contact_id)
            if candidate is None:
                candidate = found[member.contact_id] = _Candidate(member, list_sector or _own_sector(member))
            candidate.lists.append(slug)
            if member.outlet and member.outlet not in candidate.outlets:
                candidate.outlets.append(member.outlet)
    return list(found.values())


def _sort_out(
    session: Session,
    version: ReleaseVersion,
    candidates: Sequence[_Candidate],
    *,
    barred: dict[int | str, str],
    keyring: Keyring,
    lists: tuple[str, ...],
    excluded: tuple[str, ...],
) -> Manifest:
    objected = _Objections(session, slugify(version.sector))
    had = _already_sent(session, version)
    had_by = set(had.values())
    recipients: dict[str, PlannedRecipient] = {}
    left_out: list[LeftOut] = []
    for candidate in candidates:
        planned = _planned(candidate, keyring)
        key = planned.address.key
        if bar := barred.get(candidate.member.contact_id) or barred.get(key):
            left_out.append(LeftOut(planned, LeftOutReason.EXCLUDED, f"is on the excluded list {bar}"))
        elif candidate.member.opted_out or objected.to(planned):
            left_out.append(LeftOut(planned, LeftOutReason.OBJECTION, "objected to our mail"))
        elif key in had or candidate.member.contact_id in had_by:
            left_out.append(LeftOut(planned, LeftOutReason.ALREADY_SENT, "is on a dispatch of this version"))
        elif key in recipients:
            first = recipients[key]
            recipients[key] = replace(
                first, merged=_join(first.merged, f"shares its address with {planned.recipient.name}")
            )
            left_out.append(LeftOut(planned, LeftOutReason.SAME_ADDRESS, f"shares the address of {first.recipient}"))
        else:
            recipients[key] = planned
    earlier = _had_earlier_version(session, version)
    had_earlier = sum(one.contact_id in earlier for one in recipients.values())
    return Manifest(lists, excluded, tuple(recipients.values()), tuple(left_out), had_earlier)


class _Objections:
    """The hashes of those who said no: to everything, to the sector they are reached through, or to the release's."""

    def __init__(self, session: Session, release_sector: str) -> None:
        self._session = session
        self._release_sector = release_sector
        self._by_sector: dict[str, set[str]] = {}

    def to(self, planned: PlannedRecipient) -> bool:
        slug = planned.sector_slug
        if slug not in self._by_sector:
            scopes = {slug, self._release_sector}
            self._by_sector[slug] = set().union(
                *(suppression.suppressed_hashes(self._session, sector=scope) for scope in scopes)
            )
        return planned.address_hash in self._by_sector[slug]


def _already_sent(session: Session, version: ReleaseVersion) -> dict[str, int | None]:
    """Address key → contact (None: deleted since) of everyone who has, or is about to have, this version."""
    rows = session.execute(
        select(col(Delivery.address_key), col(Delivery.contact_id))
        .join(Dispatch, col(Dispatch.id) == col(Delivery.dispatch_id))
        .where(
            col(Delivery.release_version_id) == version.id,
            col(Dispatch.is_test).is_(False),
            col(Delivery.state) != DeliveryState.WITHHELD,
        )
    )
    return {row[0]: row[1] for row in rows}


def _had_earlier_version(session: Session, version: ReleaseVersion) -> set[int | None]:
    """The contacts who stand, not withheld, on a dispatch of another version of the same release."""
    rows = session.execute(
        select(col(Delivery.contact_id))
        .join(ReleaseVersion, col(ReleaseVersion.id) == col(Delivery.release_version_id))
        .where(
            col(ReleaseVersion.release_id) == version.release_id,
            col(ReleaseVersion.id) != version.id,
            col(Delivery.contact_id).is_not(None),
            col(Delivery.state) != DeliveryState.WITHHELD,
        )
    )
    return {row[0] for row in rows}


def _planned(candidate: _Candidate, keyring: Keyring) -> PlannedRecipient:
    member = candidate.member
    address = parse_address(member.address)
    slug, name = candidate.sector
    merged = ""
    if len(candidate.lists) > 1:
        merged = f"stands on {len(candidate.lists)} lists ({', '.join(candidate.lists)})"
    if len(candidate.outlets) > 1:
        merged = _join(merged, f"works for {' and '.join(candidate.outlets)}")
    return PlannedRecipient(
        contact_id=member.contact_id,
        address=address,
        address_hash=keyring.address_hash(address.key),
        recipient=recipient_from(member, address, sector=name, lists=tuple(candidate.lists)),
        outlet_kind=member.outlet_kind,
        sector=name,
        sector_slug=slug,
        lists=tuple(candidate.lists),
        merged=merged,
    )


def recipient_from(
    member: Member, address: Address | None = None, *, sector: str | None = None, lists: tuple[str, ...] = ()
) -> Recipient:
    """The recipient that a contact makes: what its message may speak of."""
    return Recipient(
        address=address or parse_address(member.address),
        name=member.name,
        civility=member.civility,
        first_name=member.first_name,
        last_name=member.last_name,
        language=member.language,
        outlet=member.outlet,
        role=member.role,
        desk=member.desk,
        sector=_own_sector(member)[1] if sector is None else sector,
        lists=lists,
        note=member.note_to_send,
        fields=dict(member.fields),
    )


def _sector_of(session: Session, slug: str) -> tuple[str, str] | None:
    """(slug, name) of the sector a list is about, if it is about one."""
    row = session.execute(
        select(col(Sector.slug), col(Sector.name))
        .join(MediaList, col(MediaList.sector_id) == col(Sector.id))
        .where(col(MediaList.slug) == slug)
    ).one_or_none()
    return (row[0], row[1]) if row else None


def _own_sector(member: Member) -> tuple[str, str]:
    return (member.sectors[0], member.sector_names[0]) if member.sectors else ("", "")


def _join(first: str, second: str) -> str:
    return f"{first}; {second}" if first else second

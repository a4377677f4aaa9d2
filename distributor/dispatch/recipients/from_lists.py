"""A manifest from press lists: minus exclusions and objections, one journalist once, every merge explained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from sys import intern

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.addresses import Address, kept_address
from distributor.contacts.lists import press_lists
from distributor.contacts.objections.objectors import Objectors, Told
from distributor.contacts.people.members import Member
from distributor.contacts.people.ownership import owner
from distributor.deliveries.conditions import is_meant
from distributor.dispatch.recipients.gathered import Gathered
from distributor.dispatch.recipients.holdings import find_held
from distributor.dispatch.recipients.manifest import LeftOutReason, LeftOutRecipient, Manifest
from distributor.dispatch.recipients.narrowing import Narrowing, read_narrowing
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.dispatch.recipients.roll import Roll
from distributor.folding import slugify
from distributor.models import Contact, Delivery, MediaList, ReleaseVersion, Sector
from distributor.rendering.values import NOTHING, Recipient
from distributor.tokens import Keyring


@dataclass(frozen=True, slots=True)
class _Copy:
    """One entry on one list: the contact as it stands there, and the sector (slug, name) it is reached through."""

    list_slug: str
    member: Member
    sector: tuple[str, str]


def make_manifest(
    session: Session,
    version: ReleaseVersion,
    list_names: Sequence[str],
    excluded_names: Sequence[str],
    keyring: Keyring,
    *,
    only_names: Sequence[str] = (),
    where: str = "",
    sectors: Sequence[str] = (),
) -> Manifest:
    """Resolve lists into a manifest: whoever stands on one of them, on each of `only_names`, and is matched by `where`.

    An objection to the release's sector counts, and to one of `sectors`: those its translations call it.
    Raises `BadInput` for an unknown list or a filter that cannot be answered, `Refused` when objections were kept under
    another key.
    """
    objectors = Objectors(session, keyring)
    lists = list(dict.fromkeys(str(press_lists.find_list(session, name).slug) for name in list_names))
    excluded = [press_lists.find_list(session, name).slug for name in excluded_names]
    facts = _Facts(
        objectors=objectors,
        sectors={slugify(sector) for sector in (version.sector, *sectors)} - {""},
        barred=_barred(session, excluded, keyring),
        narrowing=read_narrowing(session, only_names, where, keyring),
        held=find_held(session, version),
    )
    recipients = Roll()
    left_out: list[LeftOutRecipient] = []
    for copies in _gather(session, lists, keyring):
        refused = facts.refused(copies)
        planned = _planned(copies, refused, keyring)
        key = planned.address.key
        if against := facts.against(planned, copies, refused):
            left_out.append(LeftOutRecipient(planned, *against))
        elif (place := recipients.at(key)) is not None:
            first = recipients[place]
            merged = _join(first.merged, f"shares its address with {planned.recipient.name}")
            recipients.put(place, replace(first, merged=merged))
            left_out.append(
                LeftOutRecipient(planned, LeftOutReason.SAME_ADDRESS, f"shares the address of {first.recipient}")
            )
        else:
            recipients.enter(planned)
    earlier = _had_earlier_version(session, version)
    return Manifest(
        tuple(lists),
        tuple(dict.fromkeys(excluded)),
        recipients,
        tuple(left_out),
        only_lists=facts.narrowing.only,
        where=facts.narrowing.where,
        had_earlier=sum(one.contact_id in earlier for one in recipients) if earlier else 0,
    )


@dataclass(frozen=True, slots=True)
class _Facts:
    """What keeps people off a manifest, read once for all of them.

    `sectors` are those of the release; `barred` and `held` are by person and by address: a journalist is barred as a
    person and as a mailbox, and somebody else's entry may name the same address.
    """

    objectors: Objectors
    sectors: set[str]
    barred: Mapping[int | str, str]
    narrowing: Narrowing
    held: Mapping[int | str, str]

    def refused(self, copies: Sequence[_Copy]) -> list[tuple[_Copy, Told]]:
        """The entries of a contact that an objection forbids: to everything, to their sector or to the release's."""
        found = []
        for copy in copies:
            told = self.objectors.against(
                copy.member.contact_id, copy.member.address, {copy.sector[0], *self.sectors} - {""}
            )
            if told:
                found.append((copy, told))
        return found

    def against(
        self, planned: PlannedRecipient, copies: Sequence[_Copy], refused: Sequence[tuple[_Copy, Told]]
    ) -> tuple[LeftOutReason, str] | None:
        """Why somebody does not get it, the first reason that holds; None for who does."""
        key, person = planned.address.key, planned.contact_id
        if bar := self.barred.get(person) or self.barred.get(key):
            return LeftOutReason.EXCLUDED, f"is on the excluded list {bar}"
        if missing := self.narrowing.missing(person):
            return LeftOutReason.NOT_MEANT, missing
        if len(refused) == len(copies):
            told = refused[0][1]
            return LeftOutReason.of(told), told.because
        if prefers := copies[0].member.prefers:
            return LeftOutReason.OTHER_CHANNEL, prefers
        if holds := self.held.get(key) or self.held.get(person):
            return LeftOutReason.ALREADY_SENT, holds
        return None


def _barred(session: Session, slugs: Sequence[str], keyring: Keyring) -> dict[int | str, str]:
    """Who stands on the excluded lists, by person and by address, each with the first such list."""
    barred: dict[int | str, str] = {}
    for slug in slugs:
        for member in press_lists.list_members(session, slug, keyring):
            barred.setdefault(member.contact_id, slug)
            barred.setdefault(member.address_key, slug)
    return barred


def _gather(session: Session, slugs: Sequence[str], keyring: Keyring) -> Iterator[list[_Copy]]:
    """The entries of each contact, in the order of the lists; of long lists no more than one contact's at a time."""
    copies = (
        _Copy(slug, member, list_sector or _own_sector(member))
        for slug in slugs
        for list_sector in (_sector_of(session, slug),)
        for member in press_lists.list_members(session, slug, keyring)
    )
    if len(slugs) == 1:
        yield from ([copy] for copy in copies)
        return
    found: Gathered[_Copy] = Gathered()  # who stands on the last list may stand on the first
    for copy in copies:
        found.add(copy.member.contact_id, copy)
    yield from found


def _had_earlier_version(session: Session, version: ReleaseVersion) -> set[int | None]:
    """The contacts who stand, not withheld, on a dispatch of another version of the same release."""
    rows = session.execute(
        select(owner())
        .select_from(Delivery)
        .join(Contact, col(Contact.id) == col(Delivery.contact_id))
        .join(ReleaseVersion, col(ReleaseVersion.id) == col(Delivery.release_version_id))
        .where(
            col(ReleaseVersion.release_id) == version.release_id,
            col(ReleaseVersion.id) != version.id,
            is_meant(),
        )
    )
    return {row[0] for row in rows}


def _planned(copies: Sequence[_Copy], refused: Sequence[tuple[_Copy, Told]], keyring: Keyring) -> PlannedRecipient:
    """The recipient that a contact's entries make; the first that no objection forbids decides outlet and address.

    «No culture, please» takes somebody off the list of culture and no other, in whatever order the lists are named.
    """
    heeded = copies
    if refused:
        dropped = [copy for copy, _ in refused]
        heeded = [copy for copy in copies if copy not in dropped] or copies
    member, (slug, name) = heeded[0].member, heeded[0].sector
    address = kept_address(member.address)
    lists = _once(tuple(copy.list_slug for copy in heeded))
    return PlannedRecipient(
        contact_id=member.contact_id,
        address=address,
        address_hash=keyring.address_hash(address.key),
        recipient=recipient_from(member, address, sector=name, lists=lists),
        outlet_kind=intern(member.outlet_kind),
        sector=name,
        sector_slug=slug,
        lists=lists,
        merged=_why_merged(copies, heeded, refused) if len(copies) > 1 else "",
    )


def _why_merged(copies: Sequence[_Copy], heeded: Sequence[_Copy], refused: Sequence[tuple[_Copy, Told]]) -> str:
    """Why these entries became one recipient, in words."""
    outlets = list(dict.fromkeys(copy.member.outlet for copy in heeded if copy.member.outlet))
    merged = ""
    if len(heeded) > 1:
        merged = f"stands on {len(heeded)} lists ({', '.join(copy.list_slug for copy in heeded)})"
    if len(outlets) > 1:
        merged = _join(merged, f"works for {' and '.join(outlets)}")
    if len(heeded) < len(copies):
        for copy, told in refused:
            merged = _join(merged, f"not through {copy.list_slug}: {told.because}")
    return merged


def recipient_from(
    member: Member, address: Address | None = None, *, sector: str | None = None, lists: tuple[str, ...] = ()
) -> Recipient:
    """The recipient that a contact makes: what its message may speak of.

    What many have alike is kept once: a long manifest is held.
    """
    return Recipient(
        address=address or kept_address(member.address),
        name=member.name,
        civility=intern(member.civility),
        first_name=intern(member.first_name),
        last_name=member.last_name,
        language=intern(member.language),
        languages=_languages(member.language, member.other_languages),
        outlet=intern(member.outlet),
        role=intern(member.role),
        desk=intern(member.desk),
        sector=_own_sector(member)[1] if sector is None else sector,
        lists=lists,
        note=member.note_to_send,
        fields=member.fields or NOTHING,
        takes_attachments=member.attachments != "no",
        familiarity=intern(member.familiarity),
    )


@lru_cache(maxsize=256)
def _once(lists: tuple[str, ...]) -> tuple[str, ...]:
    """These lists, and the same object for all who stand on the same ones."""
    return lists


@lru_cache(maxsize=256)
def _languages(first: str, others: str) -> tuple[str, ...]:
    """The languages that somebody reads, the first one first; kept once for all who read the same."""
    return tuple(dict.fromkeys(one for one in (first, *others.split("; ")) if one))


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

"""How a file's words join the base's: empty never erases, the newer file wins, a file's first row leads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from distributor.addresses import Address
from distributor.contacts.cleaning.cells import looks_damaged
from distributor.contacts.cleaning.drafts import DEFAULTS, OPTED_OUT, ContactDraft, Post, Value
from distributor.folding import outlet_key, slugify

_NAMES = frozenset({"civility", "first_name", "last_name"})
LEVELS = " > "
"""What stands between a sector's parent and itself."""


@dataclass(slots=True)
class KnownAffiliation:
    """An affiliation as the base has it or will have it; `id` is None until it is written.

    `is_told` says that a row of the file under way was about it.
    """

    outlet_key: str
    role: str = ""
    desk: str = ""
    address: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    is_primary: bool = False
    id: int | None = None
    is_told: bool = False
    changed: bool = False

    @property
    def post(self) -> str:
        """Role and desk as one reads them."""
        return ", ".join(part for part in (self.role, self.desk) if part)


@dataclass(slots=True)
class Said:
    """What earlier rows of the same file said about one contact, so that a second row only adds to the first.

    `place` is the first row's, in words; `names` are the values it gave; `listed` is that it named the affiliation
    through which the contact stands on the list.
    """

    place: str
    created: bool
    names: Collection[str] = ()
    listed: bool = False
    changed: bool = True


@dataclass(slots=True)
class KnownContact:
    """A contact as the base has it or will have it, and which parts of it are still to be written."""

    address: str
    address_key: str
    id: int | None = None
    values: dict[str, Value] = field(default_factory=lambda: dict(DEFAULTS))
    notes: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    flag: str = ""
    source: str = ""
    legal_basis: str = ""
    collected_at: datetime | None = None
    affiliations: list[KnownAffiliation] = field(default_factory=list)
    sectors: set[str] = field(default_factory=set)
    on_list: bool = False
    was_on_list: bool = False
    list_affiliation: KnownAffiliation | None = None
    said: Said | None = None
    changed: bool = False
    new_addresses: list[Address] = field(default_factory=list)
    new_sectors: list[str] = field(default_factory=list)
    list_changed: bool = False

    @property
    def name(self) -> str:
        """Who it is, as one reads it: the name, or the address of who has none."""
        return f"{self.values['first_name']} {self.values['last_name']}".strip() or self.address


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where contacts come from, and why they may be kept."""

    source: str
    legal_basis: str
    collected_at: datetime


@lru_cache(maxsize=4096)
def sector_slugs(names: Sequence[str]) -> tuple[str, ...]:
    """The slugs of sectors named as in a file; of a child («Sport > Cyclisme») its own."""
    return tuple(filter(None, (slugify(name.rpartition(LEVELS)[2]) for name in names)))


def first_meeting(draft: ContactDraft, provenance: Provenance) -> KnownContact:
    """A contact that the base does not know yet; `merge` fills it."""
    return KnownContact(
        draft.address.spec,
        draft.address.key,
        source=draft.source or provenance.source,
        legal_basis=draft.legal_basis or provenance.legal_basis,
        collected_at=draft.collected_at or provenance.collected_at,
    )


def merge(
    known: KnownContact, draft: ContactDraft, sectors: Sequence[str], provenance: Provenance, *, joins_list: bool
) -> tuple[bool, list[str]]:
    """Join `draft` into `known`; return whether anything changed, and what a user should know about it.

    `sectors` are the draft's and the whole file's. `known.said` is there, and is brought up to date.
    """
    changes: list[str] = []
    if known.id is None and not known.changed:
        changed = _take_over(known, draft)
    else:
        changed = _merge_values(known, draft, changes)
        changed |= _merge_notes(known, draft)
        changed |= _merge_provenance(known, draft, provenance)
    known.changed |= changed
    for slug in sector_slugs(sectors):
        if slug not in known.sectors:
            known.sectors.add(slug)
            known.new_sectors.append(slug)
            changed = True
    affiliation = None
    if draft.post is not None:
        affiliation, moved = _merge_affiliation(known, draft.post, changes)
        changed |= moved
    if joins_list:
        changed |= _join_list(known, affiliation)
    return changed, changes


def _take_over(known: KnownContact, draft: ContactDraft) -> bool:
    """The plain copy: what a new contact is, is what its first row says."""
    known.values.update(draft.values)
    known.fields.update(draft.fields)
    known.notes, known.flag = draft.notes, draft.flag
    assert known.said is not None
    known.said.names = (*draft.values, *(f"fields.{key}" for key in draft.fields))
    return True


def _merge_values(known: KnownContact, draft: ContactDraft, changes: list[str]) -> bool:
    said = known.said
    assert said is not None
    # Who is written to at a second address is not renamed by what a row calls the owner of that address.
    lasting = _NAMES if draft.address.key != known.address_key else frozenset[str]()
    changed, names = False, []
    for store, key, value, name in _told(known, draft):
        old = store.get(key, "")
        if name in said.names:
            if old != value:
                changes.append(f"{name}: «{value}» left aside, {said.place} of this file says «{old}»")
            continue
        names.append(name)
        if old == value or (isinstance(old, datetime) and isinstance(value, datetime) and value < old):
            continue
        if old and name in lasting:
            changes.append(f"{name}: «{value}» left aside, this is a second address of {known.name}")
            continue
        if old and name in _NAMES and looks_damaged(str(value)) and not looks_damaged(str(old)):
            changes.append(f"{name}: «{value}» left aside, it has lost letters that «{old}» has")
            continue
        store[key], changed = value, True
        if old != DEFAULTS.get(name, ""):
            changes.append(f"{name}: «{old}» → «{value}»")
    if names:
        said.names, said.changed = (*said.names, *names), True
    return changed


def _told(known: KnownContact, draft: ContactDraft) -> Iterator[tuple[MutableMapping[str, Any], str, Value, str]]:
    """What a row says, value by value: where it is kept, under which key, and what it is called."""
    for key, value in draft.values.items():
        yield known.values, key, value, key
    for key, text in draft.fields.items():
        yield known.fields, key, text, f"fields.{key}"


def _merge_notes(known: KnownContact, draft: ContactDraft) -> bool:
    """Notes are joined, and an objection is never taken back."""
    changed = False
    if draft.notes and draft.notes not in known.notes:
        known.notes = f"{known.notes}\n{draft.notes}" if known.notes else draft.notes
        changed = True
    flag = draft.flag if draft.flag == OPTED_OUT or draft.address.key == known.address_key else ""
    if flag and known.flag not in {flag, OPTED_OUT} and (flag == OPTED_OUT or not known.flag):
        known.flag, changed = flag, True
    return changed


def _merge_provenance(known: KnownContact, draft: ContactDraft, provenance: Provenance) -> bool:
    """Where a contact comes from is where it came from first; only what nobody said yet is filled up."""
    if known.source and known.legal_basis and known.collected_at:
        return False
    known.source = known.source or draft.source or provenance.source
    known.legal_basis = known.legal_basis or draft.legal_basis or provenance.legal_basis
    known.collected_at = known.collected_at or draft.collected_at or provenance.collected_at
    return True


def _merge_affiliation(known: KnownContact, post: Post, changes: list[str]) -> tuple[KnownAffiliation, bool]:
    """The affiliation this row is about, found, filled up, brought up to date or added; and whether that changed it."""
    key = outlet_key(post.outlet)
    if not known.affiliations:
        return _new_affiliation(known, key, post, changes), True
    same_outlet = [one for one in known.affiliations if one.outlet_key == key]
    found = _matching(same_outlet, post)
    if found is not None:
        role, desk = found.role or post.role, found.desk or post.desk
    else:
        found = _former_post(same_outlet, post)
        if found is None:
            return _new_affiliation(known, key, post, changes), True
        role, desk = post.role or found.role, post.desk or found.desk
        changes.append(f"at {post.outlet}: «{found.post}» → «{', '.join(part for part in (role, desk) if part)}»")
    moved = (role, desk) != (found.role, found.desk) or _differs(found, post)
    if moved:
        found.role, found.desk = role, desk
        found.address = post.address.spec if post.address else found.address
        found.valid_from, found.valid_to = post.valid_from or found.valid_from, post.valid_to or found.valid_to
        found.changed = found.id is not None
    _tell(known, found)
    return found, moved


def _differs(found: KnownAffiliation, post: Post) -> bool:
    """Whether the row says something else of the address and the days than what is known."""
    return bool(
        (post.address and post.address.spec != found.address)
        or (post.valid_from and post.valid_from != found.valid_from)
        or (post.valid_to and post.valid_to != found.valid_to)
    )


def _tell(known: KnownContact, affiliation: KnownAffiliation) -> None:
    if not affiliation.is_told:
        affiliation.is_told = True
        assert known.said is not None
        known.said.changed = True


def _new_affiliation(known: KnownContact, key: str, post: Post, changes: list[str]) -> KnownAffiliation:
    new = KnownAffiliation(
        key,
        post.role,
        post.desk,
        post.address.spec if post.address else "",
        post.valid_from,
        post.valid_to,
        is_primary=not known.affiliations,
        is_told=True,
    )
    if known.affiliations:
        changes.append("one more outlet or post: " + ", ".join(part for part in (post.outlet, new.post) if part))
    known.affiliations.append(new)
    return new


def _former_post(same_outlet: Sequence[KnownAffiliation], post: Post) -> KnownAffiliation | None:
    """The one post at this outlet that the row replaces: a new role at the same desk. A new desk is one more post."""
    if len(same_outlet) != 1 or same_outlet[0].is_told:
        return None
    only = same_outlet[0]
    return only if not (only.desk and post.desk and only.desk != post.desk) else None


def _matching(affiliations: Sequence[KnownAffiliation], post: Post) -> KnownAffiliation | None:
    """The affiliation that says the same, else one that says more, else one that can be filled up."""
    fits = [
        one
        for one in affiliations
        if (not post.role or one.role in ("", post.role)) and (not post.desk or one.desk in ("", post.desk))
    ]
    if not fits:
        return None

    def distance(one: KnownAffiliation) -> tuple[bool, bool]:
        says_all = one.role == (post.role or one.role) and one.desk == (post.desk or one.desk)
        return not (one.role == post.role and one.desk == post.desk), not says_all

    return min(fits, key=distance)


def _join_list(known: KnownContact, affiliation: KnownAffiliation | None) -> bool:
    """Put the contact on the file's list, through this row's affiliation unless an earlier row named one."""
    said = known.said
    assert said is not None
    if not known.on_list:
        known.on_list = known.list_changed = True
        known.list_affiliation = affiliation
        said.listed = affiliation is not None
        return True
    moved = affiliation is not None and not said.listed and affiliation is not _used_on_list(known)
    if moved:
        known.list_affiliation, known.list_changed = affiliation, True
    if affiliation is not None and not said.listed:
        said.listed = said.changed = True
    return moved


def _used_on_list(known: KnownContact) -> KnownAffiliation | None:
    """The affiliation of the list's own choice, else the primary one: who was put on by hand is mailed there."""
    primary = next((one for one in known.affiliations if one.is_primary), None)
    return known.list_affiliation or primary or next(iter(known.affiliations), None)


def add_addresses(
    known: KnownContact, draft: ContactDraft, owners: MutableMapping[str, KnownContact], changes: list[str]
) -> bool:
    """Make the row's addresses the contact's, where nobody has them; return whether one is new.

    `owners` says whose each address is, and is brought up to date: an address never belongs to two people.
    """
    added = False
    place = draft.post.address if draft.post else None
    for address in (draft.address, *draft.others, *((place,) if place else ())):
        owner = owners.get(address.key)
        if owner is None:
            owners[address.key] = known
            known.new_addresses.append(address)
            changes.append(f"second address: {address}")
            added = True
        elif owner is not known:
            changes.append(
                f"«{address}» left aside: it belongs to {owner.name} (one person? distributor contacts merge"
                f" {known.address} {owner.address})"
            )
    return added

"""How a file's words join the base's: empty never erases, the newer file wins, a file's first row leads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from distributor.contacts.cleaning import OPTED_OUT, ContactDraft
from distributor.folding import fold, slugify

VALUES = (
    "civility", "first_name", "last_name", "language", "familiarity", "phone", "region", "note_to_send",
)  # fmt: skip
"""Columns of a contact in which one value replaces another; notes are joined instead."""


@dataclass(slots=True)
class KnownAffiliation:
    """An affiliation as the base has it or will have it; `id` is None until it is written."""

    outlet_key: str
    role: str
    desk: str
    id: int | None = None
    is_primary: bool = False
    changed: bool = False

    @property
    def place(self) -> tuple[str, str, str]:
        """What makes it different from the contact's other affiliations."""
        return self.outlet_key, self.role, self.desk

    @property
    def post(self) -> str:
        """Role and desk as one reads them."""
        return ", ".join(part for part in (self.role, self.desk) if part)


@dataclass(slots=True)
class KnownContact:
    """A contact as the base has it or will have it, and which parts of it are still to be written."""

    address: str
    address_key: str
    id: int | None = None
    values: dict[str, str] = field(default_factory=lambda: dict.fromkeys(VALUES, ""))
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
    changed: bool = False
    new_sectors: list[str] = field(default_factory=list)
    list_changed: bool = False


@dataclass(slots=True)
class Said:
    """What earlier rows of the same file said about one contact, so that a second row only adds to the first."""

    line: int
    created: bool
    names: frozenset[str] = frozenset()
    places: tuple[tuple[str, str, str], ...] = ()
    listed: bool = False


def outlet_key(name: str) -> str:
    """The folded name under which an outlet is one row, whatever its accents, case and punctuation."""
    return fold(name) or name.casefold()


def merge(known: KnownContact, draft: ContactDraft, sectors: tuple[str, ...], said: Said) -> tuple[bool, list[str]]:
    """Join `draft` into `known`; return whether anything changed, and what a user should know about it.

    `sectors` are the draft's and the whole file's; `said` is updated with what this row said.
    """
    changes: list[str] = []
    changed = _merge_values(known, draft, said, changes)
    if draft.notes and draft.notes not in known.notes:
        known.notes = f"{known.notes}\n{draft.notes}" if known.notes else draft.notes
        changed = True
    flag = OPTED_OUT if OPTED_OUT in (known.flag, draft.flag) else known.flag or draft.flag
    if flag != known.flag:
        known.flag, changed = flag, True
    known.changed |= changed
    for name in sectors:
        slug = slugify(name)
        if slug and slug not in known.sectors:
            known.sectors.add(slug)
            known.new_sectors.append(slug)
            changed = True
    affiliation = None
    if draft.outlet:
        affiliation, moved = _merge_affiliation(known, draft, said, changes)
        changed |= moved
    return _join_list(known, affiliation, said) or changed, changes


def _merge_values(known: KnownContact, draft: ContactDraft, said: Said, changes: list[str]) -> bool:
    changed = False
    names = []
    told = [(name, value) for name in VALUES if (value := getattr(draft, name))]
    for store, prefix, pairs in ((known.values, "", told), (known.fields, "fields.", draft.fields.items())):
        for key, value in pairs:
            name = prefix + key
            old = store.get(key, "")
            if name in said.names:
                if old != value:
                    changes.append(f"{name}: «{value}» left aside, line {said.line} of this file says «{old}»")
                continue
            names.append(name)
            if old != value:
                store[key], changed = value, True
                if old:
                    changes.append(f"{name}: «{old}» → «{value}»")
    if names:
        said.names = said.names.union(names)
    return changed


def _merge_affiliation(
    known: KnownContact, draft: ContactDraft, said: Said, changes: list[str]
) -> tuple[KnownAffiliation, bool]:
    """The affiliation this row is about, found, filled up, brought up to date or added; and whether that changed it."""
    key = outlet_key(draft.outlet)
    same_outlet = [one for one in known.affiliations if one.outlet_key == key]
    found = _matching(same_outlet, draft)
    if found is not None:
        after = (key, found.role or draft.role, found.desk or draft.desk)
    else:
        found = _former_post(same_outlet, draft, said)
        if found is None:
            return _new_affiliation(known, draft, said, changes), True
        after = (key, draft.role or found.role, draft.desk or found.desk)
        changes.append(f"at {draft.outlet}: «{found.post}» → «{', '.join(part for part in after[1:] if part)}»")
    moved = after != found.place
    if moved:
        said.places = tuple(one for one in said.places if one != found.place)
        _, found.role, found.desk = after
        found.changed = found.id is not None
    if after not in said.places:
        said.places += (after,)
    return found, moved


def _new_affiliation(known: KnownContact, draft: ContactDraft, said: Said, changes: list[str]) -> KnownAffiliation:
    new = KnownAffiliation(outlet_key(draft.outlet), draft.role, draft.desk, is_primary=not known.affiliations)
    if known.affiliations:
        changes.append("one more outlet or post: " + ", ".join(part for part in (draft.outlet, new.post) if part))
    known.affiliations.append(new)
    said.places += (new.place,)
    return new


def _former_post(same_outlet: list[KnownAffiliation], draft: ContactDraft, said: Said) -> KnownAffiliation | None:
    """The one post at this outlet that the row replaces: a new role at the same desk. A new desk is one more post."""
    if len(same_outlet) != 1 or same_outlet[0].place in said.places:
        return None
    only = same_outlet[0]
    return only if not (only.desk and draft.desk and only.desk != draft.desk) else None


def _matching(affiliations: list[KnownAffiliation], draft: ContactDraft) -> KnownAffiliation | None:
    """The affiliation that says the same, else one that says more, else one that can be filled up."""
    fits = [
        one
        for one in affiliations
        if (not draft.role or one.role in ("", draft.role)) and (not draft.desk or one.desk in ("", draft.desk))
    ]
    if not fits:
        return None

    def distance(one: KnownAffiliation) -> tuple[bool, bool]:
        says_all = one.role == (draft.role or one.role) and one.desk == (draft.desk or one.desk)
        return not (one.role == draft.role and one.desk == draft.desk), not says_all

    return min(fits, key=distance)


def _join_list(known: KnownContact, affiliation: KnownAffiliation | None, said: Said) -> bool:
    """Put the contact on the file's list, through this row's affiliation unless an earlier row named one."""
    if not known.on_list:
        known.on_list = known.list_changed = True
        known.list_affiliation = affiliation
        said.listed = affiliation is not None
        return True
    moved = affiliation is not None and not said.listed and affiliation is not known.list_affiliation
    if moved:
        known.list_affiliation, known.list_changed = affiliation, True
    said.listed |= affiliation is not None
    return moved

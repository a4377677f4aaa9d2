"""Contacts who may be one person: pairs with a score and the reasons, without comparing everybody with everybody."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import combinations

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.contacts.cleaning.drafts import DESK
from distributor.contacts.cleaning.mailboxes import is_anybodys
from distributor.contacts.people.likeness import is_initial_of, name_likeness, sound_of
from distributor.errors import BadInput
from distributor.folding import fold
from distributor.models import Affiliation, Audit, Contact, Outlet

MIN_SCORE = 85
"""From which score on a pair is proposed."""

_DISTINCT = "contacts.distinct"
_CROWD = 60  # so many of one name or sound, and a pair needs more than that in common
_WINDOW = 20
_NAME_ALONE = 90
_NEAR_ALONE = 92  # a name that is only near must be this near where nothing else is shared
_NEAR_TOGETHER = 84
_PART_ALIKE = 75
_GENDERS = {"M.": "m", "Mr": "m", "Mme": "f", "Ms": "f"}


@dataclass(frozen=True, slots=True)
class Person:
    """What is compared of a contact."""

    contact_id: int
    name: str
    address: str
    name_key: str
    first_key: str
    last_key: str
    domain: str
    phone: str
    gender: str = ""
    outlets: tuple[str, ...] = ()

    @property
    def sounds(self) -> tuple[str, ...]:
        """The sounds of the name's words, in no order."""
        return tuple(sorted({sound_of(word) for word in self.name_key.split()}))


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two contacts who may be one person; `score` is 0 to 100. The one that the base met first comes first."""

    first: Person
    second: Person
    score: int
    reasons: tuple[str, ...]

    @property
    def command(self) -> str:
        """What makes them one."""
        return f"distributor contacts merge {self.first.address} {self.second.address}"


@dataclass(slots=True)
class _Blocks:
    """Contacts by what two of one person would have in common."""

    by_name: dict[str, list[Person]] = field(default_factory=dict)
    by_place: dict[tuple[str, str], list[Person]] = field(default_factory=dict)
    by_sound: dict[tuple[str, ...], list[Person]] = field(default_factory=dict)
    by_phone: dict[str, list[Person]] = field(default_factory=dict)

    def put(self, one: Person) -> None:
        """Put a contact into each block it belongs to."""
        if one.name_key:
            self.by_name.setdefault(_unordered(one.name_key), []).append(one)
            self.by_sound.setdefault(one.sounds, []).append(one)
        for place in _places(one):
            for sound in one.sounds:
                self.by_place.setdefault((place, sound), []).append(one)
        if one.phone:
            self.by_phone.setdefault(one.phone, []).append(one)

    def bearers(self, one: Person) -> int:
        """How many contacts have this one's name."""
        return len(self.by_name.get(_unordered(one.name_key), ()))

    def pairs(self) -> Iterator[tuple[Person, Person]]:
        """The pairs worth a look, some of them more than once; a crowd is only looked at beside its neighbours."""
        for block in self.by_name.values():
            yield from combinations(block, 2) if len(block) <= _CROWD else ()
        for other in (self.by_place, self.by_sound, self.by_phone):
            for group in other.values():
                yield from _neighbours(group)


def find_duplicates(
    session: Session, contact_ids: Collection[int] | None = None, *, min_score: int = MIN_SCORE
) -> list[Duplicate]:
    """The pairs of contacts who may be one person, the surest first; with `contact_ids`, those with one of them.

    Desks are left apart, and pairs that somebody said are two people.
    """
    blocks = _Blocks()
    for one in _people(session):
        blocks.put(one)
    distinct = _distinct(session)
    seen: set[tuple[int, int]] = set()
    found = []
    for first, second in blocks.pairs():
        key = (min(first.contact_id, second.contact_id), max(first.contact_id, second.contact_id))
        if key in seen or key in distinct:
            continue
        seen.add(key)
        if contact_ids is not None and not (key[0] in contact_ids or key[1] in contact_ids):
            continue
        score, reasons = compare(first, second, bearers=blocks.bearers(first))
        if score >= min_score:
            pair = (first, second) if first.contact_id == key[0] else (second, first)
            found.append(Duplicate(*pair, score, reasons))
    return sorted(found, key=lambda pair: (-pair.score, pair.first.contact_id, pair.second.contact_id))


def compare(first: Person, second: Person, *, bearers: int = 2) -> tuple[int, tuple[str, ...]]:
    """How surely two contacts are one person, 0 to 100, and why; `bearers` is how many have the first's name."""
    shared = _shared(first, second)
    same_phone = bool(first.phone) and first.phone == second.phone
    if not (first.name_key and second.name_key):
        return 0, ()
    score, reason = _by_name(first, second, is_near=bool(shared) or same_phone)
    if not score:
        return 0, ()
    reasons = [reason, *shared]
    score += 5 * bool(shared)
    if same_phone:
        reasons.append("the same phone")
        score += 8
    if not shared and not same_phone:
        # A common name is many people's, and two newsrooms are the more likely two people.
        score -= 3 * min(max(bearers - 2, 0), 5) + 4 * bool(first.outlets and second.outlets)
    if first.gender and second.gender and first.gender != second.gender:
        score -= 25
    return max(0, min(100, round(score))), tuple(reasons)


def mark_distinct(session: Session, first: int, second: int, *, actor: str) -> None:
    """Keep that two contacts are two people: they are not proposed again. `BadInput` for one and the same."""
    if first == second:
        raise BadInput("That is one contact.", mend="Name two.")
    session.add(Audit(actor=actor, action=_DISTINCT, subject="", details={"contacts": sorted((first, second))}))
    session.flush()


def _by_name(first: Person, second: Person, *, is_near: bool) -> tuple[float, str]:
    """The score that names alone come to, and the reason; 0 where they are no match."""
    if first.name_key == second.name_key:
        # A single word («Rédaction», a first name) is many people's.
        return (_NAME_ALONE if " " in first.name_key else 76), "the same name"
    if first.first_key == second.last_key and first.last_key == second.first_key:
        return _NAME_ALONE, "first and last name swapped"
    if _unordered(first.name_key) == _unordered(second.name_key):
        return _NAME_ALONE - 2, "the same words in the name"
    if is_near and first.last_key == second.last_key and is_initial_of(first.first_key, second.first_key):
        return 86, "the same name, one with an initial"
    likeness = name_likeness(first.name_key, second.name_key)
    if likeness < (_NEAR_TOGETHER if is_near else _NEAR_ALONE) or not _parts_alike(first, second):
        return 0, ""
    return likeness - (6 if is_near else 10), f"nearly the same name ({round(likeness)} %)"


def _unordered(name_key: str) -> str:
    return " ".join(sorted(name_key.split()))


def _parts_alike(first: Person, second: Person) -> bool:
    """Both first and last names alike: «Marie Durand» and «Marc Durand» are two."""
    if not (first.first_key and second.first_key and first.last_key and second.last_key):
        return True
    straight = min(name_likeness(first.first_key, second.first_key), name_likeness(first.last_key, second.last_key))
    crossed = min(name_likeness(first.first_key, second.last_key), name_likeness(first.last_key, second.first_key))
    return max(straight, crossed) >= _PART_ALIKE


def _shared(first: Person, second: Person) -> list[str]:
    outlets = [one for one in first.outlets if one in second.outlets]
    if outlets:
        return [f"the same outlet ({outlets[0]})"]
    if first.domain == second.domain and not is_anybodys(first.domain):
        return [f"both at {first.domain}"]
    return []


def _places(one: Person) -> list[str]:
    return [*one.outlets, *([] if is_anybodys(one.domain) else [one.domain])]


def _neighbours(group: list[Person]) -> Iterator[tuple[Person, Person]]:
    if len(group) <= _CROWD:
        yield from combinations(group, 2)
        return
    ordered = sorted(group, key=lambda one: (one.name_key, one.contact_id))
    for at, one in enumerate(ordered):
        for other in ordered[at + 1 : at + 1 + _WINDOW]:
            yield one, other


def _people(session: Session) -> Iterator[Person]:
    outlets: dict[int, list[str]] = {}
    for contact_id, name in session.execute(
        select(col(Affiliation.contact_id), col(Outlet.name)).join(Outlet, col(Outlet.id) == col(Affiliation.outlet_id))
    ):
        outlets.setdefault(contact_id, []).append(name)
    rows = session.execute(
        select(
            col(Contact.id), col(Contact.first_name), col(Contact.last_name), col(Contact.name_key),
            col(Contact.address), col(Contact.address_key), col(Contact.phone), col(Contact.civility),
        )
        .where(col(Contact.same_as_id).is_(None), col(Contact.address).is_not(None), col(Contact.flag) != DESK)
        .order_by(col(Contact.id))
    )  # fmt: skip
    for number, first, last, name_key, address, key, phone, civility in rows:
        yield Person(
            number, f"{first} {last}".strip(), address, name_key, fold(first), fold(last),
            key.rpartition("@")[2], _digits(phone), _GENDERS.get(civility, ""),
            tuple(dict.fromkeys(outlets.get(number, ()))),
        )  # fmt: skip


def _digits(phone: str) -> str:
    """The last nine digits of a phone number, which prefixes and spaces do not change; "" for too few."""
    digits = re.sub(r"\D", "", phone)
    return digits[-9:] if len(digits) >= 9 else ""


def _distinct(session: Session) -> set[tuple[int, int]]:
    """The pairs of whom somebody said that they are two."""
    rows = session.execute(select(col(Audit.at), col(Audit.details)).where(col(Audit.action) == _DISTINCT)).all()
    if not rows:
        return set()
    born = dict(session.execute(select(col(Contact.id), col(Contact.created_at))).all())
    pairs = [(at, *details["contacts"]) for at, details in rows]
    # The number of a contact who was erased may be given again: it was not said of that one.
    return {
        (first, second)
        for at, first, second in pairs
        if first in born and second in born and max(born[first], born[second]) <= at
    }

"""Two contacts made one: field by field, with their history, lists and objections; and made two again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from distributor.addresses import kept_address
from distributor.clock import now
from distributor.contacts.cleaning.drafts import DEFAULTS, DESK, OPTED_OUT
from distributor.contacts.cleaning.names import name_key
from distributor.contacts.people import ownership, snapshots
from distributor.contacts.people.changes import shown
from distributor.contacts.people.readdressing import share_objections
from distributor.contacts.people.uniting import unite_relations
from distributor.db.journalists import is_one_text, rows_of, texts_to
from distributor.errors import BadInput, Refused
from distributor.models import Audit, Contact, ContactMerge, Suppression, row_number
from distributor.states import OPEN_STATES
from distributor.tokens import Keyring

_WORDS = frozenset({"other_languages", "topics"})
_CHOSEN = tuple(name for name in DEFAULTS if name not in {*_WORDS, "embargo_trust", "confirmed_at", "attachments"})
CHOICES = (*_CHOSEN, "notes", "source")
"""The fields in which `--keep FIELD=A` or `=B` decides, besides the user's own (`fields.KEY`)."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What becomes of one field: the value of either, the one kept, and why, in a few words.

    `is_conflict` is that both say something, and not the same.
    """

    field: str
    first: str
    second: str
    kept: str
    why: str
    is_conflict: bool = False


@dataclass(frozen=True, slots=True)
class MergePlan:
    """What merging `second` into `first` comes to, contacts by their numbers: `values` are written to the first."""

    first: int
    second: int
    resolved: tuple[Resolved, ...]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Undone:
    """A merge taken back: which, the two contacts again, and what stays since it was changed afterwards."""

    merge_id: int
    first: int
    second: int
    left: tuple[str, ...]


def plan_merge(session: Session, first: int, second: int, choices: Mapping[str, str] | None = None) -> MergePlan:
    """Decide field by field; `choices` maps a field to `A` (the first) or `B`. Nothing is written.

    What only one says is kept; where both speak, the one that was changed last wins. Notes, topics and languages are
    joined, provenance is that of the first collection, trust and attachments are the stricter. Both stay as they are
    until the transaction ends. Raises `BadInput` for a contact merged with itself, and a choice that is none; `Refused`
    for one that another command has merged or erased since it was found.
    """
    if first == second:
        raise BadInput("That is one contact already.", mend="See its addresses with: distributor contacts show CONTACT")
    for number in sorted((first, second)):
        standing = session.get(Contact, number, with_for_update=True, populate_existing=True)
        if standing is None or standing.same_as_id is not None:
            raise Refused(
                "Another command has merged or erased one of them meanwhile; nothing was merged.",
                mend="Run the same command again.",
            )
    a, b = session.get_one(Contact, first), session.get_one(Contact, second)
    chosen = _checked(choices or {}, a, b)
    newer = "B" if b.updated_at > a.updated_at else "A"
    resolved: list[Resolved] = []
    values: dict[str, Any] = {}
    for name in _CHOSEN:
        values[name] = _choose(resolved, name, (getattr(a, name), getattr(b, name)), chosen.get(name), newer)
    values["fields"] = _fields(resolved, a, b, chosen, newer)
    values |= _joined(resolved, a, b, str(values["language"]))
    values |= _provenance(resolved, a, b, chosen.get("source"))
    values |= _strictest(resolved, a, b)
    values |= _moments(a, b)
    values["name_key"] = name_key(values["first_name"], values["last_name"])
    return MergePlan(first, second, tuple(resolved), values)


def merge(session: Session, keyring: Keyring, plan: MergePlan, *, actor: str) -> int:
    """Carry out a plan: the second contact becomes one more address of the first; return the merge's number.

    Its deliveries stay with that address. Affiliations, lists, sectors and what either objected to are the first's.
    Raises `Refused` while both wait for the same release: one journalist, one message.
    """
    _require_one_message(session, plan.first, plan.second)
    a, b = session.get_one(Contact, plan.first), session.get_one(Contact, plan.second)
    before = snapshots.take(session, [plan.first, plan.second])
    for name, value in plan.values.items():
        setattr(a, name, value)
    a.updated_at = now()
    session.add(a)
    unite_relations(session, a, b)
    session.execute(update(Contact).where(col(Contact.same_as_id) == b.id).values(same_as_id=a.id))
    b.same_as_id = a.id
    session.add(b)
    session.flush()
    _, added = share_objections(session, keyring, a, actor)
    after = snapshots.take(session, [plan.first, plan.second])
    done = ContactMerge(
        kept_id=plan.first,
        merged_id=plan.second,
        before={"before": before, "after": after, "objections": added},
        actor=actor,
    )
    session.add(done)
    details = {"contact": plan.first, "merged": plan.second, "address": b.address}
    session.add(Audit(actor=actor, action="contacts.merge", subject=a.address or "", details=details))
    session.flush()
    assert done.id is not None
    return done.id


def find_merge(session: Session, names: Sequence[int | str]) -> ContactMerge:
    """The merge to take back: by its number, by the contact (its last one), or by a contact and one of its addresses.

    Raises `BadInput` when there is none that stands.
    """
    standing = select(ContactMerge).where(col(ContactMerge.undone_at).is_(None)).order_by(col(ContactMerge.id).desc())
    if len(names) == 1 and isinstance(names[0], int):
        standing = standing.where(col(ContactMerge.id) == names[0])
    else:
        keys = [kept_address(str(one)).key for one in names]
        owner = ownership.owner_of(session, keys[0])
        standing = standing.where(col(ContactMerge.kept_id) == owner)
        if len(keys) > 1:
            merged = select(col(Contact.id)).where(col(Contact.address_key).in_(keys))
            standing = standing.where(col(ContactMerge.merged_id).in_(merged))
    found = session.scalars(standing.limit(1)).first()
    if found is None:
        raise BadInput("There is no merge of these to undo.", mend="See: distributor contacts history CONTACT")
    return found


def undo(session: Session, done: ContactMerge, *, actor: str) -> Undone:
    """Make two contacts of one again, as they were; what was changed since the merge stays, and is named.

    Raises `Refused` when the contact was itself merged into another one since.
    """
    kept = session.get_one(Contact, done.kept_id)
    if kept.same_as_id is not None:
        other = session.get_one(Contact, kept.same_as_id)
        raise Refused(
            f"{kept.address} was merged into {other.address} since.",
            mend=f"Undo that first: distributor contacts merge --undo {other.address} {kept.address}",
        )
    left = snapshots.restore(session, done.before["before"], done.before["after"])
    for number, address_hash in done.before["objections"]:
        line = session.get(Suppression, number)
        if line is not None and line.address_hash == address_hash:
            session.delete(line)
    done.undone_at = now()
    session.add(done)
    details = {"contact": done.kept_id, "merged": done.merged_id, "left": len(left)}
    session.add(Audit(actor=actor, action="contacts.unmerge", subject=kept.address or "", details=details))
    session.flush()
    assert done.id is not None
    return Undone(done.id, done.kept_id, done.merged_id, tuple(left))


# Deciding


def _checked(choices: Mapping[str, str], a: Contact, b: Contact) -> dict[str, str]:
    known = {*CHOICES, *(f"fields.{key}" for key in (*a.fields, *b.fields))}
    found = {}
    for name, side in choices.items():
        if name not in known:
            if name == "address":
                mend = f"Name them the other way round: distributor contacts merge {b.address} {a.address}"
                raise BadInput("The address of the first one named is kept.", mend=mend, field="--keep")
            raise BadInput(
                f"There is no choice of «{name}».", mend=f"It takes {', '.join(sorted(known))}.", field="--keep"
            )
        if side.upper() not in ("A", "B"):
            raise BadInput(f"«{name}={side}»: it is A or B.", mend="A is the first one named.", field="--keep")
        found[name] = side.upper()
    return found


def _choose(resolved: list[Resolved], name: str, pair: tuple[Any, Any], choice: str | None, newer: str) -> Any:
    (one, other), default = pair, DEFAULTS.get(name, "")
    is_conflict = one != other and default not in (one, other)
    if choice:
        kept, why = (one if choice == "A" else other), "as you say"
    elif not is_conflict:
        kept, why = (other if one == default else one), "only one says it"
    else:
        kept, why = (one if newer == "A" else other), f"{newer} was changed last"
    if one != other:
        resolved.append(Resolved(name, shown(one), shown(other), shown(kept), why, is_conflict))
    return kept


def _fields(resolved: list[Resolved], a: Contact, b: Contact, chosen: Mapping[str, str], newer: str) -> dict[str, str]:
    found = {}
    for key in dict.fromkeys((*a.fields, *b.fields)):
        name = f"fields.{key}"
        found[key] = _choose(resolved, name, (a.fields.get(key, ""), b.fields.get(key, "")), chosen.get(name), newer)
    return {key: text for key, text in found.items() if text}


def _joined(resolved: list[Resolved], a: Contact, b: Contact, language: str) -> dict[str, str]:
    """Topics and languages of both, and the notes one under the other."""
    spoken = [a.language, b.language, *a.other_languages.split("; "), *b.other_languages.split("; ")]
    values = {
        "other_languages": "; ".join(one for one in dict.fromkeys(spoken) if one and one != language),
        "topics": "; ".join(filter(None, dict.fromkeys([*a.topics.split("; "), *b.topics.split("; ")]))),
        "notes": a.notes if b.notes in a.notes else b.notes if a.notes in b.notes else f"{a.notes}\n{b.notes}",
    }
    for name, kept in values.items():
        one, other = getattr(a, name), getattr(b, name)
        if one != other:
            resolved.append(Resolved(name, one, other, kept, "both, joined"))
    return values


def _provenance(resolved: list[Resolved], a: Contact, b: Contact, choice: str | None) -> dict[str, Any]:
    """Where somebody comes from is where they came from first."""
    has_both = a.collected_at is not None and b.collected_at is not None
    is_later = bool(has_both and a.collected_at and b.collected_at and b.collected_at < a.collected_at)
    taken = (a if choice == "A" else b) if choice else (b if is_later or a.collected_at is None else a)
    spare = a if taken is b else b
    values = {name: getattr(taken, name) or getattr(spare, name) for name in ("source", "legal_basis", "collected_at")}
    if a.source != b.source:
        why = "as you say" if choice else "collected first"
        resolved.append(Resolved("source", a.source, b.source, values["source"], why))
    return values


def _strictest(resolved: list[Resolved], a: Contact, b: Contact) -> dict[str, Any]:
    flags = {a.flag, b.flag}
    flag = OPTED_OUT if OPTED_OUT in flags else DESK if flags == {DESK} else "" if DESK in flags else a.flag
    values = {
        "embargo_trust": a.embargo_trust and b.embargo_trust,
        "attachments": "no" if "no" in (a.attachments, b.attachments) else a.attachments,
        "flag": flag,
    }
    for name, kept in values.items():
        one, other = getattr(a, name), getattr(b, name)
        if one != other:
            resolved.append(Resolved(name, shown(one), shown(other), shown(kept), "the stricter"))
    return values


def _moments(a: Contact, b: Contact) -> dict[str, datetime | None]:
    def of(name: str) -> list[datetime]:
        return [moment for moment in (getattr(a, name), getattr(b, name)) if moment is not None]

    return {
        "notice_sent_at": min(of("notice_sent_at"), default=None),
        "last_inbound_at": max(of("last_inbound_at"), default=None),
        "confirmed_at": max(of("confirmed_at"), default=None),
    }


# Carrying out


def _require_one_message(session: Session, first: int, second: int) -> None:
    one, other = (
        texts_to(rows_of(row_number(number)), OPEN_STATES, name) for number, name in ((first, "one"), (second, "other"))
    )
    twice = session.scalar(select(func.max(one.c.dispatch_id)).where(is_one_text(one, other)))
    if twice is not None:
        raise Refused(
            f"Both wait for the same release (dispatch {twice}), and would both get it.",
            mend="Merge them when it is through.",
        )

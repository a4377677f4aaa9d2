"""Outlets by hand: found by name, summed up, corrected, renamed, two made one, and those that seem to be one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col

from distributor.clock import now
from distributor.contacts.cleaning.cells import clean_text
from distributor.contacts.cleaning.codes import read_outlet_kind
from distributor.contacts.filters.facts import is_current
from distributor.contacts.filters.language import clauses_of, parse_filter
from distributor.contacts.filters.words import says
from distributor.contacts.people.changes import Change
from distributor.contacts.people.likeness import outlet_forms, outlets_alike
from distributor.contacts.people.members import Member, read_contacts
from distributor.errors import BadInput, did_you_mean
from distributor.folding import outlet_key
from distributor.models import Affiliation, Audit, Contact, MediaList, MediaListMember, Outlet

_DETAILS = ("kind", "region", "website", "deadline")
_HOUR = re.compile(r"(?P<hour>[01]?\d|2[0-3])\s*(?:[:h]\s*(?P<minute>[0-5]\d)?|heures?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OutletSummary:
    """An outlet in a listing; `contacts` is how many work there today."""

    name: str
    kind: str
    region: str
    website: str
    deadline: str
    contacts: int


@dataclass(frozen=True, slots=True)
class OutletPair:
    """Two outlets that seem to be one, and why; the one with more contacts comes first."""

    first: str
    second: str
    reason: str


def outlets(session: Session, *, kind: str = "", region: str = "", search: str = "") -> list[OutletSummary]:
    """The outlets, by name; of a kind, of a region, or whose name holds these words, accents ignored."""
    counted = _counts(session)
    found = []
    for one in session.scalars(select(Outlet).order_by(col(Outlet.key))):
        kept = not kind or read_outlet_kind(kind) == read_outlet_kind(one.kind)
        kept = kept and (not region or says(region, one.region, whole=False))
        if kept and (not search or says(search, one.name, whole=False)):
            found.append(_summary(one, counted))
    return found


def outlet_called(session: Session, name: str) -> Outlet | None:
    """The outlet of that name, whatever its accents and capitals; None if there is none."""
    return session.scalars(select(Outlet).where(col(Outlet.key) == outlet_key(name))).one_or_none()


def find_outlet(session: Session, name: str) -> Outlet:
    """The outlet of that name; `BadInput` with the nearest names when there is none."""
    found = outlet_called(session, name)
    if found is None:
        near = near_outlets(session, name)
        mend = did_you_mean(near) or "See: distributor outlets list"
        raise BadInput(f"There is no outlet «{name}».", mend=mend)
    return found


def near_outlets(session: Session, name: str) -> list[str]:
    """Up to three outlets that `name` may have been meant for, or may be another name of."""
    known = {key: (shown, outlet_forms(shown)) for key, shown in _names(session).items()}
    forms = outlet_forms(name)
    same = [shown for shown, others in known.values() if forms & others]
    near = difflib.get_close_matches(outlet_key(name), known, n=3, cutoff=0.75)
    longer = [key for key in known if f" {outlet_key(name)}" in f" {key}"]
    return list(dict.fromkeys([*same, *(known[key][0] for key in (*near, *longer))]))[:3]


def summary(session: Session, outlet: Outlet) -> OutletSummary:
    """One outlet as a listing shows it."""
    return _summary(outlet, _counts(session))


def contacts_of(session: Session, outlet: Outlet) -> list[Member]:
    """Who works for an outlet today."""
    there = select(col(Affiliation.contact_id)).where(
        col(Affiliation.outlet_id) == outlet.id, is_current(Affiliation, now().date())
    )
    return list(read_contacts(session, col(Contact.id).in_(there)))


def doubles(session: Session) -> list[OutletPair]:
    """Outlets that seem to be one: by name without article and «.fr», by website, by a letter or two."""
    counted = _counts(session)
    every = list(session.scalars(select(Outlet).order_by(col(Outlet.key))))
    blocks: dict[tuple[str, str], list[Outlet]] = {}
    for one in every:
        for form in outlet_forms(one.name):
            blocks.setdefault(("the same name but for article, spaces or ending", form), []).append(one)
        if host := _host(one.website):
            blocks.setdefault((f"the same website, {host}", host), []).append(one)
        blocks.setdefault(("", one.key[:3]), []).append(one)
    found: dict[frozenset[int | None], OutletPair] = {}
    for (reason, _), group in blocks.items():
        for first, second in combinations(group, 2):
            why = reason or ("nearly the same name" if outlets_alike(first.key, second.key) else "")
            key = frozenset((first.id, second.id))
            if why and key not in found:
                bigger, smaller = sorted((first, second), key=lambda one: (-counted.get(one.id, 0), one.id or 0))
                found[key] = OutletPair(bigger.name, smaller.name, why)
    return sorted(found.values(), key=lambda pair: pair.first.casefold())


def edit_outlet(session: Session, outlet: Outlet, said: Mapping[str, str], *, actor: str) -> list[Change]:
    """Change kind, region, website or deadline of an outlet («» erases); return old → new."""
    changes = []
    for name in _DETAILS:
        if name not in said:
            continue
        new = clean_text(said[name])[0]
        new = _READ[name](new) if name in _READ else new
        old = getattr(outlet, name)
        if old != new:
            setattr(outlet, name, new)
            changes.append(Change(name, old, new))
    if changes:
        session.add(outlet)
        details = {"changes": [{"field": one.what, "old": one.old, "new": one.new} for one in changes]}
        session.add(Audit(actor=actor, action="outlets.edit", subject=outlet.name, details=details))
        session.flush()
    return changes


def read_deadline(text: str) -> str:
    """The hour at which an outlet closes its edition, as 18:30; "" for none. `BadInput` for what is no hour."""
    if not text:
        return ""
    match = _HOUR.fullmatch(text)
    if match is None:
        raise BadInput(f"«{text}» is no hour of the day.", field="--deadline", mend="Write it as 18:30.")
    return f"{int(match['hour']):02}:{match['minute'] or '00'}"


_READ: Mapping[str, Callable[[str], str]] = {"kind": read_outlet_kind, "deadline": read_deadline}
"""How what is typed of an outlet is read, where it is not taken as it stands."""


def rename_outlet(session: Session, outlet: Outlet, name: str, *, actor: str) -> list[str]:
    """Give an outlet another name; return remarks. `BadInput` when another outlet has it, or it is empty."""
    name = clean_text(name)[0]
    key = outlet_key(name)
    if not key:
        raise BadInput("An outlet has a name.", mend="Say which one it is to have.")
    other = outlet_called(session, name)
    if other is not None and other.id != outlet.id:
        raise BadInput(
            f"There is an outlet «{other.name}» already.",
            mend=f'If they are one: distributor outlets merge "{other.name}" "{outlet.name}"',
        )
    former = outlet.name
    outlet.name, outlet.key = name, key
    session.add(outlet)
    session.add(Audit(actor=actor, action="outlets.rename", subject=name, details={"former": former}))
    session.flush()
    return _asking(session, former, name)


def merge_outlets(session: Session, kept: Outlet, merged: Outlet, *, actor: str) -> tuple[int, list[str]]:
    """Make two outlets one: whoever works for `merged` works for `kept`. Return how many moved, and remarks.

    What is not known of `kept` is taken from `merged`. Reports keep the name that each message went out under.
    """
    if kept.id == merged.id:
        raise BadInput(f"«{kept.name}» is one outlet already.")
    rows = session.scalars(
        select(Affiliation).where(col(Affiliation.outlet_id) == merged.id).order_by(col(Affiliation.id))
    ).all()
    for one in rows:
        same = session.scalars(
            select(Affiliation).where(
                col(Affiliation.contact_id) == one.contact_id,
                col(Affiliation.outlet_id) == kept.id,
                col(Affiliation.role) == one.role,
                col(Affiliation.desk) == one.desk,
            )
        ).one_or_none()
        if same is None:
            assert kept.id is not None
            one.outlet_id = kept.id
            session.add(one)
        else:
            _drop_double(session, same, one)
        session.flush()
    for name in _DETAILS:
        if not getattr(kept, name):
            setattr(kept, name, getattr(merged, name))
    session.add(kept)
    details = {"merged": merged.name, "affiliations": len(rows)}
    session.add(Audit(actor=actor, action="outlets.merge", subject=kept.name, details=details))
    former = merged.name
    session.execute(delete(Outlet).where(col(Outlet.id) == merged.id))
    session.flush()
    return len({one.contact_id for one in rows}), _asking(session, former, kept.name)


def _drop_double(session: Session, same: Affiliation, one: Affiliation) -> None:
    """Let `same` stand for `one`, which says no more."""
    same.address = same.address or one.address
    same.is_primary = same.is_primary or one.is_primary
    starts = [day for day in (same.valid_from, one.valid_from) if day]
    same.valid_from = min(starts) if len(starts) == 2 else None
    same.valid_to = max(same.valid_to, one.valid_to) if same.valid_to and one.valid_to else None
    session.add(same)
    session.execute(
        update(MediaListMember).where(col(MediaListMember.affiliation_id) == one.id).values(affiliation_id=same.id)
    )
    session.delete(one)


def _asking(session: Session, former: str, name: str) -> list[str]:
    """Smart lists that ask for an outlet by a name that it no longer answers to."""
    found = []
    for media_list in session.scalars(
        select(MediaList).where(col(MediaList.query) != "").order_by(col(MediaList.slug))
    ):
        texts = [
            value.text
            for clause in clauses_of(parse_filter(media_list.query))
            if clause.name == "outlet"
            for value in clause.values
        ]
        if any(text and says(text, former, whole=False) and not says(text, name, whole=False) for text in texts):
            found.append(f"The smart list «{media_list.slug}» asks for «{former}»: look at its query.")
    return found


def _names(session: Session) -> dict[str, str]:
    return dict(session.execute(select(col(Outlet.key), col(Outlet.name))).all())


def _counts(session: Session) -> dict[int | None, int]:
    rows = session.execute(
        select(col(Affiliation.outlet_id), func.count(func.distinct(col(Affiliation.contact_id))))
        .where(is_current(Affiliation, now().date()))
        .group_by(col(Affiliation.outlet_id))
    )
    return dict(rows.all())


def _summary(one: Outlet, counted: Mapping[int | None, int]) -> OutletSummary:
    return OutletSummary(one.name, one.kind, one.region, one.website, one.deadline, counted.get(one.id, 0))


def _host(website: str) -> str:
    host = urlsplit(website if "//" in website else f"//{website}").hostname or ""
    return host.removeprefix("www.")

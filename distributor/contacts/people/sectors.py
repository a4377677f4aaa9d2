"""Sectors by hand: a tree of two levels, renamed, moved, merged, deleted, with no objection ever forgotten by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, or_, select, update
from sqlmodel import Session, col

from distributor.contacts.cleaning.cells import clean_text
from distributor.contacts.filters.language import clauses_of, format_filter, parse_filter, rename_value
from distributor.errors import BadInput, Refused
from distributor.folding import slugify
from distributor.models import Audit, ContactSector, Delivery, MediaList, Sector, Suppression
from distributor.states import OPEN_STATES


@dataclass(frozen=True, slots=True)
class SectorLine:
    """A sector in the tree: how many contacts cover it, lists are about it, and people objected to it.

    `parent` is the slug of the sector above, or "".
    """

    slug: str
    name: str
    parent: str
    contacts: int
    lists: int
    objections: int


def tree(session: Session) -> list[SectorLine]:
    """Every sector, children under their parents."""
    covered = _counts(session, col(ContactSector.sector_id), func.count(col(ContactSector.contact_id)))
    listed = _counts(session, col(MediaList.sector_id), func.count(col(MediaList.id)))
    objected = _counts(session, col(Suppression.scope), func.count(col(Suppression.id)))
    every = list(session.scalars(select(Sector)))
    slugs = {one.id: one.slug for one in every}

    def place(one: Sector) -> tuple[str, str]:
        return (slugs[one.parent_id], one.slug) if one.parent_id else (one.slug, "")

    return [
        SectorLine(
            one.slug,
            one.name,
            slugs.get(one.parent_id, ""),
            covered.get(one.id, 0),
            listed.get(one.id, 0),
            objected.get(one.slug, 0),
        )
        for one in sorted(every, key=place)
    ]


def line(session: Session, slug: str) -> SectorLine:
    """One sector as a listing shows it; `Refused` where another command has just deleted it."""
    for found in tree(session):
        if found.slug == slug:
            return found
    raise Refused("Another command has just deleted this sector.", mend="See: distributor sectors list")


def add_sector(session: Session, name: str, *, parent: Sector | None = None, actor: str) -> Sector:
    """Make a sector, under another one if given. `BadInput` for a name that is taken, or a third level."""
    name = clean_text(name)[0]
    slug = _free_slug(session, name)
    if parent is not None:
        _require_top(session, parent)
    made = Sector(slug=slug, name=name, parent_id=parent.id if parent else None)
    session.add(made)
    _note(session, actor, "sectors.add", slug, parent=parent.slug if parent else "")
    session.flush()
    return made


def rename_sector(session: Session, sector: Sector, name: str, *, actor: str) -> int:
    """Give a sector another name, and the slug made of it; return how many objections hold for the new one too.

    Smart lists go on asking for it. What was objected to under the old slug is kept beside it: releases may still name
    it. Raises `BadInput` for a name that is taken, `Refused` while messages of the sector are under way.
    """
    name, former = clean_text(name)[0], sector.slug
    slug = former if slugify(name) == former else _free_slug(session, name)
    carried = 0
    if slug != former:
        _require_quiet(session, former)
        carried = _carry_objections(session, former, slug)
        _rewrite_queries(session, former, slug)
    sector.name, sector.slug = name, slug
    session.add(sector)
    _note(session, actor, "sectors.rename", slug, former=former, objections=carried)
    session.flush()
    return carried


def move_sector(session: Session, sector: Sector, parent: Sector | None, *, actor: str) -> int:
    """Put a sector under another one, or (None) on the first level; return how many objections it takes along.

    Who objected to the parent it leaves objected to it too, and goes on doing so. Raises `BadInput` for a third level.
    """
    if parent is not None:
        if parent.id == sector.id:
            raise BadInput("A sector does not stand under itself.")
        _require_top(session, parent)
        if below := _below(session, sector):
            raise BadInput(
                f"Under «{sector.name}» stand others ({_named(below)}), and there are two levels.",
                mend="Move them first.",
            )
    carried, former = 0, _parent_of(session, sector)
    if former is not None and (parent is None or parent.id != former.id):
        carried = _carry_objections(session, former.slug, sector.slug)
    sector.parent_id = parent.id if parent else None
    session.add(sector)
    details = {"former": former.slug if former else "", "parent": parent.slug if parent else ""}
    _note(session, actor, "sectors.move", sector.slug, **details, objections=carried)
    session.flush()
    return carried


def merge_sectors(session: Session, kept: Sector, merged: Sector, *, actor: str) -> int:
    """Make two sectors one: contacts, lists, children, objections of `merged` are `kept`'s; return how many objected.

    Raises `BadInput` for a third level, `Refused` while messages of the merged one are under way.
    """
    if kept.id == merged.id:
        raise BadInput(f"«{kept.name}» is one sector already.")
    below = [one for one in _below(session, merged) if one.id != kept.id]
    if below and kept.parent_id is not None and kept.parent_id != merged.id:
        raise BadInput(
            f"Under «{merged.name}» stand others ({_named(below)}), and «{kept.name}» is below one.",
            mend="Move them first: distributor sectors move",
        )
    _require_quiet(session, merged.slug)
    carried = _carry_objections(session, merged.slug, kept.slug)
    above = _parent_of(session, merged)
    if above is not None and above.id not in (kept.id, kept.parent_id):
        carried += _carry_objections(session, above.slug, kept.slug)
    if kept.parent_id == merged.id:
        kept.parent_id = merged.parent_id
        session.add(kept)
    for one in below:
        one.parent_id = kept.id
        session.add(one)
    there = select(col(ContactSector.contact_id)).where(col(ContactSector.sector_id) == kept.id)
    mine = col(ContactSector.sector_id) == merged.id
    session.execute(delete(ContactSector).where(mine, col(ContactSector.contact_id).in_(there)))
    session.execute(update(ContactSector).where(mine).values(sector_id=kept.id))
    session.execute(update(MediaList).where(col(MediaList.sector_id) == merged.id).values(sector_id=kept.id))
    _rewrite_queries(session, merged.slug, kept.slug)
    _note(session, actor, "sectors.merge", kept.slug, merged=merged.slug, objections=carried)
    session.flush()
    session.delete(merged)
    session.flush()
    return carried


def delete_sector(session: Session, sector: Sector, *, actor: str) -> None:
    """Delete a sector: contacts stay, lists are about none any more, objections to it are kept.

    Raises `BadInput` while others stand under it or a smart list asks for it.
    """
    if below := _below(session, sector):
        raise BadInput(f"Under «{sector.name}» stand others: {_named(below)}.", mend="Move them.")
    if asking := _asking(session, sector.slug):
        raise BadInput(
            f"The smart list {asking[0].slug} asks for «{sector.slug}».",
            mend=f"Change that one first: distributor lists edit {asking[0].slug} --where FILTER",
        )
    _require_quiet(session, sector.slug)
    session.execute(delete(ContactSector).where(col(ContactSector.sector_id) == sector.id))
    session.execute(update(MediaList).where(col(MediaList.sector_id) == sector.id).values(sector_id=None))
    _note(session, actor, "sectors.delete", sector.slug)
    session.delete(sector)
    session.flush()


def _counts(session: Session, key: object, many: object) -> dict[object, int]:
    return dict(session.execute(select(key, many).group_by(key)).all())  # type: ignore[call-overload]  # columns of any type


def _free_slug(session: Session, name: str) -> str:
    slug = slugify(name)
    if not slug:
        raise BadInput(f"«{name}» cannot name a sector.", mend="Give it a name with letters, as in: Économie")
    if session.scalars(select(Sector).where(col(Sector.slug) == slug)).first() is not None:
        raise BadInput(f"There is a sector «{slug}» already.", mend="To make two one: distributor sectors merge A B")
    return slug


def _parent_of(session: Session, sector: Sector) -> Sector | None:
    return session.get(Sector, sector.parent_id) if sector.parent_id else None


def _below(session: Session, sector: Sector) -> Sequence[Sector]:
    return session.scalars(select(Sector).where(col(Sector.parent_id) == sector.id).order_by(col(Sector.slug))).all()


def _named(sectors: Sequence[Sector]) -> str:
    return ", ".join(one.slug for one in sectors)


def _require_top(session: Session, parent: Sector) -> None:
    above = _parent_of(session, parent)
    if above is not None:
        raise BadInput(
            f"«{parent.name}» stands under «{above.name}», and there are two levels.",
            mend="Choose a sector of the first.",
        )


def _require_quiet(session: Session, slug: str) -> None:
    """Raise `Refused` while messages wait for this sector: an objection is held against the slug they carry."""
    waiting = session.scalars(
        select(col(Delivery.dispatch_id))
        .where(
            col(Delivery.state).in_(list(OPEN_STATES)),
            or_(col(Delivery.sector_slug) == slug, col(Delivery.release_sector_slug) == slug),
        )
        .limit(1)
    ).first()
    if waiting is not None:
        raise Refused(
            f"Dispatch {waiting} still waits to send for the sector «{slug}».", mend="Do this when it is through."
        )


def _carry_objections(session: Session, former: str, slug: str) -> int:
    """Who objected to `former` objects to `slug` as well; return how many that was new for."""
    known = set(session.scalars(select(col(Suppression.address_hash)).where(col(Suppression.scope) == slug)))
    rows = session.scalars(select(Suppression).where(col(Suppression.scope) == former).order_by(col(Suppression.id)))
    new = [one for one in rows if one.address_hash not in known]
    session.add_all(
        Suppression(
            address_hash=one.address_hash,
            key_id=one.key_id,
            scope=slug,
            reason=one.reason,
            source=one.source,
            created_at=one.created_at,
        )
        for one in new
    )
    session.flush()
    return len(new)


def _asking(session: Session, slug: str) -> list[MediaList]:
    """The smart lists whose query names the sector."""
    smart = session.scalars(select(MediaList).where(col(MediaList.query) != "").order_by(col(MediaList.slug)))
    return [
        one
        for one in smart
        if any(
            clause.name == "sector" and any(slugify(value.text) == slug for value in clause.values)
            for clause in clauses_of(parse_filter(one.query))
        )
    ]


def _rewrite_queries(session: Session, former: str, slug: str) -> None:
    for media_list in _asking(session, former):
        media_list.query = format_filter(rename_value(parse_filter(media_list.query), "sector", former, slug))
        session.add(media_list)


def _note(session: Session, actor: str, action: str, slug: str, **details: object) -> None:
    session.add(Audit(actor=actor, action=action, subject=slug, details=details))

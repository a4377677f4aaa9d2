"""What hangs on a contact, made another's: affiliations with the address used there, lists, their history, sectors."""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from distributor.models import Affiliation, Contact, ContactSector, MediaListDeparture, MediaListMember


def unite_relations(session: Session, kept: Contact, merged: Contact) -> None:
    """Give `kept` all that `merged` has. Lists go on mailing the address they mailed, through its affiliation.

    Nobody leaves a list by it, so no departure is written: who stood on it since when is the kept contact's now.
    """
    assert kept.id is not None
    assert merged.id is not None
    moved, primary = _move_affiliations(session, kept, merged)
    _move_members(session, kept.id, merged.id, moved, primary)
    _move_sectors(session, kept.id, merged.id)
    session.execute(
        update(MediaListDeparture).where(col(MediaListDeparture.contact_id) == merged.id).values(contact_id=kept.id)
    )
    _drop_affiliations(session, merged.id)
    session.flush()


def _affiliations(session: Session, contact_id: int | None) -> list[Affiliation]:
    mine = select(Affiliation).where(col(Affiliation.contact_id) == contact_id)
    return list(session.scalars(mine.order_by(col(Affiliation.is_primary).desc(), col(Affiliation.id))))


def _move_affiliations(session: Session, kept: Contact, merged: Contact) -> tuple[dict[int | None, int], int | None]:
    """Return which affiliation each of the merged contact's became, and what its primary one became (None: none)."""
    assert kept.id is not None
    own = _affiliations(session, kept.id)
    theirs = _affiliations(session, merged.id)
    moved: dict[int | None, int] = {}
    has_primary = any(one.is_primary for one in own)
    for one in theirs:
        same = next((known for known in own if _says_as_much(known, one)), None)
        if same is None:
            one.contact_id = kept.id
            one.address = one.address or merged.address or ""
            one.is_primary = one.is_primary and not has_primary
            own.append(one)
            same = one
        else:
            starts = [day for day in (same.valid_from, one.valid_from) if day]
            same.valid_from = min(starts, default=None)
            same.valid_to = max(same.valid_to, one.valid_to) if same.valid_to and one.valid_to else None
        session.add(same)
        session.flush()
        assert same.id is not None
        moved[one.id] = same.id
    return moved, next(iter(moved.values()), None)


def _says_as_much(known: Affiliation, one: Affiliation) -> bool:
    """Whether `known` is at the same outlet, and says all that `one` says of role and desk."""
    return (
        known.outlet_id == one.outlet_id
        and one.role in ("", known.role)
        and one.desk in ("", known.desk)
    )  # fmt: skip


def _drop_affiliations(session: Session, merged_id: int) -> None:
    """Those that said nothing new are left behind; lists refer to the other ones by now."""
    session.execute(delete(Affiliation).where(col(Affiliation.contact_id) == merged_id))


def _move_members(
    session: Session, kept_id: int, merged_id: int, moved: dict[int | None, int], primary: int | None
) -> None:
    for one in session.scalars(select(MediaListMember).where(col(MediaListMember.contact_id) == merged_id)).all():
        there = session.get(MediaListMember, (one.media_list_id, kept_id))
        if there is None:
            session.add(
                MediaListMember(
                    media_list_id=one.media_list_id,
                    contact_id=kept_id,
                    affiliation_id=moved.get(one.affiliation_id, primary),
                    source=one.source,
                    added_at=one.added_at,
                )
            )
        elif one.added_at < there.added_at:
            there.added_at, there.source = one.added_at, one.source
            session.add(there)
        session.delete(one)
        session.flush()


def _move_sectors(session: Session, kept_id: int, merged_id: int) -> None:
    covered = set(session.scalars(select(col(ContactSector.sector_id)).where(col(ContactSector.contact_id) == kept_id)))
    for one in session.scalars(select(ContactSector).where(col(ContactSector.contact_id) == merged_id)).all():
        if one.sector_id not in covered:
            session.add(ContactSector(contact_id=kept_id, sector_id=one.sector_id))
        session.delete(one)
    session.flush()

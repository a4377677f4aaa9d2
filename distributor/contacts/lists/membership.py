"""Who stands on a list and who stood there: joining and leaving, the only writer of departures, a list as of a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, literal, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from distributor.db.pieces import in_pieces
from distributor.models import Affiliation, MediaList, MediaListDeparture, MediaListMember, Moment, Outlet


@dataclass(frozen=True, slots=True)
class Stay:
    """That a contact stands, or stood until `removed_at`, on a list; `outlet` is the one it stands there for."""

    added_at: datetime
    source: str
    removed_at: datetime | None = None
    reason: str = ""
    outlet: str = ""


def join_list(
    session: Session | Connection, media_list_id: int, contact_ids: Sequence[int], *, source: str, moment: datetime
) -> list[int]:
    """Put contacts on a list; return those who did not stand there yet. They are mailed at their primary affiliation.

    A list with a query has no members of its own: the caller has made sure that this is none.
    """
    there: set[int] = set()
    for chunk in in_pieces(contact_ids):
        rows = session.execute(select(col(MediaListMember.contact_id)).where(_on(media_list_id, chunk)))
        there.update(row[0] for row in rows)
    new = [one for one in dict.fromkeys(contact_ids) if one not in there]
    if new:
        row = {"media_list_id": media_list_id, "affiliation_id": None, "source": source, "added_at": moment}
        session.execute(insert(MediaListMember), [{**row, "contact_id": one} for one in new])
    return new


def leave_list(
    session: Session | Connection,
    media_list_id: int,
    contact_ids: Sequence[int],
    *,
    source: str,
    reason: str,
    moment: datetime,
) -> int:
    """Take contacts off a list and keep that they stood there; return how many did.

    `source` is what took them off (a file, a command), `reason` why, in a few words.
    """
    left = 0
    for chunk in in_pieces(contact_ids):
        stays = select(
            col(MediaListMember.media_list_id),
            col(MediaListMember.contact_id),
            literal(source),
            literal(reason),
            col(MediaListMember.added_at),
            literal(moment, Moment()),
        ).where(_on(media_list_id, chunk))
        columns = ["media_list_id", "contact_id", "source", "reason", "added_at", "removed_at"]
        session.execute(insert(MediaListDeparture).from_select(columns, stays))
        gone = delete(MediaListMember).where(_on(media_list_id, chunk)).returning(col(MediaListMember.contact_id))
        left += len(session.execute(gone).all())
    return left


def settle_affiliations(session: Session | Connection, media_list_id: int) -> None:
    """Write down, for members of whom it is not said through which affiliation they stand on a list, their primary one.

    That is the one they are mailed at; a file of the list names it.
    """
    one = aliased(Affiliation)
    primary = (
        select(col(one.id))
        .where(col(one.contact_id) == col(MediaListMember.contact_id))
        .order_by(col(one.is_primary).desc(), col(one.id))
        .limit(1)
        .correlate(MediaListMember)
        .scalar_subquery()
    )
    session.execute(
        update(MediaListMember)
        .where(col(MediaListMember.media_list_id) == media_list_id, col(MediaListMember.affiliation_id).is_(None))
        .values(affiliation_id=primary)
        .execution_options(synchronize_session=False)
    )


def members_at(session: Session, media_list_id: int, moment: datetime) -> set[int]:
    """The contacts who stood on a list with members at `moment`. Those who were erased since are not known any more."""
    now = select(col(MediaListMember.contact_id)).where(
        col(MediaListMember.media_list_id) == media_list_id, col(MediaListMember.added_at) <= moment
    )
    gone = select(col(MediaListDeparture.contact_id)).where(
        col(MediaListDeparture.media_list_id) == media_list_id,
        col(MediaListDeparture.added_at) <= moment,
        col(MediaListDeparture.removed_at) > moment,
    )
    return set(session.scalars(now)) | set(session.scalars(gone))


def stays(session: Session, media_list_id: int, contact_id: int) -> list[Stay]:
    """Every time a contact stood on a list, the present one last."""
    past = session.scalars(
        select(MediaListDeparture)
        .where(col(MediaListDeparture.media_list_id) == media_list_id, col(MediaListDeparture.contact_id) == contact_id)
        .order_by(col(MediaListDeparture.removed_at), col(MediaListDeparture.id))
    )
    found = [Stay(one.added_at, one.source, one.removed_at, one.reason) for one in past]
    present = session.execute(
        select(MediaListMember, Outlet)
        .join(Affiliation, col(Affiliation.id) == col(MediaListMember.affiliation_id), isouter=True)
        .join(Outlet, col(Outlet.id) == col(Affiliation.outlet_id), isouter=True)
        .where(_on(media_list_id, [contact_id]))
    ).one_or_none()
    if present is not None:
        member, outlet = present.MediaListMember, present.Outlet
        found.append(Stay(member.added_at, member.source, outlet=outlet.name if outlet else ""))
    return found


def stays_of(session: Session, contact_id: int) -> list[tuple[str, Stay]]:
    """Every time a contact stood on a list with members: the list's slug and the stay; of one list the present last."""
    present = select(col(MediaListMember.media_list_id)).where(col(MediaListMember.contact_id) == contact_id)
    past = select(col(MediaListDeparture.media_list_id)).where(col(MediaListDeparture.contact_id) == contact_id)
    lists = session.execute(
        select(col(MediaList.id), col(MediaList.slug))
        .where(col(MediaList.id).in_(present.union(past)))
        .order_by(col(MediaList.slug))
    )
    return [(slug, stay) for number, slug in lists.all() for stay in stays(session, number, contact_id)]


def _on(media_list_id: int, contact_ids: Sequence[int]) -> ColumnElement[bool]:
    return (col(MediaListMember.media_list_id) == media_list_id) & col(MediaListMember.contact_id).in_(contact_ids)

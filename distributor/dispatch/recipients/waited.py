"""The hours of those who waited for a wrong text: they get the right one no earlier, and no later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.db.pieces import in_pieces
from distributor.dispatch.recipients.correcting import Meant
from distributor.models import Delivery, Dispatch, Wave


@dataclass(frozen=True, slots=True, order=True)
class Hour:
    """An hour that recipients waited for, and what the wave was called; or the lists, where there was none."""

    at: datetime
    name: str


def hours_of(session: Session, delivery_ids: Sequence[int], now: datetime) -> dict[int, Hour]:
    """Delivery → the hour still to come for which it waited: of its wave, or of its dispatch's start.

    That the text was wrong is no reason for anybody to have the right one earlier: not before six, and not before
    whoever has it exclusively.
    """
    found: dict[int, Hour] = {}
    for piece in in_pieces(delivery_ids):
        rows = session.execute(
            select(
                col(Delivery.id), col(Delivery.not_before), col(Dispatch.scheduled_at), col(Dispatch.started_at),
                col(Dispatch.lists), col(Wave.name),
            )
            .join(Dispatch, col(Dispatch.id) == col(Delivery.dispatch_id))
            .join(
                Wave,
                (col(Wave.dispatch_id) == col(Delivery.dispatch_id)) & (col(Wave.number) == col(Delivery.wave)),
                isouter=True,
            )
            .where(col(Delivery.id).in_(piece))
        )  # fmt: skip
        for number, not_before, scheduled_at, started_at, lists, wave in rows:
            hours = (not_before, scheduled_at if started_at is None else None)
            latest = max((one for one in hours if one is not None), default=now)
            if latest > now and number is not None:
                found[number] = Hour(latest, wave or ", ".join(lists))
    return found


def waiting_of(meant: Iterable[Meant]) -> list[int]:
    """The deliveries of those who waited."""
    return [one.holding.delivery_id for one in meant if not one.has_it]


def cut_offs_of(session: Session, delivery_ids: Sequence[int]) -> dict[int, datetime]:
    """Delivery → the cut-off of its dispatch, where that has one."""
    found: dict[int, datetime] = {}
    for piece in in_pieces(delivery_ids):
        rows = session.execute(
            select(col(Delivery.id), col(Dispatch.not_after))
            .join(Dispatch, col(Dispatch.id) == col(Delivery.dispatch_id))
            .where(col(Delivery.id).in_(piece), col(Dispatch.not_after).is_not(None))
        )
        found |= {number: moment for number, moment in rows if number is not None and moment is not None}
    return found

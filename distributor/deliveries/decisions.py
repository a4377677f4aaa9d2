"""Steps of a delivery that are decided afterwards: sent again, or out of doubt, each once and in its own words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, not_, select, update

from distributor.addresses import Address
from distributor.db.bell import ring
from distributor.db.journalists import had_already, rows_of
from distributor.db.pieces import in_pieces
from distributor.deliveries.conditions import objected
from distributor.models import Attempt, Delivery, Dispatch
from distributor.states import ELSEWHERE, DeliveryState, DispatchState, check_transition

_delivery = Delivery.__table__
_attempt = Attempt.__table__
_dispatch = Dispatch.__table__

AGAIN_FROM = (DeliveryState.EXPIRED, DeliveryState.REJECTED, DeliveryState.BOUNCED, DeliveryState.IN_DOUBT)
"""The states from which a person may send again."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a doubt ends: the state, why in words, and what the server's log said where it says more than that."""

    state: DeliveryState
    reason: str
    reply: str = ""
    enhanced_code: str = ""


def send_again(
    connection: Connection, delivery_ids: Sequence[int], old: DeliveryState, *, reason: str, now: datetime
) -> list[int]:
    """`old` → queued, in the caller's transaction; return who was: nobody who objected, nobody who moved on meanwhile.

    The deadline begins anew with the next attempt, and so do the waits between attempts. The attempts so far stay, and
    go on being counted.
    """
    check_transition(old, DeliveryState.QUEUED)
    moved: list[int] = []
    for chunk in in_pieces(delivery_ids):
        which = (_delivery.c.id.in_(chunk), _delivery.c.state == old, not_(objected()))
        moved += connection.execute(
            update(_delivery).where(*which).values(**_queued(reason, now)).returning(_delivery.c.id)
        ).scalars()
    if moved:
        ring(connection)
    return sorted(moved)


def send_elsewhere(
    connection: Connection,
    delivery_id: int,
    old: DeliveryState,
    address: Address,
    address_hash: str,
    *,
    reason: str,
    now: datetime,
) -> bool:
    """As `send_again`, one delivery, to another address of its journalist; return whether it was.

    Only for whom surely nothing is at the former one: what may lie there is corrected there.
    """
    check_transition(old, DeliveryState.QUEUED)
    to = {"address": address.spec, "address_key": address.key, "address_hash": address_hash, "domain": address.domain}
    which = (_delivery.c.id == delivery_id, _delivery.c.state == old, not_(objected(address_hash)))
    done = connection.execute(update(_delivery).where(*which).values(**_queued(reason, now), **to))
    if done.rowcount:
        ring(connection)
    return done.rowcount == 1


def end_doubt(connection: Connection, delivery_id: int, ending: Ending, *, now: datetime) -> bool:
    """In doubt → as `ending` says, in the caller's transaction; return whether it was still in doubt.

    Whoever is sent to again has a new deadline, as in `send_again`; where they have the text at another address, they
    are withheld. Whoever is found to have it has it since the attempt that brought no answer.
    """
    check_transition(DeliveryState.IN_DOUBT, ending.state)
    values: dict[str, Any] = {"state": ending.state, "reason": ending.reason, "updated_at": now}
    if ending.state == DeliveryState.QUEUED:
        values = _queued(ending.reason, now)
    if ending.state == DeliveryState.ACCEPTED:
        values["accepted_at"] = _doubted_since(connection, delivery_id) or now
    if ending.reply:
        values |= {"reply": ending.reply, "enhanced_code": ending.enhanced_code, "code": None}
    done = connection.execute(
        update(_delivery)
        .where(_delivery.c.id == delivery_id, _delivery.c.state == DeliveryState.IN_DOUBT)
        .values(**values)
    )
    if done.rowcount and ending.state == DeliveryState.QUEUED:
        _spare_the_second(connection, delivery_id, now)
        ring(connection)
    return done.rowcount == 1


def reopen(connection: Connection, dispatch_id: int) -> None:
    """Let a dispatch that was done go on, in the transaction that queued somebody of it; others stay as they are."""
    connection.execute(
        update(_dispatch)
        .where(_dispatch.c.id == dispatch_id, _dispatch.c.state == DispatchState.DONE)
        .values(state=DispatchState.RUNNING, finished_at=None)
    )


def _spare_the_second(connection: Connection, delivery_id: int, now: datetime) -> None:
    """Withhold one that was queued where its journalist, of two contacts merged since, has the text by another."""
    contact_id = select(_delivery.c.contact_id).where(_delivery.c.id == delivery_id).scalar_subquery()
    seconds = had_already(rows_of(contact_id), [DeliveryState.QUEUED]).subquery()
    check_transition(DeliveryState.QUEUED, DeliveryState.WITHHELD)
    connection.execute(
        update(_delivery)
        .where(_delivery.c.id == delivery_id, _delivery.c.state == DeliveryState.QUEUED)
        .where(_delivery.c.id.in_(select(seconds.c.delivery_id)))
        .values(state=DeliveryState.WITHHELD, reason=ELSEWHERE, updated_at=now)
    )


def _doubted_since(connection: Connection, delivery_id: int) -> datetime | None:
    """When the last attempt began that left a delivery in doubt."""
    moment: datetime | None = connection.execute(
        select(_attempt.c.started_at)
        .where(_attempt.c.delivery_id == delivery_id, _attempt.c.state == DeliveryState.IN_DOUBT)
        .order_by(_attempt.c.number.desc())
        .limit(1)
    ).scalar()
    return moment


def _queued(reason: str, now: datetime) -> dict[str, Any]:
    return {
        "state": DeliveryState.QUEUED,
        "reason": reason,
        "refusals": 0,
        "accepted_at": None,
        "next_attempt_at": None,
        "expires_at": None,
        "worker": "",
        "lease_until": None,
        "updated_at": now,
    }

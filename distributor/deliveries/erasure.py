"""Taking a person out of the delivery log, where rows and totals stay: the one exception to «attempts never change»."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, or_, select, update

from distributor.addresses import Address, kept_address
from distributor.errors import Refused
from distributor.models import Attempt, Delivery, Dispatch, FeedbackEvent
from distributor.states import IN_HAND, DeliveryState, check_transition

_delivery, _attempt = Delivery.__table__, Attempt.__table__
_dispatch, _feedback = Dispatch.__table__, FeedbackEvent.__table__

REASON = "erased"
_WAITING = (DeliveryState.QUEUED, DeliveryState.DEFERRED)
EMPTIED: dict[str, Any] = {
    "raw": b"", "reason": "", "source": "", "address": "", "sender": "", "subject": "", "said": "", "details": {},
}  # fmt: skip
"""What is left of a message that came back, but for its kind, verdict, time and delivery."""


@dataclass(frozen=True, slots=True)
class ErasedDeliveries:
    """What was erased in the log: deliveries in all, those of them that were withheld for it, and tests."""

    count: int
    withheld: int
    tests: int
    message_ids: tuple[str, ...]


def erase_deliveries(
    connection: Connection,
    whose: ColumnElement[bool],
    names: Sequence[tuple[str, str]],
    redact: Callable[[Any], Any],
    now: datetime,
) -> ErasedDeliveries:
    """Empty the personal columns of the deliveries `whose` holds for, and of tests that were written as for `names`.

    State, outlet, sector, domain and times stay, so that no total of a report changes; address and name give way to
    the delivery's number, merge fields and raw feedback go, and `redact` takes the person out of what servers said.
    Whoever was still waiting for a release is withheld. In doubt stays in doubt: the keyed hash stays with it, so that
    nobody can send again.

    Raises `Refused`, and changes nothing, while a message to the person is under way.
    """
    rows = connection.execute(
        select(
            _delivery.c.id, _delivery.c.dispatch_id, _delivery.c.state, _delivery.c.address_hash, _delivery.c.outlet,
            _delivery.c.address,
            _delivery.c.reply, _delivery.c.reason, _delivery.c.message_id,
        )
        .where(whose)
        .order_by(_delivery.c.id)
        .with_for_update()
    ).all()  # fmt: skip
    under_way = sorted({row.dispatch_id for row in rows if row.state in IN_HAND})
    if under_way:
        raise Refused(
            f"A message to this person is under way (dispatch {', '.join(map(str, under_way))}); nothing was erased.",
            mend="Wait until it is through; if the command was killed, run: distributor work --once. Then erase again.",
        )
    withheld = 0
    for row in rows:
        values = _without_person(row, redact, now)
        withheld += values.get("state") == DeliveryState.WITHHELD
        connection.execute(update(_delivery).where(_delivery.c.id == row.id).values(**values))
    ids = [row.id for row in rows]
    _redact_attempts(connection, ids, redact)
    addresses = {row.address.lower() for row in rows}
    about = or_(
        _feedback.c.delivery_id.in_(ids),
        func.lower(_feedback.c.address).in_(addresses),
        func.lower(_feedback.c.sender).in_(addresses),
    )
    connection.execute(update(_feedback).where(about).values(**EMPTIED))
    tests = _erase_tests(connection, names)
    return ErasedDeliveries(len(rows), withheld, len(tests), (*(row.message_id for row in rows), *tests))


def is_erased(delivery: Delivery) -> bool:
    """Whether the person whom it went to was erased since."""
    return "@" not in delivery.address


def address_of(delivery: Delivery) -> Address | None:
    """The address that it went to; None of who was erased since, and is not mailed again as it is."""
    return None if is_erased(delivery) else kept_address(delivery.address)


def _without_person(row: Any, redact: Callable[[Any], Any], now: datetime) -> dict[str, Any]:
    placeholder = f"erased-{row.id}"
    values = {
        "address": placeholder,
        "address_key": placeholder,
        "address_hash": row.address_hash if row.state == DeliveryState.IN_DOUBT else "",
        "contact_id": None,
        "name": "",
        "outlet": redact(row.outlet),
        "merge": {},
        "reply": redact(row.reply),
        "reason": redact(row.reason),
    }
    if row.state in _WAITING:
        check_transition(DeliveryState(row.state), DeliveryState.WITHHELD)
        values |= {
            "state": DeliveryState.WITHHELD,
            "reason": REASON,
            "next_attempt_at": None,
            "updated_at": now,
        }
    return values


def _redact_attempts(connection: Connection, delivery_ids: Sequence[int], redact: Callable[[Any], Any]) -> None:
    rows = connection.execute(
        select(_attempt.c.id, _attempt.c.reply).where(_attempt.c.delivery_id.in_(delivery_ids), _attempt.c.reply != "")
    ).all()
    changed = [{"key": row.id, "said": said} for row in rows if (said := redact(row.reply)) != row.reply]
    if changed:
        statement = update(_attempt).where(_attempt.c.id == bindparam("key")).values(reply=bindparam("said"))
        connection.execute(statement, changed)


def _erase_tests(connection: Connection, names: Sequence[tuple[str, str]]) -> list[str]:
    """Test messages went to one of us, written as for this person: the name and the merge fields are theirs."""
    rows = connection.execute(
        select(_delivery.c.id, _delivery.c.merge, _delivery.c.message_id)
        .join(_dispatch, _dispatch.c.id == _delivery.c.dispatch_id)
        .where(_dispatch.c.is_test.is_(True))
    ).all()
    mine = [row for row in rows if (row.merge.get("first_name"), row.merge.get("last_name")) in names]
    connection.execute(
        update(_delivery).where(_delivery.c.id.in_([row.id for row in mine])).values(name="", merge={}, outlet="")
    )
    return [row.message_id for row in mine]

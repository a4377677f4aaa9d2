"""How many deliveries stand where: the database's own sums, with those who are on the way told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from distributor.models import Delivery, Tally
from distributor.states import DeliveryState

_tally = Tally.__table__  # type: ignore[attr-defined]
_delivery = Delivery.__table__  # type: ignore[attr-defined]


class Place(NamedTuple):
    """Where deliveries are counted together."""

    dispatch_id: int
    sector: str
    domain: str
    state: str


def tally(connection: Connection, dispatch_ids: Sequence[int]) -> Counter[Place]:
    """The deliveries of these dispatches by dispatch, sector, domain and state, where anybody stands.

    Costs what there are places, not deliveries.
    """
    t, d = _tally.c, _delivery.c
    sums = (
        select(t.dispatch_id, t.sector, t.domain, t.state, func.sum(t.many))
        .where(t.dispatch_id.in_(dispatch_ids))
        .group_by(t.dispatch_id, t.sector, t.domain, t.state)
    )
    found = Counter({Place(*place): int(many) for *place, many in connection.execute(sums)})
    on_the_way = (
        select(d.dispatch_id, d.sector, d.domain, d.state, func.count())
        .where(d.dispatch_id.in_(dispatch_ids), d.state.in_([DeliveryState.CLAIMED, DeliveryState.SENDING]))
        .group_by(d.dispatch_id, d.sector, d.domain, d.state)
    )
    for *place, many in connection.execute(on_the_way):
        found[Place(*place)] += many
        found[Place(*place)._replace(state=DeliveryState.QUEUED)] -= many
    return Counter({place: many for place, many in found.items() if many})

"""How many deliveries stand where: the database's own sums, with those who are on the way told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from distributor.models import Delivery, Tally
from distributor.states import IN_HAND, DeliveryState

_tally = Tally.__table__
_delivery = Delivery.__table__


KINDS = ("sector", "domain")
"""What deliveries are counted by, each for itself."""

_PLANNED = "planned"
"""The state under which the database counts all, whatever becomes of them."""


class Place(NamedTuple):
    """Where deliveries are counted together: those of a sector, or of a domain, in one state."""

    dispatch_id: int
    kind: str
    name: str
    state: str


def tally(connection: Connection, dispatch_ids: Sequence[int], kinds: Sequence[str] = KINDS) -> Counter[Place]:
    """The deliveries of these dispatches by sector and state, and once more by domain and state, where anybody stands.

    Costs what there are places of these `kinds`, not deliveries: sectors are few, domains may be nearly as many.
    """
    t, d = _tally.c, _delivery.c
    sums = (
        select(t.dispatch_id, t.kind, t.name, t.state, func.sum(t.many))
        .where(t.dispatch_id.in_(dispatch_ids), t.kind.in_(kinds))
        .group_by(t.dispatch_id, t.kind, t.name, t.state)
    )
    found: Counter[Place] = Counter()
    for dispatch_id, kind, name, state, many in connection.execute(sums):
        waiting = Place(dispatch_id, kind, name, DeliveryState.QUEUED)
        if state == _PLANNED:
            found[waiting] += int(many)
        else:
            found[waiting._replace(state=state)] += int(many)
            found[waiting] -= int(many)
    where = (d.dispatch_id, d.state, *(d[kind] for kind in kinds))
    on_the_way = (
        select(func.count(), *where).where(d.dispatch_id.in_(dispatch_ids), d.state.in_(IN_HAND)).group_by(*where)
    )
    for many, dispatch_id, state, *names in connection.execute(on_the_way):
        for kind, name in zip(kinds, names, strict=True):
            found[Place(dispatch_id, kind, name, state)] += many
            found[Place(dispatch_id, kind, name, DeliveryState.QUEUED)] -= many
    return Counter({place: many for place, many in found.items() if many})

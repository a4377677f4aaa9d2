"""The waves of dispatches: who leaves when, and how many of each stand where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select
from sqlmodel import SQLModel

from distributor.states import DeliveryState

_TABLES = SQLModel.metadata.tables
_wave, _delivery = _TABLES["wave"], _TABLES["delivery"]


@dataclass(frozen=True, slots=True)
class WaveRow:
    """One wave of a dispatch, and how its recipients stand."""

    number: int
    name: str
    is_exclusive: bool
    starts_at: datetime | None
    began_at: datetime | None
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """Everyone who leaves with it."""
        return sum(self.counts.values())

    def as_json(self) -> dict[str, Any]:
        """The stable shape."""
        return {
            "number": self.number,
            "name": self.name,
            "is_exclusive": self.is_exclusive,
            "starts_at": self.starts_at,
            "began_at": self.began_at,
            "total": self.total,
            "totals": {state.value: self.counts.get(state.value, 0) for state in DeliveryState},
        }


def waves_of(connection: Connection, dispatch_ids: Sequence[int]) -> dict[int, tuple[WaveRow, ...]]:
    """Dispatch → its waves in order; dispatches without any cost nothing."""
    rows = connection.execute(
        select(_wave).where(_wave.c.dispatch_id.in_(dispatch_ids)).order_by(_wave.c.dispatch_id, _wave.c.number)
    ).all()
    counts: dict[tuple[int, int], dict[str, int]] = defaultdict(dict)
    sums = (
        select(_delivery.c.dispatch_id, _delivery.c.wave, _delivery.c.state, func.count())
        .where(_delivery.c.dispatch_id.in_({row.dispatch_id for row in rows}))
        .group_by(_delivery.c.dispatch_id, _delivery.c.wave, _delivery.c.state)
    )
    for dispatch_id, number, state, many in connection.execute(sums) if rows else ():
        counts[dispatch_id, number][state] = many
    found: dict[int, tuple[WaveRow, ...]] = defaultdict(tuple)
    for row in rows:
        own = counts[row.dispatch_id, row.number]
        wave = WaveRow(row.number, row.name, row.is_exclusive, row.starts_at, row.began_at, own)
        found[row.dispatch_id] = (*found[row.dispatch_id], wave)
    return found


def wave_names(connection: Connection, dispatch_ids: Sequence[int]) -> dict[tuple[int, int], str]:
    """(Dispatch, number) → the name of a wave."""
    rows = connection.execute(
        select(_wave.c.dispatch_id, _wave.c.number, _wave.c.name).where(_wave.c.dispatch_id.in_(dispatch_ids))
    )
    return {(dispatch_id, number): name for dispatch_id, number, name in rows}

"""Who else is at work: the processes that hold claims, and on what, and waiting until they have let go."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, func, select

from distributor import clock
from distributor.db.engine import Database
from distributor.deliveries.conditions import is_with_a_worker
from distributor.deliveries.leases import clock_of
from distributor.deliveries.workers import host_of, is_dead, pid_of
from distributor.models import Delivery, Dispatch, Release, ReleaseVersion
from distributor.states import DeliveryState

_delivery, _dispatch = Delivery.__table__, Dispatch.__table__
_version, _release = ReleaseVersion.__table__, Release.__table__
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class AtWork:
    """One process that is alive and carries a dispatch."""

    worker: str
    dispatch_id: int
    release: str
    claimed: int
    sending: int

    @property
    def place(self) -> str:
        """Where it runs, as a person would look for it."""
        return f"process {pid_of(self.worker)} on {host_of(self.worker)}"

    def as_json(self) -> dict[str, Any]:
        """The stable shape."""
        return {
            "worker": self.worker,
            "dispatch_id": self.dispatch_id,
            "release": self.release,
            "claimed": self.claimed,
            "sending": self.sending,
        }


def at_work(connection: Connection, dispatch_id: int | None = None, *, but: str = "") -> list[AtWork]:
    """The living processes that hold claims of a dispatch, or of any; without the worker `but`."""
    now = clock_of(connection, clock.now())
    sending = func.count(case((_delivery.c.state == DeliveryState.SENDING, 1)))
    rows = connection.execute(
        select(
            _delivery.c.worker,
            _delivery.c.dispatch_id,
            _release.c.slug,
            func.max(_delivery.c.lease_until).label("lease_until"),
            func.count().label("held"),
            sending.label("sending"),
        )
        .join(_dispatch, _dispatch.c.id == _delivery.c.dispatch_id)
        .join(_version, _version.c.id == _dispatch.c.release_version_id)
        .join(_release, _release.c.id == _version.c.release_id)
        .where(
            is_with_a_worker(),
            _delivery.c.worker != but,
            *([] if dispatch_id is None else [_delivery.c.dispatch_id == dispatch_id]),
        )
        .group_by(_delivery.c.worker, _delivery.c.dispatch_id, _release.c.slug)
        .order_by(_delivery.c.dispatch_id, _delivery.c.worker)
    )
    return [
        AtWork(row.worker, row.dispatch_id, row.slug, row.held - row.sending, row.sending)
        for row in rows
        if not is_dead(row.worker, row.lease_until, now)
    ]


async def until_others_finish(
    database: Database, dispatch_ids: Sequence[int], stop: asyncio.Event, patience: float
) -> None:
    """Wait, so many seconds at most, or until `stop` is set, while a living process holds anything of these.

    For whoever has nothing of them in hand any more.
    """
    ends = clock.monotonic() + patience
    while not stop.is_set() and _holding(database, dispatch_ids) and clock.monotonic() < ends:
        await clock.sleep(_LOOK_S)


def until_let_go(database: Database, dispatch_ids: Sequence[int], patience: float) -> list[str]:
    """Wait, so many seconds at most, until no living process holds anything of these; return those that still do."""
    ends = clock.monotonic() + patience
    while True:
        holding = sorted({one.place for one in _holding(database, dispatch_ids)})
        if not holding or clock.monotonic() >= ends:
            return holding
        clock.pause(_LOOK_S)


def _holding(database: Database, dispatch_ids: Sequence[int]) -> list[AtWork]:
    with database.reading() as connection:
        return [one for number in dispatch_ids for one in at_work(connection, number)]

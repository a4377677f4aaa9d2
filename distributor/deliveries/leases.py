"""How long a claim stands, and by whose clock: the database's where several machines share it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Interval, bindparam, func, literal, select, text
from sqlalchemy.sql.elements import ColumnElement

from distributor.deliveries.steps import LEASE
from distributor.models import Delivery

_RECOVERY_LOCK = 0x70726573
"""The number of PostgreSQL's lock for recoveries in its own table of such locks."""

_lease_until = Delivery.__table__.c.lease_until


def lease_end(*, shared_clock: bool) -> ColumnElement[Any]:
    """When a claim made or renewed now ends: by the database's clock, or the moment bound to `lease`."""
    if shared_clock:
        return func.clock_timestamp(type_=_lease_until.type) + literal(LEASE, Interval())
    return bindparam("lease", type_=_lease_until.type)


def present(*, shared_clock: bool) -> ColumnElement[Any]:
    """Now, inside a statement: by the database's clock, or the moment bound to `now`."""
    if shared_clock:
        return func.clock_timestamp(type_=_lease_until.type)
    return bindparam("now", type_=_lease_until.type)


def database_now(connection: Connection) -> datetime:
    """What PostgreSQL's clock says: the one clock that the workers of several machines have in common."""
    moment: datetime = connection.execute(select(func.clock_timestamp(type_=_lease_until.type))).scalar_one()
    return moment


def clock_of(connection: Connection, now: datetime) -> datetime:
    """Now, by the clock that says whose time has come: PostgreSQL's own, which all machines have in common."""
    return now if connection.dialect.name == "sqlite" else database_now(connection)


def may_recover(connection: Connection) -> bool:
    """Whether no other worker is recovering at this moment; while this transaction lasts, none will begin to."""
    if connection.dialect.name == "sqlite":
        return True  # the write lock is ours already
    return bool(connection.execute(text(f"SELECT pg_try_advisory_xact_lock({_RECOVERY_LOCK})")).scalar())

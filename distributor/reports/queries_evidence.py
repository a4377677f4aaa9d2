"""What evidence is made of: the rows of the ledger behind some dispatches, table by table, streamed in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, or_, select
from sqlmodel import SQLModel

import distributor.models  # noqa: F401 - registers the tables

_TABLES = SQLModel.metadata.tables
_PAGE = 500
_UNTOLD = {"worker", "lease_until"}
"""Columns that say which process did it, and prove nothing."""

_OF_RELEASES = ("releases", "report", "dispatches")

Rows = Iterator[dict[str, Any]]


def tables(connection: Connection, dispatch_ids: list[int], slug: str) -> Iterator[tuple[str, Rows]]:
    """(table, its rows) for all that proves these dispatches, parents before what hangs on them."""
    dispatch, delivery, version = _TABLES["dispatch"], _TABLES["delivery"], _TABLES["release_version"]
    versions = select(dispatch.c.release_version_id).where(dispatch.c.id.in_(dispatch_ids))
    deliveries = select(delivery.c.id).where(delivery.c.dispatch_id.in_(dispatch_ids))
    audit = _TABLES["audit"]
    hashes = select(version.c.content_hash).where(version.c.id.in_(versions))
    # A list may be called as a release is: by its short name, only what is done with releases and reports is meant.
    of_release = audit.c.subject.in_([slug]) & or_(*(audit.c.action.startswith(f"{one}.") for one in _OF_RELEASES))
    of_dispatch = audit.c.subject.in_(map(str, dispatch_ids)) & audit.c.action.startswith("dispatches.")
    of_slug = _TABLES["release"].c.slug == slug
    wanted: tuple[tuple[Table, ColumnElement[bool]], ...] = (
        (_TABLES["release"], _TABLES["release"].c.slug == slug),
        (version, version.c.id.in_(versions)),
        # Whatever was signed for the release, withdrawn signatures too: a dispatch names those that held.
        (_TABLES["sign_off"], _TABLES["sign_off"].c.release_id.in_(select(_TABLES["release"].c.id).where(of_slug))),
        (_TABLES["attachment"], _TABLES["attachment"].c.release_version_id.in_(versions)),
        (dispatch, dispatch.c.id.in_(dispatch_ids)),
        (delivery, delivery.c.dispatch_id.in_(dispatch_ids)),
        (_TABLES["attempt"], _TABLES["attempt"].c.delivery_id.in_(deliveries)),
        (_TABLES["feedback_event"], _TABLES["feedback_event"].c.delivery_id.in_(deliveries)),
        (audit, or_(audit.c.subject.in_(hashes), of_release, of_dispatch)),
    )
    for table, which in wanted:
        yield table.name, _rows(connection, table, which)


def _rows(connection: Connection, table: Table, which: ColumnElement[bool]) -> Rows:
    columns = [column for column in table.c if column.name not in _UNTOLD]
    last = 0
    while True:
        statement = select(*columns).where(which, table.c.id > last).order_by(table.c.id).limit(_PAGE)
        page = connection.execute(statement).mappings().all()
        if not page:
            return
        yield from map(dict, page)
        last = page[-1]["id"]

"""Whoever waits and will not be sent to, since they objected meanwhile, or mail came back: how many, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, func, select
from sqlmodel import SQLModel

import distributor.models  # noqa: F401 - registers the tables
from distributor.deliveries.conditions import CAME_BACK, OBJECTED, is_barred, why_withheld

_delivery = SQLModel.metadata.tables["delivery"]

_OF_THOSE = ("Parmi ceux qui attendent, {} {}.", "Of those who wait, {} {}.")
_ONE = {
    OBJECTED: (
        "a fait opposition entre-temps : rien ne lui sera envoyé",
        "has objected meanwhile: nothing will be sent to them",
    ),
    CAME_BACK: (
        "a une adresse d’où le courrier est revenu entre-temps : rien n’y sera envoyé",
        "has an address that mail came back from meanwhile: nothing will be sent there",
    ),
}
_MORE = {
    OBJECTED: (
        "ont fait opposition entre-temps : rien ne leur sera envoyé",
        "have objected meanwhile: nothing will be sent to them",
    ),
    CAME_BACK: (
        "ont une adresse d’où le courrier est revenu entre-temps : rien n’y sera envoyé",
        "have addresses that mail came back from meanwhile: nothing will be sent there",
    ),
}
_OF_ONE = {
    OBJECTED: ("opposition entre-temps : rien ne sera envoyé", "objected meanwhile: nothing will be sent"),
    CAME_BACK: (
        "le courrier est revenu entre-temps : rien ne sera envoyé",
        "mail came back meanwhile: nothing will be sent",
    ),
}
ENGLISH = 1


def count_to_be_withheld(connection: Connection, dispatch_ids: Sequence[int]) -> dict[str, int]:
    """How many of these dispatches wait and will be withheld, by the reason that they then have."""
    theirs = _delivery.c.dispatch_id.in_(dispatch_ids), is_barred()
    barred = select(why_withheld().label("reason")).where(*theirs).subquery()
    rows = connection.execute(select(barred.c.reason, func.count().label("many")).group_by(barred.c.reason))
    return {row.reason: row.many for row in sorted(rows, key=lambda row: row.reason, reverse=True)}


def count_barred(connection: Connection, dispatch_ids: Sequence[int]) -> dict[int, int]:
    """Dispatch → how many of it wait and will be withheld, for whatever reason; left out where nobody does."""
    theirs = _delivery.c.dispatch_id.in_(dispatch_ids), is_barred()
    rows = connection.execute(
        select(_delivery.c.dispatch_id, func.count().label("many")).where(*theirs).group_by(_delivery.c.dispatch_id)
    )
    return {row.dispatch_id: row.many for row in rows}


def in_words(counts: Mapping[str, int], column: int = ENGLISH) -> list[str]:
    """A sentence for each reason, in French (`column` 0) or in English."""
    return [
        _OF_THOSE[column].format(many, (_ONE if many == 1 else _MORE)[reason][column])
        for reason, many in counts.items()
    ]


def of_one(reason: str, column: int = ENGLISH) -> str:
    """The same of one recipient, in a few words; "" of whom nothing bars."""
    return _OF_ONE[reason][column] if reason else ""

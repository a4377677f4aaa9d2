"""One journalist as a statement asks for them: the contact, its further addresses, and what is sent to all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, Subquery, and_, exists, func, or_, select
from sqlmodel import col

from distributor.models import Contact, Delivery, Dispatch, Release, ReleaseVersion
from distributor.states import HAVE_IT, DeliveryState

_TABLE = Contact.__table__


def whose_is(contact_id: SQLColumnExpression[Any]) -> Select[Any]:
    """The number of the contact that the row with this number is, or is one more address of."""
    row = _TABLE.alias("whose")
    return select(func.coalesce(row.c.same_as_id, row.c.id)).where(row.c.id == contact_id).correlate_except(row)


def rows_of(contact_id: SQLColumnExpression[Any]) -> Select[Any]:
    """The numbers of all rows of the journalist of whom this is one; `contact_id` may be a column of the row around it.

    What was said of a contact before it was merged into another one is written with its own number.
    """
    row = _TABLE.alias("one_of_them")
    owner = whose_is(contact_id).scalar_subquery()
    return select(row.c.id).where(or_(row.c.id == owner, row.c.same_as_id == owner)).correlate_except(row)


def texts_to(contact_ids: Select[Any], states: Iterable[DeliveryState], name: str) -> Subquery:
    """The deliveries in these states to these rows, tests left out, each with its text: `name` in the statement.

    `original_id` is the release that its release is a translation of, or that itself.
    """
    release, version = col(Release.id), col(ReleaseVersion.id)
    return (
        select(
            col(Delivery.id).label("delivery_id"),
            col(Delivery.address),
            col(Delivery.dispatch_id),
            version.label("version_id"),
            release.label("release_id"),
            func.coalesce(col(Release.translates_id), release).label("original_id"),
            col(Release.slug),
        )
        .join(Dispatch, col(Dispatch.id) == col(Delivery.dispatch_id))
        .join(ReleaseVersion, version == col(Delivery.release_version_id))
        .join(Release, release == col(ReleaseVersion.release_id))
        .where(
            col(Delivery.contact_id).in_(contact_ids),
            col(Delivery.state).in_(list(states)),
            col(Dispatch.is_test).is_(False),
        )
        .subquery(name)
    )


def had_already(contact_ids: Select[Any], waiting: Iterable[DeliveryState]) -> Select[Any]:
    """Those of these rows' deliveries in the states `waiting`, as `texts_to` gives them, whose text they have already.

    Whoever has it in another language has it.
    """
    waits, has = texts_to(contact_ids, waiting, "waits"), texts_to(contact_ids, HAVE_IT, "has")
    return select(waits).where(exists().where(is_one_text(waits, has))).order_by(waits.c.delivery_id)


def is_one_text(one: Subquery, other: Subquery) -> ColumnElement[bool]:
    """Whether two of `texts_to` are one too many for a journalist: one version, or one release in two languages."""
    is_translated = and_(one.c.original_id == other.c.original_id, one.c.release_id != other.c.release_id)
    return or_(one.c.version_id == other.c.version_id, is_translated)

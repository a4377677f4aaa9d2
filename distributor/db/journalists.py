"""The rows of one journalist as a statement asks for them: the contact, and those that are one more address of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, SQLColumnExpression, func, or_, select

from distributor.models import Contact

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

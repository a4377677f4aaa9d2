"""Chains of corrections as a statement asks for them: a release, what it corrects, what that corrects in turn."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, Select, SQLColumnExpression, func, select

from distributor.models import Release


def and_what_it_corrects(release_id: SQLColumnExpression[Any]) -> Select[Any]:
    """The number of a release, of what that corrects, and so on; `release_id` may be a column of the row around it."""
    return select(_chain(release_id).c.id)


def originals_corrected(release_id: SQLColumnExpression[Any]) -> Select[Any]:
    """The same of whatever they are translations of: what is said of a release is said of its translations too."""
    chain = _chain(release_id)
    release = Release.__table__.alias("said_of")
    return select(func.coalesce(release.c.translates_id, release.c.id)).join(chain, chain.c.id == release.c.id)


def _chain(release_id: SQLColumnExpression[Any]) -> CTE:
    release = Release.__table__.alias("link")
    original = Release.__table__.alias("original")
    first: Select[Any] = select(release_id.label("id")).correlate_except()  # a column is that of the row around it
    chain = first.cte("chain", recursive=True, nesting=True)
    corrects = func.coalesce(release.c.corrects_id, original.c.corrects_id)  # a translation goes with its original
    before = (
        select(corrects)
        .select_from(chain)
        .join(release, release.c.id == chain.c.id)
        .join(original, original.c.id == release.c.translates_id, isouter=True)
        .where(corrects.is_not(None))
    )
    return chain.union(before)

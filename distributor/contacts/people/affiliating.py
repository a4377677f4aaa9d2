"""Affiliations by hand: where a contact works, as what, at which address, from when, and until when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.clock import now
from distributor.contacts.cleaning.drafts import Post
from distributor.contacts.people.changes import Change, shown
from distributor.errors import BadInput
from distributor.folding import outlet_key
from distributor.models import Affiliation, Outlet

_COLUMN_OF = {
    "role": "role", "desk": "desk", "affiliation_address": "address", "valid_from": "valid_from", "valid_to": "valid_to"
}  # fmt: skip


def resolve_outlet(session: Session, contact_id: int, name: str) -> str:
    """The outlet that an edit is about: the one named, else the only one where the contact works.

    Raises `BadInput` when none is named and there is none, or more than one.
    """
    if name.strip():
        return name
    outlets = {outlet.id: outlet.name for one, outlet in _posts(session, contact_id) if not _is_over(one)}
    if len(outlets) == 1:
        return next(iter(outlets.values()))
    known = f"There are {', '.join(outlets.values())}." if outlets else "None is known."
    raise BadInput(f"It must be said at which outlet. {known}", mend="Name it with --outlet.", field="--outlet")


def put_post(session: Session, contact_id: int, post: Post, given: Collection[str]) -> list[Change]:
    """Change the contact's affiliation at an outlet that the base knows, or add one; `given` are the fields that count.

    What is given as empty is erased. Raises `BadInput` when it cannot be told which of several is meant.
    """
    at = [(one, outlet) for one, outlet in _posts(session, contact_id) if outlet.key == outlet_key(post.outlet)]
    outlet = session.scalars(select(Outlet).where(col(Outlet.key) == outlet_key(post.outlet))).one()
    if not at:
        return [_add(session, contact_id, outlet, post)]
    found = _meant([one for one, _ in at], post, outlet.name)
    changes = []
    for name in (name for name in _COLUMN_OF if name in given):
        column = _COLUMN_OF[name]
        old, new = getattr(found, column), _value(post, name)
        if old != new:
            setattr(found, column, new)
            changes.append(Change(f"{column} at {outlet.name}", shown(old), shown(new)))
    _require_single([one for one, _ in at], found, outlet.name)
    session.add(found)
    session.flush()
    return changes


def end_post(session: Session, contact_id: int, name: str) -> Change:
    """Say that the contact has left an outlet: yesterday was the last day. `BadInput` when it does not work there."""
    yesterday = now().date() - timedelta(days=1)
    at = [one for one, outlet in _posts(session, contact_id) if outlet.key == outlet_key(name) and not _is_over(one)]
    if not at:
        outlets = ", ".join(outlet.name for one, outlet in _posts(session, contact_id) if not _is_over(one))
        raise BadInput(f"The contact does not work for «{name}».", mend=f"It works for: {outlets or 'no outlet'}.")
    for one in at:
        one.valid_to = yesterday
        one.is_primary = False
        session.add(one)
    session.flush()
    return Change("outlet", name, "")


def _posts(session: Session, contact_id: int) -> Sequence[tuple[Affiliation, Outlet]]:
    rows = session.execute(
        select(Affiliation, Outlet)
        .join(Outlet, col(Outlet.id) == col(Affiliation.outlet_id))
        .where(col(Affiliation.contact_id) == contact_id)
        .order_by(col(Affiliation.id))
    )
    return [(row[0], row[1]) for row in rows]


def _is_over(affiliation: Affiliation) -> bool:
    return affiliation.valid_to is not None and affiliation.valid_to < now().date()


def _add(session: Session, contact_id: int, outlet: Outlet, post: Post) -> Change:
    assert outlet.id is not None
    is_primary = all(_is_over(one) for one, _ in _posts(session, contact_id))
    session.add(
        Affiliation(
            contact_id=contact_id,
            outlet_id=outlet.id,
            role=post.role,
            desk=post.desk,
            address=post.address.spec if post.address else "",
            is_primary=is_primary,
            valid_from=post.valid_from,
            valid_to=post.valid_to,
        )
    )
    session.flush()
    return Change("outlet", "", ", ".join(part for part in (outlet.name, post.role, post.desk) if part))


def _meant(at: Sequence[Affiliation], post: Post, outlet: str) -> Affiliation:
    """The one affiliation at an outlet, or the one that role and desk name."""
    if len(at) == 1:
        return at[0]
    current = [one for one in at if not _is_over(one)]
    named = [one for one in current if post.role in ("", one.role) and post.desk in ("", one.desk)]
    if len(named) == 1:
        return named[0]
    posts = "; ".join(", ".join(part for part in (one.role, one.desk) if part) or "no role" for one in current)
    raise BadInput(f"The contact has several posts at {outlet}: {posts}.", mend="Name one, with its --role and --desk.")


def _value(post: Post, name: str) -> object:
    if name == "affiliation_address":
        return post.address.spec if post.address else ""
    return getattr(post, name)


def _require_single(at: Sequence[Affiliation], changed: Affiliation, outlet: str) -> None:
    if any(one is not changed and (one.role, one.desk) == (changed.role, changed.desk) for one in at):
        raise BadInput(f"The contact has that post at {outlet} already.")

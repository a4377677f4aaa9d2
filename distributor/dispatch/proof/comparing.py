"""Who is on a manifest that was not on the last comparable one, and who is missing from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.dispatch.calling import is_for_its_dispatch
from distributor.dispatch.proof.examining import last_alike
from distributor.dispatch.recipients.manifest import LeftOutReason, Manifest
from distributor.dispatch.signoff.leaving import who
from distributor.models import Delivery, Dispatch, Release, ReleaseVersion
from distributor.releases.translations import family_of
from distributor.states import DeliveryState

_ERASED = "somebody who is not in the base any more"

People = Mapping[int | str, str]
"""Contact, or the key of an address where there is none any more → what to call them."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a manifest has more and less than that of the last comparable dispatch."""

    dispatch_id: int
    words: str
    joined: tuple[str, ...]
    missing: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The stable shape."""
        return {"dispatch": self.dispatch_id, "joined": list(self.joined), "missing": list(self.missing)}


def compare_planned(session: Session, version: ReleaseVersion, manifest: Manifest) -> Difference | None:
    """A manifest against the last dispatch of another release to the same lists; None where there is none."""
    had = [one.planned for one in manifest.left_out if one.reason == LeftOutReason.ALREADY_SENT]
    here: dict[int | str, str] = {one.contact_id: who(one) for one in (*manifest.recipients, *had)}
    return _compare(session, version, manifest.lists, here, before=None)


def compare_dispatch(session: Session, dispatch: Dispatch) -> Difference | None:
    """The same for a dispatch that was planned, against the one before it."""
    version = session.get_one(ReleaseVersion, dispatch.release_version_id)
    here = _people(session, version.release_id, dispatch.lists)
    return _compare(session, version, dispatch.lists, here, before=dispatch.id)


def _compare(
    session: Session, version: ReleaseVersion, lists: Sequence[str], here: People, *, before: int | None
) -> Difference | None:
    last = last_alike(session, version, lists, before=before)
    if last is None:
        return None
    number, words = last
    dispatch = session.get_one(Dispatch, number)
    other = session.get_one(ReleaseVersion, dispatch.release_version_id)
    there = _people(session, other.release_id, dispatch.lists)
    return Difference(number, words, _only_in(here, there), _only_in(there, here))


def _only_in(first: People, second: People) -> tuple[str, ...]:
    return tuple(sorted(name for key, name in first.items() if key not in second))


def _people(session: Session, release_id: int, lists: Iterable[str]) -> People:
    """Whom a release was planned for through these lists, in whatever language; not those who were withheld.

    Whoever was withheld because the whole dispatch was called off was planned for all the same.
    """
    release = session.get_one(Release, release_id)
    family = [one.id for one in family_of(session, release)]
    rows = session.execute(
        select(col(Dispatch.id), col(Dispatch.lists))
        .join(ReleaseVersion, col(ReleaseVersion.id) == col(Dispatch.release_version_id))
        .where(col(ReleaseVersion.release_id).in_(family), col(Dispatch.is_test).is_(False))
    ).all()
    alike = [number for number, named in rows if set(named) == set(lists)]
    people = session.execute(
        select(
            col(Delivery.contact_id), col(Delivery.address_key), col(Delivery.name), col(Delivery.address),
            col(Delivery.state), col(Delivery.reason),
        ).where(col(Delivery.dispatch_id).in_(alike))
    )  # fmt: skip
    return {
        one.contact_id or one.address_key: one.name or (one.address if "@" in one.address else _ERASED)
        for one in people
        if one.state != DeliveryState.WITHHELD or is_for_its_dispatch(one.reason)
    }

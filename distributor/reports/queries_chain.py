"""The chain that a release stands in, what each text of it corrects, and who has which of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select
from sqlmodel import SQLModel

import distributor.models  # noqa: F401 - registers the tables
from distributor.releases.corrections import Link, chain_to, read_links, whole_chain
from distributor.states import OPEN_STATES, REACHED_STATES, DeliveryState

_TABLES = SQLModel.metadata.tables
_release, _version, _contact = _TABLES["release"], _TABLES["release_version"], _TABLES["contact"]
_dispatch, _delivery = _TABLES["dispatch"], _TABLES["delivery"]

_WAITS, _MAY_HAVE_IT, _HAS_IT = 1, 2, 3
_RANKS: Mapping[str, int] = {
    **dict.fromkeys(OPEN_STATES, _WAITS),
    DeliveryState.IN_DOUBT: _MAY_HAVE_IT,
    **dict.fromkeys(REACHED_STATES, _HAS_IT),
}
"""State → what it says of one text: of several deliveries of it to one person the strongest counts."""


@dataclass(frozen=True, slots=True)
class Step:
    """One release of a chain: its short name, what it is, which one it corrects (""), and its dispatches."""

    slug: str
    kind: str
    headline: str
    corrects: str
    dispatch_ids: tuple[int, ...]

    def as_json(self) -> dict[str, Any]:
        """The stable shape."""
        return {
            "release": self.slug,
            "kind": self.kind,
            "headline": self.headline,
            "corrects": self.corrects,
            "dispatches": list(self.dispatch_ids),
        }


@dataclass(frozen=True, slots=True)
class Have:
    """How many people have exactly these texts, (short name, version) in the order in which they came.

    Of so many of them nobody knows whether they have another, too, and so many still wait for one.
    """

    texts: tuple[tuple[str, int], ...]
    many: int
    in_doubt: int = 0
    waiting: int = 0

    def as_json(self) -> dict[str, Any]:
        """The stable shape."""
        return {
            "texts": [{"release": slug, "version": number} for slug, number in self.texts],
            "recipients": self.many,
            "in_doubt": self.in_doubt,
            "waiting": self.waiting,
        }


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of corrections: its steps, and who has which texts, each person counted once.

    `in_doubt` and `waiting` are those among all people, whether or not they have an earlier text.
    """

    steps: tuple[Step, ...]
    have: tuple[Have, ...]
    in_doubt: int
    waiting: int

    @property
    def without(self) -> Have:
        """Those of them who are not known to have any text."""
        in_doubt = self.in_doubt - sum(one.in_doubt for one in self.have)
        return Have((), 0, in_doubt, self.waiting - sum(one.waiting for one in self.have))

    def as_json(self) -> dict[str, Any]:
        """The stable shape."""
        return {
            "steps": [step.as_json() for step in self.steps],
            "who_has": [one.as_json() for one in self.have],
            "in_doubt": self.in_doubt,
            "waiting": self.waiting,
        }


def read_chain(connection: Connection, slug: str) -> Chain | None:
    """The chain that a release stands in; None where nothing was corrected."""
    links = read_links(connection)
    found = next((link for link in links.values() if link.slug == slug), None)
    if found is None:
        return None
    steps = whole_chain(links, found.id)
    if len(steps) == 1:
        return None
    members = [link for step in steps for link in step]
    return Chain(_steps(connection, members, links), *_who_has(connection, members))


def _steps(connection: Connection, members: Sequence[Link], links: Mapping[int, Link]) -> tuple[Step, ...]:
    ids = [link.id for link in members]
    said = select(_version.c.release_id, _version.c.headline).where(_version.c.release_id.in_(ids))
    headlines = {row.release_id: row.headline for row in connection.execute(said.order_by(_version.c.number))}
    dispatches: dict[int, list[int]] = defaultdict(list)
    for number, dispatch_id in connection.execute(
        select(_version.c.release_id, _dispatch.c.id)
        .join(_version, _version.c.id == _dispatch.c.release_version_id)
        .where(_version.c.release_id.in_(ids), _dispatch.c.is_test.is_(False))
        .order_by(_dispatch.c.id)
    ):
        dispatches[number].append(dispatch_id)
    return tuple(
        Step(
            link.slug,
            link.kind,
            headlines.get(link.id, ""),
            _corrects(link, links),
            tuple(dispatches[link.id]),
        )
        for link in members
    )


def _corrects(link: Link, links: Mapping[int, Link]) -> str:
    """What a text corrects: for a translation without a text of its own language before it, what its original does."""
    if link.corrects_id is not None:
        return links[link.corrects_id].slug
    steps = chain_to(links, link.id)
    return steps[-2][0].slug if len(steps) > 1 else ""


def _who_has(connection: Connection, members: Sequence[Link]) -> tuple[tuple[Have, ...], int, int]:
    place = {link.id: number for number, link in enumerate(members)}
    rows = connection.execute(
        select(
            _delivery.c.id,
            _delivery.c.corrects_id,
            func.coalesce(_contact.c.same_as_id, _contact.c.id),
            _delivery.c.address_key,
            _delivery.c.state,
            _version.c.release_id,
            _release.c.slug,
            _version.c.number,
        )
        .join(_dispatch, _dispatch.c.id == _delivery.c.dispatch_id)
        .join(_version, _version.c.id == _dispatch.c.release_version_id)
        .join(_release, _release.c.id == _version.c.release_id)
        .join(_contact, _contact.c.id == _delivery.c.contact_id, isouter=True)
        .where(_version.c.release_id.in_(list(place)), _dispatch.c.is_test.is_(False))
        .order_by(_delivery.c.id)
    )
    erased: dict[int, str] = {}
    found: dict[int | str, dict[tuple[int, int, str], int]] = defaultdict(dict)
    for delivery_id, corrects_id, owner, address, state, release_id, slug, number in rows:
        person = owner
        if person is None:  # whoever was erased has another mark on each delivery
            person = erased[delivery_id] = erased.get(corrects_id, address)
        theirs, text = found[person], (place[release_id], number, slug)
        theirs[text] = max(theirs.get(text, 0), _RANKS.get(state, 0))
    groups: dict[tuple[tuple[str, int], ...], list[int]] = defaultdict(lambda: [0, 0, 0])
    for theirs in found.values():
        texts = tuple((slug, number) for (_, number, slug), rank in sorted(theirs.items()) if rank == _HAS_IT)
        group, ranks = groups[texts], theirs.values()
        group[0] += 1
        group[1] += _MAY_HAVE_IT in ranks
        group[2] += _WAITS in ranks
    have = [Have(texts, *group) for texts, group in groups.items() if texts]
    _, in_doubt, waiting = (sum(column) for column in zip(*groups.values(), strict=True)) if groups else (0, 0, 0)
    return tuple(sorted(have, key=lambda one: (-one.many, one.texts))), in_doubt, waiting


def corrections_of(connection: Connection, delivery_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Delivery → (the text whose message it corrects, what became of the one that corrects it), each "" for none."""
    corrected = _delivery.alias()
    found: dict[int, tuple[str, str]] = {}
    for number, slug, version, dispatch_id in connection.execute(
        select(_delivery.c.id, _release.c.slug, _version.c.number, corrected.c.dispatch_id)
        .join(corrected, corrected.c.id == _delivery.c.corrects_id)
        .join(_version, _version.c.id == corrected.c.release_version_id)
        .join(_release, _release.c.id == _version.c.release_id)
        .where(_delivery.c.id.in_(delivery_ids))
    ):
        found[number] = (f"{slug}, version {version} (dispatch {dispatch_id})", "")
    for number, dispatch_id, state, reason in connection.execute(
        select(_delivery.c.corrects_id, _delivery.c.dispatch_id, _delivery.c.state, _delivery.c.reason)
        .where(_delivery.c.corrects_id.in_(delivery_ids), _delivery.c.corrects_id.is_not(None))
        .order_by(_delivery.c.id)
    ):
        words = f" ({reason})" if reason and state == DeliveryState.WITHHELD else ""
        found[number] = (found.get(number, ("", ""))[0], f"dispatch {dispatch_id}: {state}{words}")
    return found

"""Who of the chosen lists is meant at all: those who stand on other lists besides, and of whom a filter holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.contacts.lists import press_lists
from distributor.models import Contact
from distributor.tokens import Keyring


@dataclass(frozen=True, slots=True)
class Selection:
    """Whom somebody names: the members of `lists` (None: of every list) who stand on none of `excluded`.

    Of them those only who stand on each list of `only`, and whom the filter `where` matches.
    """

    lists: Sequence[str] | None = None
    excluded: Sequence[str] = ()
    only: Sequence[str] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What everybody on the chosen lists must be besides: on each of the lists `only`, and matched by `where`.

    `on_only` are the members of those lists, in their order; `matching` the contacts that the filter names, None where
    there is no filter.
    """

    only: tuple[str, ...]
    where: str
    on_only: tuple[frozenset[int], ...]
    matching: frozenset[int] | None = None

    def missing(self, contact_id: int) -> str:
        """Why a contact is not meant, in a few words, or ""."""
        for slug, members in zip(self.only, self.on_only, strict=True):
            if contact_id not in members:
                return f"is not on the list {slug}"
        if self.matching is not None and contact_id not in self.matching:
            return f"does not match {self.where}"
        return ""


def read_narrowing(session: Session, only_names: Sequence[str], where: str, keyring: Keyring) -> Narrowing:
    """Find out who is meant; raises `BadInput` for an unknown list and for a filter that cannot be answered."""
    only = tuple(dict.fromkeys(press_lists.find_list(session, name).slug for name in only_names))
    on_only = tuple(
        frozenset(member.contact_id for member in press_lists.list_members(session, slug, keyring)) for slug in only
    )
    if not where.strip():
        return Narrowing(only, "", on_only)
    from distributor.contacts.filters.language import format_filter, parse_filter  # noqa: PLC0415 - most sends have none

    tree = parse_filter(where)
    condition = press_lists.filtering(session, keyring).condition(tree)
    matching = session.scalars(select(col(Contact.id)).where(condition))
    return Narrowing(only, format_filter(tree), on_only, frozenset(one for one in matching if one is not None))

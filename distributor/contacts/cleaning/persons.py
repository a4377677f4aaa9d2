"""Whom a row names: civility, first and last name, from whichever columns speak of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from distributor.contacts.cleaning.cells import clean_text
from distributor.contacts.cleaning.columns import names_a_post
from distributor.contacts.cleaning.drafts import Value
from distributor.contacts.cleaning.mailboxes import names_a_desk
from distributor.contacts.cleaning.names import (
    normal_civility,
    split_full_name,
    take_civility,
    take_couple,
    undo_capitals,
)
from distributor.folding import fold

_BETWEEN_PEOPLE = re.compile(r" (?:et|and|und|&) | ?[;/] ?")
_IS_POST = re.compile(r"(?:la|le) |l['’]")
_BETWEEN_MORE = re.compile(rf"{_BETWEEN_PEOPLE.pattern}| ?, ?")


def read_name(
    said: Mapping[str, str], given: str, kept: dict[str, str], changes: list[str], *, is_desk: bool = False
) -> dict[str, Value]:
    """The name that a row's columns tell, that around the address (`given`) last; a newsroom's is not told apart.

    A column of whole names fills up what the column of first or last names leaves open.
    """
    couple, first = take_couple(said.get("first_name", ""))
    beside_last, last = take_couple(said.get("last_name", ""))
    couple = couple or beside_last
    civility = _read_civility(said.get("civility", ""), kept, changes)
    if first and last and names_a_desk(first):
        first, last = "", f"{first} {last}"
    elif not (first and last):
        whole, last_first = _whole_name(said, "" if first or last else given)
        around, whole = take_couple(whole)
        couple = couple or around
        taken, whole = take_civility(whole)
        if taken:
            changes.append(f"«{taken}» taken out of the name")
        civility = civility or taken
        whole = _unless_a_post(whole, kept, changes)
        if first or last:
            first, last = _fill_up(first, last, whole)
        elif names_a_desk(whole) or (is_desk and fold(whole) == fold(said.get("outlet", ""))):
            last = whole
        elif whole:
            first, last = split_full_name(whole, last_first=last_first)
    values: dict[str, Value] = {}
    for key, written in (("first_name", first), ("last_name", last)):
        if written:
            taken, name, told = _read_name_part(written)
            changes += told
            civility = civility or taken
            if name:
                values[key] = name
    if couple:
        kept.setdefault("title", couple)
        changes.append(f"«{couple}» taken out of the name, kept as «title»: greeted without a civility")
    elif civility:
        values["civility"] = civility
    return values


def tell_people_apart(said: Mapping[str, str], locals_: Sequence[str]) -> tuple[str, ...]:
    """The whole names of a cell that holds as many as there are addresses («Jean Dupont et Marie Durand»); else ().

    They come in the order of the addresses, given by what is before their @: as these name people, else as they are
    written. A comma, which also stands within a name, is between two only where every address names one of them.
    """
    if "first_name" in said or "last_name" in said:
        return ()
    whole = _whole_name(said, "")[0]
    names = tuple(_BETWEEN_PEOPLE.split(whole))
    sure = len(names) == len(locals_)
    if not sure and "," in whole:
        names = tuple(_BETWEEN_MORE.split(whole))
    if len(names) != len(locals_) or not all(" " in name for name in names):
        return ()
    named = [[name for name in names if _is_named_by(local, name)] for local in locals_]
    if all(len(found) == 1 for found in named) and len({found[0] for found in named}) == len(names):
        return tuple(found[0] for found in named)
    return names if sure else ()


def _is_named_by(local: str, name: str) -> bool:
    joined = fold(local).replace(" ", "")
    return any(len(word) > 2 and word in joined for word in fold(name).split())


def _unless_a_post(whole: str, kept: dict[str, str], changes: list[str]) -> str:
    """The name, or nothing where it is a post: «Madame la rédactrice en chef»."""
    if not (_IS_POST.match(whole) and names_a_post(whole)):
        return whole
    kept.setdefault("title", whole)
    changes.append(f"«{whole}» is a post and no name: kept as «title»")
    return ""


def _whole_name(said: Mapping[str, str], given: str) -> tuple[str, bool]:
    """The whole name a row gives, and whether its column says that the last name comes first."""
    whole, last_first = said.get("full_name", ""), False
    if not whole and "full_name_last_first" in said:
        whole, last_first = said["full_name_last_first"], True
    whole = whole or clean_text(given)[0]
    return ("" if "@" in whole else whole), last_first


def _fill_up(first: str, last: str, whole: str) -> tuple[str, str]:
    """First and last name, one of them from a whole name that holds the other, or is itself what is missing.

    A single name in the column of last names is left alone where the whole name says something else.
    """
    known = frozenset(fold(first or last).split())
    words = whole.replace(",", " ").split()
    rest = [word for word in words if not known.issuperset(fold(word).split())]
    if first:
        return first, " ".join(rest)
    return (" ".join(rest) if len(rest) < len(words) else ""), last


@lru_cache(maxsize=16384)
def _read_name_part(text: str) -> tuple[str, str, tuple[str, ...]]:
    """The civility that stands before a name, the name as people write it, and what was done."""
    civility, name, told = "", text, []
    while (taken := take_civility(name))[0]:
        civility, name = civility or taken[0], taken[1]
        told.append(f"«{taken[0]}» taken out of the name")
    titled = undo_capitals(name)
    if titled != name:
        told.append(f"name in capitals: «{name}» → «{titled}»")
    return civility, titled, tuple(told)


def _read_civility(written: str, kept: dict[str, str], changes: list[str]) -> str:
    civility = normal_civility(written)
    if civility is None:  # «Herr» and «Dr.», in two columns
        civility = next(filter(None, map(normal_civility, written.split(","))), None)
    if civility is None:
        kept.setdefault("title", written)
        changes.append(f"civility «{written}» is none we can greet by: kept as «title»")
        return ""
    return civility

"""Taking one person out of a text: every spelling of their addresses, and their whole names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from distributor.addresses import Address

ERASED = "[erased]"
_SHORTEST = 3  # a name or local part of two letters is also half of the words there are


class Redaction:
    """Replaces what names one person in texts that stay.

    `mentions` (addresses, whole names) are taken out of anything; `words` (the local part, first and last name alone)
    besides, only out of what is about this person alone, such as a server's replies for their messages.
    """

    def __init__(self, addresses: Iterable[Address], names: Iterable[tuple[str, str]]) -> None:
        addresses, names = list(addresses), list(names)
        spellings = [spelling for address in addresses for spelling in spellings_of(address)]
        whole = [f"{a} {b}" for first, last in names if first and last for a, b in ((first, last), (last, first))]
        whole += [f"{last}, {first}" for first, last in names if first and last]
        self._mentions = _pattern(spellings, whole)
        alone = [part for pair in names for part in pair] + [address.local for address in addresses]
        self._words = _pattern(spellings, [*whole, *(word for word in alone if len(word) >= _SHORTEST)])

    def mentions_in(self, value: Any) -> Any:
        """`value` (a text, or JSON) without addresses and whole names; the very same object when it holds none."""
        return _replaced(value, self._mentions)

    def words_in(self, value: Any) -> Any:
        """`value` (a text, or JSON) without anything that names the person."""
        return _replaced(value, self._words)


def spellings_of(address: Address) -> list[str]:
    """How an address may stand in a text: with either form of its domain, as VERP writes it, and escaped for a URL."""
    forms = dict.fromkeys(
        f"{address.local}{at}{domain}" for at in "@=" for domain in (address.domain, address.unicode_domain)
    )
    return [*forms, f"{quote(address.local)}%40{address.domain}"]


def _pattern(spellings: list[str], names: list[str]) -> re.Pattern[str] | None:
    words = [rf"(?<![\w.+-]){_spaced(one)}(?!\w|[.-]\w)" for one in sorted(set(spellings), key=len, reverse=True)]
    words += [rf"(?<!\w){_spaced(one)}(?!\w)" for one in sorted(set(names), key=len, reverse=True)]
    return re.compile("|".join(words), re.IGNORECASE) if words else None


def _spaced(text: str) -> str:
    """The text as a pattern, in which any run of blanks and line ends stands for a space."""
    return r"\s+".join(map(re.escape, text.split()))


def _replaced(value: Any, pattern: re.Pattern[str] | None) -> Any:
    if pattern is None:
        return value
    if isinstance(value, str):
        return pattern.sub(ERASED, value) if pattern.search(value) else value
    if isinstance(value, dict):
        made: Any = {_replaced(key, pattern): _replaced(one, pattern) for key, one in value.items()}
    elif isinstance(value, list):
        made = [_replaced(one, pattern) for one in value]
    else:
        return value
    return made if made != value else value

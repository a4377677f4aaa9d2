"""How alike two names are, and which names are worth comparing: sounds first, then letters (rapidfuzz)."""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz.fuzz import ratio

from distributor.folding import fold

_ALIKE = 88
_SOUNDS = (("ph", "f"), ("ck", "k"), ("qu", "k"), ("sch", "s"), ("ch", "s"), ("gu", "g"))
_LETTERS = str.maketrans({"c": "k", "q": "k", "z": "s", "y": "i", "w": "v", "j": "g", "h": None, "x": "s", "d": "t"})
_VOWELS = re.compile("(?<!^)[aeiou]")
_TWICE = re.compile(r"(.)\1+")
_ARTICLES = frozenset({"le", "la", "les", "l", "the", "el", "der", "die", "das"})
_DOMAIN = re.compile(r"\.(?:fr|com|net|org|eu|info|be|ch|ca|co\.uk|tv|fm|press|media|news)\b", re.IGNORECASE)


@lru_cache(maxsize=65536)
def sound_of(word: str) -> str:
    """A folded word as it sounds, roughly (`lefevre`, `lefebvre` → `lfvr`, `lfbv`): words of one sound are compared."""
    for written, heard in _SOUNDS:
        word = word.replace(written, heard)
    return _TWICE.sub(r"\1", _VOWELS.sub("", _TWICE.sub(r"\1", word.translate(_LETTERS))))[:4]


def name_likeness(first: str, second: str) -> float:
    """How alike two folded names are, 0 to 100: by letters, in whichever order their words stand."""
    if first == second:
        return 100.0
    return max(ratio(first, second), ratio(_sorted(first), _sorted(second)))


def is_initial_of(first: str, second: str) -> bool:
    """Whether one given name is the other's initial (`m`, `marie`; `j p`, `jean pierre`)."""
    short, long = sorted((first.split(), second.split()), key=lambda words: sum(map(len, words)))
    if not short or len(short) > len(long) or any(len(word) > 1 for word in short):
        return False
    return all(one == other[0] for one, other in zip(short, long, strict=False)) and short != long


@lru_cache(maxsize=8192)
def outlet_forms(name: str) -> frozenset[str]:
    """What an outlet's name comes to without spaces, article and «.fr»: outlets that share a form may be one.

    `Le Monde`, `LeMonde.fr` and `lemonde` share one.
    """
    words = fold(_DOMAIN.sub("", name)).split()
    forms = {"".join(words)}
    if len(words) > 1 and words[0] in _ARTICLES:
        forms.add("".join(words[1:]))
    return frozenset(form for form in forms if len(form) > 1)


def outlets_alike(first: str, second: str) -> bool:
    """Whether two folded names of outlets differ by a letter or two; «France 2» and «France 3» do not."""
    if min(len(first), len(second)) < 6 or _digits(first) != _digits(second):
        return False
    return ratio(first, second) >= _ALIKE


def _sorted(name: str) -> str:
    return " ".join(sorted(name.split()))


def _digits(text: str) -> list[str]:
    return [char for char in text if char.isdigit()]

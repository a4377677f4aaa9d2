"""The short name of a release: made from its headline, or chosen, and what tells two headlines apart."""

from __future__ import annotations

import difflib
import hashlib
import re

from distributor.errors import BadInput
from distributor.folding import fold, slugify

_LENGTH = 40
_MAX_LENGTH = 60
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]*")
_LIKE = 0.7  # two words of which one is a misspelling of the other


def slug_of(headline: str) -> str:
    """A short name for the command line, made from the first words of a headline."""
    slug = ""
    for word in fold(headline).split():
        if slug and len(slug) + 1 + len(word) > _LENGTH:
            break
        if len(word) > 1 or word.isdecimal():  # not what an elision leaves: «l’Observatoire»
            slug = f"{slug}-{word}" if slug else word[:_LENGTH]
    if not slug or not slug.isascii():
        return f"release-{hashlib.sha256(headline.encode()).hexdigest()[:8]}"
    return f"release-{slug}" if slug.isdecimal() else slug


def check_slug(slug: str) -> None:
    """Raise `BadInput` for a short name that the command line would read as something else, or that is none."""
    if slug.isdecimal():
        raise BadInput(
            f"«{slug}» would be taken for the number of a dispatch.", field="--slug", mend=f"Write: release-{slug}"
        )
    if not _SLUG.fullmatch(slug) or len(slug) > _MAX_LENGTH:
        raise BadInput(
            f"«{slug[:80]}» cannot be a short name: small letters, figures, - and _, {_MAX_LENGTH} at most, the"
            " first no sign.",
            field="--slug",
            mend=f"Write it as: {_near(slug)}",
        )


def _near(slug: str) -> str:
    near = slugify(slug)[:_MAX_LENGTH].strip("-")
    return near if _SLUG.fullmatch(near) and not near.isdecimal() else "halle-de-brest"


def is_same_headline(one: str, other: str) -> bool:
    """Whether two headlines are the same but for accents, case, punctuation and misspelt words.

    Another word is another headline, and so is another number: «Baromètre de mars» is not «Baromètre d'avril».
    """
    pairs = list(zip(words := fold(one).split(), others := fold(other).split(), strict=False))
    return len(words) == len(others) and all(a == b or _is_misspelt(a, b) for a, b in pairs)


def _is_misspelt(one: str, other: str) -> bool:
    if any(char.isdecimal() for char in one + other):
        return False
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio() > _LIKE

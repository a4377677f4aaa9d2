"""The folded form of a name: what two spellings have in common once accents, case and punctuation are gone."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Letters that Unicode does not decompose, but that people type without.
_UNDECOMPOSED = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_APART = re.compile(r"[\W_]+")


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set: how the vocabularies of this package are written down."""
    return frozenset(text.split())


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """`Lefèvre, Œuna` → `lefevre oeuna`: letters and digits without accents or case, one space between words."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.casefold().translate(_UNDECOMPOSED))
        text = "".join(char for char in text if not unicodedata.combining(char))
    return _APART.sub(" ", text.casefold()).strip()


def slugify(text: str, separator: str = "-") -> str:
    """A name for addresses and commands: `Santé publique` → `sante-publique`; "" when nothing is left to say."""
    return fold(text).replace(" ", separator)

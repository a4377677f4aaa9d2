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


@lru_cache(maxsize=8192)
def outlet_key(name: str) -> str:
    """The folded name under which an outlet is one row, whatever its accents, case and punctuation."""
    return fold(name) or name.casefold()


def slugify(text: str, separator: str = "-") -> str:
    """A name for addresses and commands: `Santé publique` → `sante-publique`; "" when nothing is left to say."""
    return fold(text).replace(" ", separator)


def has_run(letters: str, folded: str) -> bool:
    """Whether words that follow one another in a folded name come to these letters: `lebris` in `anne le bris`."""
    words = folded.split()
    return any(
        letters == "".join(words[start:end]) for start in range(len(words)) for end in range(start + 1, len(words) + 1)
    )


def is_named(text: str, name: str) -> bool:
    """Whether `text` names whoever is called `name`: words in any order, written together or apart, accents ignored.

    `lebris` and `Le Bris` name «Anne Le Bris», `le bris` names «Anne Lebris»; `bri` names neither.
    """
    asked, folded = fold(text).split(), fold(name)
    return bool(asked) and (all(has_run(word, folded) for word in asked) or has_run("".join(asked), folded))

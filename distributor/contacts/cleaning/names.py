"""People's names: civility taken out, capitals undone, a whole name told apart into first and last."""

from __future__ import annotations

import re

from distributor.folding import fold, words

CIVILITIES = {
    "m": "M.", "monsieur": "M.", "mr": "Mr", "mister": "Mr", "herr": "Mr", "sr": "Mr", "senor": "Mr",
    "mme": "Mme", "madame": "Mme", "mlle": "Mme", "mademoiselle": "Mme", "melle": "Mme",
    "ms": "Ms", "mrs": "Ms", "miss": "Ms", "mx": "", "frau": "Ms", "sra": "Ms", "senora": "Ms",
    "herrn": "Mr",
    "dr": "Dr", "docteur": "Dr", "doctor": "Dr",
    "pr": "Pr", "prof": "Pr", "professeur": "Pr", "professor": "Pr", "professorin": "Pr", "professeure": "Pr",
}  # fmt: skip
"""Folded civility → the one that salutations know. «Mlle» has left French official use; it is «Mme»."""

_LEADING_CIVILITY = re.compile(
    r"(M\.|M(?=\s)|Mr\b\.?|Monsieur\b|Mme\b\.?|Madame\b|M[e]?lle\b\.?|Mademoiselle\b|Mrs\b\.?|Ms\b\.?|Miss\b|Dr\b\.?|Docteur\b"
    r"|Pr\b\.?|Prof\b\.?|Professeure?\b|Professor\b|Herrn?\b|Frau\b)\s*(?=\w)",
    re.IGNORECASE,
)
_MAN = r"(?:Monsieur|Mr\b\.?|M\.|M(?=[ /])|Herrn?)"
_WOMAN = r"(?:Madame|Mademoiselle|Mme\b\.?|Me?lle\b\.?|Mrs\b\.?|Ms\b\.?|Miss|Frau)"
_SCHOLAR = r"(?:Docteur|Professeure?|Professor|Dr\b\.?|Prof\b\.?|Pr\b\.?)"
_AND = r" (?:et|ou|and|or|und|oder|&) "
_COUPLE = re.compile(
    rf"({_MAN}(?:{_AND}| ?[/&+] ?){_WOMAN}|{_WOMAN}(?:{_AND}| ?[/&+] ?){_MAN}"
    rf"|{_SCHOLAR}{_AND}(?:{_MAN}|{_WOMAN}|{_SCHOLAR})|(?:{_MAN}|{_WOMAN}){_AND}{_SCHOLAR})\s+(?=\w)",
    re.IGNORECASE,
)
"""«Dr./Prof.» is one person's."""
_PARTICLES = words(
    "de du des da dos das di del della van von vom zu zur der den ter ten la le les el al ben bint bin ibn mac o"
)
_SUFFIXES = words("jr junior sr senior ii iii iv")
_LOWER_INSIDE = words("de du des da dos das di del der den ter ten la van von vom zu zur y e et")
_LOWER_FIRST = frozenset({"de", "du", "des"})
_NEVER_FIRST = words("le la les de du des von")
"""Particles with which no first name begins, small or not; «Van», «Da», «Al» and «Ben» are somebody's."""
_WORD = re.compile(r"[^\W\d_]+")
_VOWEL = re.compile(r"[aeiouy]")


def name_key(first_name: str, last_name: str) -> str:
    """The folded name a contact is found under, whatever its accents, case and hyphens; "" without a name."""
    return " ".join(filter(None, (fold(first_name), fold(last_name))))


def normal_civility(text: str) -> str | None:
    """The civility that `text` says («Madame» → `Mme`), "" for none, None when it says something else («Pr»)."""
    folded = fold(text)
    return "" if not folded else CIVILITIES.get(folded)


def take_civility(name: str) -> tuple[str, str]:
    """`M. Jean Dupont` → (`M.`, `Jean Dupont`); ("", name) when it does not start with a civility."""
    found = _LEADING_CIVILITY.match(name)
    if not found:
        return "", name
    return CIVILITIES[fold(found[1])], name[found.end() :].strip()


def take_couple(name: str) -> tuple[str, str]:
    """`M. et Mme Dupont` → (`M. et Mme`, `Dupont`); ("", name) when it does not start with two people's civilities."""
    found = _COUPLE.match(name)
    return (found[1], name[found.end() :]) if found else ("", name)


def undo_capitals(name: str) -> str:
    """`JEAN-PIERRE VAN DER MEER` → `Jean-Pierre Van der Meer`; anything not wholly in capitals stays as written.

    Initials (`J.-P.`, `JP`) stay; «de», «du», «des» are small at the start of a family name, as in «de Gaulle».
    """
    letters = "".join(_WORD.findall(name))
    if len(letters) < 2 or not name.isupper():
        return name
    if "." in name:
        last, _, suffix = name.rpartition(" ")
        return f"{undo_capitals(last)} {suffix.title()}" if last and fold(suffix) in _SUFFIXES else name
    if len(letters) < 3 and not _VOWEL.search(fold(letters)):
        return name
    return " ".join(_title(word, first=index == 0) for index, word in enumerate(name.split()))


def _title(word: str, *, first: bool) -> str:
    low = word.lower()
    if low in _LOWER_FIRST or (not first and low in _LOWER_INSIDE):
        return low
    titled = _WORD.sub(lambda found: found[0].capitalize(), low)
    return re.sub(r"\bMc([a-z])(?=[a-z]{2})", lambda found: "Mc" + found[1].upper(), titled)


def split_full_name(name: str, *, last_first: bool = False) -> tuple[str, str]:
    """A whole name → (first, last).

    In order: a comma («Dupont, Jean»), a family name alone («Le Goff»), the part in capitals («Jean DUPONT»), the
    column's own order, a particle («Marie van der Meer», «Le Goff Marie»), and otherwise the last word is the family
    name. «Jr.» and its kind stay behind it.
    """
    last, comma, first = name.partition(",")
    if comma:
        given = first.split()
        end = len(given)
        while end > 1 and given[end - 1].islower() and given[end - 1] in _PARTICLES:  # «Tour, Hélène de la»
            end -= 1
        return " ".join(given[:end]), " ".join((*given[end:], *last.split()))
    words = name.split()
    if len(words) > 2 and fold(words[-1]) in _SUFFIXES:
        first, last = _split_words(words[:-1], last_first=last_first)
        return first, f"{last} {words[-1]}"
    return _split_words(words, last_first=last_first)


def _split_words(words: list[str], *, last_first: bool) -> tuple[str, str]:
    is_family_first = fold(words[0]) in _NEVER_FIRST if words else False
    if len(words) < 2 or (is_family_first and all(fold(word) in _PARTICLES for word in words[:-1])):
        return "", " ".join(words)
    capitals = [len(word) > 1 and word.isupper() and "." not in word for word in words]
    if any(capitals) and not all(capitals):
        if capitals[0] and not capitals[-1]:
            end = capitals.index(False)
            return " ".join(words[end:]), " ".join(words[:end])
        if capitals[-1] and not capitals[0]:
            start = _start_of_last(words, capitals.index(True))
            return " ".join(words[:start]), " ".join(words[start:])
    if last_first:
        return words[-1], " ".join(words[:-1])
    is_family_first |= words[0].islower() and fold(words[0]) in _PARTICLES
    if is_family_first and words[-1][0].isupper():  # «van den Berg Piet»
        end = next((i for i, word in enumerate(words) if fold(word) not in _PARTICLES), 0) + 1
        if 1 < end < len(words):
            return " ".join(words[end:]), " ".join(words[:end])
    start = next((i for i, word in enumerate(words[1:-1], start=1) if fold(word) in _PARTICLES), len(words) - 1)
    return " ".join(words[:start]), " ".join(words[start:])


def _start_of_last(words: list[str], start: int) -> int:
    while start > 1 and words[start - 1].lower() in _PARTICLES:
        start -= 1
    return start

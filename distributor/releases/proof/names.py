"""Rules for names: one spelling each, and the organisation's own where an editor looks for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations

from distributor.folding import fold
from distributor.releases.findings import Level, ProofSubject, around
from distributor.releases.proof.rule import Hit, Rule, Said, quoted

NAME_SPELLING = Rule(
    "name-spelling",
    Level.WARN,
    Said("One name seems to be spelled in two ways: {names}.", "Un même nom semble écrit de deux façons : {names}."),
    Said("Check which one is right.", "Vérifiez laquelle est juste."),
    Said(
        "A misspelled name is the correction newsrooms make most often.",
        "Un nom mal écrit est le rectificatif le plus fréquent.",
    ),
)
ORGANISATION_ABSENT = Rule(
    "organisation-absent",
    Level.NOTE,
    Said("The headline does not name who speaks ({organisation}).", "Le titre ne dit pas qui parle ({organisation})."),
    Said("Name the organisation in it.", "Nommez-y l'organisation."),
    Said(
        "In a full inbox the subject is often all that is read; so is a list of search results.",
        "Dans une boîte pleine, on ne lit souvent que l'objet ; de même dans une liste de résultats.",
    ),
)
RULES = (NAME_SPELLING, ORGANISATION_ABSENT)

_WORD = r"[^\W\d_a-zà-öø-ÿ][^\W\d_]+(?:[-'’][^\W\d_]+)*"
_FULL_NAME = re.compile(
    # Looked ahead at, for names overlap: of «Pour Élodie Marchetti», the first two words are none.
    rf"(?<![\w@.])(?=(?P<first>{_WORD})[ \u00a0]+"
    rf"(?P<last>(?:(?:de|du|le|la|van|von|d['’])[ \u00a0]*)?{_WORD})(?![\w@]))"
)
_PROPER = re.compile(rf"(?<![\w@./-])(?<![.!?:»\n] )(?<!^){_WORD}(?![\w@/])")
_LONG_NAME = 5
_LONG_WORD = 7
_MOST = 3000
_PLAIN_ENDING = 2  # a slip this near a word's end is an ending: plural, feminine, case
_GENERIC = re.compile(
    r"(?:service|bureau|press|presse|media|communication|office|contact|relations?|secretariat|direction|federation|confederation"
    r"|union|syndicat|syndicale|generale|general|national|nationale|association|societe|group|groupe|company|compagnie|france|team"
    r"|equipe|department|departement|organisation|organization|force|les|des|the|and|pour|for|of|de|du|la|le)s?"
)


def spellings(subject: ProofSubject) -> Iterator[Hit]:
    """«Marjorie Alexandre» and «Marjorie Alexandra»; «Kazakhstan» and «Kazakstan»: one letter apart, or an accent."""
    places: dict[str, tuple[str, int, int]] = {}
    people: Counter[tuple[str, str]] = Counter()
    words: Counter[str] = Counter()
    texts = [(field, text) for field, text in subject.texts() if field not in {"sector", "dateline_place"}]
    plain = dict(subject.prose())
    for field, text in texts:
        for match in _FULL_NAME.finditer(plain.get(field, text)):
            people[match["first"], match["last"]] += 1
            places.setdefault(f"{match['first']} {match['last']}", (field, match.start("first"), match.end("last")))
        for match in _PROPER.finditer(plain.get(field, text)):
            words[match[0]] += 1
            places.setdefault(match[0], (field, match.start(), match.end()))
    pairs = [*_twice_spelled_people(people), *_twice_spelled_words(words)]
    told: set[str] = set()
    for rare, common in pairs:
        if not told.isdisjoint(fold(f"{rare} {common}").split()):
            continue
        told.update(set(fold(rare).split()) ^ set(fold(common).split()))
        field, start, end = places[rare]
        text = next(text for name, text in texts if name == field and len(text) >= end)
        line = subject.line_at(field, text, start, end)
        yield NAME_SPELLING.at(line, around(text, start, end), names=quoted((common, rare)))


def _twice_spelled_people(people: Counter[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Pairs (rarer, commoner) of full names that share one part, the other one slip apart."""
    for side in (0, 1):
        groups: dict[str, list[tuple[str, str]]] = {}
        for name in list(people)[:_MOST]:
            groups.setdefault(fold(name[side]), []).append(name)
        for group in groups.values():
            for one, two in combinations(group[:50], 2):
                if _is_slip(one[1 - side], two[1 - side], is_first=side == 1):
                    rare, common = sorted((one, two), key=people.__getitem__)
                    yield " ".join(rare), " ".join(common)


def _twice_spelled_words(words: Counter[str]) -> Iterator[tuple[str, str]]:
    """Pairs (rarer, commoner) of long capitalised words, one letter apart within the word."""
    groups: dict[str, list[str]] = {}
    for word in list(words)[:_MOST]:
        key = fold(word)
        if len(key) >= _LONG_WORD and len(key) <= 40 and not word.isupper():
            for place in range(1, len(key)):
                groups.setdefault(key[:place] + key[place + 1 :], []).append(word)
            groups.setdefault(key, []).append(word)
    seen = set()
    for group in groups.values():
        for one, two in combinations(dict.fromkeys(group[:20]), 2):
            rare, common = sorted((one, two), key=words.__getitem__)
            if (rare, common) in seen or words[rare] != 1 or words[common] < 2:
                continue
            seen.add((rare, common))
            if _is_inner_slip(fold(rare), fold(common)):
                yield rare, common


def _is_slip(one: str, two: str, *, is_first: bool) -> bool:
    """Whether two parts of a name are one name misspelled: other accents, or one letter, but no plural or feminine."""
    first, second = fold(one).removesuffix("'s"), fold(two).removesuffix("'s")
    if first == second:
        return one.casefold() != two.casefold() and not one.isupper() and not two.isupper()
    if min(len(first), len(second)) < _LONG_NAME or one.isupper() != two.isupper():
        return False
    if is_first:  # Martin and Martine, Michel and Michèle are two people
        return _is_inner_slip(first, second)
    return _distance_is_one(first, second) and not _is_ending(first, second)


def _is_inner_slip(one: str, two: str) -> bool:
    """One letter apart, away from both ends: what an ending, a prefix or another name would not be."""
    if not _distance_is_one(one, two):
        return False
    place = next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    return 0 < place < min(len(one), len(two)) - _PLAIN_ENDING


def _is_ending(one: str, two: str) -> bool:
    short, long = sorted((one, two), key=len)
    return long.startswith(short) and long[len(short) :] in {"s", "e", "x"}


def _distance_is_one(one: str, two: str) -> bool:
    """Whether one letter more, less or other, or two that changed places, make one of the other."""
    short, long = sorted((one, two), key=len)
    if len(long) - len(short) > 1 or short == long:
        return False
    place = next((at for at, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) == len(long) and short[place : place + 2] == long[place : place + 2][::-1]:
        return short[place + 2 :] == long[place + 2 :]
    rest = short[place:] if len(short) < len(long) else short[place + 1 :]
    return rest == long[place + 1 :]


def organisation(subject: ProofSubject) -> Iterator[Hit]:
    """The headline names the organisation, in a word of its name or by its initials."""
    name, headline = subject.organisation, subject.draft.headline
    tokens = re.findall(r"[^\W_]+", name.partition(",")[0])
    telling = [fold(token) for token in tokens if not _GENERIC.fullmatch(fold(token)) and len(token) > 1]
    initials = fold("".join(token[0] for token in tokens if token[0].isupper()))
    wanted = {*telling, *([initials] if len(initials) > 1 else [])}
    if headline and telling and wanted.isdisjoint(re.findall(r"[^\W_]+", fold(headline))):
        yield ORGANISATION_ABSENT.at(subject.draft.lines.get("headline"), headline, organisation=name)


CHECKS = (spellings, organisation)

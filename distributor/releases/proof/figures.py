"""Rules for figures: what headline, standfirst and text count alike is the same number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from distributor.folding import fold
from distributor.releases.findings import Level, ProofSubject, around
from distributor.releases.proof.rule import FIELDS, Hit, Rule, Said

NUMBER_DIFFERS = Rule(
    "number-differs",
    Level.WARN,
    Said(
        "The {field} says «{first}», the {other} says «{second}».",
        "Le {field} dit «{first}», le {other} dit «{second}».",
    ),
    Said("Make them the same, or say why they differ.", "Accordez-les, ou dites pourquoi ils diffèrent."),
    Said("Two figures for one thing: both are doubted.", "Deux chiffres pour une chose : on doute des deux."),
)
RULES = (NUMBER_DIFFERS,)

_SPACE = "[ \u00a0\u2009\u202f]"
_COUNTED = re.compile(
    rf"(?<![\w.,/\-'’])(?P<number>\d{{1,3}}(?:{_SPACE}\d{{3}})+|\d{{1,3}}(?:[.,]\d{{3}})+|\d{{1,9}})"
    rf"(?P<part>[.,]\d{{1,2}})?(?![\w.,]?\d)"
    rf"{_SPACE}?(?P<scale>millions?\b|milliards?\b|billions?\b|thousand\b|%)?"
    rf"{_SPACE}(?:(?:de|des|du|d['’]|of|the)\b{_SPACE}?)*(?P<noun>[^\W\d_]{{4,40}})(?!\w)"
)
_ABOUT = re.compile(
    r"(?:près|plus|moins|environ|quelque|presque|autour|over|under|about|nearly|almost|more|less|than|some|around|up to"
    r"|jusqu'à)"
    r"(?:\s+(?:de|d'|than))?\s*$",
    re.IGNORECASE,
)
_MONTHS = re.compile(
    r"janvier|fevrier|mars|avril|juin|juillet|aout|septembre|octobre|novembre|decembre"
    r"|january|february|march|april|june|july|august|september|october|november|december|heures?|hours?|minutes?"
)
_SCALES = {"million": 10**6, "milliard": 10**9, "billion": 10**9, "thousand": 10**3}
_SMALLEST = 10
_CLOSEST, _FARTHEST = 0.75, 1 / 0.75
_YEARS = range(1900, 2101)
_ORDER = ("headline", "standfirst", "body")


@dataclass(frozen=True, slots=True)
class _Count:
    value: float
    words: str
    start: int
    end: int


def numbers(subject: ProofSubject) -> Iterator[Hit]:
    """«160 morts» above, «150 morts» below: one thing, counted once in each place, in numbers a slip apart."""
    counted = {field: _counts(text) for field, text in subject.prose() if field in _ORDER}
    texts = dict(subject.texts())
    told: set[str] = set()
    for above, below in (("headline", "standfirst"), ("headline", "body"), ("standfirst", "body")):
        for noun, first in counted.get(above, {}).items():
            second = counted.get(below, {}).get(noun)
            if first is None or second is None or noun in told or not _is_slip(first.value, second.value):
                continue
            told.add(noun)
            excerpt = around(texts[below], second.start, second.end)
            line = subject.line_at(below, texts[below], second.start, second.end)
            yield NUMBER_DIFFERS.at(
                line, excerpt, field=FIELDS[above], other=FIELDS[below], first=first.words, second=second.words
            )


def _counts(text: str) -> Mapping[str, _Count | None]:
    """What a text counts, by its noun; None for what it counts in several ways, or only about."""
    found: dict[str, _Count | None] = {}
    for match in _COUNTED.finditer(text):
        noun = fold(match["noun"]).rstrip("sx")
        value = _value(match)
        if _MONTHS.fullmatch(fold(match["noun"])) or (value in _YEARS and match["number"].isdigit()):
            continue
        key = f"% {noun}" if match["scale"] == "%" else noun
        known = found.get(key)
        is_about = _ABOUT.search(text[max(0, match.start() - 30) : match.start()])
        if is_about or (key in found and (known is None or known.value != value)):
            found[key] = None
        elif key not in found:
            found[key] = _Count(value, match[0], match.start(), match.end())
    return found


def _value(match: re.Match[str]) -> float:
    whole = re.sub(r"\D", "", match["number"])
    part = (match["part"] or "").replace(",", ".")
    scale = (match["scale"] or "").rstrip("s")
    return float(whole + part) * _SCALES.get(scale, 1)


def _is_slip(first: float, second: float) -> bool:
    """Whether two numbers are so alike that one is likely a slip for the other: near, permuted, or a zero apart."""
    if first == second or min(first, second) < _SMALLEST:
        return False
    is_permuted = sorted(f"{first:g}") == sorted(f"{second:g}")
    return (
        is_permuted or _CLOSEST <= first / second <= _FARTHEST or max(first, second) / min(first, second) in {10, 100}
    )


CHECKS = (numbers,)

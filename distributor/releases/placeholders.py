"""Placeholders left in a text: what writers put where a fact was still wanting, and templates where a name goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PROMPT_WORDS = (
    r"(?:à|a)\s+(?:compl[ée]ter|pr[ée]ciser|confirmer|d[ée]finir|d[ée]terminer|venir|valider|v[ée]rifier|remplir|ins[ée]rer"
    r"|ajouter|renseigner)"
    r"|(?:compl[ée]ter|ins[ée]rer|ajouter|pr[ée]ciser|indiquer|renseigner|remplir)\b"
    r"|(?:votre|your|insert|add|enter|fill\s+in|to\s+be|to\s+come|tk)\b"
    r"|(?:nom|pr[ée]nom|name|first\s*name|last\s*name|date|jour|mois|ann[ée]e|lieu|ville|place|city|titre|title|fonction|role|chiffre|montant|"
    r"amount|number|nombre|heure|time|hour|t[ée]l[ée]phone|phone|e-?mail|adresse|address|organisation|organization|company|soci[ée]t[ée]|"
    r"citation|quote|url|lien|link|tbc|tbd|tba|todo|placeholder)"
    r"(?=\s*(?:$|[/,:]|(?:du|de|des|de\s+la|et|of|and|here|ici)\b))"
    r"|x{2,}\b|\.{3,}\s*à|\?+\s*$|_+\s*$"
)
_PROMPT = re.compile(rf"^\s*(?:{_PROMPT_WORDS})", re.IGNORECASE)
_BRACKETED = re.compile(
    r"\[(?P<square>[^\[\]\n]{1,60})\](?![(\[:])|<(?P<angle>[^<>\n@/=:]{2,60})>|\((?P<round>[^()\n]{1,60})\)"
)
_ROUND_PROMPT = re.compile(
    r"^\s*(?:à\s+(?:compl[ée]ter|pr[ée]ciser|confirmer|d[ée]finir|ins[ée]rer|remplir|valider)|to\s+be\s+(?:confirmed|completed|determined)|tb[cda])\b",
    re.IGNORECASE,
)

_SIMPLE = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (r"\b(?:TBC|TBD|TBA|TODO|FIXME|XYZ)\b(?![@.]\w)", 0),
        (r"\blorem\s+ipsum\b", re.IGNORECASE),
        (r"(?<![_\w*])_{3,}(?![_\w])", 0),
        (r"\?{3,}", 0),
        (r"\.{6,}|…{3,}", 0),
    )
)

_CROSSES = re.compile(r"(?<!\w)(?:X{2,}|x{2,})(?:h(?:XX|xx|\d{2})?)?(?!\w)")
_BEFORE_ROMAN = re.compile(
    r"(?:\b(?:siècles?|chapitre|chapter|article|tome|volume|vol\.|titre|annexe|appendix|part|partie|livre|book|section|act|acte|bowl|"
    r"louis|charles|henri|henry|jean|john|pie|pius|benoît|léon|leo|grégoire|clément|pape|pope|congrès|congress|"
    r"olympiade|légion|dynastie|sommet|édition|wrestlemania|fig\.|figure|grade|phase|année|century)\s+|\b[IVXLC]+\s*(?:[-–,/]|et|and|à|to)\s*)$",
    re.IGNORECASE,
)
_AFTER_ROMAN = re.compile(r"^\s*(?:congrès|congress|siècle|century|olympiade|édition)", re.IGNORECASE)
_ROMAN = re.compile(r"^X{2,3}$")

_BRACES = re.compile(
    r"\{\{.{0,200}?\}\}|\{%.{0,200}?%\}|\{#.{0,200}?#\}|\$?\{[^\W\d][\w .|'-]{0,60}\}|\{\{|\}\}"
    r"|\*\|\w+\|\*|%%\w+%%|<<\s*\w[\w .]*>>|\[\[\s*\w[\w .]*\]\]|%[A-Z]{3,}(?:_[A-Z]+)*%"
)
_CODE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)|`[^`\n]+`|^(?: {4}|\t).*$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Hit:
    """A placeholder at `start:end` of a text."""

    start: int
    end: int


def find_placeholders(text: str) -> Iterator[Hit]:
    """XX, [à compléter], TBC, ____, ??? and their like; Roman numerals, sizes and elisions «[…]» are none."""
    hits = [
        Hit(*match.span())
        for match in _CROSSES.finditer(text)
        if not (_is_roman(text, match) or _is_in_link(text, match))
    ]
    for pattern in _SIMPLE:
        hits.extend(Hit(*match.span()) for match in pattern.finditer(text))
    for match in _BRACKETED.finditer(text):
        prompt = _ROUND_PROMPT if match["round"] else _PROMPT
        if prompt.match(match["square"] or match["angle"] or match["round"]):
            hits.append(Hit(*match.span()))
    yield from _outermost(hits)


def find_braces(text: str) -> Iterator[Hit]:
    """Template and mail-merge marks ({{ name }}, {% if %}, {name}, *|FNAME|*, <<Nom>>) outside code."""
    covered = [match.span() for match in _CODE.finditer(text)]
    for match in _BRACES.finditer(text):
        if not any(start <= match.start() < end for start, end in covered):
            yield Hit(*match.span())


def _is_roman(text: str, match: re.Match[str]) -> bool:
    """Whether XX or XXX is a numeral here: after a king, a century, a chapter, or in a row of numerals."""
    if not _ROMAN.match(match[0]):
        return False
    return bool(
        _BEFORE_ROMAN.search(text[max(0, match.start() - 40) : match.start()])
        or _AFTER_ROMAN.match(text[match.end() :])
    )


def _is_in_link(text: str, match: re.Match[str]) -> bool:
    """Whether the word around a hit is a web or e-mail address."""
    before = re.split(r"\s", text[max(0, match.start() - 200) : match.start()])[-1]
    after = re.split(r"\s", text[match.end() : match.end() + 200])[0]
    return any(sign in before + match[0] + after for sign in ("://", "www.", "@"))


def _outermost(hits: list[Hit]) -> Iterator[Hit]:
    reach = -1
    for hit in sorted(hits, key=lambda one: (one.start, -one.end)):
        if hit.start >= reach:
            yield hit
            reach = hit.end

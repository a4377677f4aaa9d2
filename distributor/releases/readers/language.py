"""Which language a text is written in, told by its commonest words, else by its figures and what releases talk of."""

from __future__ import annotations

import re

UNSURE = "language-unsure"
"""The code of the remark, and of the proof's finding, that nothing told the language."""

_COMMON = {
    "fr": re.compile(
        r"le|la|les|l|un|une|des|du|de|d|et|est|sont|dans|pour|par|sur|au|aux|ce|cette|ces|que|qu|qui|ne|pas|plus|avec|"
        r"nous|vous|ils|elle|il|son|sa|ses|leur|leurs|à|été|sera|ont|mais|ou|où|se|s|en"
    ),
    "en": re.compile(
        r"the|an|of|and|is|are|in|for|by|at|to|this|that|these|which|who|not|more|with|we|you|they|she|he|his|her|"
        r"its|their|has|have|been|will|would|but|from|was|were|it|be"
    ),
    "de": re.compile(
        r"der|die|das|und|ist|sind|von|mit|für|auf|im|am|dem|den|ein|eine|einen|einer|nicht|auch|wird|werden|wurde|zum|"
        r"zur|bei|nach|sich|als|dass|es|hat|haben|sie|wir|über|aus|um"
    ),
}
# What a text of figures still says: months, words of results, and how figures are written. Each counts once.
_SIGNS = {
    "fr": re.compile(
        r"\b(?:janvier|février|avril|juin|juillet|août|septembre|octobre|novembre|décembre|lundi|mardi|mercredi|jeudi"
        r"|vendredi|samedi|dimanche|communiqués?|presse|millions?\s+d['’e]|milliards?|hausse|baisse|résultats?|chiffres?"
        r"|affaires|trimestre|année|premier|première|passagers|voitures|ventes|meilleure?|nouveau|nouvelle|mois|jours?|ans"
        r"|euros|t[1-4]\s+20\d\d)\b"
        r"|\d\s(?:\d{3})(?!\d)|\d,\d+\s?(?:%|€|M€)|\d\s€|\d\s%|\b1er\b|«|\w\s[:;!?](?=\s)",
        re.IGNORECASE,
    ),
    "en": re.compile(
        r"\b(?:january|february|april|june|july|august|september|october|november|december|monday|tuesday|wednesday"
        r"|thursday|friday|saturday|sunday|press|million|billion|results|revenues?|outlook|quarter|year|month|months|days"
        r"|first|new|best|sales|net|cash|debt|free|up|down|growth|passengers|cars|headcount|units|q[1-4])\b"
        r"|\d,\d{3}(?!\d)|\d\.\d+\s?(?:%|m\b|bn\b)|[$£€]\s?\d|\d%|\d(?:st|nd|rd|th)\b|“",
        re.IGNORECASE,
    ),
}
_FEW_SIGNS = 3
_FEW_WORDS = 120  # a longer text without the common words of a language is in another one
_LOOKED_AT = 20_000


def guess_language(text: str) -> str | None:
    """ "fr" or "en" by the words of `text`, of a short one also by its figures; None in doubt, or for a third."""
    told = tell_language(text)
    return told if told in _SIGNS else None if told else _by_signs(text[:_LOOKED_AT])


def tell_language(text: str) -> str | None:
    """ "fr", "en" or "de" where the commonest words of `text` leave no doubt, else None."""
    found = re.findall(r"[^\W\d_]+", text[:_LOOKED_AT].lower())
    counts = {lang: sum(bool(common.fullmatch(word)) for word in found) for lang, common in _COMMON.items()}
    best, other, _ = sorted(counts, key=counts.__getitem__, reverse=True)
    # A text in a fourth language shares some small words with all; it has few of any.
    if counts[best] < 3 or counts[best] < 2 * counts[other] or counts[best] < 0.15 * len(found):
        return None
    return best


def _by_signs(text: str) -> str | None:
    if len(re.findall(r"[^\W\d_]+", text)) > _FEW_WORDS:
        return None
    counts = {lang: len(signs.findall(text)) for lang, signs in _SIGNS.items()}
    best, other = sorted(counts, key=counts.__getitem__, reverse=True)
    return best if counts[best] >= _FEW_SIGNS and counts[best] >= 2 * counts[other] else None

"""Rules for words missing, doubled or run together, where a narrow pattern is enough to be sure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from distributor.releases.findings import Level, ProofSubject, around
from distributor.releases.proof.rule import Hit, Rule, Said

_CARELESS = Said("Such a slip is the first thing an editor sees.", "C'est la première chose que voit un rédacteur.")
MISSING_WORD = Rule(
    "missing-word",
    Level.WARN,
    Said("A word seems to be missing: «{words}».", "Il semble manquer un mot : «{words}»."),
    Said("Add it.", "Ajoutez-le."),
    _CARELESS,
)
REPEATED_WORD = Rule(
    "repeated-word",
    Level.WARN,
    Said("A word stands twice: «{words}».", "Un mot est écrit deux fois : «{words}»."),
    Said("Remove one.", "Retirez-en un."),
    _CARELESS,
)
JOINED_SENTENCES = Rule(
    "space-missing",
    Level.NOTE,
    Said("A space seems to be missing: «{words}».", "Il semble manquer une espace : «{words}»."),
    Said("Add it.", "Ajoutez-la."),
    _CARELESS,
)
RULES = (MISSING_WORD, REPEATED_WORD, JOINED_SENTENCES)

_WS = r"[ \t\u00a0]+"
_FRENCH_GAPS = (
    # «fait partie des particulièrement pointés par …»: plural article, adverb, participle, and no noun before or after.
    re.compile(
        rf"(?<![\w'’-])(?:des|aux|ces|nos|vos|leurs|ses){_WS}(?!\w*gouvernement|\w*parlement)[^\W\d_]{{4,30}}(?<=[aeiué]m)ent"
        rf"{_WS}[^\W\d_]{{2,30}}(?:é|i|u)(?:e?s){_WS}(?:par|en|dans|pour|de|à|sur|et)(?!\w)"
    ),
    # «des par», «cette dans»: an article, and what can only follow its noun.
    re.compile(rf"(?<![\w'’-])(?:des|aux|cette|cet|ces|nos|vos){_WS}(?:par|dans|est|sont|ont|afin|que|qui)(?![\w'’-])"),
)
_ENGLISH_GAPS = (re.compile(rf"(?<![\w'’-])the{_WS}(?:of|is|are|was|were|and|by|from|has|have)(?![\w'’/-])"),)
_TWICE = {
    is_french: re.compile(rf"(?<![\w'’-])({words}){_WS}\1(?![\w'’-])", re.IGNORECASE)
    for is_french, words in (
        (
            True,
            "de|des|du|la|le|les|un|une|et|à|au|aux|dans|pour|sur|par|avec|qui|que|sont|ont|ce|cette|ces|ne|se|sa|son|ses|mais",
        ),
        (
            False,
            "the|of|to|and|a|an|in|for|is|on|with|by|at|from|are|be|as|or|this|we|it|will|has|was|were|our|its|their|not",
        ),
    )
}
_SMALL, _CAPITAL = "[a-zà-öø-ÿ]", "[A-ZÀ-ÖØ-Þ]"
_JOINED = re.compile(
    rf"(?<=\s){_SMALL}{{3,30}}"
    rf"(?:[.!?](?={_CAPITAL}{_SMALL}{{1,30}}(?:[ \t\u00a0]|['’]))|[,;](?=[^\W\d_]{{2,30}}[ \t\u00a0]))"
    r"(?P<after>[^\W\d_]+)"
)
_DOMAIN = re.compile(r"com|org|net|fr|eu|io|gouv|edu|info|biz|js|html?|php|Net|NET|Org|Com", re.IGNORECASE)


def missing_words(subject: ProofSubject) -> Iterator[Hit]:
    """«Fait partie des particulièrement pointés par»: an article whose noun is not there."""
    gaps = _FRENCH_GAPS if subject.is_french else _ENGLISH_GAPS if subject.draft.lang.startswith("en") else ()
    for field, text in subject.prose():
        for pattern in gaps:
            for match in pattern.finditer(text):
                line = subject.line_at(field, text, match.start(), match.end())
                yield MISSING_WORD.at(line, around(text, match.start(), match.end()), words=match[0])


def repeated_words(subject: ProofSubject) -> Iterator[Hit]:
    """«De de», «the the»; «nous nous» and other pairs that are French are left alone."""
    if subject.draft.lang[:2] not in {"fr", "en"}:
        return
    for field, text in subject.prose():
        for match in _TWICE[subject.is_french].finditer(text):
            line = subject.line_at(field, text, match.start(), match.end())
            yield REPEATED_WORD.at(line, around(text, match.start(), match.end()), words=match[0])


def joined_sentences(subject: ProofSubject) -> Iterator[Hit]:
    """«Fin.Début», «mot,mot»: a space fell out."""
    for field, text in subject.prose():
        for match in _JOINED.finditer(text):
            if not _DOMAIN.fullmatch(match["after"]):
                line = subject.line_at(field, text, match.start(), match.end())
                yield JOINED_SENTENCES.at(line, around(text, match.start(), match.end()), words=match[0])


CHECKS = (missing_words, repeated_words, joined_sentences)

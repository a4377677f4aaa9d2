"""Rules for signs: blanks, quotation marks and brackets, capitals and exclamation marks in a headline."""

from __future__ import annotations

import re
from collections.abc import Iterator

from distributor.releases.findings import Level, ProofSubject, around
from distributor.releases.proof.rule import Hit, Rule, Said

_CARELESS = Said("It reads as carelessness.", "Cela se lit comme de la négligence.")
_SPAM = Said(
    "Spam filters count it, and so do readers.", "Les filtres antispam en tiennent compte, les lecteurs aussi."
)
DOUBLE_SPACE = Rule(
    "double-space",
    Level.NOTE,
    Said("Spaces stand twice between words ({count}).", "Des espaces sont doublées entre deux mots ({count})."),
    Said("Make them one.", "N'en gardez qu'une."),
    _CARELESS,
)
SPACE_BEFORE = Rule(
    "space-before",
    Level.NOTE,
    Said(
        "A space stands before a comma or full stop ({count}).", "Une espace précède une virgule ou un point ({count})."
    ),
    Said("Remove it.", "Retirez-la."),
    _CARELESS,
)
QUOTES_OPEN = Rule(
    "quotes-open",
    Level.WARN,
    Said(
        "Of the marks {marks} there are {opened} that open and {closed} that close.",
        "Des signes {marks}, {opened} ouvrent et {closed} ferment.",
    ),
    Said("Close, or open, the one that stands alone.", "Fermez, ou ouvrez, celui qui reste seul."),
    Said("Nobody can tell where the quotation ends.", "On ne sait plus où finit la citation."),
)
QUOTES_ODD = Rule(
    "quotes-odd",
    Level.WARN,
    Said('The straight quotation marks " are odd in number.', 'Les guillemets droits " sont en nombre impair.'),
    Said("Close, or open, the one that stands alone.", "Fermez, ou ouvrez, celui qui reste seul."),
    Said("Nobody can tell where the quotation ends.", "On ne sait plus où finit la citation."),
)
QUOTES_MIXED = Rule(
    "quotes-mixed",
    Level.NOTE,
    Said("French quotes in «…» stand beside others in “…”.", "Des guillemets “…” côtoient des guillemets «…»."),
    Said("In French, write «…»; “…” within them.", "Écrivez «…» ; “…” seulement à l'intérieur."),
    _CARELESS,
)
HEADLINE_CAPITALS = Rule(
    "headline-capitals",
    Level.WARN,
    Said("The headline is all capitals.", "Le titre est tout en capitales."),
    Said("Write it as a sentence.", "Écrivez-le comme une phrase."),
    _SPAM,
)
HEADLINE_SIGNS = Rule(
    "headline-signs",
    Level.WARN,
    Said("The headline shouts: «{sign}».", "Le titre crie : «{sign}»."),
    Said("One sign is enough.", "Un seul signe suffit."),
    _SPAM,
)
RULES = (DOUBLE_SPACE, SPACE_BEFORE, QUOTES_OPEN, QUOTES_ODD, QUOTES_MIXED, HEADLINE_CAPITALS, HEADLINE_SIGNS)

_DOUBLE = re.compile(r"(?<=[^\s|:–—-])[ \u00a0]{2,8}(?=[^\s|\\–—-])")
_BEFORE = re.compile(r"(?<=[^\W\d_])[ \t\u00a0\u202f]+(?P<sign>[,.])(?=\s|$)(?!\s?[.,])", re.MULTILINE)
_SHOUTED = re.compile(r"[!?]{2,}|!.*!|[€$]{2,}|(?:★|⭐|🔥|🚨|‼|❗|✅|👉)")
_PAIRS = ("«»", "“”", "()")
_ENUMERATED = re.compile(r"(?:^|[\s;,:(])(?:[a-zA-Z]|\d{1,2}|[ivx]{1,4})\)$|[:;]-?\)$")
_INCHES = re.compile(r"(?<=\d)\"")
_CAPITALS, _FEWEST = 0.8, 12


def spaces(subject: ProofSubject) -> Iterator[Hit]:
    """No two blanks between words, none before a comma or full stop; each told once, with how often."""
    for rule, pattern, texts in ((DOUBLE_SPACE, _DOUBLE, subject.texts()), (SPACE_BEFORE, _BEFORE, subject.prose())):
        found = [(field, text, match) for field, text in texts for match in pattern.finditer(text)]
        if found:
            field, text, match = found[0]
            line = subject.line_at(field, text, *_with_words(text, match.start(), match.end()))
            yield rule.at(line, around(text, match.start(), match.end()), count=len(found))


def _with_words(text: str, start: int, end: int) -> tuple[int, int]:
    """A few letters more on both sides of a hit, within its line: a blank alone stands everywhere."""
    left, right = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    return max(left, start - 12), min(right if right >= 0 else len(text), end + 12)


def pairs(subject: ProofSubject) -> Iterator[Hit]:
    """Quotation marks and brackets close what they open; straight marks are made round by us, and come in twos."""
    for field, text in subject.prose():
        for marks in _PAIRS:
            place = _unpaired(text, marks)
            if place is not None and not (marks == "“”" and "„" in text):
                line = subject.line_at(field, text, *_with_words(text, place, place + 1))
                opened, closed = text.count(marks[0]), text.count(marks[1])
                yield QUOTES_OPEN.at(line, around(text, place, place + 1), marks=marks, opened=opened, closed=closed)
        place = _odd_straight(text)
        if place is not None:
            line = subject.line_at(field, text, *_with_words(text, place, place + 1))
            yield QUOTES_ODD.at(line, around(text, place, place + 1))


def _unpaired(text: str, marks: str) -> int | None:
    """Where the first mark stands that has no partner; «a)» and smileys are no brackets."""
    open_at: list[int] = []
    for match in re.finditer(f"[{re.escape(marks)}]", text):
        if match[0] == marks[0]:
            open_at.append(match.start())
        elif open_at:
            open_at.pop()
        elif not (marks == "()" and _ENUMERATED.search(text[max(0, match.start() - 8) : match.end()])):
            return match.start()
    return open_at[0] if open_at else None


def _odd_straight(text: str) -> int | None:
    """Where the first straight mark stands in the first paragraph with an odd number of them; inches do not count."""
    plain = _INCHES.sub(" ", text)
    if plain.count('"') % 2 == 0:
        return None
    start = 0
    for paragraph in plain.split("\n\n"):
        if paragraph.count('"') % 2:
            return start + paragraph.index('"')
        start += len(paragraph) + 2
    return None


def mixed_quotes(subject: ProofSubject) -> Iterator[Hit]:
    """A French text that quotes in «…» does not quote in “…” beside it."""
    if not subject.is_french:
        return
    text = subject.draft.body
    without = re.sub(r"«[^«»]{0,3000}»", lambda match: " " * len(match[0]), text)
    if without != text and (match := re.search(r"“[^“”\n]{1,300}”", without)):
        line = subject.line_at("body", text, match.start(), match.end())
        yield QUOTES_MIXED.at(line, around(text, match.start(), match.end()))


def headline(subject: ProofSubject) -> Iterator[Hit]:
    """A headline neither shouts nor stands in capitals."""
    text, line = subject.draft.headline, subject.draft.lines.get("headline")
    letters = [char for char in text if char.isalpha()]
    if len(letters) >= _FEWEST and sum(map(str.isupper, letters)) / len(letters) > _CAPITALS:
        yield HEADLINE_CAPITALS.at(line, text)
    if match := _SHOUTED.search(text[:500]):
        yield HEADLINE_SIGNS.at(line, text, sign=match[0])


CHECKS = (spaces, pairs, mixed_quotes, headline)

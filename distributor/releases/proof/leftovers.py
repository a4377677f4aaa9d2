"""Rules for what must not be left in: placeholders, template marks, comments, struck-out text, tests, drafts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from distributor.releases.findings import Level, ProofSubject, around
from distributor.releases.placeholders import find_braces, find_placeholders
from distributor.releases.proof.rule import FIELDS, Hit, Rule, Said

_PRINTED = Said("It would be printed, or laughed at.", "Ce serait repris, ou moqué.")
PLACEHOLDER = Rule(
    "placeholder",
    Level.STOP,
    Said(
        "A placeholder is left in the {field}: «{mark}».", "Il reste un texte à compléter dans le {field} : «{mark}»."
    ),
    Said("Fill it in or remove it.", "Complétez-le ou retirez-le."),
    _PRINTED,
)
TEMPLATE_BRACES = Rule(
    "template-braces",
    Level.STOP,
    Said(
        "A template mark is left in the {field}: «{mark}». The text is sent as it stands.",
        "Il reste une marque de modèle dans le {field} : «{mark}». Le texte part tel quel.",
    ),
    Said(
        "Write the words themselves; what differs per journalist belongs in the e-mail template.",
        "Écrivez les mots eux-mêmes ; ce qui change d'un journaliste à l'autre va dans le modèle de courriel.",
    ),
    _PRINTED,
)
_REMOVE = Said("Remove it, or accept the change.", "Retirez-le, ou acceptez la modification.")
_INSIDE = Said(
    "What was meant for colleagues would be read by everyone.", "Ce qui était pour les collègues serait lu de tous."
)
STRIKETHROUGH = Rule(
    "strikethrough",
    Level.WARN,
    Said("Struck-out text is left in the {field}.", "Il reste du texte barré dans le {field}."),
    _REMOVE,
    _INSIDE,
)
EDIT_COMMENT = Rule(
    "edit-comment",
    Level.WARN,
    Said(
        "A comment or tracked change is left in the {field}.",
        "Il reste un commentaire ou une modification suivie dans le {field}.",
    ),
    _REMOVE,
    _INSIDE,
)
TEST_LEFT = Rule(
    "test-left",
    Level.STOP,
    Said("This looks like a test: «{mark}».", "Ceci ressemble à un essai : «{mark}»."),
    Said(
        "Write the real text; try it out with send --test ADDRESS.",
        "Écrivez le vrai texte ; essayez avec send --test ADRESSE.",
    ),
    _PRINTED,
)
DRAFT_MARK = Rule(
    "draft-mark",
    Level.WARN,
    Said("The text still calls itself a draft: «{mark}».", "Le texte se dit encore projet : «{mark}»."),
    Said("Remove the mark, once it is signed off.", "Retirez la mention, une fois le bon à diffuser donné."),
    _INSIDE,
)
GARBLED_TEXT = Rule(
    "garbled-text",
    Level.WARN,
    Said("Accents look broken in the {field}.", "Les accents semblent abîmés dans le {field}."),
    Said(
        "Save the file again from its source as UTF-8.",
        "Enregistrez de nouveau le fichier depuis l'original, en UTF-8.",
    ),
    Said("It reads as carelessness.", "Cela se lit comme de la négligence."),
)
HTML_ENTITY = Rule(
    "html-entity",
    Level.WARN,
    Said("A code of HTML is left in the {field}: «{mark}».", "Il reste un code HTML dans le {field} : «{mark}»."),
    Said("Write the sign it stands for.", "Écrivez le signe qu'il représente."),
    Said("It may be shown as it stands.", "Il peut s'afficher tel quel."),
)
RULES = (
    *(PLACEHOLDER, TEMPLATE_BRACES, STRIKETHROUGH, EDIT_COMMENT),
    *(TEST_LEFT, DRAFT_MARK, GARBLED_TEXT, HTML_ENTITY),
)

# No mark is looked for beyond the next one of its kind: a text full of opening marks would take its square.
_STRIKE = re.compile(
    r"~~(?=\S)(?:(?!~~).){1,2000}(?<=\S)~~|<(?P<tag>del|s|strike)>(?:(?!<(?:del|s|strike)>).){0,2000}?</(?P=tag)>",
    re.DOTALL,
)
_COMMENT = re.compile(
    r"<!--(?:(?!<!--).){0,2000}?-->"
    r"|\{(?P<mark>\+\+|--|>>|~~)(?:(?!\{(?:\+\+|--|>>|~~)).){0,2000}?(?:\+\+|--|<<|~~)\}"
    r"|^\W{0,3}(?:comment(?:aire|ed|é)?|supprimé|deleted|inserted|inséré|formatted|mis en forme)\s?"
    r"\[[A-Z]{1,4}\d{1,3}\]\s?:?"
    r"|^[ \t>*]{0,3}(?-i:Mis en forme|Formatted|Supprimé|Deleted)[ \u00a0]?: ?\S[^\n]{0,200}$"
    r"|\[(?:comment(?:aire)?|note (?:interne|à|au|pour|to|for)|nb interne|internal)\b[^\]\n]{0,200}\]",
    re.DOTALL | re.IGNORECASE | re.MULTILINE,
)
_GARBLED = re.compile("(?:Ã[\\x80-\\xbf©¨ª«¢§®´¹»‰]|â€[\\u2122œ\\u0153¦“”]|Â[\\xa0«»°])|\N{REPLACEMENT CHARACTER}")
_ENTITY = re.compile(
    r"&(?:amp;){0,3}(?:quot|nbsp|[aeiou](?:acute|grave|circ|uml)|ccedil|[lr](?:aquo|squo|dquo)|hellip|[nm]dash|lt|gt|#\d{2,5})\b;?"
    r"|&quot(?=\w)"
)
_TEST = re.compile(
    r"\[\s*(?:test|essai)\s*\]|\b(?:ceci est un (?:test|essai)|this is (?:only |just )?a test|test test|essai essai|"
    r"blah? ?blah?(?: ?blah?)+|asdf(?:gh)?|qwerty(?:uiop)?|azerty(?:uiop)?|bla bla bla)\b"
    r"|^[ \t]{0,3}(?:tests?|essais?)(?:[ \t]?\d{1,2})?[ \t.!]{0,4}$",
    re.IGNORECASE | re.MULTILINE,
)
_TEST_HEADLINE = re.compile(r"^\W*(?:test|essai)s?(?:\s+\d+)?\W*$|^(?:TEST|ESSAI)\s?[-–:]", re.IGNORECASE)
_DRAFT_LINE = re.compile(
    r"^[^\w\n]{0,4}(?:brouillon|draft|projet de communiqué|document de travail|version de travail|working draft"
    r"|not for distribution|ne pas diffuser|do not (?:distribute|circulate)|pour validation|à valider"
    r"|for (?:your )?(?:review|approval))(?:[^\w\n]{0,4}(?:v(?:ersion)?[ .]?\d{1,2}|du \d[\d/. ]{0,10}))?[^\w\n]{0,4}$",
    re.IGNORECASE | re.MULTILINE,
)


def placeholders(subject: ProofSubject) -> Iterator[Hit]:
    """No XX, [à compléter], ____ or TBC, and no template or mail-merge mark: a text is sent as it stands."""
    for rule, find in ((PLACEHOLDER, find_placeholders), (TEMPLATE_BRACES, find_braces)):
        for field, text in subject.texts():
            for hit in find(text):
                line = subject.line_at(field, text, hit.start, hit.end)
                mark, excerpt = text[hit.start : hit.end], around(text, hit.start, hit.end)
                yield rule.at(line, excerpt, field=FIELDS[field], mark=mark)


def edit_marks(subject: ProofSubject) -> Iterator[Hit]:
    """No struck-out text, comment or tracked change is left."""
    for rule, pattern in ((STRIKETHROUGH, _STRIKE), (EDIT_COMMENT, _COMMENT)):
        for field, text in subject.texts():
            for match in pattern.finditer(text):
                line = subject.line_at(field, text, match.start(), match.end())
                yield rule.at(line, around(text, match.start(), match.end()), field=FIELDS[field])


def garbled(subject: ProofSubject) -> Iterator[Hit]:
    """No accent was broken by a wrong encoding («Ã©»), no sign left as a code («&quot»)."""
    for rule, pattern in ((GARBLED_TEXT, _GARBLED), (HTML_ENTITY, _ENTITY)):
        for field, text in subject.texts():
            if match := pattern.search(text):
                line = subject.line_at(field, text, match.start(), match.end())
                yield rule.at(line, around(text, match.start(), match.end()), field=FIELDS[field], mark=match[0])


def tests_and_drafts(subject: ProofSubject) -> Iterator[Hit]:
    """Neither a test nor a draft leaves: «[TEST]», «asdf», «Brouillon», «Projet de communiqué» on a line of its own."""
    headline = subject.draft.headline
    if _TEST_HEADLINE.search(headline):
        yield TEST_LEFT.at(subject.draft.lines.get("headline"), headline, mark=headline)
    for field, text in subject.prose():
        for rule, pattern in ((TEST_LEFT, _TEST), (DRAFT_MARK, _DRAFT_LINE)):
            if match := pattern.search(text):
                mark = match[0].strip()
                excerpt = around(text, match.start(), match.end())
                yield rule.at(subject.line_at(field, text, match.start(), match.end()), excerpt, mark=mark)


CHECKS = (placeholders, edit_marks, garbled, tests_and_drafts)

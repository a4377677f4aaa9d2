"""Rules for corrections: that they say what changed, name what they correct, and speak the language it was read in."""

from __future__ import annotations

from collections.abc import Iterator

from distributor.releases.findings import Level, ProofSubject
from distributor.releases.kinds import CORRECTING
from distributor.releases.proof.rule import Hit, Rule, Said, quoted

CORRECTION_UNSTATED = Rule(
    "correction-unstated",
    Level.STOP,
    Said(
        "It does not say what changed for those who have {which}.",
        "Il ne dit pas ce qui change pour qui a {which}.",
    ),
    Said(
        "Write it under `changes`, or for an older text under `changes_since`.",
        "Écrivez-le sous `changes`, ou pour un texte plus ancien sous `changes_since`.",
    ),
    Said(
        "A newsroom looks for the one thing to correct; it will not compare two texts.",
        "Une rédaction cherche la seule chose à corriger ; elle ne comparera pas deux textes.",
    ),
)
CORRECTION_SAME = Rule(
    "correction-same",
    Level.STOP,
    Said("Not a word differs from the text that it corrects.", "Pas un mot ne diffère du texte qu'il corrige."),
    Said("Correct the text: releases edit.", "Corrigez le texte : releases edit."),
    Said(
        "It would announce a correction and bring the mistake once more.",
        "Il annoncerait une correction et porterait l'erreur une seconde fois.",
    ),
)
CORRECTION_UNNAMED = Rule(
    "correction-unnamed",
    Level.STOP,
    Said(
        "The message does not name the release that it speaks of ({which}).",
        "Le message ne nomme pas le communiqué dont il parle ({which}).",
    ),
    Said(
        "Add `corrects` to the templates' texts.<language>.yaml; the starter set has it.",
        "Ajoutez `corrects` au fichier texts.<langue>.yaml des modèles ; le jeu de départ l'a.",
    ),
    Said(
        "Whoever forwards it, or reads it on the telephone, has no thread to look in.",
        "Qui le transmet, ou le lit au téléphone, n'a pas le fil du message sous les yeux.",
    ),
)
CORRECTION_LANGUAGE = Rule(
    "correction-language",
    Level.STOP,
    Said(
        "{many} got the text in «{lang}», and there is no correction in that language.",
        "{many} ont reçu le texte en «{lang}», et il n'y a pas de correction dans cette langue.",
    ),
    Said(
        "Correct that version too: distributor releases correct SLUG FILE; or let it pass, and they get this one.",
        "Corrigez aussi cette version (distributor releases correct SLUG FICHIER), ou passez outre : ils ont celle-ci.",
    ),
    Said(
        "Whoever read the mistake in their language must be able to read the correction.",
        "Qui a lu l'erreur dans sa langue doit pouvoir lire la correction.",
    ),
)
CORRECTION_COMPUTED = Rule(
    "correction-computed",
    Level.NOTE,
    Said(
        "What changed for those who have {which} was worked out by comparing the texts.",
        "Ce qui change pour qui a {which} a été établi en comparant les textes.",
    ),
    Said(
        "Read it (--dry-run shows it); write your own under `changes_since`.",
        "Relisez-le (--dry-run le montre) ; écrivez le vôtre sous `changes_since`.",
    ),
    Said("They have an older text than the last.", "Ils ont un texte plus ancien que le dernier."),
)
CORRECTION_ALONE = Rule(
    "correction-alone",
    Level.WARN,
    Said(
        "It calls itself a correction and is linked to no release of ours.",
        "Il se dit rectificatif et n'est lié à aucun de nos communiqués.",
    ),
    Said(
        "Make it with: distributor releases correct SLUG FILE. It then goes to exactly those who have the mistake.",
        "Faites-le par : distributor releases correct SLUG FICHIER. Il ira alors exactement à qui a l'erreur.",
    ),
    Said(
        "Sent to lists, it misses who has left them since, and tells others of a mistake that they never saw.",
        "Envoyé à des listes, il manque qui les a quittées, et apprend l'erreur à qui ne l'a pas vue.",
    ),
)
CORRECTION_BEGUN = Rule(
    "correction-begun",
    Level.STOP,
    Said(
        "Its correction «{slug}» is written and not sent yet: this would send the mistake to more people.",
        "Son rectificatif «{slug}» est écrit et n'est pas envoyé : l'erreur irait à d'autres encore.",
    ),
    Said("Send the correction: distributor send {slug}", "Envoyez le rectificatif : distributor send {slug}"),
    Said(
        "Whoever gets it now has to be corrected as well.", "Qui le recevrait maintenant devrait être détrompé aussi."
    ),
)
RULES = (
    CORRECTION_BEGUN,
    CORRECTION_UNSTATED,
    CORRECTION_SAME,
    CORRECTION_UNNAMED,
    CORRECTION_LANGUAGE,
    CORRECTION_COMPUTED,
    CORRECTION_ALONE,
)


def correction(subject: ProofSubject) -> Iterator[Hit]:
    """A linked correction tells everybody what changed; one that is linked to nothing reaches the wrong people."""
    if subject.being_corrected:
        yield CORRECTION_BEGUN.at(slug=subject.being_corrected)
    known = subject.corrects
    line = subject.draft.lines.get("kind")
    if known is None:
        if subject.draft.kind in CORRECTING:
            yield CORRECTION_ALONE.at(line)
        return
    if known.is_same:
        yield CORRECTION_SAME.at(line)
    for rule, which in (
        (CORRECTION_UNSTATED, known.unstated),
        (CORRECTION_UNNAMED, known.unnamed),
        (CORRECTION_COMPUTED, known.computed),
    ):
        if which:
            yield rule.at(line, which=quoted(which))
    for lang, many in known.foreign.items():
        yield CORRECTION_LANGUAGE.at(line, lang=lang, many=many)


CHECKS = (correction,)

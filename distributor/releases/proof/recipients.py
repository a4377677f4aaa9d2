"""Rules for who gets it: of known provenance, in a language they read, and nobody missing who got the last one."""

from __future__ import annotations

from collections.abc import Iterator

from distributor.releases.findings import Level, ProofSubject
from distributor.releases.proof.rule import Hit, Rule, Said, listed

PROVENANCE = Rule(
    "provenance",
    Level.STOP,
    Said(
        "Of {count} on the lists it is not known where they come from: {named}.",
        "On ne sait pas d'où viennent {count} destinataires : {named}.",
    ),
    Said(
        "Say it: distributor contacts edit ADDRESS --source TEXT",
        "Dites-le : distributor contacts edit ADRESSE --source TEXTE",
    ),
    Said(
        "A journalist may ask, and the first message has to tell (GDPR, article 14).",
        "Un journaliste peut le demander, et le premier message doit le dire (RGPD, article 14).",
    ),
)
OTHER_LANGUAGE = Rule(
    "recipient-language",
    Level.NOTE,
    Said(
        "Recipients who read another language than the release's ({lang}): {languages}.",
        "Destinataires qui lisent une autre langue que celle du communiqué ({lang}) : {languages}.",
    ),
    Said(
        "Send them their own version, or leave them out with --where.",
        "Envoyez-leur leur version, ou écartez-les avec --where.",
    ),
    Said("A release in the wrong language is deleted.", "Un communiqué dans la mauvaise langue est supprimé."),
)
OUTLETS_MISSING = Rule(
    "outlets-missing",
    Level.NOTE,
    Said(
        "Outlets that {last} goes to and this does not ({count}): {named}.",
        "Médias à qui {last} est destiné, et non ceci ({count}) : {named}.",
    ),
    Said("Check the lists.", "Vérifiez les listes."),
    Said("A forgotten agency is a story that does not run.", "Une agence oubliée, c'est une dépêche de moins."),
    also=(Level.WARN,),
)
RULES = (PROVENANCE, OTHER_LANGUAGE, OUTLETS_MISSING)


def recipients(subject: ProofSubject) -> Iterator[Hit]:
    """What is to be said of the audience as a whole."""
    audience, lang = subject.audience, subject.draft.lang[:2]
    if audience.unproven:
        yield PROVENANCE.at(count=len(audience.unproven), named=listed(audience.unproven, 10))
    others = {language: many for language, many in audience.languages.items() if language and language[:2] != lang}
    if others:
        languages = ", ".join(f"{language} ({many})" for language, many in sorted(others.items()))
        yield OTHER_LANGUAGE.at(languages=languages, lang=subject.draft.lang)
    missing = [
        *audience.missing_agencies,
        *(one for one in audience.missing_outlets if one not in audience.missing_agencies),
    ]
    if missing:
        level = Level.WARN if audience.missing_agencies else Level.NOTE
        named = listed(missing, 10)
        yield OUTLETS_MISSING.at(None, named, level=level, count=len(missing), named=named, last=audience.compared_with)


CHECKS = (recipients,)

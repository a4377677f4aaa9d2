"""Rules for the shape of a release: how long its parts are, and which of them it has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from distributor.releases.findings import Level, ProofSubject
from distributor.releases.kinds import ReleaseKind
from distributor.releases.proof.rule import Hit, Rule, Said

HEADLINE_LONG = Rule(
    "headline-long",
    Level.NOTE,
    Said("The headline has {count} characters.", "Le titre fait {count} caractères."),
    Said("About {most} are seen in an inbox.", "Une boîte de réception en montre {most} environ."),
    Said("The rest of the subject is cut off.", "La suite de l'objet est coupée."),
    also=(Level.WARN,),
)
STANDFIRST_MISSING = Rule(
    "standfirst-missing",
    Level.NOTE,
    Said("There is no standfirst.", "Il n'y a pas de chapô."),
    Said(
        "Say the news in two sentences above the text: `standfirst:`.",
        "Dites la nouvelle en deux phrases : `standfirst:`.",
    ),
    Said(
        "Many read no further; inboxes show it after the subject.",
        "Beaucoup n'iront pas plus loin ; les boîtes l'affichent après l'objet.",
    ),
)
STANDFIRST_LONG = Rule(
    "standfirst-long",
    Level.NOTE,
    Said("The standfirst has {count} words.", "Le chapô fait {count} mots."),
    Said("Keep it below {most}.", "Restez sous {most}."),
    Said("It is to be read at a glance.", "Il doit se lire d'un coup d'œil."),
)
BOILERPLATE_MISSING = Rule(
    "boilerplate-missing",
    Level.NOTE,
    Said("Nothing says who you are (boilerplate).", "Rien ne dit qui vous êtes («À propos»)."),
    Said("Add a paragraph «About …», or `boilerplate:`.", "Ajoutez un paragraphe «À propos de …», ou `boilerplate:`."),
    Said("A journalist who does not know you needs it.", "Un journaliste qui ne vous connaît pas en a besoin."),
)
LONG_READ = Rule(
    "long-read",
    Level.NOTE,
    Said(
        "The text has {count} words: {minutes} minutes of reading.",
        "Le texte fait {count} mots : {minutes} minutes de lecture.",
    ),
    Said("Put what is detail behind a link.", "Mettez le détail derrière un lien."),
    Said("Most journalists want fewer than 400 words.", "La plupart des journalistes veulent moins de 400 mots."),
)
RULES = (HEADLINE_LONG, STANDFIRST_MISSING, STANDFIRST_LONG, BOILERPLATE_MISSING, LONG_READ)

_HEADLINE, _HEADLINE_FAR = 100, 160
_SHOWN = 70
_STANDFIRST = 90
_BODY, _PER_MINUTE = 800, 230
_SHORT = 120  # a text this short is its own standfirst
_OF_ITSELF = frozenset({ReleaseKind.CORRECTION, ReleaseKind.RETRACTION, ReleaseKind.ADVISORY, ReleaseKind.FOLLOW_UP})


def headline(subject: ProofSubject) -> Iterator[Hit]:
    """A headline fits into an inbox."""
    text = subject.draft.headline
    if len(text) > _HEADLINE:
        level = Level.WARN if len(text) > _HEADLINE_FAR else Level.NOTE
        yield HEADLINE_LONG.at(subject.draft.lines.get("headline"), level=level, count=len(text), most=_SHOWN)


def parts(subject: ProofSubject) -> Iterator[Hit]:
    """A standfirst above a longer text, «À propos» below it, and no more than people read."""
    draft = subject.draft
    words = _count(draft.body)
    standfirst = _count(draft.standfirst)
    if not standfirst and words > _SHORT and draft.kind not in _OF_ITSELF:
        yield STANDFIRST_MISSING.at()
    if standfirst > _STANDFIRST:
        yield STANDFIRST_LONG.at(draft.lines.get("standfirst"), count=standfirst, most=_STANDFIRST)
    is_in_body = re.search(
        r"^\W{0,4}(?:à propos|about|qui sommes-nous|who we are)\b", draft.body, re.IGNORECASE | re.MULTILINE
    )
    if not draft.boilerplate and not is_in_body and words > _SHORT and draft.kind not in _OF_ITSELF:
        yield BOILERPLATE_MISSING.at()
    if words > _BODY:
        yield LONG_READ.at(draft.lines.get("body"), count=words, minutes=round(words / _PER_MINUTE))


def _count(text: str) -> int:
    return len(re.findall(r"\w+(?:['’-]\w+)*", re.sub(r"\]\([^()\n]*\)|https?://\S+", " ", text)))


CHECKS = (headline, parts)

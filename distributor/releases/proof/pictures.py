"""Rules for pictures: words for who does not see them, the name of who made them, and text beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from distributor.folding import fold
from distributor.releases.findings import Level, ProofSubject, around
from distributor.releases.proof.rule import Hit, Rule, Said
from distributor.releases.proof.weblinks import MARKDOWN_LINK, find_links

IMAGE_ALT = Rule(
    "image-alt",
    Level.WARN,
    Said(
        "The picture {source} has no words for who does not see it.",
        "L'image {source} n'a pas de texte de remplacement.",
    ),
    Said("Write what it shows: ![words]({source})", "Écrivez ce qu'elle montre : ![texte]({source})"),
    Said(
        "Many mail programs show no picture at first, and the text part never does.",
        "Bien des messageries n'affichent pas d'abord les images, et le texte brut jamais.",
    ),
)
IMAGE_CREDIT = Rule(
    "image-credit",
    Level.NOTE,
    Said("The picture {source} has no credit.", "L'image {source} n'a pas de crédit."),
    Said(
        "Name who made it, below it or in its title: «© …», «Photo : …».",
        "Nommez l'auteur, dessous ou dans son titre : «© …», «Photo : …».",
    ),
    Said("Without it a newsroom may not print it.", "Sans lui, une rédaction ne peut pas la publier."),
)
IMAGE_ONLY = Rule(
    "image-only",
    Level.WARN,
    Said(
        "The release is a picture with hardly a word ({count}).",
        "Le communiqué est une image, presque sans mots ({count}).",
    ),
    Said("Write the news as text.", "Écrivez la nouvelle en texte."),
    Said(
        "Filters refuse it, nobody can quote it, and where pictures are off nothing is left.",
        "Les filtres le refusent, nul ne peut le citer, et sans images il ne reste rien.",
    ),
)
RULES = (IMAGE_ALT, IMAGE_CREDIT, IMAGE_ONLY)

_CREDIT = re.compile(
    r"©|\(c\)|cr[ée]dits?\b|photos?\s*(?::|by|par|de)|photograph|copyright|illustrations?\s*(?::|by|par|de)|droits",
    re.IGNORECASE,
)
_DRAWN = re.compile(r"logo|icon|bann|signature|infographi|graph|schema|carte|map|chart")
_FEW_WORDS = 30
_CAPTION = 400


def pictures(subject: ProofSubject) -> Iterator[Hit]:
    """A picture has words for who does not see it, and names who made it; a release is more than a picture."""
    images = 0
    for field, text in subject.texts():
        for one in find_links(text):
            if not one.is_image:
                continue
            images += 1
            excerpt = around(text, one.start, one.end)
            if not one.text.strip():
                yield IMAGE_ALT.at(subject.line_at(field, text, one.start, one.end), excerpt, source=one.target)
            beside = f"{one.text} {one.title} {text[one.end : one.end + _CAPTION]}"
            if not _DRAWN.search(fold(f"{one.text} {one.target}")) and not _CREDIT.search(beside):
                yield IMAGE_CREDIT.at(subject.line_at(field, text, one.start, one.end), excerpt, source=one.target)
    words = len(
        re.findall(r"[^\W\d_]{2,}", MARKDOWN_LINK.sub(" ", f"{subject.draft.standfirst}\n{subject.draft.body}"))
    )
    if images and words < _FEW_WORDS:
        yield IMAGE_ONLY.at(subject.draft.lines.get("body"), count=words)


CHECKS = (pictures,)
